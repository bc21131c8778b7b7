//! Stable names for the views of a BFF: a view's own name, and its endpoint's before it where two
//! different views of the BFF have the same.

use bff_core::{Endpoint, Shape};
use std::collections::BTreeMap;

/// What the documents themselves declare.
const ENVELOPE: [&str; 6] =
    ["Meta", "DegradedSection", "Problem", "Enveloped", "Operations", "View"];

/// The views of a BFF by the names that other programs use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Every different record under a view's name, with the first endpoint that has it.
    views: BTreeMap<&'static str, Vec<(&'static Shape, String)>>,
}

impl Names {
    pub(crate) fn of(endpoints: &[Endpoint]) -> Self {
        let mut names = Self::default();
        for endpoint in endpoints {
            names.collect(endpoint.shape(), &type_name(endpoint.name()));
            if let Some(body) = endpoint.body() {
                names.collect(body, &format!("{}Body", type_name(endpoint.name())));
            }
        }
        names
    }

    fn collect(&mut self, shape: &'static Shape, owner: &str) {
        match shape {
            Shape::Maybe(inner) | Shape::List(inner) => self.collect(inner, owner),
            Shape::Record { name, members, .. } => {
                let known = self.views.entry(name).or_default();
                if known.iter().all(|(other, _)| !looks_like(other, shape)) {
                    known.push((shape, owner.to_owned()));
                }
                for member in *members {
                    self.collect(member.shape, owner);
                }
            }
            _ => {}
        }
    }

    /// The name of a record; nothing of anything else.
    pub(crate) fn name(&self, shape: &Shape) -> String {
        let Shape::Record { name, .. } = shape else { return String::new() };
        let known = self.views.get(name).map(Vec::as_slice).unwrap_or_default();
        let own = type_name(name);
        let is_taken = ENVELOPE.contains(&own.as_str());
        match known.iter().find(|(other, _)| looks_like(other, shape)) {
            Some((_, owner)) if (known.len() > 1 || is_taken) && *owner != own => {
                format!("{owner}{own}")
            }
            _ if is_taken => format!("{own}View"),
            _ => own,
        }
    }

    /// Every record once, by name.
    pub(crate) fn records(&self) -> BTreeMap<String, &'static Shape> {
        let all = self.views.values().flatten();
        all.map(|(shape, _)| (self.name(shape), *shape)).collect()
    }
}

/// Whether a client sees the same: revision, names and kinds, but not what services call it.
fn looks_like(one: &Shape, other: &Shape) -> bool {
    match (one, other) {
        (Shape::Maybe(one), Shape::Maybe(other)) | (Shape::List(one), Shape::List(other)) => {
            looks_like(one, other)
        }
        (
            Shape::Record { name, revision, members },
            Shape::Record { name: other_name, revision: other_revision, members: others },
        ) => {
            name == other_name
                && revision == other_revision
                && members.len() == others.len()
                && members.iter().zip(*others).all(|(member, other)| {
                    member.name == other.name && looks_like(member.shape, other.shape)
                })
        }
        _ => one == other,
    }
}

/// The name of a view as a type: `product-page` as `ProductPage`.
#[must_use]
pub fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split(|c: char| !c.is_ascii_alphanumeric()).map(capital).collect()
}

/// The version in a path: `v1` of `/mobile/v1/home`.
#[must_use]
pub fn version(path: &str) -> Option<&str> {
    path.split('/')
        .find(|part| part.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok()))
}

/// `getHome`; with the path behind it where another endpoint would have the same.
pub(crate) fn operation_id(endpoint: &Endpoint, all: &[Endpoint]) -> String {
    let short = |endpoint: &Endpoint| {
        let method = endpoint.method().name().to_ascii_lowercase();
        format!("{method}{}", type_name(endpoint.name()))
    };
    let own = short(endpoint);
    if all.iter().filter(|other| short(other) == own).count() > 1 {
        return format!("{own}At{}", type_name(endpoint.path()));
    }
    own
}
