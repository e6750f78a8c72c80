//! The verdict on a presented secret, and why. Checked in this order, the first that fails names it: form (no
//! look-up), digest, revocation, expiration, kind, project, origin, address, permissions, fields.

use super::asked::{Asked, Told};
use super::known::KnownKey;
use crate::clock::Moment;
use crate::keys::key::Status;

/// A verdict in a word: stable, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// It is good, and may what is asked.
    Valid,
    /// None was presented.
    Missing,
    /// Two different keys were presented.
    MultipleKeys,
    /// It cannot be a key at all.
    Malformed,
    /// It cannot be a key, and too many of that sort came from there.
    RateLimited,
    /// It is no key of ours.
    NotFound,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// The catalog has no such sort of key any more.
    KindNotOffered,
    /// It is filed under another project, or none.
    ProjectNotAllowed,
    /// Its trusted domains do not cover the request's origin.
    OriginNotAllowed,
    /// The request comes from an address that the key is not for.
    AddressNotAllowed,
    /// It may not do all that is asked.
    InsufficientPermissions,
    /// It does not reach a field that is asked for.
    FieldNotAllowed,
}

impl Code {
    /// Each of them, in the order of the checks.
    pub const ALL: [Code; 14] = [
        Code::Valid,
        Code::Missing,
        Code::MultipleKeys,
        Code::Malformed,
        Code::RateLimited,
        Code::NotFound,
        Code::Revoked,
        Code::Expired,
        Code::KindNotOffered,
        Code::ProjectNotAllowed,
        Code::OriginNotAllowed,
        Code::AddressNotAllowed,
        Code::InsufficientPermissions,
        Code::FieldNotAllowed,
    ];

    /// As in answers, tables and metrics: `NOT_FOUND`.
    pub fn word(self) -> &'static str {
        match self {
            Code::Valid => "VALID",
            Code::Missing => "MISSING",
            Code::MultipleKeys => "MULTIPLE_KEYS",
            Code::Malformed => "MALFORMED",
            Code::RateLimited => "RATE_LIMITED",
            Code::NotFound => "NOT_FOUND",
            Code::Revoked => "REVOKED",
            Code::Expired => "EXPIRED",
            Code::KindNotOffered => "KIND_NOT_OFFERED",
            Code::ProjectNotAllowed => "PROJECT_NOT_ALLOWED",
            Code::OriginNotAllowed => "ORIGIN_NOT_ALLOWED",
            Code::AddressNotAllowed => "ADDRESS_NOT_ALLOWED",
            Code::InsufficientPermissions => "INSUFFICIENT_PERMISSIONS",
            Code::FieldNotAllowed => "FIELD_NOT_ALLOWED",
        }
    }

    /// Reads a [`Code::word`].
    pub fn parse(word: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.word() == word)
    }

    /// Whether the key is good, but not for this.
    pub fn is_about_the_request(self) -> bool {
        self >= Code::ProjectNotAllowed
    }
}

/// Why a text cannot be a key, as far as it helps who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A blank before it or within it.
    Blank,
    /// It does not begin like a key of any kind.
    Prefix,
    /// Too little, too much, or mistyped.
    Other,
}

/// Whether a key is good, and for what is asked.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'k> {
    /// It is.
    Valid(&'k KnownKey),
    /// It is not. The key, where one was found, is for the record: what it is called is nobody's business who holds
    /// no good one.
    Refused(Code, Option<&'k KnownKey>),
    /// It cannot be a key at all.
    Malformed(Flaw),
}

impl<'k> Verdict<'k> {
    /// The verdict on a key that was found, at `now`.
    pub fn on(key: &'k KnownKey, asked: &Asked<'_>, now: Moment) -> Verdict<'k> {
        match refusal(key, asked, now) {
            None => Verdict::Valid(key),
            Some(code) => Verdict::Refused(code, Some(key)),
        }
    }

    /// In a word.
    pub fn code(&self) -> Code {
        match self {
            Verdict::Valid(_) => Code::Valid,
            Verdict::Refused(code, _) => *code,
            Verdict::Malformed(_) => Code::Malformed,
        }
    }

    /// The key that was found.
    pub fn key(&self) -> Option<&'k KnownKey> {
        match self {
            Verdict::Valid(key) | Verdict::Refused(_, Some(key)) => Some(key),
            Verdict::Refused(_, None) | Verdict::Malformed(_) => None,
        }
    }
}

