//! `cargo xtask audit --live`: what a running BFF answers, against its contracts, and what is in its
//! Redis.

mod answer;
mod redis;

use crate::audit::{Finding, Report, Rule};
use bff_core::{Bff, Endpoint, Method};
use bff_testkit::http::{self, Reply};
use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::Path,
};
use url::Url;

/// Whom to ask, and what to bring along.
#[derive(Debug, Default)]
pub struct Live {
    /// The public address, `http://127.0.0.1:8081`.
    pub url: String,
    /// The Redis behind it.
    pub redis: Option<String>,
    /// Which BFF it is; found out unless said.
    pub bff: Option<String>,
    /// What callers prove themselves with.
    pub headers: Vec<(String, String)>,
    /// Values for `{name}` in paths.
    pub parameters: Vec<(String, String)>,
}

/// Asks every `GET` endpoint once.
///
/// # Errors
/// Why nobody could be asked.
pub fn audit(bffs: &[Bff], live: &Live, root: &Path) -> Result<Report, String> {
    let address = address(&live.url)?;
    let bff = which(bffs, live, address)?;
    let mut report = Report::default();
    for endpoint in bff.endpoints.iter().filter(|endpoint| endpoint.method() == Method::Get) {
        let Some(target) = target(endpoint, live) else {
            let note = format!("{}: not asked; say --parameter NAME=VALUE", endpoint.path());
            report.notes.push(note);
            continue;
        };
        let reply = ask(address, &target, live)?;
        let contract = answer::contract(root, bff, endpoint)?;
        for (rule, what, advice) in answer::check(bff, endpoint, &reply, &contract) {
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
        let names: Vec<&str> = bffs.iter().map(|bff| bff.name).collect();
        let keys = redis::keys(url)?;
        report.notes.push(format!("{} keys in Redis", keys.len()));
        for (what, advice) in redis::check(&keys, &names) {
            let file = url.clone();
            report.findings.push(Finding { rule: Rule::CacheKey, file, line: 0, what, advice });
        }
    }
    Ok(report)
}

fn address(url: &str) -> Result<SocketAddr, String> {
    let parsed = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    if parsed.scheme() != "http" {
        return Err(format!("{url}: a BFF speaks http; its gateway speaks https"));
    }
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = parsed.port_or_known_default().unwrap_or(80);
    let found = (host, port).to_socket_addrs().map_err(|error| format!("{url}: {error}"))?;
    found.into_iter().next().ok_or(format!("{url}: no such host"))
}

/// The BFF that was named, or the one whose paths are known there.
fn which<'a>(bffs: &'a [Bff], live: &Live, address: SocketAddr) -> Result<&'a Bff, String> {
    if let Some(name) = &live.bff {
        return bffs.iter().find(|bff| bff.name == name).ok_or(format!("{name}: no such BFF"));
    }
    for bff in bffs {
        let first = bff.endpoints.iter().find(|endpoint| endpoint.method() == Method::Get);
        let Some(path) = first.map(|endpoint| endpoint.path().replace(['{', '}'], "")) else {
            continue;
        };
        if ask(address, &path, live)?.code() != "NO_SUCH_ROUTE" {
            return Ok(bff);
        }
    }
    Err(format!("{}: none of the BFFs answers there; say --bff NAME", live.url))
}

fn ask(address: SocketAddr, target: &str, live: &Live) -> Result<Reply, String> {
    let headers: Vec<_> = live.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    http::send(address, "GET", target, &headers).map_err(|error| format!("{address}: {error}"))
}

/// The path with its parameters, where all are known.
fn target(endpoint: &Endpoint, live: &Live) -> Option<String> {
    let fill = |path: String, (name, value): &(String, String)| {
        path.replace(&format!("{{{name}}}"), value)
    };
    let path = live.parameters.iter().fold(endpoint.path().to_owned(), fill);
    (!path.contains('{')).then_some(path)
}
