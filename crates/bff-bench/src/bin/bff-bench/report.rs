//! What a run found: every round as it was measured, and what the rounds amount to.

use bff_bench::figures::median;
use serde::{Deserialize, Serialize};

/// A whole run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) slopes: Option<Slopes>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    pub(crate) node: String,
    pub(crate) commit: String,
    pub(crate) date: String,
    pub(crate) load_before: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) connections: usize,
    pub(crate) rate: f64,
    /// Which cores do what.
    pub(crate) pins: String,
}

/// One question and its answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) rows: Vec<Row>,
}

/// One contender in one scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) rounds: Vec<Round>,
    /// The medians of the rounds.
    pub(crate) median: Round,
    pub(crate) memory: Option<Memory>,
    /// From the start of the process to its first page, in milliseconds.
    pub(crate) cold_start_ms: Option<f64>,
}

impl Row {
    pub(crate) fn new(id: &str, name: &str, rounds: Vec<Round>) -> Self {
        let median = Round::median(&rounds);
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            rounds,
            median,
            memory: None,
            cold_start_ms: None,
        }
    }
}

/// Resident memory of the process, in megabytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) idle_mb: f64,
    pub(crate) loaded_mb: f64,
}

/// A stretch of load on one process.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Round {
    /// CPU time of the process per page, user and system, in microseconds.
    pub(crate) cpu_us: f64,
    pub(crate) pages_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    /// Answers that were not 200, and requests that could not be sent on time.
    pub(crate) failed: f64,
    /// The share of the time for which the process had a processor, in percent of one.
    pub(crate) busy_percent: f64,
}

impl Round {
    fn median(rounds: &[Self]) -> Self {
        let of = |get: fn(&Self) -> f64| median(&rounds.iter().map(get).collect::<Vec<_>>());
        Self {
            cpu_us: of(|round| round.cpu_us),
            pages_per_second: of(|round| round.pages_per_second),
            p50_ms: of(|round| round.p50_ms),
            p90_ms: of(|round| round.p90_ms),
            p99_ms: of(|round| round.p99_ms),
            failed: rounds.iter().map(|round| round.failed).sum(),
            busy_percent: of(|round| round.busy_percent),
        }
    }
}

/// What pages of 1 to 16 calls over 1 to 64 KB cost, as a straight line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Slopes {
    pub(crate) page_us: f64,
    pub(crate) dependency_us: f64,
    pub(crate) kilobyte_us: f64,
    /// How far the largest page is from the line through all pages, in percent of the line.
    pub(crate) largest_off_percent: f64,
}

impl Report {
    pub(crate) fn scenario(&self, id: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }
}

impl Scenario {
    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }
}
