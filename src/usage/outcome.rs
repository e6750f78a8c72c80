//! What a verdict on a known key says of its use.

use crate::gate::verdict::Code;

/// Whether the key was in use: it worked, whether or not for what was asked. What knocks with a key that has ended is
/// refused, and does not use it.
pub fn is_use(code: Code) -> bool {
    code == Code::Valid || code.is_about_the_request()
}

/// As people read it.
pub fn label(code: Code) -> &'static str {
    match code {
        Code::Valid => "Accepted",
        Code::Revoked => "Refused as revoked",
        Code::Expired => "Refused as expired",
        Code::KindNotOffered => "Kind not offered",
        Code::ProjectNotAllowed => "Other project",
        Code::OriginNotAllowed => "Untrusted domain",
        Code::AddressNotAllowed => "Address not allowed",
        Code::InsufficientPermissions => "Not permitted",
        Code::FieldNotAllowed => "Field not permitted",
        Code::Missing | Code::MultipleKeys | Code::Malformed | Code::RateLimited | Code::NotFound => "Not known",
    }
}
