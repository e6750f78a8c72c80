//! Archiving a project: it takes no new keys, and those that it has go on.

use keyrack::keys::address as keys;
use keyrack::projects::address::{ARCHIVAL, LIST, of};

use super::{ids_of_nothing, projects};
use crate::both_engines;

both_engines!(
    async fn it_takes_no_new_keys_and_those_it_has_go_on(world) {
        let mut olga = world.sign_in("olga").await;
        let id = olga.create_project("Kiosk").await;
        let early = olga.create_form().await.with("name", "Door").and("permission", "shifts:read");
        let late = olga.create_form().await.with("name", "Late").and("permission", "shifts:read");
        let secret = olga.submit(&early.with("project", id.as_str())).await.secret();
        let page = olga.get(&of(ARCHIVAL, &id)).await;
        assert_eq!(page.texts("h1"), ["Archive “Kiosk”?"]);
        assert_eq!(projects(&world), [("Kiosk".to_owned(), false)], "asking changes nothing");
        let answer = olga.submit(&page.form("/settings/projects/")).await;
        assert_eq!((answer.status, answer.location()), (303, LIST));
        assert_eq!(projects(&world), [("Kiosk".to_owned(), true)]);

        assert_eq!(olga.get(LIST).await.texts(".project-name"), ["Kiosk Archived"]);
        assert_eq!(olga.knock(&secret).await, 200);
        assert_eq!(olga.get(keys::LIST).await.texts("td.key-project"), ["Kiosk"]);
        assert!(olga.get(keys::NEW).await.attributes("[name=project]", "id").is_empty(), "none is left to choose");
        let refused = olga.submit(&late.with("project", id.as_str())).await;
        assert_eq!((refused.status, world.key_rows().len()), (422, 1), "{}", refused.text());
        assert!(refused.text().contains("Choose one of the projects, or none."));
    }
);

both_engines!(
    async fn archiving_it_again_changes_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let id = olga.create_project("Kiosk").await;
        assert_eq!(olga.change_project(ARCHIVAL, &id).await, 303);
        assert_eq!(olga.change_project(ARCHIVAL, &id).await, 303);
        assert_eq!(world.events_of("project_archived").len(), 1);
        assert_eq!(olga.get(&of(ARCHIVAL, &id)).await.status, 409);
    }
);

both_engines!(
    async fn what_is_not_the_teams_is_not_found(world) {
        let ids = ids_of_nothing(&world).await;
        let mut olga = world.sign_in("olga").await;
        for id in ids {
            let form = olga.bare_form(&ARCHIVAL.replace("{id}", &id)).await;
            assert_eq!((olga.get(&form.action).await.status, olga.submit(&form).await.status), (404, 404), "{id}");
        }
        assert_eq!(projects(&world), [("Harbour's".to_owned(), false)]);
    }
);
