//! What is asked of a key, beside whether it is good. Each door fills in what its callers tell; the verdict judges.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::clock::Moment;
use crate::keys::grants::Grant;

/// What a door is told of the request that brought the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told<T> {
    /// This door does not judge by it.
    #[default]
    NotAsked,
    /// The request has none: a key that is held to some is refused.
    Nothing,
    /// This one.
    Some(T),
}

impl<T> Told<T> {
    /// What a request has or has not, at a door that judges by it.
    pub fn of(told: Option<T>) -> Told<T> {
        told.map_or(Told::Nothing, Told::Some)
    }
}

/// What is asked of a key. By default: nothing beside whether it is good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// All of these it must be allowed.
    pub permissions: Cow<'a, [Grant]>,
    /// Whether it must be allowed something, too, that the catalog does not offer: no key is.
    pub has_unknown_permission: bool,
    /// Resource and field: all of these it must reach.
    pub fields: Cow<'a, [(String, String)]>,
    /// The id of the project that it must be filed under.
    pub project: Option<&'a str>,
    /// `Origin`, or else `Referer`, of the request.
    pub origin: Told<&'a str>,
    /// The address of the request's client.
    pub address: Told<IpAddr>,
}

/// Whose request it is: for those who look at a key's use, and for those who send nonsense.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// When it came.
    pub at: Moment,
    /// The client's address, as far as it is known.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`.
    pub client: Option<&'a str>,
}
