//! A program asks about a key as OAuth's programs ask about tokens (RFC 7662).

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::asked::{Asked, Caller, Told};
use super::bearer;
use super::body;
use super::call::Call;
use super::credential::Credential;
use super::known::KnownKey;
use super::question;
use super::verdict::Verdict;
use crate::fault::Fault;
use crate::site::Site;

#[derive(Serialize)]
struct Active<'a> {
    active: bool,
    scope: &'a str,
    client_id: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    sub: &'a str,
    iss: String,
    name: &'a str,
    kind: &'a str,
    project: Option<&'a str>,
    fields: BTreeMap<&'a str, &'a [String]>,
}

impl<'a> Active<'a> {
    fn of(key: &'a KnownKey, site: &Site) -> Active<'a> {
        Active {
            active: true,
            scope: key.permissions_text(),
            client_id: key.id(),
            token_type: "Bearer",
            exp: key.expires_at().map(crate::clock::Moment::unix),
            iat: key.created_at().unix(),
            sub: key.team().id.as_str(),
            iss: site.public_url.to_string(),
            name: key.name(),
            kind: key.kind(),
            project: key.project(),
            fields: key.may().restricted().collect(),
        }
    }
}

/// What is asked of which token.
struct Form {
    token: String,
    origin: Option<String>,
    address: Option<std::net::IpAddr>,
    /// OAuth's `client_secret`.
    gate_token: Credential,
}

impl body::Question for Form {
    const MAY_HAVE_TOKEN: bool = true;

    /// Reads `token`, `origin` and `address` of the request that brought it, and `client_secret`. What else OAuth's clients
    /// send is ignored, as the RFC has it.
    fn read(body: &[u8]) -> Result<Form, String> {
        let pairs: Vec<(String, String)> =
            serde_html_form::from_bytes(body).map_err(|_| "The body is no form.".to_owned())?;
        let one = |name: &str| {
            let mut values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
            let first = values.next();
            if values.next().is_some() { Err(format!("`{name}` stands there twice.")) } else { Ok(first) }
        };
        let gate_token = one("client_secret")?;
        Ok(Form {
            token: one("token")?.ok_or_else(|| "`token` is missing.".to_owned())?,
            origin: one("origin")?,
            address: one("address")?.as_deref().map(question::address).transpose()?,
            gate_token: gate_token.map_or(Credential::NotSent, |text| Credential::of_token(text.as_bytes())),
        })
    }

    fn token(&self) -> Credential {
        self.gate_token
    }
}

/// Judges the token in the body.
pub async fn act(request: HttpRequest, payload: web::Payload, site: web::Data<Site>) -> HttpResponse {
    body::answer(&request, payload, &site, answer).await
}

async fn answer(call: &Call<'_>, form: Form) -> Result<HttpResponse, Fault> {
    let asked = Asked { origin: Told::of(form.origin.as_deref()), address: Told::of(form.address), ..Asked::default() };
    let by = Caller { at: call.at, address: form.address, client: None };
    let tell = |verdict: &Verdict<'_>, _| match verdict {
        Verdict::Valid(key) => HttpResponse::Ok().json(Active::of(key, call.site)),
        // Nothing more, so that nobody learns whether there was such a key (RFC 7662, 2.2).
        _ => HttpResponse::Ok().content_type("application/json").body("{\"active\":false}"),
    };
    call.site.gate.judge(bearer::read_text(&form.token), &asked, by, tell).await
}
