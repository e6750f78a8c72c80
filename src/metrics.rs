//! Figures for those who watch the process, in Prometheus' text format, at an address of their own (`--metrics-bind`):
//! they are nobody's business who only asks about a key.

use std::cell::Cell;
use std::time::Instant;

use actix_web::{HttpResponse, web};
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::fault::Fault;
use crate::gate::verdict::Code;
use crate::site::Site;

/// Where they are told.
pub const ADDRESS: &str = "/metrics";

/// Seconds: an index answers within microseconds, a database within milliseconds.
const BUCKETS: [f64; 12] = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 3.0];

/// Of so many verdicts of a thread one is timed: two looks at the clock cost as much as the look-up of a key.
const TIMED: u32 = 16;

thread_local! {
    static TURN: Cell<u32> = const { Cell::new(0) };
}

/// When a verdict began, if it is one that is timed.
#[derive(Clone, Copy, Debug)]
pub struct Begun(Option<Instant>);

/// What is counted while it happens, and what is looked up when somebody asks.
pub struct Metrics {
    registry: Registry,
    /// By [`Code`], in its order.
    verdicts: Vec<IntCounter>,
    seconds: Histogram,
    password_hashes: IntCounter,
    failed_sign_ins: IntCounterVec,
    keys: IntGauge,
    lease_age: Gauge,
    lease_holds: IntGauge,
    connections: IntGaugeVec,
}

impl Metrics {
    /// All at nought.
    pub fn new() -> Metrics {
        Metrics::registered(Registry::new()).expect("each name is valid and is registered once")
    }

    fn registered(registry: Registry) -> prometheus::Result<Metrics> {
        let by_code = IntCounterVec::new(Opts::new("keyrack_verdicts_total", "Verdicts of the gate."), &["code"])?;
        let seconds = "What a verdict takes, from the header to the word, without the network; of one in sixteen.";
        let metrics = Metrics {
            verdicts: Code::ALL.iter().map(|code| by_code.with_label_values(&[code.word()])).collect(),
            seconds: Histogram::with_opts(
                HistogramOpts::new("keyrack_verdict_seconds", seconds).buckets(BUCKETS.to_vec()),
            )?,
            password_hashes: IntCounter::new("keyrack_password_hashes_total", "Argon2id runs.")?,
            failed_sign_ins: IntCounterVec::new(
                Opts::new("keyrack_failed_sign_ins_total", "Sign-ins with a wrong password or e-mail address."),
                &["account"],
            )?,
            keys: IntGauge::new("keyrack_index_keys", "Keys in the index.")?,
            lease_age: Gauge::new("keyrack_lease_age_seconds", "Time since the lease was renewed; 0 without an end.")?,
            lease_holds: IntGauge::new("keyrack_lease_holds", "1 while keys are judged by the index.")?,
            connections: IntGaugeVec::new(
                Opts::new("keyrack_pool_connections", "Connections to the database."),
                &["pool", "state"],
            )?,
            registry,
        };
        let Metrics { registry, .. } = &metrics;
        registry.register(Box::new(by_code))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.password_hashes.clone()))?;
        registry.register(Box::new(metrics.failed_sign_ins.clone()))?;
        registry.register(Box::new(metrics.keys.clone()))?;
        registry.register(Box::new(metrics.lease_age.clone()))?;
        registry.register(Box::new(metrics.lease_holds.clone()))?;
        registry.register(Box::new(metrics.connections.clone()))?;
        Ok(metrics)
    }

    /// A verdict begins.
    pub fn begin(&self) -> Begun {
        // The turn goes on with the verdict: where none is given at once, the same request begins again.
        Begun(TURN.get().is_multiple_of(TIMED).then(Instant::now))
    }

    /// A verdict was given.
    pub fn count_verdict(&self, code: Code, begun: Begun) {
        self.verdicts[code as usize].inc();
        TURN.set(TURN.get().wrapping_add(1));
        if let Begun(Some(begun)) = begun {
            self.seconds.observe(begun.elapsed().as_secs_f64());
        }
    }

    /// A password was hashed.
    pub fn password_hashes(&self) -> IntCounter {
        self.password_hashes.clone()
    }

    /// A sign-in failed, to an account that exists or not.
    pub fn count_failed_sign_in(&self, is_account: bool) {
        self.failed_sign_ins.with_label_values(&[if is_account { "known" } else { "unknown" }]).inc();
    }

    fn look(&self, site: &Site) {
        let standing = site.gate.standing();
        self.keys.set(i64::try_from(standing.keys).unwrap_or(i64::MAX));
        self.lease_holds.set(i64::from(standing.lease_holds));
        self.lease_age.set(standing.lease_age.as_secs_f64());
        for (pool, idle, in_use) in site.store.connections() {
            self.connections.with_label_values(&[pool, "idle"]).set(idle.into());
            self.connections.with_label_values(&[pool, "in_use"]).set(in_use.into());
        }
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

/// Tells them.
pub async fn ask(site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    site.metrics.look(&site);
    let (encoder, mut text) = (TextEncoder::new(), Vec::new());
    encoder.encode(&site.metrics.registry.gather(), &mut text).map_err(Fault::broken)?;
    Ok(HttpResponse::Ok().content_type(encoder.format_type()).body(text))
}
