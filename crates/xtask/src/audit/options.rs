//! The arguments, read by hand: there are few, and each is a word.

use super::live::Live;
use std::path::PathBuf;

const USAGE: &str = "\
usage: cargo xtask audit [--json] [--root DIRECTORY]
       cargo xtask audit --live URL [--redis URL] [--bff NAME] [--bearer TOKEN] [--cookie COOKIE]
                         [--parameter NAME=VALUE]... [--json] [--root DIRECTORY]

Reads the BFFs' sources, configuration and contracts, or asks a running BFF at its public URL.
0: nothing found; 1: findings; 2: it could not look.";

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) json: bool,
    /// Where `bffs/`, `contracts/` and `deploy/` are; this workspace unless said otherwise.
    pub(crate) root: Option<PathBuf>,
    pub(crate) live: Option<Live>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut words = arguments.iter().map(String::as_str);
        let (mut options, mut live, mut is_live) = (Self::default(), Live::default(), false);
        while let Some(word) = words.next() {
            let mut value =
                || words.next().map(str::to_owned).ok_or(format!("{word} needs a value\n{USAGE}"));
            match word {
                "--json" => options.json = true,
                "--root" => options.root = Some(value()?.into()),
                "--live" => (is_live, live.url) = (true, value()?),
                "--redis" => live.redis = Some(value()?),
                "--bff" => live.bff = Some(value()?),
                "--bearer" => live.headers.push(bearer(&value()?)),
                "--cookie" => live.headers.push(("cookie".to_owned(), value()?)),
                "--parameter" => live.parameters.push(pair(&value()?)?),
                other => return Err(format!("{other}: no such option\n{USAGE}")),
            }
        }
        options.live = is_live.then_some(live);
        Ok(options)
    }
}

fn bearer(token: &str) -> (String, String) {
    ("authorization".to_owned(), format!("Bearer {token}"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or(format!("{text}: write NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_asked_for_is_understood() {
        let options = parse("--live http://x:1 --parameter id=p-1 --bearer t --json").unwrap();
        let live = options.live.unwrap();
        assert!(options.json);
        assert_eq!((live.url.as_str(), live.redis), ("http://x:1", None));
        assert_eq!(live.parameters, [("id".to_owned(), "p-1".to_owned())]);
        assert_eq!(live.headers, [("authorization".to_owned(), "Bearer t".to_owned())]);
        assert!(parse("").unwrap().live.is_none());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_usage() {
        for line in ["build", "--live", "--fast", "--parameter id"] {
            let why = parse(line).unwrap_err();
            assert!(why.contains("usage:") || why.contains("NAME=VALUE"), "{line}: {why}");
        }
    }
}
