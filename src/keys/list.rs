//! The page: the team's keys, searched, sorted, held to a status, a page at a time.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::facts::ProjectChoice;
use super::key::ApiKey;
use super::listing::{ListQuery, ProjectFilter};
use super::place::{At, Place};
use super::realm::Realm;
use super::refusals::{self, Refusals};
use super::shown::{self, Column, Empty, Hidden, KeyRow, Tab, Told};
use super::using::Using;
use super::{address, store};
use crate::docs;
use crate::fault::Fault;
use crate::gate;
use crate::guard::{SignedIn, Viewer};
use crate::page::{self, Shell};
use crate::people::member::Deed;
use crate::projects::{self, project::Project};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::usage;

/// Rows a page.
const PAGE_SIZE: usize = 50;

/// What stands below the table.
pub(super) struct Foot {
    pub(super) count: String,
    pub(super) previous_url: Option<String>,
    pub(super) next_url: Option<String>,
}

#[derive(Template)]
#[template(path = "keys/list.html", blocks = ["anew", "list"])]
struct ListPage {
    shell: Shell,
    list_url: &'static str,
    docs_url: String,
    /// How a key of the first kind begins.
    /// How a key is sent: a header with the beginning of a key, and curl's option.
    header: String,
    curl_option: String,
    self_url: String,
    using: Using,
    new_url: Option<String>,
    is_read_only: bool,
    /// Whether they see only the keys that they made.
    is_own: bool,
    /// Asks whether to revoke all of them.
    revoke_all_url: Option<String>,
    q: String,
    /// What can be chosen beside the search; empty where the team has no project.
    projects: Vec<ProjectChoice>,
    kept: Vec<Hidden>,
    tabs: Vec<Tab>,
    columns: Vec<Column>,
    rows: Vec<KeyRow>,
    empty: Option<Empty>,
    foot: Foot,
    /// What was done to all of it, for an answer that shows it anew.
    notice: Option<String>,
}

/// Shows the list.
pub async fn ask(at: At<Viewer>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Viewer { signed_in, reach }, place } = at;
    let shown = list_page(&signed_in, signed_in.realm(reach), &place, &site).await?;
    page::html(if place.wants_fragment { shown.as_list().render() } else { shown.render() })
}

/// What htmx gets after all of the list changed: the list anew, the dialogs closed, and what was done.
pub(super) async fn anew(
    signed_in: &SignedIn,
    realm: Realm,
    place: &Place,
    site: &Site,
    notice: String,
) -> Result<HttpResponse, Fault> {
    let shown = ListPage { notice: Some(notice), ..list_page(signed_in, realm, place, site).await? };
    page::html(shown.as_anew().render())
}

