//! The gate token that a caller sends: as a bearer token, as the password of HTTP Basic (RFC 6749, 2.3.1), or as
//! `client_secret` in a form. The name that comes with it (`client_id`) may be anything.

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::bearer;

/// What every gate token begins with.
pub const TOKEN_PREFIX: &str = "gate_";
/// Behind it: 256 bits in base64url.
const TOKEN_BODY_BYTES: usize = 43;

/// The SHA-256 of a gate token: what is stored and compared.
pub type TokenDigest = [u8; 32];

/// What a request sends to prove who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    NotSent,
    /// Something with the form of a gate token. Whether it is one, the store says.
    Token(TokenDigest),
    /// Something that cannot be a gate token, or two of them.
    Wrong,
}

impl Credential {
    /// Reads the values of `Authorization`. A scheme that is neither Bearer nor Basic is wrong, since its caller expects
    /// to be checked by it.
    pub fn of_authorization<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Credential {
        Credential::of_only(values, |value| {
            if let Some(token) = bearer::credentials(value, "bearer") {
                return Credential::of_token(token);
            }
            let password = bearer::credentials(value, "basic").and_then(password);
            password.map_or(Credential::Wrong, |password| Credential::of_token(password.as_bytes()))
        })
    }

    /// Reads the values of a header that has nothing but a token.
    pub fn of_header<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Credential {
        Credential::of_only(values, Credential::of_token)
    }

    /// Reads a token.
    pub fn of_token(text: &[u8]) -> Credential {
        token_digest(text).map_or(Credential::Wrong, Credential::Token)
    }

    fn of_only<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
        read: impl FnOnce(&'a [u8]) -> Credential,
    ) -> Credential {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Credential::NotSent,
            (Some(value), None) => read(value),
            (Some(_), Some(_)) => Credential::Wrong,
        }
    }
}

/// The digest of what has the form of a gate token.
pub fn token_digest(text: &[u8]) -> Option<TokenDigest> {
    let body = text.strip_prefix(TOKEN_PREFIX.as_bytes())?;
    let has_form =
        body.len() == TOKEN_BODY_BYTES && body.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    has_form.then(|| Sha256::digest(text).into())
}

/// The password of HTTP Basic: what follows the last colon, since a gate token has none, while some clients send a
/// `client_id` that has. OAuth's clients encode both as forms do, where `%5F` is an underscore.
fn password(encoded: &[u8]) -> Option<String> {
    let both = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let (_, password) = both.rsplit_once(':')?;
    Some(percent_decode_str(password).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        format!("{TOKEN_PREFIX}{}", crate::people::session::draw())
    }

    fn of(values: &[&str]) -> Credential {
        Credential::of_authorization(values.iter().map(|value| value.as_bytes()))
    }

    fn basic(user_and_password: &str) -> String {
        format!("Basic {}", BASE64.encode(user_and_password.as_bytes()))
    }

    /// As a form encodes every character that it may.
    fn encoded(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    #[test]
    fn a_token_is_sent_as_bearer_or_by_http_basic_with_any_name() {
        let token = token();
        let good = Credential::of_token(token.as_bytes());
        assert!(matches!(good, Credential::Token(_)));
        for value in [
            format!("Bearer {token}"),
            format!("bearer {token}"),
            basic(&format!("client:{token}")),
            basic(&format!(":{token}")),
            basic(&format!("urn%3Aclient:{}", encoded(&token))),
            basic(&format!("urn:client:{token}")),
            basic(&format!("a+b:{token}")).replace("Basic", "bASIC"),
        ] {
            assert_eq!(of(&[&value]), good, "{}", value.len());
        }
        assert_eq!(of(&[]), Credential::NotSent);
    }

    #[test]
    fn what_is_sent_and_is_no_token_is_wrong() {
        let token = token();
        let whole = format!("Bearer {token}");
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Basic",
            "Basic %",
            "Negotiate x",
            &token,
            &basic(&token),
            &basic("client:"),
            &basic(&format!("{token}:")),
            &basic(&format!("client:{token} ")),
            &basic(&format!("client:{}", encoded(&encoded(&token)))),
            &format!("Bearer  {token}"),
            &format!("Basic  {}", BASE64.encode(format!("a:{token}").as_bytes())),
        ] {
            assert_eq!(of(&[value]), Credential::Wrong, "{}", value.len());
        }
        assert_eq!(of(&[&whole, &whole]), Credential::Wrong, "two are not one");
        assert_eq!(of(&[&whole, "Basic eDp5"]), Credential::Wrong);
        assert_eq!(Credential::of_header([token.as_bytes(), token.as_bytes()]), Credential::Wrong);
        assert_eq!(Credential::of_header([b"".as_slice()]), Credential::Wrong);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_reading_panic(
            value in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), basic in ".{0,30}"
        ) {
            let _ = Credential::of_authorization([value.as_slice()]);
            let _ = Credential::of_authorization([format!("Basic {}", BASE64.encode(basic.as_bytes())).as_bytes()]);
        }
    }
}
