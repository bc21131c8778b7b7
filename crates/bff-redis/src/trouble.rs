//! What goes wrong with Redis, sorted by what it means to a lookup and by what helps.

use deadpool::managed::{PoolError, TimeoutType};
use redis::{ErrorKind, RedisError};

/// Why there is no answer, or none that helps.
///
/// A [`Refused`](Self::Refused) command has changed nothing, and would be refused again. After
/// anything else nobody knows what Redis holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No answer in time. The command may have been done, or may be done yet.
    #[error("Redis did not answer in time")]
    Timeout,
    /// No connection, or one that broke. The command may have been done.
    #[error("there is no connection to Redis, or it broke")]
    Broken,
    /// Not asked: Redis was in trouble a moment ago.
    #[error("Redis is not asked until it has recovered")]
    BreakerOpen,
    /// An error that says that the server cannot serve now, by its first word: `LOADING`,
    /// `CLUSTERDOWN`, `READONLY`, `NOAUTH` and the like.
    #[error("Redis cannot serve: {0}")]
    Unready(Box<str>),
    /// An error that says no to this command, by its first word: `WRONGTYPE`, `NOPERM`, `OOM`,
    /// `CROSSSLOT`, or `ERR` for a mistake in it.
    #[error("Redis refuses the command: {0}")]
    Refused(Box<str>),
    /// An answer of another kind than the command has: whoever gave it is no Redis, or no longer
    /// knows who asked for what.
    #[error("Redis gave an answer that was not asked for")]
    Unreadable,
}

impl Trouble {
    /// Whether Redis is away, as opposed to answering something unwelcome. Trying again later can
    /// help.
    #[must_use]
    pub fn is_away(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// The first word of the server's error.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Unready(code) | Self::Refused(code) => Some(code),
            Self::Timeout | Self::Broken | Self::BreakerOpen | Self::Unreadable => None,
        }
    }

    /// Whether a server has said why not.
    pub(super) fn is_an_answer(&self) -> bool {
        matches!(self, Self::Unready(_) | Self::Refused(_))
    }
}

/// One failed command.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    /// What happened, for the log. Never holds a value or a password.
    pub(super) what: String,
    /// What helps.
    pub(super) advice: &'static str,
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

const NONSENSE: &str = "see that the url leads to a Redis, and that nothing between answers for it";
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
            ends: Ends::Connection,
        }
    }

    pub(super) fn broken(what: impl Into<String>) -> Self {
        Self { trouble: Trouble::Broken, what: what.into(), advice: AWAY, ends: Ends::Connection }
    }

    /// `kind` says what came, and nothing of what it holds.
    pub(super) fn nonsense(kind: &str) -> Self {
        Self {
            trouble: Trouble::Unreadable,
            what: format!("an answer that no such command has: {kind}"),
            advice: NONSENSE,
            ends: Ends::Connection,
        }
    }

    /// The key holds something that is no string.
    pub(super) fn is_wrong_type(&self) -> bool {
        self.trouble.code() == Some("WRONGTYPE")
    }

    /// The server has answered, and would answer the same if it were asked again.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.trouble, Trouble::Refused(_))
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::timeout("no answer in time");
        }
        let (what, code) = (error.to_string(), error.code());
        let advice = advice(error.kind(), code);
        let (trouble, ends) = match code {
            // Errors without a code are the client's own: nothing was answered.
            None => (Trouble::Broken, Ends::Connection),
            // A failover left us with the old master.
            Some(code @ "READONLY") => (Trouble::Unready(code.into()), Ends::Pool),
            Some(code @ ("NOAUTH" | "WRONGPASS")) => {
                (Trouble::Unready(code.into()), Ends::Connection)
            }
            Some(
                code @ ("LOADING" | "BUSY" | "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "MOVED"
                | "ASK"),
            ) => (Trouble::Unready(code.into()), Ends::Nothing),
            Some(code) => (Trouble::Refused(code.into()), Ends::Nothing),
        };
        Self { trouble, what, advice, ends }
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
