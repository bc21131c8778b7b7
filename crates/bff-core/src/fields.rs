//! Values of HTTP fields, read as RFC 9110, section 5.6 writes them: lists over all lines of a field,
//! quoted strings, parameters.
//!
//! Octets go in and come out, because a field need not be text. A part that nobody needs costs no
//! other part: what cannot be read is handed to the reader by itself, who passes it over or stops.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

/// Where a comma separates no members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// In quoted strings, where a backslash takes the next octet as it is (section 5.6.4).
    Strings,
    /// In entity tags, which have no backslash (section 8.8.3).
    Tags,
    /// Nowhere: lists of tokens, and fields that know no quotes.
    None,
}

/// The members of a list, from all lines of its field in their order, without the empty ones (section
/// 5.6.1). A quote that nothing in its line ends is an octet like others: what one peer left open
/// swallows nothing that the next one added.
pub fn members<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
    quotes: Quotes,
) -> impl Iterator<Item = &'a [u8]> {
    let parts = move |line| Parts { rest: Some(line), separator: b',', quotes };
    lines.into_iter().flat_map(parts).filter(|member| !member.is_empty())
}

/// What stands before the first `;`, and the parameters behind it (section 5.6.6).
pub fn parameters(member: &[u8]) -> (&[u8], impl Iterator<Item = Option<Pair<'_>>>) {
    let mut parts = Parts { rest: Some(member), separator: b';', quotes: Quotes::Strings };
    (parts.next().unwrap_or_default(), read(parts))
}

/// The pairs `name=value` between `;`, as in RFC 7239. `None` stands for one that is none.
pub fn pairs(member: &[u8]) -> impl Iterator<Item = Option<Pair<'_>>> {
    read(Parts { rest: Some(member), separator: b';', quotes: Quotes::Strings })
}

fn read(parts: Parts<'_>) -> impl Iterator<Item = Option<Pair<'_>>> {
    parts.filter(|part| !part.is_empty()).map(Pair::read)
}

/// A name and what it is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<'a> {
    name: &'a [u8],
    /// Without its quotes.
    pub value: Cow<'a, [u8]>,
}

impl<'a> Pair<'a> {
    /// Whether it has this name, in whatever case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// A value without quotes may have what a token may not, such as the colons of an address: many
    /// senders write it so.
    fn read(part: &'a [u8]) -> Option<Self> {
        let (name, value) = part.split_at(part.iter().position(|octet| *octet == b'=')?);
        let value = value.get(1..).filter(|value| !value.is_empty())?;
        let is_plain = |octet: &u8| !matches!(octet, 0..=b' ' | b'"' | 0x7f);
        let value = match value.first() {
            Some(b'"') => unquoted(value)?,
            _ => value.iter().all(is_plain).then_some(Cow::Borrowed(value))?,
        };
        is_token(name).then_some(Self { name, value })
    }
}

/// What a quoted string says (section 5.6.4); `None` where `text` is not one from end to end.
#[must_use]
pub fn unquoted(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if quoted_len(text, Quotes::Strings)? != text.len() {
        return None;
    }
    let inside = text.get(1..text.len() - 1)?;
    if !inside.contains(&b'\\') {
        return Some(Cow::Borrowed(inside));
    }
    let mut said = Vec::with_capacity(inside.len());
    let mut octets = inside.iter();
    while let Some(octet) = octets.next() {
        said.push(if *octet == b'\\' { *octets.next()? } else { *octet });
    }
    Some(Cow::Owned(said))
}

/// Whether it is a token (section 5.6.2).
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !text.is_empty() && text.iter().all(is_tchar)
}

/// How long `Retry-After` asks to wait: seconds, or until a date (section 10.2.3). More than can be
/// counted is as long as can be; a date that is over asks for nothing.
#[must_use]
pub fn retry_after(value: &[u8]) -> Option<Duration> {
    let text = str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok()
}

/// The parts of one line, without blanks around them.
struct Parts<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
    quotes: Quotes,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let mut end = 0;
        while let Some((octet, tail)) = rest.get(end..).and_then(<[u8]>::split_first) {
            if *octet == self.separator {
                self.rest = Some(tail);
                break;
            }
            end += 1;
            if *octet == b'"' && self.quotes != Quotes::None {
                match quoted_len(rest.get(end - 1..).unwrap_or_default(), self.quotes) {
                    Some(len) => end += len - 1,
                    // Nor does anything end a later one, and the line is read once only.
                    None => self.quotes = Quotes::None,
                }
            }
        }
        Some(trimmed(rest.get(..end).unwrap_or_default()))
    }
}

/// How long the quoted string is that `text` begins with, quotes included.
fn quoted_len(text: &[u8], quotes: Quotes) -> Option<usize> {
    let mut taken = false;
    let end = text.strip_prefix(b"\"")?.iter().position(|octet| {
        let ends = *octet == b'"' && !taken;
        taken = quotes == Quotes::Strings && *octet == b'\\' && !taken;
        ends
    })?;
    Some(end + 2)
}

