//! The body of a question about a key: JSON, read strictly. What is wrong with it is told without a word of it, since a
//! key may stand anywhere in it.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::asked::{Asked, Told};
use crate::client_ip;
use crate::keys::catalog::{Catalog, is_id, is_scope};
use crate::keys::grants::Grant;

/// What is asked of which key.
#[derive(PartialEq, Eq)]
pub struct Question {
    /// The text that may be a key.
    pub key: String,
    /// Their public names.
    permissions: Vec<String>,
    fields: Vec<(String, String)>,
    project: Option<String>,
    origin: Option<String>,
    /// Where the request came from that brought the key.
    pub address: Option<IpAddr>,
}

impl Question {
    /// Reads a body, or says what is wrong with it.
    pub fn read(body: &[u8]) -> Result<Question, String> {
        let Json::Object(members) = parse(body)? else { return Err("The body is no JSON object.".to_owned()) };
        let mut question = Question {
            key: String::new(),
            permissions: Vec::new(),
            fields: Vec::new(),
            project: None,
            origin: None,
            address: None,
        };
        let mut has_key = false;
        for (name, value) in members {
            match (name.as_str(), value) {
                ("key", Json::Text(text)) => (question.key, has_key) = (text, true),
                ("key", _) => return Err("`key` is a text.".to_owned()),
                ("permissions" | "fields" | "project" | "origin" | "address", Json::Null) => {}
                ("permissions", value) => question.permissions = permissions(value)?,
                ("fields", value) => question.fields = fields(value)?,
                ("project", value) => question.project = Some(text("project", value)?),
                ("origin", value) => question.origin = Some(text("origin", value)?),
                ("address", value) => question.address = Some(address(&text("address", value)?)?),
                _ => {
                    let known = "`key`, `permissions`, `fields`, `project`, `origin` and `address`";
                    return Err(format!("The body has a member that is not known; known are {known}."));
                }
            }
        }
        if has_key { Ok(question) } else { Err("`key` is missing.".to_owned()) }
    }

    /// What is asked. Who tells nothing of origin and address asks for a request that has none: a key that is held to
    /// some is then refused.
    pub fn asked<'a>(&'a self, catalog: &Catalog) -> Asked<'a> {
        let known: Vec<Grant> = self.permissions.iter().filter_map(|name| catalog.grant(name).cloned()).collect();
        Asked {
            has_unknown_permission: known.len() < self.permissions.len(),
            permissions: known.into(),
            fields: (&self.fields).into(),
            project: self.project.as_deref(),
            origin: Told::of(self.origin.as_deref()),
            address: Told::of(self.address),
        }
    }
}

fn text(name: &str, value: Json) -> Result<String, String> {
    match value {
        Json::Text(text) => Ok(text),
        _ => Err(format!("`{name}` is a text, or null.")),
    }
}

/// Reads an IP address as requests name it.
pub fn address(text: &str) -> Result<IpAddr, String> {
    client_ip::parse(text).ok_or_else(|| "`address` is an IP address, like 192.0.2.7.".to_owned())
}

fn permissions(value: Json) -> Result<Vec<String>, String> {
    let wrong = || "`permissions` is a list of texts like \"shifts:read\".".to_owned();
    let Json::List(list) = value else { return Err(wrong()) };
    let read = |one| match one {
        Json::Text(text) if is_scope(&text) => Ok(text),
        _ => Err(wrong()),
    };
    list.into_iter().map(read).collect()
}

fn fields(value: Json) -> Result<Vec<(String, String)>, String> {
    let wrong = || "`fields` is an object of lists like {\"users\": [\"name\"]}.".to_owned();
    let Json::Object(resources) = value else { return Err(wrong()) };
    let mut found = Vec::new();
    for (resource, list) in resources {
        let Json::List(list) = list else { return Err(wrong()) };
        for field in list {
            match field {
                Json::Text(field) if is_id(&field) && is_id(&resource) => found.push((resource.clone(), field)),
                _ => return Err(wrong()),
            }
        }
    }
    Ok(found)
}

fn parse(body: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "A member of the body stands there twice.".to_owned(),
        _ => format!("The body is no JSON: line {}, column {}.", error.line(), error.column()),
    })
}

