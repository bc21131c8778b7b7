//! Every item of bff-core's prelude has an example in its documentation, which `cargo test` runs.

use crate::workspace::File;

const TOP: &str = "crates/bff-core/src/lib.rs";

/// The names that `pub mod prelude` lists, and those that it declares.
fn prelude(top: &File) -> Vec<&str> {
    let body = top.text.split("pub mod prelude {").nth(1).unwrap_or_default();
    let body = body.split("\n}").next().unwrap_or_default();
    let listed = body.split("pub use crate::{").nth(1).and_then(|rest| rest.split('}').next());
    let listed = listed.unwrap_or_default().split(',').map(str::trim);
    let declared = body.split("pub const fn ").skip(1).filter_map(|rest| rest.split('(').next());
    listed.filter(|name| !name.is_empty()).chain(declared).collect()
}

/// Whether the documentation of an item of that name, or of the module, has an example.
fn has_example(name: &str, sources: &[&File]) -> bool {
    let is_module = |file: &&&File| file.path.ends_with(&format!("/{name}.rs"));
    let of_module = sources.iter().filter(is_module).any(|file| {
        file.text.lines().take_while(|line| line.starts_with("//!")).any(|line| line == "//! ```")
    });
    of_module || sources.iter().any(|file| is_shown_in(name, &file.text))
}

fn is_shown_in(name: &str, text: &str) -> bool {
    let mut has_example = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("///") {
            has_example |= line == "/// ```";
        } else if declares(line, name) {
            return has_example;
        } else if line.is_empty() || line.ends_with([';', '{', '}']) {
            has_example = false;
        }
    }
    false
}

fn declares(line: &str, name: &str) -> bool {
    let kinds = ["struct", "enum", "trait", "type", "fn", "const fn"];
    kinds.iter().any(|kind| {
        let rest = line.strip_prefix(&format!("pub {kind} {name}"));
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_item_of_the_prelude_has_an_example() {
        let sources = workspace::sources().unwrap();
        let core: Vec<_> =
            sources.iter().filter(|file| file.path.starts_with("crates/bff-core/src/")).collect();
        let top = core.iter().find(|file| file.path == TOP).unwrap();
        let names = prelude(top);
        assert!(
            names.len() > 30 && names.contains(&"Cx") && names.contains(&"millis"),
            "{names:?}"
        );
        let without: Vec<_> = names.into_iter().filter(|name| !has_example(name, &core)).collect();
        assert_eq!(without, [""; 0], "show one use of each: the documentation is copied from");
    }

    #[test]
    fn an_item_without_an_example_is_found() {
        let shown = "/// A.\n///\n/// ```\n/// a();\n/// ```\n#[derive(\n    Debug,\n)]\npub struct A<T>(T);\n";
        for (text, name, expected) in [
            (shown, "A", true),
            (shown, "Ab", false),
            ("/// A.\npub struct A;\n", "A", false),
            ("/// ```\n/// b();\n/// ```\npub fn b() {}\n\n/// A.\npub trait A {}\n", "A", false),
            ("/// ```\n/// a();\n/// ```\npub const fn a(n: u64) {}\n", "a", true),
        ] {
            assert_eq!(is_shown_in(name, text), expected, "{name}: {text}");
        }
    }
}
