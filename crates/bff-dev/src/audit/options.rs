//! The arguments of `bff-audit`.

use super::Live;
use std::path::PathBuf;

const USAGE: &str = "\
usage: cargo xtask audit --live URL [--redis URL] [--bff NAME] [--bearer TOKEN] [--cookie COOKIE]
                         [--parameter NAME=VALUE]... [--json] [--root DIRECTORY]

Asks a running BFF at its public URL, and looks at what is in its Redis.
0: nothing found; 1: findings; 2: it could not look.";

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) json: bool,
    /// Where `contracts/` is; this workspace unless said otherwise.
    pub(super) root: Option<PathBuf>,
    pub(super) live: Live,
}

impl Options {
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut words = arguments.iter().map(String::as_str);
        let mut options = Self::default();
        let live = &mut options.live;
        while let Some(word) = words.next() {
            let mut value =
                || words.next().map(str::to_owned).ok_or(format!("{word} needs a value\n{USAGE}"));
            match word {
                "--json" => options.json = true,
                "--root" => options.root = Some(value()?.into()),
                "--live" => live.url = value()?,
                "--redis" => live.redis = Some(value()?),
                "--bff" => live.bff = Some(value()?),
                "--bearer" => live.headers.push(bearer(&value()?)),
                "--cookie" => live.headers.extend(session(value()?)),
                "--parameter" => live.parameters.push(pair(&value()?)?),
                other => return Err(format!("{other}: no such option\n{USAGE}")),
            }
        }
        if options.live.url.is_empty() { Err(USAGE.to_owned()) } else { Ok(options) }
    }
}

/// A session is asked for its pages with the header that no other site can send.
fn session(cookie: String) -> [(String, String); 2] {
    [("cookie".to_owned(), cookie), ("x-csrf".to_owned(), "1".to_owned())]
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
    fn the_arguments_are_read() {
        let options = parse("--live http://x:1 --parameter id=p-1 --bearer t --json").unwrap();
        let live = options.live;
        assert!(options.json);
        assert_eq!((live.url.as_str(), live.redis), ("http://x:1", None));
        assert_eq!(live.parameters, [("id".to_owned(), "p-1".to_owned())]);
        assert_eq!(live.headers, [("authorization".to_owned(), "Bearer t".to_owned())]);
    }

    #[test]
    fn a_cookie_comes_with_the_header_against_forged_requests() {
        let live = parse("--live http://x:1 --cookie s=1").unwrap().live;
        let headers = [("cookie", "s=1"), ("x-csrf", "1")];
        assert_eq!(live.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_usage() {
        for line in ["", "build", "--live", "--live http://x:1 --fast", "--parameter id"] {
            let why = parse(line).unwrap_err();
            assert!(why.contains("usage:") || why.contains("NAME=VALUE"), "{line}: {why}");
        }
    }
}
