//! Counts instructions and allocations of the hot path and compares them with the baselines.
//!
//!     bff-counts-check            fails when a count grew by more than 5 %
//!     bff-counts-check baseline   accepts the counts as they are
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program says what it does"
)]

use bff_counts::{Comparison, Counts, TOLERANCE_PERCENT};
use std::{
    env,
    error::Error,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// The runner has to be of the version of the library, which stands in the top manifest.
const RUNNER: (&str, &str) = ("gungraun-runner", "0.20.0");

const BASELINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baselines.json");

/// Whatever can go wrong ends the run, with its text.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = match env::args().nth(1).as_deref() {
        None => check(),
        Some("baseline") => accept(),
        Some(other) => Err(format!("unknown argument `{other}`; use none, or `baseline`").into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bff-counts-check: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<()> {
    let baselines = Counts::from_json(&fs::read_to_string(BASELINES)?)?;
    let now = count()?;
    let comparison = Comparison::of(&baselines, &now);
    println!("{comparison}");
    compare_with_plain(&now);
    if comparison.fails() {
        let advice = "find out why, or accept the counts with `make bench-baseline` and say why";
        return Err(format!(
            "a count is more than {TOLERANCE_PERCENT} % above its baseline, or has none: {advice}"
        )
        .into());
    }
    if comparison.has_better() {
        println!("Some counts are lower: `make bench-baseline` keeps them so.");
    }
    Ok(())
}

fn accept() -> Result<()> {
    let now = count()?;
    let before = fs::read_to_string(BASELINES).unwrap_or_else(|_| "{}".to_owned());
    println!("{}", Comparison::of(&Counts::from_json(&before)?, &now));
    compare_with_plain(&now);
    fs::write(BASELINES, now.to_json())?;
    Ok(())
}

/// The whole page with its calls, against what one would write in an afternoon.
fn compare_with_plain(now: &Counts) {
    for figure in ["allocations", "bytes"] {
        if let (Some(ours), Some(plain)) =
            (now.get("ours_whole", figure), now.get("plain_whole", figure))
        {
            let ratio = ours as f64 / plain as f64;
            println!("home page, {figure}: ours {ours}, plain awc and serde {plain}: {ratio:.2} x");
        }
    }
}

fn count() -> Result<Counts> {
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !valgrind.is_ok_and(|status| status.success()) {
        let what = "valgrind does not run here, and it counts the instructions";
        return Err(
            format!("{what}: install the package `valgrind` (Debian, Ubuntu, Fedora)").into()
        );
    }
    let path = path_with(&runner()?)?;
    let mut counts = Counts::default();
    counts.add_gungraun(&bench("instructions", &["--output-format=json"], &path)?)?;
    counts.add_allocations(&bench("allocations", &[], &path)?)?;
    Ok(counts)
}

/// The folder of the runner, which is installed into `target/tools` when it is missing.
fn runner() -> Result<PathBuf> {
    let target = env::current_exe()?.ancestors().nth(2).map(Path::to_owned);
    let tools = target.ok_or("this program is not in a target directory")?.join("tools");
    let folder = tools.join("bin");
    let (name, version) = RUNNER;
    let found = Command::new(folder.join(name)).arg("--version").output();
    if found.is_ok_and(|found| found.stdout == format!("{name} {version}\n").as_bytes()) {
        return Ok(folder);
    }
    eprintln!("installing {name} {version} into {}", tools.display());
    let root = tools.as_os_str();
    let mut install = cargo();
    install.args(["install", name, "--version", version, "--locked", "--root"]).arg(root);
    if install.status()?.success() {
        Ok(folder)
    } else {
        Err(format!("cargo could not install {name} {version}").into())
    }
}

/// What a bench says on its standard output.
fn bench(name: &str, arguments: &[&str], path: &OsString) -> Result<String> {
    let mut bench = cargo();
    bench.args(["bench", "--quiet", "--package", "bff-counts", "--bench", name, "--"]);
    let output = bench.args(arguments).env("PATH", path).stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("the bench `{name}` failed: {}", String::from_utf8_lossy(&output.stdout))
            .into())
    }
}

/// The benches look for their runner on the search path.
fn path_with(folder: &Path) -> Result<OsString> {
    let others = env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()].into_iter().chain(env::split_paths(&others));
    Ok(env::join_paths(folders)?)
}

fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}
