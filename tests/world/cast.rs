//! The cast: Olga owns, Adam administers, Vera views, Mia is a member, all of Northwind Rota; Sam is a
//! stranger who owns another team, Harbour. What they do goes over HTTP, as a browser would send it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use keyrack::clock::Moment;
use keyrack::command::demo;
use keyrack::store::Store;

use super::form::{Answer, Form};
use super::logs;

/// The password of all.
pub const PASSWORD: &str = "quartz plover umbrella tin";

/// The names that tests call people by.
pub const ALL: [&str; 5] = ["olga", "adam", "vera", "mia", "sam"];

pub fn email(who: &str) -> String {
    let house = if who == "sam" { "harbour" } else { "northwind" };
    format!("{who}@{house}.example")
}

/// Brings the cast in, and no keys.
pub fn enter(store: &Store, now: Moment) {
    static HASH: OnceLock<keyrack::people::password::PasswordHashText> = OnceLock::new();
    let hash = HASH.get_or_init(|| {
        let password = keyrack::people::password::NewPassword::parse(PASSWORD, &[]);
        keyrack::people::password::hash(&password.expect("a good password"))
    });
    demo::write_people(store, hash, now).unwrap();
    logs::remember(PASSWORD);
}

/// Somebody with a browser of their own: cookies, and what browsers add to a request.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    url: String,
    pub cookies: BTreeMap<String, String>,
    /// Sent with every request, beside what browsers send.
    pub headers: Vec<(&'static str, String)>,
    /// Whether their browser says nothing of where a form comes from.
    pub is_silent: bool,
    /// What their forms say they are.
    pub content_type: &'static str,
}

const FORM: &str = "application/x-www-form-urlencoded";

impl Person {
    pub fn new(url: &str) -> Person {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        // Shorter than the server's: or a form is sent over a connection that is being closed.
        let http = http.pool_idle_timeout(std::time::Duration::from_secs(2)).build().unwrap();
        Person {
            http,
            url: url.to_owned(),
            cookies: BTreeMap::new(),
            headers: Vec::new(),
            is_silent: false,
            content_type: FORM,
        }
    }

    /// The same person, asking by htmx.
    pub fn by_htmx(&self) -> Person {
        let mut person = self.clone();
        person.headers.push(("HX-Request", "true".into()));
        person
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(reqwest::Method::GET, path, None).await
    }

    /// The encoding of an answer, and its bytes as they came.
    pub async fn get_bytes(&self, path: &str) -> (String, Vec<u8>) {
        let mut request = self.http.get(format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.expect("the server answers");
        let encoding = response.headers().get("content-encoding").map_or("", |value| value.to_str().unwrap());
        (encoding.to_owned(), response.bytes().await.unwrap().to_vec())
    }

    /// Sends a form as a browser does from our own page.
    pub async fn submit(&mut self, form: &Form) -> Answer {
        let body = serde_html_form::to_string(&form.fields).unwrap();
        self.post_body(&form.action, body).await
    }

    pub async fn post_body(&mut self, path: &str, body: String) -> Answer {
        self.send(reqwest::Method::POST, path, Some(body)).await
    }

    /// Any request, with the cookies, and for those that write with what browsers say of their origin
    /// (unless this person's own headers say otherwise).
    pub async fn send(&mut self, method: reqwest::Method, path: &str, body: Option<String>) -> Answer {
        self.try_send(method, path, body).await.expect("the server answers")
    }

    /// As [`submit`](Person::submit), from a server that may be gone before it answers whole.
    pub async fn try_submit(&mut self, form: &Form) -> Option<Answer> {
        let body = serde_html_form::to_string(&form.fields).unwrap();
        self.try_send(reqwest::Method::POST, &form.action, Some(body)).await.ok()
    }

    async fn try_send(&mut self, method: reqwest::Method, path: &str, body: Option<String>) -> reqwest::Result<Answer> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let mut request = self.http.request(method.clone(), url);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("Cookie", cookies.join("; "));
        }
        if !self.is_silent
            && method != reqwest::Method::GET
            && !self.headers.iter().any(|(name, _)| *name == "Sec-Fetch-Site")
        {
            request = request.header("Sec-Fetch-Site", "same-origin").header("Origin", &self.url);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", self.content_type).body(body);
        }
        let response = request.send().await?;
        self.keep_cookies(response.headers());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.text().await? })
    }

    fn keep_cookies(&mut self, headers: &reqwest::header::HeaderMap) {
        for set in headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                if value.len() >= 8 {
                    logs::remember(value);
                }
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
