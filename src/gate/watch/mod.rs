//! The thread that keeps an instance's knowledge true, and sees to it that a change is known everywhere before it is
//! answered. A database has one instance, or several that share it.

mod alone;
mod shared;

use std::panic::{AssertUnwindSafe, catch_unwind};
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
    /// Goes on until it is stopped.
    fn run(&self);
    fn stop(&self);
    /// Judges no more by what is known until it was read anew.
    fn distrust(&self);
}

/// Runs it, also after a panic: an instance must not judge on by what nobody keeps true any more.
fn keep_running(watching: &dyn Watching) {
    while catch_unwind(AssertUnwindSafe(|| watching.run())).is_err() {
        watching.distrust();
        tracing::error!(target: "keyrack", "the watch broke off, and begins anew");
        std::thread::park_timeout(PAUSE);
    }
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
        let thread = std::thread::Builder::new().name("keyrack-watch".to_owned()).spawn(move || keep_running(&*its));
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

/// A thread that goes on afterwards, also after a panic.
struct Woken<'a>(&'a Thread);

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

/// Tells the watch of a change and wakes its thread.
struct Spreader {
    watching: Arc<dyn Watching>,
    thread: Thread,
}

impl Spread for Spreader {
    fn spread(&self, seq: Seq) -> oneshot::Receiver<()> {
        let _woken = Woken(&self.thread);
        self.watching.spread(seq)
    }

    fn patience(&self) -> Duration {
        self.watching.patience()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Tells what was asked of it, and breaks off the first time.
    #[derive(Default)]
    struct Brittle(Mutex<Vec<&'static str>>);

    impl Brittle {
        fn tell(&self, what: &'static str) -> usize {
            let mut told = self.0.lock().expect("nobody panics here");
            told.push(what);
            told.len()
        }
    }

    impl Spread for Brittle {
        fn spread(&self, _: Seq) -> oneshot::Receiver<()> {
            oneshot::channel().1
        }

        fn patience(&self) -> Duration {
            Duration::ZERO
        }
    }

    impl Watching for Brittle {
        fn run(&self) {
            assert_ne!(self.tell("run"), 1, "on purpose");
        }

        fn stop(&self) {}

        fn distrust(&self) {
            self.tell("distrust");
        }
    }

    #[test]
    fn a_watch_that_panics_is_distrusted_and_begins_anew() {
        let brittle = Brittle::default();
        keep_running(&brittle);
        assert_eq!(*brittle.0.lock().expect("nobody panics here"), ["run", "distrust", "run"]);
    }
}
