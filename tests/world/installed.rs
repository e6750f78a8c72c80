//! Where this machine has the programs and libraries that tests use.

use std::fs;
use std::path::PathBuf;

/// The folder of the highest version under `folder` that has a file `rest`, and that file's path.
pub fn newest(folder: &str, rest: &str) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path().join(rest)).collect();
    found.retain(|path| path.exists());
    found.sort_by_key(|path| path.components().filter_map(|c| c.as_os_str().to_str()?.parse::<u32>().ok()).max());
    found.pop()
}

/// The library by which a program's clock can be moved.
pub fn faketime() -> PathBuf {
    let faketime = newest("/usr/lib", "faketime/libfaketime.so.1");
    faketime.expect("libfaketime is not here: run the tests by `tests/run`, which installs it")
}
