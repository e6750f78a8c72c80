//! A lock that does not mind a thread that panicked with it: what it guards is whole whenever the lock is free.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits for a lock.
pub fn locked<T: ?Sized>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
