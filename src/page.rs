//! From a template to a response: a whole page or a fragment of it, never kept by caches.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::fault::Fault;
use crate::guard::SignedIn;
use crate::keys::name::fold;
use crate::people::member::{Deed, Team};
use crate::site::Site;
use crate::{keys, people, projects};

/// A link in the navigation.
pub struct NavItem {
    /// Its text.
    pub label: &'static str,
    /// Where it leads.
    pub url: &'static str,
    /// Whether this is where the person is.
    pub is_current: bool,
}

/// Links of one area.
pub struct NavGroup {
    /// The area's name.
    pub label: &'static str,
    /// Its links.
    pub items: Vec<NavItem>,
}

/// A team that a person can go on in.
pub struct TeamChoice {
    /// Its name.
    pub name: String,
    /// Where the form that makes it the current one is sent.
    pub url: String,
    /// Whether it is the current one.
    pub is_current: bool,
}

/// What stands round every page of a signed-in person (`layout.html`).
pub struct Shell {
    /// The team.
    pub team_name: String,
    /// Its first letter: the mark in the side bar.
    pub team_initial: String,
    /// Hidden field `team` of every form.
    pub team_id: String,
    /// Every team of theirs, by name; none where there is nothing to choose.
    pub teams: Vec<TeamChoice>,
    /// Hidden field `token` of every form.
    pub token: String,
    /// Who is signed in.
    pub person_name: String,
    /// As what.
    pub role: &'static str,
    /// The way home.
    pub home_url: &'static str,
    /// The way out.
    pub sign_out_url: &'static str,
    /// What works, and the role may open.
    pub navigation: Vec<NavGroup>,
    /// Whether to warn that others on the network can read along.
    pub plain_http_warning: bool,
}

impl Shell {
    /// The shell for a person, standing at the address `here`.
    pub fn of(signed_in: &SignedIn, site: &Site, here: &str) -> Shell {
        let member = &signed_in.member;
        let mut items = vec![nav_item("Security", people::address::SECURITY, here)];
        if signed_in.may(Deed::SeeKeys) {
            items.push(nav_item("Developers", keys::address::LIST, here));
        }
        let mut navigation = vec![NavGroup { label: "Account", items }];
        if signed_in.may(Deed::SeeTeam) {
            let items = vec![
                nav_item("Projects", projects::address::LIST, here),
                nav_item("Settings", people::address::TEAM, here),
            ];
            navigation.push(NavGroup { label: "Team", items });
        }
        Shell {
            team_name: member.team.name.clone(),
            team_initial: member.team.name.chars().next().unwrap_or('K').to_uppercase().collect(),
            team_id: member.team.id.to_string(),
            teams: team_choices(signed_in),
            token: signed_in.form.token(),
            person_name: member.person.name.clone(),
            role: member.role.label(),
            home_url: keys::address::LIST,
            sign_out_url: people::address::LOGOUT,
            navigation,
            plain_http_warning: site.is_plain_http(),
        }
    }
}

fn team_choices(signed_in: &SignedIn) -> Vec<TeamChoice> {
    let mut teams: Vec<_> = signed_in.teams.iter().filter(|_| signed_in.teams.len() > 1).collect();
    teams.sort_by_cached_key(|team| (fold(&team.name), team.id.to_string()));
    let choice = |team: &Team| TeamChoice {
        name: team.name.clone(),
        url: people::address::current_team(&team.id),
        is_current: team.id == signed_in.member.team.id,
    };
    teams.into_iter().map(choice).collect()
}

fn nav_item(label: &'static str, url: &'static str, here: &str) -> NavItem {
    NavItem { label, url, is_current: url == here }
}

/// What stands round a page for whoever is not, or may not be, signed in (`layout_plain.html`).
pub struct Porch {
    /// The way home.
    pub home_url: &'static str,
    /// Whether to warn that others on the network can read along.
    pub plain_http_warning: bool,
}

impl Porch {
    /// The porch of this instance.
    pub fn of(site: &Site) -> Porch {
        Porch { home_url: "/", plain_http_warning: site.is_plain_http() }
    }
}

/// Whether htmx asks, and for a fragment: when it restores history it wants the whole page.
pub fn wants_fragment(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key("HX-Request") && !headers.contains_key("HX-History-Restore-Request")
}

/// [`wants_fragment`], for a handler's signature.
pub struct WantsFragment(pub bool);

impl FromRequest for WantsFragment {
    type Error = Fault;
    type Future = Ready<Result<WantsFragment, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(WantsFragment(wants_fragment(request))))
    }
}

/// What a template was rendered to, as a page.
pub fn html(rendered: askama::Result<String>) -> Result<HttpResponse, Fault> {
    html_with(StatusCode::OK, rendered)
}

/// As [`html`], with a status.
pub fn html_with(status: StatusCode, rendered: askama::Result<String>) -> Result<HttpResponse, Fault> {
    let body = rendered.map_err(Fault::broken)?;
    Ok(no_store(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body)))
}

/// 303: the answer to a form is another page.
pub fn see_other(address: &str) -> HttpResponse {
    no_store(HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish())
}

/// Says when to try again, if one has to wait; in seconds.
pub fn retry_after(mut response: HttpResponse, wait_s: Option<i64>) -> HttpResponse {
    if let Some(seconds) = wait_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Tells browsers and proxies to keep nothing.
pub fn no_store(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
