//! Who is at the door. A handler that asks for one of these in its signature is only called for such
//! a person; the values can be made nowhere else. Also the checks that a form comes from our own page.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_session::SessionExt;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;

use crate::audit::Who;
use crate::edge::Client;
use crate::fault::Fault;
use crate::people::member::{Deed, Member, PersonId};
use crate::people::session::{self, FormSecret};
use crate::people::{self, sessions};
use crate::refusal::Refusal;
use crate::site::Site;

/// A form's body has so long to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest body of a form.
pub const BODY_BYTES: usize = 16 * 1024;
/// The cookie that binds a visitor's form to their browser.
const VISITOR_COOKIE: &str = "form";

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Fault>>>>;

/// A signed-in person, as a member of their current team. Read from the database for each request:
/// a lost role is lost at the next one.
pub struct SignedIn {
    /// Who, in which team, as what.
    pub member: Member,
    /// What their forms must bring.
    pub form: FormSecret,
    /// Where they are.
    pub address: IpAddr,
}

/// Somebody who may see the team's keys.
pub struct Viewer(pub SignedIn);

/// Somebody who may create, rename, revoke and delete the team's keys.
pub struct Keeper(pub SignedIn);

/// Whoever is there, signed in or not: the sign-in form is made for them.
pub struct Visitor {
    nonce: String,
    is_new: bool,
    form: FormSecret,
    /// Where they are.
    pub address: IpAddr,
}

impl SignedIn {
    /// As the audit log names them.
    pub fn who(&self) -> Who {
        Who { person: Some(self.member.person.id.clone()), address: Some(self.address) }
    }

    /// Whether the role may do it.
    pub fn may(&self, deed: Deed) -> bool {
        self.member.role.may(deed)
    }
}

fn site(request: &HttpRequest) -> Result<&web::Data<Site>, Fault> {
    request.app_data::<web::Data<Site>>().ok_or_else(|| Fault::broken("the site is not part of the app"))
}

fn address(request: &HttpRequest) -> Result<IpAddr, Fault> {
    let client = request.extensions().get::<Client>().map(|client| client.address);
    client.ok_or_else(|| Fault::broken("a request without a client"))
}

/// Who the session says it is, if there is one.
pub fn session_person(request: &HttpRequest) -> Option<(PersonId, FormSecret)> {
    let session = request.get_session();
    let person = session.get::<String>(sessions::PERSON).ok()??;
    let secret = session.get::<String>(sessions::FORM_SECRET).ok()??;
    Some((PersonId::parse(&person)?, FormSecret::from_text(&secret)?))
}

/// Begins a session for a person, under a new key; answers what its forms must bring.
pub fn begin_session(request: &HttpRequest, person: &PersonId) -> Result<FormSecret, Fault> {
    let form = FormSecret::draw();
    let session = request.get_session();
    session.clear();
    session.insert(sessions::PERSON, person.as_str()).map_err(Fault::broken)?;
    session.insert(sessions::FORM_SECRET, form.to_text()).map_err(Fault::broken)?;
    session.renew();
    Ok(form)
}

/// Ends this request's session.
pub fn end_session(request: &HttpRequest) {
    request.get_session().purge();
}

async fn signed_in(request: HttpRequest) -> Result<SignedIn, Fault> {
    let (person, form) = session_person(&request).ok_or(Refusal::SignedOut)?;
    let store = site(&request)?.store.clone();
    let member = store.read(move |db| people::find_member(db, &person)).await?.ok_or(Refusal::SignedOut)?;
    Ok(SignedIn { member, form, address: address(&request)? })
}

async fn viewer(request: HttpRequest) -> Result<Viewer, Fault> {
    let signed_in = signed_in(request.clone()).await?;
    if signed_in.may(Deed::SeeKeys) {
        return Ok(Viewer(signed_in));
    }
    let team = signed_in.member.team.id.clone();
    let owners = site(&request)?.store.clone().read(move |db| people::owners_of(db, &team)).await?;
    // The page that says so stands in the shell of the person it is said to.
    request.extensions_mut().insert(Rc::new(signed_in));
    Err(Refusal::NoAccess(owners).into())
}

async fn keeper(request: HttpRequest) -> Result<Keeper, Fault> {
    let Viewer(signed_in) = viewer(request).await?;
    if signed_in.may(Deed::KeepKeys) {
        return Ok(Keeper(signed_in));
    }
    Err(Refusal::RoleTooLow("Only owners can manage keys.").into())
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

/// Somebody who sends a form.
pub trait Sender: FromRequest<Error = Fault> + 'static {
    /// What the form must bring.
    fn form_secret(&self) -> &FormSecret;
    /// The team the form must be made for; none for visitors.
    fn team(&self) -> Option<&str>;
}

