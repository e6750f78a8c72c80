//! Keys filed under projects: found by them, sorted by them and by kind.

use std::collections::BTreeMap;

use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use keyrack::keys::name::fold;
use keyrack::projects::address as projects;
use keyrack::projects::project::ProjectId;

use super::list::all_pages;
use crate::both_engines;
use crate::world::keys::{Planted, masked, url};
use crate::world::{Engine, NOON, Person, World};

const DAY_S: i64 = 86_400;

/// Three kinds of key.
async fn soul_machines(engine: Engine) -> World {
    World::of_catalog(engine, "soul-machines").await
}

async fn file(olga: &mut Person, name: &str, project: &str) -> (KeyId, String) {
    olga.create_key_of(&[("name", name), ("permission", "shifts:read"), ("project", project)]).await
}

both_engines!(
    async fn a_key_is_filed_under_a_project_or_none(world) {
        let mut olga = world.sign_in("olga").await;
        assert!(olga.get(address::NEW).await.texts("#project").is_empty(), "without projects there is nothing to choose");
        let kiosk = olga.create_project("Kiosk").await;
        let rota = olga.create_project("École").await;
        let page = olga.get(address::NEW).await;
        assert_eq!(page.texts("#project option"), ["No project", "Kiosk", "École"]);
        assert_eq!(page.attributes("#project option", "value"), ["", kiosk.as_str(), rota.as_str()]);
        assert_eq!(page.form(address::LIST_OF_KEYS).value("project"), "", "none is preselected");

        let (door, _) = file(&mut olga, "Door", kiosk.as_str()).await;
        file(&mut olga, "Loose", "").await;
        olga.create_by(&olga.clone().filled_form(&[("name", "Silent"), ("permission", "shifts:read")]).await.without("project")).await;
        assert_eq!(world.key_row(&door).unwrap().project_id.as_deref(), Some(kiosk.as_str()));
        assert_eq!(world.key_rows().iter().filter(|row| row.project_id.is_none()).count(), 2);
        let list = olga.get(&format!("{}?sort=name", address::LIST)).await;
        assert_eq!(list.names(), ["Door", "Loose", "Silent"]);
        assert_eq!(list.texts("td.key-project"), ["Kiosk", "", ""]);
        assert_eq!(list.texts("#sort-project"), ["Project"]);
        for pattern in [address::KEY, address::EDIT] {
            assert_eq!(olga.get(&url(pattern, &door)).await.fact("Project").as_deref(), Some("Kiosk"), "{pattern}");
        }
        // A project's new name is at once that of its keys.
        let form = olga.bare_form(&projects::of(projects::EDIT, &kiosk)).await.with("name", "Lobby");
        assert_eq!(olga.submit(&form).await.status, 303);
        assert_eq!(olga.get(&format!("{}?sort=name", address::LIST)).await.texts("td.key-project"), ["Lobby", "", ""]);
    }
);

both_engines!(
    async fn the_list_is_held_to_a_project_or_to_none(world) {
        let mut olga = world.sign_in("olga").await;
        let kiosk = olga.create_project("Kiosk").await;
        let rota = olga.create_project("Rota").await;
        let empty = olga.create_project("Empty").await;
        let (door, _) = file(&mut olga, "Door", kiosk.as_str()).await;
        for (name, project) in [("Gate", kiosk.as_str()), ("Plan", rota.as_str()), ("Loose", "")] {
            file(&mut olga, name, project).await;
        }
        olga.revoke(&door).await;
        let mut list = async |query: &str| olga.get(&format!("{}?sort=name&{query}", address::LIST)).await;
        let page = list(&format!("project={kiosk}")).await;
        assert_eq!((page.status, page.names()), (200, vec!["Door".to_owned(), "Gate".to_owned()]));
        assert_eq!(page.tabs(), ["All 2", "Active 1", "Expired 0", "Revoked 1"], "the tabs count what is shown");
        assert_eq!(page.texts("#in-project option[selected]"), ["Kiosk"]);
        assert_eq!(list(&format!("project={kiosk}&status=active")).await.names(), ["Gate"]);
        assert_eq!(list(&format!("project={kiosk}&q=OO")).await.names(), ["Door"]);
        assert_eq!(list(&format!("project={rota}")).await.names(), ["Plan"]);
        assert_eq!(list("project=none").await.names(), ["Loose"]);
        assert_eq!(list("project=").await.names(), ["Door", "Gate", "Loose", "Plan"]);
        let none = list(&format!("project={empty}")).await;
        assert_eq!((none.status, none.texts("#empty h2")), (200, vec!["No keys in this project".to_owned()]));

        // Every link keeps it, and the search sends it by its own field.
        let page = list(&format!("project={kiosk}&status=active")).await;
        let kept = format!("?sort=name&status=active&project={kiosk}");
        let gate = &page.ids()[0];
        assert_eq!(page.attributes("#new-key", "href"), [format!("{}{kept}", address::NEW)]);
        assert_eq!(page.attributes(&format!("#name-{gate}"), "href"), [format!("/settings/developers/keys/{gate}/edit{kept}")]);
        assert_eq!(page.attributes("#tab-all", "href"), [format!("{}?sort=name&project={kiosk}", address::LIST)]);
        assert_eq!(page.attributes("#sort-created", "href"), [format!("{}?status=active&project={kiosk}", address::LIST)]);
    }
);

