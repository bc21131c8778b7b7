//! The arguments, read by hand: there are few, and each is a word.

use std::path::PathBuf;

const USAGE: &str = "\
usage: cargo xtask audit [--json] [--root DIRECTORY]
       cargo xtask audit --live URL ...

Reads the BFFs' sources, configuration and contracts, or asks a running BFF at its public URL; `--live` alone says how.
0: nothing found; 1: findings; 2: it could not look.";

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) json: bool,
    /// Where `bffs/`, `contracts/` and `deploy/` are; this workspace unless said otherwise.
    pub(crate) root: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut words = arguments.iter().map(String::as_str);
        let mut options = Self::default();
        while let Some(word) = words.next() {
            let mut value =
                || words.next().map(str::to_owned).ok_or(format!("{word} needs a value\n{USAGE}"));
            match word {
                "--json" => options.json = true,
                "--root" => options.root = Some(value()?.into()),
                other => return Err(format!("{other}: no such option\n{USAGE}")),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_arguments_are_read() {
        let options = parse("--json --root somewhere").unwrap();
        assert!(options.json);
        assert_eq!(options.root, Some("somewhere".into()));
        assert!(parse("").unwrap().root.is_none());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_usage() {
        for line in ["build", "--fast", "--root"] {
            let why = parse(line).unwrap_err();
            assert!(why.contains("usage:"), "{line}: {why}");
        }
    }
}
