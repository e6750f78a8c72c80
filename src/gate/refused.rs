//! 401, 403 and 429 at a machine's door: problem+json (RFC 9457) and the challenge of RFC 6750. The credential is never
//! echoed.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::call::Call;
use super::verdict::{Code, Flaw, Verdict};
use crate::keys::catalog::Product;
use crate::keys::grants::Grant;
use crate::problem::Problem;
use crate::site::Site;

/// At which door a refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// nginx makes a 500 of every answer but 2xx, 401 and 403.
    Nginx,
    /// The others pass on whatever they are told.
    Other,
}

/// How long a client waits that sent too many malformed keys: a whole window of the throttle.
const RETRY_AFTER_S: &str = "60";

/// The answer to a proxy that tells a verdict: 401 where another key is needed, 403 where this one is good, and not for
/// that request.
pub fn tell(verdict: &Verdict, required: &[Grant], door: Door, call: &Call<'_>) -> HttpResponse {
    let code = verdict.code();
    if code == Code::RateLimited {
        return throttled(verdict, door, call);
    }
    if !code.is_about_the_request() {
        return another_key(verdict, Some(required), call);
    }
    let (title, detail) = words(verdict, call.site);
    let scope = required.iter().map(Grant::to_string).collect::<Vec<_>>().join(" ");
    let problem = Problem { status: StatusCode::FORBIDDEN, code: code.word(), title, detail: &detail };
    problem.answer_requiring(&call.id, required, |answer| {
        if code == Code::InsufficientPermissions {
            let realm = realm(&call.site.catalog.product().name);
            let challenge = format!("Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{scope}\"");
            answer.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        answer.insert_header(("X-Accepted-Permissions", scope));
    })
}

/// Too many malformed keys came from the same client.
fn throttled(verdict: &Verdict, door: Door, call: &Call<'_>) -> HttpResponse {
    let (title, detail) = words(verdict, call.site);
    let status = if door == Door::Nginx { StatusCode::FORBIDDEN } else { StatusCode::TOO_MANY_REQUESTS };
    Problem { status, code: verdict.code().word(), title, detail: &detail }.answer(&call.id, |answer| {
        answer.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        if door == Door::Nginx {
            answer.insert_header(("X-Auth-Status", "429"));
        }
    })
}

/// The 401 for whoever asks about the keys of others and does not prove that they may.
pub fn asker(call: &Call<'_>) -> HttpResponse {
    let problem = Problem {
        status: StatusCode::UNAUTHORIZED,
        code: "ASKER_NOT_ALLOWED",
        title: "You may not ask about keys",
        detail: "Ask from an address in --gate-allow without a proxy between, or bring a gate token.",
    };
    problem.answer(&call.id, |answer| {
        answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"Keyrack gate\""));
    })
}

/// The 401 that tells a verdict to who holds the key; a valid one gets none.
pub fn unauthorized(verdict: &Verdict, call: &Call<'_>) -> HttpResponse {
    if verdict.code() == Code::RateLimited {
        return throttled(verdict, Door::Other, call);
    }
    another_key(verdict, None, call)
}

/// 401: another key is needed; at a door that requires something, with what it is.
fn another_key(verdict: &Verdict, required: Option<&[Grant]>, call: &Call<'_>) -> HttpResponse {
    let (title, detail) = words(verdict, call.site);
    let code = verdict.code();
    let problem = Problem { status: StatusCode::UNAUTHORIZED, code: code.word(), title, detail: &detail };
    let challenge = |answer: &mut HttpResponseBuilder| {
        answer.insert_header((header::WWW_AUTHENTICATE, call.site.gate.challenges().to(code)));
    };
    match required {
        Some(required) => problem.answer_requiring(&call.id, required, challenge),
        None => problem.answer(&call.id, challenge),
    }
}

/// The challenges of 401s, ready to be sent.
pub struct Challenges {
    missing: HeaderValue,
    invalid: HeaderValue,
}

impl Challenges {
    /// In the name of a product.
    pub fn of(product: &Product) -> Challenges {
        let realm = realm(&product.name);
        let ready = |text: String| HeaderValue::try_from(text).expect("a realm is printable ASCII");
        Challenges {
            missing: ready(format!("Bearer realm=\"{realm}\"")),
            invalid: ready(format!("Bearer realm=\"{realm}\", error=\"invalid_token\"")),
        }
    }

    /// RFC 6750, 3: an error is named only where a credential was sent.
    fn to(&self, code: Code) -> HeaderValue {
        if code == Code::Missing { self.missing.clone() } else { self.invalid.clone() }
    }
}

/// 403 whatever is presented, or for a key of a sort that may do less than others.
pub fn forbidden(code: &'static str, title: &'static str, detail: &'static str, call: &Call<'_>) -> HttpResponse {
    Problem { status: StatusCode::FORBIDDEN, code, title, detail }.answer(&call.id, |_| ())
}

fn words(verdict: &Verdict, site: &Site) -> (&'static str, Cow<'static, str>) {
    if let Verdict::Malformed(Flaw::Prefix) = verdict {
        return ("Malformed API key", Cow::Owned(begins(site)));
    }
    let (title, detail) = match verdict.code() {
        Code::Malformed | Code::Valid => ("Malformed API key", flawed(verdict)),
        Code::Missing => ("No API key", "Send the key as `Authorization: Bearer KEY`."),
        Code::RateLimited => {
            ("Too many malformed API keys", "Wait a minute, and compare the key with what you copied.")
        }
        Code::NotFound => ("Unknown API key", "No such key was made here, or it was deleted."),
        Code::Revoked => ("Revoked API key", "Somebody revoked it. Ask for a new one."),
        Code::Expired => ("Expired API key", "Its time is over. Ask for a new one."),
        Code::KindNotOffered => {
            ("API key of a kind that is gone", "Keys of its kind are no longer taken. Ask for a new one.")
        }
        Code::ProjectNotAllowed => ("API key of another project", "Use a key that is filed under this project."),
        Code::OriginNotAllowed => ("API key for other sites", "This site is not among its trusted domains."),
        Code::AddressNotAllowed => {
            ("API key for other addresses", "Your address is not among those it may be used from.")
        }
        Code::InsufficientPermissions => {
            ("Not enough permissions", "Use a key with the permissions that are required.")
        }
        Code::FieldNotAllowed => ("Not enough fields", "Use a key that reaches the fields that are asked for."),
    };
    (title, Cow::Borrowed(detail))
}

fn flawed(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Malformed(Flaw::Blank) => {
            "There is a space too many. Send `Bearer`, one space, and the key without any."
        }
        _ => "Compare it with what you copied: all of it, nothing before it, nothing behind it.",
    }
}

/// How keys begin here: what was sent begins in another way.
fn begins(site: &Site) -> String {
    let prefixes: Vec<String> = site.catalog.prefixes().map(|prefix| format!("`{prefix}`")).collect();
    format!("It begins like no key from here. Copy all of it, with {} in front.", prefixes.join(" or "))
}

/// The product's name as a quoted string may hold it.
fn realm(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\') || *c == ' ').collect()
}
