//! Every route × every person: generated from the tables of `app.rs`. A route that these tests have not
//! been told how to call fails them.

use keyrack::app::{Access, DOORS, GATE_DOORS, PAGES, Route};
use keyrack::people::member::Role;
use keyrack::{assets, docs, gate, health, keys, people, projects};

use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::{PASSWORD, Person, World, cast};

/// An id of the right form that no key has.
const ABSENT: &str = "key_01kam0000000000000000000aa";
/// An id of the right form that no team has.
const ABSENT_TEAM: &str = "team_01kam0000000000000000000aa";
/// The team whose keys it is about.
const TEAM: &str = "Northwind Rota";

/// Who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Anonymous,
    Member,
    /// A member while the team lets members manage their own keys; none of the keys is theirs.
    Keeper,
    Viewer,
    Admin,
    /// Owner of another team.
    Stranger,
    /// Owner of another team, and there now; joined this one later, as a viewer.
    Guest,
    /// The same person, who went on in this team.
    Switched,
    /// Was an owner of this team until a moment ago.
    Removed,
    Owner,
}

/// The owner last: only what they do changes anything.
const EVERYBODY: [Who; 10] = [
    Who::Anonymous,
    Who::Member,
    Who::Keeper,
    Who::Viewer,
    Who::Admin,
    Who::Stranger,
    Who::Guest,
    Who::Switched,
    Who::Removed,
    Who::Owner,
];

impl Who {
    /// Whether the team that they are in now is another.
    fn is_elsewhere(self) -> bool {
        matches!(self, Who::Stranger | Who::Guest)
    }
}

/// Somebody at their browser, with a token and a team for forms.
struct Caller {
    who: Who,
    person: Person,
    /// The sign-in form they were shown once: its token is bound to their browser.
    visitor_token: String,
    /// What every form of theirs carries, if they are signed in.
    envelope: Vec<(String, String)>,
}

impl Caller {
    /// Signs in, and sets the team's setting as it is for them.
    async fn new(world: &World, who: Who) -> Caller {
        world.let_members_manage_keys(TEAM, who == Who::Keeper);
        let mut person = world.visitor();
        let form = person.get(people::address::LOGIN).await.form(people::address::LOGIN);
        let visitor_token = form.value("token").to_owned();
        let name = match who {
            Who::Anonymous => return Caller { who, person, visitor_token, envelope: Vec::new() },
            Who::Member | Who::Keeper => "mia",
            Who::Viewer => "vera",
            Who::Admin => "adam",
            Who::Stranger => "sam",
            Who::Owner => "olga",
            Who::Guest | Who::Switched => "gina",
            Who::Removed => "rita",
        };
        let email = cast::email(name);
        let answer = person.submit(&form.with("email", &email).with("password", PASSWORD)).await;
        assert_eq!(answer.status, 303, "{who:?} cannot sign in");
        if who == Who::Switched {
            let form = person.get(people::address::SECURITY).await.form("/teams/");
            assert_eq!(person.submit(&form).await.status, 303);
        }
        let envelope = person.get(people::address::SECURITY).await.form(people::address::LOGOUT).fields;
        assert_eq!(envelope.len(), 2, "token and team");
        if who == Who::Removed {
            world.remove_member(&email);
        }
        Caller { who, person, visitor_token, envelope }
    }

    fn is_signed_in(&self) -> bool {
        !matches!(self.who, Who::Anonymous | Who::Removed)
    }

    async fn call(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        if method != "POST" {
            let method = if method == "ANY" { "GET" } else { method };
            return self.person.send(method.parse().unwrap(), path, None).await;
        }
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let envelope = match path {
            gate::address::VERIFY | gate::address::INTROSPECT => Vec::new(),
            people::address::LOGIN | people::address::SETUP => vec![("token".into(), self.visitor_token.clone())],
            _ => self.envelope.clone(),
        };
        let form = Form { action: path.to_owned(), fields: envelope.into_iter().chain(fields).collect() };
        self.person.submit(&form).await
    }
}

/// What addresses name: the team, a project of it, and two keys, one Active, one Revoked.
struct Ids {
    project: String,
    live: String,
    spent: String,
    team: String,
}

