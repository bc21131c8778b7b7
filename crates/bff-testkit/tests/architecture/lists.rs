//! Nothing outside `bffs/` lists the BFFs: a new one is found by its directory and its contracts.

use crate::workspace::{File, Package};

const ADVICE: &str = "this lists BFFs by hand; read the directories `bffs/*`, or `contracts/`";

/// The directory names of the BFFs.
fn bffs(packages: &[Package]) -> Vec<&str> {
    let folders = packages.iter().filter_map(|package| package.manifest.strip_prefix("bffs/"));
    folders.filter_map(|folder| folder.split('/').next()).collect()
}

/// A source, or a paragraph of anything else, that names two of them lists them. Tests and comments may.
fn lists(file: &File, bffs: &[&str]) -> Option<String> {
    let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let is_source = file.path.ends_with(".rs");
    let parts: Vec<&str> = if is_source { vec![code] } else { code.split("\n\n").collect() };
    let named_in = |part: &str| {
        let lines: Vec<_> = part.lines().filter(|line| !is_comment(line)).collect();
        let is_named = |bff: &&&str| lines.iter().any(|line| names(line, bff));
        bffs.iter().filter(is_named).copied().collect::<Vec<_>>()
    };
    let named = parts.into_iter().map(named_in).find(|named| named.len() > 1)?;
    Some(format!("{}: {}: {ADVICE}", file.path, named.join(", ")))
}

fn names(line: &str, bff: &str) -> bool {
    let ways = [format!("\"{bff}\""), format!("bff-{bff}"), format!("{bff}-bff")];
    ways.iter().any(|way| line.contains(way)) || line.contains(&format!("bffs/{bff}"))
}

fn is_comment(line: &str) -> bool {
    ["//", "#"].iter().any(|mark| line.trim_start().starts_with(mark))
}

fn is_tool(file: &File) -> bool {
    let mut parts = file.path.split('/');
    parts.next() == Some("crates") && parts.nth(1) == Some("src") && !file.path.contains("tests")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn no_tool_lists_the_bffs() {
        let (packages, sources) = (workspace::packages().unwrap(), workspace::sources().unwrap());
        let bffs = bffs(&packages);
        assert!(bffs.len() >= 3, "{bffs:?}");
        let tools: Vec<_> = sources.iter().filter(|file| is_tool(file)).collect();
        for known in ["crates/xtask/src/lib.rs", "crates/bff-dev/src/bin/bff-dev/main.rs"] {
            assert!(tools.iter().any(|file| file.path == known), "{known} was not read");
        }
        let top = [workspace::top_manifest().unwrap(), workspace::file("Makefile").unwrap()];
        let all = tools.into_iter().chain(&top);
        let violations: Vec<_> = all.filter_map(|file| lists(file, &bffs)).collect();
        assert_eq!(violations, [""; 0]);
    }

    #[test]
    fn a_list_of_bffs_is_refused_however_they_are_named() {
        let bffs = ["mobile", "web"];
        for text in [
            "const BFFS: [&str; 2] = [\"mobile\", \"web\"];",
            "\tcargo build -p bff-mobile -p bff-web\n",
            "bff-mobile = { path = \"bffs/mobile\" }\nbff-web = { path = \"bffs/web\" }",
            "start(\"mobile-bff\");\nstart(\"web-bff\");",
        ] {
            let violation = lists(&file(text), &bffs).unwrap_or_default();
            assert!(violation.starts_with("Makefile: mobile, web: this lists BFFs"), "{text}");
        }
        for text in [
            "a:\n\tcargo build -p bff-mobile\n\nb:\n\tcargo build -p bff-web",
            "// mobile-bff and web-bff",
            "\"webmobile\"",
        ] {
            assert_eq!(lists(&file(text), &bffs), None, "{text}");
        }
    }

    fn file(text: &str) -> File {
        File { path: "Makefile".to_owned(), text: text.to_owned() }
    }
}
