//! The client's IP address as proxies and programs write it: with or without a port, in brackets or not, and in the
//! headers `X-Forwarded-For` and `Forwarded` (RFC 7239).
//!
//! What the nearest proxy wrote is last. So headers are read from the end, and what a client put before it, however
//! it is quoted, cannot change how that is read. (The crates for RFC 7239 split at each comma, quoted or not.)

use std::net::{IpAddr, Ipv6Addr};

/// Reads `192.0.2.7`, `192.0.2.7:51008`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:51008`, also in quotes. An
/// IPv6 zone (`fe80::1%eth0`) is dropped, since it means something on the proxy's host alone; an IPv4 address in IPv6 form
/// becomes IPv4.
pub fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
            return None;
        }
        IpAddr::V6(parse_v6(address)?)
    } else if let Some((address, port)) = text.split_once(':').filter(|(address, _)| address.contains('.')) {
        // IPv6 has a colon before any dot.
        IpAddr::V4(address.parse().ok().filter(|_| is_port(port))?)
    } else {
        text.parse().ok().or_else(|| parse_v6(text).map(IpAddr::V6))?
    };
    Some(address.to_canonical())
}

fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_graphic()) => address,
        Some(_) => return None,
        None => text,
    };
    address.parse().ok()
}

/// A port, or RFC 7239's name in place of one (`_x7`).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        None => text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

/// The peers that proxies saw, the nearest proxy's first; none where a proxy wrote no IP address.
pub type Hops = Vec<Option<IpAddr>>;

/// Reads the lines of `X-Forwarded-For`.
pub fn x_forwarded_for<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Hops {
    nearest_first(lines, |line, hops| {
        hops.extend(line.rsplit(|byte| *byte == b',').map(|hop| parse(std::str::from_utf8(hop).ok()?)));
    })
}

/// Reads the lines of `Forwarded`.
pub fn forwarded<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Hops {
    nearest_first(lines, |line, hops| {
        hops.extend(rsplit_unquoted(line, b',').map(|element| parse(&forwarded_for(element)?)));
    })
}

/// Several lines count as one (RFC 9110, 5.3); `read` adds what one of them holds, from its end.
fn nearest_first<'a>(lines: impl IntoIterator<Item = &'a [u8]>, read: impl Fn(&'a [u8], &mut Hops)) -> Hops {
    let mut hops = Vec::new();
    for line in lines {
        let begin = hops.len();
        read(line, &mut hops);
        hops[begin..].reverse();
    }
    hops.reverse();
    hops
}

/// The value of `for` in an element of `Forwarded`, without quotes; none if it is missing, or there twice.
fn forwarded_for(element: &[u8]) -> Option<String> {
    let mut found = None;
    for pair in rsplit_unquoted(element, b';') {
        let pair = std::str::from_utf8(pair).ok()?.trim_matches([' ', '\t']);
        let (name, value) = pair.split_once('=')?;
        if !name.eq_ignore_ascii_case("for") {
            continue;
        }
        // Within quotes a backslash stands before any character. No IP address contains one.
        if found.replace(value.replace('\\', "")).is_some() {
            return None;
        }
    }
    found
}

/// The parts of a text between separators that are not in quotes, the last one first.
fn rsplit_unquoted(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut is_quoted = false;
        for at in (0..text.len()).rev() {
            if text[at] == b'"' && !is_escaped(&text[..at]) {
                is_quoted = !is_quoted;
            } else if text[at] == separator && !is_quoted {
                rest = Some(&text[..at]);
                return Some(&text[at + 1..]);
            }
        }
        rest = None;
        Some(text)
    })
}