impl Sender for SignedIn {
    fn form_secret(&self) -> &FormSecret {
        &self.form
    }

    fn team(&self) -> Option<&str> {
        Some(self.member.team.id.as_str())
    }
}

impl Sender for Keeper {
    fn form_secret(&self) -> &FormSecret {
        &self.0.form
    }

    fn team(&self) -> Option<&str> {
        self.0.team()
    }
}

impl Sender for Visitor {
    fn form_secret(&self) -> &FormSecret {
        &self.form
    }

    fn team(&self) -> Option<&str> {
        None
    }
}

/// The fields of a form as they were sent, without `token` and `team`.
pub type Pairs = Vec<(String, String)>;

/// A form of one action: unknown fields, missing ones and unwanted repeats are refused.
pub trait Form: Sized + 'static {
    /// Reads the fields; the error says what is wrong.
    fn read(pairs: Pairs) -> Result<Self, String>;
}

/// Reads fields into a struct that denies unknown ones.
pub fn read_strictly<T: DeserializeOwned>(pairs: &Pairs) -> Result<T, String> {
    let encoded = serde_html_form::to_string(pairs).map_err(|e| e.to_string())?;
    serde_html_form::from_str(&encoded).map_err(|e| e.to_string())
}

/// Reads a form that has no fields of its own.
pub fn read_nothing(pairs: &Pairs) -> Result<(), String> {
    match pairs.first() {
        Some((name, _)) => Err(format!("unknown field `{name}`")),
        None => Ok(()),
    }
}

/// A form, sent by somebody who may: the sender is proven before the body is read, the token and
/// the team before the fields are.
pub struct Posted<S, F> {
    /// Who sent it.
    pub sender: S,
    /// What they sent.
    pub form: F,
}

impl<S: Sender, F: Form> FromRequest for Posted<S, F> {
    type Error = Fault;
    type Future = Extraction<Posted<S, F>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let sender = S::from_request(&request, &mut Payload::None).await?;
            let pairs = read_pairs(&request, &mut payload).await?;
            let form = F::read(take_envelope(pairs, &sender)?).map_err(bad_form)?;
            Ok(Posted { sender, form })
        })
    }
}

fn bad_form(why: impl std::fmt::Display) -> Refusal {
    let mut why = why.to_string();
    why.truncate(why.char_indices().nth(200).map_or(why.len(), |(at, _)| at));
    Refusal::BadRequest(format!("The form is not one of ours: {why}."))
}

async fn read_pairs(request: &HttpRequest, payload: &mut Payload) -> Result<Pairs, Fault> {
    let kind = request.content_type();
    if kind != "application/x-www-form-urlencoded" {
        return Err(bad_form("its content type is another").into());
    }
    let body = actix_web::rt::time::timeout(BODY_TIMEOUT, web::Bytes::from_request(request, payload)).await;
    let body = body.map_err(|_| bad_form("it did not arrive in time"))?.map_err(|e| match e.as_error() {
        Some(PayloadError::Overflow) => Refusal::TooLarge,
        _ if e.as_response_error().status_code().as_u16() == 413 => Refusal::TooLarge,
        _ => bad_form("it did not arrive whole"),
    })?;
    let pairs: Pairs = serde_html_form::from_bytes(&body).map_err(bad_form)?;
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(bad_form("it holds a NUL character").into());
    }
    Ok(pairs)
}

fn take_envelope<S: Sender>(pairs: Pairs, sender: &S) -> Result<Pairs, Refusal> {
    let (envelope, fields): (Pairs, Pairs) =
        pairs.into_iter().partition(|(name, _)| name == "token" || (name == "team" && sender.team().is_some()));
    let mut tokens = envelope.iter().filter(|(name, _)| name == "token");
    let is_ours =
        matches!((tokens.next(), tokens.next()), (Some((_, token)), None) if sender.form_secret().is_in(token));
    if !is_ours {
        return Err(Refusal::FormToken);
    }
    if let Some(current) = sender.team() {
        let mut teams = envelope.iter().filter(|(name, _)| name == "team");
        match (teams.next(), teams.next()) {
            (Some((_, team)), None) if team == current => {}
            (Some(_), None) => return Err(Refusal::OtherTeam),
            _ => return Err(bad_form("the field team is missing or repeated")),
        }
    }
    Ok(fields)
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
