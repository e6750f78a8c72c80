//! A fault as the one who asked can read it: a page, a dialog, a line in the form that was sent, a
//! redirect to sign-in, or problem+json (RFC 9457) at a machine's door.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::edge::{self, Asked};
use crate::fault::Fault;
use crate::guard::SignedIn;
use crate::page::{self, Porch, Shell};
use crate::people;
use crate::problem;
use crate::refusal::Refusal;
use crate::site::Site;

/// What `next=` may hold unescaped: the characters of a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// A way out of a page.
pub struct Way {
    /// Its text.
    pub label: &'static str,
    /// Where it leads.
    pub url: &'static str,
}

#[derive(Template)]
#[template(path = "fault.html", blocks = ["dialog"])]
struct FaultPage {
    porch: Porch,
    is_dialog: bool,
    status: u16,
    title: &'static str,
    text: String,
    way: Way,
    sign_in_url: Option<&'static str>,
    request_id: Option<String>,
}

/// Told inside the form that was sent: the form, and what was typed, stay.
#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble {
    status: u16,
    title: &'static str,
    text: String,
    way: Way,
    sign_in_url: Option<&'static str>,
    request_id: Option<String>,
}

#[derive(Template)]
#[template(path = "people/no_access.html")]
struct NoAccessPage {
    shell: Shell,
    owners: Vec<String>,
}

/// The answer that tells `fault`.
pub fn tell(fault: &Fault, asked: &Asked, signed_in: Option<&SignedIn>, site: &Site, request_id: &str) -> HttpResponse {
    let mut answer = if edge::is_machine_door(&asked.path) {
        problem::of_fault(fault, request_id)
    } else {
        // A fault page that cannot be rendered leaves the bare status.
        page_of(fault, asked, signed_in, site, request_id).unwrap_or_else(|_| HttpResponse::new(fault.status_code()))
    };
    fault.add_headers(answer.headers_mut());
    answer
}

fn words(fault: &Fault) -> (&'static str, String) {
    match fault {
        Fault::Refused(refusal) => (refusal.title(), refusal.sentence()),
        Fault::Unavailable(_) => (
            "Keyrack cannot answer right now",
            "Nothing was changed that you were not told of. Try again in a moment.".into(),
        ),
        Fault::Broken(_) => {
            ("Something is broken on our side", "It is in our log. Nothing was shown to anyone.".into())
        }
    }
}

fn page_of(
    fault: &Fault,
    asked: &Asked,
    signed_in: Option<&SignedIn>,
    site: &Site,
    request_id: &str,
) -> Result<HttpResponse, Fault> {
    let fragment = asked.wants_fragment;
    if let Fault::Refused(Refusal::SignedOut) = fault
        && !fragment
    {
        return Ok(page::see_other(&sign_in_address(asked)));
    }
    let status = fault.status_code();
    if let Fault::Refused(Refusal::NoAccess(owners)) = fault
        && let Some(signed_in) = signed_in
        && !fragment
    {
        let page = NoAccessPage { shell: Shell::of(signed_in, site, &asked.path), owners: owners.clone() };
        return page::html_with(status, page.render());
    }
    let page = fault_page(fault, status, fragment, site, request_id);
    let body = match (fragment, &asked.method) {
        (false, _) => page.render(),
        (true, &Method::GET | &Method::HEAD) => page.as_dialog().render(),
        (true, _) => Trouble::of(page).render(),
    };
    page::html_with(status, body)
}

impl Trouble {
    fn of(page: FaultPage) -> Trouble {
        let FaultPage { status, title, text, way, sign_in_url, request_id, .. } = page;
        Trouble { status, title, text, way, sign_in_url, request_id }
    }
}

fn fault_page(fault: &Fault, status: StatusCode, is_dialog: bool, site: &Site, request_id: &str) -> FaultPage {
    let (title, text) = words(fault);
    let is_signed_out = matches!(fault, Fault::Refused(Refusal::SignedOut));
    let way = match fault {
        Fault::Refused(Refusal::WrongState(_) | Refusal::OtherTeam | Refusal::FormToken) => "Load the page again",
        _ => "Go to the start page",
    };
    FaultPage {
        porch: Porch::of(site),
        is_dialog,
        status: status.as_u16(),
        title,
        text,
        way: Way { label: way, url: "/" },
        sign_in_url: is_signed_out.then_some(people::address::LOGIN),
        request_id: status.is_server_error().then(|| request_id.to_owned()),
    }
}

/// Sign-in, and back to what was asked for; after a form, to the page that asks.
fn sign_in_address(asked: &Asked) -> String {
    let back = match (&asked.method, asked.path.as_str()) {
        (&Method::POST, crate::keys::address::LIST_OF_KEYS) => crate::keys::address::NEW,
        (&Method::POST, people::address::LOGOUT) => "/",
        (&Method::POST, path) if path.starts_with(people::address::TEAMS) => "/",
        _ => &asked.address,
    };
    format!("{}?next={}", people::address::LOGIN, utf8_percent_encode(back, PATH))
}
