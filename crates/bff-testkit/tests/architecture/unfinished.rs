//! A BFF that is released has no gaps, no traces of debugging and no loose JSON.

use crate::code::code;
use crate::workspace::{self, File};

const REFUSED: [(&str, &str); 5] = [
    ("todo!", "write it, or answer with a `Problem`"),
    ("unimplemented!", "write it, or answer with a `Problem`"),
    ("dbg!", "remove it; what happens in a request is in its log line and its trace"),
    ("#[ignore", "a test that never runs proves nothing: repair it or remove it"),
    ("serde_json::Value", "declare what is read and answered as a struct with `#[derive(View)]`"),
];

fn is_finished(file: &File) -> Vec<String> {
    let code = code(&file.text);
    let on_line = |(n, line): (usize, &str)| {
        let found = REFUSED.iter().filter(|(what, _)| contains_word(line, what));
        found
            .map(|(what, advice)| format!("{}:{}: `{what}`: {advice}", file.path, n + 1))
            .collect::<Vec<_>>()
    };
    code.lines().enumerate().flat_map(on_line).collect()
}

/// Whether `what` stands in `line`, and not as the end of a longer word.
fn contains_word(line: &str, what: &str) -> bool {
    line.match_indices(what).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

fn is_in_a_bff(path: &str) -> bool {
    path.starts_with("bffs/") && path.contains("/src/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bffs_are_finished() {
        let files = workspace::sources().unwrap();
        let ours: Vec<_> = files.iter().filter(|file| is_in_a_bff(&file.path)).collect();
        assert!(ours.len() >= 9, "the BFFs were not read");
        assert_eq!(ours.into_iter().flat_map(is_finished).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn what_is_unfinished_is_refused() {
        for (wrong, what) in [
            ("fn f() { todo!() }", "todo!"),
            ("fn f() { std::unimplemented!(\"later\") }", "unimplemented!"),
            ("let x = dbg!(x);", "dbg!"),
            ("#[ignore = \"slow\"]", "#[ignore"),
            ("fn f() -> serde_json::Value {", "serde_json::Value"),
        ] {
            let violations = is_finished(&file(&format!("//! An endpoint.\n{wrong}\n")));
            assert_eq!(violations.len(), 1, "{wrong}");
            assert!(violations[0].starts_with(&format!("bffs/web/src/lib.rs:2: `{what}`: ")));
        }
    }

    #[test]
    fn what_is_only_mentioned_is_fine() {
        let text = "//! No todo! here.\nconst S: &str = \"dbg!\";\nfn f() { not_todo!() }\n";
        assert_eq!(is_finished(&file(text)), [""; 0]);
    }

    fn file(text: &str) -> File {
        File { path: "bffs/web/src/lib.rs".to_owned(), text: text.to_owned() }
    }
}
