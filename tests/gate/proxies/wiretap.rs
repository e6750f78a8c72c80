//! The wire between a proxy and the gate: it passes everything on, remembers what the proxy said, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Tapped {
    /// What was said to the gate, of all connections.
    said: Vec<u8>,
    open: Vec<TcpStream>,
    is_cut: bool,
    /// What is answered in the gate's place.
    instead: Option<&'static str>,
}

/// Stands at an address of its own in front of the gate.
pub struct Wiretap {
    pub address: SocketAddr,
    tapped: Arc<Mutex<Tapped>>,
}

impl Wiretap {
    /// In front of `http://127.0.0.1:PORT`.
    pub fn before(gate: &str) -> Wiretap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tap = Wiretap { address: listener.local_addr().unwrap(), tapped: Arc::default() };
        let (tapped, gate) = (tap.tapped.clone(), gate.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            while let Ok((proxy, _)) = listener.accept() {
                let mut now = tapped.lock().unwrap();
                if now.is_cut {
                    return; // nobody listens any more
                }
                let Ok(gate) = TcpStream::connect(&gate) else { continue };
                now.open.extend([proxy.try_clone().unwrap(), gate.try_clone().unwrap()]);
                let (to_gate, back) = ((proxy.try_clone().unwrap(), gate.try_clone().unwrap()), (gate, proxy));
                let tapped = tapped.clone();
                std::thread::spawn(move || pass(to_gate.0, to_gate.1, Some(&tapped)));
                std::thread::spawn(move || pass(back.0, back.1, None));
            }
        });
        tap
    }

    /// What the proxy said to the gate since this was asked last.
    pub fn take(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.tapped.lock().unwrap().said)).into_owned()
    }

    /// From now on nobody is there: what is open is closed, and connections are refused.
    pub fn cut(&self) {
        let mut tapped = self.tapped.lock().unwrap();
        tapped.is_cut = true;
        for wire in tapped.open.drain(..) {
            let _ = wire.shutdown(Shutdown::Both);
        }
        drop(tapped);
        let _ = TcpStream::connect(self.address); // wakes who listens
        while TcpStream::connect(self.address).is_ok() {
            std::thread::yield_now();
        }
    }

    /// From now on this is answered, and the gate is not asked. Behind a head that is cut short the line goes dead.
    pub fn answer(&self, answer: &'static str) {
        self.tapped.lock().unwrap().instead = Some(answer);
    }
}

impl Drop for Wiretap {
    fn drop(&mut self) {
        if !self.tapped.lock().unwrap().is_cut {
            self.cut();
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, tapped: Option<&Mutex<Tapped>>) {
    let mut bytes = [0; 8_192];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if let Some(tapped) = tapped {
            let mut tapped = tapped.lock().unwrap();
            tapped.said.extend_from_slice(&bytes[..read]);
            if let Some(answer) = tapped.instead {
                let _ = from.write_all(answer.as_bytes());
                if answer.contains("\r\n\r\n") {
                    continue;
                }
                break;
            }
        }
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
