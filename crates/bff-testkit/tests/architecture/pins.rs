//! The tools that the Makefile pins say where their versions come from, so that renovate.json finds them.

use crate::workspace::File;

const SOURCES: [&str; 3] = ["crate", "npm", "pypi"];

/// The names of variables that hold a version, with the line above each.
fn pins(makefile: &File) -> impl Iterator<Item = (usize, &str, &str)> {
    let pairs = makefile.text.lines().zip(makefile.text.lines().skip(1)).enumerate();
    pairs.filter_map(|(n, (above, line))| {
        let (name, value) = line.split_once(" := ")?;
        let is_version = value.split('.').count() == 3
            && value.split('.').all(|part| part.parse::<u32>().is_ok());
        is_version.then_some((n + 2, name, above))
    })
}

fn without_source(makefile: &File) -> Vec<String> {
    let has_source = |above: &str| {
        let words = above.strip_prefix("# renovate: datasource=");
        words.and_then(|words| words.split_once(" depName=")).is_some_and(|(source, name)| {
            SOURCES.contains(&source) && !name.is_empty() && !name.contains(' ')
        })
    };
    let lost = pins(makefile).filter(|(_, _, above)| !has_source(above));
    let advice = "write `# renovate: datasource=.. depName=..` on the line above";
    lost.map(|(n, name, _)| format!("{}:{n}: `{name}` is never updated: {advice}", makefile.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_pinned_tool_is_found_by_renovate() {
        let makefile = workspace::file("Makefile").unwrap();
        assert!(pins(&makefile).count() > 5, "no versions were found");
        assert_eq!(without_source(&makefile), [""; 0]);
        let renovate = workspace::file("renovate.json").unwrap();
        let renovate: serde_json::Value = serde_json::from_str(&renovate.text).unwrap();
        let pattern = renovate["customManagers"][0]["matchStrings"][0].as_str().unwrap();
        assert!(pattern.starts_with("# renovate: datasource=(?<datasource>"), "{pattern}");
    }

    #[test]
    fn a_version_without_a_source_is_refused() {
        for (text, violations) in [
            ("# renovate: datasource=pypi depName=zizmor\nZIZMOR := 1.2.3\n", 0),
            ("# renovate: datasource=npm depName=@a/b\nB := 1.2.3\nBASE := main\n", 0),
            ("# Pinned.\nZIZMOR := 1.2.3\n", 1),
            ("# renovate: datasource=pipi depName=zizmor\nZIZMOR := 1.2.3\n", 1),
            ("# renovate: datasource=npm depName=a\nA := 1.0.0\nB := 1.0.0\n", 1),
        ] {
            let makefile = File { path: "Makefile".to_owned(), text: text.to_owned() };
            assert_eq!(without_source(&makefile).len(), violations, "{text}");
        }
    }
}
