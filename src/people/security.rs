//! Security: change one's own password. Every other session of that person ends with it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::hashing::Queue;
use super::member::fold_email;
use super::password::{self, NewPassword, PasswordHashText};
use super::session::Holder;
use super::slow_down::{Counter, refuse_waiting};
use super::{address, devices, store};
use crate::audit::{self, Action, Event};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{self, SignedIn};
use crate::page::{self, Shell};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

#[derive(Template)]
#[template(path = "people/security.html")]
struct SecurityPage {
    shell: Shell,
    action_url: &'static str,
    email: String,
    current_error: Option<String>,
    new_error: Option<String>,
    is_changed: bool,
}

/// What is sent to change a password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordForm {
    current_password: SecretString,
    new_password: SecretString,
}

impl Form for PasswordForm {
    fn read(pairs: Pairs) -> Result<PasswordForm, String> {
        read_strictly(&pairs)
    }
}

fn security_page(signed_in: &SignedIn, site: &Site) -> SecurityPage {
    SecurityPage {
        shell: Shell::of(signed_in, site, address::SECURITY),
        action_url: address::SECURITY,
        email: signed_in.member.person.email.clone(),
        current_error: None,
        new_error: None,
        is_changed: false,
    }
}

/// Asks for the old and the new password.
pub async fn ask(signed_in: SignedIn, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    page::html(security_page(&signed_in, &site).render())
}

/// Changes the password.
pub async fn act(
    posted: Posted<SignedIn, PasswordForm>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let Posted { sender: signed_in, form } = posted;
    let email_folded = fold_email(&signed_in.member.person.email);
    let counter = Counter::of_person(&signed_in.member.person.id);
    let _turn = site.hashing.turn(Queue::Known, &counter.subject).await?;
    let now = site.now();

    site.unstored_failures.refuse_waiting(&[&counter], now)?;
    let asked = counter.clone();
    let kept = site.store.read(move |db| {
        refuse_waiting(&[(&asked, store::failures(db, &asked.subject)?)], now)?;
        store::credentials(db, &email_folded)
    });
    let kept = kept.await?.ok_or(Refusal::SignedOut)?;
    let current = form.current_password;
    let hash = kept.hash;
    if !site.hashing.run(Queue::Known, move || password::verify(&current, Some(&hash))).await? {
        let failed = counter.clone();
        let stored = site.store.write(move |db| note_failure(db, &failed, now)).await;
        site.unstored_failures.or_count(stored, &[&counter], now)?;
        let error = Some("That is not your current password.".to_owned());
        let page = SecurityPage { current_error: error, ..security_page(&signed_in, &site) };
        return page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page.render());
    }

    let member = &signed_in.member;
    let dictionary = [member.person.name.as_str(), &member.person.email, &member.team.name, "keyrack"];
    let new = match NewPassword::parse(form.new_password.expose_secret(), &dictionary) {
        Ok(new) => new,
        Err(why) => {
            let page = SecurityPage { new_error: Some(why), ..security_page(&signed_in, &site) };
            return page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page.render());
        }
    };
    let hash = site.hashing.run(Queue::Known, move || password::hash(&new)).await?;
    let event = Event {
        at: now,
        who: signed_in.who(),
        team: Some(member.team.id.clone()),
        action: Action::PasswordChanged,
        subject: member.person.id.to_string(),
        detail: String::new(),
    };
    let proven = kept.holder;
    let holder = site.store.write(move |db| change(db, &proven, &hash, &counter, &event)).await?;
    // This browser goes on, under a new session; the page says that it was done.
    let form = guard::begin_session(&request, &holder, Some(&signed_in.member.team.id))?;
    let signed_in = SignedIn { form, ..signed_in };
    let mut response = page::html(SecurityPage { is_changed: true, ..security_page(&signed_in, &site) }.render())?;
    let device = devices::remember(&site, devices::carried(&request, &site), &holder).await;
    devices::set_cookie(device, &site, &mut response)?;
    Ok(response)
}

/// Of many guesses at once only the first is told that it was wrong: the rest have to wait.
fn note_failure(db: &mut Db, counter: &Counter, now: Moment) -> Result<(), Fault> {
    let known = store::hold_failures(db, &counter.subject)?;
    refuse_waiting(&[(counter, known)], now)?;
    store::note_failure(db, counter, known, now)
}

fn change(
    db: &mut Db,
    proven: &Holder,
    hash: &PasswordHashText,
    counter: &Counter,
    event: &Event,
) -> Result<Holder, Fault> {
    refuse_waiting(&[(counter, store::hold_failures(db, &counter.subject)?)], event.at)?;
    // Another was set meanwhile: this person's proof, and their session, are of the past.
    let holder = store::change_password(db, proven, hash)?.ok_or(Refusal::SignedOut)?;
    store::forget_failures(db, &counter.subject)?;
    audit::record(db, event)?;
    Ok(holder)
}
