//! What htmx gets after a key was created, renamed, revoked or deleted: what changed on the list, and
//! nothing else.

use actix_web::HttpResponse;
use askama::Template;

use super::address;
use super::key::KeyId;
use super::place::Place;
use super::realm::Realm;
use super::shown::{self, Empty, KeyRow, Tab};
use super::store::{self, Counts};
use crate::fault::Fault;
use crate::page;
use crate::site::Site;

/// The parts of the list that changed.
#[derive(Template)]
#[template(path = "keys/changed.html")]
pub(super) struct Changed {
    closes_dialogs: bool,
    changes: Vec<RowChange>,
    tabs: Vec<Tab>,
    count: String,
    empty: Option<Empty>,
    /// With the first key there is something to revoke, with the last one nothing any more.
    revoke_all_url: Option<String>,
    notice: String,
}

/// What happens to a row.
pub(super) enum RowChange {
    /// It is new, and stands on top until the list is loaded again.
    Added(KeyRow),
    /// It stays where it is.
    Replaced(KeyRow),
    /// It is gone.
    Removed(KeyId),
}

impl Changed {
    /// What changed on the list that is open at `place`. Counted after the change, in a reading of its own:
    /// writers wait for each other, and nobody needs these numbers in the same transaction.
    pub(super) async fn of(
        changes: Vec<RowChange>,
        realm: Realm,
        place: &Place,
        site: &Site,
    ) -> Result<Changed, Fault> {
        let (query, now) = (place.query.clone(), place.now);
        let keeps_all = realm.made_by.is_none();
        let counts = site.store.read(move |db| store::counts(db, &realm, &query, now)).await?;
        let revoke_all_url = (keeps_all && counts.all().counted > 0).then(|| place.here(address::REVOCATION_OF_ALL));
        Ok(Changed { revoke_all_url, ..Changed::new(changes, &counts, place) })
    }

    fn new(changes: Vec<RowChange>, counts: &Counts, place: &Place) -> Changed {
        // A row that leaves its tab by a change stays in sight: only a deleted one can leave nothing.
        let may_be_empty = changes.iter().all(|change| matches!(change, RowChange::Removed(_)));
        Changed {
            closes_dialogs: true,
            changes,
            tabs: shown::tabs(counts, place),
            count: shown::count_text(counts, place),
            empty: may_be_empty.then(|| shown::empty(counts, true, place)).flatten(),
            revoke_all_url: None,
            notice: String::new(),
        }
    }

    /// As the answer of its own, which closes the dialogs and says what was done.
    pub(super) fn answer(self, notice: String) -> Result<HttpResponse, Fault> {
        page::html(Changed { notice, ..self }.render())
    }

    /// Beside a dialog that stays.
    pub(super) fn beside_a_dialog(self, notice: String) -> Changed {
        Changed { closes_dialogs: false, notice, ..self }
    }
}
