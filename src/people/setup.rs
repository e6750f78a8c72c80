//! The first run: whoever holds the printed link makes the first team and becomes its owner. The link
//! works until there is an owner; then this page is gone.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::hashing::Queue;
use super::member::{Email, Role, ShownName};
use super::password::{self, NewPassword, PasswordHashText};
use super::session::{self, Holder};
use super::{address, devices, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{self, Visitor};
use crate::page::{self, Porch};
use crate::people::member::PersonId;
use crate::site::Site;
use crate::store::{Db, Store};

#[derive(Template)]
#[template(path = "people/setup.html")]
struct SetupPage {
    porch: Porch,
    action_url: String,
    token: String,
    team_name: String,
    team_name_error: Option<String>,
    name: String,
    name_error: Option<String>,
    email: String,
    email_error: Option<&'static str>,
    password_error: Option<String>,
}

/// The token of the link.
#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// What is sent to make the first team.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupForm {
    team_name: String,
    name: String,
    email: String,
    password: SecretString,
}

impl Form for SetupForm {
    fn read(pairs: Pairs) -> Result<SetupForm, String> {
        read_strictly(&pairs)
    }
}

/// What makes the first team, every field of it good.
struct FirstTeam {
    team_name: ShownName,
    name: ShownName,
    email: Email,
    hash: PasswordHashText,
}

/// Keeps a new token and answers the path of its link; none once there is an owner.
pub fn new_link(store: &Store, now: Moment) -> Result<Option<String>, Fault> {
    let token = session::draw();
    store.write_here(|db| {
        if store::has_owner(db)? {
            return Ok(None);
        }
        store::insert_setup_token(db, &token, now)?;
        Ok(Some(link(&token)))
    })
}

fn link(token: &str) -> String {
    format!("{}?token={token}", address::SETUP)
}

/// Asks for the first team.
pub async fn ask(visitor: Visitor, query: web::Query<Link>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let (token, now) = (query.into_inner().token, site.now());
    let asked = token.clone();
    site.store.read(move |db| store::check_first_run(db, &asked, now)).await?;
    let mut response = page::html(setup_page(&visitor, &site, &token).render())?;
    visitor.remember(&site, &mut response)?;
    Ok(response)
}

fn setup_page(visitor: &Visitor, site: &Site, token: &str) -> SetupPage {
    SetupPage {
        porch: Porch::of(site),
        action_url: link(token),
        token: visitor.token(),
        team_name: String::new(),
        team_name_error: None,
        name: String::new(),
        name_error: None,
        email: String::new(),
        email_error: None,
        password_error: None,
    }
}

/// Makes the first team and signs its owner in.
pub async fn act(
    posted: Posted<Visitor, SetupForm>,
    query: web::Query<Link>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let Posted { sender: visitor, form } = posted;
    let (token, now) = (query.into_inner().token, site.now());
    // Before anything costs a hash; and again when it is made, where only one can be the first.
    let asked = token.clone();
    site.store.read(move |db| store::check_first_run(db, &asked, now)).await?;

    let dictionary = [form.team_name.as_str(), &form.name, &form.email, "keyrack"];
    let password = NewPassword::parse(form.password.expose_secret(), &dictionary);
    let fields = (ShownName::parse(&form.team_name), ShownName::parse(&form.name), Email::parse(&form.email), password);
    let (Ok(team_name), Ok(name), Ok(email), Ok(password)) = fields else {
        let (team_name, name, email, password) = fields;
        let page = SetupPage {
            team_name: form.team_name,
            team_name_error: team_name.err().map(|e| e.to_string()),
            name: form.name,
            name_error: name.err().map(|e| e.to_string()),
            email: form.email,
            email_error: email.err(),
            password_error: password.err(),
            ..setup_page(&visitor, &site, &token)
        };
        return page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page.render());
    };

    let hash = site.hashing.run(Queue::Known, move || password::hash(&password)).await?;
    let first = FirstTeam { team_name, name, email, hash };
    let who = Who { person: None, address: Some(visitor.address) };
    let owner = site.store.write(move |db| first.make(db, &token, who, now)).await?;
    let holder = Holder { person: owner, password_version: 0 };
    guard::begin_session(&request, &holder, None)?;
    let mut response = page::see_other(crate::keys::address::LIST);
    let device = devices::remember(&site, devices::carried(&request, &site), &holder).await;
    devices::set_cookie(device, &site, &mut response)?;
    Ok(response)
}

impl FirstTeam {
    fn make(&self, db: &mut Db, token: &str, who: Who, now: Moment) -> Result<PersonId, Fault> {
        store::check_first_run(db, token, now)?;
        store::take_setup_tokens(db)?;
        let team = store::insert_team(db, &self.team_name, now)?;
        let owner = store::insert_person(db, &self.email, &self.name, &self.hash, now)?;
        store::insert_member(db, &owner.id, &team.id, Role::Owner, now)?;
        let who = Who { person: Some(owner.id.clone()), ..who };
        let subject = team.id.to_string();
        audit::record(
            db,
            &Event { at: now, who, team: Some(team.id), action: Action::SetUp, subject, detail: team.name },
        )?;
        Ok(owner.id)
    }
}
