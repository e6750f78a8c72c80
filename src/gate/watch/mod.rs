//! The thread that keeps an instance's knowledge true, and sees to it that a change is known everywhere before it is
//! answered. A database has one instance, or several that share it.

mod alone;
mod shared;

use std::sync::Arc;
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use tokio::sync::oneshot;

use super::learn::Knowledge;
use crate::store::{Seq, Spread, Store};

/// How long a database that does not answer is left alone.
const PAUSE: Duration = Duration::from_millis(100);

/// What the two sorts of watch have in common: a thread that is woken and stopped.
trait Watching: Spread {
    fn run(&self);
    fn stop(&self);
}

/// A watch that goes on until it is closed.
pub struct Watch {
    watching: Arc<dyn Watching>,
    thread: Option<JoinHandle<()>>,
    store: Store,
}

impl Watch {
    /// Begins to learn, and to spread what this process changes. Without `judges` nothing is learned: changes are
    /// spread to the others only. `id` is what this instance is called, another name at each start.
    pub fn begin(store: &Store, knowledge: Arc<Knowledge>, judges: bool, id: String) -> Watch {
        let watching: Arc<dyn Watching> = match store.is_shared() {
            true => Arc::new(shared::Shared::new(store.clone(), knowledge, judges, id)),
            false => Arc::new(alone::Alone::new(store.clone(), knowledge, judges)),
        };
        let its = watching.clone();
        let thread = std::thread::Builder::new().name("keyrack-watch".to_owned()).spawn(move || its.run());
        let thread = thread.expect("the system gives a thread to a program that starts");
        store.spread_by(Some(Arc::new(Spreader { watching: watching.clone(), thread: thread.thread().clone() })));
        Watch { watching, thread: Some(thread), store: store.clone() }
    }

    /// Ends it. An instance that shares its database takes leave, so that no change waits for it.
    pub fn close(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.store.spread_by(None);
        self.watching.stop();
        thread.thread().unpark();
        // A database that does not answer must not keep a program from ending.
        for _ in 0..200 {
            if thread.is_finished() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tells the watch of a change and wakes its thread.
struct Spreader {
    watching: Arc<dyn Watching>,
    thread: Thread,
}

impl Spread for Spreader {
    fn spread(&self, seq: Seq) -> oneshot::Receiver<()> {
        let spreading = self.watching.spread(seq);
        self.thread.unpark();
        spreading
    }

    fn patience(&self) -> Duration {
        self.watching.patience()
    }
}
