//! What the endpoint tables promise about sizes: members of mobile views, and bytes of answers.

use crate::audit::{Finding, Rule, Tree};
use bff_core::{Bff, Endpoint};
use bff_openapi::type_name;

/// The surface that goes over a phone's network.
const MOBILE: &str = "mobile";
/// More members than this, and a screen asks for what it does not draw.
const MOST_MEMBERS: usize = 10;
/// What the largest mobile screen may weigh.
const MOST_BYTES: usize = 50 * 1024;

/// Mobile views with too many members at the top.
pub(crate) fn wide_views(tree: &Tree, bffs: &[Bff]) -> Vec<Finding> {
    let check = |endpoint: &Endpoint| {
        let members = endpoint.shape().members().len();
        (members > MOST_MEMBERS).then(|| {
            let view = type_name(endpoint.name());
            let (file, line) = tree.place_of(MOBILE, &format!("struct {view} "));
            let what = format!("`{view}` has {members} members, more than {MOST_MEMBERS}");
            let advice = "group what belongs together, or leave out what the screen does not draw";
            Finding { rule: Rule::WideView, file, line, what, advice }
        })
    };
    of_mobile(bffs).filter_map(check).collect()
}

/// Mobile routes that promise no size, or too much.
pub(crate) fn payload_budgets(tree: &Tree, bffs: &[Bff]) -> Vec<Finding> {
    let check = |endpoint: &Endpoint| {
        let path = endpoint.path();
        let (what, advice) = match endpoint.payload_budget() {
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
        let (file, line) = tree.place_of(MOBILE, &format!("(\"{path}\")"));
        Some(Finding { rule: Rule::PayloadBudget, file, line, what, advice })
    };
    of_mobile(bffs).filter_map(check).collect()
}

fn of_mobile(bffs: &[Bff]) -> impl Iterator<Item = &Endpoint> {
    bffs.iter().filter(|bff| bff.name == MOBILE).flat_map(|bff| &bff.endpoints)
}

/// What a view is about: `product` for `product-page`.
pub(crate) fn entity(name: &str) -> &str {
    name.split('-').next().unwrap_or(name)
}
