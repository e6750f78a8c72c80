//! How much the demo's keys were used: believable, and the same at each start.

use std::net::IpAddr;

use crate::clock::Moment;
use crate::fault::Fault;
use crate::gate::verdict::Code;
use crate::keys::key::KeyId;
use crate::store::Db;
use crate::usage;
use crate::usage::key_use::KeyUse;
use crate::usage::used::{Count, HOUR_S, LastUse, a_day_before, hour_of};

const DAY_HOURS: i64 = 24;

/// Writes the use of the six keys, which come in the order of their making.
pub fn write(db: &mut Db, keys: &[KeyId], now: Moment) -> Result<(), Fault> {
    let uses = [old_hook(now), migration(now), widget(now), payroll(now), sync(now), KeyUse::default()];
    let noted: Vec<(KeyId, KeyUse)> = keys.iter().cloned().zip(uses).collect();
    usage::add(db, &noted, now)
}

/// Revoked long ago, and somebody has not noticed for a while.
fn old_hook(now: Moment) -> KeyUse {
    let knock = |day: i64| {
        let uses = 2 + scattered(day, 5) * (day - 38) / 52;
        count(now, day * DAY_HOURS + 7, Code::Revoked, uses)
    };
    used(now, 194 * DAY_HOURS * HOUR_S, &[address(41)], "Zapier", (38..90).map(knock))
}

/// Used until it expired.
fn migration(now: Moment) -> KeyUse {
    used(now, 145 * DAY_HOURS * HOUR_S, &[address(12)], "migrate.py (python-requests/2.32)", std::iter::empty())
}

/// On a web site, by day more than by night.
fn widget(now: Moment) -> KeyUse {
    let visits = |hours: i64| {
        let at = now.plus_seconds(-hours * HOUR_S).unix();
        let (hour, weekday) = (at / HOUR_S % DAY_HOURS, (at / HOUR_S / DAY_HOURS + 4) % 7);
        let by_hour = 20 + 16 * (12 - (hour - 13).abs());
        let (day, is_weekend) = (hours / DAY_HOURS, weekday == 0 || weekday == 6);
        // Ever more of them, and fewer at weekends.
        let busy = (if is_weekend { 40 } else { 100 }) - day / 3 - scattered(day, 17);
        count(now, hours, Code::Valid, (by_hour + scattered(hours, 60)) * busy / 100)
    };
    let visitors: Vec<IpAddr> = (1..=100).map(address).collect();
    used(now, 70, &visitors, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/145.0", (0..90 * DAY_HOURS).map(visits))
}

/// Each night, once it was set up right.
fn payroll(now: Moment) -> KeyUse {
    const AGO_S: i64 = 3 * HOUR_S + 300;
    let run = |day: i64| {
        let hour = hour_of(now.plus_seconds(-AGO_S - day * DAY_HOURS * HOUR_S));
        let (outcome, uses) =
            if day > 61 { (Code::InsufficientPermissions, 9) } else { (Code::Valid, 58 + scattered(day, 9)) };
        Count { hour, outcome, uses: u64::try_from(uses).unwrap_or(0) }
    };
    used(now, AGO_S, &[address(77)], "payroll-export/3.2", (0..64).map(run))
}

/// All day long from three machines: 14,210 requests in the hours that count as the last 24.
fn sync(now: Moment) -> KeyUse {
    const LATELY: i64 = 14_210;
    let hours = now.seconds_since(a_day_before(now)) / HOUR_S + 1;
    let each = LATELY / hours;
    let requests = |ago: i64| {
        // What one hour has more than the others, the one on the other side of the middle has less.
        let more = match (2 * ago + 1).cmp(&hours) {
            _ if ago >= hours => scattered(ago, 81) - 40,
            std::cmp::Ordering::Less => scattered(ago, 41),
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => -scattered(hours - 1 - ago, 41),
        };
        let rest = if ago == 0 { LATELY - each * hours } else { 0 };
        count(now, ago, Code::Valid, each + more + rest)
    };
    let refused =
        |day: i64| count(now, day * DAY_HOURS + 2, Code::InsufficientPermissions, 3 + scattered(day, 400) / 3);
    let machines = [address(8), address(9), address(10)];
    used(now, 12, &machines, "hr-sync/1.14 (okhttp/5.1)", (0..18 * DAY_HOURS).map(requests).chain((5..8).map(refused)))
}

fn used(now: Moment, ago_s: i64, from: &[IpAddr], client: &str, counts: impl Iterator<Item = Count>) -> KeyUse {
    let at = now.plus_seconds(-ago_s);
    KeyUse {
        counts: counts.collect(),
        last: Some(LastUse { at, address: from.first().copied(), client: Some(client.to_owned()) }),
        addresses: from.iter().map(|address| (*address, at)).collect(),
    }
}

fn count(now: Moment, hours_ago: i64, outcome: Code, uses: i64) -> Count {
    let hour = hour_of(now.plus_seconds(-hours_ago * HOUR_S));
    Count { hour, outcome, uses: u64::try_from(uses).unwrap_or(0) }
}

/// One of the addresses that are nobody's (RFC 5737).
fn address(n: u8) -> IpAddr {
    IpAddr::from([203, 0, 113, n])
}

/// From 0 to below `end`, as if by chance.
fn scattered(n: i64, end: i64) -> i64 {
    (n.wrapping_mul(2_654_435_761) >> 7).rem_euclid(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sync_has_what_the_pictures_say_at_any_minute_of_an_hour() {
        for unix in [1_795_262_400, 1_795_262_401, 1_795_265_999] {
            let now = Moment::from_unix(unix).expect("in range");
            let lately = sync(now).counts.into_iter().filter(|count| count.hour >= a_day_before(now));
            assert_eq!(lately.map(|count| count.uses).sum::<u64>(), 14_210);
        }
    }
}
