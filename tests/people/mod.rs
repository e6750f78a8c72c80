//! The people room, action by action.

mod behind_proxy;
mod devices;
mod guessing;
mod login;
mod logout;
mod security;
mod session;
mod setup;
mod switch;
mod team;

use crate::world::Person;
use crate::world::form::{Answer, Form};

/// The sign-in form as this person gets it, filled in.
async fn sign_in_form(person: &mut Person, email: &str, password: &str) -> Form {
    let form = person.get("/login").await.form("/login");
    form.with("email", email).with("password", password)
}

/// A try to sign in, through the form.
async fn try_to_sign_in(person: &mut Person, email: &str, password: &str) -> Answer {
    let form = sign_in_form(person, email, password).await;
    person.submit(&form).await
}

/// The value of the one cookie whose name ends so; the session's or the form's.
fn cookie(person: &Person, name: &str) -> String {
    let found = person.cookies.get(&format!("__Host-{name}"));
    found.unwrap_or_else(|| panic!("no cookie {name} in {:?}", person.cookies.keys())).clone()
}

/// A hash of no password of ours that takes seconds to check.
pub fn slow_hash() -> String {
    let text = |bytes: &[u8]| data_encoding::BASE64_NOPAD.encode(bytes);
    format!("$argon2id$v=19$m=19456,t=100,p=1${}${}", text(&[7; 16]), text(&[7; 32]))
}
