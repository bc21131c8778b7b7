//! `bff-audit`: audits a running BFF; `cargo xtask audit --live` runs it.
#![forbid(unsafe_code)]

use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (text, code) = match bff_dev::audit::run(&arguments) {
        Ok(outcome) => (outcome.text, u8::from(!outcome.is_good)),
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            return ExitCode::from(2);
        }
    };
    // A reader who leaves early, such as `head`, is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(code)
}
