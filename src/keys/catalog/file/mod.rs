//! The catalog as text: TOML, read strictly, so that a mistake is told with its line and not passed over.
//!
//! Where the text comes from, and to whom mistakes are told, others know.

mod lines;
mod permissions;
mod tables;

use std::fmt;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use self::lines::{Lines, entry_at, place_of};
use self::permissions::Permissions;
use self::tables::{GateTable, KindTable, ProductTable, ResourceTable, RouteTable};
use super::check::quoted;
use super::{Catalog, GateRules, Mistake, Parts, Place, Product, Resource};

/// The largest catalog: 5,000 routes of 300 bytes each fill three quarters of it.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A mistake, and the line that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located {
    /// From 1.
    pub line: usize,
    /// What is wrong, on one line.
    pub why: String,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.why)
    }
}

/// A catalog without mistakes.
#[derive(Debug)]
pub struct CheckedCatalog {
    /// What the file says.
    pub catalog: Catalog,
    /// Likely oversights, by line.
    pub warnings: Vec<Located>,
}

/// Reads a catalog, or tells all that is wrong with it, from the first line to the last: first how it is written, and
/// only if that is as it should be, what it says.
pub fn parse(text: &str) -> Result<Catalog, Vec<Located>> {
    check(text).map(|checked| checked.catalog)
}

/// Like [`parse`], with warnings.
pub fn check(text: &str) -> Result<CheckedCatalog, Vec<Located>> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        let why = "This catalog is empty: it needs at least one [[kind]] and one [[resource]].";
        return Err(vec![Located { line: 1, why: why.to_owned() }]);
    }
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    // What follows the first is often its consequence.
    if let Some(error) = errors.iter().min_by_key(|error| error.span().map_or(text.len(), |span| span.start)) {
        return Err(vec![not_toml(error, text, &lines)]);
    }
    let root = root.into_inner();
    let mut reader = Reader { lines: &lines, mistakes: Vec::new() };
    let file = reader.file(&root);
    if !reader.mistakes.is_empty() {
        return Err(sorted(reader.mistakes));
    }
    let locate = |mistake: Mistake| lines.locate(place_of(&root, &mistake.place), mistake.why);
    let located = |mistakes: Vec<Mistake>| sorted(mistakes.into_iter().map(locate).collect());
    let catalog = file.catalog().map_err(located)?;
    let warnings = located(catalog.warnings());
    Ok(CheckedCatalog { catalog, warnings })
}

fn sorted(mut mistakes: Vec<Located>) -> Vec<Located> {
    mistakes.sort();
    mistakes.dedup();
    mistakes
}

fn not_toml(error: &toml::de::Error, text: &str, lines: &Lines) -> Located {
    let span = error.span().unwrap_or(text.len()..text.len());
    let told = match (error.message(), text.get(span.clone())) {
        ("duplicate key", Some(key)) => format!("`{}` stands here twice", quoted(key)),
        (message, _) => one_line(message),
    };
    lines.locate(span.start, told)
}

/// As the parser tells it, in the words of the file's format.
fn one_line(message: &str) -> String {
    let message = message.replace("a sequence", "a list").replace("sequence", "list").replace("map", "table");
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// What the tables of a file say, before anyone asked whether it holds together.
struct File {
    brand: Option<String>,
    product: Option<ProductTable>,
    kinds: Vec<KindTable>,
    resources: Vec<ResourceTable>,
    routes: Vec<RouteTable>,
    gate: Option<GateTable>,
}

impl File {
    fn catalog(self) -> Result<Catalog, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let under = |key: &str, at: usize| Place::whole().key(key).nth(at);
        let resources = self.resources.into_iter().enumerate();
        let resources: Vec<Resource> =
            resources.map(|(at, table)| table.read(&under("resource", at), &mut mistakes)).collect();
        let permissions = Permissions::of(&resources);
        let (mut routes, mut numbers) = (Vec::new(), Vec::new());
        for (at, table) in self.routes.into_iter().enumerate() {
            if let Some(route) = table.read(&permissions, &under("route", at), &mut mistakes) {
                routes.push(route);
                numbers.push(at);
            }
        }
        let product = self.product.map_or_else(Product::default, ProductTable::read);
        let kinds = self.kinds.into_iter().map(KindTable::read).collect();
        let gate = Place::whole().key("gate");
        let gate = self.gate.map_or_else(GateRules::default, |table| table.read(&gate, &mut mistakes));
        let catalog = Catalog::new(Parts { brand: self.brand, product, kinds, resources, routes, gate });
        // Routes that could not be read were left out: those behind them stand further down than they were counted.
        let told = catalog.as_ref().err().cloned().unwrap_or_default();
        mistakes
            .extend(told.into_iter().map(|told| Mistake { place: told.place.renumbered("route", &numbers), ..told }));
        if mistakes.is_empty() { catalog } else { Err(mistakes) }
    }
}

