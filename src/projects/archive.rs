//! Archive a project: it takes no new keys, and those filed under it go on as they were.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{IdInPath, address, find_in, record, store};
use crate::audit::Action;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_nothing};
use crate::guard::Owner;
use crate::page::{self, Shell, WantsFragment};
use crate::refusal::Refusal;
use crate::site::Site;

#[derive(Template)]
#[template(path = "projects/archive.html", blocks = ["dialog"])]
struct ArchivePage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: &'static str,
    name: String,
}

/// Nothing but the will to do it.
pub struct ArchiveForm;

impl Form for ArchiveForm {
    fn read(pairs: Pairs) -> Result<ArchiveForm, String> {
        read_nothing(&pairs).map(|()| ArchiveForm)
    }
}

/// Asks whether it is meant.
pub async fn ask(
    Owner(signed_in): Owner,
    id: IdInPath,
    WantsFragment(is_dialog): WantsFragment,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let project = find_in(&site, &signed_in.member.team.id, id).await?;
    if project.is_archived() {
        return Err(Refusal::WrongState("This project is archived already.").into());
    }
    let page = ArchivePage {
        shell: Shell::of(&signed_in, &site, address::LIST),
        is_dialog,
        action_url: address::of(address::ARCHIVAL, &project.id),
        back_url: address::LIST,
        name: project.name.to_string(),
    };
    page::html(if is_dialog { page.as_dialog().render() } else { page.render() })
}

/// Archives the project; an archived one stays so.
pub async fn act(
    posted: Posted<Owner, ArchiveForm>,
    id: IdInPath,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let Owner(signed_in) = posted.sender;
    let project = find_in(&site, &signed_in.member.team.id, id).await?;
    let (who, now) = (signed_in.who(), site.now());
    let archived = site.store.write(move |db| match store::archive(db, &project.team, &project.id, now)? {
        true => record(db, &project, &who, Action::ProjectArchived, project.name.to_string(), now),
        false => Ok(()),
    });
    archived.await?;
    Ok(page::see_other(address::LIST))
}
