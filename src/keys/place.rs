//! Where a person stands when they look at keys: the list they came from, their zone, what they may
//! do. Handlers get it by extraction; all that is shown of keys is shown from here.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::address;
use super::key::{ApiKey, KeyId};
use super::listing::{ListQuery, RawListQuery};
use super::realm::Realm;
use super::store;
use crate::calendar::Zone;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::page;
use crate::refusal::Refusal;
use crate::site::Site;

/// The cookie in which the page's script tells the viewer's time zone.
const ZONE_COOKIE: &str = "tz";

/// The list a person came from, and how they see time.
#[derive(Clone)]
pub struct Place {
    /// The list's query.
    pub query: ListQuery,
    /// The viewer's zone.
    pub zone: Zone,
    /// When they asked.
    pub now: Moment,
    /// Whether htmx asks, for a fragment.
    pub wants_fragment: bool,
}

#[derive(Deserialize)]
struct RawQuery {
    q: Option<String>,
    sort: Option<String>,
    dir: Option<String>,
    status: Option<String>,
    project: Option<String>,
    cursor: Option<String>,
}

impl Place {
    fn of(request: &HttpRequest) -> Result<Place, Fault> {
        let site = request.app_data::<web::Data<Site>>().ok_or_else(|| Fault::broken("no site"))?;
        let raw = serde_html_form::from_str::<RawQuery>(request.query_string())
            .map_err(|_| Refusal::BadRequest("A part of the address is given twice.".into()))?;
        let parts = [&raw.q, &raw.sort, &raw.dir, &raw.status, &raw.project, &raw.cursor];
        let [q, sort, dir, status, project, cursor] = parts.map(|part| part.as_deref());
        let raw = RawListQuery { q, sort, dir, status, project, cursor };
        let query = ListQuery::parse(&raw).map_err(|e| Refusal::BadRequest(e.to_string()))?;
        let told = request.cookie(ZONE_COOKIE);
        let zone = told.and_then(|cookie| Zone::parse(&percent_decode_str(cookie.value()).decode_utf8_lossy()));
        Ok(Place {
            query,
            zone: zone.unwrap_or(Zone::UTC),
            now: site.now(),
            wants_fragment: page::wants_fragment(request),
        })
    }

    /// The list, as it was.
    pub fn list_url(&self) -> String {
        self.here(address::LIST)
    }

    /// An address with the list's query.
    pub fn here(&self, path: &str) -> String {
        format!("{path}{}", self.query.to_query_string())
    }

    /// A key's address with the list's query.
    pub fn of_key(&self, pattern: &str, id: &KeyId) -> String {
        self.here(&address::of(pattern, id))
    }
}

/// Somebody at a place. Who they are is proven first: what they ask for is theirs to hear only then.
pub struct At<W> {
    /// Who.
    pub who: W,
    /// Where.
    pub place: Place,
}

impl<W: FromRequest<Error = Fault> + 'static> FromRequest for At<W> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<At<W>, Fault>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, who) = (request.clone(), W::from_request(request, payload));
        Box::pin(async move { Ok(At { who: who.await?, place: Place::of(&request)? }) })
    }
}

/// The id in the address; what is none is not found, like one that does not exist.
pub struct IdInPath(pub Option<KeyId>);

impl FromRequest for IdInPath {
    type Error = Fault;
    type Future = Ready<Result<IdInPath, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(IdInPath(request.match_info().get("id").and_then(KeyId::parse))))
    }
}

impl IdInPath {
    /// The id, or nothing is here.
    pub fn found(self) -> Result<KeyId, Refusal> {
        self.0.ok_or(Refusal::NotFound)
    }
}

/// The realm's key of that id, or nothing is here.
pub async fn find(site: &Site, realm: &Realm, id: IdInPath) -> Result<ApiKey, Fault> {
    let (id, realm) = (id.found()?, realm.clone());
    let key = site.store.read(move |db| store::find(db, &realm, &id)).await?;
    Ok(key.ok_or(Refusal::NotFound)?)
}
