//! Switch: go on in another of one's teams. What is open elsewhere stays that of its own team, and is refused there.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::member::TeamId;
use crate::audit::{self, Action, Event};
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_nothing};
use crate::guard::{self, SignedIn};
use crate::keys;
use crate::page;
use crate::refusal::Refusal;
use crate::site::Site;

/// Nothing but the will to go on in the team that the address names.
pub struct SwitchForm;

impl Form for SwitchForm {
    fn read(pairs: Pairs) -> Result<SwitchForm, String> {
        read_nothing(&pairs).map(|()| SwitchForm)
    }
}

/// The team in the address; what is no id is not found, like a team of others.
pub struct TeamInPath(Option<TeamId>);

impl FromRequest for TeamInPath {
    type Error = Fault;
    type Future = Ready<Result<TeamInPath, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(TeamInPath(request.match_info().get("id").and_then(TeamId::parse))))
    }
}

/// Makes the team the current one, in a session with a new key: rights change with it.
pub async fn act(
    posted: Posted<SignedIn, SwitchForm>,
    TeamInPath(id): TeamInPath,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let signed_in = posted.sender;
    let team = signed_in.teams.iter().find(|team| Some(&team.id) == id.as_ref()).ok_or(Refusal::NotFound)?;
    let event = Event {
        at: site.now(),
        who: signed_in.who(),
        team: Some(team.id.clone()),
        action: Action::TeamSwitched,
        subject: team.id.to_string(),
        // Not from where: one team's log tells nothing of another.
        detail: String::new(),
    };
    site.store.write_at_any_cost(move |db| audit::record(db, &event)).await?;
    guard::move_session(&request, &team.id)?;
    Ok(page::see_other(keys::address::LIST))
}
