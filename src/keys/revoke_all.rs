//! Revoke every live key of the team: at once, for good, of every kind. Only owners, and only by the team's name.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::catalog::Kind;
use super::listing::ListQuery;
use super::place::{At, Place};
use super::realm::Realm;
use super::{address, list, shown, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{Owner, SignedIn};
use crate::page::{self, Shell};
use crate::people::member::{Reach, ShownName, TeamId};
use crate::site::Site;
use crate::store::Db;

#[derive(Template)]
#[template(path = "keys/revoke_all.html", blocks = ["dialog", "sheet"])]
struct RevokeAllPage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: String,
    /// How many end: `1,204`.
    count: String,
    /// The same as a number; at most 10,000.
    active: usize,
    /// Whether some of them may be no secret.
    has_publishable: bool,
    typed: String,
    error: Option<&'static str>,
}

/// What is sent to revoke all keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeAllForm {
    team_name: String,
}

impl Form for RevokeAllForm {
    fn read(pairs: Pairs) -> Result<RevokeAllForm, String> {
        read_strictly(&pairs)
    }
}

async fn revoke_all_page(signed_in: &SignedIn, place: &Place, site: &Site) -> Result<RevokeAllPage, Fault> {
    let (realm, now) = (Realm::of_team(signed_in.member.team.id.clone()), place.now);
    let counts = site.store.read(move |db| store::counts(db, &realm, &ListQuery::default(), now)).await?;
    Ok(RevokeAllPage {
        shell: Shell::of(signed_in, site, address::LIST),
        is_dialog: place.wants_fragment,
        action_url: place.here(address::REVOCATION_OF_ALL),
        back_url: place.list_url(),
        count: shown::shown_count(counts.active),
        active: counts.active.counted,
        has_publishable: site.catalog.kinds().iter().any(Kind::is_publishable),
        typed: String::new(),
        error: None,
    })
}

/// Asks for the team's name.
pub async fn ask(at: At<Owner>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Owner(signed_in), place } = at;
    let page = revoke_all_page(&signed_in, &place, &site).await?;
    page::html(if page.is_dialog { page.as_dialog().render() } else { page.render() })
}

/// Revokes all keys.
pub async fn act(at: At<Posted<Owner, RevokeAllForm>>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Posted { sender: Owner(signed_in), form }, place } = at;
    let is_named = ShownName::parse(&form.team_name).is_ok_and(|typed| typed.as_str() == signed_in.member.team.name);
    if !is_named {
        let page = revoke_all_page(&signed_in, &place, &site).await?;
        let error = Some("This is not the team's name. Capitals and small letters count.");
        let page = RevokeAllPage { typed: form.team_name, error, ..page };
        let rendered = if page.is_dialog { page.as_sheet().render() } else { page.render() };
        return page::html_with(StatusCode::UNPROCESSABLE_ENTITY, rendered);
    }
    let (team, who, clock) = (signed_in.member.team.id.clone(), signed_in.who(), site.clock.clone());
    // The time is asked once it is our turn to write: a key that was made while we waited is among them.
    let revoked = site.store.write_at_any_cost(move |db| revoke_all(db, &team, &who, clock.now())).await?;
    if !place.wants_fragment {
        return Ok(page::see_other(&place.list_url()));
    }
    list::anew(&signed_in, signed_in.realm(Reach::Team), &place, &site, notice(revoked)).await
}

fn notice(revoked: usize) -> String {
    match revoked {
        0 => "No key was active.".into(),
        1 => "1 key revoked. It stopped working at once.".into(),
        many => format!("{} keys revoked. They stopped working at once.", shown::grouped(many)),
    }
}

fn revoke_all(db: &mut Db, team: &TeamId, who: &Who, now: Moment) -> Result<usize, Fault> {
    let revoked = store::revoke_all(db, team, who, now)?;
    let (at, who, action, subject) = (now, who.clone(), Action::AllKeysRevoked, team.to_string());
    audit::record(db, &Event { at, who, team: Some(team.clone()), action, subject, detail: revoked.to_string() })?;
    Ok(revoked)
}
