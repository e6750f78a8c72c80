//! Keys in the hands of tests: made through the page or straight in the table, and what the store holds of them.

use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use keyrack::clock::Moment;
use keyrack::fault::Fault;
use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use keyrack::keys::name::fold;
use keyrack::projects::project::ProjectId;
use keyrack::store::Db;
use keyrack::store::schema::{audit_log, creations, keys, members, people, tombstones};
use sha2::{Digest, Sha256};

use super::cast::{self, Person};
use super::form::{Answer, Form};
use super::{World, logs};

/// Where a key asks about itself.
pub const SELF: &str = "/v1/keys/self";

/// The moment that RFC 3339 names, in seconds since 1970.
pub fn at(rfc3339: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(rfc3339).unwrap().timestamp()
}

/// `/settings/developers/keys/key_…/edit`, by its pattern.
pub fn url(pattern: &str, id: &KeyId) -> String {
    address::of(pattern, id)
}

impl Answer {
    /// The secret that this answer reveals, remembered as one.
    pub fn secret(&self) -> String {
        let secrets = self.texts("[data-secret]");
        assert_eq!((self.status, secrets.len()), (200, 1), "no secret is revealed here: {}", self.body);
        logs::remember(&secrets[0]);
        secrets[0].clone()
    }

    /// The names in the table, from top to bottom.
    pub fn names(&self) -> Vec<String> {
        self.texts("tr.key .key-name a")
    }

    /// The ids of the rows, from top to bottom.
    pub fn ids(&self) -> Vec<String> {
        self.attributes("tr.key", "id").iter().map(|id| id.trim_start_matches("row-").to_owned()).collect()
    }

    /// What a key's details say of it, by their label.
    pub fn fact(&self, label: &str) -> Option<String> {
        let (labels, facts) = (self.texts(".facts dt"), self.texts(".facts dd"));
        let at = labels.iter().position(|known| known == label)?;
        Some(facts[at].clone())
    }

    /// What stands on the tabs: `["All 3", "Active 2", "Expired 0", "Revoked 1"]`.
    pub fn tabs(&self) -> Vec<String> {
        self.texts("#tabs a")
    }
}

impl Person {
    /// The create form, empty.
    pub async fn create_form(&mut self) -> Form {
        self.get(address::NEW).await.form(address::LIST_OF_KEYS)
    }

    /// Makes a key that never expires.
    pub async fn create_key(&mut self, name: &str, permissions: &[&str]) -> (KeyId, String) {
        self.create_key_for("never", name, permissions).await
    }

    /// Makes a key that lives as long as one of the form's choices says.
    pub async fn create_key_for(&mut self, expiration: &str, name: &str, permissions: &[&str]) -> (KeyId, String) {
        let form = self.create_form().await.with("name", name).with("expiration", expiration);
        let form = permissions.iter().fold(form, |form, permission| form.and("permission", permission));
        self.create_by(&form).await
    }

    /// The create form for a key that never expires, filled in: each `permission` and `field` counts, of any other
    /// name only the last.
    pub async fn filled_form(&mut self, fields: &[(&str, &str)]) -> Form {
        let form = self.create_form().await.with("name", "HR sync").with("expiration", "never");
        fields.iter().fold(form, |form, &(name, value)| match name {
            "permission" | "field" => form.and(name, value),
            _ => form.with(name, value),
        })
    }

    /// Makes a key by such a form.
    pub async fn create_key_of(&mut self, fields: &[(&str, &str)]) -> (KeyId, String) {
        let form = self.filled_form(fields).await;
        self.create_by(&form).await
    }

    /// Makes a key by a form that is filled in.
    pub async fn create_by(&mut self, form: &Form) -> (KeyId, String) {
        let answer = self.by_htmx().submit(form).await;
        let secret = answer.secret();
        // A row outside of a table is no row to a parser of HTML: its id is read from the text.
        let (_, from_row) = answer.body.split_once("id=\"row-").expect("a new row");
        (KeyId::parse(from_row.split('"').next().unwrap()).unwrap(), secret)
    }

