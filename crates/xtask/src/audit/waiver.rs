//! Waivers: `// audit: allow(<rule>) <reason>` on the line of a finding or above it; `#` instead of
//! `//` in configuration.

use super::{File, Finding, Report, Rule, Tree, Waived};

const MARK: &str = "audit: allow(";

struct Waiver<'a> {
    file: &'a File,
    /// Where it stands.
    line: usize,
    /// The line that it is about.
    covers: usize,
    rule: &'a str,
    reason: &'a str,
}

/// Sorts what was found into findings and waived ones, and adds what is wrong with the waivers.
pub(crate) fn apply(tree: &Tree, found: Vec<Finding>, notes: Vec<String>) -> Report {
    let waivers: Vec<_> = tree.files.iter().flat_map(waivers_in).collect();
    let mut report = Report { notes, ..Report::default() };
    let mut used = vec![false; waivers.len()];
    for finding in found {
        let mut covering = waivers.iter().zip(&mut used).filter(|(waiver, _)| {
            waiver.rule == finding.rule.name()
                && waiver.file.path == finding.file
                && waiver.covers == finding.line
        });
        match covering.next() {
            Some((waiver, used)) => {
                *used = true;
                report.waived.push(Waived { finding, reason: waiver.reason.to_owned() });
            }
            None => report.findings.push(finding),
        }
    }
    for (waiver, used) in waivers.iter().zip(used) {
        report.findings.extend(waiver.complaint(used));
    }
    report.findings.sort_by(|a, b| (&a.file, a.line, a.rule).cmp(&(&b.file, b.line, b.rule)));
    report.findings.dedup();
    report
}

impl Waiver<'_> {
    fn complaint(&self, used: bool) -> Option<Finding> {
        let Self { rule, reason, .. } = self;
        let (what, advice) = if Rule::named(rule).is_none() {
            (format!("there is no rule `{rule}`"), "name one of the rules of docs/audit.md")
        } else if reason.is_empty() {
            (format!("`{rule}` is waived without a reason"), "say behind it why this may stay")
        } else if !used {
            (format!("`{rule}` is waived and nothing is found here"), "remove the comment")
        } else {
            return None;
        };
        let (file, line) = (self.file.path.clone(), self.line);
        Some(Finding { rule: Rule::Waiver, file, line, what, advice })
    }
}

fn waivers_in(file: &File) -> Vec<Waiver<'_>> {
    let comment = if file.path.ends_with(".rs") { "//" } else { "#" };
    if file.path.ends_with(".md") {
        return Vec::new();
    }
    let of_line = |(at, text)| {
        let (before, said) = split_comment(text, comment)?;
        let (rule, reason) = said.strip_prefix(MARK)?.split_once(')')?;
        let mut below = file.text.lines().enumerate().skip(at);
        let covers = match before.trim() {
            "" => below.find(|(_, line)| is_code(line, comment)).map_or(at, |(n, _)| n),
            _ => at,
        };
        Some(Waiver { file, line: at + 1, covers: covers + 1, rule, reason: reason.trim() })
    };
    file.text.lines().enumerate().filter_map(of_line).collect()
}

/// What stands before a comment that could be a waiver, and what it says.
fn split_comment<'a>(line: &'a str, comment: &str) -> Option<(&'a str, &'a str)> {
    let at = line.find(MARK)?;
    let before = line.get(..at)?.trim_end();
    Some((before.strip_suffix(comment)?, line.get(at..)?))
}

/// Comments and attributes belong to what is below them.
fn is_code(line: &str, comment: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with(comment) && !line.starts_with("#[")
}
