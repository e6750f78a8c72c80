//! The place that the index keeps for the use of each key: 40 bytes, since there may be a million of them. It holds what the
//! next request will most likely change: how many came in this hour and ended so, when the last one did, from where and of
//! which client. What does not fit in is pushed out, for the [`tally`](super::tally) to keep.

use std::net::{IpAddr, Ipv6Addr};

use super::clients::ClientHash;
use super::outcome::is_use;
use super::used::{Count, HOUR_S, LastUse, hour_of};
use crate::clock::Moment;
use crate::gate::verdict::Code;

/// What was noted of a key where it lies.
#[derive(Debug)]
pub struct Noted {
    /// The last use since it was taken; [`Moment::EARLIEST`] for none.
    last_at: Moment,
    /// From where it came, or one before it of the same hour; [`Ipv6Addr::UNSPECIFIED`] if none of them is known.
    address: Ipv6Addr,
    client: ClientHash,
    /// Hours since 1970.
    hour: i32,
    /// Requests of this hour and outcome since it was taken.
    uses: u32,
    outcome: Code,
    /// Whether that it was used from `address` in `hour` was taken before.
    is_address_told: bool,
    /// Whether the last use came from `address`, and not from nobody knows where.
    is_from_address: bool,
    listed: Listed,
}

/// Whether it stands among those from which something is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    /// There is nothing.
    No,
    /// There is something.
    Yes,
    /// The key has another place.
    Moved,
}

/// A request with a key, as it is noted.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// How it ended.
    pub outcome: Code,
    /// When it came.
    pub at: Moment,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
    /// What sent it.
    pub client: ClientHash,
}

/// What a note leaves to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// To be kept elsewhere: requests of another hour or outcome.
    pub count: Option<Count>,
    /// To be kept elsewhere: an address, with the last hour in which the key was used from there.
    pub address: Option<(IpAddr, Moment)>,
    /// Whether the client was another one before.
    pub is_other_client: bool,
    /// Whether this is the first note since it was taken.
    pub is_first: bool,
}

/// The key has another place now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved;

/// What was taken.
#[derive(Debug, PartialEq, Eq)]
pub struct TakenNote {
    /// Requests of the last hour and outcome.
    pub count: Option<Count>,
    /// The last use, with a client that is yet to be named.
    pub last: Option<(LastUse, ClientHash)>,
    /// Where the key was used last, if that is news.
    pub address: Option<(IpAddr, Moment)>,
}

impl Default for Noted {
    fn default() -> Noted {
        Noted {
            last_at: Moment::EARLIEST,
            address: Ipv6Addr::UNSPECIFIED,
            client: ClientHash::default(),
            hour: 0,
            uses: 0,
            outcome: Code::Valid,
            is_address_told: false,
            is_from_address: false,
            listed: Listed::No,
        }
    }
}

impl Noted {
    /// Notes a request.
    pub fn note(&mut self, note: Note) -> Result<Left, Moved> {
        if self.listed == Listed::Moved {
            return Err(Moved);
        }
        let mut left = Left { is_first: self.listed == Listed::No, ..Left::default() };
        self.listed = Listed::Yes;
        let hour = (note.at.unix().div_euclid(HOUR_S)) as i32; // the year 9999 is hour 70 million
        if (self.hour, self.outcome) != (hour, note.outcome) || self.uses == u32::MAX {
            left.count = self.count();
            self.is_address_told &= self.hour == hour;
            (self.hour, self.outcome, self.uses) = (hour, note.outcome, 0);
        }
        self.uses += 1;
        if is_use(note.outcome) {
            self.come_last(note, &mut left);
        }
        Ok(left)
    }

    fn come_last(&mut self, note: Note, left: &mut Left) {
        if note.at < self.last_at {
            left.address = note.address.map(|address| (address, hour_of(note.at)));
            return;
        }
        let is_other_hour = hour_of(note.at) != hour_of(self.last_at);
        let address = match note.address {
            Some(address) => mapped(address),
            // The one that is known stays, to be told: where both sorts come in turn nothing has to be pushed out.
            None if !is_other_hour => self.address,
            None => Ipv6Addr::UNSPECIFIED,
        };
        if address != self.address || is_other_hour {
            left.address = self.last_address();
            self.is_address_told &= address == self.address;
            self.address = address;
        }
        self.is_from_address = note.address.is_some();
        self.last_at = note.at;
        left.is_other_client = self.client != note.client;
        self.client = note.client;
    }

    /// Takes what was noted; the address and the client stay, for the next request of the same one.
    pub fn take(&mut self) -> TakenNote {
        let taken = TakenNote { count: self.count(), last: self.last(), address: self.last_address() };
        self.is_address_told |= taken.address.is_some() && hour_of(self.last_at) == self.begun();
        (self.last_at, self.uses) = (Moment::EARLIEST, 0);
        if self.listed == Listed::Yes {
            self.listed = Listed::No;
        }
        taken
    }

    /// Leaves its place to another one; one that was left has nothing to leave.
    pub fn leave(&mut self) -> Noted {
        if self.listed == Listed::Moved {
            return Noted::default();
        }
        std::mem::replace(self, Noted { listed: Listed::Moved, ..Noted::default() })
    }

    fn begun(&self) -> Moment {
        Moment::from_unix(i64::from(self.hour) * HOUR_S).unwrap_or(Moment::EARLIEST)
    }

    fn count(&self) -> Option<Count> {
        (self.uses > 0).then(|| Count { hour: self.begun(), outcome: self.outcome, uses: self.uses.into() })
    }

    fn last(&self) -> Option<(LastUse, ClientHash)> {
        let address = self.is_from_address.then(|| self.address.to_canonical());
        (self.last_at != Moment::EARLIEST).then_some((LastUse { at: self.last_at, address, client: None }, self.client))
    }

    /// Since it was taken, and unless it was told before.
    fn last_address(&self) -> Option<(IpAddr, Moment)> {
        let is_news = self.last_at != Moment::EARLIEST && !self.is_address_told && !self.address.is_unspecified();
        is_news.then(|| (self.address.to_canonical(), hour_of(self.last_at)))
    }
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
