//! Sign in: with an e-mail address and a password. Whether the address is known cannot be told from
//! the answer, nor from the time it takes.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::password::{self, PasswordHashText};
use super::slow_down::{self, Failures};
use super::store::Credentials;
use super::{address, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{self, Visitor};
use crate::page::{self, Porch};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

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
    let tried = Try::new(&email, &visitor, &site);

    let asked = tried.clone();
    let settled = async {
        let kept = site.store.read(move |db| asked.begin(db)).await?;
        let proven = site.hashing.run(move || Proven::by(&password, kept)).await?;
        let holder = proven.as_ref().map(|proven| proven.kept.holder.clone());
        match proven.is_some() {
            // Who signs in may want to revoke; tries that fail must not use up the room for that.
            true => site.store.write_at_any_cost(move |db| tried.settle(db, proven.as_ref())).await?,
            false => site.store.write(move |db| tried.settle(db, None)).await?,
        }
        Ok(holder)
    };
    let (status, error, wait_s) = match settled.await {
        Ok(Some(holder)) => {
            guard::begin_session(&request, &holder, None)?;
            return Ok(page::see_other(&next));
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

/// Somebody who knew their password.
struct Proven {
    kept: Credentials,
    /// What to keep from now on, if what is kept is weaker than new hashes are.
    renewed: Option<PasswordHashText>,
}

impl Proven {
    /// Costs one hash, whoever is asked for; a second one only where the first has to be renewed.
    fn by(password: &SecretString, kept: Option<Credentials>) -> Option<Proven> {
        let is_right = password::verify(password, kept.as_ref().map(|kept| &kept.hash));
        let kept = kept.filter(|_| is_right)?;
        Some(Proven { renewed: password::renewed(password, &kept.hash), kept })
    }
}

/// One try to sign in: what it is counted under.
#[derive(Clone)]
pub(super) struct Try {
    email_folded: String,
    account: String,
    client: String,
    who: Who,
    limit: i64,
    now: Moment,
}

impl Try {
    fn new(email: &str, visitor: &Visitor, site: &Site) -> Try {
        // Folded as addresses are, also if it is none; cut, so that nobody fills the table with novels.
        let email_folded: String = email.trim().to_lowercase().chars().take(254).collect();
        Try {
            account: slow_down::account_subject(&email_folded),
            email_folded,
            client: slow_down::address_subject(visitor.address),
            who: Who { person: None, address: Some(visitor.address) },
            limit: site.sign_in_limit,
            now: site.now(),
        }
    }

    fn refuse_who_waits(&self, known: [Option<Failures>; 2]) -> Result<(), Refusal> {
        let wait_s = known.into_iter().flatten().find_map(|known| known.wait_s(self.now));
        wait_s.map_or(Ok(()), |seconds| Err(Refusal::TooManyTries(seconds)))
    }

    /// Refuses who has to wait, and finds what is kept of the password.
    fn begin(&self, db: &mut Db) -> Result<Option<Credentials>, Fault> {
        self.refuse_who_waits([store::failures(db, &self.account)?, store::failures(db, &self.client)?])?;
        store::credentials(db, &self.email_folded)
    }

    /// Notes how it went. Of many tries at once only the first to fail is told so: the rest have to
    /// wait, right or wrong.
    fn settle(&self, db: &mut Db, proven: Option<&Proven>) -> Result<(), Fault> {
        let account = store::hold_failures(db, &self.account)?;
        let client = store::hold_failures(db, &self.client)?;
        self.refuse_who_waits([account, client])?;
        let Some(Proven { kept: Credentials { holder, hash }, renewed }) = proven else {
            store::note_failure(db, &self.account, account, Failures::of_account(account, self.now), self.now)?;
            let known = Failures::of_address(client, self.limit, self.now);
            return store::note_failure(db, &self.client, client, known, self.now);
        };
        let person = &holder.person;
        store::forget_failures(db, &self.account)?;
        if let Some(renewed) = renewed {
            store::renew_hash(db, person, hash, renewed)?;
        }
        let who = Who { person: Some(person.clone()), ..self.who.clone() };
        let team = store::find_member(db, person)?.map(|member| member.team.id);
        let subject = person.to_string();
        audit::record(db, &Event { at: self.now, who, team, action: Action::SignedIn, subject, detail: String::new() })
    }
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
