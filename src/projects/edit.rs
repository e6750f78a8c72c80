//! Give a project another name. Its keys stay filed under it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::list::{ProjectForm, taken};
use super::project::{Project, ProjectName};
use super::{IdInPath, address, find_in, record, store};
use crate::audit::Action;
use crate::fault::Fault;
use crate::form::Posted;
use crate::gate::wait_for_first;
use crate::guard::{Owner, SignedIn};
use crate::page::{self, Shell, WantsFragment};
use crate::site::Site;

#[derive(Template)]
#[template(path = "projects/edit.html", blocks = ["dialog"])]
struct EditProjectPage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: &'static str,
    name: String,
    name_error: Option<String>,
}

fn edit_page(signed_in: &SignedIn, project: &Project, is_dialog: bool, site: &Site) -> EditProjectPage {
    EditProjectPage {
        shell: Shell::of(signed_in, site, address::LIST),
        is_dialog,
        action_url: address::of(address::EDIT, &project.id),
        back_url: address::LIST,
        name: project.name.to_string(),
        name_error: None,
    }
}

/// Asks for the new name.
pub async fn ask(
    Owner(signed_in): Owner,
    id: IdInPath,
    WantsFragment(is_dialog): WantsFragment,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let project = find_in(&site, &signed_in.member.team.id, id).await?;
    let page = edit_page(&signed_in, &project, is_dialog, &site);
    page::html(if is_dialog { page.as_dialog().render() } else { page.render() })
}

/// Renames the project.
pub async fn act(
    posted: Posted<Owner, ProjectForm>,
    id: IdInPath,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let Posted { sender: Owner(signed_in), form } = posted;
    let project = find_in(&site, &signed_in.member.team.id, id).await?;
    let renamed = match ProjectName::parse(&form.name) {
        Err(error) => Err(error.to_string()),
        Ok(name) => {
            let (before, who, now) = (project.clone(), signed_in.who(), site.now());
            let written = site.store.write(move |db| {
                if name == before.name {
                    // Somebody may have given it this name just now, and not everyone knows of it yet.
                    return wait_for_first(db);
                }
                store::rename(db, &before.team, &before.id, &name)?;
                record(db, &before, &who, Action::ProjectRenamed, format!("{} → {name}", before.name), now)
            });
            taken(written.await)?
        }
    };
    match renamed {
        Ok(()) => Ok(page::see_other(address::LIST)),
        Err(error) => {
            let page = edit_page(&signed_in, &project, false, &site);
            let page = EditProjectPage { name: form.name, name_error: Some(error), ..page };
            page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page.render())
        }
    }
}
