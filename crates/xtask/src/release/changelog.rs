//! The changelog of a BFF: entries gather under `## Unreleased`, and a release gives them a version
//! and a date.

const UNRELEASED: &str = "## Unreleased";
const KINDS: [&str; 4] = ["breaking", "added", "changed", "fixed"];

/// The entries under `## Unreleased`; `None` where there is no such heading.
pub(super) fn unreleased(text: &str) -> Option<&str> {
    let (_, below) = split(text)?;
    let end = below.find("\n## ").map_or(below.len(), |at| at + 1);
    below.get(..end).map(str::trim)
}

/// The text with the unreleased entries under a version and a date, and room for the next ones.
pub(super) fn released(text: &str, version: &str, date: &str) -> Option<String> {
    let (above, below) = split(text)?;
    let below = below.trim_start_matches('\n');
    Some(format!("{above}{UNRELEASED}\n\n## {version} - {date}\n\n{below}"))
}

/// The first lines of entries that are of no known kind.
pub(super) fn of_no_kind(entries: &str) -> Vec<&str> {
    let is_known = |line: &str| KINDS.iter().any(|kind| is_of(line, kind));
    heads(entries).filter(|line| !is_known(line)).collect()
}

/// Whether something breaks clients.
pub(super) fn breaks(entries: &str) -> bool {
    heads(entries).any(|line| is_of(line, "breaking"))
}

/// An entry begins with `- `; its further lines are indented.
fn heads(entries: &str) -> impl Iterator<Item = &str> {
    entries.lines().filter(|line| !line.is_empty() && !line.starts_with(' '))
}

fn is_of(line: &str, kind: &str) -> bool {
    let said = line.strip_prefix("- ").and_then(|said| said.strip_prefix(kind));
    said.is_some_and(|rest| rest.starts_with(": "))
}

/// What stands above the heading, and what below it.
fn split(text: &str) -> Option<(&str, &str)> {
    let at = text.match_indices(UNRELEASED).map(|(at, _)| at).find(|at| {
        let (above, below) = text.split_at(*at);
        let rest = below.strip_prefix(UNRELEASED).unwrap_or_default();
        above.ends_with('\n') && (rest.is_empty() || rest.starts_with('\n'))
    })?;
    let (above, below) = text.split_at(at);
    Some((above, below.strip_prefix(UNRELEASED)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changes\n\nLines go under `## Unreleased`.\n\n## Unreleased\n\n\
                        - added: a page,\n  in two lines.\n- breaking: another.\n\n\
                        ## 0.1.0\n\n- added: all.\n";

    #[test]
    fn what_is_not_released_gets_a_version_and_a_date() {
        assert_eq!(
            released(TEXT, "0.2.0", "2026-01-31").unwrap(),
            "# Changes\n\nLines go under `## Unreleased`.\n\n## Unreleased\n\n\
             ## 0.2.0 - 2026-01-31\n\n- added: a page,\n  in two lines.\n- breaking: another.\n\n\
             ## 0.1.0\n\n- added: all.\n"
        );
    }

    #[test]
    fn only_what_stands_under_the_heading_counts() {
        assert_eq!(
            unreleased(TEXT),
            Some("- added: a page,\n  in two lines.\n- breaking: another.")
        );
        assert_eq!(unreleased("## Unreleased yet\n- added: x\n"), None);
        assert_eq!(unreleased("#\n## Unreleased\n\n## 0.1.0\n\n- added: all.\n"), Some(""));
        assert_eq!(unreleased("#\n## Unreleased"), Some(""));
    }

    #[test]
    fn entries_say_whether_they_break() {
        assert!(breaks("- added: x\n- breaking: y"));
        assert!(!breaks("- added: nothing is\n  - breaking: here"));
        let entries = "- added: x\n- Breaking: y\n- removed: z\n  more\nprose\n- fixed:w";
        assert_eq!(of_no_kind(entries), ["- Breaking: y", "- removed: z", "prose", "- fixed:w"]);
    }
}
