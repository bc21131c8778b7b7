//! Reads the OpenMetrics text that this process itself writes: families of samples, nothing interpreted.

use std::{borrow::Cow, mem};

/// Samples that belong together.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) help: &'a str,
    /// `seconds`, `bytes` or nothing.
    pub(super) unit: &'a str,
    /// `counter`, `gauge`, `histogram`, `info`.
    pub(super) kind: &'a str,
    pub(super) samples: Vec<Sample<'a>>,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Labels<'a>,
    pub(super) value: &'a str,
    pub(super) exemplar: Option<Example<'a>>,
}

/// A request that is an example of its bucket.
#[derive(Debug, PartialEq)]
pub(super) struct Example<'a> {
    pub(super) labels: Labels<'a>,
    pub(super) value: &'a str,
    /// Seconds since 1970; empty when unknown.
    pub(super) time: &'a str,
}

/// Names and values.
pub(super) type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// The families of an exposition, or the first line that is none of it.
pub(super) fn read(text: &str) -> Result<Vec<Family<'_>>, &str> {
    let mut families = Vec::new();
    let mut family = Family::default();
    for line in text.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            family.samples.push(sample(line).ok_or(line)?);
            continue;
        };
        if comment == "EOF" {
            break;
        }
        let mut parts = comment.splitn(3, ' ');
        let (what, name) = (parts.next(), parts.next().ok_or(line)?);
        if name != family.name {
            families.push(mem::replace(&mut family, Family { name, ..Family::default() }));
        }
        let text = parts.next().unwrap_or_default();
        match what {
            Some("HELP") => family.help = text,
            Some("TYPE") => family.kind = text,
            Some("UNIT") => family.unit = text,
            _ => return Err(line),
        }
    }
    families.push(family);
    families.retain(|family| !family.samples.is_empty());
    Ok(families)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let name = line.get(..line.find(['{', ' '])?)?;
    let (labels, rest) = labels(line.get(name.len()..)?)?;
    let (value, exemplar) = match rest.trim_start().split_once(" # ") {
        None => (rest.trim_start(), None),
        Some((value, about)) => (value, Some(example(about)?)),
    };
    Some(Sample { name, labels, value, exemplar })
}

fn example(text: &str) -> Option<Example<'_>> {
    let (labels, rest) = labels(text)?;
    let (value, time) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
    Some(Example { labels, value, time })
}

/// `{a="1",b="2"}` in front of `text`, if it begins so, and what follows.
fn labels(text: &str) -> Option<(Labels<'_>, &str)> {
    let mut labels = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return Some((labels, text)) };
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, quoted) = rest.split_once("=\"")?;
        let end = end_of(quoted)?;
        labels.push((name, unescaped(quoted.get(..end)?)));
        rest = quoted.get(end + 1..)?;
    }
}

/// Where the closing quote is.
fn end_of(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    quoted.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_read_with_labels_unit_and_exemplar() {
        let text = "# HELP bff_took How long.\n# TYPE bff_took histogram\n# UNIT bff_took seconds\n\
                    bff_took_sum{of=\"a\"} 0.5\n\
                    bff_took_bucket{le=\"+Inf\",of=\"a\"} 1 # {trace_id=\"0af7\"} 0.5 17.25\n\
                    # HELP bff_now Now.\n# TYPE bff_now gauge\nbff_now -3\n# EOF\n";
        let families = read(text).unwrap();
        let [took, now] = families.as_slice() else { panic!("{families:?}") };
        assert_eq!((took.name, took.kind, took.unit), ("bff_took", "histogram", "seconds"));
        let bucket = &took.samples[1];
        assert_eq!(bucket.labels, [("le", "+Inf".into()), ("of", "a".into())]);
        let example = bucket.exemplar.as_ref().unwrap();
        assert_eq!((bucket.value, example.value, example.time), ("1", "0.5", "17.25"));
        assert_eq!(example.labels, [("trace_id", "0af7".into())]);
        assert_eq!((now.help, now.samples[0].value), ("Now.", "-3"));
    }

    #[test]
    fn any_label_value_comes_back_as_it_was() {
        use prometheus_client::{
            encoding::text::encode,
            metrics::{counter::Counter, family::Family},
            registry::Registry,
        };
        let value = "a\"b\\c\nd} # {e=\"f\"} 1, g=\\\"";
        let counters = Family::<Vec<(String, String)>, Counter>::default();
        counters.get_or_create(&vec![("of".to_owned(), value.to_owned())]).inc_by(7);
        let mut registry = Registry::default();
        registry.register("things", "Things", counters);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let families = read(&text).unwrap();
        let sample = &families[0].samples[0];
        assert_eq!((sample.name, sample.value), ("things_total", "7"));
        assert_eq!(sample.labels, [("of", value.into())]);
    }

    #[test]
    fn what_is_no_exposition_is_named() {
        assert_eq!(read("# TYPE a counter\na_total{b=\"1} 2\n"), Err("a_total{b=\"1} 2"));
        assert_eq!(read("# NONSENSE a b\n"), Err("# NONSENSE a b"));
    }
}
