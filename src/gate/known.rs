//! What the gate knows of a key, packed: a team may have a million of them, and all are in memory.
//!
//! What many keys have in common (team, project, kind, permissions, fields) is a [`Shape`] that they share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use crate::clock::Moment;
use crate::id;
use crate::keys::addresses::Addresses;
use crate::keys::catalog::{Catalog, Kind};
use crate::keys::domains::Domains;
use crate::keys::expiration::Expiration;
use crate::keys::grants::Grants;
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

/// What makes a [`Shape`], as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShapeText {
    /// The id of the team.
    pub team_id: String,
    /// The team's name.
    pub team_name: String,
    /// The id of the project it is filed under.
    pub project: Option<String>,
    /// The id of its kind.
    pub kind: String,
    /// [`Grants::permissions_text`].
    pub permissions: String,
    /// [`Grants::fields_text`].
    pub fields: String,
    /// Whether all of the key is kept, for anyone to read.
    pub is_published: bool,
}

/// What keys have in common, ready to be told.
#[derive(Debug)]
pub struct Shape {
    team: Team,
    project: Option<Box<str>>,
    kind: Box<str>,
    in_headers: InHeaders,
    is_offered: bool,
    is_publishable: bool,
    may: InForce,
    /// `,"team":{…},"project":`
    json_head: Box<str>,
    /// `,"kind":…,"fields":{…}`
    json_tail: Box<str>,
}

/// What a shape tells in headers: each is shared, not copied, by the answers that hold it.
#[derive(Clone, Debug)]
pub struct InHeaders {
    /// The id of the team.
    pub team: Bytes,
    /// The id of the project; empty for none.
    pub project: Bytes,
    /// The id of the kind.
    pub kind: Bytes,
    /// `shifts:read users:read`
    pub permissions: Bytes,
    /// `shifts=*; users=name,start`: every resource it may do something with; `*` is every field.
    pub fields: Bytes,
}

/// A key, packed. A copy shares what is large.
#[derive(Clone, Debug)]
pub struct KnownKey {
    id: [u8; 16],
    name: Arc<str>,
    shape: Arc<Shape>,
    bounds: Option<Arc<(Domains, Addresses)>>,
    created_at: Moment,
    /// Before or at [`Moment::END`]; that itself is never.
    expires_at: Moment,
    is_revoked: bool,
}

impl KnownKey {
    /// Its id, packed.
    pub fn packed_id(&self) -> [u8; 16] {
        self.id
    }

