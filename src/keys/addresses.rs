//! The addresses from which a key may be used: how they are typed, stored and compared with a peer.
//!
//! IPv4 has one form here: what IPv6 maps (`::ffff:192.0.2.7`) is read as IPv4, in lists and in peers.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::keys::lines::{self, LinesError};

/// The addresses and networks from which a key may be used; none: every address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(Vec<Network>);

/// An address, or a network. Displays as `192.0.2.7` or `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a list of addresses is refused; displays as the sentence beside the field.
pub type AddressesError = LinesError<WrongAddress>;

/// What is wrong with a line; displays as what follows its quotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongAddress {
    /// More than one entry in the line.
    Several,
    /// `/0`.
    Everything,
    /// Bits are set behind the prefix; the network that they lie in.
    HostBits(Network),
    /// A prefix that is no number, or longer than an address has bits: so many.
    Prefix(u8),
    /// A zone behind a `%`.
    Zone,
    /// A port behind the address; the address alone.
    Port(IpAddr),
    /// Brackets around an IPv6 address; the address alone.
    Brackets(Ipv6Addr),
    /// From one address to another.
    Range,
    /// Nothing that could be an address, like a name.
    NotAnAddress,
}

impl fmt::Display for WrongAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use WrongAddress as Wrong;
        match self {
            Wrong::Several => f.write_str("is more than one address. Put each on a line of its own."),
            Wrong::Everything => f.write_str("is every address. To allow that, leave the list empty."),
            Wrong::HostBits(network) => {
                write!(f, "is an address inside a network, not a network. Did you mean {network}?")
            }
            Wrong::Prefix(most) => write!(f, "has no good prefix. Behind the slash stands a number from 1 to {most}."),
            Wrong::Zone => f.write_str("has a zone. Leave out the % and what follows."),
            Wrong::Port(address) => write!(f, "has a port. Leave it out: {address}"),
            Wrong::Brackets(address) => write!(f, "is in brackets. Leave them out: {address}"),
            Wrong::Range => f.write_str("is a range. Write networks instead, like 192.0.2.0/24."),
            Wrong::NotAnAddress => {
                f.write_str("is not an IP address or a network. Write one like 192.0.2.7 or 2001:db8::/32.")
            }
        }
    }
}

impl Addresses {
    /// Reads addresses and networks as they were typed, one a line.
    pub fn parse(typed: &str) -> Result<Addresses, AddressesError> {
        lines::parse(typed, Network::read).map(Addresses)
    }

    /// Reads [`Addresses::to_text`].
    pub fn from_stored(text: &str) -> Option<Addresses> {
        Addresses::parse(text).ok()
    }

    /// As they are stored, and shown to be edited: one a line.
    pub fn to_text(&self) -> String {
        lines::to_text(&self.0)
    }

    /// The addresses and networks, in the order in which they were typed.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }

    /// Whether every address is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the key may be used from there.
    pub fn allow(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.is_empty() || self.iter().any(|Network(network)| network.contains(&peer))
    }
}

