//! A key's details, read only: of spent keys, and of every key for those who may not edit.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::address;
use super::facts::Facts;
use super::in_use::{self, InUse};
use super::key::Status;
use super::place::{self, At, IdInPath};
use super::shown::Time;
use crate::fault::Fault;
use crate::guard::Viewer;
use crate::page::{self, Shell};
use crate::people::member::Deed;
use crate::site::Site;

#[derive(Template)]
#[template(path = "keys/details.html", blocks = ["dialog"])]
struct DetailsPage {
    shell: Shell,
    is_dialog: bool,
    back_url: String,
    delete_url: Option<String>,
    is_read_only: bool,
    is_live: bool,
    name: String,
    status: &'static str,
    tone: &'static str,
    facts: Facts,
    revoked: Option<Revoked>,
    in_use: InUse,
}

struct Revoked {
    at: Time,
    by: String,
}

/// Shows the details.
pub async fn ask(at: At<Viewer>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Viewer { signed_in, reach }, place } = at;
    let may_keep = signed_in.may(Deed::KeepKeys);
    let standing = place::find(&site, &signed_in.realm(reach), id).await?.at(place.now);
    let (key, status) = (standing.key(), standing.status());
    let known = in_use::known(&site, key, place.now).await?;
    let may_delete = may_keep && status != Status::Active;
    let shown = DetailsPage {
        shell: Shell::of(&signed_in, &site, address::LIST),
        is_dialog: place.wants_fragment,
        back_url: place.list_url(),
        delete_url: may_delete.then(|| place.of_key(address::DELETION, &key.id)),
        is_read_only: !may_keep,
        is_live: status == Status::Active,
        name: key.name.to_string(),
        status: status.label(),
        tone: status.word(),
        in_use: InUse::of(key, &known, &place),
        facts: Facts::of(&standing, &place, &site.catalog),
        revoked: key.revoked.as_ref().map(|revocation| Revoked {
            at: Time::past(revocation.at, &place),
            by: revocation.by.as_ref().map_or("the key itself".into(), |by| by.name.clone()),
        }),
    };
    page::html(if place.wants_fragment { shown.as_dialog().render() } else { shown.render() })
}
