//! Revoke every Active key of the team: at once, for good, after its name was typed.

use askama::Template;

use crate::page::Shell;

#[derive(Template)]
#[template(path = "keys/revoke_all.html", blocks = ["dialog", "sheet"])]
struct RevokeAllPage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: String,
    /// How many end, as it is shown: `1,204`.
    count: String,
    /// How many end.
    active: usize,
    team_name: String,
    typed: String,
    error: Option<String>,
}
