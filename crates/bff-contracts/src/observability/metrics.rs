//! Which metrics dashboards and rules ask for, against those that there are.

use std::collections::{BTreeMap, BTreeSet};

/// What `text`, a dashboard or rules, asks for and `exposition`, the metrics of a running BFF, does not
/// have: names, and labels of names.
#[must_use]
pub fn unknown(text: &str, exposition: &str) -> BTreeSet<String> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for sample in exposition.lines().filter(|line| !line.starts_with('#')) {
        let sample = sample.split(" # ").next().unwrap_or_default();
        let series = sample.rsplit_once(' ').map_or(sample, |(series, _)| series);
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        known.entry(name).or_default().extend(labels_in(labels));
    }
    // JSON writes its quotes with a backslash.
    let text = text.replace("\\\"", "\"");
    let mut unknown = BTreeSet::new();
    for (place, _) in text.match_indices("bff_") {
        let rest = text.get(place..).unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, after) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
        let Some(labels) = known.get(name) else {
            unknown.insert(name.to_owned());
            continue;
        };
        let selector = after.strip_prefix('{').and_then(|rest| rest.split('}').next());
        let own = ["job", "instance"];
        let asked = labels_in(selector.unwrap_or_default());
        let missing = asked.filter(|label| !own.contains(label) && !labels.contains(label));
        unknown.extend(missing.map(|label| format!("{name}{{{label}}}")));
    }
    unknown
}

/// `a="1",b=~"2"` as `a` and `b`.
fn labels_in(text: &str) -> impl Iterator<Item = &str> {
    let before_values = text.split('"').step_by(2);
    let names = before_values
        .map(|part| part.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    names.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_tells_is_named() {
        let told = "# TYPE bff_a counter\nbff_a_total{x=\"1\",y=\"a{b}\"} 3 # {trace_id=\"1\"} 0.1\nbff_b 1\n";
        let asked = "sum(rate(bff_a_total{job=\"j\",x=~\"1|2\"}[5m])) / bff_b and bff_c > bff_a_total{z=\"1\"}";
        let expected = ["bff_a_total{z}", "bff_c"].map(str::to_owned);
        assert_eq!(unknown(asked, told), BTreeSet::from(expected));
        assert_eq!(unknown(&asked.replace('"', "\\\""), told).len(), 2, "also inside of JSON");
    }
}
