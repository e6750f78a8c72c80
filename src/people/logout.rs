//! Sign out: ends the session, here and in the database.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::address;
use crate::audit::{self, Action, Event};
use crate::fault::Fault;
use crate::form::{self, Form, Pairs, Posted};
use crate::guard::{self, SignedIn};
use crate::page;
use crate::site::Site;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// Pages that the browser kept for its Back button, and htmx's history. Not cookies: the browser stays a known device,
/// and the session's cookie is taken back by its own header.
const WHAT_PAGES_LEAVE: &str = "\"cache\", \"storage\"";

/// Nothing but the will to leave.
pub struct LogoutForm;

impl Form for LogoutForm {
    fn read(pairs: Pairs) -> Result<LogoutForm, String> {
        form::read_nothing(&pairs).map(|()| LogoutForm)
    }
}

/// Signs out.
pub async fn act(
    posted: Posted<SignedIn, LogoutForm>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let signed_in = posted.sender;
    let event = Event {
        at: site.now(),
        who: signed_in.who(),
        team: Some(signed_in.member.team.id.clone()),
        action: Action::SignedOut,
        subject: signed_in.member.person.id.to_string(),
        detail: String::new(),
    };
    site.store.write_at_any_cost(move |db| audit::record(db, &event)).await?;
    guard::end_session(&request);
    let mut response = page::see_other(address::LOGIN);
    response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static(WHAT_PAGES_LEAVE));
    Ok(response)
}
