//! `cargo xtask`: the commands of this workspace that are more than one line.
#![forbid(unsafe_code)]

use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (text, code) = match xtask::run(&arguments) {
        Ok(outcome) => (outcome.text, u8::from(!outcome.is_good)),
        Err(why) => (format!("{why}\n"), 2),
    };
    // A reader who leaves early, such as `head`, is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(code)
}
