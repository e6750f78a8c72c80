//! `keyrack demo`: fills an empty database with two teams, an account per role, and keys in every
//! state, so that one can look around; and with as many more keys as one wants to measure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::demo_use;
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::config::BadSetting;
use crate::fault::Fault;
use crate::keys::addresses::Addresses;
use crate::keys::bounds::Bounds;
use crate::keys::catalog::{Catalog, Kind, Resource};
use crate::keys::domains::Domains;
use crate::keys::expiration::Expiration;
use crate::keys::grants::{Grant, Grants};
use crate::keys::key::{Actor, ApiKey, KeyId};
use crate::keys::name::KeyName;
use crate::keys::realm::Realm;
use crate::keys::secret::KeySecret;
use crate::keys::store as keys_store;
use crate::keys::toggles::Toggles;
use crate::people::member::{Email, Person, Role, ShownName, Team};
use crate::people::password::{self, NewPassword, PasswordHashText};
use crate::people::session;
use crate::people::store as people_store;
use crate::projects::project::{Filing, Project, ProjectId, ProjectName};
use crate::projects::store as projects_store;
use crate::store::{Db, Store};

const DAY_S: i64 = 86_400;
/// Keys written in one transaction.
const BATCH: u64 = 2_000;

const CAST: [(&str, &str, Role, &str); 5] = [
    ("olga@northwind.example", "Olga Berg", Role::Owner, "Northwind Rota"),
    ("adam@northwind.example", "Adam Costa", Role::Admin, "Northwind Rota"),
    ("vera@northwind.example", "Vera Lindt", Role::Viewer, "Northwind Rota"),
    ("mia@northwind.example", "Mia Okafor", Role::Member, "Northwind Rota"),
    ("sam@harbour.example", "Sam Reyes", Role::Owner, "Harbour"),
];

/// A key of the demo: name, permissions, days since it was made, days until it ends, days since it was revoked.
type DemoKey = (&'static str, &'static str, i64, Option<i64>, Option<i64>);

const KEYS: [DemoKey; 6] = [
    ("Old Zapier hook", "users:read", 314, None, Some(190)),
    ("Q2 data migration", "shifts:read shifts:write", 174, Some(-144), None),
    ("Website widget", "shifts:read", 112, Some(253), None),
    ("Payroll export", "assignments:read leaves:read", 64, Some(9), None),
    ("HR sync – production", "shifts:read shifts:write users:read", 18, Some(74), None),
    ("Staging integration", "shifts:read assignments:read users:read leaves:read", 0, None, None),
];

const PROJECTS: [&str; 2] = ["Front desk", "Staff app"];

/// What the demo is asked for.
pub struct Wish<'a> {
    /// What its keys may be granted.
    pub catalog: &'a Catalog,
    /// The password of every account; none: one is drawn.
    pub password: Option<&'a str>,
    /// So many more keys.
    pub keys: u64,
    /// The file that gets their secrets.
    pub secrets: Option<&'a Path>,
}

/// Fills an empty database; answers the password of the accounts.
pub fn fill(store: &Store, wish: &Wish<'_>, now: Moment) -> Result<String, BadSetting> {
    if store.read_here(people_store::has_owner).map_err(told)? {
        return Err(BadSetting("the demo wants an empty database, and this one has an owner".into()));
    }
    let password = wish.password.map_or_else(password::draw, str::to_owned);
    let judged = NewPassword::parse(&password, &[]);
    let judged = judged.map_err(|why| BadSetting(format!("--password is refused: {why}")))?;
    let hash = password::hash(&judged);
    let catalog = wish.catalog;
    let (team, owner) = store.write_here(|db| write_people_and_keys(db, catalog, &hash, now)).map_err(told)?;
    if let Some(file) = wish.secrets {
        let more = More { store, catalog, team: &team, owner: &owner, now };
        more.write(wish.keys, file)?;
    }
    Ok(password)
}

/// The accounts, for printing.
pub fn accounts() -> impl Iterator<Item = (&'static str, &'static str)> {
    CAST.into_iter().map(|(email, _, role, _)| (email, role.label()))
}

fn told(fault: Fault) -> BadSetting {
    BadSetting(format!("the database does not answer: {fault}"))
}

fn ours<T>(parsed: Result<T, impl std::fmt::Display>) -> Result<T, Fault> {
    parsed.map_err(|why| Fault::broken(why.to_string()))
}

/// The accounts alone, without keys: the cast of the tests.
pub fn write_people(store: &Store, hash: &PasswordHashText, now: Moment) -> Result<(), Fault> {
    store.write_here(|db| write_cast(db, hash, now)).map(|_| ())
}

