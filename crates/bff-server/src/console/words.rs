//! How states, numbers and names are written into the page.

use super::{picture::Numbers, verdict::Verdict};
use std::{fmt, fmt::Write};

/// A state as a sign, a word and a colour, so that none of them is needed alone.
pub(super) struct Pill(pub(super) Verdict);

impl fmt::Display for Pill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.word();
        let sign = match self.0 {
            Verdict::Idle => "\u{25cb}",
            Verdict::Ok => "\u{2713}",
            Verdict::Degraded => "\u{25b2}",
            Verdict::Failing => "\u{2716}",
        };
        write!(f, "<span class=\"pill {word}\">{sign} {word}</span>")
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, error_percent: Some(errors), p50_ms, p99_ms } = self else {
            return f.write_str("<span class=\"quiet\">nobody asked</span>");
        };
        let or_dash =
            |ms: &Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
        write!(
            f,
            "<span>{per_second:.1}/s</span><span>{errors:.1} % errors</span><span>p50 {}</span>\
             <span>p99 {}</span>",
            or_dash(p50_ms),
            or_dash(p99_ms),
        )
    }
}

/// Text that is no markup, also inside of an attribute.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// Text in which names stand between backticks.
pub(super) struct Prose<'a>(pub(super) &'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = self.0.split('`').peekable();
        let mut is_name = false;
        while let Some(piece) = pieces.next() {
            match (is_name, pieces.peek()) {
                (true, Some(_)) => write!(f, "<code>{}</code>", Escaped(piece))?,
                // A backtick that nothing closes is one.
                (true, None) => write!(f, "`{}", Escaped(piece))?,
                (false, _) => Escaped(piece).fmt(f)?,
            }
            is_name = !is_name;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_text() {
        let hostile = Escaped("<script>alert('1')</script>\"&").to_string();
        assert_eq!(hostile, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;");
    }

    #[test]
    fn names_in_prose_are_code_and_still_text() {
        let prose = |text| Prose(text).to_string();
        assert_eq!(prose("optional `<b>` fails"), "optional <code>&lt;b&gt;</code> fails");
        assert_eq!(prose("one ` alone, `two` not"), "one <code> alone, </code>two` not");
        assert_eq!(prose("`a` and `"), "<code>a</code> and `");
    }
}
