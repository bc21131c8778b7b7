//! Decisions have one form, a number each, and a line in the index.

use crate::workspace::File;

const FOLDER: &str = "docs/decisions/";
const INDEX: &str = "docs/decisions/README.md";
const HEADINGS: [&str; 3] = ["## Context", "## Decision", "## Consequence"];

/// The pages with a decision, without the index.
fn decisions(pages: &[File]) -> impl Iterator<Item = &File> {
    pages.iter().filter(|page| page.path.starts_with(FOLDER) && page.path != INDEX)
}

fn is_decision(page: &File) -> Vec<String> {
    let name = page.path.trim_start_matches(FOLDER);
    let number = name.split('-').next().unwrap_or_default();
    let is_number = number.len() == 3 && number.chars().all(|c| c.is_ascii_digit());
    let headings: Vec<_> = page.text.lines().filter(|line| line.starts_with("## ")).collect();
    let refused = [
        (!is_number, "the name does not begin with three digits and a hyphen".to_owned()),
        (
            !page.text.starts_with(&format!("# {number}: ")),
            format!("the first line is not `# {number}: ` and what is decided"),
        ),
        (headings != HEADINGS, format!("the headings are not {}", HEADINGS.join(", "))),
    ];
    let told = refused.into_iter().filter(|(is_refused, _)| *is_refused);
    told.map(|(_, what)| format!("{}:1: {what}", page.path)).collect()
}

/// The index links to every decision, in the order of their numbers, with their titles.
fn is_complete(index: &File, decisions: &[&File]) -> Vec<String> {
    let line = |page: &&File| {
        let title = page.text.lines().next().unwrap_or_default().trim_start_matches("# ");
        format!("- [{title}]({})", page.path.trim_start_matches(FOLDER))
    };
    let expected: Vec<_> = decisions.iter().map(line).collect();
    let listed: Vec<_> = index.text.lines().filter(|line| line.starts_with("- ")).collect();
    let missing = expected.iter().filter(|line| !listed.contains(&line.as_str()));
    let mut violations: Vec<_> =
        missing.map(|line| format!("{}: this line is missing: {line}", index.path)).collect();
    if violations.is_empty() && listed != expected {
        violations.push(format!("{}: the lines are out of order or too many", index.path));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_decision_has_its_form_and_is_in_the_index() {
        let pages = workspace::pages().unwrap();
        let index = pages.iter().find(|page| page.path == INDEX).unwrap();
        let decisions: Vec<_> = decisions(&pages).collect();
        assert!(decisions.len() > 30, "{}", decisions.len());
        let violations = decisions.iter().copied().flat_map(is_decision);
        assert_eq!(violations.collect::<Vec<_>>(), [""; 0]);
        assert_eq!(is_complete(index, &decisions), [""; 0]);
    }

    #[test]
    fn no_number_is_used_twice() {
        let pages = workspace::pages().unwrap();
        let mut numbers: Vec<_> =
            decisions(&pages).filter_map(|page| page.path.get(..18)).collect();
        let all = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), all);
    }

    #[test]
    fn a_page_without_the_form_is_refused() {
        let body = "\n## Context\n\nx\n\n## Decision\n\nx\n\n## Consequence\n\nx\n";
        for (path, text, violations) in [
            ("001-names.md", format!("# 001: Names\n{body}"), 0),
            ("names.md", format!("# names.md: Names\n{body}"), 1),
            ("001-names.md", format!("# Names\n{body}"), 1),
            ("001-names.md", "# 001: Names\n\n## Decision\n\nx\n".to_owned(), 1),
        ] {
            assert_eq!(is_decision(&page(path, &text)).len(), violations, "{path}: {text}");
        }
    }

    #[test]
    fn an_index_that_is_not_complete_and_in_order_is_refused() {
        let pages = [page("001-a.md", "# 001: A\n"), page("002-b.md", "# 002: B\n")];
        let [a, b] = ["- [001: A](001-a.md)", "- [002: B](002-b.md)"];
        let all: Vec<_> = pages.iter().collect();
        for (lines, violations) in [
            (vec![a, b], 0),
            (vec![a], 1),
            (vec![b, a], 1),
            (vec![a, b, "- [003: C](003-c.md)"], 1),
        ] {
            let index = page("README.md", &lines.join("\n"));
            assert_eq!(is_complete(&index, &all).len(), violations, "{lines:?}");
        }
    }

    fn page(name: &str, text: &str) -> File {
        File { path: format!("{FOLDER}{name}"), text: text.to_owned() }
    }
}
