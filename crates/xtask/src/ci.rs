//! `cargo xtask ci`: what CI does about a change, here. The hosted workflow runs the same commands,
//! one job per BFF.

use crate::{
    Outcome,
    affected::{self, Plan, Since, Workspace},
};
use std::{
    fmt,
    io::{self, Write},
    path::Path,
    process::Command,
};

const USAGE: &str = "\
usage: cargo xtask ci (--base REVISION | --all) [--plan]
       cargo xtask ci --crate NAME [--crate NAME]... [--plan]

Format, lints, tests and documentation of what changed, then what holds for the whole tree.
--crate checks these crates and nothing else; --plan only says what would be run.";

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    program: &'static str,
    arguments: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
}

/// Runs the command; each step is printed before.
///
/// # Errors
/// What is wrong with the arguments, what git or cargo say, or what could not be started.
pub fn run(root: &Path, arguments: &[String]) -> Result<Outcome, String> {
    let (mut since, mut crates, mut only_plan) = (None, Vec::new(), false);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--plan" => only_plan = true,
            "--crate" => crates.push(words.next().ok_or(USAGE)?.to_owned()),
            _ => since = Some(Since::parse(word, &mut words).ok_or(USAGE)?),
        }
    }
    let workspace = Workspace::read(root)?;
    let plan = match since {
        Some(since) if crates.is_empty() => affected::plan(root, &since)?,
        None if !crates.is_empty() => of_crates(&workspace, crates)?,
        _ => return Err(USAGE.to_owned()),
    };
    let steps = steps(&plan, &workspace);
    if only_plan {
        let text = steps.iter().map(|step| format!("{step}\n")).collect::<String>();
        return Ok(Outcome { text: format!("{plan}{text}"), is_good: true });
    }
    if steps.is_empty() {
        return Ok(Outcome { text: "ci: nothing to check\n".to_owned(), is_good: true });
    }
    say(&plan);
    perform(&plan, &steps, |step| {
        say(&format!("+ {step}"));
        step.run(root)
    })
}

/// One step after the other, until one fails.
///
/// # Errors
/// What `run` could not do.
pub fn perform(
    plan: &Plan,
    steps: &[Step],
    mut run: impl FnMut(&Step) -> Result<bool, String>,
) -> Result<Outcome, String> {
    for step in steps {
        if !run(step)? {
            return Ok(Outcome { text: format!("ci: failed: {step}\n"), is_good: false });
        }
    }
    let text = format!("ci: {} steps passed\n{}", steps.len(), left(plan));
    Ok(Outcome { text, is_good: true })
}

fn of_crates(workspace: &Workspace, names: Vec<String>) -> Result<Plan, String> {
    match names.iter().find(|name| !workspace.names().contains(name.as_str())) {
        Some(unknown) => Err(format!("{unknown}: the workspace has no such crate")),
        None => Ok(Plan { packages: names, ..Plan::default() }),
    }
}

/// What is run about a plan.
#[must_use]
pub fn steps(plan: &Plan, workspace: &Workspace) -> Vec<Step> {
    let mut steps = Vec::new();
    if !plan.packages.is_empty() {
        let (packages, formatted) = match plan.everything {
            true => (vec!["--workspace".to_owned()], vec!["--all".to_owned()]),
            false => (chosen(&plan.packages), chosen(&plan.packages)),
        };
        let cargo = |first: &[&str], packages: &[String], last: &[&str]| {
            let words = first.iter().copied().chain(packages.iter().map(String::as_str));
            Step::new("cargo", words.chain(last.iter().copied()))
        };
        let denied = ["--", "-D", "warnings"];
        steps.push(cargo(&["fmt"], &formatted, &["--", "--check"]));
        steps.push(cargo(&["clippy", "--quiet", "--all-targets"], &packages, &denied));
        let apart = apart(plan, workspace);
        if !apart.is_empty() {
            // `--all-targets` leaves them out, as `cargo test` does.
            steps.push(cargo(&["clippy", "--quiet"], &apart, &denied));
        }
        steps.push(cargo(&["test", "--quiet"], &packages, &[]));
        let mut docs =
            cargo(&["doc", "--quiet", "--no-deps", "--document-private-items"], &packages, &[]);
        docs.variables.push(("RUSTDOCFLAGS", "-D warnings"));
        steps.push(docs);
    }
    if plan.audit {
        steps.push(Step::new("cargo", ["xtask", "audit"]));
        let is_tested = plan.packages.iter().any(|name| name == "bff-testkit");
        if !is_tested && workspace.names().contains("bff-testkit") {
            let test = ["test", "--quiet", "-p", "bff-testkit", "--test", "architecture"];
            steps.push(Step::new("cargo", test));
        }
    }
    if !plan.manifests.is_empty() {
        steps.push(Step::new("make", ["deploy-check"]));
    }
    steps
}

/// What only the hosted workflow, or somebody with more tools, checks.
fn left(plan: &Plan) -> String {
    let mut left = Vec::new();
    if !plan.contracts.is_empty() {
        left.push("make openapi-check types-check".to_owned());
    }
    if plan.alerts {
        left.push("make alerts-check".to_owned());
    }
    if plan.gateway {
        left.push("make test-gateway".to_owned());
    }
    left.extend(plan.images.iter().map(|bff| format!("the image of {bff}")));
    match left.is_empty() {
        true => String::new(),
        false => format!("ci: left to the hosted workflow: {}\n", left.join(", ")),
    }
}

fn chosen(packages: &[String]) -> Vec<String> {
    packages.iter().flat_map(|name| ["-p".to_owned(), name.clone()]).collect()
}

fn apart(plan: &Plan, workspace: &Workspace) -> Vec<String> {
    let chosen = workspace.packages.iter().filter(|it| plan.packages.contains(&it.name));
    let of_package = |name: &str, test: &String| ["-p", name, "--test", test].map(str::to_owned);
    chosen.flat_map(|it| it.apart.iter().flat_map(|test| of_package(&it.name, test))).collect()
}

/// Steps take minutes: who waits sees which one runs.
fn say(what: &impl fmt::Display) {
    // A reader who leaves early, such as `head`, is no failure.
    let _ = writeln!(io::stdout(), "{what}");
}

impl Step {
    fn new<'a>(program: &'static str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { program, arguments, variables: Vec::new() }
    }

    fn run(&self, root: &Path) -> Result<bool, String> {
        let mut command = Command::new(self.program);
        command.args(&self.arguments).envs(self.variables.iter().copied()).current_dir(root);
        let status = command.status().map_err(|error| format!("{}: {error}", self.program))?;
        Ok(status.success())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}='{value}' ")?;
        }
        write!(f, "{} {}", self.program, self.arguments.join(" "))
    }
}
