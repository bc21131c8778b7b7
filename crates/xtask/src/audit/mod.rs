//! `cargo xtask audit`: what the compiler cannot refuse, found in sources, configuration and tables.
//!
//! A rule is a function from what it looks at to findings. What a rule finds and should not can be
//! waived where it stands, with a reason.

mod finding;
mod rules;
mod source;
mod tree;
mod waiver;

pub use finding::{Finding, Report, Rule, Waived};
pub use tree::{File, Tree};

use bff_core::Bff;
use source::Source;

/// Audits a tree, the tables of its BFFs and the subjects of its last commits.
#[must_use]
pub fn run(tree: &Tree, bffs: &[Bff], subjects: &[String]) -> Report {
    let mut found = Vec::new();
    let mut notes = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_source()) {
        match Source::parse(file) {
            Ok(source) => {
                found.extend(rules::fan_out(&source));
                found.extend(rules::no_view(&source));
                found.extend(rules::cache_key(&source));
                found.extend(rules::business_logic(&source));
                found.extend(rules::edges_in_code(&source, tree));
            }
            Err(finding) => found.push(finding),
        }
    }
    found.extend(rules::cache_clients(tree));
    found.extend(rules::edges(tree));
    found.extend(rules::wide_views(tree, bffs));
    found.extend(rules::payload_budgets(tree, bffs));
    let overlap = rules::overlap(tree, bffs);
    found.extend(overlap.findings);
    notes.extend(overlap.notes);
    notes.extend(rules::words_in_history(subjects));
    waiver::apply(tree, found, notes)
}
