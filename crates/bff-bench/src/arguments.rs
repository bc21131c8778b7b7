//! Command lines of the form `--name value --switch`.

use std::{env, fmt::Display, str::FromStr};

/// What follows `--name`, or the text itself as an error that says what is wrong.
///
/// # Errors
/// The value is missing where there is no default, or does not parse.
pub fn value<T: FromStr>(name: &str, default: Option<T>) -> Result<T, String>
where
    T::Err: Display,
{
    let mut arguments =
        env::args().skip_while(|argument| argument.strip_prefix("--") != Some(name));
    match (arguments.nth(1), default) {
        (Some(text), _) => text.parse().map_err(|error| format!("--{name} {text}: {error}")),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(format!("--{name} is missing")),
    }
}

/// Whether `--name` stands on the command line.
#[must_use]
pub fn has(name: &str) -> bool {
    env::args().any(|argument| argument.strip_prefix("--") == Some(name))
}