    /// Sends an edit form with nothing but these fields in it.
    pub async fn edit(&mut self, id: &KeyId, fields: &[(&str, &str)]) -> Answer {
        let form = self.bare_form(&url(address::EDIT, id)).await;
        self.submit(&fields.iter().fold(form, |form, (name, value)| form.and(name, value))).await
    }

    /// A form with nothing in it but what shows that it comes from our page, sent to any address.
    pub async fn bare_form(&mut self, action: &str) -> Form {
        let envelope = self.get("/account/security").await.form("/logout");
        Form { action: action.to_owned(), ..envelope }
    }

    pub async fn rename(&mut self, id: &KeyId, to: &str) -> Answer {
        let form = self.bare_form(&url(address::EDIT, id)).await;
        self.submit(&form.with("name", to)).await
    }

    pub async fn revoke(&mut self, id: &KeyId) -> Answer {
        let form = self.bare_form(&url(address::REVOCATION, id)).await;
        self.submit(&form).await
    }

    pub async fn delete(&mut self, id: &KeyId) -> Answer {
        let form = self.bare_form(&url(address::DELETION, id)).await;
        self.submit(&form).await
    }

    /// Asks the gate about a key, as a program does: no cookies.
    pub async fn present(&self, method: reqwest::Method, secret: &str) -> Answer {
        let mut machine = self.clone();
        machine.cookies.clear();
        machine.headers.push(("Authorization", format!("Bearer {secret}")));
        machine.send(method, SELF, None).await
    }

    /// What a good key is told about itself.
    pub async fn told(&self, secret: &str) -> serde_json::Value {
        let answer = self.present(reqwest::Method::GET, secret).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// The status that the gate gives a key.
    pub async fn knock(&self, secret: &str) -> u16 {
        self.present(reqwest::Method::GET, secret).await.status
    }
}

/// A row of the table of keys, without what the database makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = keys)]
pub struct KeyRow {
    pub id: String,
    pub team_id: String,
    pub kind: String,
    pub name: String,
    pub name_folded: String,
    pub preview: String,
    pub digest: Vec<u8>,
    pub permissions: String,
    pub fields: String,
    pub created_at: i64,
    pub created_by: String,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub revoked_by: Option<String>,
    pub project_id: Option<String>,
    pub domains: String,
    pub addresses: String,
    pub toggles: String,
    pub published: Option<String>,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub struct AuditRow {
    pub at: i64,
    pub team_id: Option<String>,
    pub person_id: Option<String>,
    pub address: Option<String>,
    pub action: String,
    pub subject: String,
    pub result: String,
    pub detail: String,
}

/// A key that is put straight into the table.
#[derive(Clone, Debug)]
pub struct Planted {
    pub id: KeyId,
    pub name: String,
    pub kind: String,
    pub project: Option<ProjectId>,
    /// Whose it is, by the name that tests call people by.
    pub made_by: &'static str,
    pub preview: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

impl Planted {
    /// An active key that never expires.
    pub fn new(name: &str, created_at: i64) -> Planted {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (n, prefix) = (NEXT.fetch_add(1, Ordering::Relaxed), "sk_live_");
        Planted {
            id: KeyId::mint(Moment::from_unix(created_at).unwrap()),
            name: name.to_owned(),
            kind: "secret".to_owned(),
            project: None,
            made_by: "olga",
            preview: format!("{prefix}abc…{n:04}"),
            created_at,
            expires_at: None,
            revoked_at: None,
        }
    }
}

impl World {
    fn read<T>(&self, work: impl FnOnce(&mut Db) -> QueryResult<T>) -> T {
        self.store.read_here(|db| Ok(work(db)?)).unwrap()
    }

    fn write<T>(&self, work: impl FnOnce(&mut Db) -> QueryResult<T>) -> T {
        self.store.write_here(|db| Ok::<T, Fault>(work(db)?)).unwrap()
    }

