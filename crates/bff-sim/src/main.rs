//! Simulates, and writes `report.html` and `report.json` into `target/sim`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program says what it does"
)]

use bff_sim::{Report, Result, Size};
use std::{env, fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bff-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).map(Path::to_owned);
    let folder = target.ok_or("this program is not in a target directory")?.join("sim");
    let report = Report::of(Size::Full)?;
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("report.json"), report.json()?)?;
    let page = folder.join("report.html");
    fs::write(&page, report.html())?;
    print!("{}", report.summary());
    println!("\n{}", page.display());
    Ok(())
}
