//! The team's settings: what its members may do with keys. Owners change it, admins look on.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::member::{Deed, TeamId};
use super::{address, store};
use crate::audit::{self, Action, Event};
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{Insider, Owner, SignedIn};
use crate::page::{self, Shell};
use crate::site::Site;
use crate::store::Db;

#[derive(Template)]
#[template(path = "people/team.html")]
struct TeamPage {
    shell: Shell,
    action_url: &'static str,
    members_manage_keys: bool,
    is_read_only: bool,
    is_saved: bool,
}

/// What is sent to change the settings. A box that is not ticked is not sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamForm {
    members_manage_keys: Option<Ticked>,
}

/// What browsers send of a box that is ticked.
#[derive(Deserialize)]
enum Ticked {
    #[serde(rename = "on")]
    On,
}

impl Form for TeamForm {
    fn read(pairs: Pairs) -> Result<TeamForm, String> {
        read_strictly(&pairs)
    }
}

fn team_page(signed_in: &SignedIn, site: &Site) -> TeamPage {
    TeamPage {
        shell: Shell::of(signed_in, site, address::TEAM),
        action_url: address::TEAM,
        members_manage_keys: signed_in.member.members_manage_keys,
        is_read_only: !signed_in.may(Deed::KeepTeam),
        is_saved: false,
    }
}

/// Shows the settings.
pub async fn ask(Insider(signed_in): Insider, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    page::html(team_page(&signed_in, &site).render())
}

/// Changes the settings. The answer is the page that says so; sent again, it says and leaves the same.
pub async fn act(posted: Posted<Owner, TeamForm>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let Posted { sender: Owner(mut signed_in), form } = posted;
    let (team, is_on) = (signed_in.member.team.id.clone(), form.members_manage_keys.is_some());
    let event = Event {
        at: site.now(),
        who: signed_in.who(),
        team: Some(team.clone()),
        action: Action::TeamChanged,
        subject: team.to_string(),
        detail: format!("members manage their own keys: {}", if is_on { "on" } else { "off" }),
    };
    site.store.write(move |db| set(db, &team, is_on, &event)).await?;
    signed_in.member.members_manage_keys = is_on;
    page::html(TeamPage { is_saved: true, ..team_page(&signed_in, &site) }.render())
}

fn set(db: &mut Db, team: &TeamId, is_on: bool, event: &Event) -> Result<(), Fault> {
    match store::set_members_manage_keys(db, team, is_on)? {
        true => audit::record(db, event),
        false => Ok(()),
    }
}
