//! The start page: leads to where a person has something to do.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::fault::Fault;
use crate::guard;
use crate::site::Site;
use crate::{keys, page, people};

/// To the keys, to sign-in, or to the first run while there is no owner.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    if guard::held(&request).is_some() {
        return Ok(page::see_other(keys::address::LIST));
    }
    let is_owned = site.store.read(people::has_owner).await?;
    Ok(page::see_other(if is_owned { people::address::LOGIN } else { people::address::SETUP }))
}
