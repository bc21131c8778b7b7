//! What an audit says: findings with their place and what to do, waived ones, and information.

use crate::Outcome;
use serde::Serialize;
use std::fmt;

/// What was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Fan-out that can abort a page, because it does not go through `gather`.
    FanOut,
    /// A route whose answer is no declared view.
    NoView,
    /// A cache key without a version, or made by hand.
    CacheKey,
    /// Words of business rules.
    BusinessLogic,
    /// A BFF that knows a BFF.
    BffToBff,
    /// Two BFFs with nearly the same view.
    Overlap,
    /// A mobile view with too many members.
    WideView,
    /// No promise about the size of an answer, or one that is not kept.
    PayloadBudget,
    /// A contract that the changelog does not name.
    Changelog,
    /// Contracts that nothing holds, or that a running BFF does not keep.
    Contract,
    /// A waiver that waives nothing, or gives no reason.
    Waiver,
}

impl Rule {
    const ALL: [Self; 11] = [
        Self::FanOut,
        Self::NoView,
        Self::CacheKey,
        Self::BusinessLogic,
        Self::BffToBff,
        Self::Overlap,
        Self::WideView,
        Self::PayloadBudget,
        Self::Changelog,
        Self::Contract,
        Self::Waiver,
    ];

    /// The name, as in waivers and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FanOut => "fan-out",
            Self::NoView => "no-view",
            Self::CacheKey => "cache-key",
            Self::BusinessLogic => "business-logic",
            Self::BffToBff => "bff-to-bff",
            Self::Overlap => "overlap",
            Self::WideView => "wide-view",
            Self::PayloadBudget => "payload-budget",
            Self::Changelog => "changelog",
            Self::Contract => "contract",
            Self::Waiver => "waiver",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked for.
    pub rule: Rule,
    /// The file below the root, with `/` between the parts; a URL for a running BFF.
    pub file: String,
    /// From 1; 0 where there are no lines.
    pub line: usize,
    /// What is there.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// A finding that its source says is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Why it may stay.
    pub reason: String,
}

/// Everything that an audit says.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// What has to be repaired or waived.
    pub findings: Vec<Finding>,
    /// What was waived.
    pub waived: Vec<Waived>,
    /// What is good to know and fails nothing.
    pub notes: Vec<String>,
}

impl Report {
    /// What the command says of it.
    #[must_use]
    pub fn outcome(&self, as_json: bool) -> Outcome {
        let text = if as_json { self.to_json() } else { self.to_string() };
        Outcome { text, is_good: self.findings.is_empty() }
    }

    /// The report for programs.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers always serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}: {}: {}", self.rule.name(), self.what, self.advice)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        for Waived { finding, reason } in &self.waived {
            let Finding { rule, file, line, what, .. } = finding;
            writeln!(f, "waived: {file}:{line}: {}: {what}: {reason}", rule.name())?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        let (found, waived) = (self.findings.len(), self.waived.len());
        writeln!(f, "audit: {found} findings, {waived} waived")
    }
}
