//! Who is at the door. A handler that asks for one of these in its signature is only called for such
//! a person; the values can be made nowhere else. Also whether a request comes from our own page, to our host.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

use actix_session::SessionExt;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};

use crate::audit::Who;
use crate::edge::Client;
use crate::fault::Fault;
use crate::keys::realm::Realm;
use crate::people::member::{Deed, Member, PersonId, Reach, Team, TeamId};
use crate::people::session::{self, FormSecret, Holder};
use crate::people::{self, sessions};
use crate::refusal::Refusal;
use crate::site::Site;

/// The cookie that binds a visitor's form to their browser.
const VISITOR_COOKIE: &str = "form";
/// In which the page's script says for which team a page was made: what it asks for belongs into that page.
const TEAM_HEADER: &str = "Keyrack-Team";

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Fault>>>>;

/// A signed-in person, as a member of their current team. Read from the database for each request:
/// a lost role is lost at the next one.
pub struct SignedIn {
    /// Who, in which team, as what.
    pub member: Member,
    /// Every team they are in.
    pub teams: Vec<Team>,
    /// What their forms must bring.
    pub form: FormSecret,
    /// Where they are.
    pub address: IpAddr,
}

/// Somebody who may see keys of the team.
pub struct Viewer {
    /// Who.
    pub signed_in: SignedIn,
    /// Whose keys.
    pub reach: Reach,
}

/// Somebody who may create, rename, revoke and delete keys of the team.
pub struct Keeper {
    /// Who.
    pub signed_in: SignedIn,
    /// Whose keys.
    pub reach: Reach,
}

/// Somebody who may change what is the team's as a whole: its settings, its projects, all its keys at once.
pub struct Owner(pub SignedIn);

/// Somebody who may look at the team's settings and projects.
pub struct Insider(pub SignedIn);

/// Whoever is there, signed in or not: the sign-in form is made for them.
pub struct Visitor {
    nonce: String,
    is_new: bool,
    /// What their forms must bring.
    pub form: FormSecret,
    /// Where they are.
    pub address: IpAddr,
}

impl SignedIn {
    /// As the audit log names them.
    pub fn who(&self) -> Who {
        Who { person: Some(self.member.person.id.clone()), address: Some(self.address) }
    }

    /// The keys that a deed of theirs reaches.
    pub fn realm(&self, reach: Reach) -> Realm {
        let made_by = match reach {
            Reach::Team => None,
            Reach::Own => Some(self.member.person.id.clone()),
        };
        Realm { team: self.member.team.id.clone(), made_by }
    }

    /// Whether they may do it, be it with their own keys only.
    pub fn may(&self, deed: Deed) -> bool {
        self.member.reach(deed).is_some()
    }
}

fn site(request: &HttpRequest) -> Result<&web::Data<Site>, Fault> {
    request.app_data::<web::Data<Site>>().ok_or_else(|| Fault::broken("the site is not part of the app"))
}

fn address(request: &HttpRequest) -> Result<IpAddr, Fault> {
    let client = request.extensions().get::<Client>().map(|client| client.address);
    client.ok_or_else(|| Fault::broken("a request without a client"))
}

/// What a session says; whether it still holds is the database's to say.
pub struct Held {
    /// Whose it is.
    pub holder: Holder,
    /// What its forms must bring.
    pub form: FormSecret,
    /// The team that was switched to.
    pub team: Option<TeamId>,
}

/// What the session says, if there is one.
pub fn held(request: &HttpRequest) -> Option<Held> {
    let session = request.get_session();
    let person = session.get::<String>(sessions::PERSON).ok()??;
    let password_version = session.get::<i64>(sessions::PASSWORD_VERSION).ok()??;
    let secret = session.get::<String>(sessions::FORM_SECRET).ok()??;
    Some(Held {
        holder: Holder { person: PersonId::parse(&person)?, password_version },
        form: FormSecret::from_text(&secret)?,
        team: session.get::<String>(sessions::TEAM).ok()?.as_deref().and_then(TeamId::parse),
    })
}

/// Begins a session under a new key, in `team` or else in the one joined first; answers what its forms must bring.
pub fn begin_session(request: &HttpRequest, holder: &Holder, team: Option<&TeamId>) -> Result<FormSecret, Fault> {
    let (form, now) = (FormSecret::draw(), site(request)?.now());
    let session = request.get_session();
    session.clear();
    session.insert(sessions::PERSON, holder.person.as_str()).map_err(Fault::broken)?;
    session.insert(sessions::PASSWORD_VERSION, holder.password_version).map_err(Fault::broken)?;
    session.insert(sessions::FORM_SECRET, form.to_text()).map_err(Fault::broken)?;
    session.insert(sessions::BEGAN, now.unix()).map_err(Fault::broken)?;
    if let Some(team) = team {
        session.insert(sessions::TEAM, team.as_str()).map_err(Fault::broken)?;
    }
    session.renew();
    Ok(form)
}

/// Goes on in another team, under a new key. The forms of the pages that are open stay known, and tell that they are
/// for another team.
pub fn move_session(request: &HttpRequest, to: &TeamId) -> Result<(), Fault> {
    let session = request.get_session();
    session.insert(sessions::TEAM, to.as_str()).map_err(Fault::broken)?;
    session.renew();
    Ok(())
}

/// Ends this request's session.
pub fn end_session(request: &HttpRequest) {
    request.get_session().purge();
}

