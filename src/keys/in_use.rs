//! How much a key is used, in words and as a chart: in its details and before it is revoked.

use super::key::ApiKey;
use super::place::Place;
use super::shown::{Time, grouped};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::gate::verdict::Code;
use crate::site::Site;
use crate::usage::history::{Bar, CHART_HEIGHT, DAY_WIDTH, DAYS, Day, History};
use crate::usage::outcome::label;
use crate::usage::used::{Count, LastUse, Recent};
use crate::usage::{self, DAYS_KEPT};

/// What is known of a key's use.
pub struct Known {
    recent: Recent,
    counts: Vec<Count>,
}

/// Reads it.
pub async fn known(site: &Site, key: &ApiKey, now: Moment) -> Result<Known, Fault> {
    let (id, since) = (key.id.clone(), now.plus_seconds(-DAYS_KEPT * 86_400));
    let read = site.store.read(move |db| {
        let mut counts = usage::counts_since(db, &[id.as_str()], since)?;
        Ok(Known { recent: usage::recent(db, &id, now)?, counts: counts.remove(id.as_str()).unwrap_or_default() })
    });
    read.await
}

impl Known {
    /// The key's use lately, in a sentence.
    pub fn lately(&self, key: &ApiKey, place: &Place) -> Lately {
        Lately::of(key, self.recent, place)
    }
}

/// A key's use lately, in a sentence.
pub struct Lately {
    /// `In use: 14,210 requests in 24 hours from 3 addresses, the latest`, or all of the sentence.
    pub said: String,
    /// `12 s ago`, at its end.
    pub last: Option<Time>,
    /// Whether there was any in the last 24 hours.
    pub is_used: bool,
}

impl Lately {
    /// What there is to say of a key.
    fn of(key: &ApiKey, recent: Recent, place: &Place) -> Lately {
        let Some(last) = &key.last_use else {
            return Lately { said: "It was never used".into(), last: None, is_used: false };
        };
        let requests = said(recent);
        let is_used = requests.is_some();
        let said = match requests {
            Some(requests) => format!("In use: {requests}, the latest"),
            None if last.at.seconds_since(place.now).abs() < 7 * 86_400 => {
                "Not used in the last 24 hours. The last use was".into()
            }
            None => "Not used in the last 24 hours. The last use was on".into(),
        };
        Lately { said, last: Some(Time::last_use(last, place)), is_used }
    }
}

/// `14,210 requests in 24 hours from 3 addresses`
fn said(Recent { requests, addresses }: Recent) -> Option<String> {
    let requests = match requests {
        0 => return None,
        1 => "1 request in 24 hours".to_owned(),
        more => format!("{} requests in 24 hours", shown(more)),
    };
    Some(match addresses {
        0 => requests,
        1 => format!("{requests} from 1 address"),
        Recent::MOST_ADDRESSES.. => format!("{requests} from {}+ addresses", Recent::MOST_ADDRESSES),
        few => format!("{requests} from {few} addresses"),
    })
}

/// `14,210`
fn shown(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A key's use, for its details.
pub struct InUse {
    /// The last; none: never.
    pub last: Option<Time>,
    /// ` from 203.0.113.7 by curl/8.5.0`
    pub by: String,
    /// `14,210 requests in 24 hours from 3 addresses`, if there were any.
    pub recent: Option<String>,
    /// None where there is nothing to draw.
    pub chart: Option<Chart>,
}

/// 90 days as bars, and the same as a table.
pub struct Chart {
    /// `0 0 540 96`
    pub view: String,
    /// What is drawn, in a sentence.
    pub label: String,
    /// What is seen of each day with any use.
    pub bars: Vec<ShownBar>,
    /// The first day.
    pub first: String,
    /// `at most 14,210 a day`
    pub most: String,
    /// Of each outcome that there was, how often.
    pub totals: Vec<Total>,
    /// The days with any use, the latest first.
    pub rows: Vec<Row>,
}

/// A day's bar, in the units of the drawing.
pub struct ShownBar {
    /// Where it begins.
    pub x: u64,
    /// `21 Nov 2026: 1,204 accepted, 3 refused`
    pub title: String,
    /// Top and height of what was accepted; none: nothing.
    pub accepted: Option<(u64, u64)>,
    /// Top and height of what was refused, on the other; none: nothing.
    pub refused: Option<(u64, u64)>,
}

/// How many requests ended so.
pub struct Total {
    /// `Accepted`
    pub label: &'static str,
    /// `120,332`
    pub count: String,
    /// `accepted` or `refused`
    pub tone: &'static str,
}

/// A day with use, in the table.
pub struct Row {
    /// `21 Nov 2026`
    pub day: String,
    /// A number for each of [`Chart::totals`].
    pub counts: Vec<String>,
}

impl InUse {
    /// The use of a key.
    pub fn of(key: &ApiKey, known: &Known, place: &Place) -> InUse {
        let history = History::of(&known.counts, place.now, place.zone);
        let told = |last: &LastUse| {
            let address = last.address.map(|address| format!(" from {address}")).unwrap_or_default();
            let client = last.client.as_ref().map(|client| format!(" by {client}")).unwrap_or_default();
            address + &client
        };
        InUse {
            last: key.last_use.as_ref().map(|last| Time::last_use(last, place)),
            by: key.last_use.as_ref().map(told).unwrap_or_default(),
            recent: said(known.recent),
            chart: (!history.is_empty()).then(|| Chart::of(&history)),
        }
    }
}

impl Chart {
    fn of(history: &History) -> Chart {
        let outcomes: Vec<Code> = history.ended.keys().copied().collect();
        let most = shown(history.most());
        let total = |(outcome, count): (&Code, &u64)| Total {
            label: label(*outcome),
            count: shown(*count),
            tone: if *outcome == Code::Valid { "accepted" } else { "refused" },
        };
        let row = |day: &Day| Row {
            day: said_day(day),
            counts: outcomes.iter().map(|outcome| shown(day.ended.get(outcome).copied().unwrap_or(0))).collect(),
        };
        let used = || history.days.iter().filter(|day| day.total() > 0);
        let bars = history.bars().into_iter().zip(&history.days).filter(|(_, day)| day.total() > 0);
        Chart {
            view: format!("0 0 {} {CHART_HEIGHT}", DAYS * DAY_WIDTH),
            label: format!(
                "Requests on each of the last {DAYS} days, at most {most} a day. The table has them as numbers."
            ),
            bars: bars.map(|(bar, day)| ShownBar::of(bar, day)).collect(),
            first: history.days.first().map(said_day).unwrap_or_default(),
            most: format!("at most {most} a day"),
            totals: history.ended.iter().map(total).collect(),
            rows: used().rev().map(row).collect(),
        }
    }
}

fn said_day(day: &Day) -> String {
    day.date.format("%-d %b %Y").to_string()
}

impl ShownBar {
    fn of(bar: Bar, day: &Day) -> ShownBar {
        let refused = match day.refused() {
            0 => String::new(),
            some => format!(", {} refused", shown(some)),
        };
        let part = |below: u64, height: u64| (height > 0).then(|| (CHART_HEIGHT - below - height, height));
        ShownBar {
            x: bar.x,
            title: format!("{}: {} accepted{refused}", said_day(day), shown(day.accepted())),
            accepted: part(0, bar.accepted),
            refused: part(bar.accepted, bar.refused),
        }
    }
}
