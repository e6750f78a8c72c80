//! Which of the identity headers carry a value: the headers in which the gate tells an API whose key a request has.

use std::fmt;

/// An identity header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityHeader {
    /// The key's id.
    Id,
    /// The key's name, percent-encoded.
    Name,
    /// The id of its team.
    Team,
    /// The id of its project.
    Project,
    /// The id of its kind.
    Kind,
    /// All that it may do.
    Permissions,
    /// The fields that it is limited to.
    Fields,
    /// When it expires.
    Expires,
}

impl IdentityHeader {
    /// In the order in which they are sent.
    pub const ALL: [IdentityHeader; 8] = [
        IdentityHeader::Id,
        IdentityHeader::Name,
        IdentityHeader::Team,
        IdentityHeader::Project,
        IdentityHeader::Kind,
        IdentityHeader::Permissions,
        IdentityHeader::Fields,
        IdentityHeader::Expires,
    ];

    /// As documentation writes it: `X-Key-Id`.
    pub fn name(self) -> &'static str {
        match self {
            IdentityHeader::Id => "X-Key-Id",
            IdentityHeader::Name => "X-Key-Name",
            IdentityHeader::Team => "X-Key-Team",
            IdentityHeader::Project => "X-Key-Project",
            IdentityHeader::Kind => "X-Key-Kind",
            IdentityHeader::Permissions => "X-Key-Permissions",
            IdentityHeader::Fields => "X-Key-Fields",
            IdentityHeader::Expires => "X-Key-Expires",
        }
    }

    /// Names of headers have no case (RFC 9110, 5.1).
    fn parse(name: &str) -> Option<IdentityHeader> {
        IdentityHeader::ALL.into_iter().find(|header| header.name().eq_ignore_ascii_case(name))
    }
}

/// The identity headers that carry a value. The others are sent too, but empty: otherwise a client's own would reach
/// the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityHeaders([bool; IdentityHeader::ALL.len()]);

/// Why a list of names selects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityHeaderError {
    /// No identity header has this name.
    Unknown,
    /// The list has this header already.
    Repeated,
}

impl fmt::Display for IdentityHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentityHeaderError::Repeated => f.write_str("is listed twice"),
            IdentityHeaderError::Unknown => {
                let names = IdentityHeader::ALL.map(IdentityHeader::name).join(", ");
                write!(f, "is not an identity header; expected one of {names}")
            }
        }
    }
}

impl IdentityHeaders {
    /// None of them: the API then learns only that the key is valid.
    pub const NONE: IdentityHeaders = IdentityHeaders([false; IdentityHeader::ALL.len()]);

    /// Adds the header with this name.
    pub fn select(&mut self, name: &str) -> Result<(), IdentityHeaderError> {
        let header = IdentityHeader::parse(name).ok_or(IdentityHeaderError::Unknown)?;
        if std::mem::replace(&mut self.0[header as usize], true) {
            return Err(IdentityHeaderError::Repeated);
        }
        Ok(())
    }

    /// Whether this one carries a value.
    pub fn contain(self, header: IdentityHeader) -> bool {
        self.0[header as usize]
    }
}

impl Default for IdentityHeaders {
    /// All of them.
    fn default() -> IdentityHeaders {
        IdentityHeaders([true; IdentityHeader::ALL.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_selected_by_name_in_any_case_and_once() {
        let mut selected = IdentityHeaders::NONE;
        assert_eq!(selected.select("x-KEY-fields"), Ok(()));
        for header in IdentityHeader::ALL {
            assert_eq!(selected.contain(header), header == IdentityHeader::Fields, "{header:?}");
            assert!(IdentityHeaders::default().contain(header));
        }
        assert_eq!(selected.select("X-Key-Fields"), Err(IdentityHeaderError::Repeated));
        for unknown in ["", "X-Key", "x-key-id ", "X-Request-Id"] {
            assert_eq!(selected.select(unknown), Err(IdentityHeaderError::Unknown), "{unknown}");
        }
    }
}
