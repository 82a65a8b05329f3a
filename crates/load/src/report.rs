//! What a run came to: one object for programs, one table for people.
//!
//! Every number's unit is in its name. The JSON of [`Report`] is documented in the crate's docs.

use std::{collections::BTreeMap, fmt};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{
    check::{Kind, Violation},
    run::readiness::Outage,
};

/// Violations that are told one by one.
const TOLD: usize = 20;

/// Everything that was measured and checked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The way in.
    pub logins: Logins,
    /// Messages.
    pub messages: Messages,
    /// From due to acknowledged.
    pub send_to_acknowledged_ms: Latency,
    /// From due to received.
    pub send_to_received_ms: Latency,
    /// Connections that were lost and made again.
    pub links: Links,
    /// What servers used, if process ids were given.
    pub server: Option<Server>,
    /// What the checker found, unless it was left out.
    pub check: Option<Checked>,
}

/// Connections at the beginning.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logins {
    /// All connections.
    pub count: u64,
    /// Of these real SDK engines.
    pub engines: u64,
    /// From the first attempt until all were ready.
    pub seconds: f64,
    /// Their ratio.
    pub per_second: f64,
}

/// What was sent and received.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// Due, or written in the closed loop.
    pub scheduled: u64,
    /// Acknowledged by a server.
    pub acknowledged: u64,
    /// Received by an app, each once.
    pub delivered: u64,
    /// Neither acknowledged nor refused when the run ended.
    pub unanswered: u64,
    /// Refused, by code; an SDK's own codes included.
    pub refused: BTreeMap<u32, u64>,
    /// Pushes and changes that told a message again; harmless.
    pub repeats: u64,
    /// From the first message to the last acknowledgement or reception.
    pub seconds: f64,
    /// Acknowledged until the last acknowledgement.
    pub acknowledged_per_second: f64,
    /// Received until the last reception.
    pub delivered_per_second: f64,
}

/// A latency, in milliseconds; all 0 when nothing was measured.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// The median.
    pub p50: f64,
    /// Of ten, nine are faster.
    pub p90: f64,
    /// Of a hundred, ninety-nine.
    pub p99: f64,
    /// Of a thousand, all but one.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
}

/// What became of connections.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Links {
    /// Links made after the first one.
    pub reconnects: u64,
    /// Attempts that failed.
    pub failed_connects: u64,
    /// Instances that were kicked out.
    pub kicked: u64,
    /// Connections a server closed, by close code.
    pub closed: BTreeMap<u16, u64>,
    /// Times in which not all connections were ready, the first hundred.
    pub outages: Vec<Outage>,
}

/// What server processes used.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// CPU time from the first message until all was settled.
    pub cpu_seconds: f64,
    /// Of this for each acknowledged message.
    pub cpu_us_per_message: f64,
    /// Of this for each delivery.
    pub cpu_us_per_delivery: f64,
    /// Memory before the first login.
    pub memory_before_kb: f64,
    /// Memory when all were ready.
    pub memory_ready_kb: f64,
    /// Memory at the end.
    pub memory_end_kb: f64,
    /// What each connection added until all were ready.
    pub memory_per_connection_kb: f64,
}

/// What the checker looked at and found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Logs that were read, each twice.
    pub conversations: u64,
    /// Messages in them.
    pub messages: u64,
    /// All violations.
    pub violations: u64,
    /// How many of each kind.
    pub by_kind: BTreeMap<Kind, u64>,
    /// The first twenty.
    pub first: Vec<Violation>,
}

impl Checked {
    pub(crate) fn of(conversations: u64, messages: u64, mut found: Vec<Violation>) -> Self {
        let mut by_kind = BTreeMap::new();
        for violation in &found {
            *by_kind.entry(violation.kind).or_default() += 1;
        }
        let violations = found.len() as u64;
        found.truncate(TOLD);
        Self { conversations, messages, violations, by_kind, first: found }
    }
}

impl Latency {
    /// Reads a histogram of microseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            count: histogram.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1e3,
        }
    }
}

impl Report {
    /// Whether the checker found nothing wrong, or was left out.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.check.as_ref().is_none_or(|it| it.violations == 0)
    }
}

/// Counts by code, for people.
fn codes<K: fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    let each = counts.iter().map(|(code, count)| format!("{count} × {code}"));
    if counts.is_empty() { "none".to_owned() } else { each.collect::<Vec<_>>().join(", ") }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { logins, messages, links, .. } = self;
        let mut row = |name: &str, value: String| writeln!(f, "{name:<28}{value}");
        let ready = format!(
            "{} ({} engines) in {:.1} s, {:.0} a second",
            logins.count, logins.engines, logins.seconds, logins.per_second
        );
        row("connections", ready)?;
        row("messages", format!("{} in {:.1} s", messages.scheduled, messages.seconds))?;
        let rate = |count, rate| format!("{count}, {rate:.1} a second");
        row("acknowledged", rate(messages.acknowledged, messages.acknowledged_per_second))?;
        row("delivered", rate(messages.delivered, messages.delivered_per_second))?;
        row("unanswered", messages.unanswered.to_string())?;
        row("refused", codes(&messages.refused))?;
        row("harmless repeats", messages.repeats.to_string())?;
        row("send to acknowledged", self.send_to_acknowledged_ms.to_string())?;
        row("send to received", self.send_to_received_ms.to_string())?;
        let lost = format!("{}, {} attempts failed", links.reconnects, links.failed_connects);
        row("reconnects", lost)?;
        row("closed by servers", codes(&links.closed))?;
        if links.kicked > 0 {
            row("kicked out", links.kicked.to_string())?;
        }
        for Outage { at_s, lasted_s, lost } in &links.outages {
            let lasted = lasted_s.map_or("not all came back".to_owned(), |it| {
                format!("all ready again after {it:.2} s")
            });
            row("outage", format!("at {at_s:.1} s, {lost} lost, {lasted}"))?;
        }
        if let Some(server) = &self.server {
            let cpu = format!(
                "{:.2} s, {:.1} µs a message, {:.1} µs a delivery",
                server.cpu_seconds, server.cpu_us_per_message, server.cpu_us_per_delivery
            );
            row("server CPU", cpu)?;
            let memory = format!(
                "{:.1} MB, {:.1} MB with all connections ({:.1} KB each), {:.1} MB at the end",
                server.memory_before_kb / 1e3,
                server.memory_ready_kb / 1e3,
                server.memory_per_connection_kb,
                server.memory_end_kb / 1e3
            );
            row("server memory", memory)?;
        }
        let Some(check) = &self.check else { return row("check", "left out".to_owned()) };
        let read = format!("{} messages in {} logs", check.messages, check.conversations);
        row("check", format!("{read}, {} violations", check.violations))?;
        for (kind, count) in &check.by_kind {
            row("", format!("{count} × {kind:?}"))?;
        }
        check.first.iter().try_for_each(|it| row("", it.to_string()))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p90, p99, p999, max, .. } = self;
        write!(f, "p50 {p50:.2}  p90 {p90:.2}  p99 {p99:.2}  p99.9 {p999:.2}  max {max:.2} ms")
    }
}
