//! Every source file opens with a sentence that says what it is.

use crate::workspace::{self, File};

fn opens_with_a_sentence(file: &File) -> Option<String> {
    let lines = file.text.lines().map_while(|line| line.strip_prefix("//!").map(str::trim));
    let opening = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let what = if opening.is_empty() {
        "the first line is no `//!`"
    } else if opening.split_whitespace().count() < 3 {
        "the opening is too short to say anything"
    } else if !opening.ends_with(['.', ':', '?', '!']) {
        "the opening is no whole sentence"
    } else {
        return None;
    };
    let advice =
        "begin the file with `//! ` and one sentence that says what it is, in the reader's words";
    Some(format!("{}:1: {what}: {advice}", file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_opens_with_a_sentence() {
        let files = workspace::sources().unwrap();
        for folder in
            ["crates/bff-core/src/", "bffs/mobile/tests/", "crates/bff-refused/tests/refused/"]
        {
            assert!(
                files.iter().any(|file| file.path.starts_with(folder)),
                "{folder} was not read"
            );
        }
        let violations: Vec<_> = files.iter().filter_map(opens_with_a_sentence).collect();
        assert_eq!(violations, [""; 0]);
    }

    #[test]
    fn a_file_that_opens_without_a_sentence_is_refused() {
        let cases = [
            ("", "the first line is no `//!`"),
            ("\n//! This comes too late.", "the first line is no `//!`"),
            ("/// An item, not the file.", "the first line is no `//!`"),
            ("use std::fmt;\n", "the first line is no `//!`"),
            ("//! Helpers.", "the opening is too short to say anything"),
            ("//! this and that", "the opening is no whole sentence"),
            ("//! Some words that\n//!\n//! go on elsewhere.", "the opening is no whole sentence"),
        ];
        for (text, what) in cases {
            let violation = opens_with_a_sentence(&file(text)).unwrap_or_default();
            assert!(
                violation.starts_with(&format!("crates/x/src/lib.rs:1: {what}: begin")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_sentence_may_take_two_lines() {
        assert_eq!(opens_with_a_sentence(&file("//! What this is,\n//! and why.\n")), None);
    }

    fn file(text: &str) -> File {
        File { path: "crates/x/src/lib.rs".to_owned(), text: text.to_owned() }
    }
}
