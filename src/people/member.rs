//! People, teams, and what a person is in a team: a member with a role, and what that role may do.

use unicode_normalization::UnicodeNormalization;

use crate::id::id_type;
use crate::keys::name::{NameError, visible_line};

id_type!(
    /// Names a team.
    TeamId,
    "team_"
);
id_type!(
    /// Names a person.
    PersonId,
    "person_"
);

/// What a member may do in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Owner,
    /// Sees every key; changes none.
    Admin,
    /// Sees every key; nothing else of the team.
    Viewer,
    /// No access to keys, unless the team lets members manage their own.
    Member,
}

/// What can be done in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// See keys and their details.
    SeeKeys,
    /// Create, rename, revoke and delete keys.
    KeepKeys,
    /// Revoke every key of the team at once.
    RevokeAll,
    /// See the team's settings and projects.
    SeeTeam,
    /// Change them.
    KeepTeam,
}

/// Whose keys a deed reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's.
    Team,
    /// Those that the member created: anybody else's are not there for them.
    Own,
}

impl Role {
    /// All of them, the highest first.
    pub const ALL: [Role; 4] = [Role::Owner, Role::Admin, Role::Viewer, Role::Member];

    /// The table of roles and deeds: how far a deed reaches in a team with that setting, none where it is not allowed.
    pub fn reach(self, deed: Deed, members_manage_keys: bool) -> Option<Reach> {
        let own = members_manage_keys.then_some(Reach::Own);
        match (self, deed) {
            (Role::Owner, _) => Some(Reach::Team),
            (Role::Admin, Deed::SeeKeys | Deed::SeeTeam) => Some(Reach::Team),
            (Role::Admin, Deed::KeepKeys | Deed::RevokeAll | Deed::KeepTeam) => None,
            (Role::Viewer, Deed::SeeKeys) => Some(Reach::Team),
            (Role::Viewer, Deed::KeepKeys | Deed::RevokeAll | Deed::SeeTeam | Deed::KeepTeam) => None,
            (Role::Member, Deed::SeeKeys | Deed::KeepKeys) => own,
            (Role::Member, Deed::RevokeAll | Deed::SeeTeam | Deed::KeepTeam) => None,
        }
    }

    /// As it is stored and given to commands.
    pub fn word(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Viewer => "viewer",
            Role::Member => "member",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Role::Owner => "Owner",
            Role::Admin => "Admin",
            Role::Viewer => "Viewer",
            Role::Member => "Member",
        }
    }

    /// Reads what [`word`](Role::word) writes.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// A team: it owns keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// What people call it.
    pub name: String,
}

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// What people call them.
    pub name: String,
    /// Their address, as they wrote it.
    pub email: String,
}

/// A person in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// Where.
    pub team: Team,
    /// As what.
    pub role: Role,
    /// The team's setting of that name.
    pub members_manage_keys: bool,
}

impl Member {
    /// How far a deed of theirs reaches; none where they may not do it.
    pub fn reach(&self, deed: Deed) -> Option<Reach> {
        self.role.reach(deed, self.members_manage_keys)
    }
}

/// An e-mail address: what a person signs in with. Two that differ only in case are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// The name of a person or a team: 1 to 80 characters of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownName(String);

impl Email {
    /// Reads an address: something before and something behind one `@`, at most 254 characters.
    /// Whether mail arrives is not ours to know.
    pub fn parse(text: &str) -> Result<Email, &'static str> {
        let email: String = text.trim().nfc().collect();
        let good = email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
        });
        let clean = !email.chars().any(|c| c.is_control() || c.is_whitespace());
        if good && clean && email.len() <= 254 {
            Ok(Email(email))
        } else {
            Err("Enter an e-mail address, like olga@example.com.")
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn folded(&self) -> String {
        fold_email(&self.0)
    }
}

/// The form in which e-mail addresses are compared: composed (NFC) and in lower case. Takes any text, since an attempt
/// to sign in is counted under whatever was typed.
pub fn fold_email(typed: &str) -> String {
    typed.trim().nfc().collect::<String>().to_lowercase()
}

impl ShownName {
    /// In Unicode scalar values.
    pub const MAX_CHARACTERS: usize = 80;

    /// Reads a name as it was typed.
    pub fn parse(typed: &str) -> Result<ShownName, NameError> {
        visible_line(typed, ShownName::MAX_CHARACTERS).map(ShownName)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_read_back_from_their_words() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
        }
        assert_eq!(Role::parse("Owner"), None);
    }

    const DEEDS: [Deed; 5] = [Deed::SeeKeys, Deed::KeepKeys, Deed::RevokeAll, Deed::SeeTeam, Deed::KeepTeam];

    #[test]
    fn each_role_reaches_what_the_table_of_people_says() {
        let (team, own, none) = (Some(Reach::Team), Some(Reach::Own), None);
        for (role, members_manage_keys, reaches) in [
            (Role::Owner, false, [team; 5]),
            (Role::Owner, true, [team; 5]),
            (Role::Admin, false, [team, none, none, team, none]),
            (Role::Admin, true, [team, none, none, team, none]),
            (Role::Viewer, false, [team, none, none, none, none]),
            (Role::Viewer, true, [team, none, none, none, none]),
            (Role::Member, false, [none; 5]),
            (Role::Member, true, [own, own, none, none, none]),
        ] {
            assert_eq!(
                DEEDS.map(|deed| role.reach(deed, members_manage_keys)),
                reaches,
                "{role:?} {members_manage_keys}"
            );
        }
    }

    #[test]
    fn addresses_are_compared_without_case() {
        let email = Email::parse(" Olga@Northwind.Example ").expect("an address");
        assert_eq!((email.as_str(), email.folded().as_str()), ("Olga@Northwind.Example", "olga@northwind.example"));
    }

    #[test]
    fn addresses_are_compared_however_they_were_composed() {
        let (composed, decomposed) = ("Jos\u{e9}@Northwind.Example", " JOSE\u{301}@northwind.example");
        assert_eq!(fold_email(composed), fold_email(decomposed));
        assert_eq!(Email::parse(decomposed).expect("an address").folded(), fold_email(composed));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "olga", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "a\0@b"] {
            let trimmed_is_fine = text == "a@b\n";
            assert_eq!(Email::parse(text).is_ok(), trimmed_is_fine, "{text:?}");
        }
    }

    #[test]
    fn names_are_one_visible_line() {
        assert!(ShownName::parse("Northwind Rota").is_ok());
        for text in ["", "  ", "a\nb", "\u{202e}abc", "\u{200b}", &"x".repeat(81)] {
            assert!(ShownName::parse(text).is_err(), "{text:?}");
        }
    }
}
