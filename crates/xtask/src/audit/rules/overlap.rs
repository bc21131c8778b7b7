//! How much of two BFFs' answers is the same: where it is most, the split does not earn its keep.

use super::tables::entity;
use crate::audit::{Finding, Rule, Tree};
use bff_core::{Bff, Endpoint, Shape};
use bff_openapi::type_name;
use std::collections::BTreeSet;

/// Per cent; above it two views of one thing are nearly one view.
const THRESHOLD: usize = 60;

/// What is above the threshold, and the figures of every two BFFs.
pub(crate) struct Overlap {
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
}

/// Compares the answers of every two BFFs, each view with each.
pub(crate) fn overlap(tree: &Tree, bffs: &[Bff]) -> Overlap {
    let mut overlap = Overlap { findings: Vec::new(), notes: Vec::new() };
    for (at, one) in bffs.iter().enumerate() {
        for other in bffs.iter().skip(at + 1) {
            compare(tree, one, other, &mut overlap);
        }
    }
    overlap
}

fn compare(tree: &Tree, one: &Bff, other: &Bff, overlap: &mut Overlap) {
    let pairs = one.endpoints.iter().flat_map(|a| other.endpoints.iter().map(move |b| (a, b)));
    let mut most = (0, String::new());
    for (a, b) in pairs {
        let share = share(&members(a.shape()), &members(b.shape()));
        let names = format!("{} and {}", a.name(), b.name());
        if share > THRESHOLD && entity(a.name()) == entity(b.name()) {
            overlap.findings.push(finding(tree, one, a, (other.name, b.name(), share)));
        } else if share > THRESHOLD {
            overlap
                .notes
                .push(format!("{} and {}: {share} % of {names} is the same", one.name, other.name));
        }
        if share >= most.0 {
            most = (share, names);
        }
    }
    let of = |bff: &Bff| bff.endpoints.iter().flat_map(|e| members(e.shape())).collect();
    let all = share(&of(one), &of(other));
    let (one, other, (most, names)) = (one.name, other.name, most);
    overlap.notes.push(format!(
        "{one} and {other}: {all} % of all members are the same, at most {most} % of two views ({names})"
    ));
}

fn finding(tree: &Tree, bff: &Bff, endpoint: &Endpoint, with: (&str, &str, usize)) -> Finding {
    let (other, view, share) = with;
    let own = type_name(endpoint.name());
    let (file, line) = tree.place_of(bff.name, &format!("struct {own} "));
    let what = format!("`{own}` is {share} % the same as `{}` of {other}", type_name(view));
    let advice = "shape it for its own screen, or let one BFF serve both surfaces";
    Finding { rule: Rule::Overlap, file, line, what, advice }
}

/// Per cent of the members of both that are in both (Jaccard's coefficient).
fn share(one: &BTreeSet<String>, other: &BTreeSet<String>) -> usize {
    let both = one.intersection(other).count();
    (100 * both).checked_div(one.union(other).count()).unwrap_or(0)
}

/// Every value of a view by its path and kind, `recentOrders[].status text`.
fn members(shape: &Shape) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(shape, "", &mut found);
    found
}

fn collect(shape: &Shape, path: &str, found: &mut BTreeSet<String>) {
    let mut leaf = |kind: &str| {
        found.insert(format!("{path} {kind}"));
    };
    match shape {
        Shape::Flag => leaf("flag"),
        Shape::Whole => leaf("whole"),
        Shape::Decimal => leaf("decimal"),
        Shape::Text => leaf("text"),
        Shape::Choice(words) => leaf(&words.join("|")),
        Shape::Maybe(inner) => collect(inner, path, found),
        Shape::List(inner) => collect(inner, &format!("{path}[]"), found),
        Shape::Record { members, .. } => {
            for member in *members {
                collect(member.shape, &format!("{path}.{}", member.name), found);
            }
        }
    }
}
