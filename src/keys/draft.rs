//! A key that somebody asks for: what the create form said, once every field of it holds.
//!
//! A [`Draft`] that exists can be issued. It refuses to know forms, nonces and secrets.

use std::collections::BTreeMap;

use crate::clock::Moment;
use crate::keys::bounds::{Bounds, BoundsErrors, RawBounds};
use crate::keys::catalog::{Catalog, Kind};
use crate::keys::expiration::{Expiration, Lifetime};
use crate::keys::grants::Grants;
use crate::keys::key::{Actor, ApiKey, KeyId};
use crate::keys::name::KeyName;
use crate::keys::secret::KeySecret;
use crate::people::member::TeamId;
use crate::projects::project::{Filing, Project};

/// What was typed, unread.
#[derive(Clone, Copy, Debug)]
pub struct RawDraft<'a> {
    /// `name`.
    pub name: &'a str,
    /// `kind`; may be absent or empty where the catalog has only one.
    pub kind: Option<&'a str>,
    /// Each `permission`.
    pub permissions: &'a [String],
    /// RESOURCE of `fields.RESOURCE` → `all` or `some`.
    pub fields_choice: &'a BTreeMap<String, String>,
    /// Each `field`.
    pub fields: &'a [String],
    /// `expiration`.
    pub expiration: &'a str,
    /// `expires_on`.
    pub expires_on: Option<&'a str>,
    /// `time_zone`.
    pub time_zone: Option<&'a str>,
    /// `project`; absent or empty: none.
    pub project: Option<&'a str>,
    /// `domain`, `address` and `toggle.KIND.ID`.
    pub bounds: RawBounds<'a>,
}

/// What a new key can be made of.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// What may be granted.
    pub catalog: &'a Catalog,
    /// Under which projects it can be filed.
    pub projects: &'a [Project],
}

/// Everything that is chosen for a new key. Only [`Draft::parse`] makes one:
///
/// ```compile_fail,E0451
/// use keyrack::keys::{bounds::Bounds, catalog::Kind, draft::Draft, expiration::Lifetime, grants::Grants, name::KeyName};
/// use keyrack::clock::Moment;
/// fn forge(name: KeyName, kind: Kind, grants: Grants, bounds: Bounds, lifetime: Lifetime, asked_at: Moment) -> Draft {
///     Draft { name, kind, grants, bounds, filing: None, lifetime, asked_at }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    name: KeyName,
    kind: Kind,
    grants: Grants,
    filing: Option<Filing>,
    bounds: Bounds,
    lifetime: Lifetime,
    asked_at: Moment,
}

/// What is wrong, a sentence beside each field that it is about; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftErrors {
    name: Option<String>,
    kind: Option<String>,
    permissions: Option<String>,
    expiration: Option<String>,
    expires_on: Option<String>,
    project: Option<String>,
    bounds: BoundsErrors,
}

