//! The team's projects: owners make them here, admins look on.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::project::{Project, ProjectId, ProjectName};
use super::{address, record, store};
use crate::audit::Action;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{Insider, Owner, SignedIn};
use crate::keys;
use crate::page::{self, Shell};
use crate::people::member::Deed;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

#[derive(Template)]
#[template(path = "projects/list.html")]
struct ProjectsPage {
    shell: Shell,
    action_url: &'static str,
    may_change: bool,
    name: String,
    name_error: Option<String>,
    projects: Vec<ProjectRow>,
}

struct ProjectRow {
    name: String,
    is_archived: bool,
    keys_url: String,
    edit_url: String,
    archival_url: String,
    restoration_url: String,
}

/// What is sent to make a project.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectForm {
    pub(super) name: String,
}

impl Form for ProjectForm {
    fn read(pairs: Pairs) -> Result<ProjectForm, String> {
        read_strictly(&pairs)
    }
}

async fn projects_page(signed_in: &SignedIn, site: &Site) -> Result<ProjectsPage, Fault> {
    let team = signed_in.member.team.id.clone();
    let mut projects = site.store.read(move |db| store::all(db, &team)).await?;
    projects.sort_by_key(Project::is_archived); // stable: those in use first, each by name
    let row = |project: Project| ProjectRow {
        name: project.name.to_string(),
        is_archived: project.is_archived(),
        keys_url: keys::address::of_project(&project.id),
        edit_url: address::of(address::EDIT, &project.id),
        archival_url: address::of(address::ARCHIVAL, &project.id),
        restoration_url: address::of(address::RESTORATION, &project.id),
    };
    Ok(ProjectsPage {
        shell: Shell::of(signed_in, site, address::LIST),
        action_url: address::LIST,
        may_change: signed_in.may(Deed::KeepTeam),
        name: String::new(),
        name_error: None,
        projects: projects.into_iter().map(row).collect(),
    })
}

/// Shows the projects.
pub async fn ask(Insider(signed_in): Insider, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    page::html(projects_page(&signed_in, &site).await?.render())
}

/// Makes a project.
pub async fn act(posted: Posted<Owner, ProjectForm>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let Posted { sender: Owner(signed_in), form } = posted;
    let made = match ProjectName::parse(&form.name) {
        Err(error) => Err(error.to_string()),
        Ok(name) => {
            let now = site.now();
            let team = signed_in.member.team.id.clone();
            let project = Project { id: ProjectId::mint(now), team, name, created_at: now, archived_at: None };
            let who = signed_in.who();
            let made = site.store.write(move |db| {
                insert(db, &project)?;
                record(db, &project, &who, Action::ProjectCreated, project.name.to_string(), now)
            });
            taken(made.await)?
        }
    };
    match made {
        Ok(()) => Ok(page::see_other(address::LIST)),
        Err(error) => {
            let page = projects_page(&signed_in, &site).await?;
            let page = ProjectsPage { name: form.name, name_error: Some(error), ..page };
            page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page.render())
        }
    }
}

fn insert(db: &mut Db, project: &Project) -> Result<(), Fault> {
    if store::all(db, &project.team)?.len() >= Project::MOST {
        return Err(Refusal::WrongState("A team can have at most 200 projects, archived ones too.").into());
    }
    store::insert(db, project)
}

/// What a person reads if the name is another project's; the transaction was taken back.
pub(super) fn taken(written: Result<(), Fault>) -> Result<Result<(), String>, Fault> {
    match written {
        Err(Fault::Refused(Refusal::NameTaken)) => Ok(Err(Refusal::NameTaken.sentence())),
        written => written.map(Ok),
    }
}