fn refusal(key: &KnownKey, asked: &Asked<'_>, now: Moment) -> Option<Code> {
    match key.status(now) {
        Status::Revoked => return Some(Code::Revoked),
        Status::Expired => return Some(Code::Expired),
        Status::Active => {}
    }
    let may = key.may();
    let is_from_there = match asked.origin {
        Told::NotAsked => true,
        Told::Nothing => key.allows_origin(None),
        Told::Some(origin) => key.allows_origin(Some(origin)),
    };
    let is_at_there = match asked.address {
        Told::NotAsked => true,
        Told::Nothing => key.allows_address(None),
        Told::Some(address) => key.allows_address(Some(address)),
    };
    let may_all = !asked.has_unknown_permission && asked.permissions.iter().all(|grant| may.allows(grant));
    let checks = [
        (key.is_offered(), Code::KindNotOffered),
        (asked.project.is_none_or(|project| key.project() == Some(project)), Code::ProjectNotAllowed),
        (is_from_there, Code::OriginNotAllowed),
        (is_at_there, Code::AddressNotAllowed),
        (may_all, Code::InsufficientPermissions),
        (asked.fields.iter().all(|(resource, field)| may.reaches(resource, field)), Code::FieldNotAllowed),
    ];
    checks.into_iter().find_map(|(is_fine, code)| (!is_fine).then_some(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::known::{Packer, ReadKey};
    use crate::gate::shape::ShapeText;
    use crate::keys::addresses::Addresses;
    use crate::keys::catalog::Catalog;
    use crate::keys::domains::Domains;
    use crate::keys::expiration::Expiration;
    use crate::keys::grants::Grant;
    use crate::keys::key::KeyId;
    use crate::people::member::TeamId;

    fn moment(seconds: i64) -> Moment {
        Moment::from_unix(seconds).expect("in range")
    }

    fn read() -> ReadKey {
        let shape = ShapeText {
            team_id: TeamId::mint(moment(0)).to_string(),
            team_name: "Northwind".to_owned(),
            project: Some(("project_a".to_owned(), "Front desk".to_owned())),
            kind: "secret".to_owned(),
            permissions: "shifts:read users:read".to_owned(),
            fields: "users=name".to_owned(),
            is_published: false,
        };
        ReadKey {
            id: KeyId::mint(moment(0)),
            name: "HR \"sync\"".to_owned(),
            shape,
            created_at: moment(0),
            expiration: Expiration(Some(moment(100))),
            is_revoked: false,
            domains: Domains::parse("app.example.com").expect("good"),
            addresses: Addresses::parse("192.0.2.0/24").expect("good"),
        }
    }

    fn code(key: ReadKey, asked: &Asked<'_>, now: i64) -> Code {
        let key = Packer::new(Catalog::built_in()).pack(key).expect("readable");
        Verdict::on(&key, asked, moment(now)).code()
    }

    fn all_wrong() -> Asked<'static> {
        Asked {
            permissions: vec![Grant::parse("shifts:write").expect("a grant")].into(),
            has_unknown_permission: false,
            fields: vec![("users".to_owned(), "start".to_owned())].into(),
            project: Some("project_b"),
            origin: Told::Nothing,
            address: Told::Some("198.51.100.1".parse().expect("an address")),
        }
    }

    #[test]
    fn the_first_check_that_fails_names_the_verdict() {
        let mut asked = all_wrong();
        assert_eq!(code(ReadKey { is_revoked: true, ..read() }, &asked, 100), Code::Revoked);
        assert_eq!(code(read(), &asked, 100), Code::Expired);
        let gone = ReadKey { shape: ShapeText { kind: "gone".to_owned(), ..read().shape }, ..read() };
        assert_eq!(code(gone, &asked, 99), Code::KindNotOffered);
        assert_eq!(code(read(), &asked, 99), Code::ProjectNotAllowed);
        asked.project = Some("project_a");
        assert_eq!(code(read(), &asked, 99), Code::OriginNotAllowed);
        asked.origin = Told::Some("https://app.example.com");
        assert_eq!(code(read(), &asked, 99), Code::AddressNotAllowed);
        asked.address = Told::Some("192.0.2.7".parse().expect("an address"));
        assert_eq!(code(read(), &asked, 99), Code::InsufficientPermissions);
        asked.permissions = vec![Grant::parse("shifts:read").expect("a grant")].into();
        assert_eq!(code(read(), &asked, 99), Code::FieldNotAllowed);
        asked.fields = vec![("shifts".to_owned(), "start".to_owned())].into();
        assert_eq!(code(read(), &asked, 99), Code::Valid);
    }

    #[test]
    fn a_door_that_does_not_ask_refuses_nothing_for_it() {
        assert_eq!(code(read(), &Asked::default(), 0), Code::Valid);
        let asked = Asked { address: Told::Nothing, ..Asked::default() };
        assert_eq!(code(read(), &asked, 0), Code::AddressNotAllowed);
    }

    #[test]
    fn what_is_told_of_a_key_is_json() {
        let pack = |read| Packer::new(Catalog::built_in()).pack(read).expect("readable");
        for read in [read(), ReadKey { expiration: Expiration(None), ..read() }] {
            let plain = pack(ReadKey { name: "HR sync".to_owned(), ..read }).json(moment(7));
            assert_eq!(plain.capacity(), plain.len(), "it is sent as it is");
        }
        let key = pack(read());
        let told: serde_json::Value = serde_json::from_str(&key.json(moment(0))).expect("it is JSON");
        assert_eq!(told["name"], "HR \"sync\"");
        assert_eq!(told["id"], key.id());
        assert_eq!(told["project"]["name"], "Front desk");
        assert_eq!(told["permissions"], serde_json::json!(["shifts:read", "users:read"]));
        assert_eq!(told["fields"], serde_json::json!({"users": []}), "the catalog has no fields");
        assert_eq!(told["expires_at"], "1970-01-01T00:01:40Z");
        assert_eq!(key.in_headers().fields, "shifts=*; users=");
    }

    #[test]
    fn words_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.word()), Some(code));
        }
    }
}
