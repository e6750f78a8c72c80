//! The other paths that a common server could take a path for: in lower case, and without final slashes, without one
//! final extension, and without final dots and spaces, each alone and together. A path never ends in a space here, but
//! `/payouts .` and `/payouts .json` do once they are shortened. And the other methods that it could take a method for.

/// The path in lower case, if that changes it: once folded as ASCII, once as Unicode (`ſ` is an `s`).
pub(super) fn folded(path: &str) -> Vec<String> {
    let mut all = Vec::new();
    if !is_lowercase(path) {
        all.push(path.to_ascii_lowercase());
    }
    if !path.is_ascii() {
        let unicode: String = path.chars().flat_map(fold).collect();
        if unicode != path && all.last() != Some(&unicode) {
            all.push(unicode);
        }
    }
    all
}

/// Whether the path has no ASCII capitals.
pub(super) fn is_lowercase(path: &str) -> bool {
    !path.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn fold(c: char) -> impl Iterator<Item = char> {
    // Its lower case is two characters: `i` and a dot above.
    let c = if c == 'İ' { 'I' } else { c };
    c.to_uppercase().flat_map(char::to_lowercase)
}

/// The path with each ending removed, alone and together. Allocates nothing if there is nothing to remove.
pub(super) fn shortened(path: &str) -> Vec<&str> {
    let mut all = Vec::new();
    trim(path, path, &mut all);
    for at in 0..=all.len() {
        let whole = if at == 0 { path } else { all[at - 1] };
        if let Some(shorter) = without_extension(whole) {
            add(shorter, path, &mut all);
            trim(shorter, path, &mut all);
        }
    }
    all
}

fn trim<'a>(from: &'a str, path: &str, all: &mut Vec<&'a str>) {
    if !from.ends_with(['/', '.', ' ']) {
        return;
    }
    let slashes = |text: &'a str| text.trim_end_matches('/');
    let dots = |text: &'a str| text.trim_end_matches(['.', ' ']);
    for shorter in
        [slashes(from), dots(from), dots(slashes(from)), slashes(dots(from)), from.trim_end_matches(['/', '.', ' '])]
    {
        add(shorter, path, all);
    }
}

/// Every form is a prefix of the path, so its length identifies it.
fn add<'a>(shorter: &'a str, path: &str, all: &mut Vec<&'a str>) {
    let shorter = if shorter.is_empty() { "/" } else { shorter };
    if shorter.len() < path.len() && all.iter().all(|known| known.len() != shorter.len()) {
        all.push(shorter);
    }
}

/// `/report.tar.gz` → `/report.tar`
fn without_extension(path: &str) -> Option<&str> {
    let dot = path.rfind(['.', '/'])?;
    path[dot..].starts_with('.').then(|| &path[..dot])
}

/// The uppercase method, because Django, Werkzeug and Symfony convert each method. And GET for HEAD, even if a route is
/// for HEAD alone: servers answer HEAD with the handler of GET.
pub(super) fn other_methods(method: &str) -> Vec<String> {
    let mut all = Vec::new();
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        all.push(method.to_ascii_uppercase());
    }
    if method.eq_ignore_ascii_case("HEAD") {
        all.push("GET".to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_in_uppercase_and_head_as_get() {
        for (method, expected) in [
            ("GET", &[][..]),
            ("M-SEARCH", &[]),
            ("HEAD", &["GET"]),
            ("get", &["GET"]),
            ("Patch", &["PATCH"]),
            ("head", &["HEAD", "GET"]),
        ] {
            assert_eq!(other_methods(method), expected, "{method}");
        }
    }

    #[test]
    fn letters_are_folded_in_ascii_and_in_unicode() {
        for (path, expected) in [
            ("/payouts/7", &[][..]),
            ("/é", &[]),
            ("/Payouts", &["/payouts"]),
            ("/PAYOUTS/É", &["/payouts/É", "/payouts/é"]),
            ("/payoutſ", &["/payouts"]),
            ("/\u{212A}ey", &["/key"]),
            ("/ıd/İd", &["/id/id"]),
            ("/oﬃce", &["/office"]),
        ] {
            assert_eq!(folded(path), expected, "{path}");
        }
    }

    #[test]
    fn endings_are_removed_alone_and_together() {
        for (path, expected) in [
            ("/", &[][..]),
            ("/payouts", &[]),
            ("/v1.0/payouts", &[]),
            ("/payouts/", &["/payouts"]),
            ("/payouts.json", &["/payouts"]),
            ("/payouts.tar.gz", &["/payouts.tar"]),
            ("/payouts.", &["/payouts"]),
            ("/payouts. .", &["/payouts", "/payouts. "]),
            ("/payouts.json/", &["/payouts.json", "/payouts"]),
            ("/payouts.json.", &["/payouts.json", "/payouts"]),
            ("/payouts/...", &["/payouts/", "/payouts", "/payouts/.."]),
            ("/payouts/.json", &["/payouts/", "/payouts"]),
            ("/payouts .json", &["/payouts ", "/payouts"]),
            ("/payouts./", &["/payouts.", "/payouts"]),
            ("/.json", &["/"]),
            ("/...", &["/"]),
        ] {
            let mut found = shortened(path);
            let mut expected = expected.to_vec();
            found.sort_by_key(|form| form.len());
            expected.sort_by_key(|form| form.len());
            // It may find more, never less.
            assert!(expected.iter().all(|form| found.contains(form)), "{path}: {found:?}");
            assert!(found.iter().all(|form| path.starts_with(form) && form.len() < path.len()), "{path}: {found:?}");
        }
        assert_eq!(shortened("/payouts").capacity(), 0);
    }

    #[test]
    fn a_long_ending_has_few_forms() {
        assert!(shortened(&". ./".repeat(10_000)).len() < 50);
    }
}
