//! `keyrack gate-token …`: what programs prove themselves by that ask about the keys of others. Works beside a running
//! server, which goes by it within a second.

use crate::audit::{self, Action, Event, Who};
use crate::clock::Clock;
use crate::config::{BadSetting, DatabaseArgs, GateTokenCommand};
use crate::fault::Fault;
use crate::gate::credential::{self, TOKEN_PREFIX, TokenDigest};
use crate::gate::token_store;
use crate::people::member::ShownName;
use crate::people::session;
use crate::store::{Db, Store};

/// Runs the command; answers what to tell.
pub fn run(command: &GateTokenCommand, clock: &Clock) -> Result<String, BadSetting> {
    match command {
        GateTokenCommand::Add { database, name } => add(&open(database)?, &parse(name)?, clock),
        GateTokenCommand::Remove { database, name } => remove(&open_existing(database)?, &parse(name)?, clock),
        GateTokenCommand::List { database } => list(&open_existing(database)?),
    }
}

fn open(database: &DatabaseArgs) -> Result<Store, BadSetting> {
    Store::join(&database.url()?).map_err(BadSetting)
}

fn open_existing(database: &DatabaseArgs) -> Result<Store, BadSetting> {
    let url = database.url()?;
    if url.is_missing() {
        return Err(BadSetting(format!("there is no database {url:?}")));
    }
    Store::join(&url).map_err(BadSetting)
}

fn parse(name: &str) -> Result<ShownName, BadSetting> {
    ShownName::parse(name).map_err(|e| BadSetting(format!("the name of a gate token: {e}")))
}

fn told(fault: Fault) -> BadSetting {
    BadSetting(format!("the database does not answer: {fault}"))
}

/// Draws a token and keeps its digest; the token itself is told here and nowhere else.
fn add(store: &Store, name: &ShownName, clock: &Clock) -> Result<String, BadSetting> {
    let token = format!("{TOKEN_PREFIX}{}", session::draw());
    let digest = credential::token_digest(token.as_bytes()).expect("what is drawn has the form of a token");
    match store.write_here(|db| keep(db, name.as_str(), &digest, clock)).map_err(told)? {
        true => Ok(token),
        false => Err(BadSetting(format!("there is a gate token called {} already", name.as_str()))),
    }
}

fn keep(db: &mut Db, name: &str, digest: &TokenDigest, clock: &Clock) -> Result<bool, Fault> {
    let is_new = token_store::insert(db, name, digest, clock.now())?;
    if is_new {
        record(db, Action::GateTokenAdded, name, clock)?;
    }
    Ok(is_new)
}

fn remove(store: &Store, name: &ShownName, clock: &Clock) -> Result<String, BadSetting> {
    let name = name.as_str();
    let drop = |db: &mut Db| {
        let is_gone = token_store::remove(db, name)?;
        if is_gone {
            record(db, Action::GateTokenRemoved, name, clock)?;
        }
        Ok(is_gone)
    };
    match store.write_here(drop).map_err(told)? {
        true => Ok(format!("{name} can no longer ask, on any instance, within three seconds.")),
        false => Err(BadSetting(format!("there is no gate token called {name}"))),
    }
}

fn list(store: &Store) -> Result<String, BadSetting> {
    let names = store.read_here(token_store::names).map_err(told)?;
    let lines = names.iter().map(|(name, at)| format!("{}  {name}", at.rfc3339()));
    Ok(if names.is_empty() { "There are no gate tokens.".to_owned() } else { lines.collect::<Vec<_>>().join("\n") })
}

fn record(db: &mut Db, action: Action, name: &str, clock: &Clock) -> Result<(), Fault> {
    let (subject, detail) = ("gate-token".to_owned(), name.to_owned());
    audit::record(db, &Event { at: clock.now(), who: Who::COMMAND, team: None, action, subject, detail })
}