async fn list_page(signed_in: &SignedIn, realm: Realm, place: &Place, site: &Site) -> Result<ListPage, Fault> {
    let (query, now) = (place.query.clone(), place.now);
    let is_own = realm.made_by.is_some();
    let read = site.store.read(move |db| {
        let projects = projects::all(db, &realm.team)?;
        refuse_foreign(&query, &projects)?;
        let counts = store::counts(db, &realm, &query, now)?;
        let page = store::page(db, &realm, &query, PAGE_SIZE, now)?;
        // Where the last rows were deleted meanwhile, a link to them leads to the first.
        let is_beyond = page.keys.is_empty() && query.cursor().is_some();
        let page = if is_beyond { store::page(db, &realm, &query.from_the_start(), PAGE_SIZE, now)? } else { page };
        let refused = refusals::of_keys(db, &page.keys, now)?;
        Ok((counts, page, projects, usage::is_any_used(db, &realm.team)?, refused))
    });
    let (counts, page, projects, is_any_used, refused) = read.await?;
    let told = Told { kinds: site.catalog.kinds().len() > 1, projects: !projects.is_empty(), uses: is_any_used };

    let may_keep = signed_in.may(Deed::KeepKeys);
    let row = |key: ApiKey| {
        let refused = refused.get(key.id.as_str()).copied().unwrap_or(0);
        let refusals = Refusals::of(&key, refused, place);
        KeyRow::of(key, may_keep, place, &site.catalog).with_refusals(refusals)
    };
    // Where there is no key the foot is not seen; with the first one it is there.
    let may_revoke_all = signed_in.may(Deed::RevokeAll);
    let key_headers = &site.catalog.gate().key_headers;
    Ok(ListPage {
        shell: Shell::of(signed_in, site, address::LIST),
        list_url: address::LIST,
        new_url: may_keep.then(|| place.here(address::NEW)),
        is_read_only: !may_keep,
        is_own,
        revoke_all_url: may_revoke_all.then(|| place.here(address::REVOCATION_OF_ALL)),
        projects: project_choices(&projects, &place.query),
        q: place.query.search().map(|search| search.typed().to_owned()).unwrap_or_default(),
        kept: kept(&place.query, !projects.is_empty()),
        tabs: shown::tabs(&counts, place),
        columns: shown::columns(place, told),
        empty: if page.keys.is_empty() { shown::empty(&counts, may_keep, place) } else { None },
        foot: foot(&counts, &page, place),
        rows: page.keys.into_iter().map(row).collect(),
        docs_url: docs::url(site),
        header: key_headers.example(&format!("{}…", site.catalog.default_kind().prefix)),
        curl_option: key_headers.curl_option(),
        self_url: gate::own_key_url(site),
        using: Using::first(site),
        notice: None,
    })
}

/// A project of another team is not there, like one that does not exist.
fn refuse_foreign(query: &ListQuery, projects: &[Project]) -> Result<(), Refusal> {
    match query.project() {
        Some(ProjectFilter::Of(id)) if !projects.iter().any(|project| project.id == *id) => Err(Refusal::NotFound),
        _ => Ok(()),
    }
}

fn foot(counts: &store::Counts, page: &store::Page, place: &Place) -> Foot {
    use super::cursor::Position;
    let at = |key: &super::key::ApiKey| Position::of(key, place.query.sort(), place.now);
    let previous = page.keys.first().filter(|_| page.has_previous).map(|key| place.query.page_before(at(key)));
    let next = page.keys.last().filter(|_| page.has_next).map(|key| place.query.page_after(at(key)));
    let url = |query: String| format!("{}{query}", address::LIST);
    Foot { count: shown::count_text(counts, place), previous_url: previous.map(url), next_url: next.map(url) }
}

/// All projects, none, or one of them; nothing to choose where there is none.
fn project_choices(projects: &[Project], query: &ListQuery) -> Vec<ProjectChoice> {
    if projects.is_empty() {
        return Vec::new();
    }
    let chosen = query.project().map_or("", |project| project.word());
    let choice = |value: &str, label: String| ProjectChoice { value: value.into(), label, is_chosen: value == chosen };
    let mut choices = vec![choice("", "All projects".into()), choice("none", "No project".into())];
    choices.extend(projects.iter().map(|project| {
        let archived = if project.is_archived() { " (archived)" } else { "" };
        choice(project.id.as_str(), format!("{}{archived}", project.name))
    }));
    choices
}

/// What a search keeps: the parts of the query that are not as by default, and that no field beside it sends.
fn kept(query: &ListQuery, has_project_field: bool) -> Vec<Hidden> {
    let default = ListQuery::default();
    let is_sorted = (query.sort(), query.direction()) != (default.sort(), default.direction());
    let parts = [
        ("sort", is_sorted.then(|| query.sort().word())),
        ("dir", is_sorted.then(|| query.direction().word())),
        ("status", query.status().map(|status| status.word())),
        ("project", query.project().filter(|_| !has_project_field).map(|project| project.word())),
    ];
    parts.into_iter().filter_map(|(name, value)| Some(Hidden { name: name.into(), value: value?.into() })).collect()
}

/// The page's address in other products.
pub async fn alias(_: SignedIn) -> HttpResponse {
    page::no_store(HttpResponse::PermanentRedirect().insert_header(("Location", address::LIST)).finish())
}
