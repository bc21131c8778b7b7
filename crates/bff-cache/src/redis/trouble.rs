//! What goes wrong with Redis, sorted by what it means to a lookup and by what helps.

use deadpool::managed::{PoolError, TimeoutType};
use redis::{ErrorKind, RedisError};

/// Why there is no answer, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Broken,
    /// Not asked: Redis was in trouble a moment ago.
    BreakerOpen,
    /// An error instead of an answer.
    Server,
}

/// One failed command.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    /// What happened, for the log. Never holds a value or a password.
    pub(super) what: String,
    /// What helps.
    pub(super) advice: &'static str,
    /// The first word of the server's error.
    pub(super) code: Option<String>,
    /// Which connections are not to be used again.
    pub(super) ends: Ends,
}

/// How much of the pool a failure takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// The answer was unwelcome, but it was one.
    Nothing,
    /// Its own connection.
    Connection,
    /// Every connection, because all lead to the same wrong place.
    Pool,
}

const SLOW: &str =
    "see that Redis is up and near; raise lookup_timeout only if requests can wait longer";
const AWAY: &str = "see that Redis is up, that the url is right and that the network lets us in";
const NO_ACCESS: &str = "see that username and password are right and that the user may do it";
const READ_ONLY: &str =
    "the server is a replica: name the master, or use mode `sentinel` and let it be found";

impl Failure {
    pub(super) fn timeout(what: &str) -> Self {
        Self {
            trouble: Trouble::Timeout,
            what: what.to_owned(),
            advice: SLOW,
            code: None,
            ends: Ends::Connection,
        }
    }

    pub(super) fn broken(what: impl Into<String>) -> Self {
        Self {
            trouble: Trouble::Broken,
            what: what.into(),
            advice: AWAY,
            code: None,
            ends: Ends::Connection,
        }
    }

    /// The key holds something that is no string.
    pub(super) fn is_wrong_type(&self) -> bool {
        self.code.as_deref() == Some("WRONGTYPE")
    }

    /// The server has answered, and would answer the same if it were asked again.
    pub(super) fn is_final(&self) -> bool {
        self.trouble == Trouble::Server
            && self.ends == Ends::Nothing
            && !matches!(
                self.code.as_deref(),
                Some("LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK")
            )
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::timeout("no answer in time");
        }
        let code = error.code().map(str::to_owned);
        let advice = advice(error.kind(), code.as_deref());
        // Errors without a code are the client's own: nothing was answered.
        let trouble = if code.is_some() { Trouble::Server } else { Trouble::Broken };
        let ends = match code.as_deref() {
            // A failover left us with the old master.
            Some("READONLY") => Ends::Pool,
            Some("NOAUTH" | "WRONGPASS") | None => Ends::Connection,
            Some(_) => Ends::Nothing,
        };
        Self { trouble, what: error.to_string(), advice, code, ends }
    }
}

impl<E: Into<Failure>> From<PoolError<E>> for Failure {
    fn from(error: PoolError<E>) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Self::timeout("no connection was free"),
            PoolError::Timeout(TimeoutType::Create) => Self::timeout("could not connect in time"),
            PoolError::Timeout(TimeoutType::Recycle) => Self::timeout("no answer in time"),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Self::broken("the pool is closed")
            }
        }
    }
}

fn advice(kind: ErrorKind, code: Option<&str>) -> &'static str {
    match (kind, code) {
        (ErrorKind::AuthenticationFailed, _) => NO_ACCESS,
        (ErrorKind::InvalidClientConfig, _) => "see that url and ca_file are right",
        (_, None) => AWAY,
        (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) => NO_ACCESS,
        (_, Some("READONLY")) => READ_ONLY,
        (_, Some("LOADING")) => "Redis is loading its data: wait",
        (_, Some("MOVED" | "ASK")) => "the server belongs to a cluster: use mode `cluster`",
        (_, Some("CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN")) => {
            "a part of the cluster is away: see that all its masters are up"
        }
        (_, Some("OOM")) => "Redis is full: give it memory, or `maxmemory-policy allkeys-lru`",
        (_, Some(_)) => "look the error up in Redis's documentation and in its log",
    }
}
