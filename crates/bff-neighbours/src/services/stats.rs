//! What a sample service has seen so far.

use serde::Serialize;

/// Counters of one service since it started, and its most recent request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests whose head arrived whole.
    pub requests_started: u64,
    /// Requests whose response was written to the end.
    pub requests_finished: u64,
    /// Requests whose caller closed the connection before the response was written to the end.
    pub requests_aborted: u64,
    /// Connections open now.
    pub connections_open: u64,
    /// Connections ever accepted.
    pub connections_total: u64,
    /// Response bytes handed to the operating system, heads included.
    pub bytes_sent: u64,
    /// The headers of the last request, in order and as spelled by the caller.
    pub last_headers: Vec<(String, String)>,
    /// The target of the last request, such as `/users/u-1/orders?limit=3`.
    pub last_target: String,
}
