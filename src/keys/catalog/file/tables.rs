//! The tables of a catalog's file, field by field as they are written, and what each means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::permissions::Permissions;
use crate::keys::catalog::check::quoted;
use crate::keys::catalog::{
    Action, Cors, Field, GateRules, IdentityHeaders, KeyHeaders, Kind, Mistake, PathPattern, Paths, Place, Product,
    Resource, Reveal, Route, Toggle, capitalised,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductTable {
    name: Option<String>,
    api_url: Option<String>,
    docs_url: Option<String>,
    support_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindTable {
    id: String,
    label: Option<String>,
    prefix: String,
    environment: Option<String>,
    #[serde(default)]
    reveal: RevealWord,
    #[serde(default)]
    trusted_domains: bool,
    resources: Option<Vec<String>>,
    /// Known here, and read table by table.
    #[serde(default)]
    #[allow(dead_code)]
    toggle: IgnoredAny,
    #[serde(skip)]
    toggles: Vec<ToggleTable>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RevealWord {
    /// A key is a secret unless somebody says that it is none.
    #[default]
    Once,
    Always,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToggleTable {
    id: String,
    label: Option<String>,
    #[serde(default)]
    default: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceTable {
    id: String,
    label: Option<String>,
    actions: Vec<String>,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// By action.
    #[serde(default)]
    scopes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    #[serde(default)]
    methods: Vec<String>,
    path: String,
    require: Vec<String>,
    #[serde(default)]
    encoded_slashes: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GateTable {
    #[serde(default)]
    preflight: bool,
    #[serde(default)]
    paths: PathsWord,
    identity_headers: Option<Vec<String>>,
    key_headers: Option<Vec<String>>,
    cors: Option<CorsValue>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "invalid value: expected a list of origins like [\"https://app.example.com\"], or \"trusted-domains\""
)]
enum CorsValue {
    Origins(Vec<String>),
    Word(CorsWord),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CorsWord {
    TrustedDomains,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PathsWord {
    #[default]
    Lenient,
    Exact,
}

impl GateTable {
    pub(super) fn read(self, place: &Place, mistakes: &mut Vec<Mistake>) -> GateRules {
        let (identity, key) = (place.key("identity_headers"), place.key("key_headers"));
        let identity_headers = self.identity_headers.map(|names| identity_headers(&names, &identity, mistakes));
        let key_headers = self.key_headers.map(|names| key_headers(&names, &key, mistakes));
        let paths = match self.paths {
            PathsWord::Lenient => Paths::Lenient,
            PathsWord::Exact => Paths::Exact,
        };
        let cors = match self.cors {
            None => Cors::Off,
            Some(CorsValue::Origins(origins)) => Cors::Origins(origins),
            Some(CorsValue::Word(CorsWord::TrustedDomains)) => Cors::TrustedDomains,
        };
        let (identity_headers, key_headers) = (identity_headers.unwrap_or_default(), key_headers.unwrap_or_default());
        GateRules { lets_preflights_pass: self.preflight, paths, identity_headers, key_headers, cors }
    }
}

fn identity_headers(names: &[String], place: &Place, mistakes: &mut Vec<Mistake>) -> IdentityHeaders {
    let mut selected = IdentityHeaders::NONE;
    for (at, name) in names.iter().enumerate() {
        if let Err(error) = selected.select(name) {
            mistakes.push(Mistake::at(place.nth(at), format!("“{}” {error}.", quoted(name))));
        }
    }
    selected
}

fn key_headers(names: &[String], place: &Place, mistakes: &mut Vec<Mistake>) -> KeyHeaders {
    let mut headers = KeyHeaders::NONE;
    for (at, name) in names.iter().enumerate() {
        if let Err(error) = headers.add(name) {
            mistakes.push(Mistake::at(place.nth(at), format!("“{}” {error}.", quoted(name))));
        }
    }
    if names.is_empty() {
        mistakes
            .push(Mistake::at(place.clone(), "No request could carry a key: `key_headers` needs at least one header."));
    }
    headers
}

impl ProductTable {
    pub(super) fn read(self) -> Product {
        let ProductTable { name, api_url, docs_url, support_url } = self;
        Product { name: name.unwrap_or(Product::default().name), api_url, docs_url, support_url }
    }
}

impl KindTable {
    pub(super) fn with(self, toggles: Vec<ToggleTable>) -> KindTable {
        KindTable { toggles, ..self }
    }

    pub(super) fn read(self) -> Kind {
        let reveal = match self.reveal {
            RevealWord::Once => Reveal::Once,
            RevealWord::Always => Reveal::Always,
        };
        Kind {
            label: self.label.unwrap_or_else(|| capitalised(&self.id)),
            id: self.id,
            prefix: self.prefix,
            environment: self.environment,
            reveal,
            has_domains: self.trusted_domains,
            toggles: self.toggles.into_iter().map(ToggleTable::read).collect(),
            resources: self.resources,
        }
    }
}

impl ToggleTable {
    fn read(self) -> Toggle {
        let label = self.label.unwrap_or_else(|| capitalised(&self.id));
        Toggle { id: self.id, label, default: self.default }
    }
}

impl ResourceTable {
    pub(super) fn read(self, place: &Place, mistakes: &mut Vec<Mistake>) -> Resource {
        let ResourceTable { id, label, actions, fields, labels, scopes } = self;
        for of in labels.keys().filter(|of| !actions.contains(of) && !fields.contains(of)) {
            let why = format!("“{}” has a label, and is no action and no field of “{}”.", quoted(of), quoted(&id));
            mistakes.push(Mistake::at(place.key("labels").key(of), why));
        }
        for of in scopes.keys().filter(|of| !actions.contains(of)) {
            let why = format!("“{}” has a scope, but is not an action of “{}”.", quoted(of), quoted(&id));
            mistakes.push(Mistake::at(place.key("scopes").key(of), why));
        }
        let given = |id: &str| labels.get(id).cloned();
        let action = |id: &String| Action {
            label: given(id).unwrap_or_else(|| capitalised(id)),
            id: id.clone(),
            scope: scopes.get(id).cloned(),
        };
        let field = |id: &String| Field { label: given(id).unwrap_or_else(|| capitalised(id)), id: id.clone() };
        let (actions, fields) = (actions.iter().map(action).collect(), fields.iter().map(field).collect());
        Resource { label: label.unwrap_or_else(|| capitalised(&id)), id, actions, fields }
    }
}

impl RouteTable {
    /// None, and the reasons, if an address or a permission is none.
    pub(super) fn read(self, permissions: &Permissions, place: &Place, mistakes: &mut Vec<Mistake>) -> Option<Route> {
        let RouteTable { methods, path: text, require: texts, encoded_slashes } = self;
        let path = PathPattern::parse(&text);
        if let Err(error) = path {
            mistakes.push(Mistake::at(place.key("path"), format!("“{}” is no path: {error}", quoted(&text))));
        }
        let mut require = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            match permissions.read(text) {
                Ok(grant) => require.push(grant),
                Err(why) => mistakes.push(Mistake::at(place.key("require").nth(at), why)),
            }
        }
        let path = path.ok().filter(|_| require.len() == texts.len())?;
        Some(Route { methods, path, require, encoded_slashes })
    }
}
