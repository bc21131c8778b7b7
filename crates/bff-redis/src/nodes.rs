//! Where the servers are, how to sign in, and how to find the one that counts.

use super::{
    servers::Files,
    settings::{Mode, RedisSettings, RedisSettingsError},
    trouble::Failure,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    TlsCertificates, Value,
    aio::{MultiplexedConnection, PubSub},
    cmd,
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::timeout;

/// The servers of the settings, checked, with everything that a connection needs.
#[derive(Clone)]
pub(super) struct Nodes {
    pub(super) mode: Mode,
    /// The server, nodes to begin with, or the sentinels.
    pub(super) servers: Vec<ConnectionInfo>,
    username: Option<String>,
    password: Option<SecretString>,
    pub(super) certificates: Option<TlsCertificates>,
    pub(super) connect_timeout: Duration,
    pub(super) command_timeout: Duration,
    master: String,
}

impl Nodes {
    pub(super) fn from(
        settings: &RedisSettings,
        files: &Files,
    ) -> Result<Self, RedisSettingsError> {
        let mut nodes = Self {
            mode: settings.mode,
            servers: Vec::new(),
            username: settings.username.clone(),
            password: files.password.clone(),
            certificates: files.certificates.clone(),
            connect_timeout: settings.connect_timeout,
            command_timeout: settings.command_timeout,
            master: settings.master.clone().unwrap_or_default(),
        };
        let key = if settings.url.is_some() { "url" } else { "urls" };
        for url in settings.all_urls() {
            let server = url.clone().into_connection_info();
            let server = server.map_err(|e| RedisSettingsError::new(key, e.to_string()))?;
            let server = match nodes.mode {
                Mode::Sentinel => sign_in(
                    server,
                    settings.sentinel_username.as_deref(),
                    settings.sentinel_password.as_ref(),
                ),
                _ => sign_in(server, nodes.username.as_deref(), nodes.password.as_ref()),
            };
            nodes.servers.push(nodes.secured(server)?);
        }
        Ok(nodes)
    }

    /// How a connection to one server behaves.
    pub(super) fn connection_config(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.command_timeout))
    }

    /// A connection on which invalidations can be heard. In a cluster every node hears what is
    /// published on any; `attempt` chooses among them.
    pub(super) async fn listener(&self, attempt: usize) -> Result<PubSub, Failure> {
        let server = match self.mode {
            Mode::Sentinel => self.find_master().await?,
            _ => {
                let chosen = self.servers.get(attempt % self.servers.len().max(1));
                chosen.cloned().ok_or_else(|| Failure::broken("no server is known"))?
            }
        };
        let client = Client::open(server)?;
        match timeout(self.connect_timeout, client.get_async_pubsub()).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(Failure::timeout("could not connect in time")),
        }
    }

    /// A connection to the master that the sentinels name, if it agrees to be one.
    pub(super) async fn connect_to_master(&self) -> Result<MultiplexedConnection, Failure> {
        let client = Client::open(self.find_master().await?)?;
        let config = self.connection_config();
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        // A user that may not ask for the role still reads and writes.
        let role: Value = cmd("ROLE").query_async(&mut connection).await.unwrap_or(Value::Nil);
        let is_replica = matches!(&role, Value::Array(parts) if
            matches!(parts.first(), Some(Value::BulkString(role)) if role != b"master"));
        if is_replica {
            return Err(Failure::broken("the sentinels name a master that has become a replica"));
        }
        Ok(connection)
    }

    /// Asks all sentinels at once, because any of them may hang.
    async fn find_master(&self) -> Result<ConnectionInfo, Failure> {
        let mut answers: FuturesUnordered<_> =
            self.servers.iter().map(|sentinel| self.ask(sentinel)).collect();
        let mut last = Failure::broken("no sentinel is known");
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(master) => return Ok(master),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    async fn ask(&self, sentinel: &ConnectionInfo) -> Result<ConnectionInfo, Failure> {
        let client = Client::open(sentinel.clone())?;
        let config = self.connection_config();
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        let answer: Option<(String, u16)> = question.query_async(&mut connection).await?;
        let Some((host, port)) = answer else {
            let what = format!("a sentinel knows no master named `{}`", self.master);
            return Err(Failure { advice: "see that `master` is right", ..Failure::broken(what) });
        };
        let address = match sentinel.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        let master = address.into_connection_info()?;
        Ok(sign_in(master, self.username.as_deref(), self.password.as_ref()))
    }

    /// With our authority, if the settings name one.
    fn secured(&self, server: ConnectionInfo) -> Result<ConnectionInfo, RedisSettingsError> {
        let Some(certificates) = self.certificates.clone() else { return Ok(server) };
        let client = Client::build_with_tls(server, certificates)
            .map_err(|error| RedisSettingsError::new("ca_file", error.to_string()))?;
        Ok(client.get_connection_info().clone())
    }
}

fn sign_in(
    server: ConnectionInfo,
    username: Option<&str>,
    password: Option<&SecretString>,
) -> ConnectionInfo {
    let mut how = server.redis_settings().clone();
    if let Some(username) = username {
        how = how.set_username(username);
    }
    if let Some(password) = password {
        how = how.set_password(password.expose_secret());
    }
    server.set_redis_settings(how)
}