/// Any JSON, in which no member stands twice. How deep it may be, the parser bounds.
enum Json {
    Null,
    Other,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut found = Vec::new();
        while let Some(one) = list.next_element()? {
            found.push(one);
        }
        Ok(Json::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut found: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some((name, value)) = members.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom("twice"));
            }
            found.push((name, value));
        }
        Ok(Json::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrong(body: &str) -> String {
        Question::read(body.as_bytes()).err().unwrap_or_else(|| panic!("{body} is fine"))
    }

    #[test]
    fn everything_that_can_be_asked_is_read() {
        let body =
            br#"{"key": "k", "permissions": ["shifts:read", "users:read"], "fields": {"users": ["name", "start"]},
            "project": "project_a", "origin": "https://app.example.com", "address": "::ffff:192.0.2.7"}"#;
        let question = Question::read(body).unwrap_or_else(|why| panic!("{why}"));
        let asked = question.asked(&Catalog::built_in());
        assert_eq!(question.key, "k");
        assert!(!asked.has_unknown_permission);
        assert_eq!(asked.permissions.iter().map(Grant::to_string).collect::<Vec<_>>(), ["shifts:read", "users:read"]);
        let field = |name: &str| ("users".to_owned(), name.to_owned());
        assert_eq!(asked.fields[..], [field("name"), field("start")]);
        assert_eq!((asked.project, asked.origin), (Some("project_a"), Told::Some("https://app.example.com")));
        assert_eq!(asked.address, Told::Some("192.0.2.7".parse().expect("an address")));
    }

    #[test]
    fn what_is_not_told_is_nothing() {
        for body in [
            r#"{"key":""}"#,
            r#"{"key":"","permissions":null,"fields":null,"project":null,"origin":null,"address":null}"#,
        ] {
            let question = Question::read(body.as_bytes()).unwrap_or_else(|why| panic!("{why}"));
            let nothing = Asked { origin: Told::Nothing, address: Told::Nothing, ..Asked::default() };
            assert_eq!(question.asked(&Catalog::built_in()), nothing);
        }
    }

    #[test]
    fn what_the_catalog_does_not_offer_is_asked_for_too() {
        let body = br#"{"key":"k","permissions":["shifts:read","payroll","shifts:read:all"]}"#;
        let question = Question::read(body).unwrap_or_else(|why| panic!("{why}"));
        let asked = question.asked(&Catalog::built_in());
        assert_eq!((asked.permissions.len(), asked.has_unknown_permission), (1, true));
    }

    #[test]
    fn what_is_no_question_is_told_why_and_not_repeated() {
        for (body, why) in [
            ("", "The body is no JSON: line 1, column 0."),
            ("key=hush", "The body is no JSON: line 1, column 1."),
            ("{\n\"key\": \"hush\"", "The body is no JSON: line 2, column 13."),
            (r#"{"key":"hush"} x"#, "The body is no JSON: line 1, column 16."),
            (r#"{"key":"hush",}"#, "The body is no JSON: line 1, column 15."),
            (r#"{"key":"\ud800"}"#, "The body is no JSON: line 1, column 15."),
            ("null", "The body is no JSON object."),
            (r#""hush""#, "The body is no JSON object."),
            (r#"["hush"]"#, "The body is no JSON object."),
            ("{}", "`key` is missing."),
            (
                r#"{"Key":"hush"}"#,
                "The body has a member that is not known; known are `key`, `permissions`, `fields`, `project`, `origin` and `address`.",
            ),
            (r#"{"key":"a","key":"hush"}"#, "A member of the body stands there twice."),
            (r#"{"key":"a","fields":{"users":["hush"],"users":[]}}"#, "A member of the body stands there twice."),
            (r#"{"key":null}"#, "`key` is a text."),
            (r#"{"key":["hush"]}"#, "`key` is a text."),
            (r#"{"key":7}"#, "`key` is a text."),
            (r#"{"key":"a","permissions":"hush"}"#, "`permissions` is a list of texts like \"shifts:read\"."),
            (r#"{"key":"a","permissions":["hu sh"]}"#, "`permissions` is a list of texts like \"shifts:read\"."),
            (
                r#"{"key":"a","permissions":[["shifts:read"]]}"#,
                "`permissions` is a list of texts like \"shifts:read\".",
            ),
            (r#"{"key":"a","fields":["hush"]}"#, "`fields` is an object of lists like {\"users\": [\"name\"]}."),
            (
                r#"{"key":"a","fields":{"users":"hush"}}"#,
                "`fields` is an object of lists like {\"users\": [\"name\"]}.",
            ),
            (
                r#"{"key":"a","fields":{"users":["hush!"]}}"#,
                "`fields` is an object of lists like {\"users\": [\"name\"]}.",
            ),
            (r#"{"key":"a","project":7}"#, "`project` is a text, or null."),
            (r#"{"key":"a","origin":{}}"#, "`origin` is a text, or null."),
            (r#"{"key":"a","address":"hush"}"#, "`address` is an IP address, like 192.0.2.7."),
            (r#"{"key":"a","address":"192.0.2.7:"}"#, "`address` is an IP address, like 192.0.2.7."),
        ] {
            assert_eq!(wrong(body), why, "{body}");
            assert!(!why.contains("hush"));
        }
        assert!(wrong(&format!(r#"{{"key":{}"#, "[".repeat(8_000))).starts_with("The body is no JSON: "));
        assert!(Question::read(b"{\"key\":\"\xff\"}").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                "(\\{|\\}|\\[|\\]|,|:|\"key\"|\"fields\"|\"users\"|null|7|\"a\"){0,20}".prop_map(String::into_bytes),
            ]
        ) {
            let _ = Question::read(&body);
        }
    }
}
