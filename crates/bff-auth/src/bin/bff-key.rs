//! `bff-key`: issues, revokes and lists the API keys of a BFF.

use bff_auth::api_keys::{NewKey, issue, list, revoke};
use std::{
    env,
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

const USAGE: &str = "\
usage:
  bff-key issue --subject NAME --scope SCOPE.. [--expires 2027-05-01] --file keys.toml
  bff-key revoke ID --file keys.toml
  bff-key list --file keys.toml

`issue` prints the key once, on standard output; the file gets its hash. `--scope` may stand several
times. A key is refused from the beginning of the day of `--expires` on, in UTC. A running BFF reads
a changed file within two seconds.
";

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _told = writeln!(io::stderr(), "bff-key: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the words on the command line say.
#[derive(Default)]
struct Words {
    plain: Vec<String>,
    key: NewKey,
    file: Option<PathBuf>,
}

fn run(words: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let Words { plain, key, file } = read(words)?;
    let plain: Vec<_> = plain.iter().map(String::as_str).collect();
    let is_plain = key.subject.is_empty() && key.scopes.is_empty() && key.expires.is_none();
    let mut out = io::stdout();
    match (plain.as_slice(), file) {
        (["issue"], Some(file)) if !key.subject.is_empty() => {
            writeln!(out, "{}", issue(&file, key)?)?;
        }
        (["revoke", id], Some(file)) if is_plain => revoke(&file, id)?,
        (["list"], Some(file)) if is_plain => {
            for (id, entry) in list(&file)? {
                writeln!(out, "{id}  {entry}")?;
            }
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Words, String> {
    let mut read = Words::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value\n{USAGE}"));
        match word.as_str() {
            "--subject" => read.key.subject = value()?,
            "--scope" => read.key.scopes.push(value()?),
            "--expires" => read.key.expires = Some(value()?),
            "--file" => read.file = Some(value()?.into()),
            option if option.starts_with('-') => {
                return Err(format!("there is no option `{option}`\n{USAGE}"));
            }
            _ => read.plain.push(word),
        }
    }
    Ok(read)
}