both_engines!(
    async fn a_project_that_is_not_the_team_s_is_like_none_at_all(world) {
        let mut olga = world.sign_in("olga").await;
        let harbours = world.sign_in("sam").await.create_project("Harbour's").await;
        olga.create_project("Kiosk").await;
        let absent = ProjectId::mint(world.now());
        for htmx in [false, true] {
            let mut olga = if htmx { olga.by_htmx() } else { olga.clone() };
            let mut seen = Vec::new();
            for id in [harbours.as_str(), absent.as_str()] {
                let answer = olga.get(&format!("{}?project={id}", address::LIST)).await;
                assert_eq!(answer.status, 404, "{id}: {}", answer.text());
                let (status, headers, body) = masked(&answer);
                seen.push((status, headers, body.replace(id, "PROJECT")));
            }
            assert_eq!(seen[0], seen[1], "they can be told apart");
        }
        for bad in ["x", "None", "team_01kam0000000000000000000aa", "project_"] {
            assert_eq!(olga.get(&format!("{}?project={bad}", address::LIST)).await.status, 400, "{bad}");
        }
        assert_eq!(olga.get(&format!("{}?project=none&project=none", address::LIST)).await.status, 400);

        // Nor is a key filed under it.
        let form = olga.filled_form(&[("permission", "shifts:read")]).await;
        let mut seen = Vec::new();
        for id in [harbours.as_str(), absent.as_str(), "none", "x", "project_"] {
            let answer = olga.submit(&form.with("project", id)).await;
            let says = "Choose one of the projects, or none.";
            assert_eq!((answer.status, answer.texts("#project-error")), (422, vec![says.to_owned()]), "{id}");
            assert_eq!(answer.texts(".error").len(), 1);
            let (status, headers, body) = masked(&answer);
            seen.push((status, headers, body.replace(id, "PROJECT")));
        }
        assert_eq!(seen[0], seen[1], "they can be told apart");
        assert_eq!(olga.submit(&form.with("project", "").and("project", "")).await.status, 400);
        assert!(world.key_rows().is_empty() && world.creations().is_empty());
    }
);

both_engines!(
    async fn an_archived_project_takes_no_new_key_and_still_finds_its_own(world) {
        let mut olga = world.sign_in("olga").await;
        let kiosk = olga.create_project("Kiosk").await;
        olga.create_project("Rota").await;
        let (door, secret) = file(&mut olga, "Door", kiosk.as_str()).await;
        let late = olga.filled_form(&[("name", "Late"), ("permission", "shifts:read"), ("project", kiosk.as_str())]).await;
        assert_eq!(olga.change_project(projects::ARCHIVAL, &kiosk).await, 303);
        let refused = olga.submit(&late).await;
        assert_eq!((refused.status, refused.texts("#project-error").len()), (422, 1), "{}", refused.text());
        assert_eq!(refused.texts("#project option"), ["No project", "Rota"]);
        assert_eq!(refused.form(address::LIST_OF_KEYS).value("name"), "Late");
        assert_eq!(world.key_rows().len(), 1);

        let list = olga.get(&format!("{}?project={kiosk}", address::LIST)).await;
        assert_eq!((list.names(), list.texts("td.key-project")), (vec!["Door".to_owned()], vec!["Kiosk".to_owned()]));
        assert_eq!(list.texts("#in-project option[selected]"), ["Kiosk (archived)"]);
        assert_eq!(olga.rename(&door, "Back door").await.status, 303, "its keys go on in every way");
        assert_eq!(olga.knock(&secret).await, 200);
        assert_eq!(olga.change_project(projects::RESTORATION, &kiosk).await, 303);
        olga.submit(&late).await.secret();
    }
);

