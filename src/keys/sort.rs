//! By which column the list of keys is sorted, and which way.

/// A column that sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By the folded name.
    Name,
    /// Active, expired, revoked; then by id.
    Status,
    /// By the preview.
    Key,
    /// By the kind's id.
    Kind,
    /// By the project's name, keys without one after all others; within one by status.
    Project,
    /// By the moment of the last use, what was never used before all that was.
    LastUsed,
    /// By the moment of creation.
    Created,
    /// By the moment of expiry, Never after all dates.
    Expiration,
}

impl Sort {
    /// In the order of the columns.
    pub const ALL: [Sort; 8] = [
        Sort::Name,
        Sort::Status,
        Sort::Key,
        Sort::Kind,
        Sort::Project,
        Sort::LastUsed,
        Sort::Created,
        Sort::Expiration,
    ];

    /// As in the address.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Name => "name",
            Sort::Status => "status",
            Sort::Key => "key",
            Sort::Kind => "kind",
            Sort::Project => "project",
            Sort::LastUsed => "last_used",
            Sort::Created => "created",
            Sort::Expiration => "expiration",
        }
    }

    /// Reads a [`Sort::word`].
    pub fn parse(word: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.word() == word)
    }

    /// Where a first click on the heading begins: the newest, else the smallest.
    pub fn default_direction(self) -> Direction {
        if matches!(self, Sort::Created | Sort::LastUsed) { Direction::Desc } else { Direction::Asc }
    }
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Greatest first.
    Desc,
}

impl Direction {
    /// As in the address.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Asc => "asc",
            Direction::Desc => "desc",
        }
    }

    /// Reads a [`Direction::word`].
    pub fn parse(word: &str) -> Option<Direction> {
        [Direction::Asc, Direction::Desc].into_iter().find(|direction| direction.word() == word)
    }

    /// The other one.
    pub fn reversed(self) -> Direction {
        match self {
            Direction::Asc => Direction::Desc,
            Direction::Desc => Direction::Asc,
        }
    }
}
