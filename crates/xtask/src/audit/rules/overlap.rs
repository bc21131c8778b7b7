//! How much of two BFFs' answers is the same: where it is most, the split does not earn its keep.

use super::tables::entity;
use crate::audit::{Contract, Finding, Rule, Surface, Tree};
use serde_json::Value;
use std::collections::BTreeSet;

/// Per cent; above it two views of one thing are nearly one view.
const THRESHOLD: usize = 60;

/// What is above the threshold, and the figures of every two BFFs.
pub(crate) struct Overlap {
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
}

/// Compares the answers of every two BFFs, each view with each.
pub(crate) fn overlap(tree: &Tree, surfaces: &[Surface]) -> Overlap {
    let mut overlap = Overlap { findings: Vec::new(), notes: Vec::new() };
    for (at, one) in surfaces.iter().enumerate() {
        for other in surfaces.iter().skip(at + 1) {
            compare(tree, one, other, &mut overlap);
        }
    }
    overlap
}

fn compare(tree: &Tree, one: &Surface, other: &Surface, overlap: &mut Overlap) {
    let pairs = one.endpoints.iter().flat_map(|a| other.endpoints.iter().map(move |b| (a, b)));
    let (one_name, other_name) = (&one.name, &other.name);
    let mut most = (0, String::new());
    for (a, b) in pairs {
        let share = share(&members(&a.shape), &members(&b.shape));
        let names = format!("{} and {}", a.view(), b.view());
        if share > THRESHOLD && entity(a.view()) == entity(b.view()) {
            overlap.findings.push(finding(tree, one_name, a, (other_name, b.view(), share)));
        } else if share > THRESHOLD {
            let note = format!("{one_name} and {other_name}: {share} % of {names} is the same");
            overlap.notes.push(note);
        }
        if share >= most.0 {
            most = (share, names);
        }
    }
    let of = |bff: &Surface| bff.endpoints.iter().flat_map(|e| members(&e.shape)).collect();
    let (all, (most, names)) = (share(&of(one), &of(other)), most);
    overlap.notes.push(format!(
        "{one_name} and {other_name}: {all} % of all members are the same, at most {most} % of two views ({names})"
    ));
}

fn finding(tree: &Tree, bff: &str, endpoint: &Contract, with: (&str, &str, usize)) -> Finding {
    let (other, view, share) = with;
    let own = endpoint.view();
    let (file, line) = tree.place_of_view(bff, own);
    let what = format!("`{own}` is {share} % the same as `{view}` of {other}");
    let advice = "shape it for its own screen, or let one BFF serve both surfaces";
    Finding { rule: Rule::Overlap, file, line, what, advice }
}

/// Per cent of the members of both that are in both (Jaccard's coefficient).
fn share(one: &BTreeSet<String>, other: &BTreeSet<String>) -> usize {
    let both = one.intersection(other).count();
    (100 * both).checked_div(one.union(other).count()).unwrap_or(0)
}

/// Every value of a view by its path and kind, `recentOrders[].status text`.
fn members(shape: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(shape, "", &mut found);
    found
}

fn collect(shape: &Value, path: &str, found: &mut BTreeSet<String>) {
    match shape {
        Value::Object(members) => {
            for (name, shape) in members {
                collect(shape, &format!("{path}.{}", name.trim_end_matches('?')), found);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| collect(item, &format!("{path}[]"), found));
        }
        kind => {
            found.insert(format!("{path} {}", kind.as_str().unwrap_or_default()));
        }
    }
}