impl Draft {
    /// Reads all of the fields, so that all that is wrong is said at once.
    pub fn parse(raw: &RawDraft<'_>, offer: Offer<'_>, now: Moment) -> Result<Draft, Box<DraftErrors>> {
        let name = KeyName::parse(raw.name);
        let kind = parse_kind(raw.kind.unwrap_or_default(), offer.catalog);
        // What a kind allows is judged by the one that was chosen; without one, by the first.
        let judged_by = kind.unwrap_or(offer.catalog.default_kind());
        let grants = Grants::choose(offer.catalog, judged_by, raw.permissions, raw.fields_choice, raw.fields);
        let filing = parse_project(raw.project.unwrap_or_default(), offer.projects);
        let bounds = raw.bounds.read(judged_by);
        let lifetime = Lifetime::parse(raw.expiration, raw.expires_on, raw.time_zone, now);
        match (name, kind, grants, filing, bounds, lifetime) {
            (Ok(name), Ok(kind), Ok(grants), Ok(filing), Ok(bounds), Ok(lifetime)) => {
                Ok(Draft { name, kind: kind.clone(), grants, filing, bounds, lifetime, asked_at: now })
            }
            (name, kind, grants, filing, bounds, lifetime) => {
                let lifetime = lifetime.err();
                Err(Box::new(DraftErrors {
                    name: name.err().map(|error| error.to_string()),
                    kind: kind.err().map(str::to_owned),
                    permissions: grants.err().map(|error| error.to_string()),
                    expiration: lifetime.filter(|error| !error.is_about_the_date()).map(|error| error.to_string()),
                    expires_on: lifetime.filter(|error| error.is_about_the_date()).map(|error| error.to_string()),
                    project: filing.err().map(str::to_owned),
                    bounds: bounds.err().unwrap_or_default(),
                }))
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its kind, with the prefix to mint the secret by.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// What it shall be allowed.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// What was chosen for its expiration.
    pub fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// When it will expire, counted from the moment that it was asked for.
    pub fn expiration(&self) -> Expiration {
        Expiration(self.lifetime.expires_at(self.asked_at))
    }

    /// The record of the key that comes of it, created at the moment that it was asked for.
    pub fn issue(self, team: TeamId, created_by: Actor, secret: &KeySecret) -> ApiKey {
        ApiKey {
            id: KeyId::mint(self.asked_at),
            team,
            expiration: self.expiration(),
            name: self.name,
            preview: secret.preview(),
            published: secret.published(&self.kind),
            kind: self.kind.id,
            grants: self.grants,
            filing: self.filing,
            bounds: self.bounds,
            created_at: self.asked_at,
            created_by,
            revoked: None,
            last_use: None,
        }
    }
}

impl DraftErrors {
    /// Beside `Key name`.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Beside `Kind`.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Beside `Permissions`.
    pub fn permissions(&self) -> Option<&str> {
        self.permissions.as_deref()
    }

    /// Beside `Expiration`.
    pub fn expiration(&self) -> Option<&str> {
        self.expiration.as_deref()
    }

    /// Beside the date of one's choice.
    pub fn expires_on(&self) -> Option<&str> {
        self.expires_on.as_deref()
    }

    /// Beside `Project`.
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// Beside what can be changed later, too.
    pub fn bounds(&self) -> &BoundsErrors {
        &self.bounds
    }
}

fn parse_kind<'a>(id: &str, catalog: &'a Catalog) -> Result<&'a Kind, &'static str> {
    match (id, catalog.kinds()) {
        ("", [only]) => Ok(only),
        ("", _) => Err("Choose what kind of key."),
        _ => catalog.kind(id).ok_or("This kind of key is not offered."),
    }
}

fn parse_project(id: &str, projects: &[Project]) -> Result<Option<Filing>, &'static str> {
    if id.is_empty() {
        return Ok(None);
    }
    let open = projects.iter().filter(|project| !project.is_archived());
    let found = open.map(Project::filing).find(|filing| filing.project.as_str() == id);
    found.map(Some).ok_or("Choose one of the projects, or none.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment::from_unix(1_795_262_400).expect("in range")
    }

    fn parse(change: impl FnOnce(&mut RawDraft<'_>)) -> Result<Draft, Box<DraftErrors>> {
        let (permissions, choices) = (["shifts:read".to_owned()], BTreeMap::new());
        let mut raw = RawDraft {
            name: " Payroll ",
            kind: Some("secret"),
            permissions: &permissions,
            fields_choice: &choices,
            fields: &[],
            expiration: "7d",
            expires_on: Some(""),
            time_zone: None,
            project: None,
            bounds: RawBounds { domains: None, addresses: None, toggles: &choices },
        };
        change(&mut raw);
        Draft::parse(&raw, Offer { catalog: &Catalog::built_in(), projects: &[] }, now())
    }

    #[test]
    fn a_good_form_becomes_a_draft_and_a_draft_a_key() {
        let draft = parse(|_| ()).expect("good");
        let by = Actor { person: crate::people::member::PersonId::mint(now()), name: "Olga Berg".to_owned() };
        let secret = KeySecret::mint_from_os(&draft.kind().prefix);
        let key = draft.issue(TeamId::mint(now()), by, &secret);
        assert_eq!((key.preview, key.published), (secret.preview(), None));
        assert_eq!((key.name.as_str(), key.kind.as_str()), ("Payroll", "secret"));
        assert_eq!(key.grants.permissions_text(), "shifts:read");
        assert_eq!((key.created_at, key.expiration.at()), (now(), Some(now().plus_seconds(7 * 86_400))));
        assert_eq!(key.revoked, None);
    }

    #[test]
    fn the_only_kind_need_not_be_said() {
        assert_eq!(parse(|raw| raw.kind = None).map(|draft| draft.kind.id), Ok("secret".to_owned()));
        let errors = parse(|raw| raw.kind = Some("other")).expect_err("unknown");
        assert_eq!(errors.kind(), Some("This kind of key is not offered."));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_beside_its_field() {
        let errors = parse(|raw| (raw.name, raw.permissions, raw.expiration) = ("", &[], "soon")).expect_err("bad");
        assert_eq!(errors.name(), Some("Enter a name."));
        assert_eq!(errors.permissions(), Some("Choose at least one permission."));
        assert_eq!(errors.expiration(), Some("Choose when the key expires."));
        assert_eq!((errors.kind(), errors.expires_on()), (None, None));
    }

    #[test]
    fn a_bad_date_is_said_beside_the_date() {
        let errors = parse(|raw| (raw.expiration, raw.expires_on) = ("custom", Some("2020-01-01"))).expect_err("past");
        assert_eq!(errors.expires_on(), Some("Choose today or a later day."));
        assert_eq!((errors.expiration(), errors.name()), (None, None));
    }
}
