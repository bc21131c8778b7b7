//! Counts by case and figure: read from the benches, kept in the baselines.

use serde_json::Value;
use std::collections::BTreeMap;

/// What was counted: for each case its figures by name (`instructions`, `allocations`, `bytes`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, BTreeMap<String, u64>>);

/// Text that holds no counts.
#[derive(Debug)]
pub struct Unreadable(String);

impl Counts {
    /// Reads a baseline, as [`to_json`](Counts::to_json) writes it.
    ///
    /// # Errors
    /// The text is something else.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        serde_json::from_str(text).map(Self).map_err(|error| Unreadable(error.to_string()))
    }

    /// The counts as a baseline that people can read and compare.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text and numbers into memory: nothing here can fail.
        serde_json::to_string_pretty(&self.0).unwrap_or_default() + "\n"
    }

    /// Adds what gungraun says with `--output-format=json`: one object per case and line.
    ///
    /// # Errors
    /// A line that is none, or a case without an instruction count.
    pub fn add_gungraun(&mut self, lines: &str) -> Result<(), Unreadable> {
        const INSTRUCTIONS: &str = "/profiles/0/data/total/metrics/Ir/values/new";
        self.add(lines, "/function_name", &[("instructions", INSTRUCTIONS)])
    }

    /// Adds what the bench of allocations says: one object per case and line.
    ///
    /// # Errors
    /// A line that is none, or a case without its counts.
    pub fn add_allocations(&mut self, lines: &str) -> Result<(), Unreadable> {
        self.add(lines, "/case", &[("allocations", "/allocations"), ("bytes", "/bytes")])
    }

    fn add(&mut self, lines: &str, case: &str, figures: &[(&str, &str)]) -> Result<(), Unreadable> {
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let unreadable = || Unreadable(format!("no counts in `{line:.120}`"));
            let said: Value = serde_json::from_str(line).map_err(|_| unreadable())?;
            let case = said.pointer(case).and_then(Value::as_str).ok_or_else(unreadable)?;
            for (figure, place) in figures {
                let count = said.pointer(place).and_then(Value::as_u64).ok_or_else(unreadable)?;
                self.0.entry(case.to_owned()).or_default().insert((*figure).to_owned(), count);
            }
        }
        Ok(())
    }

    /// One figure of one case.
    #[must_use]
    pub fn get(&self, case: &str, figure: &str) -> Option<u64> {
        self.0.get(case)?.get(figure).copied()
    }

    /// All figures with their cases, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.0.iter().flat_map(|(case, figures)| {
            figures.iter().map(move |(figure, count)| (case.as_str(), figure.as_str(), *count))
        })
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_benches_say_survives_as_a_baseline() {
        let mut counts = Counts::default();
        counts
            .add_gungraun(
                r#"{"function_name":"a","profiles":[{"data":{"total":{"metrics":{"Ir":{"values":{"new":7,"old":9}}}}}}]}"#,
            )
            .unwrap();
        counts.add_allocations("{\"case\":\"b\",\"allocations\":2,\"bytes\":30}\n\n").unwrap();
        assert_eq!(
            counts.iter().collect::<Vec<_>>(),
            [("a", "instructions", 7), ("b", "allocations", 2), ("b", "bytes", 30)]
        );
        assert_eq!(Counts::from_json(&counts.to_json()).unwrap(), counts);
    }

    #[test]
    fn a_line_without_counts_is_refused() {
        for line in ["error: no valgrind", "{}", r#"{"case":"b","allocations":2}"#] {
            assert!(Counts::default().add_allocations(line).is_err(), "{line}");
            assert!(Counts::default().add_gungraun(line).is_err(), "{line}");
        }
    }
}
