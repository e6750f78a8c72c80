//! Members who manage their own keys: those that they made are all that is there for them.

use keyrack::keys::address;
use keyrack::keys::key::KeyId;

use crate::both_engines;
use crate::world::World;
use crate::world::cast::Person;
use crate::world::form::Form;
use crate::world::keys::{KeyRow, masked, url};

const TEAM: &str = "Northwind Rota";

/// Mia, whose team lets members manage their own keys, and a key that is not hers.
async fn mia_and_olgas_key(world: &World) -> (Person, KeyId) {
    world.let_members_manage_keys(TEAM, true);
    let (olgas, _) = world.sign_in("olga").await.create_key("Payroll", &["shifts:read"]).await;
    (world.sign_in("mia").await, olgas)
}

both_engines!(
    async fn a_member_makes_renames_revokes_and_deletes_keys_of_their_own(world) {
        let (mut mia, _) = mia_and_olgas_key(&world).await;
        let (id, secret) = mia.create_key("Kiosk", &["shifts:read"]).await;
        assert_eq!(world.key_row(&id).unwrap().created_by, world.person_id("mia"));
        let list = mia.get(address::LIST).await;
        assert_eq!((list.names(), list.tabs()), (vec!["Kiosk".into()], vec!["All 1".into(), "Active 1".into(), "Expired 0".into(), "Revoked 0".into()]));
        assert_eq!(list.texts("#own-keys"), ["You see and manage the keys that you made."]);
        assert_eq!((list.texts("#read-only").len(), list.texts("#revoke-all").len()), (0, 0));
        assert_eq!(mia.rename(&id, "Kiosk in the lobby").await.status, 303);
        assert_eq!(mia.revoke(&id).await.status, 303);
        assert_eq!(mia.knock(&secret).await, 401);
        assert_eq!(mia.delete(&id).await.status, 303);
        assert_eq!(world.key_row(&id), None);
        let done = ["key_created: Kiosk", "key_renamed: Kiosk → Kiosk in the lobby"];
        assert_eq!(world.history(&id)[..2], done);
    }
);

both_engines!(
    async fn another_members_key_cannot_be_told_from_none(world) {
        let (mut mia, olgas) = mia_and_olgas_key(&world).await;
        let before = world.key_rows();
        let ids = [olgas.to_string(), KeyId::mint(world.now()).to_string(), "key_1".to_owned()];
        for (pattern, fields, acts) in [
            (address::KEY, &[][..], false),
            (address::EDIT, &[("name", "Mine")][..], true),
            (address::REVOCATION, &[], true),
            (address::DELETION, &[], true),
        ] {
            let form = mia.bare_form("").await;
            let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
            let (mut asked, mut acted) = (Vec::new(), Vec::new());
            for id in &ids {
                let action = pattern.replace("{id}", id);
                asked.push(masked(&mia.get(&action).await));
                acted.push(masked(&mia.submit(&Form { action, ..form.clone() }).await));
            }
            assert!(asked.iter().all(|seen| seen.0 == 404 && *seen == asked[0]), "{pattern}: {asked:?}");
            let refused = if acts { 404 } else { 405 };
            assert!(acted.iter().all(|seen| seen.0 == refused && *seen == acted[0]), "{pattern}: {acted:?}");
        }
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    async fn the_list_holds_only_their_own_however_it_is_asked(world) {
        let (mut mia, _) = mia_and_olgas_key(&world).await;
        for n in 0..3 {
            mia.create_key(&format!("Payroll {n}"), &["shifts:read"]).await;
        }
        for sort in ["name", "status", "key", "kind", "project", "created", "expiration"] {
            for query in ["", "&status=active", "&q=payroll", "&project=none", "&dir=asc&q=pay&status=active"] {
                let page = mia.get(&format!("{}?sort={sort}{query}", address::LIST)).await;
                let mut names = page.names();
                names.sort();
                assert_eq!(names, ["Payroll 0", "Payroll 1", "Payroll 2"], "{sort}{query}");
                assert_eq!(page.tabs()[0], "All 3", "{sort}{query}");
            }
        }
        let olgas = world.sign_in("olga").await.get(address::LIST).await;
        assert_eq!(olgas.names().len(), 4, "owners see all");
    }
);

both_engines!(
    async fn a_form_cannot_replace_another_members_key(world) {
        let (mut mia, olgas) = mia_and_olgas_key(&world).await;
        let form = mia.create_form().await.with("name", "Mine").and("permission", "shifts:read");
        let answer = mia.submit(&form.and("replaces", olgas.as_str())).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        let rows = world.key_rows();
        assert_eq!((rows.len(), rows[0].revoked_at), (1, None), "nothing was made, nothing revoked");
    }
);

both_engines!(
    async fn turned_off_they_have_no_access_and_their_keys_go_on(world) {
        let (mut mia, _) = mia_and_olgas_key(&world).await;
        let (id, secret) = mia.create_key("Kiosk", &["shifts:read"]).await;
        world.let_members_manage_keys(TEAM, false);
        let page = mia.get(address::LIST).await;
        assert_eq!(page.status, 403);
        assert!(page.text().contains("Olga Berg"), "{}", page.text());
        assert_eq!((mia.revoke(&id).await.status, mia.knock(&secret).await), (403, 200));
        let mut olga = world.sign_in("olga").await;
        assert!(olga.get(&url(address::KEY, &id)).await.text().contains("Mia Okafor"));
        assert_eq!(olga.revoke(&id).await.status, 303);
        let KeyRow { revoked_by, .. } = world.key_row(&id).unwrap();
        assert_eq!(revoked_by, Some(world.person_id("olga")));
    }
);
