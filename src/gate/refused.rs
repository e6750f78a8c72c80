//! 401, 403 and 429 at a machine's door: problem+json (RFC 9457) and the challenge of RFC 6750. The credential is never
//! echoed.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use super::call::Call;
use super::credential::Credential;
use super::verdict::{Code, Flaw, Verdict};
use crate::keys::catalog::Catalog;
use crate::keys::grants::Grant;
use crate::problem::{Problem, ReadyProblem};

/// At which door a refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// nginx makes a 500 of every answer but 2xx, 401 and 403.
    Nginx,
    /// The others pass on whatever they are told.
    Other,
}

/// How long a client waits that sent too many malformed keys: a whole window of the throttle.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("60");
static X_ACCEPTED_PERMISSIONS: HeaderName = HeaderName::from_static("x-accepted-permissions");
static X_AUTH_STATUS: HeaderName = HeaderName::from_static("x-auth-status");

/// What is told of each refusal, ready but for the name of the request: those who knock with a key that is no good may be
/// many.
pub struct Refusals {
    /// By [`Code`], in its order.
    by_code: Vec<ReadyProblem>,
    blank: ReadyProblem,
    prefix: ReadyProblem,
    throttled_by_nginx: ReadyProblem,
    realm: String,
    missing: HeaderValue,
    invalid: HeaderValue,
    /// Where keys may come by HTTP Basic: many clients send it only when they are asked to.
    basic: Option<HeaderValue>,
}

impl Refusals {
    /// In the name of the catalog's product, for keys with its prefixes.
    pub fn of(catalog: &Catalog) -> Refusals {
        let key_headers = &catalog.gate().key_headers;
        let malformed = |detail| Problem { detail, ..of_code(Code::Malformed) }.ready();
        let missing = format!("Send the key as `{}`.", key_headers.example("KEY"));
        let ready = |code| match code {
            Code::Missing => Problem { detail: &missing, ..of_code(code) }.ready(),
            code => of_code(code).ready(),
        };
        let realm = realm(&catalog.product().name);
        let challenge = |text: String| HeaderValue::try_from(text).expect("a realm is printable ASCII");
        Refusals {
            by_code: Code::ALL.into_iter().map(ready).collect(),
            blank: malformed(match key_headers.takes_bearer() {
                true => "There is a space too many. Send `Bearer`, one space, and the key without any.",
                false => "The key contains a space. Send it without any.",
            }),
            prefix: malformed(&begins(catalog)),
            throttled_by_nginx: Problem { status: StatusCode::FORBIDDEN, ..of_code(Code::RateLimited) }.ready(),
            missing: challenge(format!("Bearer realm=\"{realm}\"")),
            invalid: challenge(format!("Bearer realm=\"{realm}\", error=\"invalid_token\"")),
            basic: key_headers.takes_basic().then(|| challenge(format!("Basic realm=\"{realm}\", charset=\"UTF-8\""))),
            realm,
        }
    }

    fn problem(&self, verdict: &Verdict<'_>) -> &ReadyProblem {
        match verdict {
            Verdict::Malformed(Flaw::Blank) => &self.blank,
            Verdict::Malformed(Flaw::Prefix) => &self.prefix,
            _ => &self.by_code[verdict.code() as usize],
        }
    }

    /// RFC 6750, 3: an error is named only where a credential was sent.
    fn challenge(&self, code: Code) -> HeaderValue {
        if code == Code::Missing { self.missing.clone() } else { self.invalid.clone() }
    }
}

/// The answer to a proxy that tells a verdict: 401 where another key is needed, 403 where this one is good, and not for
/// that request.
pub fn tell(verdict: &Verdict<'_>, required: &[Grant], door: Door, call: &Call<'_>) -> HttpResponse {
    let code = verdict.code();
    if code == Code::RateLimited {
        return throttled(verdict, door, call);
    }
    if !code.is_about_the_request() {
        return another_key(verdict, Some(required), call);
    }
    let refusals = call.site.gate.refusals();
    let required = public_names(required, call);
    let scope = required.join(" ");
    let value = |text: String| HeaderValue::try_from(text).expect("ids and scopes are ASCII");
    refusals.problem(verdict).answer(call.id(), Some(&required), |headers| {
        if code == Code::InsufficientPermissions {
            let realm = &refusals.realm;
            let challenge = format!("Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{scope}\"");
            headers.insert(WWW_AUTHENTICATE, value(challenge));
        }
        headers.insert(X_ACCEPTED_PERMISSIONS.clone(), value(scope));
    })
}