/// Without the optional white space around it (RFC 9110, section 5.6.3), which is less than what Unicode calls so.
#[must_use]
pub fn trimmed(text: &[u8]) -> &[u8] {
    let is_said = |octet: &u8| !matches!(octet, b' ' | b'\t');
    let begin = text.iter().position(is_said).unwrap_or(text.len());
    let end = text.iter().rposition(is_said).map_or(begin, |last| last + 1);
    text.get(begin..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
        parts.map(|part| part.escape_ascii().to_string()).collect()
    }

    #[test]
    fn c3_a_wait_is_seconds_or_a_date() {
        let later = SystemTime::now() + Duration::from_secs(3600);
        let date = httpdate::fmt_http_date(later);
        for (value, least, most) in [
            ("0", 0, 0),
            (" 120 ", 120, 120),
            ("007", 7, 7),
            ("18446744073709551615", u64::MAX, u64::MAX),
            ("99999999999999999999999", u64::MAX, u64::MAX),
            (&date, 3590, 3600),
        ] {
            let wait = retry_after(value.as_bytes()).map(|wait| wait.as_secs());
            assert!(wait.is_some_and(|wait| (least..=most).contains(&wait)), "{value}: {wait:?}");
        }
        for nothing in ["", " ", "-1", "+1", "1.5", "soon", "1, 2", "Thu, 01 Jan 1970 00:00:00 GMT"]
        {
            assert_eq!(retry_after(nothing.as_bytes()), None, "{nothing}");
        }
        assert_eq!(retry_after(b"\xff"), None);
    }

    #[test]
    fn c14_a_list_is_read_from_all_lines_of_its_field() {
        for (lines, quotes, expected) in [
            (&["a, b", "c"][..], Quotes::None, &["a", "b", "c"][..]),
            (&[",a,, \t ,b,", "", ",", "c"], Quotes::None, &["a", "b", "c"]),
            (&[], Quotes::None, &[]),
            (&[r#"a="1,2", b"#], Quotes::Strings, &[r#"a=\"1,2\""#, "b"]),
            (&[r#"a="1,2", b"#], Quotes::None, &[r#"a=\"1"#, r#"2\""#, "b"]),
            (&[r#"a="\",", b"#], Quotes::Strings, &[r#"a=\"\\\",\""#, "b"]),
            (&[r#""a\", W/"b,c""#], Quotes::Tags, &[r#"\"a\\\""#, r#"W/\"b,c\""#]),
            // Nothing ends the quote: it is an octet, and costs nobody else anything.
            (&[r#"a="1, b"#, "c"], Quotes::Strings, &[r#"a=\"1"#, "b", "c"]),
            (&[r#"a="1"#, r#"b="2""#], Quotes::Strings, &[r#"a=\"1"#, r#"b=\"2\""#]),
            (&[r#""\", "\", ""#], Quotes::Strings, &[r#"\"\\\", \"\\\", \""#]),
        ] {
            let lines = lines.iter().map(|line| line.as_bytes());
            assert_eq!(shown(members(lines, quotes)), expected);
        }
    }

    #[test]
    fn c2_a_member_that_is_no_text_costs_no_other_member() {
        let line: &[u8] = b"gzip, M\xc3\xbcnchen, br;x=\xff\xfe";
        let expected = ["gzip", r"M\xc3\xbcnchen", r"br;x=\xff\xfe"];
        assert_eq!(shown(members([line], Quotes::Strings)), expected);
    }

    #[test]
    fn a_parameter_that_is_none_costs_no_other_parameter() {
        let pairs = |member: &'static str| {
            let (head, pairs) = parameters(member.as_bytes());
            let shown = pairs.map(|pair| {
                pair.map_or("?".to_owned(), |Pair { name, value }| {
                    format!("{}={}", name.escape_ascii(), value.escape_ascii())
                })
            });
            (String::from_utf8_lossy(head).into_owned(), shown.collect::<Vec<_>>().join(" "))
        };
        for (member, head, expected) in [
            ("text/html", "text/html", ""),
            ("text/html ;\tcharset=\"UTF-8\"; q=0.5", "text/html", "charset=UTF-8 q=0.5"),
            ("a;b;c=d;;e=", "a", "? c=d ?"),
            ("a;b=\"x;\\\"y\\\\\";c=1", "a", r#"b=x;\"y\\ c=1"#),
            ("a;b=\"x\"y;c=1", "a", "? c=1"),
            ("a;b=\"x;c=1", "a", "? c=1"),
            ("a;b = 1;c d=2;=3;e=f g", "a", "? ? ? ?"),
            ("a;for=[2001:db8::1]:80", "a", "for=[2001:db8::1]:80"),
            (";b=1", "", "b=1"),
            ("", "", ""),
        ] {
            assert_eq!(pairs(member), (head.to_owned(), expected.to_owned()), "{member}");
        }
    }

    #[test]
    fn a_quoted_string_is_one_from_end_to_end() {
        for (text, expected) in [
            (r#""""#, Some("")),
            (r#""a b""#, Some("a b")),
            (r#""a\"b\\""#, Some(r#"a"b\"#)),
            (r#"""#, None),
            (r#""a\""#, None),
            (r#""a"b"#, None),
            ("a", None),
            ("", None),
        ] {
            let said = unquoted(text.as_bytes());
            assert_eq!(said.as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn a_long_line_of_open_quotes_is_read_once() {
        let line = b"\"\\".repeat(100_000);
        assert_eq!(members([&*line], Quotes::Strings).count(), 1);
    }
}
