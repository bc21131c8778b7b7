//! Every kind of log line, read in the source: no two members of it have one name.

use crate::code::code;
use crate::workspace::{self, File};

const EVENTS: [&str; 6] = ["trace!(", "debug!(", "info!(", "warn!(", "error!(", "event!("];

/// What each line says anyway: `bff-server/src/telemetry/fields.rs`.
const OURS: [&str; 4] = ["timestamp", "level", "trace_id", "message"];

const ADVICE: &str =
    "a line has each name once: call it by what it is, as in `overload_level = ?level`";

/// In the product's own lines, without those of tests in the same file.
fn doubles(file: &File) -> Vec<String> {
    let code = code(file.text.split("#[cfg(test)]").next().unwrap_or_default());
    let doubled = events(&code).flat_map(|(line, arguments)| {
        let names = names(arguments);
        let is_double = |(nth, name): &(usize, &&str)| {
            OURS.contains(*name) || names.iter().take(*nth).any(|other| other == *name)
        };
        let doubles = names.iter().enumerate().filter(is_double);
        doubles
            .map(|(_, name)| format!("{}:{line}: `{name}`: {ADVICE}", file.path))
            .collect::<Vec<_>>()
    });
    doubled.collect()
}

/// What stands between the brackets of each event, and its line.
fn events(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let found = EVENTS.iter().flat_map(|event| code.match_indices(event));
    found.filter_map(|(at, event)| {
        let (before, rest) = code.split_at_checked(at)?;
        let is_longer = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let inside = rest.get(event.len()..).filter(|_| !is_longer)?;
        let arguments = parts(inside, ')').next()?;
        Some((before.matches('\n').count() + 1, arguments))
    })
}

/// The names of fields: everything in front of the text, which is blank here, apart from target and level.
fn names(arguments: &str) -> Vec<&str> {
    let parts = parts(arguments, ',').map(str::trim).take_while(|part| !part.is_empty());
    let named = parts.filter_map(|part| {
        let part = part.trim_start_matches(['?', '%']);
        let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let (name, rest) = part.split_at(part.find(|c| !in_name(c)).unwrap_or(part.len()));
        let rest = rest.trim_start();
        (rest.is_empty() || rest.starts_with('=')).then_some(name)
    });
    named.collect()
}

/// The parts of `code` between separators that stand in no brackets.
fn parts(code: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    code.split(move |c| {
        let here = depth == 0 && c == separator;
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        here
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_product(path: &str) -> bool {
        path.contains("/src/") && !path.contains("/tests")
    }

    #[test]
    fn c26_no_kind_of_log_line_has_a_name_twice() {
        let files = workspace::sources().unwrap();
        let product: Vec<_> = files.iter().filter(|file| is_product(&file.path)).collect();
        let told: usize = product.iter().map(|file| events(&code(&file.text)).count()).sum();
        assert!(told > 40, "only {told} kinds of log lines were found");
        assert_eq!(product.into_iter().flat_map(doubles).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn c26_a_name_that_is_twice_is_refused_however_it_is_written() {
        for (event, name) in [
            ("tracing::warn!(?level, lag_ms, \"overload\")", "level"),
            ("tracing::info!(level = word(a, b), \"m\")", "level"),
            ("info!(\n    a = 1,\n    timestamp = %now,\n    \"m\",\n)", "timestamp"),
            ("error!(target: \"audit\", trace_id, \"m\")", "trace_id"),
            ("event!(Level::INFO, message = \"a\", \"b\")", "message"),
            ("debug!(a = f(|b, c| b), %c, a = 2, \"m\")", "a"),
            ("warn!(%self.a, ?self.a, \"m\")", "self.a"),
        ] {
            let violations = doubles(&file(event));
            assert_eq!(violations.len(), 1, "{event}: {violations:?}");
            assert!(violations[0].starts_with(&format!("x.rs:2: `{name}`: ")), "{event}");
        }
        for event in [
            "tracing::warn!(overload_level = ?level, level_ms, \"overload\")",
            "tracing::info!(a = level, \"level {} {}\", level, level)",
            "// tracing::info!(level, \"m\")",
            "f(\"info!(level)\")",
            "my_info!(level, level)",
        ] {
            assert_eq!(doubles(&file(event)), [""; 0], "{event}");
        }
    }

    fn file(text: &str) -> File {
        File { path: "x.rs".to_owned(), text: format!("//! An event.\n{text};\n") }
    }
}
