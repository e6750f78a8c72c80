//! The projects room: what a team files its keys under.

pub mod project;

pub(crate) mod store;

pub mod archive;
pub mod edit;
pub mod list;
pub mod restore;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::people::member::TeamId;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;
use project::{Project, ProjectId};

pub use store::{all, filed_under, find, open_of};

/// The addresses of this room.
pub mod address {
    use super::project::ProjectId;

    /// The page; projects are made there, too.
    pub const LIST: &str = "/settings/projects";
    /// The pattern of a project's new name.
    pub const EDIT: &str = "/settings/projects/{id}/edit";
    /// The pattern of its end for new keys.
    pub const ARCHIVAL: &str = "/settings/projects/{id}/archival";
    /// The pattern of its return.
    pub const RESTORATION: &str = "/settings/projects/{id}/restoration";

    /// A project's address, by its pattern.
    pub fn of(pattern: &str, id: &ProjectId) -> String {
        pattern.replace("{id}", id.as_str())
    }
}

/// The id in the address; what is none is not found, like one that does not exist.
pub struct IdInPath(Option<ProjectId>);

impl FromRequest for IdInPath {
    type Error = Fault;
    type Future = Ready<Result<IdInPath, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(IdInPath(request.match_info().get("id").and_then(ProjectId::parse))))
    }
}

/// The team's project of that id, or nothing is here.
async fn find_in(site: &Site, team: &TeamId, id: IdInPath) -> Result<Project, Fault> {
    let (id, team) = (id.0.ok_or(Refusal::NotFound)?, team.clone());
    let project = site.store.read(move |db| store::find(db, &team, &id)).await?;
    Ok(project.ok_or(Refusal::NotFound)?)
}

fn record(db: &mut Db, project: &Project, who: &Who, action: Action, detail: String, at: Moment) -> Result<(), Fault> {
    let (team, subject) = (Some(project.team.clone()), project.id.to_string());
    audit::record(db, &Event { at, who: who.clone(), team, action, subject, detail })
}