/// Reads table by table, so that a mistake in one does not hide those of the next.
struct Reader<'a> {
    lines: &'a Lines,
    mistakes: Vec<Located>,
}

impl Reader<'_> {
    fn file(&mut self, root: &DeTable<'_>) -> File {
        let known = ["brand", "product", "kind", "resource", "route", "gate"];
        for (key, _) in root.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let expected = known.map(|known| format!("`{known}`")).join(", ");
            let why = format!("unknown field `{}`, expected one of {expected}", quoted(key.get_ref()));
            self.mistakes.push(self.lines.locate(key.span().start, why));
        }
        File {
            brand: root.get("brand").and_then(|value| self.value("brand", value)),
            product: root.get("product").and_then(|value| self.table("product", "[product]", value)),
            kinds: self.tables(root, "kind", "[[kind]]", Reader::kind),
            resources: self.tables(root, "resource", "[[resource]]", Reader::value),
            routes: self.tables(root, "route", "[[route]]", Reader::value),
            gate: root.get("gate").and_then(|value| self.table("gate", "[gate]", value)),
        }
    }

    fn kind(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<KindTable> {
        let kind: Option<KindTable> = self.value(key, value);
        let toggles = match value.get_ref() {
            DeValue::Table(kind) => self.tables(kind, "toggle", "[[kind.toggle]]", Reader::value),
            _ => Vec::new(),
        };
        kind.map(|kind| kind.with(toggles))
    }

    /// Each table of a list of them.
    fn tables<T>(
        &mut self,
        within: &DeTable<'_>,
        key: &str,
        written: &str,
        read: impl Fn(&mut Self, &str, &Spanned<DeValue<'_>>) -> Option<T>,
    ) -> Vec<T> {
        let Some((name, value)) = within.get_key_value(key) else { return Vec::new() };
        let all = value.get_ref().as_array().filter(|all| all.iter().all(|one| one.get_ref().is_table()));
        let Some(all) = all else {
            let why = format!("`{key}` is written as {written}, once for each that there is");
            self.mistakes.push(self.lines.locate(name.span().start, why));
            return Vec::new();
        };
        all.iter().filter_map(|one| read(self, key, one)).collect()
    }

    fn table<T: DeserializeOwned>(&mut self, key: &str, written: &str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        if value.get_ref().is_table() {
            return self.value(key, value);
        }
        self.mistakes.push(self.lines.locate(value.span().start, format!("`{key}` is written as {written}, once")));
        None
    }

    fn value<T: DeserializeOwned>(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let at = error.span().map_or(value.span().start, |span| span.start);
        let told = one_line(error.message());
        // What is missing or unknown is named already; what has a wrong value is not.
        let why = if told.starts_with("invalid") || told.starts_with("unknown variant") {
            format!("`{}`: {told}", entry_at(value, at).unwrap_or(key))
        } else {
            told
        };
        self.mistakes.push(self.lines.locate(at, why));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::{Cors, IdentityHeader, Paths};
    use proptest::prelude::*;

    const KIND: &str = "[[kind]]\nid = \"secret\"\nprefix = \"sk_live_\"\n";
    const RESOURCE: &str = "[[resource]]\nid = \"users\"\nactions = [\"read\"]\n";

    #[track_caller]
    fn good(text: &str) -> Catalog {
        parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    #[track_caller]
    fn bad(text: &str) -> Vec<String> {
        parse(text).expect_err("mistakes").iter().map(Located::to_string).collect()
    }

    /// The mistakes of a text that is written behind a good kind and a good resource, which have six lines.
    #[track_caller]
    fn bad_behind(text: &str) -> Vec<String> {
        bad(&format!("{KIND}{RESOURCE}{text}"))
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let catalog = good(
            r#"
            brand = "acme"
            [product]
            name = "Soon"
            api_url = "https://api.example.com/"
            docs_url = "https://docs.example.com"
            support_url = "https://support.example.com"
            [[kind]]
            id = "web"
            label = "Web key"
            prefix = "pk_web_"
            environment = "Production"
            reveal = "always"
            trusted_domains = true
            resources = ["users"]
            [[kind.toggle]]
            id = "greeting"
            label = "Speak a greeting"
            default = true
            [[kind.toggle]]
            id = "quiet_hours"
            [[resource]]
            id = "users"
            label = "People"
            actions = ["read", "download"]
            fields = ["name", "start"]
            [resource.labels]
            download = "Fetch"
            start = "First day"
            [resource.scopes]
            download = "people.files"
            [[route]]
            methods = ["GET", "HEAD"]
            path = "/v2/users/*"
            require = ["users:read"]
            [[route]]
            path = "/v2/files/**"
            require = ["users:read", "people.files"]
            encoded_slashes = true
            [gate]
            preflight = true
            identity_headers = ["X-Key-Id", "x-key-team"]
            paths = "exact"
            cors = ["https://app.example.com"]
            "#,
        );
        let product = catalog.product();
        assert_eq!((product.name.as_str(), product.api_url.as_deref()), ("Soon", Some("https://api.example.com")));
        assert_eq!(product.docs_url.as_deref(), Some("https://docs.example.com"));
        assert_eq!(product.support_url.as_deref(), Some("https://support.example.com"));
        let kind = catalog.default_kind();
        assert_eq!((kind.label.as_str(), kind.prefix.as_str()), ("Web key", "acme_pk_web_"));
        assert_eq!((kind.environment.as_deref(), kind.is_publishable()), (Some("Production"), true));
        assert!(kind.has_domains && kind.resources == Some(vec!["users".to_owned()]));
        let toggles: Vec<_> =
            kind.toggles.iter().map(|toggle| (toggle.id.as_str(), toggle.label.as_str(), toggle.default)).collect();
        assert_eq!(toggles, [("greeting", "Speak a greeting", true), ("quiet_hours", "Quiet hours", false)]);
        let users = &catalog.resources()[0];
        assert_eq!((users.label.as_str(), users.actions[0].label.as_str()), ("People", "Read"));
        let download = users.action("download").map(|action| (action.label.as_str(), action.scope.as_deref()));
        assert_eq!(download, Some(("Fetch", Some("people.files"))));
        let name = |text: &str| catalog.grant(text).map(|grant| (grant.to_string(), catalog.public_name(grant)));
        assert_eq!(name("people.files"), Some(("users:download".to_owned(), "people.files".into())));
        assert_eq!(name("users:read"), Some(("users:read".to_owned(), "users:read".into())));
        assert_eq!(name("users:download"), None, "outside, its scope is its only name");
        let fields: Vec<_> = users.fields.iter().map(|field| field.label.as_str()).collect();
        assert_eq!(fields, ["Name", "First day"]);
        let routes: Vec<_> =
            catalog.routes().iter().map(|r| (r.methods.len(), r.path.to_string(), r.require.len())).collect();
        assert_eq!(routes, [(2, "/v2/users/*".to_owned(), 1), (0, "/v2/files/**".to_owned(), 2)]);
        assert_eq!(catalog.gate().cors, Cors::Origins(vec!["https://app.example.com".to_owned()]));
        let selected =
            IdentityHeader::ALL.into_iter().filter(|header| catalog.gate().identity_headers.contain(*header));
        assert_eq!(selected.collect::<Vec<_>>(), [IdentityHeader::Id, IdentityHeader::Team]);
        assert_eq!(catalog.routes().iter().map(|route| route.encoded_slashes).collect::<Vec<_>>(), [false, true]);
        assert!(catalog.gate().lets_preflights_pass && catalog.gate().paths == Paths::Exact);
    }

    #[test]
    fn what_is_not_said_has_a_meaning() {
        let catalog = good(&format!("\u{FEFF}{KIND}{RESOURCE}"));
        assert_eq!(catalog.product(), &Product::default());
        assert_eq!(catalog.product().name, "Your product");
        let kind = catalog.default_kind();
        assert_eq!((kind.label.as_str(), kind.prefix.as_str()), ("Secret", "sk_live_"));
        assert!(!kind.is_publishable() && !kind.has_domains && kind.may_be_granted("users"));
        assert!(catalog.resources()[0].fields.is_empty() && catalog.routes().is_empty());
        assert_eq!(good(&format!("[product]\n{KIND}{RESOURCE}")).product(), &Product::default());
        assert_eq!(catalog.gate(), &GateRules::default());
        assert!(catalog.gate().identity_headers.contain(IdentityHeader::Fields));
        assert!(!catalog.gate().lets_preflights_pass && catalog.gate().paths == Paths::Lenient);
        assert_eq!(good(&format!("[gate]\n{KIND}{RESOURCE}")).gate(), catalog.gate());
        assert_eq!(catalog.gate().cors, Cors::Off);
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        assert_eq!(bad(""), ["1: This catalog is empty: it needs at least one [[kind]] and one [[resource]]."]);
        assert_eq!(bad("\u{FEFF} \r\n\t").len(), 1);
        for (text, line) in [
            ("[[kind]]\nid = a\n", 2),
            ("[[kind]]\nid = \"a\nprefix = \"b_\"\n", 2),
            ("[[kind]]\r\n\r\nid: \"a\"\r\n", 3),
            ("[[kind]\n", 1),
            ("# one\n\"kind\": 1\n", 2),
            ("[[kind]]\nid = \"a\"\0\n", 2),
            ("brand = \"\\q\"", 1),
        ] {
            let told = bad(text);
            assert!(told.len() == 1 && told[0].starts_with(&format!("{line}: ")), "{text:?}: {told:?}");
        }
        assert_eq!(bad("[[kind]]\nid = \"a\"\nprefix = \"b_\"\nid = \"c\"\n"), ["4: `id` stands here twice"]);
        assert_eq!(bad("[product]\n[product]\n"), ["2: `product` stands here twice"]);
    }

    #[test]
    fn what_is_unknown_is_told_with_what_is_known() {
        let told = bad_behind("lable = \"Users\"\n[[rout]]\n[product]\nurl = \"x\"\n[[route]]\nmethod = \"GET\"\n");
        let expected = [
            "7: unknown field `lable`, expected one of `id`, `label`, `actions`, `fields`, `labels`, `scopes`",
            "8: unknown field `rout`, expected one of `brand`, `product`, `kind`, `resource`, `route`, `gate`",
            "10: unknown field `url`, expected one of `name`, `api_url`, `docs_url`, `support_url`",
            "12: unknown field `method`, expected one of `methods`, `path`, `require`, `encoded_slashes`",
        ];
        assert_eq!(told, expected);
        let told = bad("[[kind]]\nkey = 1\n[[kind.toggle]]\nid = \"a\"\non = true\n");
        assert_eq!(
            told,
            [
                "2: unknown field `key`, expected one of `id`, `label`, `prefix`, `environment`, `reveal`, \
                 `trusted_domains`, `resources`, `toggle`",
                "5: unknown field `on`, expected one of `id`, `label`, `default`",
            ]
        );
    }

    #[test]
    fn what_is_of_another_type_is_told_by_name() {
        for (text, told) in [
            ("fields = \"name\"", "7: `fields`: invalid type: string \"name\", expected a list"),
            ("fields = [\n  \"name\",\n  3\n]", "9: `fields`: invalid type: integer `3`, expected a string"),
            ("labels = \"Read\"", "7: `labels`: invalid type: string \"Read\", expected a table"),
            ("[resource.labels]\nread = true", "8: `read`: invalid type: boolean `true`, expected a string"),
            ("[[kind]]\nreveal = \"never\"", "8: `reveal`: unknown variant `never`, expected `once` or `always`"),
            (
                "[[kind]]\ntrusted_domains = \"yes\"",
                "8: `trusted_domains`: invalid type: string \"yes\", expected a boolean",
            ),
            ("[[kind]]\nid = \"a\"", "7: missing field `prefix`"),
            (
                "[[kind]]\nid = \"a\"\nprefix = \"a_\"\n[kind.toggle]\nid = \"a\"",
                "10: `toggle` is written as [[kind.toggle]], once for each that there is",
            ),
            ("[[route]]\nrequire = []", "7: missing field `path`"),
            ("[[product]]\nname = \"Soon\"", "7: `product` is written as [product], once"),
            ("[[gate]]\npreflight = true", "7: `gate` is written as [gate], once"),
            ("[gate]\npreflight = \"yes\"", "8: `preflight`: invalid type: string \"yes\", expected a boolean"),
            (
                "[gate]\npreflights = true",
                "8: unknown field `preflights`, expected one of `preflight`, `paths`, `identity_headers`, `key_headers`, `cors`",
            ),
            (
                "[gate]\nidentity_headers = \"X-Key-Id\"",
                "8: `identity_headers`: invalid type: string \"X-Key-Id\", expected a list",
            ),
            ("[gate]\npaths = \"strict\"", "8: `paths`: unknown variant `strict`, expected `lenient` or `exact`"),
            (
                "[gate]\ncors = \"*\"",
                "8: `cors`: invalid value: expected a list of origins like [\"https://app.example.com\"], or \"trusted-domains\"",
            ),
            (
                "[gate]\ncors = [\n\"https://a.example\",\n\"https://app.example.com/\"]",
                "10: The origin “https://app.example.com/” is written by browsers as https://app.example.com.",
            ),
        ] {
            assert_eq!(bad_behind(text), [told]);
        }
        let told = bad("brand = 3\nresource = [[\"users\"]]\n[kind]\nid = \"secret\"\n");
        let expected = [
            "1: `brand`: invalid type: integer `3`, expected a string",
            "2: `resource` is written as [[resource]], once for each that there is",
            "3: `kind` is written as [[kind]], once for each that there is",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn several_mistakes_are_told_at_once_each_in_its_line() {
        let told = bad(
            "brand = \"Acme\"\n[[kind]]\nid = \"secret\"\nprefix = \"sk-live\"\nresources = [\n  \"users\",\n  \"payroll\"\n]\n\
             [[resource]]\nid = \"users\"\nactions = [\"read\", \"read\"]\n[resource.labels]\nraed = \"Read\"\nread = \" \"\n\
             [[route]]\npath = \"v2\"\nrequire = [\"users\"]\n[[route]]\npath = \"/v2\"\nrequire = [\"users:write\"]\n",
        );
        let lines: Vec<&str> = told.iter().filter_map(|told| told.split(':').next()).collect();
        assert_eq!(lines, ["1", "4", "7", "11", "13", "14", "16", "17", "20"], "{told:#?}");
        assert_eq!(told[4], "13: “raed” has a label, and is no action and no field of “users”.");
        assert_eq!(told[6], "16: “v2” is no path: A path starts with a slash.");
        assert_eq!(told[7], "17: “users” is no permission like shifts:read.");
        assert_eq!(told[8], "20: “users:write” names no action of “users”.");
    }

    #[test]
    fn what_is_missing_is_told_where_it_should_be() {
        assert_eq!(bad(RESOURCE), ["1: There must be at least one [[kind]]."]);
        assert_eq!(bad(KIND), ["1: There must be at least one [[resource]]."]);
        assert_eq!(
            bad_behind("[[resource]]\nid = \"a\"\nactions = []"),
            ["9: Resource “a” needs at least one action."]
        );
        // A label that nobody wrote is its id, of which all is said already.
        assert_eq!(bad_behind("[[resource]]\nid = \"\"\nactions = [\"read\"]").len(), 1);
    }

    #[test]
    fn a_scope_is_of_an_action_and_the_only_name_in_routes() {
        let scopes = "[resource.scopes]\nread = \"people.read\"\nwrite = \"people.write\"\n";
        let route = |name: &str| format!("[[route]]\npath = \"/v2\"\nrequire = [\"{name}\"]\n");
        let twice = "[resource.scopes]\nread = \"people.read\"\n[[route]]\npath = \"/v2\"\nrequire = [\"people.read\", \"people.read\"]\n";
        assert_eq!(bad_behind(twice), ["11: “people.read” stands there twice."]);
        let told = bad_behind(&format!("{scopes}{}{}", route("users:read"), route("people")));
        let expected = [
            "9: “write” has a scope, but is not an action of “users”.",
            "12: “users:read” has a scope: write “people.read”.",
            "15: “people” is no permission like shifts:read.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_unknown_or_repeated_identity_header_is_a_mistake_in_its_line() {
        let told = bad_behind(
            "[gate]\nidentity_headers = [\n  \"X-Key-Id\",\n  \"X-Key\",\n  \"x-key-id\",\n  \"X-Key-Name\"\n]",
        );
        let names = "X-Key-Id, X-Key-Name, X-Key-Team, X-Key-Project, X-Key-Kind, X-Key-Permissions, X-Key-Fields, \
                     X-Key-Expires";
        let expected = [
            format!("10: “X-Key” is not an identity header; expected one of {names}."),
            "11: “x-key-id” is listed twice.".to_owned(),
        ];
        assert_eq!(told, expected);
        let none = good(&format!("{KIND}{RESOURCE}[gate]\nidentity_headers = []"));
        assert!(IdentityHeader::ALL.iter().all(|header| !none.gate().identity_headers.contain(*header)));
    }

    #[test]
    fn a_header_that_cannot_carry_a_key_is_a_mistake_in_its_line() {
        let told = bad_behind(
            "[gate]\nkey_headers = [\n  \"authorization\",\n  \"Cookie\",\n  \"x_api_key\",\n  \"X-Key-Id\",\n  \"bearer\",\n  \"Authorization\"\n]",
        );
        let expected = [
            "10: “Cookie” means something else, so it cannot carry a key.",
            "11: “x_api_key” is not the name of a header for keys, which has only letters, digits and hyphens.",
            "12: “X-Key-Id” means something else, so it cannot carry a key.",
            "13: “bearer” is not a header; write “authorization” for bearer tokens.",
            "14: “Authorization” is listed twice.",
        ];
        assert_eq!(told, expected);
        let told = bad_behind("[gate]\nkey_headers = []");
        assert_eq!(told, ["8: No request could carry a key: `key_headers` needs at least one header."]);
        let told = bad_behind("[gate]\nkey_headers = \"authorization\"");
        assert_eq!(told, ["8: `key_headers`: invalid type: string \"authorization\", expected a list"]);
        let read = good(&format!("{KIND}{RESOURCE}[gate]\nkey_headers = [\"PRIVATE-TOKEN\"]"));
        assert!(!read.gate().key_headers.takes_bearer());
        assert_eq!(read.gate().key_headers.named().len(), 1);
    }

    #[test]
    fn ten_thousand_fields_are_told_in_one_line() {
        let fields: Vec<String> = (0..10_000).map(|at| format!("\"f{at}\"")).collect();
        let told = bad_behind(&format!("fields = [{}]", fields.join(", ")));
        let expected = [
            "1: The catalog has 10000 fields in all; at most 5000 fit.",
            "7: Resource “users” has 10000 fields; at most 200 fit.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_nested_deep_is_told_too() {
        let deep = 100_000;
        for text in [
            format!("[[resource]]\nlabels.{} = 1", "a.".repeat(deep) + "a"),
            format!("[[resource]]\n[resource.labels.{}]", "a.".repeat(deep) + "a"),
            format!("[[resource]]\nlabels = {}", "{a=".repeat(deep)),
            format!("[[resource]]\nlabels = {}", "[".repeat(deep)),
        ] {
            assert!(!bad(&text).is_empty());
        }
    }

    fn scrap() -> impl Strategy<Value = String> {
        let words = [
            "[[kind]]\n",
            "[kind]\n",
            "[[kind.toggle]]\n",
            "[product]\n",
            "[[resource]]\n",
            "[resource.labels]\n",
            "[[route]]\n",
            "id = ",
            "label = ",
            "prefix = ",
            "actions = ",
            "fields = ",
            "path = ",
            "require = ",
            "resources = ",
            "toggle = ",
            "\"users\"",
            "\"sk_live_\"",
            "[\"read\"]",
            "[\"users:read\"]",
            "\"/v2/**\"",
            "{ a = 1 }",
            "true",
            "3",
            "\n",
            "=",
            "[",
            "]",
            "\"",
        ];
        proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in any::<String>(), scrap in scrap()) {
            for text in [text, scrap] {
                if let Err(mistakes) = parse(&text) {
                    let last = text.lines().count().max(1);
                    prop_assert!(!mistakes.is_empty());
                    prop_assert!(mistakes.iter().all(|told| (1..=last + 1).contains(&told.line)));
                    prop_assert!(mistakes.iter().all(|told| !told.why.contains('\n')));
                }
            }
        }
    }
}
