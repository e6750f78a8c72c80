//! Who may ask about the keys of others: a program of our own network, or one that brings a gate token.
//!
//! Behind a proxy on the same host all of the internet comes from loopback. So where the asking itself may have come
//! through one (the doors that read no proxy's headers), an address counts only if nothing says that it was forwarded.

use std::net::IpAddr;

use ipnet::IpNet;
use sha2::{Digest, Sha256};

/// What every gate token begins with.
pub const TOKEN_PREFIX: &str = "gate_";
/// Behind it: 256 bits in base64url.
const TOKEN_BODY_BYTES: usize = 43;

/// The SHA-256 of a gate token: what is stored and compared.
pub type TokenDigest = [u8; 32];

/// What an asker brings to prove itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its address: it is in `--gate-allow`, and nothing was forwarded.
    Address,
    /// Something that has the form of a gate token. Whether it is one, the store tells.
    Token(TokenDigest),
    /// Nothing that counts.
    None,
}

/// What of a request proves who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Whose connection it is.
    pub peer: IpAddr,
    /// The values of the headers that the door takes a gate token from.
    pub tokens: &'a [&'a [u8]],
    /// Whether a proxy before us says that it forwarded the request, at a door where that must not be.
    pub is_forwarded: bool,
}

impl Asking<'_> {
    /// What is proved, given who is allowed by address. A token that is brought is what counts, good or not: who sends
    /// a wrong one is told so, wherever it is.
    pub fn proof(&self, allowed: &[IpNet]) -> Proof {
        match self.tokens {
            [] if !self.is_forwarded && is_within(allowed, self.peer) => Proof::Address,
            [token] => token_digest(token).map_or(Proof::None, Proof::Token),
            _ => Proof::None,
        }
    }
}

fn is_within(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// The digest of what has the form of a gate token.
pub fn token_digest(text: &[u8]) -> Option<TokenDigest> {
    let body = text.strip_prefix(TOKEN_PREFIX.as_bytes())?;
    let has_form =
        body.len() == TOKEN_BODY_BYTES && body.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    has_form.then(|| Sha256::digest(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking<'a>(peer: &str, tokens: &'a [&'a [u8]], is_forwarded: bool) -> Asking<'a> {
        Asking { peer: peer.parse().expect("an address"), tokens, is_forwarded }
    }

    fn loopback() -> [IpNet; 2] {
        ["127.0.0.0/8".parse().expect("a network"), IpNet::from(IpAddr::from(std::net::Ipv6Addr::LOCALHOST))]
    }

    fn token() -> String {
        format!("{TOKEN_PREFIX}{}", crate::people::session::draw())
    }

    #[test]
    fn this_machine_may_ask_unless_it_asks_for_others() {
        for (peer, proof) in [
            ("127.0.0.1", Proof::Address),
            ("127.9.9.9", Proof::Address),
            ("::1", Proof::Address),
            ("::ffff:127.0.0.1", Proof::Address),
            ("128.0.0.1", Proof::None),
            ("::2", Proof::None),
            ("192.0.2.7", Proof::None),
        ] {
            assert_eq!(asking(peer, &[], false).proof(&loopback()), proof, "{peer}");
            assert_eq!(asking(peer, &[], true).proof(&loopback()), Proof::None, "{peer}, forwarded");
        }
    }

    #[test]
    fn others_may_be_allowed_and_none() {
        let allowed = ["10.0.0.0/8".parse().expect("a network"), "2001:db8::/32".parse().expect("a network")];
        assert_eq!(asking("10.1.2.3", &[], false).proof(&allowed), Proof::Address);
        assert_eq!(asking("2001:db8::1", &[], false).proof(&allowed), Proof::Address);
        assert_eq!(asking("127.0.0.1", &[], false).proof(&allowed), Proof::None);
        assert_eq!(asking("127.0.0.1", &[], false).proof(&[]), Proof::None);
    }

    #[test]
    fn what_has_the_form_of_a_token_is_asked_about_from_anywhere() {
        let token = token();
        let digest: TokenDigest = Sha256::digest(&token).into();
        for (peer, is_forwarded) in [("127.0.0.1", false), ("192.0.2.7", false), ("127.0.0.1", true)] {
            let tokens = [token.as_bytes()];
            assert_eq!(asking(peer, &tokens, is_forwarded).proof(&loopback()), Proof::Token(digest));
        }
    }

    #[test]
    fn a_token_that_cannot_be_one_counts_for_less_than_none() {
        let good = token();
        let (cut, long, upper) = (&good[..good.len() - 1], format!("{good}a"), good.to_uppercase());
        for bad in ["", "gate_", "x", cut, &long, &upper, &good[5..], &format!(" {good}"), &format!("{cut}\n")] {
            assert_eq!(asking("127.0.0.1", &[bad.as_bytes()], false).proof(&loopback()), Proof::None, "{bad:?}");
        }
        let two = [good.as_bytes(), good.as_bytes()];
        assert_eq!(asking("127.0.0.1", &two, false).proof(&loopback()), Proof::None);
    }
}
