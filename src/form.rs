//! A form that somebody sent: who may, then that it comes from our page of this session and team, then
//! its fields, in this order. Unknown fields and unwanted repeats are refused (ASVS V2.2.1).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::guard::{Keeper, Owner, SignedIn, Visitor};
use crate::people::session::FormSecret;
use crate::refusal::Refusal;

/// A form's body has so long to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest body of a form.
pub const BODY_BYTES: usize = 16 * 1024;
/// What a create form may hold beside what is chosen from the catalog: its name, trusted domains, addresses.
const BESIDE_THE_CHOICE_BYTES: usize = 15 * 1024;

/// The longest body of a create form, by how much can be chosen on it.
pub fn create_body_bytes(choice_bytes: usize) -> usize {
    BODY_BYTES.max(BESIDE_THE_CHOICE_BYTES + choice_bytes)
}

/// Somebody who sends a form.
pub trait Sender: FromRequest<Error = Fault> + 'static {
    /// What the form must bring.
    fn form_secret(&self) -> &FormSecret;
    /// The team the form must be made for; none for visitors.
    fn team(&self) -> Option<&str>;
}

impl Sender for SignedIn {
    fn form_secret(&self) -> &FormSecret {
        &self.form
    }

    fn team(&self) -> Option<&str> {
        Some(self.member.team.id.as_str())
    }
}

impl Sender for Keeper {
    fn form_secret(&self) -> &FormSecret {
        &self.signed_in.form
    }

    fn team(&self) -> Option<&str> {
        self.signed_in.team()
    }
}

impl Sender for Owner {
    fn form_secret(&self) -> &FormSecret {
        &self.0.form
    }

    fn team(&self) -> Option<&str> {
        self.0.team()
    }
}

impl Sender for Visitor {
    fn form_secret(&self) -> &FormSecret {
        &self.form
    }

    fn team(&self) -> Option<&str> {
        None
    }
}

/// The fields of a form as they were sent, without `token` and `team`.
pub type Pairs = Vec<(String, String)>;

/// A form of one action: unknown fields, missing ones and unwanted repeats are refused.
pub trait Form: Sized + 'static {
    /// Reads the fields; the error says what is wrong.
    fn read(pairs: Pairs) -> Result<Self, String>;
}

/// Reads fields into a struct that denies unknown ones.
pub fn read_strictly<T: DeserializeOwned>(pairs: &Pairs) -> Result<T, String> {
    let encoded = serde_html_form::to_string(pairs).map_err(|e| e.to_string())?;
    serde_html_form::from_str(&encoded).map_err(|e| e.to_string())
}

/// Takes out the fields whose names begin so, each once: what follows the beginning → value.
pub fn take_named(pairs: Pairs, beginning: &str) -> Result<(BTreeMap<String, String>, Pairs), String> {
    let (named, rest): (Pairs, Pairs) = pairs.into_iter().partition(|(name, _)| name.starts_with(beginning));
    let count = named.len();
    let named = named.into_iter().map(|(name, value)| (name[beginning.len()..].to_owned(), value));
    let named: BTreeMap<String, String> = named.collect();
    if named.len() == count { Ok((named, rest)) } else { Err(format!("a field {beginning}… is repeated")) }
}

/// Reads a form that has no fields of its own.
pub fn read_nothing(pairs: &Pairs) -> Result<(), String> {
    match pairs.first() {
        Some((name, _)) => Err(format!("unknown field `{name}`")),
        None => Ok(()),
    }
}

/// A form, sent by somebody who may: the sender is proven before the body is read, the token and
/// the team before the fields are.
pub struct Posted<S, F> {
    /// Who sent it.
    pub sender: S,
    /// What they sent.
    pub form: F,
}

impl<S: Sender, F: Form> FromRequest for Posted<S, F> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Posted<S, F>, Fault>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let sender = S::from_request(&request, &mut Payload::None).await?;
            let pairs = read_pairs(&request, &mut payload).await?;
            let form = F::read(take_envelope(pairs, &sender)?).map_err(bad_form)?;
            Ok(Posted { sender, form })
        })
    }
}

fn bad_form(why: impl std::fmt::Display) -> Refusal {
    let mut why = why.to_string();
    why.truncate(why.char_indices().nth(200).map_or(why.len(), |(at, _)| at));
    Refusal::BadRequest(format!("The form is not one of ours: {why}."))
}

async fn read_pairs(request: &HttpRequest, payload: &mut Payload) -> Result<Pairs, Fault> {
    let kind = request.content_type();
    if kind != "application/x-www-form-urlencoded" {
        return Err(bad_form("its content type is another").into());
    }
    let body = actix_web::rt::time::timeout(BODY_TIMEOUT, web::Bytes::from_request(request, payload)).await;
    let body = body.map_err(|_| bad_form("it did not arrive in time"))?.map_err(|e| match e.as_error() {
        Some(PayloadError::Overflow) => Refusal::TooLarge,
        _ if e.as_response_error().status_code().as_u16() == 413 => Refusal::TooLarge,
        _ => bad_form("it did not arrive whole"),
    })?;
    let pairs: Pairs = serde_html_form::from_bytes(&body).map_err(bad_form)?;
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(bad_form("it holds a NUL character").into());
    }
    Ok(pairs)
}

fn take_envelope<S: Sender>(pairs: Pairs, sender: &S) -> Result<Pairs, Refusal> {
    let (envelope, fields): (Pairs, Pairs) =
        pairs.into_iter().partition(|(name, _)| name == "token" || (name == "team" && sender.team().is_some()));
    let mut tokens = envelope.iter().filter(|(name, _)| name == "token");
    let is_ours =
        matches!((tokens.next(), tokens.next()), (Some((_, token)), None) if sender.form_secret().is_in(token));
    if !is_ours {
        return Err(Refusal::FormToken);
    }
    if let Some(current) = sender.team() {
        let mut teams = envelope.iter().filter(|(name, _)| name == "team");
        match (teams.next(), teams.next()) {
            (Some((_, team)), None) if team == current => {}
            (Some(_), None) => return Err(Refusal::OtherTeam),
            _ => return Err(bad_form("the field team is missing or repeated")),
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::Catalog;

    #[test]
    fn only_a_large_catalog_makes_a_form_longer() {
        assert_eq!(create_body_bytes(Catalog::built_in().choice_bytes()), BODY_BYTES);
        assert_eq!(create_body_bytes(1_024), BODY_BYTES);
        assert_eq!(create_body_bytes(1_025), BODY_BYTES + 1);
        assert_eq!(create_body_bytes(100_000), 115_360);
    }
}
