//! The gate's doors, as programs and proxies knock at them: no cookies, nothing of a browser, a catalog with routes.

use keyrack::keys::catalog::file;
use keyrack::keys::secret::KeySecret;
use serde_json::Value;

use super::form::Answer;
use super::program::{self, Place};
use super::{Engine, Person, World, logs};

/// Two kinds, three resources, and what their addresses need.
pub const CATALOG: &str = r#"
[product]
name = "Rota \"API\""
[[kind]]
id = "secret"
prefix = "sk_live_"
[[kind]]
id = "web"
prefix = "pk_web_"
reveal = "always"
trusted_domains = true
[[resource]]
id = "shifts"
actions = ["read", "write"]
[[resource]]
id = "users"
actions = ["read"]
fields = ["name", "start", "salary"]
[[resource]]
id = "leaves"
actions = ["read"]
[[route]]
methods = ["GET", "HEAD"]
path = "/v2/shifts/*"
require = ["shifts:read"]
[[route]]
path = "/v2/shifts/**"
require = ["shifts:read", "shifts:write"]
[[route]]
methods = ["GET"]
path = "/v2/users/**"
require = ["users:read"]
"#;

/// A world whose catalog has routes.
pub async fn with_routes(engine: Engine) -> World {
    World::begin_with(engine, file::parse(CATALOG).unwrap()).await
}

/// As [`with_routes`], where preflights pass.
pub async fn with_preflights(engine: Engine) -> World {
    let text = format!("{CATALOG}[gate]\npreflight = true\n");
    World::begin_with(engine, file::parse(&text).unwrap()).await
}

/// A key that could have been made here, and was not.
pub fn unknown_key() -> String {
    let secret = KeySecret::mint_from_os("sk_live_").expose().to_owned();
    logs::remember(&secret);
    secret
}

/// `Authorization`, as it carries a key.
pub fn bearer(secret: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {secret}"))
}

/// A door at which a proxy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    Nginx,
    IngressNginx,
    Traefik,
    Caddy,
    Envoy,
}

pub const PROXIES: [Proxy; 5] = [Proxy::Nginx, Proxy::IngressNginx, Proxy::Traefik, Proxy::Caddy, Proxy::Envoy];

impl Proxy {
    pub fn door(self) -> &'static str {
        match self {
            Proxy::Nginx => "/auth/nginx",
            Proxy::IngressNginx => "/auth/ingress-nginx",
            Proxy::Traefik => "/auth/traefik",
            Proxy::Caddy => "/auth/caddy",
            Proxy::Envoy => "/auth/envoy",
        }
    }

    /// In which header it tells the client's address.
    pub fn address_header(self) -> &'static str {
        if self.is_nginx() { "X-Real-IP" } else { "X-Forwarded-For" }
    }

    /// Whether nginx's `auth_request` asks: it can pass on only 401 and 403.
    pub fn is_nginx(self) -> bool {
        matches!(self, Proxy::Nginx | Proxy::IngressNginx)
    }

    /// How it asks about a request: method, address, and headers of its own.
    pub fn about(self, method: &str, target: &str, require: &str) -> (String, String, Vec<(&'static str, String)>) {
        let query = if require.is_empty() { String::new() } else { format!("?require={require}") };
        let told = |method_in, target_in| vec![(method_in, method.to_owned()), (target_in, target.to_owned())];
        match self {
            Proxy::Nginx => ("GET".into(), format!("/auth/nginx{query}"), told("X-Original-Method", "X-Original-URI")),
            Proxy::IngressNginx => {
                let headers = told("X-Original-Method", "X-Original-URL");
                let url = |(name, value)| {
                    if name == "X-Original-URL" {
                        (name, format!("https://api.example.com{value}"))
                    } else {
                        (name, value)
                    }
                };
                ("GET".into(), format!("{}{query}", self.door()), headers.into_iter().map(url).collect())
            }
            Proxy::Traefik | Proxy::Caddy => {
                ("GET".into(), format!("{}{query}", self.door()), told("X-Forwarded-Method", "X-Forwarded-Uri"))
            }
            Proxy::Envoy if require.is_empty() => (method.to_owned(), format!("/auth/envoy{target}"), Vec::new()),
            Proxy::Envoy => (method.to_owned(), format!("/auth/envoy/-/{require}/{target}"), Vec::new()),
        }
    }
}

impl World {
    /// A program: it has no cookies, and says nothing that browsers say.
    pub fn program(&self) -> Person {
        let mut program = self.visitor();
        program.is_silent = true;
        program.content_type = "application/json";
        program
    }

    /// What a door answers to a program with these headers.
    pub async fn at(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let mut program = self.program();
        program.headers = headers.to_vec();
        program.send(method.parse().unwrap(), path, None).await
    }

    /// What a proxy is answered about a request.
    pub async fn held(
        &self,
        proxy: Proxy,
        (method, target, require): (&str, &str, &str),
        headers: &[(&'static str, String)],
    ) -> Answer {
        let (method, path, own) = proxy.about(method, target, require);
        let headers: Vec<_> = own.into_iter().chain(headers.iter().cloned()).collect();
        self.at(&method, &path, &headers).await
    }

    /// What the door for programs answers to a body, from a program with these headers.
    pub async fn verify_as(&self, headers: &[(&'static str, String)], body: &Value) -> Answer {
        let mut program = self.program();
        program.headers = headers.to_vec();
        program.post_body("/v1/keys/verify", body.to_string()).await
    }

    /// The verdict on a question.
    pub async fn verify(&self, body: &Value) -> Value {
        let answer = self.verify_as(&[], body).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// What introspection answers to a form.
    pub async fn introspect(&self, form: &[(&str, &str)]) -> Answer {
        let mut program = self.program();
        program.content_type = "application/x-www-form-urlencoded";
        program.post_body("/v1/introspect", serde_html_form::to_string(form).unwrap()).await
    }

    /// A new gate token, by the command.
    pub fn add_gate_token(&self, name: &str) -> String {
        let added = self.run_command(&["gate-token", "add", name]);
        let token = added.out.trim_end().to_owned();
        logs::remember(&token);
        token
    }

    /// Runs a command beside this world's server; fails if that fails.
    pub fn run_command(&self, arguments: &[&str]) -> program::Ended {
        let folder = tempfile::tempdir().unwrap();
        let url = Place::url_of(&self.database);
        let all: Vec<&str> = arguments.iter().copied().chain(["--database-url", &url]).collect();
        let ended = program::run(folder.path(), &all, "");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }
}

impl Answer {
    /// The code of a problem, once it is one in form.
    #[track_caller]
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.body);
        assert_eq!((self.header("cache-control"), self.header("x-content-type-options")), ("no-store", "nosniff"));
        let told: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(told["status"].as_u64(), Some(self.status.into()));
        assert_eq!(told["request_id"].as_str(), Some(self.header("x-request-id")));
        assert!(told["title"].is_string() && told["detail"].is_string(), "{told}");
        assert_eq!(told["code"].as_str(), Some(self.header("x-auth-code")));
        told["code"].as_str().unwrap().to_owned()
    }

    /// Status and code of a problem.
    #[track_caller]
    pub fn refusal(&self) -> (u16, String) {
        assert_eq!(self.json()["status"], self.status, "a problem's status is the answer's (RFC 9457, 3.1.2)");
        (self.status, self.problem())
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}
