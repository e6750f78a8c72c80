//! What the gate knows of a key, packed: a team may have a million of them, and all are in memory. What many of them have
//! in common is a [`Shape`] that they share.

use std::net::IpAddr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::shape::{InHeaders, Shape, ShapeText, Shapes};
use crate::clock::Moment;
use crate::id;
use crate::json::push_text;
use crate::keys::addresses::Addresses;
use crate::keys::catalog::Catalog;
use crate::keys::domains::Domains;
use crate::keys::expiration::Expiration;
use crate::keys::in_force::InForce;
use crate::keys::key::{KeyId, Status};
use crate::people::member::Team;

/// A key as it is read from the store, with all of it spelled out.
#[derive(Clone, Debug)]
pub struct ReadKey {
    /// Its id.
    pub id: KeyId,
    /// What it is called.
    pub name: String,
    /// What it shares with others.
    pub shape: ShapeText,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends.
    pub expiration: Expiration,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// Whose pages may use it.
    pub domains: Domains,
    /// From where it may be used.
    pub addresses: Addresses,
}

/// A key, packed. A copy shares what is large.
#[derive(Clone, Debug)]
pub struct KnownKey {
    id: [u8; 16],
    /// Short ones, as most are, lie within.
    name: SmolStr,
    shape: Arc<Shape>,
    bounds: Option<Arc<(Domains, Addresses)>>,
    created_at: FiveBytes,
    /// Before or at [`Moment::END`]; that itself is never.
    expires_at: FiveBytes,
    is_revoked: bool,
}

/// A moment, packed: eight bytes fewer in each key are eight megabytes in a million.
#[derive(Clone, Copy, Debug)]
struct FiveBytes([u8; 5]);

impl From<Moment> for FiveBytes {
    fn from(moment: Moment) -> FiveBytes {
        let [a, b, c, d, e, ..] = moment.unix().to_le_bytes();
        FiveBytes([a, b, c, d, e])
    }
}

impl From<FiveBytes> for Moment {
    fn from(FiveBytes([a, b, c, d, e]): FiveBytes) -> Moment {
        // Shifted back with its sign.
        let unix = i64::from_le_bytes([0, 0, 0, a, b, c, d, e]) >> 24;
        Moment::from_unix(unix).expect("the years 1 to 9999 are within five bytes")
    }
}

impl KnownKey {
    /// Its id, packed.
    pub fn packed_id(&self) -> [u8; 16] {
        self.id
    }

    /// Its id: `key_…`.
    pub fn id(&self) -> String {
        let mut text = String::with_capacity(KeyId::PREFIX.len() + id::TEXT_LENGTH);
        self.push_id(&mut text);
        text
    }

    fn push_id(&self, out: &mut String) {
        out.push_str(KeyId::PREFIX);
        id::push_unpacked(self.id, out);
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose it is.
    pub fn team(&self) -> &Team {
        &self.shape.team
    }

    /// The id of the project it is filed under.
    pub fn project(&self) -> Option<&str> {
        self.shape.project.as_deref()
    }

    /// The id of its kind.
    pub fn kind(&self) -> &str {
        &self.shape.kind
    }

    /// Whether the catalog still has its kind.
    pub fn is_offered(&self) -> bool {
        self.shape.is_offered
    }

    /// Whether anyone may have read it: it is kept whole, or its kind is publishable (now).
    pub fn is_publishable(&self) -> bool {
        self.shape.is_publishable
    }

    /// What it may: of what it was granted, what the catalog still offers.
    pub fn may(&self) -> &InForce {
        &self.shape.may
    }

    /// What it tells in headers, all that it has in common with others.
    pub fn in_headers(&self) -> &InHeaders {
        &self.shape.in_headers
    }

    /// What it may do, by public names: `shifts:read users:read`
    pub fn permissions_text(&self) -> &str {
        self.in_headers().permissions.to_str().expect("ids and scopes are plain ASCII")
    }

    /// When it was made.
    pub fn created_at(&self) -> Moment {
        self.created_at.into()
    }

    /// When it ends.
    pub fn expires_at(&self) -> Option<Moment> {
        Some(Moment::from(self.expires_at)).filter(|at| *at != Moment::END)
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        self.is_revoked
    }

    /// What it is at `now`.
    pub fn status(&self, now: Moment) -> Status {
        Status::at(self.is_revoked, Expiration(self.expires_at()), now)
    }

    /// Whether pages from there may use it.
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        self.bounds.as_ref().is_none_or(|bounds| bounds.0.allow(origin))
    }

    /// Whether it may be used from there; none: nobody knows from where.
    pub fn allows_address(&self, address: Option<IpAddr>) -> bool {
        self.bounds.as_ref().is_none_or(|bounds| match address {
            Some(address) => bounds.1.allow(address),
            None => bounds.1.is_empty(),
        })
    }

    /// What is told of it at `now`, as JSON.
    pub fn json(&self, now: Moment) -> String {
        // As long as it will be, if nothing in the name is escaped: then it is sent as it is, without another allocation.
        let (rest, time) =
            (r#"{"id":"","name":"","created_at":"","expires_at":,"status":""}"#.len(), "2026-11-04T09:12:00Z".len());
        let (id, status) = (KeyId::PREFIX.len() + id::TEXT_LENGTH, self.status(now).word());
        let expires = if self.expires_at().is_some() { time + 2 } else { "null".len() };
        let length = rest + id + self.name.len() + self.shape.json.len() + time + expires + status.len();
        let mut out = String::with_capacity(length);
        out.push_str("{\"id\":\"");
        self.push_id(&mut out);
        out.push_str("\",\"name\":");
        push_text(&self.name, &mut out);
        out.push_str(&self.shape.json);
        out.push_str(",\"created_at\":\"");
        self.created_at().push_rfc3339(&mut out);
        match self.expires_at() {
            Some(at) => {
                out.push_str("\",\"expires_at\":\"");
                at.push_rfc3339(&mut out);
                out.push('"');
            }
            None => out.push_str("\",\"expires_at\":null"),
        }
        out.push_str(",\"status\":\"");
        out.push_str(status);
        out.push_str("\"}");
        out
    }

    /// It is revoked if it was before.
    pub(super) fn stay_revoked(&mut self, before: &KnownKey) {
        self.is_revoked |= before.is_revoked;
    }
}

/// Packs keys.
#[derive(Debug)]
pub struct Packer(Shapes);

impl Packer {
    /// With no key yet.
    pub fn new(catalog: Catalog) -> Packer {
        Packer(Shapes::new(catalog))
    }

    /// Packs a key; none if what was stored of it cannot be read.
    pub fn pack(&mut self, key: ReadKey) -> Option<KnownKey> {
        let shape = self.0.of(key.shape)?;
        let is_bounded = !key.domains.is_empty() || !key.addresses.is_empty();
        Some(KnownKey {
            id: key.id.packed(),
            name: key.name.into(),
            shape,
            bounds: is_bounded.then(|| Arc::new((key.domains, key.addresses))),
            created_at: key.created_at.into(),
            expires_at: key.expiration.at().unwrap_or(Moment::END).into(),
            is_revoked: key.is_revoked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_moment_packs_into_five_bytes_and_back(unix in Moment::EARLIEST.unix()..=Moment::END.unix()) {
            let moment = Moment::from_unix(unix).expect("in range");
            proptest::prop_assert_eq!(Moment::from(FiveBytes::from(moment)), moment);
        }
    }
}
