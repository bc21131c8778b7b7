//! What contracts promise about sizes: members of mobile views, and bytes of answers.

use crate::audit::{Contract, Finding, Rule, Surface, Tree};

/// The surface that goes over a phone's network.
const MOBILE: &str = "mobile";
/// More members than this, and a screen asks for what it does not draw.
const MOST_MEMBERS: usize = 10;
/// What the largest mobile screen may weigh.
const MOST_BYTES: usize = 50 * 1024;

/// Mobile views with too many members at the top.
pub(crate) fn wide_views(tree: &Tree, surfaces: &[Surface]) -> Vec<Finding> {
    let check = |endpoint: &Contract| {
        let (members, view) = (endpoint.members(), endpoint.view());
        (members > MOST_MEMBERS).then(|| {
            let (file, line) = tree.place_of_view(MOBILE, view);
            let what = format!("`{view}` has {members} members, more than {MOST_MEMBERS}");
            let advice = "group what belongs together, or leave out what the screen does not draw";
            Finding { rule: Rule::WideView, file, line, what, advice }
        })
    };
    of_mobile(surfaces).filter_map(check).collect()
}

/// Mobile routes that promise no size, or too much.
pub(crate) fn payload_budgets(tree: &Tree, surfaces: &[Surface]) -> Vec<Finding> {
    let check = |endpoint: &Contract| {
        let path = endpoint.path();
        let (what, advice) = match endpoint.payload_budget_bytes {
            None => (
                format!("`{path}` has no payload budget"),
                "write `.payload_budget(kilobytes(n))` with what the screen may weigh",
            ),
            Some(bytes) if bytes > MOST_BYTES => (
                format!("`{path}` may answer with {bytes} bytes, more than {MOST_BYTES}"),
                "split the screen, or load what is below the fold later",
            ),
            Some(_) => return None,
        };
        let (file, line) = tree.place_of(MOBILE, |line| line.contains(&format!("(\"{path}\")")));
        Some(Finding { rule: Rule::PayloadBudget, file, line, what, advice })
    };
    of_mobile(surfaces).filter_map(check).collect()
}

fn of_mobile(surfaces: &[Surface]) -> impl Iterator<Item = &Contract> {
    surfaces.iter().filter(|surface| surface.name == MOBILE).flat_map(|surface| &surface.endpoints)
}

/// What a view is about: `product` for `product-page`.
pub(crate) fn entity(view: &str) -> &str {
    view.split('-').next().unwrap_or(view)
}