/// Whether what follows is escaped: by an odd number of backslashes.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an IP address")
    }

    /// `-` is a hop that cannot be read.
    fn shown(hops: &Hops) -> String {
        let shown = |hop: &Option<IpAddr>| hop.map_or("-".to_owned(), |ip| ip.to_string());
        hops.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    fn bytes<'a>(lines: &'a [&str]) -> impl Iterator<Item = &'a [u8]> {
        lines.iter().map(|line| line.as_bytes())
    }

    #[test]
    fn an_ip_address_is_read_with_and_without_port_and_brackets() {
        for (text, address) in [
            ("192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7\t", "192.0.2.7"),
            ("192.0.2.7:51008", "192.0.2.7"),
            ("192.0.2.7:0", "192.0.2.7"),
            ("192.0.2.7:_port", "192.0.2.7"),
            ("\"192.0.2.7:80\"", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:65535", "2001:db8::1"),
            ("\"[2001:db8::1]:_x\"", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("[::ffff:192.0.2.7]:80", "192.0.2.7"),
            ("::192.0.2.7", "::192.0.2.7"),
        ] {
            assert_eq!(parse(text), Some(ip(address)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_ip_address_is_not_read() {
        for text in [
            "",
            " ",
            "\"\"",
            "unknown",
            "_hidden",
            "unix:",
            "localhost",
            "localhost:80",
            "192.0.2",
            "192.0.2.07",
            "192.0.2.7:",
            "192.0.2.7:65536",
            "192.0.2.7:+80",
            "192.0.2.7:80:80",
            "192.0.2.7:_",
            "192.0.2.7%eth0",
            "[192.0.2.7]",
            "[192.0.2.7]:80",
            "192.0.2.7/32",
            "192.0.2.7, 192.0.2.8",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]80",
            "[2001:db8::1]:",
            "[]",
            "[]:80",
            "[2001:db8::1]:x",
            "fe80::1%",
            "fe80::1%a b",
            "\"192.0.2.7",
            "http://192.0.2.7",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_nearest_proxy_s_hop_comes_first() {
        for (lines, expected) in [
            (vec![], ""),
            (vec!["192.0.2.1, 192.0.2.2:80"], "192.0.2.2 192.0.2.1"),
            (vec!["192.0.2.1", "a,192.0.2.3"], "192.0.2.3 - 192.0.2.1"),
            (vec![""], "-"),
            (vec!["192.0.2.1,"], "- 192.0.2.1"),
            (vec!["\u{e9}, 192.0.2.1"], "192.0.2.1 -"),
        ] {
            assert_eq!(shown(&x_forwarded_for(bytes(&lines))), expected, "{lines:?}");
        }
        assert_eq!(shown(&x_forwarded_for([b"\xff, 192.0.2.1".as_slice()])), "192.0.2.1 -");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        for (lines, expected) in [
            (vec!["for=192.0.2.1;proto=https, FOR=\"[2001:db8::1]:80\""], "2001:db8::1 192.0.2.1"),
            (vec!["for=192.0.2.1", "by=_x;For=192.0.2.2"], "192.0.2.2 192.0.2.1"),
            (vec!["for=_hidden, for=unknown, for=\"_hidden:80\""], "- - -"),
            (vec!["proto=https"], "-"),
            (vec!["for=192.0.2.1;for=192.0.2.1"], "-"),
            (vec!["for=192.0.2.1;secret"], "-"),
            (vec!["for=\"192.0.2\\.1\" ; ext=\"a;for=192.0.2.9\""], "192.0.2.1"),
            // A comma or a semicolon in quotes separates nothing.
            (vec!["for=192.0.2.1;host=\"a, for=192.0.2.9\""], "192.0.2.1"),
            (vec!["for=192.0.2.1;host=\"a\\\", for=192.0.2.9\""], "192.0.2.1"),
            (vec!["host=\"a\\\\\", for=192.0.2.1"], "192.0.2.1 -"),
            // A quote that a client left open.
            (vec!["for=\"192.0.2.9, for=192.0.2.1"], "192.0.2.1 -"),
            (vec!["for=192.0.2.9;x=\", for=192.0.2.1;host=\"b\""], "192.0.2.1 -"),
        ] {
            assert_eq!(shown(&forwarded(bytes(&lines))), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic_and_none_hides_the_nearest_hop(
            before in prop_oneof![".*", "(for=|\"|\\\\|,|;|192.0.2.9|\\[::1\\]|:80|a){0,12}"]
        ) {
            let _ = parse(&before);
            let nearest = Some(Some(ip("192.0.2.1")));
            let line = format!("{before}, 192.0.2.1:80");
            prop_assert_eq!(x_forwarded_for([line.as_bytes()]).first().copied(), nearest);
            let line = format!("{before}, for=\"192.0.2.1:80\"");
            prop_assert_eq!(forwarded([line.as_bytes()]).first().copied(), nearest);
        }
    }
}