impl Ids {
    async fn made_by(owner: &mut Caller, world: &World) -> Ids {
        for name in ["live", "spent"] {
            let form = owner.person.get(keys::address::NEW).await.form(keys::address::LIST_OF_KEYS);
            let answer = owner.person.submit(&form.with("name", name).with("permission", "shifts:read")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.texts("[data-secret]").iter().for_each(|secret| crate::world::logs::remember(secret));
        }
        let find = |wanted: &str| world.key_rows().into_iter().find(|row| row.name == wanted).expect("made").id;
        let form = owner.person.get(projects::address::LIST).await.form(projects::address::LIST);
        assert_eq!(owner.person.submit(&form.with("name", "Kiosk")).await.status, 303);
        let project = world.texts("SELECT id AS value FROM projects").remove(0);
        let ids = Ids { live: find("live"), spent: find("spent"), team: world.team_named(TEAM), project };
        let revocation = keys::address::REVOCATION.replace("{id}", &ids.spent);
        assert_eq!(owner.call("POST", &revocation, &[]).await.status, 303);
        ids
    }

    /// Ids that nothing has.
    fn absent() -> Ids {
        let project = "project_01kam0000000000000000000aa".into();
        Ids { live: ABSENT.into(), spent: ABSENT.into(), team: ABSENT_TEAM.into(), project }
    }

    /// What is no id.
    fn none() -> Ids {
        Ids { live: "no-id".into(), spent: "no-id".into(), team: "no-id".into(), project: "no-id".into() }
    }
}

/// How a route is called so that it does what it is for, and the status it then answers with.
fn good_call(route: &Route, ids: &Ids) -> (String, Vec<(&'static str, &'static str)>, u16) {
    let (pattern, method, _) = *route;
    let (id, fields, status): (&str, &[_], u16) = match (pattern, method) {
        ("/", "GET") => ("", &[], 303),
        // There is an owner: nobody gets here any more.
        (people::address::SETUP, "GET") => ("", &[], 404),
        (people::address::SETUP, "POST") => {
            ("", &[("team_name", "A"), ("name", "B"), ("email", "c@d"), ("password", "e")], 404)
        }
        (people::address::LOGIN, "GET") => ("", &[], 200),
        (people::address::LOGIN, "POST") => ("", &[("email", "nobody@else.example"), ("password", "guess")], 401),
        (people::address::LOGOUT, "POST") => ("", &[], 303),
        (people::address::SECURITY, "GET") => ("", &[], 200),
        (people::address::SECURITY, "POST") => ("", &[("current_password", PASSWORD), ("new_password", "weak")], 422),
        (people::address::CURRENT_TEAM, "POST") => (&ids.team, &[], 303),
        (people::address::TEAM, "GET" | "POST") => ("", &[], 200),
        (keys::address::LIST, "GET") => ("", &[], 200),
        (keys::address::ALIAS, "GET") => ("", &[], 308),
        // Complete but for the name: refused as a form, after everything else was found good.
        (keys::address::LIST_OF_KEYS, "POST") => {
            ("", &[("name", ""), ("permission", "shifts:read"), ("expiration", "never"), ("nonce", NONCE)], 422)
        }
        (keys::address::NEW, "GET") => ("", &[], 200),
        (keys::address::KEY, "GET") => (&ids.live, &[], 200),
        // Without htmx it leads to the details.
        (keys::address::REFUSALS, "GET") => (&ids.spent, &[], 303),
        (keys::address::USING, "GET") => ("", &[], 303),
        (keys::address::EDIT, "GET") => (&ids.live, &[], 200),
        (keys::address::EDIT, "POST") => (&ids.live, &[("name", "renamed")], 303),
        (keys::address::REVOCATION, "GET") => (&ids.live, &[], 200),
        (keys::address::REVOCATION, "POST") => (&ids.live, &[], 303),
        (keys::address::DELETION, "GET") => (&ids.spent, &[], 200),
        (keys::address::DELETION, "POST") => (&ids.spent, &[], 303),
        (keys::address::REVOCATION_OF_ALL, "GET") => ("", &[], 200),
        // Complete but for the team's right name.
        (keys::address::REVOCATION_OF_ALL, "POST") => ("", &[("team_name", "Another")], 422),
        (projects::address::LIST, "GET") => ("", &[], 200),
        (projects::address::LIST, "POST") => ("", &[("name", "")], 422),
        (projects::address::EDIT, "GET") => (&ids.project, &[], 200),
        (projects::address::EDIT, "POST") => (&ids.project, &[("name", "Renamed")], 303),
        (projects::address::ARCHIVAL, "GET") => (&ids.project, &[], 200),
        (projects::address::ARCHIVAL | projects::address::RESTORATION, "POST") => (&ids.project, &[], 303),
        (docs::ADDRESS | docs::GATEWAY, "GET") => ("", &[], 200),
        (health::UP | health::READY | gate::address::OPENAPI | gate::address::OAUTH_METADATA, "GET") => ("", &[], 200),
        // No key is presented.
        (gate::address::OWN_KEY, "GET" | "DELETE") => ("", &[], 401),
        // The catalog lets no web pages read it.
        (gate::address::OWN_KEY, "OPTIONS") => ("", &[], 405),
        (
            gate::address::NGINX | gate::address::INGRESS_NGINX | gate::address::TRAEFIK | gate::address::CADDY,
            "ANY",
        ) => {
            return (format!("{pattern}?require=shifts:read"), Vec::new(), 401);
        }
        (gate::address::ENVOY, "ANY") => return ("/auth/envoy/-/shifts:read//".to_owned(), Vec::new(), 401),
        // A form is no question in JSON.
        (gate::address::VERIFY, "POST") => ("", &[("key", "x")], 400),
        (gate::address::INTROSPECT, "POST") => ("", &[("token", "x")], 200),
        (assets::ADDRESS, "GET") => return (assets::url("icon.svg").to_owned(), Vec::new(), 200),
        other => panic!("tell tests/access.rs how to call {other:?}"),
    };
    (pattern.replace("{id}", id).replace("{proxy}", "caddy"), fields.to_vec(), status)
}

/// As a create form carries it: 256 bits.
const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a route has to answer to somebody, if called well.
fn expected(route: &Route, caller: &Caller, good: u16) -> u16 {
    let (pattern, method, access) = *route;
    let names_a_project = pattern.starts_with(projects::address::LIST) && pattern.contains("{id}");
    let names_a_key = pattern.starts_with(keys::address::LIST_OF_KEYS) && pattern.contains("{id}");
    match access {
        // Who is signed in needs no form to sign in.
        Access::Open if (pattern, method) == (people::address::LOGIN, "GET") && caller.is_signed_in() => 303,
        Access::Open | Access::FirstRun | Access::OwnKey | Access::Asker => good,
        _ if !caller.is_signed_in() => 303,
        Access::SignedIn if pattern == people::address::CURRENT_TEAM && caller.who == Who::Stranger => 404,
        Access::SignedIn => good,
        Access::SeeKeys | Access::KeepKeys if caller.who == Who::Member => 403,
        Access::KeepKeys if matches!(caller.who, Who::Viewer | Who::Switched | Who::Admin) => 403,
        Access::SeeKeys | Access::KeepKeys if caller.who.is_elsewhere() && names_a_key => 404,
        // None of them is theirs.
        Access::SeeKeys | Access::KeepKeys if caller.who == Who::Keeper && names_a_key => 404,
        Access::SeeKeys | Access::KeepKeys => good,
        Access::KeepTeam if caller.who.is_elsewhere() && names_a_project => 404,
        Access::SeeTeam if matches!(caller.who, Who::Owner | Who::Admin) || caller.who.is_elsewhere() => good,
        Access::KeepTeam if caller.who == Who::Owner || caller.who.is_elsewhere() => good,
        Access::SeeTeam | Access::KeepTeam => 403,
    }
}

fn is_asking_to_sign_in(answer: &Answer) -> bool {
    answer.location().starts_with("/login?next=")
}

/// Rita owns the team too, for a while. Gina is a viewer of it, but owned another before.
fn bring_in_rita_and_gina(world: &World) {
    let hash = world.password_hash("olga@northwind.example");
    for (name, n) in [("rita", "rr"), ("gina", "gg")] {
        let (person, email) = (format!("person_01kam0000000000000000000{n}"), cast::email(name));
        let columns = "id, email, email_folded, name, password_hash, password_version, created_at";
        let values = format!("'{person}', '{email}', '{email}', '{name}', '{hash}', 0, {}", world.now().unix());
        world.execute(&format!("INSERT INTO people ({columns}) VALUES ({values})")).unwrap();
    }
    world.join(&cast::email("rita"), TEAM, Role::Owner);
    world.join(&cast::email("gina"), "Harbour", Role::Owner);
    world.clock.advance(1);
    world.join(&cast::email("gina"), TEAM, Role::Viewer);
}

both_engines!(
    async fn every_route_answers_every_person_as_the_table_says(world) {
        bring_in_rita_and_gina(&world);
        let mut owner = Caller::new(&world, Who::Owner).await;
        let ids = Ids::made_by(&mut owner, &world).await;
        for who in EVERYBODY {
            let before = world.key_rows();
            let mut caller = Caller::new(&world, who).await;
            // Deletion last: it needs the key that the others have left alone.
            for route in DOORS.iter().chain(GATE_DOORS).chain(PAGES) {
                let (path, fields, good) = good_call(route, &ids);
                let wanted = expected(route, &caller, good);
                if route.0 == people::address::LOGIN && route.1 == "POST" {
                    world.clock.advance(600); // one wrong try each: none has to wait
                }
                let answer = caller.call(route.1, &path, &fields).await;
                assert_eq!(answer.status, wanted, "{who:?} {route:?}: {}", answer.text());
                let needs_a_person = !matches!(route.2, Access::Open | Access::FirstRun | Access::OwnKey | Access::Asker);
                let is_turned_away = needs_a_person && !caller.is_signed_in();
                assert_eq!(is_asking_to_sign_in(&answer), is_turned_away, "{who:?} {route:?}: {}", answer.location());
                if matches!(route.0, people::address::LOGOUT | people::address::CURRENT_TEAM) {
                    caller = if who == Who::Removed { caller } else { Caller::new(&world, who).await };
                }
            }
            let after = world.key_rows();
            assert_eq!(before == after, who != Who::Owner, "{who:?} changed keys, or could not: {before:?} {after:?}");
        }
    }
);

both_engines!(
    async fn a_role_that_is_too_low_is_told_before_the_id_is_looked_up(world) {
        let mut owner = Caller::new(&world, Who::Owner).await;
        let ids = Ids::made_by(&mut owner, &world).await;
        let absent = Ids::absent();
        bring_in_rita_and_gina(&world);
        let keeps = |access: Access| matches!(access, Access::KeepKeys | Access::KeepTeam);
        for who in [Who::Member, Who::Viewer, Who::Switched, Who::Admin] {
            let mut caller = Caller::new(&world, who).await;
            for route in PAGES.iter().filter(|route| route.0.contains("{id}") && keeps(route.2)) {
                let (mut bodies, mut statuses) = (Vec::new(), Vec::new());
                for ids in [&ids, &absent] {
                    let (path, fields, _) = good_call(route, ids);
                    let answer = caller.call(route.1, &path, &fields).await;
                    statuses.push(answer.status);
                    bodies.push(answer.masked());
                }
                assert_eq!(statuses, [403, 403], "{who:?} {route:?}");
                assert_eq!(bodies[0], bodies[1], "{who:?} {route:?}");
            }
        }
    }
);

both_engines!(
    async fn what_is_anothers_cannot_be_told_from_none(world) {
        let mut owner = Caller::new(&world, Who::Owner).await;
        let ids = Ids::made_by(&mut owner, &world).await;
        bring_in_rita_and_gina(&world);
        for who in [Who::Stranger, Who::Guest, Who::Keeper] {
            let mut caller = Caller::new(&world, who).await;
            // Guest and Keeper are in that team.
            let is_theirs = |route: &&Route| route.0 == people::address::CURRENT_TEAM && who != Who::Stranger;
            let is_refused = |route: &&Route| route.2 == Access::KeepTeam && who == Who::Keeper;
            let names_something = |route: &&Route| route.0.contains("{id}") && !is_theirs(route) && !is_refused(route);
            for route in PAGES.iter().filter(names_something) {
                let mut answers = Vec::new();
                for ids in [&ids, &Ids::absent(), &Ids::none()] {
                    let (path, fields, _) = good_call(route, ids);
                    let answer = caller.call(route.1, &path, &fields).await;
                    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
                    headers.sort();
                    answers.push((answer.status, headers, answer.masked()));
                }
                assert_eq!(answers[0].0, 404, "{who:?} {route:?}");
                assert!(answers[0] == answers[1] && answers[0] == answers[2], "{who:?} {route:?}: {answers:?}");
            }
        }
    }
);

both_engines!(
    async fn who_is_signed_out_gets_a_prompt_where_htmx_asks(world) {
        let ids = Ids::absent();
        let needs_a_person = |route: &&Route| !matches!(route.2, Access::Open | Access::FirstRun | Access::OwnKey | Access::Asker);
        for route in PAGES.iter().filter(needs_a_person) {
            let mut caller = Caller::new(&world, Who::Anonymous).await;
            caller.person = caller.person.by_htmx();
            let (path, fields, _) = good_call(route, &ids);
            let answer = caller.call(route.1, &path, &fields).await;
            assert_eq!(answer.status, 401, "{route:?}");
            assert!(answer.text().contains("You are signed out"), "{route:?}: {}", answer.text());
            assert!(!answer.body.contains("<html"), "{route:?}: a fragment");
        }
    }
);

both_engines!(
    async fn every_form_needs_a_token_and_a_team_of_its_sender(world) {
        let mut owner = Caller::new(&world, Who::Owner).await;
        let ids = Ids::made_by(&mut owner, &world).await;
        let stranger = Caller::new(&world, Who::Stranger).await;
        let before = world.key_rows();
        let token_of = |caller: &Caller| caller.envelope.iter().find(|(name, _)| name == "token").unwrap().1.clone();
        for route in PAGES.iter().filter(|route| route.1 == "POST") {
            let (path, fields, _) = good_call(route, &ids);
            let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let is_visitors = matches!(route.2, Access::Open | Access::FirstRun);
            let envelope = match is_visitors {
                true => vec![("token".to_owned(), owner.visitor_token.clone())],
                false => owner.envelope.clone(),
            };
            let good = Form { action: path, fields: envelope.into_iter().chain(fields).collect() };
            let mut bad = vec![
                (403, good.without("token")),
                (403, good.with("token", "")),
                (403, good.with("token", "guess")),
                (403, good.with("token", &token_of(&stranger))),
                (403, good.with("token", &stranger.visitor_token)),
                (403, good.and("token", good.value("token"))),
                (400, good.and("surplus", "1")),
            ];
            if is_visitors {
                bad.push((403, good.with("token", &token_of(&owner))));
                bad.push((400, good.and("team", "team_x")));
            } else {
                bad.push((400, good.without("team")));
                bad.push((400, good.and("team", good.value("team"))));
                bad.push((409, good.with("team", ABSENT_TEAM)));
            }
            for (status, form) in bad {
                let answer = owner.person.submit(&form).await;
                assert_eq!(answer.status, status, "{route:?} {:?}: {}", form.fields, answer.text());
            }
        }
        assert_eq!(world.key_rows(), before);
        assert!(world.events_of("signed_out").is_empty());
    }
);

/// The methods that an address answers to, as `Allow` lists them.
fn allowed(path: &str) -> String {
    let routes = PAGES.iter().chain(DOORS).chain(GATE_DOORS).filter(|route| route.0 == path);
    let methods = routes.map(|route| if route.1 == "GET" { "GET, HEAD" } else { route.1 });
    methods.collect::<Vec<_>>().join(", ")
}

both_engines!(
    async fn every_other_method_is_refused_and_told_which_there_are(world) {
        let ids = Ids::absent();
        let mut nobody = world.visitor();
        let mut patterns: Vec<&str> = PAGES.iter().chain(DOORS).chain(GATE_DOORS).map(|route| route.0).collect();
        patterns.dedup();
        for pattern in patterns {
            let route = PAGES.iter().chain(DOORS).chain(GATE_DOORS).find(|route| route.0 == pattern).unwrap();
            if route.1 == "ANY" {
                continue;
            }
            let (path, _, _) = good_call(route, &ids);
            let allowed = allowed(pattern);
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                if allowed.split(", ").any(|known| known == method) {
                    continue;
                }
                let answer = nobody.send(method.parse().unwrap(), &path, None).await;
                assert_eq!((answer.status, answer.header("allow")), (405, allowed.as_str()), "{method} {path}");
            }
        }
    }
);

