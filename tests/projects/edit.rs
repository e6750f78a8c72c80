//! Giving a project another name.

use keyrack::keys::address as keys;
use keyrack::projects::address::{EDIT, LIST, of};

use super::{ids_of_nothing, projects};
use crate::both_engines;
use crate::world::keys::masked;

both_engines!(
    async fn its_keys_stay_and_show_the_new_name(world) {
        let mut olga = world.sign_in("olga").await;
        let id = olga.create_project("Kiosk").await;
        let form = olga.create_form().await.with("name", "Door").and("permission", "shifts:read");
        olga.submit(&form.with("project", id.as_str())).await.secret();
        let page = olga.get(&of(EDIT, &id)).await;
        assert_eq!((page.texts("h1"), page.attributes("[name=name]", "value")), (vec!["Rename project".into()], vec!["Kiosk".into()]));
        let answer = olga.submit(&page.form("/settings/projects/").with("name", "Front desk")).await;
        assert_eq!((answer.status, answer.location()), (303, LIST));
        assert_eq!(projects(&world), [("Front desk".to_owned(), false)]);
        assert_eq!(olga.get(keys::LIST).await.texts("td.key-project"), ["Front desk"]);
        let renamed = world.events_of("project_renamed");
        assert_eq!((renamed.len(), renamed[0].detail.as_str()), (1, "Kiosk → Front desk"));
        let answer = olga.submit(&page.form("/settings/projects/").with("name", "FRONT desk")).await;
        assert_eq!(answer.status, 303, "its own name in other letters is not taken");
    }
);

both_engines!(
    async fn it_is_a_dialog_for_htmx(world) {
        let mut olga = world.sign_in("olga").await;
        let id = olga.create_project("Kiosk").await;
        let dialog = olga.by_htmx().get(&of(EDIT, &id)).await;
        assert!(dialog.body.starts_with("<dialog"), "{}", dialog.body);
    }
);

both_engines!(
    async fn a_bad_or_taken_name_is_told_and_nothing_changes(world) {
        let mut olga = world.sign_in("olga").await;
        let id = olga.create_project("Kiosk").await;
        olga.create_project("Lobby").await;
        let form = olga.bare_form(&of(EDIT, &id)).await;
        for typed in ["", "lobby", "\u{200b}"] {
            let answer = olga.submit(&form.with("name", typed)).await;
            assert_eq!((answer.status, answer.texts("#new-project-name-error").len()), (422, 1), "{typed:?}");
            assert_eq!(answer.attributes("[name=name]", "value"), [typed]);
        }
        assert_eq!(projects(&world), [("Kiosk".to_owned(), false), ("Lobby".to_owned(), false)]);
        assert!(world.events_of("project_renamed").is_empty());
    }
);

both_engines!(
    async fn what_is_not_the_teams_is_not_found_with_the_same_bytes(world) {
        let ids = ids_of_nothing(&world).await;
        let mut olga = world.sign_in("olga").await;
        let form = olga.bare_form("").await.with("name", "Mine");
        let (mut asked, mut acted) = (Vec::new(), Vec::new());
        for id in ids {
            let action = EDIT.replace("{id}", &id);
            asked.push(masked(&olga.get(&action).await));
            acted.push(masked(&olga.submit(&crate::world::form::Form { action, ..form.clone() }).await));
        }
        assert_eq!((asked[0].0, acted[0].0), (404, 404));
        assert!(asked.windows(2).chain(acted.windows(2)).all(|two| two[0] == two[1]), "{asked:?} {acted:?}");
        assert_eq!(projects(&world), [("Harbour's".to_owned(), false)]);
    }
);
