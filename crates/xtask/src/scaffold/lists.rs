//! What cannot be a folder of its own: lines in the lists that cargo, kustomize, the endpoint table and
//! changelogs need. Every insertion has its removal, and the two together change nothing.

/// The section of a changelog for what no release has yet.
const UNRELEASED: &str = "## Unreleased";

/// A kustomization with one more resource.
///
/// # Errors
/// That it has no list of resources.
pub(super) fn with_resource(text: &str, file: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let head = lines.iter().position(|line| *line == "resources:").ok_or("no `resources:`")?;
    let behind = lines.iter().skip(head + 1).take_while(|line| line.starts_with("  - ")).count();
    let line = format!("  - {file}");
    lines.insert(head + 1 + behind, &line);
    Ok(joined(&lines))
}

/// A kustomization without a resource.
pub(super) fn without_resource(text: &str, file: &str) -> String {
    let line = format!("  - {file}");
    joined(&text.lines().filter(|other| *other != line).collect::<Vec<_>>())
}

/// A CODEOWNERS file with the team of a new BFF.
pub(super) fn with_owners(text: &str, name: &str) -> String {
    format!("{text}/*/{name}/ @{name}-team @platform-team\n")
}

/// A CODEOWNERS file without the line of a BFF, whichever team is on it.
pub(super) fn without_owners(text: &str, name: &str) -> String {
    let pattern = format!("/*/{name}/ ");
    joined(&text.lines().filter(|line| !line.starts_with(&pattern)).collect::<Vec<_>>())
}

/// A `Cargo.lock` with the package of a new BFF, as cargo would write it.
pub(super) fn with_package(lock: &str, name: &str, dependencies: &[&str]) -> String {
    let lines: String = dependencies.iter().map(|each| format!(" \"{each}\",\n")).collect();
    let package = format!("name = \"{name}\"\nversion = \"0.1.0\"\ndependencies = [\n{lines}]");
    let (head, mut packages) = packages(lock);
    packages.push(&package);
    packages.sort_by_key(|package| name_of(package));
    format!("{head}{PACKAGE}{}\n", packages.join(BETWEEN))
}

/// A `Cargo.lock` without a package.
pub(super) fn without_package(lock: &str, name: &str) -> String {
    let (head, mut packages) = packages(lock);
    packages.retain(|package| name_of(package) != name);
    format!("{head}{PACKAGE}{}\n", packages.join(BETWEEN))
}

const PACKAGE: &str = "[[package]]\n";
const BETWEEN: &str = "\n\n[[package]]\n";

/// What stands before the packages, and each of them without its heading.
fn packages(lock: &str) -> (&str, Vec<&str>) {
    let mut parts = lock.split(PACKAGE).map(|part| (part, part.trim_end()));
    (parts.next().unwrap_or_default().0, parts.map(|(_, package)| package).collect())
}

fn name_of(package: &str) -> &str {
    let line = package.lines().find_map(|line| line.strip_prefix("name = "));
    line.unwrap_or_default().trim_matches('"')
}

/// An endpoint table with one more module and its endpoint, still to be formatted.
///
/// # Errors
/// That it looks unlike an endpoint table.
pub(super) fn with_endpoint(table: &str, module: &str) -> Result<String, String> {
    let (head, listed, tail) = table_parts(table)?;
    let mut lines: Vec<&str> = head.lines().collect();
    let own = format!("mod {module};");
    let is_module = |line: &&str| line.starts_with("mod ") && line.ends_with(';');
    let after = lines.iter().rposition(|line| is_module(line) && **line < *own);
    let first = lines.iter().position(is_module);
    let at = after.map(|at| at + 1).or(first).ok_or("no `mod` to stand beside")?;
    lines.insert(at, &own);
    let comma = if listed.trim().is_empty() { "" } else { ", " };
    let listed = listed.trim().trim_end_matches(',');
    Ok(format!("{}{listed}{comma}{module}::endpoint(){tail}", lines.join("\n")))
}

/// An endpoint table without a module and its endpoint, still to be formatted.
///
/// # Errors
/// That it looks unlike an endpoint table, or does not have the endpoint.
pub(super) fn without_endpoint(table: &str, module: &str) -> Result<String, String> {
    let (head, listed, tail) = table_parts(table)?;
    let (own, entry) = (format!("mod {module};"), format!("{module}::endpoint()"));
    let entries: Vec<_> =
        listed.split(',').map(str::trim).filter(|each| !each.is_empty()).collect();
    if !entries.contains(&entry.as_str()) {
        return Err(format!("`{entry}` is not in the table"));
    }
    let entries: Vec<_> = entries.into_iter().filter(|each| *each != entry).collect();
    let lines: Vec<_> = head.lines().filter(|line| *line != own).collect();
    Ok(format!("{}{}{tail}", lines.join("\n"), entries.join(", ")))
}

/// A table up to its list, the list, and the rest.
fn table_parts(table: &str) -> Result<(&str, &str, &str), String> {
    let start = table.find("vec![").ok_or("no `vec![`")? + "vec![".len();
    let (head, rest) = table.split_at_checked(start).ok_or("no `vec![`")?;
    let (listed, tail) = rest.split_at_checked(rest.find(']').ok_or("no `]`")?).ok_or("no `]`")?;
    Ok((head, listed, tail))
}

