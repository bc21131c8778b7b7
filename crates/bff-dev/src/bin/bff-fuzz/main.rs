//! `make fuzz-api`: every BFF in `bffs/` as its own binary on free ports with sample services behind
//! it, and schemathesis in front, which makes requests out of `contracts/<bff>/openapi.json`.
//!
//! `bff-fuzz SCHEMATHESIS [ARGUMENT]...` ends with 0 when every BFF answers as its document says.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod stage;

use bff_contracts::workspace;
use bff_dev::declared::Declared;
use stage::{Stage, Visitor};
use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What a document cannot say about its answers, and that redirects are looked at, not followed.
const CONFIGURATION: &str = "src/bin/bff-fuzz/schemathesis.toml";
const HOOKS: &str = "src/bin/bff-fuzz/hooks.py";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((program, more)) = arguments.split_first() else {
        eprintln!("usage: bff-fuzz SCHEMATHESIS [ARGUMENT]...");
        return ExitCode::FAILURE;
    };
    match run(Path::new(program), more) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bff-fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fuzzes the BFFs one after the other. Whether all of them answer as their documents say.
fn run(program: &Path, more: &[String]) -> Result<bool, Box<dyn Error>> {
    let root = workspace::root();
    let (root, program) = (found(&root)?, found(program)?);
    let mut summary = Vec::new();
    for bff in Declared::all(&root)? {
        let stage = Stage::start(&bff)?;
        for visitor in stage.visitors(&bff)? {
            let is_good = fuzz(&root, &program, &bff, &stage, &visitor, more)?;
            summary.push((is_good, format!("{}, {}", bff.name, visitor.name)));
        }
    }
    for (is_good, who) in &summary {
        println!("{who}: {}", if *is_good { "as documented" } else { "not as documented" });
    }
    Ok(!summary.is_empty() && summary.iter().all(|(is_good, _)| *is_good))
}

fn fuzz(
    root: &Path,
    program: &Path,
    bff: &Declared,
    stage: &Stage,
    visitor: &Visitor,
    more: &[String],
) -> io::Result<bool> {
    println!("\n{}, {}: http://{}", bff.name, visitor.name, stage.address);
    let document = root.join("contracts").join(&bff.name).join("openapi.json");
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut fuzzer = Command::new(program);
    // It keeps notes about failures where it runs.
    fuzzer.current_dir(root.join("target"));
    fuzzer.env("SCHEMATHESIS_HOOKS", own.join(HOOKS));
    fuzzer.arg("--config-file").arg(own.join(CONFIGURATION));
    fuzzer.arg("run").arg(&document).arg("--url").arg(format!("http://{}", stage.address));
    let status = fuzzer.args(&visitor.arguments).args(more).status();
    Ok(status.map_err(|error| wrong(program, &error))?.success())
}

fn found(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
