//! The benchmark's driver: starts services and contenders, loads them in turns, writes what it saw.
//!
//!     bff-bench [--quick] [--rounds N] [--seconds S] [--only home,fan] [--contenders ours,floor] [--render]
//!
//! Scenarios: home, rate, delay5, delay20, hang, cached, fan, workers, overload. `--render` measures nothing and makes the page
//! anew from report.json.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program says what it does"
)]

mod bench;
mod children;
mod contender;
mod fixtures;
mod html;
mod launch;
mod load;
mod machine;
mod node;
mod pages;
mod pins;
mod plots;
mod procfs;
mod report;
mod scenarios;
mod sink;
mod summary;

use bff_bench::arguments;
use report::Report;
use std::{error::Error, fs, process::ExitCode};

/// Whatever can go wrong ends the run, with its text.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            children::stop_all();
            eprintln!("bff-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let directory = fixtures::directory();
    // A look at a part does not replace the last whole run.
    let is_part = arguments::has("only") || arguments::has("contenders");
    let name = directory.join(if is_part { "part" } else { "report" });
    let (json, page) = (name.with_extension("json"), name.with_extension("html"));
    let report: Report = if arguments::has("render") {
        serde_json::from_slice(&fs::read(&json)?)?
    } else {
        children::stop_on_signals()?;
        let report = scenarios::run(&bench::Bench::prepare()?)?;
        fs::write(&json, serde_json::to_vec_pretty(&report)?)?;
        report
    };
    fs::write(&page, html::render(&report))?;
    summary::print(&report);
    println!("\n{}\n{}", json.display(), page.display());
    Ok(())
}