/// A changelog with one more entry among what is not released.
///
/// # Errors
/// That it has no release either.
pub(super) fn with_entry(changelog: &str, entry: &str) -> Result<String, String> {
    let lines: Vec<&str> = changelog.lines().collect();
    let release = |line: &&str| line.starts_with("## ");
    let first = lines.iter().position(release).ok_or("no release")?;
    let (head, rest) = lines.split_at_checked(first).ok_or("no release")?;
    let entry = format!("- {entry}");
    if rest.first() != Some(&UNRELEASED) {
        return Ok(joined(&[head, &[UNRELEASED, "", &entry, ""], rest].concat()));
    }
    let next = rest.iter().skip(1).position(release);
    let end = next.map_or(rest.len(), |at| at + 1);
    let (own, older) = rest.split_at_checked(end).ok_or("no release")?;
    let kept = own.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    let own = own.get(..kept).unwrap_or_default();
    let blank: &[&str] = if own.len() == 1 { &[""] } else { &[] };
    let end: &[&str] = if older.is_empty() { &[] } else { &[""] };
    Ok(joined(&[head, own, blank, &[&entry], end, older].concat()))
}

/// A changelog without the unreleased entry that names `what`, if there is one.
pub(super) fn without_entry(changelog: &str, what: &str) -> Option<String> {
    let lines: Vec<&str> = changelog.lines().collect();
    let begin = lines.iter().position(|line| *line == UNRELEASED)?;
    let own = lines.iter().enumerate().skip(begin + 1);
    let end =
        own.clone().find(|(_, line)| line.starts_with("## ")).map_or(lines.len(), |(at, _)| at);
    let entries: Vec<_> = own
        .take(end - begin - 1)
        .filter(|(_, line)| line.starts_with("- "))
        .map(|(at, _)| at)
        .collect();
    let until = |at: usize| {
        let lines = lines.iter().enumerate().skip(at + 1);
        lines.clone().find(|(_, line)| !line.starts_with("  ")).map_or(end, |(at, _)| at)
    };
    let names =
        |at: &&usize| lines.get(**at..until(**at)).is_some_and(|e| e.concat().contains(what));
    let at = *entries.iter().find(names)?;
    // The blank line that stands before the first entry goes with the last one.
    let from = if entries.len() == 1 { begin + 1 } else { at };
    Some(joined(&[lines.get(..from)?, lines.get(until(at)..)?].concat()))
}

fn joined(lines: &[&str]) -> String {
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_comes_last_and_goes_again() {
        let text = "resources:\n  - mobile.yaml\n  - web.yaml\npatches:\n  - path: x\n";
        let more = with_resource(text, "tv.yaml").unwrap();
        assert!(more.contains("  - web.yaml\n  - tv.yaml\npatches:"), "{more}");
        assert_eq!(without_resource(&more, "tv.yaml"), text);
        assert!(with_resource("kind: x\n", "tv.yaml").is_err());
    }

    #[test]
    fn an_owner_is_added_and_removed_also_under_another_name() {
        let text = "* @platform-team\n/*/tv-box/ @tv-team\n";
        let more = with_owners(text, "tv");
        assert!(more.ends_with("/*/tv-box/ @tv-team\n/*/tv/ @tv-team @platform-team\n"), "{more}");
        assert_eq!(without_owners(&more, "tv"), text);
        assert_eq!(without_owners(&more.replace("/tv/ @tv-team", "/tv/ @living-room"), "tv"), text);
    }

    #[test]
    fn a_package_stands_in_its_order_and_goes_again() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1\"\n\n[[package]]\nname = \"c\"\nversion = \"1\"\n";
        let more = with_package(lock, "b", &["a"]);
        let names: Vec<_> = more.lines().filter(|line| line.starts_with("name")).collect();
        assert_eq!(names, ["name = \"a\"", "name = \"b\"", "name = \"c\""]);
        assert_eq!(without_package(&more, "b"), lock);
    }

    #[test]
    fn an_endpoint_joins_the_table_and_leaves_it() {
        let table = "//! T.\n\nmod home;\nmod product;\n\nfn all() { vec![home::endpoint(), product::endpoint()] }\n";
        let more = with_endpoint(table, "orders").unwrap();
        assert!(more.contains("mod home;\nmod orders;\nmod product;"), "{more}");
        assert!(more.contains("product::endpoint(), orders::endpoint()]"), "{more}");
        assert_eq!(without_endpoint(&more, "orders").unwrap(), table);
        assert!(with_endpoint(table, "a").unwrap().contains("mod a;\nmod home;"));
        assert!(without_endpoint(table, "orders").is_err());
    }

    #[test]
    fn an_entry_is_unreleased_and_goes_again() {
        let released = "# C\n\nIntro.\n\n## 0.1.0\n\n- added: x.\n";
        let more = with_entry(released, "added: (`a/1`): y.").unwrap();
        assert!(more.contains("## Unreleased\n\n- added: (`a/1`): y.\n\n## 0.1.0"), "{more}");
        // The heading stays: it is where the next line goes.
        let headed = released.replace("## 0.1.0", "## Unreleased\n\n## 0.1.0");
        assert_eq!(without_entry(&more, "`a/1`").unwrap(), headed);
        assert_eq!(with_entry(&headed, "added: (`a/1`): y.").unwrap(), more);
        let two = with_entry(&more, "added: (`b/1`): z.").unwrap();
        assert!(two.contains("`a/1`): y.\n- added: (`b/1`): z.\n\n## 0.1.0"), "{two}");
        assert_eq!(without_entry(&two, "`b/1`").unwrap(), more);
        assert_eq!(without_entry(released, "x."), None);
    }

    #[test]
    fn an_entry_joins_a_changelog_without_releases() {
        let text = "# C\n\n## Unreleased\n\n- added: x.\n";
        let more = with_entry(text, "added: (`a/1`): y.").unwrap();
        assert_eq!(more, "# C\n\n## Unreleased\n\n- added: x.\n- added: (`a/1`): y.\n");
        assert_eq!(without_entry(&more, "`a/1`").unwrap(), text);
    }
}
