//! Every test that a page names exists, and every row of a table about tests names one.

use crate::workspace::{self, File};
use std::collections::HashSet;

/// As the last heading of a table whose rows each need a test.
const HEADING: &str = "test";

/// Names of tests are sentences: shorter ones, and those of metrics, are something else.
fn is_test(word: &str) -> bool {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    word.matches('_').count() >= 4 && word.chars().all(is_name) && !word.starts_with("bff_")
}

/// What stands between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn without_test(page: &File, functions: &HashSet<&str>) -> Vec<String> {
    let lines = page.text.lines().enumerate();
    let named = lines.flat_map(|(n, line)| quoted(line).map(move |word| (n + 1, word)));
    let missing = named.filter(|(_, word)| is_test(word) && !functions.contains(word));
    missing.map(|(n, word)| format!("{}:{n}: there is no test `{word}`", page.path)).collect()
}

fn without_name(page: &File) -> Vec<String> {
    let mut in_table = false;
    let mut found = Vec::new();
    for (n, line) in page.text.lines().enumerate() {
        let last = line.strip_suffix('|').and_then(|row| row.rsplit('|').next()).map(str::trim);
        in_table = last.is_some_and(|cell| in_table || cell == HEADING);
        let is_row = last.is_some_and(|cell| cell != HEADING && !cell.starts_with("---"));
        if in_table && is_row && last.is_some_and(|cell| quoted(cell).next().is_none()) {
            found.push(format!("{}:{}: this row names no test", page.path, n + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_that_a_page_names_exists() {
        let sources = workspace::sources().unwrap();
        let functions = sources.iter().flat_map(|file| file.text.split("fn ").skip(1));
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let functions: HashSet<_> =
            functions.filter_map(|rest| rest.split(|c| !is_name(c)).next()).collect();
        let pages = workspace::pages().unwrap();
        let named = pages.iter().flat_map(|page| quoted(&page.text)).filter(|word| is_test(word));
        assert!(named.count() > 40, "the pages were not read");
        let violations = pages.iter().flat_map(|page| without_test(page, &functions));
        assert_eq!(violations.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn every_row_that_needs_a_test_names_one() {
        let pages = workspace::pages().unwrap();
        assert_eq!(pages.iter().flat_map(without_name).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_page_that_promises_a_test_that_is_not_there_is_refused() {
        let functions = HashSet::from(["a_good_token_is_accepted"]);
        for (text, violations) in [
            ("`a_good_token_is_accepted`, `bff_limit_events_total_seen`, `bad_token`", 0),
            ("a_bad_token_is_refused, in prose", 0),
            ("`a_bad_token_is_refused`", 1),
            ("`a_good_token_is_accepted`, `a_bad_token_is_refused`", 1),
        ] {
            assert_eq!(without_test(&page(text), &functions).len(), violations, "{text}");
        }
    }

    #[test]
    fn a_row_without_a_test_is_refused() {
        for (text, violations) in [
            ("| what | test |\n|---|---|\n| a | `x` |\n| b | |\n| c | see below |", 2),
            ("| what | when |\n|---|---|\n| a | |", 0),
            (
                "| what | test |\n|---|---|\n| a | `x.rs` |\n\n| what | when |\n|---|---|\n| a | b |",
                0,
            ),
        ] {
            assert_eq!(without_name(&page(text)).len(), violations, "{text}");
        }
    }

    fn page(text: &str) -> File {
        File { path: "docs/page.md".to_owned(), text: text.to_owned() }
    }
}
