//! All scenarios in one run, and what is written about them.

use crate::{
    Result, Size, html,
    plot::Plot,
    scenarios::{
        availability::Availability, brownout::Brownout, hedging::Hedging, retry_storm::RetryStorm,
        slow_host::SlowHost,
    },
};
use serde::Serialize;

/// What became of every scenario.
#[derive(Debug, Serialize)]
pub struct Report {
    /// A service that comes back to a crowd.
    pub retry_storm: RetryStorm,
    /// One host of ten that is slow.
    pub slow_host: SlowHost,
    /// A service with a long tail.
    pub hedging: Hedging,
    /// A worker with three times the load that it can take.
    pub brownout: Brownout,
    /// Pages whose dependencies fail now and then.
    pub availability: Availability,
}

/// One scenario as the page shows it.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// What was simulated.
    pub(crate) what: String,
    /// What to see.
    pub(crate) see: String,
    pub(crate) plot: Plot,
    pub(crate) tables: Vec<Table>,
}

/// Figures; the first column is their name.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N], rows: Vec<Vec<String>>) -> Self {
        Self { head: head.map(str::to_owned).into(), rows }
    }
}

impl Report {
    /// Runs every scenario.
    ///
    /// # Errors
    /// When a scenario cannot be set up.
    pub fn of(size: Size) -> Result<Self> {
        Ok(Self {
            retry_storm: RetryStorm::of(size)?,
            slow_host: SlowHost::of(size)?,
            hedging: Hedging::of(size)?,
            brownout: Brownout::of(size),
            availability: Availability::of(size)?,
        })
    }

    /// All figures, the same to the byte in every run.
    ///
    /// # Errors
    /// Never, as long as figures are numbers and words.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The page, which needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        html::render(&self.sections())
    }

    /// The tables as text.
    #[must_use]
    pub fn summary(&self) -> String {
        self.sections().iter().map(text).collect()
    }

    fn sections(&self) -> [Section; 5] {
        [
            self.retry_storm.section(),
            self.slow_host.section(),
            self.hedging.section(),
            self.brownout.section(),
            self.availability.section(),
        ]
    }
}

fn text(section: &Section) -> String {
    let rows =
        section.tables.iter().flat_map(|table| table.rows.iter().map(|row| line(table, row)));
    format!("{}\n{}", section.title, rows.collect::<String>())
}

fn line(table: &Table, row: &[String]) -> String {
    let cells = table.head.iter().zip(row).map(|(head, cell)| format!("{head} {cell}"));
    format!("  {}\n", cells.collect::<Vec<_>>().join(", ").trim_start())
}
