//! Two sets of counts side by side, and what is to be said about the difference.

use crate::Counts;
use std::fmt;

/// How much a count may grow before it fails the check, in percent. Counts repeat within one
/// percent; what is left is hash seeds and timers.
pub const TOLERANCE_PERCENT: u64 = 5;

/// Counts now against a baseline.
#[derive(Debug)]
pub struct Comparison {
    rows: Vec<Row>,
}

/// One figure of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The case.
    pub case: String,
    /// What is counted.
    pub figure: String,
    /// The committed count; `None` for a new case.
    pub baseline: Option<u64>,
    /// The count now; `None` for a case that is gone.
    pub now: Option<u64>,
}

/// What the check says about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within the tolerance.
    Same,
    /// Lower by more than the tolerance: worth a new baseline, so that it stays so.
    Better,
    /// Higher by more than the tolerance. Fails.
    Worse,
    /// Only one side has it: the baselines are not those of these benches. Fails.
    Unpaired,
}

impl Comparison {
    /// Pairs every figure of both sides.
    #[must_use]
    pub fn of(baseline: &Counts, now: &Counts) -> Self {
        let row = |case: &str, figure: &str| Row {
            case: case.to_owned(),
            figure: figure.to_owned(),
            baseline: baseline.get(case, figure),
            now: now.get(case, figure),
        };
        let gone = baseline.iter().filter(|(case, figure, _)| now.get(case, figure).is_none());
        Self { rows: now.iter().chain(gone).map(|(case, figure, _)| row(case, figure)).collect() }
    }

    /// Whether the check fails.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.verdict(), Verdict::Worse | Verdict::Unpaired))
    }

    /// Whether a new baseline would be a lower one.
    #[must_use]
    pub fn has_better(&self) -> bool {
        self.rows.iter().any(|row| row.verdict() == Verdict::Better)
    }
}

impl Row {
    /// What is to be said about it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let (Some(baseline), Some(now)) = (self.baseline, self.now) else {
            return Verdict::Unpaired;
        };
        if now * 100 > baseline * (100 + TOLERANCE_PERCENT) {
            Verdict::Worse
        } else if now * 100 < baseline * (100 - TOLERANCE_PERCENT) {
            Verdict::Better
        } else {
            Verdict::Same
        }
    }

    fn change(&self) -> String {
        match (self.baseline, self.now) {
            (Some(baseline @ 1..), Some(now)) => {
                format!("{:+.1} %", (now as f64 / baseline as f64 - 1.0) * 100.0)
            }
            (None, _) => "new".to_owned(),
            (_, None) => "gone".to_owned(),
            (Some(0), Some(_)) => String::new(),
        }
    }
}

/// The table of the check.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:24}{:14}{:>12}{:>12}{:>10}", "case", "figure", "baseline", "now", "change")?;
        let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |n| n.to_string());
        for row in &self.rows {
            let word = match row.verdict() {
                Verdict::Same => "",
                Verdict::Better => "  better",
                Verdict::Worse => "  WORSE",
                Verdict::Unpaired => "  UNPAIRED",
            };
            writeln!(
                f,
                "{:24}{:14}{:>12}{:>12}{:>10}{word}",
                row.case,
                row.figure,
                count(row.baseline),
                count(row.now),
                row.change()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(allocations: u64) -> Counts {
        let mut counts = Counts::default();
        let line = format!(r#"{{"case":"home","allocations":{allocations},"bytes":1000}}"#);
        counts.add_allocations(&line).unwrap();
        counts
    }

    #[test]
    fn only_growth_beyond_the_tolerance_fails() {
        for (baseline, now, verdict, fails) in [
            (100, 100, Verdict::Same, false),
            (100, 105, Verdict::Same, false),
            (100, 106, Verdict::Worse, true),
            (100, 95, Verdict::Same, false),
            (100, 94, Verdict::Better, false),
            (0, 0, Verdict::Same, false),
            (0, 1, Verdict::Worse, true),
        ] {
            let comparison = Comparison::of(&counts(baseline), &counts(now));
            assert_eq!(comparison.rows[0].verdict(), verdict, "{baseline} -> {now}");
            assert_eq!(comparison.fails(), fails, "{baseline} -> {now}");
        }
    }

    #[test]
    fn a_case_on_one_side_only_fails() {
        assert!(Comparison::of(&Counts::default(), &counts(1)).fails());
        assert!(Comparison::of(&counts(1), &Counts::default()).fails());
    }

    #[test]
    fn the_table_says_what_grew() {
        let table = Comparison::of(&counts(100), &counts(110)).to_string();
        let line = table.lines().find(|line| line.contains("allocations")).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words, ["home", "allocations", "100", "110", "+10.0", "%", "WORSE"]);
    }
}
