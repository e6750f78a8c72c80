//! The rules for all routes: whose scripts may read what the gate answers.

use super::{Found, quoted};
use crate::keys::catalog::cors::{Cors, origin};
use crate::keys::catalog::{Parts, Place};

/// The most origins. Each refusal with an `Origin` is compared with all of them.
const ORIGINS: usize = 100;

pub(super) fn check(parts: &Parts, found: &mut Found) {
    let place = Place::whole().key("gate").key("cors");
    match &parts.gate.cors {
        Cors::Off => {}
        Cors::Origins(origins) => {
            for (at, text) in origins.iter().enumerate() {
                let why = match origin(text) {
                    Ok(written) if written == *text => continue,
                    Ok(written) => format!("is written by browsers as {written}"),
                    Err(why) => why.to_owned(),
                };
                found.add(place.nth(at), format!("The origin “{}” {why}.", quoted(text)));
            }
            found.at_most(place, "cors", "origins", origins.len(), ORIGINS);
        }
        Cors::TrustedDomains if parts.kinds.iter().any(|kind| kind.has_domains) => {}
        Cors::TrustedDomains => {
            found.add(place, "cors is “trusted-domains”, but no kind has trusted_domains = true.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{right, wrong};
    use crate::keys::catalog::cors::Cors;

    fn origins(origins: &[&str]) -> Cors {
        Cors::Origins(origins.iter().map(|&origin| origin.to_owned()).collect())
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in [
            "https://app.example.com",
            "http://localhost:3000",
            "https://app.example.com:8443",
            "https://[2001:db8::1]",
            "https://xn--bcher-kva.example",
        ] {
            let catalog = right(|parts| parts.gate.cors = origins(&[good]));
            assert_eq!(catalog.gate().cors, origins(&[good]));
        }
        for (bad, why) in [
            ("", "is not an origin like https://app.example.com"),
            ("*", "has a star: list each origin"),
            ("https://*.example.com", "has a star: list each origin"),
            ("null", "is not an origin like https://app.example.com"),
            ("app.example.com", "is not an origin like https://app.example.com"),
            ("//app.example.com", "is not an origin like https://app.example.com"),
            ("ftp://app.example.com", "is not an origin like https://app.example.com"),
            ("chrome-extension://abc", "is not an origin like https://app.example.com"),
            ("https://", "is not an origin like https://app.example.com"),
            ("https://me@app.example.com", "is not an origin like https://app.example.com"),
            ("https://app.example.com/", "is written by browsers as https://app.example.com"),
            ("https://app.example.com/x?y#z", "is written by browsers as https://app.example.com"),
            ("https://App.example.com", "is written by browsers as https://app.example.com"),
            ("https://app.example.com:443", "is written by browsers as https://app.example.com"),
            (" https://app.example.com", "is written by browsers as https://app.example.com"),
            ("https://bücher.example", "is written by browsers as https://xn--bcher-kva.example"),
        ] {
            let told = wrong(|parts| parts.gate.cors = origins(&["https://a.example", bad]));
            assert_eq!(told, [format!("gate.cors[1]: The origin “{bad}” {why}.")]);
        }
        let many = vec!["https://app.example.com".to_owned(); 101];
        let told = wrong(|parts| parts.gate.cors = Cors::Origins(many));
        assert_eq!(told, ["gate.cors: cors has 101 origins; at most 100 fit."]);
    }

    #[test]
    fn trusted_domains_need_a_kind_that_has_them() {
        right(|parts| {
            parts.kinds[0].has_domains = true;
            parts.gate.cors = Cors::TrustedDomains;
        });
        let told = wrong(|parts| parts.gate.cors = Cors::TrustedDomains);
        assert_eq!(told, ["gate.cors: cors is “trusted-domains”, but no kind has trusted_domains = true."]);
    }
}
