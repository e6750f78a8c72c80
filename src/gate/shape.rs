//! What many keys have in common (team, project, kind, permissions, fields), ready to be told: they share it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use http::HeaderValue;

use crate::json::push_text;
use crate::keys::catalog::{Catalog, Kind};
use crate::keys::grants::Grants;
use crate::keys::in_force::InForce;
use crate::people::member::{Team, TeamId};

/// What makes a [`Shape`], as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShapeText {
    /// The id of the team.
    pub team_id: String,
    /// The team's name.
    pub team_name: String,
    /// Id and name of the project it is filed under.
    pub project: Option<(String, String)>,
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
    /// Whose they are.
    pub team: Team,
    /// The id of the project they are filed under.
    pub project: Option<Box<str>>,
    /// The id of their kind.
    pub kind: Box<str>,
    /// What they tell in headers.
    pub in_headers: InHeaders,
    /// Whether the catalog still has their kind.
    pub is_offered: bool,
    /// Whether anyone may have read them: they are kept whole, or their kind is publishable (now).
    pub is_publishable: bool,
    /// What they may: of what they were granted, what the catalog still offers.
    pub may: InForce,
    /// What stands behind the name, and before the times: `,"team":{…},"project":…,"kind":…,"fields":{…}`
    pub json: Box<str>,
}

/// What a shape tells in headers: each is shared, not copied, by the answers that hold it.
#[derive(Clone, Debug)]
pub struct InHeaders {
    /// The id of the team.
    pub team: HeaderValue,
    /// The id of the project; empty for none.
    pub project: HeaderValue,
    /// The id of the kind.
    pub kind: HeaderValue,
    /// Public names: `shifts:read users:read`
    pub permissions: HeaderValue,
    /// `shifts=*; users=name,start`: every resource it may do something with; `*` is every field.
    pub fields: HeaderValue,
}

impl Shape {
    fn of(text: &ShapeText, catalog: &Catalog) -> Option<Shape> {
        let may = Grants::from_stored(&text.permissions, &text.fields)?.in_force(catalog.offered_to(&text.kind));
        let kind = catalog.kind(&text.kind);
        let team = Team { id: TeamId::parse(&text.team_id)?, name: text.team_name.clone() };
        let list = |items: &mut dyn Iterator<Item = String>| {
            let quoted: Vec<String> = items.map(|item| json(&item)).collect();
            format!("[{}]", quoted.join(","))
        };
        let restricted = may.restricted();
        let permissions: Vec<String> = may.grants().map(|grant| catalog.public_name(&grant).into_owned()).collect();
        let fields: Vec<String> = restricted
            .map(|(resource, few)| format!("{}:{}", json(resource), list(&mut few.iter().cloned())))
            .collect();
        let named = |id: &str, name: &str| format!("{{\"id\":{},\"name\":{}}}", json(id), json(name));
        let project = text.project.as_ref();
        let told = format!(
            ",\"team\":{},\"project\":{},\"kind\":{},\"permissions\":{},\"fields\":{{{}}}",
            named(&text.team_id, &team.name),
            project.map_or_else(|| "null".to_owned(), |(id, name)| named(id, name)),
            json(&text.kind),
            list(&mut permissions.iter().cloned()),
            fields.join(",")
        );
        Some(Shape {
            project: project.map(|(id, _)| id.as_str().into()),
            kind: text.kind.as_str().into(),
            is_offered: kind.is_some(),
            is_publishable: text.is_published || kind.is_some_and(Kind::is_publishable),
            in_headers: InHeaders {
                team: header(text.team_id.clone())?,
                project: header(project.map(|(id, _)| id.clone()).unwrap_or_default())?,
                kind: header(text.kind.clone())?,
                permissions: header(permissions.join(" "))?,
                fields: header(fields_header(&may))?,
            },
            team,
            may,
            json: told.into(),
        })
    }
}

fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_text(text, &mut out);
    out
}

/// Ids and scopes are plain ASCII; what is not, was not written by us.
fn header(text: String) -> Option<HeaderValue> {
    HeaderValue::try_from(text).ok()
}

/// `shifts=*; users=name,start`
fn fields_header(may: &InForce) -> String {
    let resources = may.resources().map(|(resource, few)| match few {
        None => format!("{resource}=*"),
        Some(few) => format!("{resource}={}", few.join(",")),
    });
    resources.collect::<Vec<_>>().join("; ")
}

/// One shape for all keys that have it in common.
#[derive(Debug)]
pub struct Shapes {
    catalog: Catalog,
    shapes: HashMap<ShapeText, Weak<Shape>>,
    /// When so many shapes are kept, those that no key has any more are forgotten.
    sweep_at: usize,
}

impl Shapes {
    /// With none yet.
    pub fn new(catalog: Catalog) -> Shapes {
        Shapes { catalog, shapes: HashMap::new(), sweep_at: 1_024 }
    }

    /// The shape that is stored so; none if that cannot be read.
    pub fn of(&mut self, text: ShapeText) -> Option<Arc<Shape>> {
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