impl Network {
    fn read(line: &str) -> Result<Network, WrongAddress> {
        let network = match line.split_once('/') {
            Some((address, prefix)) => read_network(address, prefix)?,
            None => IpNet::from(read_address(line)?),
        };
        let network = unmap(network);
        if network.prefix_len() == 0 {
            Err(WrongAddress::Everything)
        } else if network != network.trunc() {
            Err(WrongAddress::HostBits(Network(network.trunc())))
        } else {
            Ok(Network(network))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

fn read_network(address: &str, prefix: &str) -> Result<IpNet, WrongAddress> {
    let address = read_address(address)?;
    let most = IpNet::from(address).max_prefix_len();
    let digits = Some(prefix).filter(|prefix| prefix.bytes().all(|b| b.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok()).ok_or(WrongAddress::Prefix(most))?;
    IpNet::new(address, length).map_err(|_| WrongAddress::Prefix(most))
}

/// Reads an address, and looks for a reason if it is none.
fn read_address(text: &str) -> Result<IpAddr, WrongAddress> {
    text.parse().map_err(|_| {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let is_address = |part: &str| part.parse::<IpAddr>().is_ok();
        if text.contains(|c: char| c.is_whitespace() || c == ',' || c == ';') {
            let parts = text.split(|c: char| c.is_whitespace() || ",;".contains(c)).filter(|part| !part.is_empty());
            return if parts.clone().any(|part| part == "-") { WrongAddress::Range } else { WrongAddress::Several };
        }
        if text.split_once('%').is_some_and(|(address, _)| is_address(address.trim_start_matches('['))) {
            return WrongAddress::Zone;
        }
        if let Ok(peer) = text.parse::<std::net::SocketAddr>() {
            return WrongAddress::Port(peer.ip());
        }
        if let Some(Ok(v6)) = bare.map(str::parse) {
            return WrongAddress::Brackets(v6);
        }
        if text.split_once(['-', '–']).is_some_and(|(first, _)| is_address(first)) {
            return WrongAddress::Range;
        }
        WrongAddress::NotAnAddress
    })
}

/// The IPv4 network that an IPv6 one maps, if it does: `::ffff:0:0/96` and what lies within (RFC 4291 2.5.5.2).
fn unmap(network: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    let IpNet::V6(v6) = network else { return network };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED_BITS));
    v4.and_then(|(v4, length)| Ipv4Net::new(v4, length).ok()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses(typed: &str) -> Addresses {
        Addresses::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"))
    }

    fn allows(list: &Addresses, peer: &str) -> bool {
        list.allow(peer.parse().expect("an address"))
    }

    #[test]
    fn an_address_is_kept_in_one_form() {
        for (typed, form) in [
            (" 192.0.2.7 ", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.0/08", "10.0.0.0/8"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("2001:db8::7/128", "2001:db8::7"),
            ("::1", "::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:c000:200/120", "192.0.2.0/24"),
            ("", ""),
        ] {
            assert_eq!(addresses(typed).to_text(), form, "{typed:?}");
        }
    }

    #[test]
    fn each_is_kept_once_in_the_order_typed() {
        let list = addresses("2001:db8::1\r\n\r\n10.0.0.0/8\n2001:DB8::1/128\n::ffff:10.0.0.0/104\n10.0.0.1");
        assert_eq!(list.to_text(), "2001:db8::1\n10.0.0.0/8\n10.0.0.1");
        assert_eq!((list.len(), list.is_empty()), (3, false));
        assert_eq!(list.iter().map(Network::to_string).collect::<Vec<_>>(), ["2001:db8::1", "10.0.0.0/8", "10.0.0.1"]);
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_is_wrong() {
        let every = "is every address. To allow that, leave the list empty.";
        let v4_prefix = "has no good prefix. Behind the slash stands a number from 1 to 32.";
        let range = "is a range. Write networks instead, like 192.0.2.0/24.";
        let not = "is not an IP address or a network. Write one like 192.0.2.7 or 2001:db8::/32.";
        let several = "is more than one address. Put each on a line of its own.";
        let zone = "has a zone. Leave out the % and what follows.";
        for (typed, why) in [
            ("0.0.0.0/0", every),
            ("10.1.2.3/0", every),
            ("::/0", every),
            ("::ffff:0:0/96", every),
            ("10.1.2.3/8", "is an address inside a network, not a network. Did you mean 10.0.0.0/8?"),
            ("10.1.2.3/31", "is an address inside a network, not a network. Did you mean 10.1.2.2/31?"),
            ("2001:db8::1/64", "is an address inside a network, not a network. Did you mean 2001:db8::/64?"),
            ("::ffff:10.1.2.3/112", "is an address inside a network, not a network. Did you mean 10.1.0.0/16?"),
            ("10.0.0.0/33", v4_prefix),
            ("10.0.0.0/", v4_prefix),
            ("10.0.0.0/+8", v4_prefix),
            ("10.0.0.0/-1", v4_prefix),
            ("10.0.0.0/8/8", v4_prefix),
            ("10.0.0.0/255.0.0.0", v4_prefix),
            ("10.0.0.0/999999999999", v4_prefix),
            ("2001:db8::/129", "has no good prefix. Behind the slash stands a number from 1 to 128."),
            ("fe80::1%eth0", zone),
            ("[fe80::1%eth0]", zone),
            ("fe80::1%1/64", zone),
            ("10.0.0.1:443", "has a port. Leave it out: 10.0.0.1"),
            ("[2001:db8::1]:443", "has a port. Leave it out: 2001:db8::1"),
            ("[2001:db8::1]", "is in brackets. Leave them out: 2001:db8::1"),
            ("10.0.0.1-10.0.0.9", range),
            ("10.0.0.1 - 10.0.0.9", range),
            ("10.0.0.1-9", range),
            ("10.0.0.1, 10.0.0.2", several),
            ("10.0.0.1 10.0.0.2", several),
            ("office.example.com", not),
            ("localhost", not),
            ("10.0.0", not),
            ("10.0.0.*", not),
            ("010.0.0.1", not),
            ("256.0.0.1", not),
            ("2001:db8:::1", not),
            ("/8", not),
            ("a/8", not),
        ] {
            match Addresses::parse(typed) {
                Ok(list) => panic!("{typed:?} is read as {list:?}"),
                Err(error) => assert_eq!(error.to_string(), format!("“{typed}” {why}"), "{typed:?}"),
            }
        }
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        let error = Addresses::parse("10.0.0.1\n\n office \n10.0.0.2").expect_err("no address");
        assert!(error.to_string().starts_with("“office” is not an IP address"), "{error}");
        assert_eq!(Addresses::parse(&"::1\n".repeat(51)).map(|list| list.len()), Err(LinesError::TooMany(51)));
    }

    #[test]
    fn no_addresses_allow_every_peer() {
        assert!(allows(&Addresses::default(), "192.0.2.7") && allows(&Addresses::default(), "2001:db8::1"));
    }

    #[test]
    fn a_peer_must_be_an_address_or_lie_in_a_network() {
        let list = addresses("192.0.2.7\n10.0.0.0/8\n2001:db8::/32");
        for peer in ["192.0.2.7", "10.0.0.0", "10.255.255.255", "2001:db8:ffff::1"] {
            assert!(allows(&list, peer), "{peer}");
        }
        for peer in ["192.0.2.8", "11.0.0.0", "9.255.255.255", "2001:db9::", "::1", "::10.0.0.1"] {
            assert!(!allows(&list, peer), "{peer}");
        }
    }

    #[test]
    fn a_mapped_peer_counts_as_the_ipv4_it_is() {
        let list = addresses("10.0.0.0/8");
        assert!(allows(&list, "::ffff:10.1.2.3") && !allows(&list, "::ffff:11.1.2.3"));
        // A network of IPv6 that reaches over the mapped ones does not let IPv4 in by the back door.
        assert!(!allows(&addresses("::/64"), "::ffff:10.1.2.3"));
    }

    proptest! {
        #[test]
        fn what_was_read_reads_back_from_its_text(
            typed in prop_oneof![any::<String>(), "([0-9a-f:.]{1,20}(/[0-9]{1,3})?\n){0,5}"]
        ) {
            if let Ok(list) = Addresses::parse(&typed) {
                prop_assert_eq!(Addresses::from_stored(&list.to_text()), Some(list));
            }
        }

        #[test]
        fn every_network_reads_back_and_allows_its_own(address in any::<IpAddr>(), prefix in 1..=32_u8) {
            let address = address.to_canonical();
            let network = IpNet::new(address, prefix).expect("short enough").trunc();
            let list = Addresses::parse(&network.to_string()).expect("a network");
            prop_assert_eq!(list.to_text(), Network(network).to_string());
            prop_assert!(list.allow(address));
        }
    }
}
