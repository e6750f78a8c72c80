//! Sign in: with an e-mail address and a password. Whether the address is known cannot be told from
//! the answer, nor from the time it takes.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::attempt::Attempt;
use super::{address, devices, store};
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{self, Visitor};
use crate::page::{self, Porch};
use crate::refusal::Refusal;
use crate::site::Site;

#[derive(Template)]
#[template(path = "people/login.html")]
struct LoginPage {
    porch: Porch,
    action_url: &'static str,
    token: String,
    next: String,
    email: String,
    error: Option<String>,
    note: Option<&'static str>,
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
}

/// What is sent to sign in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginForm {
    email: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

impl Form for LoginForm {
    fn read(pairs: Pairs) -> Result<LoginForm, String> {
        read_strictly(&pairs)
    }
}

/// Asks who is there.
pub async fn ask(
    visitor: Visitor,
    asked: web::Query<Asked>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let next = own_path(&asked.next).to_owned();
    if let Some(held) = guard::held(&request) {
        // Somebody who was removed from their team would be sent back here, for ever.
        let found = site.store.read(move |db| store::find_holder(db, &held.holder, None)).await?;
        if found.is_some() {
            return Ok(page::see_other(&next));
        }
    }
    let had_session = request.cookie(&site.cookie_name("session")).is_some();
    let note = (had_session && next != "/")
        .then_some("You were signed out. Sign in to go on; what was typed into a form has to be typed again.");
    let shown = LoginPage {
        porch: Porch::of(&site),
        action_url: address::LOGIN,
        token: visitor.token(),
        next,
        email: String::new(),
        error: None,
        note,
    };
    let mut response = page::html(shown.render())?;
    visitor.remember(&site, &mut response)?;
    Ok(response)
}

/// Signs in.
pub async fn act(
    posted: Posted<Visitor, LoginForm>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let Posted { sender: visitor, form: LoginForm { email, password, next } } = posted;
    let next = own_path(&next).to_owned();
    let carried = devices::carried(&request, &site);
    let attempt = Attempt::new(&email, visitor.address, &carried, &site);
    // A task of its own: an attempt whose client hangs up is counted like any other.
    let attempt = actix_web::rt::spawn({
        let site = site.clone();
        async move { attempt.run(password, &site).await }
    });
    let (status, error, wait_s) = match attempt.await.map_err(Fault::unavailable)? {
        Ok(Some(holder)) => {
            guard::begin_session(&request, &holder, None)?;
            let mut response = page::see_other(&next);
            devices::set_cookie(devices::remember(&site, carried, &holder).await, &site, &mut response)?;
            return Ok(response);
        }
        Ok(None) => (StatusCode::UNAUTHORIZED, "E-mail or password is wrong.".to_owned(), None),
        Err(Fault::Refused(refusal @ Refusal::TooManyTries(seconds))) => {
            (StatusCode::TOO_MANY_REQUESTS, format!("{}. {}", refusal.title(), refusal.sentence()), Some(seconds))
        }
        Err(fault) => return Err(fault),
    };
    let shown = LoginPage {
        porch: Porch::of(&site),
        action_url: address::LOGIN,
        token: visitor.token(),
        next,
        email,
        error: Some(error),
        note: None,
    };
    Ok(page::retry_after(page::html_with(status, shown.render())?, wait_s))
}

/// A path of our own, or the start page: nobody is sent elsewhere from here.
fn own_path(next: &str) -> &str {
    let bytes = next.as_bytes();
    let is_own = bytes.first() == Some(&b'/') && !matches!(bytes.get(1), Some(b'/' | b'\\'));
    // What is not plain ASCII is escaped in an address of ours.
    let is_plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_own && is_plain && next.len() <= 2_048 { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn sign_in_leads_only_to_our_own_pages() {
        assert_eq!(own_path("/settings/developers?q=a"), "/settings/developers?q=a");
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:x",
            "/a\nb",
            "/a b",
            "/é",
            "settings",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }
}