fn write_cast(db: &mut Db, hash: &PasswordHashText, now: Moment) -> Result<(Team, Person), Fault> {
    let made = now.plus_seconds(-320 * DAY_S);
    let mut first = None;
    for (email, name, role, team) in CAST {
        let team_name = ours(ShownName::parse(team))?;
        let team = match people_store::find_team_named(db, &team_name)? {
            Some(team) => team,
            None => people_store::insert_team(db, &team_name, made)?,
        };
        let person =
            people_store::insert_person(db, &ours(Email::parse(email))?, &ours(ShownName::parse(name))?, hash, made)?;
        people_store::insert_member(db, &person.id, &team.id, role, made)?;
        first.get_or_insert((team, person));
    }
    first.ok_or_else(|| Fault::broken("the demo has no cast"))
}

fn write_people_and_keys(
    db: &mut Db,
    catalog: &Catalog,
    hash: &PasswordHashText,
    now: Moment,
) -> Result<(Team, Person), Fault> {
    let (team, owner) = write_cast(db, hash, now)?;
    let projects = write_projects(db, catalog, &team, now)?;
    let mut keys = Vec::new();
    for (n, key) in KEYS.into_iter().enumerate() {
        let choice = Choice::of(n, key.1, catalog, &projects)?;
        keys.push(write_key(db, choice, &team, &owner, key, now)?);
    }
    demo_use::write(db, &keys, now)?;
    Ok((team, owner))
}

/// A catalog of several kinds is a product with several parts: its demo files keys under projects.
fn write_projects(db: &mut Db, catalog: &Catalog, team: &Team, now: Moment) -> Result<Vec<Project>, Fault> {
    let names: &[&str] = if catalog.kinds().len() > 1 { &PROJECTS } else { &[] };
    let made = now.plus_seconds(-318 * DAY_S);
    let project = |name: &&str| {
        let (id, team, name) = (ProjectId::mint(made), team.id.clone(), ours(ProjectName::parse(name))?);
        Ok(Project { id, team, name, created_at: made, archived_at: None })
    };
    let projects = names.iter().map(project).collect::<Result<Vec<_>, Fault>>()?;
    for project in &projects {
        projects_store::insert(db, project)?;
    }
    Ok(projects)
}

/// What is chosen for a key of the demo, from whatever the catalog offers.
struct Choice<'a> {
    kind: &'a Kind,
    grants: Grants,
    filing: Option<Filing>,
    bounds: Bounds,
}

impl<'a> Choice<'a> {
    /// For the `n`th key: these permissions if the catalog offers them, else some of what it has.
    fn of(n: usize, permissions: &str, catalog: &'a Catalog, projects: &[Project]) -> Result<Choice<'a>, Fault> {
        let kind = &catalog.kinds()[n % catalog.kinds().len()];
        let grants = wanted(permissions, catalog, kind).or_else(|| some_grants(n, catalog, kind));
        let filing = projects.get(n % (projects.len() + 1)).map(Project::filing);
        let domains = if kind.has_domains { "app.northwind.example\n*.rota.northwind.example" } else { "" };
        let bounds = Bounds {
            domains: ours(Domains::parse(domains))?,
            addresses: Addresses::default(),
            toggles: ours(Toggles::choose(kind, &BTreeMap::new()))?,
        };
        let grants = grants.ok_or_else(|| Fault::broken("a demo key without permissions"))?;
        Ok(Choice { kind, grants, filing, bounds })
    }
}

fn wanted(permissions: &str, catalog: &Catalog, kind: &Kind) -> Option<Grants> {
    let permissions: Vec<String> = permissions.split(' ').map(str::to_owned).collect();
    let is_offered = |text: &String| {
        let grant = Grant::parse(text)?;
        let mut offered = catalog.resources_for(kind).filter(|resource| resource.id == grant.resource());
        offered.any(|resource| resource.action(grant.action()).is_some()).then_some(grant)
    };
    Grants::new(permissions.iter().map(is_offered).collect::<Option<Vec<_>>>()?, [])
}

/// Two resources, the first with one action more than the second, which is held to a few fields if it has some.
fn some_grants(n: usize, catalog: &Catalog, kind: &Kind) -> Option<Grants> {
    let offered: Vec<&Resource> = catalog.resources_for(kind).collect();
    let (first, second) = (offered.get(2 * n % offered.len())?, offered.get((2 * n + 1) % offered.len())?);
    let grants = |resource: &Resource, actions: usize| {
        let ids = resource.actions.iter().take(actions).map(|action| format!("{}:{}", resource.id, action.id));
        ids.filter_map(|text| Grant::parse(&text)).collect::<Vec<_>>()
    };
    let few: BTreeSet<String> = second.fields.iter().take(3).map(|field| field.id.clone()).collect();
    let fields = (!few.is_empty() && first.id != second.id).then(|| (second.id.clone(), few));
    Grants::new(grants(first, 2).into_iter().chain(grants(second, 1)), fields)
}

fn write_key(
    db: &mut Db,
    choice: Choice<'_>,
    team: &Team,
    owner: &Person,
    key: DemoKey,
    now: Moment,
) -> Result<KeyId, Fault> {
    let (name, _, made_days_ago, ends_in_days, revoked_days_ago) = key;
    let days = |n: i64| now.plus_seconds(n * DAY_S);
    let made = days(-made_days_ago);
    let secret = KeySecret::mint_from_os(&choice.kind.prefix);
    let Choice { kind, grants, filing, bounds } = choice;
    let plain = new_key(kind, team, owner, name, grants, &secret, made)?;
    let key = ApiKey { expiration: Expiration(ends_in_days.map(days)), filing, bounds, ..plain };
    keys_store::insert(db, &key, &secret.digest(), &session::draw())?;
    record(db, &key, owner, Action::KeyCreated, made)?;
    if let Some(days_ago) = revoked_days_ago {
        keys_store::revoke(db, &Realm::of_team(team.id.clone()), &key.id, &owner.id, days(-days_ago))?;
        record(db, &key, owner, Action::KeyRevoked, days(-days_ago))?;
    }
    Ok(key.id)
}

/// A key that never expires, in no project.
fn new_key(
    kind: &Kind,
    team: &Team,
    owner: &Person,
    name: &str,
    grants: Grants,
    secret: &KeySecret,
    made: Moment,
) -> Result<ApiKey, Fault> {
    Ok(ApiKey {
        id: KeyId::mint(made),
        team: team.id.clone(),
        name: ours(KeyName::parse(name))?,
        kind: kind.id.clone(),
        preview: secret.preview(),
        published: secret.published(kind),
        grants,
        filing: None,
        bounds: Bounds::default(),
        created_at: made,
        created_by: Actor { person: owner.id.clone(), name: owner.name.clone() },
        expiration: Expiration(None),
        revoked: None,
        last_use: None,
    })
}

fn record(db: &mut Db, key: &ApiKey, owner: &Person, action: Action, at: Moment) -> Result<(), Fault> {
    let who = Who { person: Some(owner.id.clone()), address: None };
    let (team, subject, detail) = (Some(key.team.clone()), key.id.to_string(), key.name.to_string());
    audit::record(db, &Event { at, who, team, action, subject, detail })
}

/// Many keys, for measuring.
struct More<'a> {
    store: &'a Store,
    catalog: &'a Catalog,
    team: &'a Team,
    owner: &'a Person,
    now: Moment,
}

