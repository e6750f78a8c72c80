//! `keyrack user …`: people, managed from the server's shell, also beside a running server.

use super::read_password;
use crate::audit::{self, Action, Event, Who};
use crate::clock::Clock;
use crate::config::{BadSetting, UserCommand};
use crate::fault::Fault;
use crate::people::member::{Email, Person, PersonId, Role, ShownName, Team};
use crate::people::password::{self, NewPassword};
use crate::people::slow_down::Counter;
use crate::people::store as people_store;
use crate::store::{Db, Store};

/// Runs the command; answers what to tell.
pub fn run(command: &UserCommand, clock: &Clock) -> Result<String, BadSetting> {
    match command {
        UserCommand::Add { database, email, name, role, team } => {
            let joining = Joining {
                email: Email::parse(email).map_err(|e| BadSetting(format!("--email: {e}")))?,
                name: ShownName::parse(name).map_err(|e| BadSetting(format!("--name: {e}")))?,
                role: Role::parse(role)
                    .ok_or(BadSetting(format!("--role {role:?} is none of owner, admin, viewer, member")))?,
                team: ShownName::parse(team).map_err(|e| BadSetting(format!("--team: {e}")))?,
            };
            joining.add(&open(&database.url()?)?, clock)
        }
        UserCommand::Password { database, email } => {
            let email = Email::parse(email).map_err(|e| BadSetting(format!("--email: {e}")))?;
            let url = database.url()?;
            if url.is_missing() {
                return Err(BadSetting(format!("there is no database {url:?}")));
            }
            set_password(&open(&url)?, clock, &email)
        }
    }
}

fn open(url: &crate::store::DatabaseUrl) -> Result<Store, BadSetting> {
    Store::join(url).map_err(BadSetting)
}

fn told(fault: Fault) -> BadSetting {
    match fault {
        Fault::Refused(refusal) => BadSetting(refusal.sentence()),
        other => BadSetting(format!("the database does not answer: {other}")),
    }
}

fn new_password(dictionary: &[&str]) -> Result<NewPassword, BadSetting> {
    NewPassword::parse(&read_password()?, dictionary)
        .map_err(|why| BadSetting(format!("the password is refused: {why}")))
}

struct Joining {
    email: Email,
    name: ShownName,
    role: Role,
    team: ShownName,
}

impl Joining {
    fn add(&self, store: &Store, clock: &Clock) -> Result<String, BadSetting> {
        let known = store.read_here(|db| people_store::find_person(db, &self.email)).map_err(told)?;
        let hash = match known {
            Some(_) => None,
            None => {
                let dictionary = [self.name.as_str(), self.email.as_str(), self.team.as_str(), "keyrack"];
                Some(password::hash(&new_password(&dictionary)?))
            }
        };
        store.write_here(|db| self.write(db, hash.as_ref(), clock)).map_err(told)?;
        Ok(format!("{} is now {} of {}.", self.email.as_str(), self.role.label(), self.team.as_str()))
    }

    fn write(&self, db: &mut Db, hash: Option<&password::PasswordHashText>, clock: &Clock) -> Result<(), Fault> {
        let now = clock.now();
        let team = match people_store::find_team_named(db, &self.team)? {
            Some(team) => team,
            None => people_store::insert_team(db, &self.team, now)?,
        };
        let person = match (people_store::find_person(db, &self.email)?, hash) {
            (Some(known), _) => known,
            (None, Some(hash)) => people_store::insert_person(db, &self.email, &self.name, hash, now)?,
            (None, None) => return Err(Fault::broken("the person was removed meanwhile")),
        };
        self.join(db, &person, &team, now)
    }

    fn join(&self, db: &mut Db, person: &Person, team: &Team, now: crate::clock::Moment) -> Result<(), Fault> {
        if people_store::find_role(db, &person.id, &team.id)?.is_some() {
            return Err(crate::refusal::Refusal::BadRequest(format!(
                "{} is in {} already",
                self.email.as_str(),
                team.name
            ))
            .into());
        }
        people_store::insert_member(db, &person.id, &team.id, self.role, now)?;
        let (team, subject) = (Some(team.id.clone()), person.id.to_string());
        let detail = self.role.word().to_owned();
        audit::record(db, &Event { at: now, who: Who::COMMAND, team, action: Action::MemberAdded, subject, detail })
    }
}

fn set_password(store: &Store, clock: &Clock, email: &Email) -> Result<String, BadSetting> {
    let person = store.read_here(|db| people_store::find_person(db, email)).map_err(told)?;
    let person = person.ok_or(BadSetting(format!("nobody has the address {}", email.as_str())))?;
    let hash = password::hash(&new_password(&[&person.name, &person.email, "keyrack"])?);
    let account = Counter::of_account(&email.folded()).subject;
    store.write_here(|db| write_password(db, &person.id, &hash, &account, clock)).map_err(told)?;
    Ok(format!("{} has a new password; their sessions ended.", person.email))
}

fn write_password(
    db: &mut Db,
    person: &PersonId,
    hash: &password::PasswordHashText,
    account: &str,
    clock: &Clock,
) -> Result<(), Fault> {
    people_store::set_password(db, person, hash)?;
    people_store::forget_failures(db, account)?;
    let subject = person.to_string();
    let (at, who, action, detail) = (clock.now(), Who::COMMAND, Action::PasswordChanged, String::new());
    audit::record(db, &Event { at, who, team: None, action, subject, detail })
}
