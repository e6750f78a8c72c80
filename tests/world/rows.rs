//! What the store holds, looked at behind the server's back.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use keyrack::fault::Fault;
use keyrack::people::member::Role;
use keyrack::store::Db;
use keyrack::store::schema::{audit_log, members, people, sessions, sign_in_failures, teams};

use super::World;

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct EventRow {
    pub at: i64,
    pub team: Option<String>,
    pub person: Option<String>,
    pub address: Option<String>,
    pub action: String,
    pub subject: String,
    pub result: String,
    pub detail: String,
}

/// A row of the sessions.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Session {
    pub digest: Vec<u8>,
    pub person: String,
    pub state: String,
    pub created_at: i64,
    pub seen_at: i64,
}

/// The column `value` of what a query finds on a connection.
pub fn texts_on(db: &mut Db, sql: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    let rows: Vec<Row> = match db {
        Db::Sqlite(db) => diesel::sql_query(sql).load(db)?,
        Db::Postgres(db) => diesel::sql_query(sql).load(db)?,
    };
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Runs SQL on a connection.
pub fn run_on(db: &mut Db, sql: &str) -> QueryResult<()> {
    db.batch_execute(sql)
}

impl World {
    /// The audit log, oldest first.
    pub fn events(&self) -> Vec<EventRow> {
        let columns = (
            audit_log::at,
            audit_log::team_id,
            audit_log::person_id,
            audit_log::address,
            audit_log::action,
            audit_log::subject,
            audit_log::result,
            audit_log::detail,
        );
        self.look(|db| audit_log::table.order(audit_log::id).select(columns).load(db))
    }

    /// The rows of the audit log that tell one action.
    pub fn events_of(&self, action: &str) -> Vec<EventRow> {
        self.events().into_iter().filter(|row| row.action == action).collect()
    }

    /// Every session.
    pub fn sessions(&self) -> Vec<Session> {
        self.look(|db| sessions::table.order((sessions::created_at, sessions::digest)).load(db))
    }

    /// What failed sign-ins are counted under, and how often they failed.
    pub fn failures(&self) -> Vec<(String, i64)> {
        let columns = (sign_in_failures::subject, sign_in_failures::failures);
        self.look(|db| sign_in_failures::table.order(sign_in_failures::subject).select(columns).load(db))
    }

    /// The id of the person with that address.
    pub fn person_with(&self, email: &str) -> String {
        self.look(|db| people::table.filter(people::email_folded.eq(email)).select(people::id).first(db))
    }

    /// What is kept of their password.
    pub fn password_hash(&self, email: &str) -> String {
        self.look(|db| people::table.filter(people::email_folded.eq(email)).select(people::password_hash).first(db))
    }

    pub fn set_password_hash(&self, email: &str, hash: &str) {
        let found = people::table.filter(people::email_folded.eq(email));
        self.change(|db| diesel::update(found).set(people::password_hash.eq(hash)).execute(db));
    }

    /// Everybody's address and role, team by team.
    pub fn roles(&self) -> Vec<(String, String)> {
        let joined = members::table.inner_join(people::table).order((members::team_id, people::email_folded));
        self.look(|db| joined.select((people::email_folded, members::role)).load(db))
    }

    pub fn set_role(&self, email: &str, role: Role) {
        let person = self.person_with(email);
        let found = members::table.filter(members::person_id.eq(person));
        self.change(|db| diesel::update(found).set(members::role.eq(role.word())).execute(db));
    }

    /// Takes a person out of every team.
    pub fn remove_member(&self, email: &str) {
        let person = self.person_with(email);
        self.change(|db| diesel::delete(members::table.filter(members::person_id.eq(person))).execute(db));
    }

    /// The id of the team of that name.
    pub fn team_named(&self, name: &str) -> String {
        self.look(|db| teams::table.filter(teams::name.eq(name)).select(teams::id).first(db))
    }

    /// Makes a person a member of one more team.
    pub fn join(&self, email: &str, team: &str, role: Role) {
        let (person, team, now) = (self.person_with(email), self.team_named(team), self.now().unix());
        let row = (
            members::person_id.eq(person),
            members::team_id.eq(team),
            members::role.eq(role.word()),
            members::created_at.eq(now),
        );
        self.change(|db| diesel::insert_into(members::table).values(row).execute(db));
    }

    /// Takes a person out of one team.
    pub fn leave(&self, email: &str, team: &str) {
        let membership = members::table.find((self.person_with(email), self.team_named(team)));
        self.change(|db| diesel::delete(membership).execute(db));
    }

    /// The team's setting, as an owner makes it.
    pub fn let_members_manage_keys(&self, team: &str, is_on: bool) {
        let found = teams::table.filter(teams::name.eq(team));
        self.change(|db| diesel::update(found).set(teams::members_manage_keys.eq(is_on)).execute(db));
    }

    /// The column `value` of what a query finds.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        self.look(|db| texts_on(db, sql))
    }

    /// Runs SQL; the error as the engine words it.
    pub fn execute(&self, sql: &str) -> Result<(), String> {
        self.store.write_here(|db| Ok(run_on(db, sql)?)).map_err(|fault: Fault| fault.to_string())
    }

    pub(super) fn look<T>(&self, work: impl FnOnce(&mut Db) -> QueryResult<T>) -> T {
        self.store.read_here(|db| Ok(work(db)?)).unwrap()
    }

    fn change(&self, work: impl FnOnce(&mut Db) -> QueryResult<usize>) {
        self.store.write_here(|db| Ok(work(db)?)).unwrap();
    }
}