    pub fn person_id(&self, who: &str) -> String {
        let email = cast::email(who);
        self.read(|db| people::table.filter(people::email.eq(email)).select(people::id).first(db))
    }

    pub fn team_id(&self, who: &str) -> String {
        let person = self.person_id(who);
        self.read(|db| members::table.filter(members::person_id.eq(person)).select(members::team_id).first(db))
    }

    pub fn key_rows(&self) -> Vec<KeyRow> {
        self.read(|db| keys::table.order(keys::id).select(KeyRow::as_select()).load(db))
    }

    pub fn key_row(&self, id: &KeyId) -> Option<KeyRow> {
        self.key_rows().into_iter().find(|row| row.id == id.as_str())
    }

    /// The lines of the audit log about keys, in the order they were written.
    pub fn audit(&self) -> Vec<AuditRow> {
        let about_keys = audit_log::table.filter(audit_log::action.like("key_%")).order(audit_log::id);
        self.read(|db| about_keys.select(AuditRow::as_select()).load(db))
    }

    /// What the audit log says was done to a key: `["key_created: HR sync", …]`.
    pub fn history(&self, id: &KeyId) -> Vec<String> {
        let lines = self.audit().into_iter().filter(|row| row.subject == id.as_str());
        lines.map(|row| format!("{}: {}", row.action, row.detail)).collect()
    }

    /// The digests of deleted keys.
    pub fn tombstones(&self) -> Vec<Vec<u8>> {
        self.read(|db| tombstones::table.select(tombstones::digest).load(db))
    }

    /// The ids of keys that a form made.
    pub fn creations(&self) -> Vec<String> {
        self.read(|db| creations::table.order(creations::key_id).select(creations::key_id).load(db))
    }

    /// Puts keys straight into the table, into Northwind.
    pub fn plant(&self, planted: &[Planted]) {
        let team = self.team_id("olga");
        let people: Vec<_> = ["olga", "mia"].into_iter().map(|who| (who, self.person_id(who))).collect();
        let maker = |who: &str| people.iter().find(|(known, _)| *known == who).unwrap().1.clone();
        let row = |key: &Planted| {
            (
                keys::id.eq(key.id.as_str().to_owned()),
                keys::team_id.eq(team.clone()),
                keys::kind.eq(key.kind.clone()),
                keys::project_id.eq(key.project.as_ref().map(|project| project.as_str().to_owned())),
                keys::name.eq(key.name.clone()),
                keys::name_folded.eq(fold(&key.name)),
                keys::preview.eq(key.preview.clone()),
                keys::digest.eq(Sha256::digest(key.id.as_str()).to_vec()),
                keys::permissions.eq("shifts:read"),
                keys::fields.eq(""),
                keys::created_at.eq(key.created_at),
                keys::created_by.eq(maker(key.made_by)),
                keys::expires_at.eq(key.expires_at),
                keys::revoked_at.eq(key.revoked_at),
            )
        };
        self.write(|db| {
            planted.iter().try_for_each(|key| diesel::insert_into(keys::table).values(row(key)).execute(db).map(|_| ()))
        });
    }

    /// Puts `count` active keys into Northwind at once, called `Bulk 00001` and so on, all made in one second.
    pub fn plant_many(&self, count: u32, created_at: i64) {
        let (team, olga) = (self.team_id("olga"), self.person_id("olga"));
        let (prefix, number) = ("sk_live_", "substr(CAST(100000000 + n AS TEXT), 5)");
        let columns =
            "id, team_id, kind, name, name_folded, preview, digest, permissions, fields, created_at, created_by";
        let values = |digest: &str| {
            format!(
                "'key_' || '000000000000000000000' || {number}, '{team}', 'secret', \
                 'Bulk ' || {number}, 'bulk ' || {number}, '{prefix}abc…' || substr(CAST(100000000 + n AS TEXT), 6), \
                 {digest}, 'shifts:read', '', {created_at}, '{olga}'"
            )
        };
        self.write(|db| match db {
            Db::Sqlite(db) => db.batch_execute(&format!(
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
                 INSERT INTO keys ({columns}) SELECT {} FROM numbers",
                values("randomblob(32)")
            )),
            Db::Postgres(db) => db.batch_execute(&format!(
                "INSERT INTO keys ({columns}) SELECT {} FROM generate_series(1, {count}) AS numbers(n); ANALYZE keys",
                values("sha256(CAST(CAST(n AS TEXT) AS BYTEA))")
            )),
        });
    }

