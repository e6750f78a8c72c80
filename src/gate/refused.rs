//! 401 at a machine's door: problem+json (RFC 9457) and the challenge of RFC 6750. The credential is
//! never echoed.

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::verdict::{Flaw, Verdict};
use crate::edge::Client;
use crate::problem::Problem;
use crate::site::Site;

const MALFORMED: &str = "Malformed API key";

/// The 401 that tells a verdict; a valid key gets none.
pub fn unauthorized(verdict: &Verdict, request: &HttpRequest, site: &Site) -> HttpResponse {
    let (code, title, detail) = words(verdict, site);
    let client = request.extensions().get::<Client>().cloned();
    let request_id = client.as_ref().map_or("", |client| &client.request_id);
    // RFC 6750, 3.1: an error is named only where a credential was sent.
    let error = if *verdict == Verdict::Missing { "" } else { ", error=\"invalid_token\"" };
    let challenge = format!("Bearer realm=\"{}\"{error}", realm(site));
    Problem { status: StatusCode::UNAUTHORIZED, code, title, detail: &detail }.answer(request_id, |answer| {
        answer.insert_header((header::WWW_AUTHENTICATE, challenge));
    })
}

/// The 403 for a key that may do less than the others.
pub fn forbidden(code: &'static str, title: &'static str, detail: &'static str, request: &HttpRequest) -> HttpResponse {
    let client = request.extensions().get::<Client>().cloned();
    let request_id = client.as_ref().map_or("", |client| &client.request_id);
    Problem { status: StatusCode::FORBIDDEN, code, title, detail }.answer(request_id, |_| ())
}

fn words(verdict: &Verdict, site: &Site) -> (&'static str, &'static str, Cow<'static, str>) {
    let (code, title, detail) = match verdict {
        Verdict::Malformed(Flaw::Prefix) => return ("MALFORMED", MALFORMED, Cow::Owned(begins(site))),
        Verdict::Malformed(Flaw::Blank) => {
            ("MALFORMED", MALFORMED, "There is a space too many. Send `Bearer`, one space, and the key without any.")
        }
        Verdict::Valid(_) | Verdict::Malformed(Flaw::Other) => (
            "MALFORMED",
            MALFORMED,
            "Compare it with what you copied: all of it, nothing before it, nothing behind it.",
        ),
        Verdict::Missing => ("MISSING", "No API key", "Send the key as `Authorization: Bearer KEY`."),
        Verdict::NotFound => ("NOT_FOUND", "Unknown API key", "No such key was made here, or it was deleted."),
        Verdict::Revoked => ("REVOKED", "Revoked API key", "Somebody revoked it. Ask for a new one."),
        Verdict::KindNotOffered => (
            "KIND_NOT_OFFERED",
            "API key of a kind that is gone",
            "Keys of its kind are no longer taken. Ask for a new one.",
        ),
        Verdict::Expired => ("EXPIRED", "Expired API key", "Its time is over. Ask for a new one."),
    };
    (code, title, Cow::Borrowed(detail))
}

/// How keys begin here: what was sent begins in another way.
fn begins(site: &Site) -> String {
    let prefixes: Vec<String> = site.catalog.prefixes().map(|prefix| format!("`{prefix}`")).collect();
    format!("It begins like no key from here. Copy all of it, with {} in front.", prefixes.join(" or "))
}

/// The product's name as a quoted string may hold it.
fn realm(site: &Site) -> String {
    site.catalog
        .product()
        .name
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\') || *c == ' ')
        .collect()
}