both_engines!(
    async fn head_answers_as_get_does_without_a_body(world) {
        let mut owner = Caller::new(&world, Who::Owner).await;
        let ids = Ids::made_by(&mut owner, &world).await;
        for route in PAGES.iter().chain(DOORS).chain(GATE_DOORS).filter(|route| route.1 == "GET") {
            let (path, _, good) = good_call(route, &ids);
            let wanted = expected(route, &owner, good);
            let answer = owner.call("HEAD", &path, &[]).await;
            assert_eq!((answer.status, answer.body.as_str()), (wanted, ""), "{path}");
            assert!(!answer.header("x-request-id").is_empty());
        }
    }
);

/// The tables and the routes come out of one macro: there is no other way into the app.
#[test]
fn no_route_stands_outside_the_tables() {
    let mut found = Vec::new();
    for (path, text) in crate::house::sources() {
        let code = crate::house::code(&text);
        for way_in in
            [".route(", ".service(", "web::resource", ".default_service(", "#[get", "#[post", "#[route", ".to("]
        {
            let times = code.matches(way_in).count();
            if times > 0 && !(way_in == ".to(" && path != "src/app.rs") {
                found.push(format!("{path} {way_in} {times}"));
            }
        }
    }
    found.sort();
    let macro_and_scope = [
        "src/app.rs .default_service( 2", // wrong methods in the macro, unknown addresses in the scope
        "src/app.rs .route( 1",
        "src/app.rs .service( 4", // the figures' own server, the macro's resources, the scope that is observed, and in it that of the pages
        "src/app.rs .to( 1",
        "src/app.rs web::resource 2",
    ];
    assert_eq!(found, macro_and_scope);
}
