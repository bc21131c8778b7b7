//! BFFs that know BFFs: in code, configuration, manifests and in how they are run.

use crate::audit::{
    File, Finding, Rule, Tree,
    source::{Source, Token, line},
};
use syn::{
    Path, UseTree,
    visit::{self, Visit},
};

const ADVICE: &str =
    "a BFF asks services, never a BFF; move what both need into a service or a crate";

/// Manifests, configuration and deployment.
pub(crate) fn edges(tree: &Tree) -> Vec<Finding> {
    let relevant = tree.files.iter().filter(|file| file.is_manifest() || file.is_configuration());
    relevant.flat_map(|file| edges_in_text(file, tree)).collect()
}

/// Paths into another BFF's crate, and strings that name another BFF.
pub(crate) fn edges_in_code(source: &Source<'_>, tree: &Tree) -> Vec<Finding> {
    let others = others(source.file, tree);
    let mut visitor = Visitor { others: &others, found: Vec::new() };
    visitor.visit_file(&source.code);
    let texts = source.tokens().into_iter().filter_map(|token| match token {
        Token::Text(text, line) => Some((line, of_text(&text, &others)?)),
        Token::Name(..) => None,
    });
    let found = visitor.found.into_iter().chain(texts);
    found.map(|(line, other)| of(source.file, line, &other)).collect()
}

fn edges_in_text(file: &File, tree: &Tree) -> Vec<Finding> {
    let others = others(file, tree);
    let ports: Vec<_> = others.iter().flat_map(|other| ports_of(other, tree)).collect();
    let of_line = |(line, text): (usize, &str)| {
        let by_port = || ports.iter().find(|(port, _)| text.contains(port)).map(|(_, other)| other);
        let other = of_text(text, &others).or_else(|| by_port().cloned())?;
        Some(of(file, line, &other))
    };
    file.plain_lines().filter_map(of_line).collect()
}

fn of(file: &File, line: usize, other: &str) -> Finding {
    Finding {
        rule: Rule::BffToBff,
        file: file.path.clone(),
        line,
        what: format!("this knows the BFF `{other}`"),
        advice: ADVICE,
    }
}

/// The BFFs that a file does not belong to. What is deployed for all of them may know them all.
fn others(file: &File, tree: &Tree) -> Vec<String> {
    let bffs = tree.bffs();
    let Some(owner) = file.owner().filter(|owner| bffs.contains(owner)) else { return Vec::new() };
    bffs.into_iter().filter(|name| *name != owner).map(str::to_owned).collect()
}

/// The BFF that a text names as a package, host, service or address.
fn of_text(text: &str, others: &[String]) -> Option<String> {
    let names = |other: &&String| {
        let words = [format!("bff-{other}"), format!("{other}-bff"), format!("bff_{other}")];
        let is_named = words.iter().any(|word| has_word(text, word));
        let hosts = [format!("://{other}"), format!("[services.{other}")];
        is_named
            || hosts.iter().any(|host| has_word(text, host))
            || text == format!("/{other}")
            || text.starts_with(&format!("/{other}/v"))
    };
    others.iter().find(names).cloned()
}

/// Whether `word` stands in the text, and not as a part of a longer name.
fn has_word(text: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        let begins = !word.starts_with(in_name) || !before.ends_with(in_name);
        begins && !after.starts_with(in_name)
    })
}

/// The ports that a BFF listens on during development, as they stand in addresses.
fn ports_of(bff: &str, tree: &Tree) -> Vec<(String, String)> {
    let is_config = |file: &&File| file.is_configuration() && file.bff() == Some(bff);
    let lines = tree.files.iter().filter(is_config).flat_map(|file| file.text.lines());
    let port = |line: &str| {
        let address = line.strip_prefix("listen = \"")?.strip_suffix('"')?;
        let port = address.rsplit(':').next()?;
        (address.starts_with("127.")).then(|| (format!("127.0.0.1:{port}"), bff.to_owned()))
    };
    lines.filter_map(port).collect()
}

struct Visitor<'a> {
    others: &'a [String],
    found: Vec<(usize, String)>,
}

impl Visitor<'_> {
    fn see(&mut self, name: &syn::Ident) {
        let text = name.to_string();
        if let Some(other) = self.others.iter().find(|other| **other == text) {
            self.found.push((line(name.span()), other.clone()));
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        if path.segments.len() > 1
            && let Some(first) = path.segments.first()
        {
            self.see(&first.ident);
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if let UseTree::Path(path) = &item.tree {
            self.see(&path.ident);
        }
    }
}
