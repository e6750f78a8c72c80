//! Bring an archived project back: it takes new keys again.

use actix_web::{HttpResponse, web};

use super::{IdInPath, address, find_in, record, store};
use crate::audit::Action;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_nothing};
use crate::guard::Owner;
use crate::page;
use crate::site::Site;

/// Nothing but the will to do it.
pub struct RestoreForm;

impl Form for RestoreForm {
    fn read(pairs: Pairs) -> Result<RestoreForm, String> {
        read_nothing(&pairs).map(|()| RestoreForm)
    }
}

/// Brings the project back; one that is in use stays so.
pub async fn act(
    posted: Posted<Owner, RestoreForm>,
    id: IdInPath,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let Owner(signed_in) = posted.sender;
    let project = find_in(&site, &signed_in.member.team.id, id).await?;
    let (who, now) = (signed_in.who(), site.now());
    let restored = site.store.write(move |db| match store::restore(db, &project.team, &project.id)? {
        true => record(db, &project, &who, Action::ProjectRestored, project.name.to_string(), now),
        false => Ok(()),
    });
    restored.await?;
    Ok(page::see_other(address::LIST))
}