    /// Everything that is stored, in every table.
    pub fn all_that_is_stored(&self) -> Vec<u8> {
        #[derive(QueryableByName)]
        struct Line {
            #[diesel(sql_type = diesel::sql_types::Text)]
            line: String,
        }
        if let keyrack::store::DatabaseUrl::Sqlite(path) = &self.database {
            let beside = |end: &str| std::path::PathBuf::from(format!("{}{end}", path.display()));
            return [std::fs::read(path).unwrap(), std::fs::read(beside("-wal")).unwrap_or_default()].concat();
        }
        let mut stored = Vec::new();
        self.read(|db| {
            let Db::Postgres(db) = db else { unreachable!("the other engine") };
            let tables: Vec<Line> = diesel::sql_query(
                "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'",
            )
            .load(db)?;
            assert!(tables.len() > 8, "tables are missing");
            for Line { line: table } in tables {
                let lines: Vec<Line> =
                    diesel::sql_query(format!("SELECT row_to_json(t)::text AS line FROM {table} t")).load(db)?;
                lines.into_iter().for_each(|line| stored.extend(line.line.into_bytes()));
            }
            Ok(())
        });
        stored
    }

    /// Fails if a secret is stored, plain or in hex.
    pub fn assert_not_stored(&self, secret: &str) {
        let stored = self.all_that_is_stored();
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(secret));
        let in_hex = data_encoding::HEXLOWER.encode(secret.as_bytes());
        let holds = |text: &[u8]| stored.windows(text.len()).any(|part| part == text);
        let raw_digest = Sha256::digest(secret).to_vec();
        assert!(
            holds(digest.as_bytes()) || holds(&raw_digest),
            "not even the digest is found: is everything looked at?"
        );
        assert!(!holds(secret.as_bytes()) && !holds(in_hex.as_bytes()), "a secret is stored");
        let body = &secret.as_bytes()[secret.len() - 24..];
        assert!(!holds(body), "most of a secret is stored");
    }
}

/// What two people see who may not know the difference: all but the request's id, the date and the tokens.
pub fn masked(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    // Whether a connection ends depends on how much of a body had arrived when it was refused.
    let masked = ["x-request-id", "date", "connection"];
    let headers = answer.headers.iter().filter(|(name, _)| !masked.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    let tokens = answer.attributes("input[name=token]", "value");
    let body = tokens.iter().fold(answer.body.clone(), |body, token| body.replace(token, "TOKEN"));
    (answer.status, headers, body)
}

/// Ids that are nothing to Olga, one way or the other: another team's, an absent one, and texts that are none.
pub async fn ids_of_nothing(world: &World) -> Vec<String> {
    let (harbours, _) = world.sign_in("sam").await.create_key("Harbour's", &["shifts:read"]).await;
    let absent = KeyId::mint(world.now());
    let upper = harbours.as_str().to_uppercase();
    let texts = ["key_1", "1", "%00", "%ff", "key_%2e%2e", "'", &"a".repeat(2_000), &upper];
    [harbours.as_str(), absent.as_str()].into_iter().chain(texts).map(str::to_owned).collect()
}

/// Checks that for Olga all those are not found, with the same bytes: asked for and, with a good form, acted on.
pub async fn assert_nothing_found(world: &World, pattern: &str, fields: &[(&str, &str)], acts: bool) {
    let mut olga = world.sign_in("olga").await;
    let ids = ids_of_nothing(world).await;
    let (before, audit) = (world.key_rows(), world.audit());
    for htmx in [false, true] {
        let mut olga = if htmx { olga.by_htmx() } else { olga.clone() };
        let mut seen = Vec::new();
        for id in &ids {
            let address = pattern.replace("{id}", id);
            let asked = olga.get(&address).await;
            assert_eq!(asked.status, 404, "{address}: {}", asked.text());
            seen.push(masked(&asked));
        }
        assert!(seen.windows(2).all(|two| two[0] == two[1]), "they can be told apart: {seen:#?}");
    }
    let form = olga.bare_form("").await;
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    for htmx in [false, true].into_iter().filter(|_| acts) {
        let mut olga = if htmx { olga.by_htmx() } else { olga.clone() };
        let mut seen = Vec::new();
        for id in &ids {
            let form = Form { action: pattern.replace("{id}", id), ..form.clone() };
            let acted = olga.submit(&form).await;
            assert_eq!(acted.status, 404, "{}: {}", form.action, acted.text());
            seen.push(masked(&acted));
        }
        assert!(seen.windows(2).all(|two| two[0] == two[1]), "they can be told apart: {seen:#?}");
    }
    assert_eq!((world.key_rows(), world.audit()), (before, audit), "something was changed");
}

/// Checks that those who may not keep keys are refused, the id unseen, and that nothing changes.
pub async fn assert_only_owners(world: &World, pattern: &str, id: &KeyId, fields: &[(&str, &str)]) {
    let (before, audit) = (world.key_rows(), world.audit());
    for (who, says) in
        [("adam", "Only owners can manage keys."), ("vera", "Only owners can manage keys."), ("mia", "Olga Berg")]
    {
        let mut person = world.sign_in(who).await;
        let form = person.bare_form("").await;
        let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
        let mut seen = Vec::new();
        for id in [id.as_str(), KeyId::mint(world.now()).as_str(), "key_1"] {
            let action = pattern.replace("{id}", id);
            let (asked, acted) = (person.get(&action).await, person.submit(&Form { action, ..form.clone() }).await);
            for answer in [&asked, &acted] {
                assert_eq!(answer.status, 403, "{who} {id}: {}", answer.text());
                assert!(answer.text().contains(says), "{who}: {}", answer.text());
            }
            seen.push((masked(&asked), masked(&acted)));
        }
        assert!(seen.windows(2).all(|two| two[0] == two[1]), "{who} can tell ids apart: {seen:#?}");
    }
    let mut nobody = world.visitor();
    let action = url(pattern, id);
    for answer in [nobody.get(&action).await, nobody.post_body(&action, String::new()).await] {
        assert_eq!((answer.status, answer.location()), (303, format!("/login?next={action}").as_str()));
    }
    assert_eq!(nobody.by_htmx().post_body(&action, String::new()).await.status, 401);
    assert_eq!((world.key_rows(), world.audit()), (before, audit), "something was changed");
}

/// Checks that a form is only taken as our page makes it: its token, its team, its fields, from our own site.
pub async fn assert_only_our_forms(world: &World, olga: &mut Person, action: &str, fields: &[(&str, &str)]) {
    let (before, audit) = (world.key_rows(), world.audit());
    let form = olga.bare_form(action).await;
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    let forged = [
        (403, form.without("token")),
        (403, form.with("token", "x")),
        (400, form.without("team")),
        (409, form.with("team", &world.team_id("sam"))),
        (400, form.and("colour", "red")),
        (400, form.and("a\0", "")),
        (413, form.and("colour", &"a".repeat(17_000))),
    ];
    for (status, form) in forged {
        let answer = olga.submit(&form).await;
        assert_eq!(answer.status, status, "{:?}: {}", form.fields, answer.text());
    }
    let mut elsewhere = olga.clone();
    elsewhere.headers.push(("Sec-Fetch-Site", "cross-site".into()));
    assert_eq!(elsewhere.submit(&form).await.status, 403);
    assert_eq!((world.key_rows(), world.audit()), (before, audit), "something was changed");
}