    /// Its id: `key_…`.
    pub fn id(&self) -> String {
        let mut text = String::with_capacity(32);
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

    /// `shifts:read users:read`
    pub fn permissions_text(&self) -> &str {
        std::str::from_utf8(&self.in_headers().permissions).expect("it was made of a text")
    }

    /// When it was made.
    pub fn created_at(&self) -> Moment {
        self.created_at
    }

    /// When it ends.
    pub fn expires_at(&self) -> Option<Moment> {
        (self.expires_at != Moment::END).then_some(self.expires_at)
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

    /// What is told of it, as JSON; `project_name` is that of its project.
    pub fn json(&self, project_name: Option<&str>, status: Status) -> String {
        let Shape { json_head, json_tail, .. } = &*self.shape;
        let mut out = String::with_capacity(json_head.len() + json_tail.len() + self.name.len() + 192);
        out.push_str("{\"id\":\"");
        self.push_id(&mut out);
        out.push_str("\",\"name\":");
        push_json(&self.name, &mut out);
        out.push_str(json_head);
        match (self.project(), project_name) {
            (Some(id), Some(name)) => {
                out.push_str("{\"id\":");
                push_json(id, &mut out);
                out.push_str(",\"name\":");
                push_json(name, &mut out);
                out.push('}');
            }
            _ => out.push_str("null"),
        }
        out.push_str(json_tail);
        out.push_str(",\"created_at\":\"");
        self.created_at.push_rfc3339(&mut out);
        match self.expires_at() {
            Some(at) => {
                out.push_str("\",\"expires_at\":\"");
                at.push_rfc3339(&mut out);
                out.push('"');
            }
            None => out.push_str("\",\"expires_at\":null"),
        }
        out.push_str(",\"status\":\"");
        out.push_str(status.word());
        out.push_str("\"}");
        out
    }

    /// The same key, revoked.
    pub(super) fn revoked(self) -> KnownKey {
        KnownKey { is_revoked: true, ..self }
    }
}

/// A JSON string. Most names need no escaping: then it is two quotes and a copy.
pub(super) fn push_json(text: &str, out: &mut String) {
    if text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

impl Shape {
    fn of(text: &ShapeText, catalog: &Catalog) -> Option<Shape> {
        let may = Grants::from_stored(&text.permissions, &text.fields)?.in_force(catalog.offered_to(&text.kind));
        let kind = catalog.kind(&text.kind);
        let team = Team { id: crate::people::member::TeamId::parse(&text.team_id)?, name: text.team_name.clone() };
        let list = |items: &mut dyn Iterator<Item = String>| {
            let quoted: Vec<String> = items.map(|item| json(&item)).collect();
            format!("[{}]", quoted.join(","))
        };
        let restricted = may.restricted();
        let fields: Vec<String> = restricted
            .map(|(resource, few)| format!("{}:{}", json(resource), list(&mut few.iter().cloned())))
            .collect();
        let head = format!(",\"team\":{{\"id\":{},\"name\":{}}},\"project\":", json(&text.team_id), json(&team.name));
        let tail = format!(
            ",\"kind\":{},\"permissions\":{},\"fields\":{{{}}}",
            json(&text.kind),
            list(&mut may.iter()),
            fields.join(",")
        );
        Some(Shape {
            project: text.project.as_deref().map(Box::from),
            kind: text.kind.as_str().into(),
            is_offered: kind.is_some(),
            is_publishable: text.is_published || kind.is_some_and(Kind::is_publishable),
            in_headers: InHeaders {
                team: text.team_id.clone().into(),
                project: text.project.clone().unwrap_or_default().into(),
                kind: text.kind.clone().into(),
                permissions: may.iter().collect::<Vec<_>>().join(" ").into(),
                fields: fields_header(&may).into(),
            },
            team,
            may,
            json_head: head.into(),
            json_tail: tail.into(),
        })
    }
}

fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json(text, &mut out);
    out
}

/// `shifts=*; users=name,start`
fn fields_header(may: &InForce) -> String {
    let resources = may.resources().map(|(resource, few)| match few {
        None => format!("{resource}=*"),
        Some(few) => format!("{resource}={}", few.join(",")),
    });
    resources.collect::<Vec<_>>().join("; ")
}

/// Packs keys, and keeps one shape for all keys that have it in common.
#[derive(Debug)]
pub struct Packer {
    catalog: Catalog,
    shapes: HashMap<ShapeText, Weak<Shape>>,
    /// When so many shapes are kept, those that no key has any more are forgotten.
    sweep_at: usize,
}

impl Packer {
    /// With no shape yet.
    pub fn new(catalog: Catalog) -> Packer {
        Packer { catalog, shapes: HashMap::new(), sweep_at: 1_024 }
    }

    /// Packs a key; none if what was stored of it cannot be read.
    pub fn pack(&mut self, key: ReadKey) -> Option<KnownKey> {
        let shape = self.shape(key.shape)?;
        let is_bounded = !key.domains.is_empty() || !key.addresses.is_empty();
        Some(KnownKey {
            id: key.id.packed(),
            name: key.name.into(),
            shape,
            bounds: is_bounded.then(|| Arc::new((key.domains, key.addresses))),
            created_at: key.created_at,
            expires_at: key.expiration.at().unwrap_or(Moment::END),
            is_revoked: key.is_revoked,
        })
    }

    fn shape(&mut self, text: ShapeText) -> Option<Arc<Shape>> {
        if let Some(shape) = self.shapes.get(&text).and_then(Weak::upgrade) {
            return Some(shape);
        }
        if self.shapes.len() >= self.sweep_at {
            self.shapes.retain(|_, shape| shape.strong_count() > 0);
            self.sweep_at = 2 * self.shapes.len().max(512);
        }
        let shape = Arc::new(Shape::of(&text, &self.catalog)?);
        self.shapes.insert(text, Arc::downgrade(&shape));
        Some(shape)
    }
}