/// Names to sort by, and the projects in that order.
async fn four_projects(olga: &mut Person) -> (Vec<ProjectId>, BTreeMap<String, String>) {
    let mut made = Vec::new();
    let mut names = BTreeMap::new();
    // Made in another order than that of their names; capitals count as small letters.
    for name in ["rota", "Kiosk", "Élan", "kiosk 2"] {
        let project = olga.create_project(name).await;
        names.insert(project.to_string(), fold(name));
        made.push(project);
    }
    (made, names)
}

/// Several pages of keys with many ties: of kinds, projects, statuses and ends.
fn keys_with_ties(made: &[ProjectId], count: i64) -> Vec<Planted> {
    let kinds = ["webapi", "mobile", "analytics"];
    (0..count)
        .map(|n| {
            let mut key = Planted::new(["Sync", "Door"][(n % 2) as usize], NOON - DAY_S * (40 + n % 5));
            key.kind = kinds[(n * n % 3) as usize].to_owned();
            key.project = made.get((n % 5) as usize).cloned();
            key.expires_at = [None, Some(NOON + DAY_S), Some(NOON), Some(NOON - DAY_S)][(n / 5 % 4) as usize];
            key.revoked_at = (n % 7 == 0).then_some(NOON - DAY_S * 2);
            key.made_by = if n % 4 == 0 { "mia" } else { "olga" };
            key
        })
        .collect()
}

fn status(key: &Planted) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= NOON => "expired",
        _ => "active",
    }
}

/// The ids in the order that the list should have, worked out here.
fn expected(
    keys: &[Planted],
    names: &BTreeMap<String, String>,
    sort: &str,
    dir: &str,
    keep: impl Fn(&Planted) -> bool,
) -> Vec<String> {
    let ends = |key: &Planted| key.expires_at.unwrap_or(i64::MAX);
    let mut rows: Vec<&Planted> = keys.iter().filter(|key| keep(key)).collect();
    rows.sort_by_key(|key| key.id.as_str().to_owned());
    match sort {
        "kind" => rows.sort_by_key(|key| key.kind.clone()),
        "project" => rows.sort_by_key(|key| {
            let name = key.project.as_ref().map(|project| names[project.as_str()].clone());
            (name.is_none(), name, status(key), ends(key))
        }),
        "name" => rows.sort_by_key(|key| fold(&key.name)),
        "status" => rows.sort_by_key(|key| (status(key), ends(key))),
        "expiration" => rows.sort_by_key(|key| ends(key)),
        "created" => rows.sort_by_key(|key| key.created_at),
        _ => rows.sort_by_key(|key| key.preview.clone()),
    }
    if dir == "desc" {
        rows.reverse();
    }
    rows.into_iter().map(|key| key.id.as_str().to_owned()).collect()
}

const SORTS: [&str; 7] = ["name", "status", "key", "kind", "project", "created", "expiration"];

both_engines!(
    soul_machines => async fn by_kind_and_by_project_the_list_pages_through_all_keys_both_ways(world) {
        let mut olga = world.sign_in("olga").await;
        let (made, names) = four_projects(&mut olga).await;
        let keys = keys_with_ties(&made, 283);
        world.plant(&keys);
        for sort in ["kind", "project"] {
            for dir in ["asc", "desc"] {
                for only in ["", "active", "revoked"] {
                    let query = format!("?sort={sort}&dir={dir}&status={only}");
                    let pages = all_pages(&mut olga, &query).await;
                    let expected = expected(&keys, &names, sort, dir, |key| only.is_empty() || status(key) == only);
                    assert_eq!(pages.concat(), expected, "{query}");
                    assert!(only == "revoked" || pages.len() > 2, "{query}: several pages");
                }
                let query = format!("?sort={sort}&dir={dir}&q=DOOR");
                let expected = expected(&keys, &names, sort, dir, |key| key.name == "Door");
                assert_eq!(all_pages(&mut olga, &query).await.concat(), expected, "{query}");
            }
        }
    }
);

