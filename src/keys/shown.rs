//! Keys as people see them: texts, addresses and tones, ready to print.

use super::address;
use super::catalog::Catalog;
use super::facts::{self, GrantRow};
use super::key::{ApiKey, KeyId, Standing, Status};
use super::listing::ProjectFilter;
use super::place::Place;
use super::refusals::Refusals;
use super::sort::{Direction, Sort};
use super::store::{Count, Counts};
use crate::calendar::{self, Urgency, Zone};
use crate::clock::Moment;
use crate::docs;
use crate::usage::used::LastUse;

/// A moment in the viewer's zone.
pub struct Time {
    /// `4 Nov 2026`, `Today`, `in 9 days`.
    pub text: String,
    /// RFC 3339, in UTC.
    pub iso: String,
    /// The exact moment, for hover.
    pub title: String,
}

impl Time {
    fn new(text: String, at: Moment, zone: Zone) -> Time {
        Time { text, iso: at.rfc3339(), title: calendar::exact(at, zone) }
    }

    /// A moment that lies behind.
    pub fn past(at: Moment, place: &Place) -> Time {
        Time::new(calendar::day_or_today(at, place.now, place.zone), at, place.zone)
    }

    /// When a key was last used: on hover also from where and by what client.
    pub fn last_use(last: &LastUse, place: &Place) -> Time {
        let time = Time::new(calendar::ago(last.at, place.now, place.zone), last.at, place.zone);
        let address = last.address.map(|address| format!(" from {address}")).unwrap_or_default();
        let client = last.client.as_ref().map(|client| format!(" by {client}")).unwrap_or_default();
        Time { title: format!("{}{address}{client}", time.title), ..time }
    }

    /// When a key ends, or would have; none: never. Only of one that works it is said how long that is from now.
    pub fn expiration(key: &Standing, place: &Place) -> Option<Time> {
        let at = key.key().expiration.at()?;
        let text = match key.status() {
            Status::Active => calendar::expiry(Some(at), place.now, place.zone).text,
            Status::Revoked | Status::Expired => calendar::day(at, place.zone),
        };
        Some(Time::new(text, at, place.zone))
    }
}

/// `soon`, `urgent`, or nothing.
pub fn urgency(key: &Standing, place: &Place) -> &'static str {
    if key.status() != Status::Active {
        return "";
    }
    match calendar::expiry(key.key().expiration.at(), place.now, place.zone).urgency {
        Urgency::None => "",
        Urgency::Soon => "soon",
        Urgency::VerySoon => "urgent",
    }
}

