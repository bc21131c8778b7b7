//! Words of business rules in code and in the subjects of commits: a BFF shows what services decided.

use crate::audit::{
    Finding, Rule,
    source::{Source, Token},
};

/// What words begin with.
const STEMS: [&str; 15] = [
    "discount",
    "taxa",
    "taxe",
    "taxr",
    "margin",
    "eligib",
    "approv",
    "fraud",
    "commission",
    "entitle",
    "surcharg",
    "rebat",
    "underwrit",
    "markup",
    "prorat",
];
/// Whole words.
const WORDS: [&str; 5] = ["tax", "vat", "interest", "refundable", "creditworthy"];

/// Text that a service supplied ready to be shown is presentation.
const READY: &str = "formatted";

const ADVICE: &str =
    "a service decides it; show what it says, or waive a word that only looks like a rule";

/// Names and strings of a BFF's code; comments may explain what they like.
pub(crate) fn business_logic(source: &Source<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for token in source.tokens() {
        let (text, line) = match token {
            Token::Name(text, line) | Token::Text(text, line) => (text, line),
        };
        let is_told = |finding: &Finding| finding.line == line;
        if let Some(word) = business_word(&text)
            && !found.last().is_some_and(is_told)
        {
            let what = format!("`{text}` speaks of business rules (`{word}`)");
            found.push(source.finding(Rule::BusinessLogic, line, what, ADVICE));
        }
    }
    found
}

/// Information about commits: what is written cannot be changed, and the code is looked at anyway.
pub(crate) fn words_in_history(subjects: &[String]) -> Vec<String> {
    let note = |subject: &String| {
        let (_, said) = subject.split_once(' ')?;
        let word = business_word(said)?;
        Some(format!("commit {subject}: its subject speaks of business rules (`{word}`); {ADVICE}"))
    };
    subjects.iter().filter_map(note).collect()
}

/// The first word of business rules in a name or a sentence.
fn business_word(text: &str) -> Option<String> {
    let words = words(text);
    if words.last().is_some_and(|last| last == READY) {
        return None;
    }
    words.into_iter().find(|word| {
        WORDS.contains(&word.as_str()) || STEMS.iter().any(|stem| word.starts_with(stem))
    })
}

/// The words of `snake_case`, `camelCase`, `SCREAMING_CASE` and sentences, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in text.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphabetic()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_words_are_found_in_every_spelling() {
        let cases = [
            ("apply_discount", Some("discount")),
            ("isEligible", Some("eligible")),
            ("TAX_RATE", Some("tax")),
            ("Your loan was approved.", Some("approved")),
            ("taxi", None),
            ("discountFormatted", None),
            ("interesting", None),
            ("private_value", None),
            ("recent_orders", None),
        ];
        for (text, word) in cases {
            assert_eq!(business_word(text).as_deref(), word, "{text}");
        }
    }

    #[test]
    fn a_subject_with_such_a_word_is_told() {
        let subjects = ["a1b2 web: apply the discount", "c3d4 tax/unrelated hash only"];
        let notes = words_in_history(&subjects.map(str::to_owned));
        assert_eq!(notes.len(), 2);
        assert!(notes[0].starts_with("commit a1b2 web: apply the discount: "), "{}", notes[0]);
        assert!(words_in_history(&["fraud00 web: a page".to_owned()]).is_empty());
    }
}
