//! The identity headers: what an API behind a proxy learns of the key that a request has.

use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::known::{KnownKey, Packer, ReadKey};
use super::shape::ShapeText;
use crate::clock::Moment;
use crate::keys::addresses::Addresses;
use crate::keys::catalog::{Catalog, IdentityHeader, IdentityHeaders, Kind, Resource};
use crate::keys::domains::Domains;
use crate::keys::expiration::Expiration;
use crate::keys::grants::Grants;
use crate::keys::key::KeyId;
use crate::keys::name::KeyName;
use crate::people::member::TeamId;
use crate::projects::project::ProjectId;

/// When the key expires.
pub const X_KEY_EXPIRES: HeaderName = HeaderName::from_static("x-key-expires");
const X_KEY_ID: HeaderName = HeaderName::from_static("x-key-id");
const X_KEY_NAME: HeaderName = HeaderName::from_static("x-key-name");
const X_KEY_TEAM: HeaderName = HeaderName::from_static("x-key-team");
const X_KEY_PROJECT: HeaderName = HeaderName::from_static("x-key-project");
const X_KEY_KIND: HeaderName = HeaderName::from_static("x-key-kind");
const X_KEY_PERMISSIONS: HeaderName = HeaderName::from_static("x-key-permissions");
const X_KEY_FIELDS: HeaderName = HeaderName::from_static("x-key-fields");

/// What of a name needs no escape in a header: RFC 3986's unreserved characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Every identity header. Without a key, and where `selected` leaves one out, it is empty: so a proxy always replaces
/// what a client sent under its name.
pub fn headers(key: Option<&KnownKey>, selected: IdentityHeaders) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    IdentityHeader::ALL.into_iter().map(move |header| {
        let key = key.filter(|_| selected.contain(header));
        let value = key.and_then(|key| value(header, key));
        (header_name(header), value.unwrap_or(HeaderValue::from_static("")))
    })
}

/// The bytes of all identity headers of the key that has the most of them, as HTTP/1.1 sends them.
pub fn largest_set(catalog: &Catalog) -> usize {
    let mut packer = Packer::new(catalog.clone());
    let keys = catalog.kinds().iter().filter_map(|kind| packer.pack(largest_key(catalog, kind)?));
    let bytes = |key: KnownKey| {
        let line = |(name, value): (HeaderName, HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
        headers(Some(&key), catalog.gate().identity_headers).map(line).sum()
    };
    keys.map(bytes).max().unwrap_or_default()
}

/// The key of a kind that has everything it can be given; none if the kind can be given nothing.
fn largest_key(catalog: &Catalog, kind: &Kind) -> Option<ReadKey> {
    let resources = || catalog.resources_for(kind);
    let grants = resources().flat_map(Resource::grants);
    let fields = resources().filter(|resource| !resource.fields.is_empty());
    let fields = fields.map(|resource| (resource.id.clone(), resource.fields.iter().map(|f| f.id.clone()).collect()));
    let grants = Grants::new(grants, fields)?;
    let at = Moment::EARLIEST;
    Some(ReadKey {
        id: KeyId::of_packed([0; 16]),
        name: "\u{10000}".repeat(KeyName::MAX_CHARACTERS),
        shape: ShapeText {
            team_id: TeamId::of_packed([0; 16]).to_string(),
            team_name: String::new(),
            project: Some((ProjectId::of_packed([0; 16]).to_string(), String::new())),
            kind: kind.id.clone(),
            permissions: grants.permissions_text(),
            fields: grants.fields_text(),
            is_published: false,
        },
        created_at: at,
        expiration: Expiration(Some(at)),
        is_revoked: false,
        domains: Domains::default(),
        addresses: Addresses::default(),
    })
}

fn header_name(header: IdentityHeader) -> HeaderName {
    match header {
        IdentityHeader::Id => X_KEY_ID,
        IdentityHeader::Name => X_KEY_NAME,
        IdentityHeader::Team => X_KEY_TEAM,
        IdentityHeader::Project => X_KEY_PROJECT,
        IdentityHeader::Kind => X_KEY_KIND,
        IdentityHeader::Permissions => X_KEY_PERMISSIONS,
        IdentityHeader::Fields => X_KEY_FIELDS,
        IdentityHeader::Expires => X_KEY_EXPIRES,
    }
}

fn value(header: IdentityHeader, key: &KnownKey) -> Option<HeaderValue> {
    // Many keys share these: a clone shares, too.
    let shared = key.in_headers();
    Some(match header {
        IdentityHeader::Id => plain(key.id()),
        IdentityHeader::Name => plain(escaped(key.name())),
        IdentityHeader::Team => shared.team.clone(),
        IdentityHeader::Project => shared.project.clone(),
        IdentityHeader::Kind => shared.kind.clone(),
        IdentityHeader::Permissions => shared.permissions.clone(),
        IdentityHeader::Fields => shared.fields.clone(),
        IdentityHeader::Expires => plain(key.expires_at()?.rfc3339()),
    })
}

/// A header's value of our own making: an id, a time, something that is escaped.
pub fn plain(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("what we make for a header is plain ASCII")
}

/// Three bytes replace such a one.
fn is_escaped(byte: &u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escaped(name: &str) -> String {
    // Allocated at its final length: then it becomes the header without a second allocation.
    let mut text = String::with_capacity(name.len() + 2 * name.bytes().filter(is_escaped).count());
    text.extend(utf8_percent_encode(name, UNRESERVED));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::{GateRules, Parts};

    #[test]
    fn every_header_is_sent_and_the_selected_ones_have_a_value() {
        let mut packer = Packer::new(Catalog::built_in());
        let catalog = Catalog::built_in();
        let key = largest_key(&catalog, catalog.default_kind()).and_then(|key| packer.pack(key)).expect("a key");
        let mut selected = IdentityHeaders::NONE;
        selected.select("X-Key-Permissions").expect("it is one");
        let names = |key, selected| {
            let all: Vec<_> = headers(key, selected).collect();
            assert_eq!(all.len(), 8);
            let filled = all.into_iter().filter(|(_, value)| !value.is_empty());
            filled.map(|(name, _)| name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(Some(&key), selected), ["x-key-permissions"]);
        assert_eq!(names(Some(&key), IdentityHeaders::default()).len(), 8);
        assert_eq!(names(None, IdentityHeaders::default()), [""; 0]);
        for (header, (name, _)) in IdentityHeader::ALL.into_iter().zip(headers(None, selected)) {
            assert_eq!(header.name().to_ascii_lowercase(), name.as_str());
        }
    }

    #[test]
    fn the_largest_set_is_counted_as_it_is_sent() {
        let names = "X-Key-Id: \r\nX-Key-Name: \r\nX-Key-Team: \r\nX-Key-Project: \r\nX-Key-Kind: \r\n\
                     X-Key-Permissions: \r\nX-Key-Fields: \r\nX-Key-Expires: \r\n";
        let (ids, name, time) = ("key_team_project_".len() + 3 * 26, 60 * 4 * 3, "2026-11-04T09:12:00Z".len());
        let permissions = "assignments:read assignments:write leaves:read shifts:read shifts:write users:read".len();
        let fields = "assignments=*; leaves=*; shifts=*; users=*".len();
        let all = names.len() + ids + name + time + "secret".len() + permissions + fields;
        assert_eq!(largest_set(&Catalog::built_in()), all);
        let gate = GateRules { identity_headers: IdentityHeaders::NONE, ..GateRules::default() };
        let silent = Catalog::new(Parts { gate, ..Parts::built_in() }).expect("coherent");
        assert_eq!(largest_set(&silent), names.len());
    }
}