/// Too many malformed keys came from the same client.
fn throttled(verdict: &Verdict<'_>, door: Door, call: &Call<'_>) -> HttpResponse {
    let refusals = call.site.gate.refusals();
    let problem = if door == Door::Nginx { &refusals.throttled_by_nginx } else { refusals.problem(verdict) };
    problem.answer(call.id(), None, |headers| {
        headers.insert(RETRY_AFTER, RETRY_AFTER_S);
        if door == Door::Nginx {
            headers.insert(X_AUTH_STATUS.clone(), HeaderValue::from_static("429"));
        }
    })
}

/// The 401 for a proxy that is not allowed to call the gate.
pub fn asker(call: &Call<'_>) -> HttpResponse {
    caller(call, &[HeaderValue::from_static("Bearer realm=\"Keyrack gate\"")])
}

/// The 401 for a program that is not allowed to call the gate. It may send a gate token by either scheme (RFC 7662, 2.1);
/// an error is named only if it sent one (RFC 6750, 3).
pub fn program(credential: Credential, call: &Call<'_>) -> HttpResponse {
    let bearer = match credential {
        Credential::NotSent => "Bearer realm=\"Keyrack gate\"",
        Credential::Token(_) | Credential::Wrong => "Bearer realm=\"Keyrack gate\", error=\"invalid_token\"",
    };
    caller(call, &[bearer, "Basic realm=\"Keyrack gate\""].map(HeaderValue::from_static))
}

fn caller(call: &Call<'_>, challenges: &[HeaderValue]) -> HttpResponse {
    let problem = Problem {
        status: StatusCode::UNAUTHORIZED,
        code: "CALLER_NOT_ALLOWED",
        title: "This caller is not allowed",
        detail: "Call from an IP address in --gate-allow without a proxy in between, or send a gate token.",
    };
    problem.answer(call.id(), |headers| {
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, challenge.clone());
        }
    })
}

/// The 401 that tells a verdict to who holds the key; a valid one gets none.
pub fn unauthorized(verdict: &Verdict<'_>, call: &Call<'_>) -> HttpResponse {
    if verdict.code() == Code::RateLimited {
        return throttled(verdict, Door::Other, call);
    }
    another_key(verdict, None, call)
}

/// 401: another key is needed; at a door that requires something, with what it is.
fn another_key(verdict: &Verdict<'_>, required: Option<&[Grant]>, call: &Call<'_>) -> HttpResponse {
    let refusals = call.site.gate.refusals();
    let challenge = |headers: &mut HeaderMap| {
        headers.append(WWW_AUTHENTICATE, refusals.challenge(verdict.code()));
        if let Some(basic) = &refusals.basic {
            headers.append(WWW_AUTHENTICATE, basic.clone());
        }
    };
    let required = required.map(|required| public_names(required, call));
    refusals.problem(verdict).answer(call.id(), required.as_deref(), challenge)
}

fn public_names<'a>(required: &[Grant], call: &Call<'a>) -> Vec<Cow<'a, str>> {
    required.iter().map(|grant| call.site.catalog.public_name(grant)).collect()
}

/// 403 whatever is presented, or for a key of a sort that may do less than others.
pub fn forbidden(code: &'static str, title: &'static str, detail: &'static str, call: &Call<'_>) -> HttpResponse {
    Problem { status: StatusCode::FORBIDDEN, code, title, detail }.answer(call.id(), |_| ())
}

fn of_code(code: Code) -> Problem<'static> {
    let status = match code {
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        code if code.is_about_the_request() => StatusCode::FORBIDDEN,
        _ => StatusCode::UNAUTHORIZED,
    };
    let (title, detail) = words(code);
    Problem { status, code: code.word(), title, detail }
}

fn words(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::Malformed | Code::Valid => {
            ("Malformed API key", "Compare it with what you copied: all of it, nothing before it, nothing behind it.")
        }
        Code::Missing => ("No API key", "Send a key."),
        Code::RateLimited => {
            ("Too many malformed API keys", "Wait a minute, and compare the key with what you copied.")
        }
        Code::MultipleKeys => ("Several API keys", "Two different keys were sent. Send one."),
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
    }
}

/// How keys begin here: what was sent begins in another way.
fn begins(catalog: &Catalog) -> String {
    let prefixes: Vec<String> = catalog.prefixes().map(|prefix| format!("`{prefix}`")).collect();
    format!("It begins like no key from here. Copy all of it, with {} in front.", prefixes.join(" or "))
}

/// The product's name as a quoted string may hold it.
fn realm(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\') || *c == ' ').collect()
}
