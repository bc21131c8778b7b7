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
        let or_dash = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} {unit}"))
        };
        write!(
            f,
            "<span>{:.1}/s</span><span>{} errors</span><span>p50 {}</span><span>p99 {}</span>",
            self.per_second,
            or_dash(self.error_percent, "%"),
            or_dash(self.p50_ms, "ms"),
            or_dash(self.p99_ms, "ms"),
        )
    }
}

/// Text that is no markup, also inside of an attribute.
pub(super) struct Escaped<'a>(pub(super) &'a str);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_text() {
        let hostile = Escaped("<script>alert('1')</script>\"&").to_string();
        assert_eq!(hostile, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;");
    }
}
