//! Limits to test with.
#![expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]

use bff_fixtures::redis::RedisServer;
use bff_limits::{Decision, LimitSettings, Limits, Request};
use tokio::runtime::Builder;

pub(crate) fn from(toml: &str) -> LimitSettings {
    toml::from_str(toml).expect("the settings are good")
}

/// Limits of one instance.
pub(crate) fn alone(toml: &str) -> Limits {
    Limits::start("mobile", &from(toml), None).expect("the settings are good")
}

/// Limits that are shared through a link of their own, and wait for it: on a busy machine an answer
/// can take long.
pub(crate) fn shared(server: &RedisServer, toml: &str) -> Limits {
    // The first look as well: while it is taken for slow, each counts for itself.
    let patience = "command_timeout = \"10s\"\nlookup_timeout = \"10s\"";
    let link = format!("[shared]\nurl = {:?}\n{patience}", server.url());
    alone(&format!("within = \"10s\"\n{toml}\n{link}"))
}

pub(crate) fn wait<T>(answer: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(answer)
}

pub(crate) fn of(principal: &str) -> Request<'_> {
    Request { principal: Some(principal), class: None }
}

pub(crate) fn take(limits: &Limits, request: Request<'_>) -> Decision {
    wait(limits.take(&request))
}

/// How many of `tries` are allowed.
pub(crate) fn allowed(limits: &Limits, request: Request<'_>, tries: usize) -> usize {
    (0..tries).filter(|_| take(limits, request).allowed).count()
}

/// All header fields in one line: `policy | limit | retry-after`.
pub(crate) fn said(limits: &Limits, decision: &Decision) -> String {
    let headers = limits.headers(decision).expect("there is a limit");
    let retry_after = headers.retry_after.map_or("-".to_owned(), |seconds| seconds.to_string());
    let policy = str::from_utf8(headers.policy).unwrap_or_default();
    format!("{policy} | {} | {retry_after}", headers.limit)
}
