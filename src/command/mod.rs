//! The commands beside serving.

pub mod catalog;
pub mod demo;
mod demo_use;
pub mod gate_token;
pub mod user;

use std::io::{self, IsTerminal, Read};

use crate::config::BadSetting;

/// A password from standard input: typed without echo, or the one line that was piped in.
fn read_password() -> Result<String, BadSetting> {
    let unreadable = |e: io::Error| BadSetting(format!("cannot read the password from standard input: {e}"));
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("Password: ").map_err(unreadable);
    }
    let mut text = String::new();
    io::stdin().take(4_096).read_to_string(&mut text).map_err(unreadable)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
