//! The rules saying no: what is refused, with which status, and the words a person reads.

/// Why a request is refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The role is too low for it.
    RoleTooLow(&'static str),
    /// A member of the team who has no access to its keys; the owners' names, who can help.
    NoAccess(Vec<String>),
    /// The form's token is missing, wrong, or of a session that ended.
    FormToken,
    /// The request comes from another site's page.
    OtherSite,
    /// The form, or the page that asks, was made for another team than the current one.
    OtherTeam,
    /// There is no such thing for this person.
    NotFound,
    /// The link of the first run is missing, wrong, used or too old.
    SetUpLink,
    /// This very form was sent before, and did what it asked for.
    AlreadySent,
    /// The team has another thing of that kind and name.
    NameTaken,
    /// It is not in a state that allows this.
    WrongState(&'static str),
    /// The request is not one that our pages send.
    BadRequest(String),
    /// The request names a host that is not ours.
    WrongHost,
    /// The address does not answer to this method; those it answers to, as `Allow` lists them.
    WrongMethod(String),
    /// The body is longer than a form's can be: 16 KiB, or what the catalog makes of a create form.
    TooLarge,
    /// Too many tries; how many seconds to wait.
    TooManyTries(i64),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::BadRequest(_) => 400,
            Refusal::SignedOut => 401,
            Refusal::RoleTooLow(_)
            | Refusal::NoAccess(_)
            | Refusal::FormToken
            | Refusal::OtherSite
            | Refusal::SetUpLink => 403,
            Refusal::NotFound => 404,
            Refusal::WrongMethod(_) => 405,
            Refusal::OtherTeam | Refusal::AlreadySent | Refusal::NameTaken | Refusal::WrongState(_) => 409,
            Refusal::TooLarge => 413,
            Refusal::WrongHost => 421,
            Refusal::TooManyTries(_) => 429,
        }
    }

    /// A few words, the page's heading.
    pub fn title(&self) -> &'static str {
        match self {
            Refusal::SignedOut => "You are signed out",
            Refusal::RoleTooLow(_) => "Your role does not allow this",
            Refusal::NoAccess(_) => "You have no access to this page",
            Refusal::FormToken => "This form is no longer valid",
            Refusal::OtherSite => "This request came from another site",
            Refusal::OtherTeam => "This page is for another team",
            Refusal::NotFound => "There is nothing here",
            Refusal::SetUpLink => "This link does not work",
            Refusal::AlreadySent => "This form was sent before",
            Refusal::NameTaken => "This name is taken",
            Refusal::WrongState(_) => "That cannot be done now",
            Refusal::BadRequest(_) => "That request makes no sense here",
            Refusal::WrongHost => "This address is not ours",
            Refusal::WrongMethod(_) => "That is not possible here",
            Refusal::TooLarge => "That is too much at once",
            Refusal::TooManyTries(_) => "Too many tries",
        }
    }

    /// What happened and what to do, in a sentence or two.
    pub fn sentence(&self) -> String {
        match self {
            Refusal::SignedOut => "Sign in, then try again.".into(),
            Refusal::RoleTooLow(why) | Refusal::WrongState(why) => (*why).into(),
            Refusal::NoAccess(owners) => no_access(owners),
            Refusal::FormToken => "Nothing was changed. Load the page again, then try once more.".into(),
            Refusal::OtherSite => "Nothing was changed. Use the form on our own page.".into(),
            Refusal::OtherTeam => "Nothing was changed. Switch to that team, or load the page again.".into(),
            Refusal::AlreadySent => "The key it made was deleted since. Ask for a new one.".into(),
            Refusal::NameTaken => "Your team has a project of this name, maybe an archived one.".into(),
            Refusal::NotFound => "It may have been deleted, or the address is mistyped.".into(),
            Refusal::SetUpLink => {
                "It was used, is too old, or was not copied whole. Each start of Keyrack prints a new one: look at its output.".into()
            }
            Refusal::BadRequest(why) => why.clone(),
            Refusal::WrongHost => "Open Keyrack under its own address.".into(),
            Refusal::WrongMethod(_) => "Go back and use the buttons of the page.".into(),
            Refusal::TooLarge => "Nothing was changed. No form of ours gets that long.".into(),
            Refusal::TooManyTries(seconds) => format!("Wait {}, then try again.", waiting(*seconds)),
        }
    }
}

fn no_access(owners: &[String]) -> String {
    let who = match owners {
        [] => "an owner of your team".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    format!("Owners manage the API keys of your team. If you need one, ask {who}.")
}

fn waiting(seconds: i64) -> String {
    match seconds {
        ..=1 => "a second".into(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_without_access_read_who_can_help() {
        let names = |names: &[&str]| Refusal::NoAccess(names.iter().map(ToString::to_string).collect()).sentence();
        assert!(names(&[]).ends_with("ask an owner of your team."));
        assert!(names(&["Olga"]).ends_with("ask Olga."));
        assert!(names(&["Olga", "Ann", "Bo"]).ends_with("ask Olga, Ann or Bo."));
    }

    #[test]
    fn waits_are_told_in_the_unit_that_fits() {
        assert!(Refusal::TooManyTries(1).sentence().contains("a second"));
        assert!(Refusal::TooManyTries(10).sentence().contains("10 seconds"));
        assert!(Refusal::TooManyTries(241).sentence().contains("5 minutes"));
    }
}
