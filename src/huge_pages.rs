//! Huge pages of memory: a large index is read a tenth quicker in them, and a small process takes twice the memory.

/// From so many keys on they are worth it.
const WORTH_IT: usize = 100_000;

/// Does without them, from the beginning of the program.
pub fn refuse() {
    set(true);
}

/// Takes them from now on if there are many keys.
pub fn allow_for(keys: usize) {
    if keys >= WORTH_IT {
        set(false);
    }
}

#[cfg(target_os = "linux")]
fn set(is_refused: bool) {
    // A kernel that cannot (before 3.15) goes on as it did: nothing rests on it.
    let _ = rustix::thread::disable_transparent_huge_pages(is_refused);
}

#[cfg(not(target_os = "linux"))]
fn set(_: bool) {}