async fn signed_in(request: HttpRequest) -> Result<SignedIn, Fault> {
    let Held { holder, form, team } = held(&request).ok_or(Refusal::SignedOut)?;
    let store = site(&request)?.store.clone();
    let found = store.read(move |db| people::find_holder(db, &holder, team.as_ref())).await?;
    let (member, teams) = found.ok_or(Refusal::SignedOut)?;
    let page_is_for = request.headers().get(TEAM_HEADER);
    if page_is_for.is_some_and(|team| team.as_bytes() != member.team.id.as_str().as_bytes()) {
        return Err(Refusal::OtherTeam.into());
    }
    Ok(SignedIn { member, teams, form, address: address(&request)? })
}

async fn viewer(request: HttpRequest) -> Result<Viewer, Fault> {
    let signed_in = signed_in(request.clone()).await?;
    if let Some(reach) = signed_in.member.reach(Deed::SeeKeys) {
        return Ok(Viewer { signed_in, reach });
    }
    let team = signed_in.member.team.id.clone();
    let owners = site(&request)?.store.clone().read(move |db| people::owners_of(db, &team)).await?;
    // The page that says so stands in the shell of the person it is said to.
    request.extensions_mut().insert(Rc::new(signed_in));
    Err(Refusal::NoAccess(owners).into())
}

async fn keeper(request: HttpRequest) -> Result<Keeper, Fault> {
    let Viewer { signed_in, .. } = viewer(request).await?;
    match signed_in.member.reach(Deed::KeepKeys) {
        Some(reach) => Ok(Keeper { signed_in, reach }),
        None => Err(Refusal::RoleTooLow("Only owners can manage keys.").into()),
    }
}

async fn owner(request: HttpRequest) -> Result<Owner, Fault> {
    let signed_in = signed_in(request).await?;
    match signed_in.may(Deed::KeepTeam) && signed_in.may(Deed::RevokeAll) {
        true => Ok(Owner(signed_in)),
        false => Err(Refusal::RoleTooLow("Only owners can do this.").into()),
    }
}

async fn insider(request: HttpRequest) -> Result<Insider, Fault> {
    let signed_in = signed_in(request).await?;
    match signed_in.may(Deed::SeeTeam) {
        true => Ok(Insider(signed_in)),
        false => Err(Refusal::RoleTooLow("Only owners and admins can see this.").into()),
    }
}

impl FromRequest for SignedIn {
    type Error = Fault;
    type Future = Extraction<SignedIn>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(signed_in(request.clone()))
    }
}

impl FromRequest for Viewer {
    type Error = Fault;
    type Future = Extraction<Viewer>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(viewer(request.clone()))
    }
}

impl FromRequest for Keeper {
    type Error = Fault;
    type Future = Extraction<Keeper>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(keeper(request.clone()))
    }
}

impl FromRequest for Owner {
    type Error = Fault;
    type Future = Extraction<Owner>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(owner(request.clone()))
    }
}

impl FromRequest for Insider {
    type Error = Fault;
    type Future = Extraction<Insider>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(insider(request.clone()))
    }
}

impl Visitor {
    fn of(request: &HttpRequest) -> Result<Visitor, Fault> {
        let site = site(request)?;
        let cookie = request.cookie(&site.cookie_name(VISITOR_COOKIE)).map(|cookie| cookie.value().to_owned());
        let kept = cookie.filter(|nonce| session::is_nonce(nonce));
        let is_new = kept.is_none();
        let nonce = kept.unwrap_or_else(session::draw);
        let form = FormSecret::of_visitor(&site.cookie_key, &nonce);
        Ok(Visitor { nonce, is_new, form, address: address(request)? })
    }

    /// The token of a form made for them.
    pub fn token(&self) -> String {
        self.form.token()
    }

    /// Lets their browser remember for whom the form was made. No row is written for a visitor.
    pub fn remember(&self, site: &Site, response: &mut HttpResponse) -> Result<(), Fault> {
        if !self.is_new {
            return Ok(());
        }
        let cookie = Cookie::build(site.cookie_name(VISITOR_COOKIE), self.nonce.clone())
            .path("/")
            .secure(site.public_url.keeps_secure_cookies())
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish();
        response.add_cookie(&cookie).map_err(Fault::broken)
    }
}

impl FromRequest for Visitor {
    type Error = Fault;
    type Future = std::future::Ready<Result<Visitor, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Visitor::of(request))
    }
}

/// Whether a request that may change something comes from our own page: by `Sec-Fetch-Site`, or by
/// `Origin` where a browser sends no such header (ASVS V3.5.3).
pub fn comes_from_our_page(request: &HttpRequest, site: &Site) -> Result<(), Refusal> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or(""));
    let is_ours = match text("Sec-Fetch-Site") {
        Some(from) => from == "same-origin",
        None => text(header::ORIGIN.as_str()).is_some_and(|origin| site.public_url.is_origin(origin)),
    };
    if is_ours { Ok(()) } else { Err(Refusal::OtherSite) }
}

/// Whether the query is free of NUL, which no page sends and no database takes.
pub fn asks_without_nul(request: &HttpRequest) -> Result<(), Refusal> {
    match request.query_string().contains("%00") {
        true => Err(Refusal::BadRequest("An address cannot hold a NUL character.".into())),
        false => Ok(()),
    }
}

/// Whether the request names one of our hosts, once.
pub fn names_our_host(request: &HttpRequest, site: &Site) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(header::HOST);
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or(""),
        _ => "",
    };
    // An address in absolute form ("GET http://elsewhere/ HTTP/1.1") must name the same host.
    let in_target = request.uri().authority().is_none_or(|authority| site.public_url.is_host(authority.as_str()));
    if site.public_url.is_host(host) && in_target { Ok(()) } else { Err(Refusal::WrongHost) }
}
