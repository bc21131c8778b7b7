//! `bff-audit`, which is `cargo xtask audit --live`: what a running BFF answers, against its contracts, and what is in its
//! Redis.

mod answer;
mod ask;
mod options;
mod redis;

use ask::Asker;
use options::Options;
use xtask::{
    Outcome,
    audit::{Contract, Finding, Report, Rule, Surface, surfaces},
};

/// Whom to ask, and what to bring along.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The public address, `http://127.0.0.1:8081`.
    pub(crate) url: String,
    /// The Redis behind it.
    pub(crate) redis: Option<String>,
    /// Which BFF it is; found out unless said.
    pub(crate) bff: Option<String>,
    /// What callers prove themselves with.
    pub(crate) headers: Vec<(String, String)>,
    /// Values for `{name}` in paths.
    pub(crate) parameters: Vec<(String, String)>,
}

/// The command.
///
/// # Errors
/// What is wrong with the arguments, or why nothing could be asked.
pub fn run(arguments: &[String]) -> Result<Outcome, String> {
    let Options { json, root, live } = Options::parse(arguments)?;
    let surfaces = surfaces(&root.unwrap_or_else(bff_contracts::workspace::root))?;
    Ok(audit(&surfaces, &live)?.outcome(json))
}

/// Asks every `GET` endpoint once.
///
/// # Errors
/// Why nobody could be asked.
fn audit(surfaces: &[Surface], live: &Live) -> Result<Report, String> {
    let asker = Asker::new(live)?;
    let bff = which(surfaces, live, &asker)?;
    let mut report = Report::default();
    for endpoint in bff.endpoints.iter().filter(|endpoint| endpoint.method() == "GET") {
        let Some(target) = target(endpoint, live) else {
            let note = format!("{}: not asked; say --parameter NAME=VALUE", endpoint.path());
            report.notes.push(note);
            continue;
        };
        let reply = asker.get(&target)?;
        for (rule, what, advice) in answer::check(endpoint, &reply) {
            let file = format!("{}{target}", live.url.trim_end_matches('/'));
            report.findings.push(Finding { rule, file, line: 0, what, advice });
        }
        if reply.status != 200 {
            report.notes.push(format!("{target}: {} {}", reply.status, reply.code()));
        } else {
            report.notes.push(format!("{target}: {} bytes", reply.body.len()));
        }
    }
    if let Some(url) = &live.redis {
        let names: Vec<&str> = surfaces.iter().map(|bff| bff.name.as_str()).collect();
        let keys = redis::keys(url)?;
        report.notes.push(format!("{} keys in Redis", keys.len()));
        for (what, advice) in redis::check(&keys, &names) {
            let file = url.clone();
            report.findings.push(Finding { rule: Rule::CacheKey, file, line: 0, what, advice });
        }
    }
    Ok(report)
}

/// The BFF that was named, or the one whose paths are known there.
fn which<'a>(surfaces: &'a [Surface], live: &Live, asker: &Asker) -> Result<&'a Surface, String> {
    if let Some(name) = &live.bff {
        return surfaces.iter().find(|bff| bff.name == *name).ok_or(format!("{name}: no such BFF"));
    }
    for bff in surfaces {
        let first = bff.endpoints.iter().find(|endpoint| endpoint.method() == "GET");
        let Some(path) = first.map(|endpoint| endpoint.path().replace(['{', '}'], "")) else {
            continue;
        };
        if asker.get(&path)?.code() != "NO_SUCH_ROUTE" {
            return Ok(bff);
        }
    }
    Err(format!("{}: none of the BFFs answers there; say --bff NAME", live.url))
}

/// The path with its parameters, where all are known.
fn target(endpoint: &Contract, live: &Live) -> Option<String> {
    let fill = |path: String, (name, value): &(String, String)| {
        path.replace(&format!("{{{name}}}"), value)
    };
    let path = live.parameters.iter().fold(endpoint.path().to_owned(), fill);
    (!path.contains('{')).then_some(path)
}
