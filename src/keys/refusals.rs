//! What is being refused of a key since it was revoked: a note in its row, which asks for itself again for a while.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::address;
use super::key::{ApiKey, KeyId};
use super::place::{self, At, IdInPath, Place};
use super::shown::grouped;
use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::fault::Fault;
use crate::gate::verdict::Code;
use crate::guard::Viewer;
use crate::page;
use crate::site::Site;
use crate::store::Db;
use crate::usage;
use crate::usage::used::hour_of;

/// For so long after its revocation a row says what is refused since.
const TOLD_S: i64 = 24 * 3_600;
/// For so long it asks for news.
const WATCHED_S: i64 = 10 * 60;

/// The note in the row of a key that was revoked lately.
pub struct Refusals {
    /// Whose.
    pub id: KeyId,
    /// `38 refused since`
    pub said: String,
    /// Where the news are; none: nobody asks for them any more.
    pub watch_url: Option<String>,
}

#[derive(Template)]
#[template(path = "keys/refusals.html")]
struct RefusalsNote {
    refusals: Option<Refusals>,
}

impl Refusals {
    /// What to say of a key with so many refusals since it was revoked; nothing where that is long ago.
    pub(super) fn of(key: &ApiKey, refused: u64, place: &Place) -> Option<Refusals> {
        let since_s = place.now.seconds_since(revoked_lately(key, place.now)?);
        let said = match refused {
            0 => "None refused since".to_owned(),
            some => {
                format!("{} refused since", grouped(usize::try_from(some).unwrap_or(usize::MAX)))
            }
        };
        let watch_url = (since_s < WATCHED_S).then(|| address::of(address::REFUSALS, &key.id));
        Some(Refusals { id: key.id.clone(), said, watch_url })
    }
}

fn revoked_lately(key: &ApiKey, now: Moment) -> Option<Moment> {
    let at = key.revoked.as_ref()?.at;
    (-CLOCK_SKEW_S..TOLD_S).contains(&now.seconds_since(at)).then_some(at)
}

/// How often each of these keys was refused since it was revoked, of those that were revoked lately.
pub(super) fn of_keys(db: &mut Db, keys: &[ApiKey], now: Moment) -> Result<BTreeMap<String, u64>, Fault> {
    let lately: Vec<(&str, Moment)> =
        keys.iter().filter_map(|key| Some((key.id.as_str(), revoked_lately(key, now)?))).collect();
    let Some(first) = lately.iter().map(|(_, at)| *at).min() else { return Ok(BTreeMap::new()) };
    let ids: Vec<&str> = lately.iter().map(|(id, _)| *id).collect();
    let counts = usage::counts_since(db, &ids, hour_of(first))?;
    let refused = |counts: Vec<usage::used::Count>| {
        counts.iter().filter(|count| count.outcome == Code::Revoked).map(|count| count.uses).sum()
    };
    Ok(counts.into_iter().map(|(id, counts)| (id, refused(counts))).collect())
}

/// The note as it is now.
pub async fn ask(at: At<Viewer>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Viewer { signed_in, reach }, place } = at;
    let key = place::find(&site, &signed_in.realm(reach), id).await?;
    if !place.wants_fragment {
        return Ok(page::see_other(&place.of_key(address::KEY, &key.id)));
    }
    let (now, keys) = (place.now, vec![key.clone()]);
    let refused = site.store.read(move |db| of_keys(db, &keys, now)).await?;
    let refused = refused.get(key.id.as_str()).copied().unwrap_or(0);
    page::html(RefusalsNote { refusals: Refusals::of(&key, refused, &place) }.render())
}
