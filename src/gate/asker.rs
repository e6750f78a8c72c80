//! Who may ask about the keys of others: a program of our own network, or one that brings a gate token.
//!
//! Behind a proxy on the same host all of the internet comes from loopback. So where the asking itself may have come
//! through one (the doors that read no proxy's headers), an address counts only if nothing says that it was forwarded.

use std::net::IpAddr;

use ipnet::IpNet;

use super::credential::{Credential, TokenDigest};

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
pub struct Asking {
    /// Whose connection it is.
    pub peer: IpAddr,
    /// The gate token that is sent.
    pub credential: Credential,
    /// Whether a proxy before us says that it forwarded the request, at a door where that must not be.
    pub is_forwarded: bool,
}

impl Asking {
    /// What is proved, given who is allowed by IP address. A token that is sent is what counts: a wrong one is refused
    /// from every IP address.
    pub fn proof(&self, allowed: &[IpNet]) -> Proof {
        match self.credential {
            Credential::NotSent if !self.is_forwarded && is_within(allowed, self.peer) => Proof::Address,
            Credential::Token(digest) => Proof::Token(digest),
            Credential::NotSent | Credential::Wrong => Proof::None,
        }
    }
}

fn is_within(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::credential::TOKEN_PREFIX;
    use sha2::{Digest, Sha256};

    fn asking(peer: &str, token: Option<&str>, is_forwarded: bool) -> Asking {
        let credential = Credential::of_header(token.map(str::as_bytes));
        Asking { peer: peer.parse().expect("an address"), credential, is_forwarded }
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
            assert_eq!(asking(peer, None, false).proof(&loopback()), proof, "{peer}");
            assert_eq!(asking(peer, None, true).proof(&loopback()), Proof::None, "{peer}, forwarded");
        }
    }

    #[test]
    fn others_may_be_allowed_and_none() {
        let allowed = ["10.0.0.0/8".parse().expect("a network"), "2001:db8::/32".parse().expect("a network")];
        assert_eq!(asking("10.1.2.3", None, false).proof(&allowed), Proof::Address);
        assert_eq!(asking("2001:db8::1", None, false).proof(&allowed), Proof::Address);
        assert_eq!(asking("127.0.0.1", None, false).proof(&allowed), Proof::None);
        assert_eq!(asking("127.0.0.1", None, false).proof(&[]), Proof::None);
    }

    #[test]
    fn what_has_the_form_of_a_token_is_asked_about_from_anywhere() {
        let token = token();
        let digest: TokenDigest = Sha256::digest(&token).into();
        for (peer, is_forwarded) in [("127.0.0.1", false), ("192.0.2.7", false), ("127.0.0.1", true)] {
            assert_eq!(asking(peer, Some(&token), is_forwarded).proof(&loopback()), Proof::Token(digest));
        }
    }

    #[test]
    fn a_token_that_cannot_be_one_counts_for_less_than_none() {
        let good = token();
        let (cut, long, upper) = (&good[..good.len() - 1], format!("{good}a"), good.to_uppercase());
        for bad in ["", "gate_", "x", cut, &long, &upper, &good[5..], &format!(" {good}"), &format!("{cut}\n")] {
            assert_eq!(asking("127.0.0.1", Some(bad), false).proof(&loopback()), Proof::None, "{bad:?}");
        }
    }
}