/// A link with its text.
pub struct Link {
    /// The text.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

/// A hidden field of a form.
pub struct Hidden {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One row of the table.
pub struct KeyRow {
    /// Names the row in the document.
    pub id: KeyId,
    /// What it is called.
    pub name: String,
    /// `Active`
    pub status: &'static str,
    /// `active`: the badge's tone.
    pub tone: &'static str,
    /// Whether it is dimmed.
    pub is_spent: bool,
    /// `sk_live_abc…wxyz`
    pub preview: String,
    /// All of it, to be copied, while it works and is no secret.
    pub whole: Option<String>,
    /// `widget.example.com and 2 more`: the trusted domains, if it has any.
    pub domains: String,
    /// `WebAPI`; none where there is only one kind.
    pub kind: Option<String>,
    /// Where it is filed.
    pub project: String,
    /// `WebAPI · Rota`, for a card.
    pub card_note: String,
    /// `Shifts RW, Users R`
    pub permissions: String,
    /// The same in full, a line a resource.
    pub grants: Vec<GrantRow>,
    /// When it was last used; none: never.
    pub last_used: Option<Time>,
    /// When it was made.
    pub created: Time,
    /// When it ends; none: never.
    pub expiration: Option<Time>,
    /// `soon`, `urgent`, or nothing.
    pub urgency: &'static str,
    /// What is refused since it was revoked, for a while after that.
    pub refusals: Option<Refusals>,
    /// Where a click on the row leads.
    pub open_url: String,
    /// What applies.
    pub actions: Vec<RowAction>,
}

/// An entry of a row's menu.
pub struct RowAction {
    /// Its text.
    pub label: &'static str,
    /// Where it leads.
    pub url: String,
    /// Whether it destroys.
    pub is_destructive: bool,
    /// Whether a script copies the key instead.
    pub copies: bool,
}

impl KeyRow {
    /// The row of a key, for somebody who may keep it or only see it. Nothing is said of refusals.
    pub fn of(key: ApiKey, may_keep: bool, place: &Place, catalog: &Catalog) -> KeyRow {
        let standing = key.at(place.now);
        let (key, status) = (standing.key(), standing.status());
        let is_spent = status != Status::Active;
        let url = |pattern| place.of_key(pattern, &key.id);
        let (whole, kind) = (facts::whole(&standing), facts::short_kind(key, catalog));
        let project = key.filing.as_ref().map(|filing| filing.name.clone());
        KeyRow {
            id: key.id.clone(),
            name: key.name.to_string(),
            status: status.label(),
            tone: status.word(),
            is_spent,
            preview: key.preview.as_str().to_owned(),
            domains: domains(key),
            card_note: kind.iter().chain(&project).cloned().collect::<Vec<_>>().join(" · "),
            kind,
            project: project.unwrap_or_default(),
            permissions: key.grants.short(catalog.offered_to(&key.kind)),
            grants: facts::grant_rows(&key.grants, catalog.offered_to(&key.kind)),
            last_used: key.last_use.as_ref().map(|last| Time::last_use(last, place)),
            created: Time::past(key.created_at, place),
            expiration: Time::expiration(&standing, place),
            urgency: urgency(&standing, place),
            refusals: None,
            open_url: url(if may_keep && !is_spent { address::EDIT } else { address::KEY }),
            actions: actions(may_keep, is_spent, whole.is_some(), url),
            whole,
        }
    }
}

impl KeyRow {
    /// The same row, of a key that was refused so often since it was revoked.
    pub fn with_refusals(self, refusals: Option<Refusals>) -> KeyRow {
        KeyRow { refusals, ..self }
    }
}

/// `widget.example.com and 2 more`
fn domains(key: &ApiKey) -> String {
    let Some(first) = key.bounds.domains.iter().next() else { return String::new() };
    match key.bounds.domains.len() {
        1 => first.to_string(),
        count => format!("{first} and {} more", count - 1),
    }
}

fn actions(may_keep: bool, is_spent: bool, is_published: bool, url: impl Fn(&'static str) -> String) -> Vec<RowAction> {
    let action = |label, pattern| RowAction { label, url: url(pattern), is_destructive: false, copies: false };
    let destroy = |label, pattern| RowAction { is_destructive: true, ..action(label, pattern) };
    let view = action("View details", address::KEY);
    let mut actions = match (may_keep, is_spent) {
        (false, _) => vec![view],
        (true, false) => vec![action("Edit", address::EDIT), destroy("Revoke", address::REVOCATION)],
        (true, true) => vec![view, destroy("Delete", address::DELETION)],
    };
    if is_published {
        // Without a script it leads to where the key stands.
        actions.insert(1, RowAction { copies: true, ..action("Copy key", address::KEY) });
    }
    actions
}

/// A column's heading.
pub struct Column {
    /// The word of its sort, also part of the element's id.
    pub id: &'static str,
    /// Its text.
    pub label: &'static str,
    /// Sorts by it; none: it does not sort.
    pub url: Option<String>,
    /// `ascending`, `descending`, or nothing.
    pub aria_sort: &'static str,
}

/// What there is to tell of keys that not every team has.
#[derive(Clone, Copy)]
pub struct Told {
    /// There are several kinds of keys.
    pub kinds: bool,
    /// The team files keys under projects.
    pub projects: bool,
    /// A key of the team was used.
    pub uses: bool,
}

/// The headings of the table.
pub fn columns(place: &Place, told: Told) -> Vec<Column> {
    let sorting = |id, label, sort: Sort| Column {
        id,
        label,
        url: Some(format!("{}{}", address::LIST, place.query.with_sort(sort))),
        aria_sort: match place.query.direction() {
            _ if place.query.sort() != sort => "",
            Direction::Asc => "ascending",
            Direction::Desc => "descending",
        },
    };
    let columns = [
        Some(sorting("name", "Name", Sort::Name)),
        Some(sorting("status", "Status", Sort::Status)),
        Some(sorting("key", "Key", Sort::Key)),
        told.kinds.then(|| sorting("kind", "Kind", Sort::Kind)),
        told.projects.then(|| sorting("project", "Project", Sort::Project)),
        Some(Column { id: "permissions", label: "Permissions", url: None, aria_sort: "" }),
        told.uses.then(|| sorting("used", "Last used", Sort::LastUsed)),
        Some(sorting("created", "Created", Sort::Created)),
        Some(sorting("expiration", "Expiration", Sort::Expiration)),
    ];
    columns.into_iter().flatten().collect()
}

/// A status tab.
pub struct Tab {
    /// `all`, `active`, …
    pub id: &'static str,
    /// `All`
    pub label: &'static str,
    /// `6`, `10,000+`
    pub count: String,
    /// Shows only those.
    pub url: String,
    /// Whether it is the one shown.
    pub is_current: bool,
}

/// The tabs with their counts.
pub fn tabs(counts: &Counts, place: &Place) -> Vec<Tab> {
    let tab = |status: Option<Status>, count: Count| Tab {
        id: status.map_or("all", Status::word),
        label: status.map_or("All", Status::label),
        count: shown_count(count),
        url: format!("{}{}", address::LIST, place.query.with_status(status)),
        is_current: place.query.status() == status,
    };
    let mut tabs = vec![tab(None, counts.all())];
    tabs.extend(Status::ALL.map(|status| tab(Some(status), counts.of(status))));
    tabs
}

/// `1,204`; `10,000+`
pub fn shown_count(count: Count) -> String {
    let shown = grouped(count.counted);
    if count.is_capped { shown + "+" } else { shown }
}

/// `1,204`
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// The count of what the list shows: the tab's, or all.
pub fn count_in_view(counts: &Counts, place: &Place) -> Count {
    place.query.status().map_or(counts.all(), |status| counts.of(status))
}

/// `6 keys`; `2 keys match “sync”`
pub fn count_text(counts: &Counts, place: &Place) -> String {
    let count = count_in_view(counts, place);
    let one = count.counted == 1;
    let adjective = place.query.status().map(|status| format!("{} ", status.word())).unwrap_or_default();
    let keys = format!("{} {adjective}{}", shown_count(count), if one { "key" } else { "keys" });
    match place.query.search() {
        Some(search) => format!("{keys} {} “{}”", if one { "matches" } else { "match" }, search.typed().trim()),
        None => keys,
    }
}

/// Why there is no row to show.
pub enum Empty {
    /// The team has no key, and the viewer may make one.
    NoKeys {
        /// Asks for one.
        new_url: String,
        /// Tells how it is used.
        docs_url: &'static str,
    },
    /// The team has no key, and the viewer may not make one.
    NoKeysYet {
        /// Tells what they are for.
        docs_url: &'static str,
    },
    /// Search or tab left nothing.
    NothingFound {
        /// What was searched.
        title: String,
        /// What the tab hides.
        hidden: Option<Link>,
        /// The way back.
        clear: Link,
    },
}

/// Why nothing is shown, if nothing is.
pub fn empty(counts: &Counts, may_keep: bool, place: &Place) -> Option<Empty> {
    if count_in_view(counts, place).counted > 0 {
        return None;
    }
    let (search, status, project) = (place.query.search(), place.query.status(), place.query.project());
    let docs_url = docs::ADDRESS;
    let within = match project {
        None => "",
        Some(ProjectFilter::Unfiled) => " without a project",
        Some(ProjectFilter::Of(_)) => " in this project",
    };
    let title = match (search, status) {
        (None, None) if project.is_some() => format!("No keys{within}"),
        (None, None) if may_keep => return Some(Empty::NoKeys { new_url: place.here(address::NEW), docs_url }),
        (None, None) => return Some(Empty::NoKeysYet { docs_url }),
        (None, Some(status)) => format!("No {} keys{within}", status.word()),
        (Some(search), None) => format!("No key{within} matches “{}”", search.typed().trim()),
        (Some(search), Some(status)) => {
            format!("No {} key{within} matches “{}”", status.word(), search.typed().trim())
        }
    };
    let others = counts.all();
    let hidden = status.filter(|_| others.counted > 0).map(|status| Link {
        label: hidden_text(others, status),
        url: format!("{}{}", address::LIST, place.query.with_status(None)),
    });
    let (label, query) = match (search, project) {
        (Some(_), _) => ("Clear the search", place.query.without_search()),
        (None, Some(_)) => ("Show all projects", place.query.without_project()),
        (None, None) => ("Show all keys", String::new()),
    };
    let clear = Link { label: label.into(), url: format!("{}{query}", address::LIST) };
    Some(Empty::NothingFound { title, hidden, clear })
}

fn hidden_text(others: Count, shown: Status) -> String {
    let kind = if shown == Status::Active { "inactive " } else { "other " };
    let keys = if others.counted == 1 { "key" } else { "keys" };
    format!("{} {kind}{keys} hidden", shown_count(others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_capped() {
        let shown = |counted, is_capped| shown_count(Count { counted, is_capped });
        assert_eq!(
            [shown(0, false), shown(999, false), shown(1_204, false), shown(10_000, true)],
            ["0", "999", "1,204", "10,000+"]
        );
    }
}
