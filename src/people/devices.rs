//! Recognizes browsers that people signed in on before, by the device cookie, and sets it.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use super::device::{DeviceIds, LIFETIME_S};
use super::session::{self, Holder};
use super::{failed_sign_ins, store};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::site::Site;
use crate::store::Db;

/// The cookie's name, before the prefix that binds it to the host.
const COOKIE: &str = "device";

/// What the browser's cookie carries.
pub(super) fn carried(request: &HttpRequest, site: &Site) -> DeviceIds {
    let cookie = request.cookie(&site.cookie_name(COOKIE));
    cookie.map(|cookie| DeviceIds::from_cookie(&site.cookie_key, cookie.value())).unwrap_or_default()
}

/// Remembers that somebody just proved their password on this browser; answers what its cookie has to carry. If that
/// cannot be stored, the browser stays as unknown as it was: nobody is kept from signing in by it.
pub(super) async fn remember(site: &Site, carried: DeviceIds, holder: &Holder) -> Option<DeviceIds> {
    let (holder, now) = (holder.clone(), site.now());
    let person = holder.person.clone();
    let remembered = site.store.write(move |db| renew(db, &carried, &holder, now)).await;
    site.store.clean_up("old devices are not deleted", move |db| store::delete_old_devices(db, &person, now)).await;
    site.store.clean_up("failed sign-ins are not reported", move |db| failed_sign_ins::report_rest(db, now)).await;
    remembered
        .inspect_err(|fault| tracing::warn!(target: "keyrack", cause = %fault, "a device could not be remembered"))
        .ok()
}

/// A device without failures keeps its id. After a failure it gets another one, since the cookie may have been stolen:
/// the old id keeps its count.
fn renew(db: &mut Db, carried: &DeviceIds, holder: &Holder, now: Moment) -> Result<DeviceIds, Fault> {
    let stored = store::devices_with(db, &carried.digests())?;
    let is_other = |digest: &[u8]| stored.iter().any(|one| one.digest == digest && one.holder.person != holder.person);
    for own in stored.iter().filter(|one| one.holder == *holder && one.is_known(now)) {
        if let Some(id) = carried.id_of(&own.digest)
            && store::see_device(db, &own.digest, now)?
        {
            return Ok(carried.with_first(id, is_other));
        }
    }
    let id = session::draw();
    store::insert_device(db, &session::digest(&id), holder, now)?;
    Ok(carried.with_first(&id, is_other))
}

/// Sets the cookie, if there is something to carry.
pub(super) fn set_cookie(ids: Option<DeviceIds>, site: &Site, response: &mut HttpResponse) -> Result<(), Fault> {
    let Some(ids) = ids else { return Ok(()) };
    let cookie = Cookie::build(site.cookie_name(COOKIE), ids.to_cookie(&site.cookie_key))
        .path("/")
        .secure(site.public_url.keeps_secure_cookies())
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(LIFETIME_S))
        .finish();
    response.add_cookie(&cookie).map_err(Fault::broken)
}
