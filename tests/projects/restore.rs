//! Bringing an archived project back.

use keyrack::keys::address as keys;
use keyrack::projects::address::{ARCHIVAL, RESTORATION};

use super::{ids_of_nothing, projects};
use crate::both_engines;

both_engines!(
    async fn it_takes_new_keys_again(world) {
        let mut olga = world.sign_in("olga").await;
        let id = olga.create_project("Kiosk").await;
        olga.change_project(ARCHIVAL, &id).await;
        assert_eq!(olga.change_project(RESTORATION, &id).await, 303);
        assert_eq!(projects(&world), [("Kiosk".to_owned(), false)]);
        assert_eq!(olga.get(keys::NEW).await.texts("[name=project] option"), ["No project", "Kiosk"]);
        assert_eq!(olga.change_project(RESTORATION, &id).await, 303, "again is the same success");
        assert_eq!(world.events_of("project_restored").len(), 1);
    }
);

both_engines!(
    async fn what_is_not_the_teams_is_not_found(world) {
        let ids = ids_of_nothing(&world).await;
        let mut olga = world.sign_in("olga").await;
        for id in ids {
            let form = olga.bare_form(&RESTORATION.replace("{id}", &id)).await;
            assert_eq!(olga.submit(&form).await.status, 404, "{id}");
        }
    }
);