both_engines!(
    soul_machines => async fn so_does_every_sort_of_one_project_and_of_none(world) {
        let mut olga = world.sign_in("olga").await;
        let (made, names) = four_projects(&mut olga).await;
        let keys = keys_with_ties(&made, 300);
        world.plant(&keys);
        for sort in SORTS {
            for (project, dir, only) in [(Some(&made[1]), "asc", ""), (Some(&made[2]), "desc", "active"), (None, "desc", "")] {
                let word = project.map_or("none".to_owned(), ProjectId::to_string);
                let query = format!("?sort={sort}&dir={dir}&status={only}&project={word}");
                let is_kept = |key: &Planted| key.project.as_ref() == project && (only.is_empty() || status(key) == only);
                let expected = expected(&keys, &names, sort, dir, is_kept);
                assert!(expected.len() > 20, "{query}");
                assert_eq!(all_pages(&mut olga, &query).await.concat(), expected, "{query}");
            }
        }
    }
);

both_engines!(
    soul_machines => async fn so_does_every_sort_of_a_member_s_own_keys(world) {
        world.let_members_manage_keys("Northwind Rota", true);
        let (made, names) = four_projects(&mut world.sign_in("olga").await).await;
        let keys = keys_with_ties(&made, 260);
        world.plant(&keys);
        let mut mia = world.sign_in("mia").await;
        for sort in SORTS {
            let query = format!("?sort={sort}&dir=desc");
            let own = expected(&keys, &names, sort, "desc", |key| key.made_by == "mia");
            assert_eq!(own.len(), 65);
            assert_eq!(all_pages(&mut mia, &query).await.concat(), own, "{query}");
            let query = format!("?sort={sort}&project={}", made[0]);
            let dir = if sort == "created" { "desc" } else { "asc" };
            let own = expected(&keys, &names, sort, dir, |key| key.made_by == "mia" && key.project.as_ref() == Some(&made[0]));
            assert_eq!(all_pages(&mut mia, &query).await.concat(), own, "{query}");
        }
        let page = mia.get(&format!("{}?project={}", address::LIST, made[0])).await;
        assert_eq!(page.tabs()[0], "All 13", "of others' keys not even the number is told");
    }
);

both_engines!(
    soul_machines => async fn the_headings_of_kind_and_project_sort_both_ways(world) {
        let mut olga = world.sign_in("olga").await;
        let kiosk = olga.create_project("Kiosk").await;
        olga.create_key_of(&[("kind", "mobile"), ("permission", "sessions:start"), ("project", kiosk.as_str())]).await;
        let page = olga.get(address::LIST).await;
        assert_eq!(page.texts("thead th"), ["Name", "Status", "Key", "Kind", "Project", "Permissions", "Created", "Expiration", "Actions"]);
        for sort in ["kind", "project"] {
            let heading = format!("#sort-{sort}");
            let once = olga.get(&page.attributes(&heading, "href")[0]).await;
            let twice = olga.get(&once.attributes(&heading, "href")[0]).await;
            let column = format!("th.key-{sort}");
            let said = [once.attributes(&column, "aria-sort"), twice.attributes(&column, "aria-sort")].concat();
            assert_eq!(said, ["ascending", "descending"], "{sort}");
        }
    }
);

both_engines!(
    soul_machines => async fn pages_by_project_stay_whole_when_it_is_renamed_meanwhile(world) {
        let mut olga = world.sign_in("olga").await;
        let (made, mut names) = four_projects(&mut olga).await;
        let keys = keys_with_ties(&made, 240);
        world.plant(&keys);
        let first = olga.get(&format!("{}?sort=project", address::LIST)).await;
        // Élan, of which the first page ends in the midst or before, goes to the end of the projects.
        let form = olga.bare_form(&projects::of(projects::EDIT, &made[2])).await.with("name", "Zebra");
        assert_eq!(olga.submit(&form).await.status, 303);
        names.insert(made[2].to_string(), "zebra".into());
        let order = expected(&keys, &names, "project", "asc", |_| true);
        let last = first.ids().pop().unwrap();
        let at = order.iter().position(|id| *id == last).unwrap();
        let next = olga.get(&first.attributes("#page-next", "href")[0]).await;
        assert_eq!(next.ids(), order[at + 1..(at + 51).min(order.len())], "it goes on behind the last row, where that stands now");
    }
);
