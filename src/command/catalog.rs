//! `keyrack catalog …`: the file that says what keys may be granted, read from the disk and looked at.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::gate::identity;
use crate::keys::catalog::Catalog;
use crate::keys::catalog::file::{CheckedCatalog, Located, MAX_BYTES, check as check_text};

/// The most bytes of response headers that nginx reads unless its configuration allows more.
const USUAL_HEADER_BUFFER: usize = 4 * 1024;

/// The gate's status line and its other headers share that buffer: 133 bytes, and some room for more.
const OTHER_HEADERS: usize = 200;

/// What there is to say of a catalog without mistakes, a line each.
#[derive(Debug)]
pub struct Checked {
    /// What it offers, and what that leads to.
    pub lines: Vec<String>,
    /// What works, but may surprise.
    pub warnings: Vec<String>,
}

/// Looks at a catalog. The error is every mistake, a line each.
pub fn check(file: &Path) -> Result<Checked, Vec<String>> {
    let CheckedCatalog { catalog, warnings } = read_checked(file)?;
    let name = file.display();
    let largest = identity::largest_set(&catalog);
    let lines = vec![
        format!("{name} is a good catalog: {}.", summary(&catalog)),
        format!("A key's identity headers have at most {largest} bytes."),
    ];
    let warning = |warning: &Located| format!("{}: warning: {}", warning.line, warning.why);
    let mut warnings = shown(file, warnings.iter().map(warning), "warnings");
    if largest + OTHER_HEADERS > USUAL_HEADER_BUFFER {
        warnings.push(format!(
            "{name}: warning: identity headers of {largest} bytes, and {OTHER_HEADERS} bytes for the other headers of a \
             response, exceed the {USUAL_HEADER_BUFFER} bytes that a proxy may allow by default. Set its buffers as \
             examples/proxies does, or leave headers out with [gate] identity_headers."
        ));
    }
    Ok(Checked { lines, warnings })
}

/// The catalog in a file, or what is wrong with it: `FILE:LINE: why`, or `FILE: why` of the file as a whole.
pub fn read(file: &Path) -> Result<Catalog, Vec<String>> {
    read_checked(file).map(|checked| checked.catalog)
}

fn read_checked(file: &Path) -> Result<CheckedCatalog, Vec<String>> {
    let text = read_text(file).map_err(|why| vec![format!("{}{why}", file.display())])?;
    check_text(&text).map_err(|mistakes| shown(file, mistakes.iter().map(Located::to_string), "mistakes"))
}

/// The first lines, and how many more there are.
fn shown(file: &Path, lines: impl ExactSizeIterator<Item = String>, what: &str) -> Vec<String> {
    const SHOWN: usize = 50;
    let (name, more) = (file.display(), lines.len().saturating_sub(SHOWN));
    let shown = lines.take(SHOWN).map(|line| format!("{name}:{line}"));
    shown.chain((more > 0).then(|| format!("{name}: and {more} more {what}"))).collect()
}

/// A file of text, or why it is none, as it goes on behind the file's name.
fn read_text(file: &Path) -> Result<String, String> {
    let opened = File::open(file).map_err(|e| match e.kind() {
        ErrorKind::NotFound => ": there is no such file".to_owned(),
        _ => format!(": {e}"),
    })?;
    if opened.metadata().is_ok_and(|found| found.is_dir()) {
        return Err(": this is a folder, not a file".to_owned());
    }
    let mut bytes = Vec::new();
    opened.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!(": {e}"))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!(": a catalog has at most {MAX_BYTES} bytes (2 MiB)"));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(": this is UTF-16; save it as UTF-8".to_owned());
    }
    String::from_utf8(bytes).map_err(|e| {
        let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!(":{line}: this is not UTF-8")
    })
}

/// `1 kind, 4 resources, 6 permissions, no fields and no routes`
fn summary(catalog: &Catalog) -> String {
    let resources = catalog.resources();
    let permissions = resources.iter().map(|resource| resource.actions.len()).sum();
    let fields = resources.iter().map(|resource| resource.fields.len()).sum();
    let kinds = counted(catalog.kinds().len(), "kind");
    let (resources, permissions) = (counted(resources.len(), "resource"), counted(permissions, "permission"));
    let (fields, routes) = (counted(fields, "field"), counted(catalog.routes().len(), "route"));
    format!("{kinds}, {resources}, {permissions}, {fields} and {routes}")
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_counted() {
        let told = "1 kind, 4 resources, 6 permissions, no fields and no routes";
        assert_eq!(summary(&Catalog::built_in()), told);
    }
}
