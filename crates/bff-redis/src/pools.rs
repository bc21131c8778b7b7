//! One pool of connections, whatever the servers are.

use super::{
    nodes::Nodes,
    settings::{Mode, RedisSettings, RedisSettingsError},
    trouble::Failure,
};
use deadpool::managed::{Manager, Metrics, Object, Pool, RecycleResult, Timeouts};
use deadpool_redis::Runtime;
use redis::{
    Cmd, Pipeline, RedisError, RedisFuture, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
};
use std::time::Duration;

/// Connections to Redis, made when needed.
pub(super) enum Pools {
    Single(deadpool_redis::Pool),
    Sentinel(Pool<Masters>),
    Cluster(Pool<Clusters>),
}

/// One of them, in use by one write.
pub(super) enum Pooled {
    Single(deadpool_redis::Connection),
    Sentinel(Object<Masters>),
    Cluster(Object<Clusters>),
}

/// A connection itself. Clones are the same connection, which carries many commands at once.
#[derive(Clone)]
pub(super) enum Line {
    /// To one server.
    One(MultiplexedConnection),
    /// To all nodes.
    All(ClusterConnection),
}

impl Pools {
    pub(super) fn new(settings: &RedisSettings, nodes: &Nodes) -> Result<Self, RedisSettingsError> {
        let wrong = |error: &dyn ToString| RedisSettingsError::new("url", error.to_string());
        let size = settings.connections;
        // Finding the master, or all nodes, is more than one connection.
        let create = match nodes.mode {
            Mode::Single => nodes.connect_timeout,
            Mode::Sentinel | Mode::Cluster => nodes.connect_timeout * 3,
        };
        let timeouts = Timeouts {
            wait: Some(settings.command_timeout),
            create: Some(create),
            recycle: Some(settings.lookup_timeout),
        };
        Ok(match nodes.mode {
            Mode::Single => {
                let server = nodes.servers.first().cloned();
                let server = server.ok_or_else(|| wrong(&"is missing: where is Redis?"))?;
                let manager =
                    deadpool_redis::Manager::new_with_config(server, nodes.connection_config());
                let manager = manager.map_err(|error| wrong(&error))?;
                let pool = deadpool_redis::Pool::builder(manager).max_size(size);
                let pool = pool.timeouts(timeouts).runtime(Runtime::Tokio1).build();
                Self::Single(pool.map_err(|error| wrong(&error))?)
            }
            Mode::Sentinel => {
                let pool = Pool::builder(Masters(nodes.clone())).max_size(size);
                let pool = pool.timeouts(timeouts).runtime(Runtime::Tokio1).build();
                Self::Sentinel(pool.map_err(|error| wrong(&error))?)
            }
            Mode::Cluster => {
                let manager = Clusters::new(nodes).map_err(|error| wrong(&error))?;
                let pool = Pool::builder(manager).max_size(size);
                let pool = pool.timeouts(timeouts).runtime(Runtime::Tokio1).build();
                Self::Cluster(pool.map_err(|error| wrong(&error))?)
            }
        })
    }

    /// A connection that worked when it was last used. Waits for one no longer than `wait`, and
    /// connects however long that may take by the settings.
    pub(super) async fn get(&self, wait: Duration) -> Result<Pooled, Failure> {
        let with = |timeouts: Timeouts| Timeouts { wait: Some(wait), ..timeouts };
        match self {
            Self::Single(pool) => {
                let object = pool.timeout_get(&with(pool.timeouts())).await?;
                Ok(Pooled::Single(object))
            }
            Self::Sentinel(pool) => {
                let object = pool.timeout_get(&with(pool.timeouts())).await?;
                Ok(Pooled::Sentinel(object))
            }
            Self::Cluster(pool) => {
                let object = pool.timeout_get(&with(pool.timeouts())).await?;
                Ok(Pooled::Cluster(object))
            }
        }
    }

    /// Closes all connections that are not in use.
    pub(super) fn forget(&self) {
        match self {
            Self::Single(pool) => drop(pool.retain(|_, _| false)),
            Self::Sentinel(pool) => drop(pool.retain(|_, _| false)),
            Self::Cluster(pool) => drop(pool.retain(|_, _| false)),
        }
    }
}

impl Pooled {
    pub(super) fn line(&self) -> Line {
        match self {
            Self::Single(connection) => Line::One((**connection).clone()),
            Self::Sentinel(object) => Line::One((**object).clone()),
            Self::Cluster(object) => Line::All((**object).clone()),
        }
    }

    /// Takes it out of the pool for good.
    pub(super) fn take(self) -> Line {
        match self {
            Self::Single(connection) => Line::One(deadpool_redis::Connection::take(connection)),
            Self::Sentinel(object) => Line::One(Object::take(object)),
            Self::Cluster(object) => Line::All(Object::take(object)),
        }
    }
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(cmd),
            Self::All(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(cmd, offset, count),
            Self::All(connection) => connection.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::All(connection) => connection.get_db(),
        }
    }
}

/// Connects to the master of the moment. deadpool-redis's own sentinel pool asks one sentinel after
/// another without a time limit, and knows no authority but the machine's.
pub(super) struct Masters(Nodes);

impl Manager for Masters {
    type Type = MultiplexedConnection;
    type Error = Failure;

    async fn create(&self) -> Result<MultiplexedConnection, Failure> {
        self.0.connect_to_master().await
    }

    async fn recycle(&self, _: &mut MultiplexedConnection, _: &Metrics) -> RecycleResult<Failure> {
        Ok(())
    }
}

/// Connects to all nodes. deadpool-redis's own cluster pool asks every master before each use, so
/// that one hanging node stops all, and waits for answers without a limit.
pub(super) struct Clusters(ClusterClient);

impl Clusters {
    fn new(nodes: &Nodes) -> Result<Self, RedisError> {
        // The others are signed in to as the first is.
        let mut client = ClusterClientBuilder::new(nodes.servers.clone())
            .connection_timeout(nodes.connect_timeout)
            .response_timeout(nodes.command_timeout)
            .overall_response_timeout(Some(nodes.command_timeout))
            .retries(2);
        if let Some(certificates) = &nodes.certificates {
            client = client.certs(certificates.clone());
        }
        client.build().map(Self)
    }
}

impl Manager for Clusters {
    type Type = ClusterConnection;
    type Error = RedisError;

    async fn create(&self) -> Result<ClusterConnection, RedisError> {
        self.0.get_async_connection().await
    }

    async fn recycle(&self, _: &mut ClusterConnection, _: &Metrics) -> RecycleResult<RedisError> {
        Ok(())
    }
}
