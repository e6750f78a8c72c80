//! Catalogs: a file is a catalog, or every mistake in it has a line of the file.
#![no_main]

use keyrack::keys::catalog::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let lines = text.split('\n').count();
    match file::parse(&text) {
        Ok(catalog) => {
            assert!(!catalog.kinds().is_empty() && !catalog.resources().is_empty());
            assert!(catalog.routes().iter().all(|route| !route.require.is_empty()));
            assert!(catalog.kinds().iter().all(|kind| kind.prefix.ends_with(['_', '-'])));
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            assert!(mistakes.iter().all(|mistake| (1..=lines).contains(&mistake.line)), "{mistakes:?}");
        }
    }
});