impl More<'_> {
    fn write(&self, keys: u64, file: &Path) -> Result<(), BadSetting> {
        let unwritable = |e: std::io::Error| BadSetting(format!("--secrets {}: {e}", file.display()));
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(unwritable)?;
        let mut secrets = BufWriter::new(opened);
        for first in (0..keys).step_by(BATCH as usize) {
            let batch = first..keys.min(first + BATCH);
            let written =
                self.store.write_here(|db| batch.map(|n| self.write_one(db, n)).collect::<Result<Vec<_>, _>>());
            for secret in written.map_err(told)? {
                writeln!(secrets, "{}", secret.expose()).map_err(unwritable)?;
            }
        }
        secrets.flush().map_err(unwritable)
    }

    fn write_one(&self, db: &mut Db, n: u64) -> Result<KeySecret, Fault> {
        let secret = KeySecret::mint_from_os(&self.catalog.default_kind().prefix);
        // Spread over a year before the demo's own, so that those stay on the first page.
        let made = self.now.plus_seconds(-365 * DAY_S - i64::try_from(n).unwrap_or(0) % (300 * DAY_S));
        let grants =
            Grants::new([self.least_grant()?], []).ok_or_else(|| Fault::broken("a demo key without permissions"))?;
        let name = format!("{} {n}", NAMES[usize::try_from(n).unwrap_or(0) % NAMES.len()]);
        let key = new_key(self.catalog.default_kind(), self.team, self.owner, &name, grants, &secret, made)?;
        keys_store::insert(db, &key, &secret.digest(), &session::draw())?;
        record(db, &key, self.owner, Action::KeyCreated, made)?;
        Ok(secret)
    }

    /// `shifts:read`, or the first grant that the catalog's first kind can be given.
    fn least_grant(&self) -> Result<Grant, Fault> {
        let mut offered = self.catalog.resources_for(self.catalog.default_kind());
        let shifts = offered.clone().find(|resource| resource.id == "shifts" && resource.action("read").is_some());
        let first = || {
            let resource = offered.next()?;
            Grant::parse(&format!("{}:{}", resource.id, resource.actions.first()?.id))
        };
        let wanted = shifts.and_then(|_| Grant::parse("shifts:read"));
        wanted.or_else(first).ok_or_else(|| Fault::broken("the catalog grants nothing"))
    }
}

const NAMES: [&str; 7] =
    ["Nightly export", "HR sync", "Payroll run", "Kiosk", "Website widget", "Shift planner", "Data warehouse"];
