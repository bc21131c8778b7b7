//! How to reach Redis, how long to wait for it, and how much to keep there.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{path::PathBuf, time::Duration};
use url::Url;

/// Redis as a process uses it. Keys that are not here are refused.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// What the urls name: `single` (the default), `cluster` or `sentinel`.
    #[serde(default)]
    pub mode: Mode,
    /// The one server of mode `single`, with the database as its path: `redis://redis:6379/0`, or
    /// `rediss://` for TLS. Without credentials: those have keys of their own.
    pub url: Option<Url>,
    /// Nodes of a cluster to begin with, or all sentinels; as a list, or as one text separated by
    /// commas.
    #[serde(default, deserialize_with = "list_or_text")]
    pub urls: Vec<Url>,
    /// The name under which the sentinels know the master.
    pub master: Option<String>,
    /// The ACL user; Redis's default user when left out. It needs the commands `ping unwatch
    /// getrange get mget set del pttl eval evalsha publish subscribe` (with Sentinel `role` as well, in
    /// a cluster `cluster|slots`), the keys `bff:*` and the client's own, and the channel
    /// `bff:invalidations`; and whatever is used through [`Redis::run`](super::Redis::run) and
    /// listened to.
    pub username: Option<String>,
    /// The user's password.
    #[serde(default, serialize_with = "masked")]
    pub password: Option<SecretString>,
    /// A file with it instead, read again when it changes: new connections sign in with the new one
    /// as soon as Redis accepts it.
    pub password_file: Option<PathBuf>,
    /// The user on the sentinels, which have accounts of their own.
    pub sentinel_username: Option<String>,
    /// That user's password.
    #[serde(default, serialize_with = "masked")]
    pub sentinel_password: Option<SecretString>,
    /// The authority of the servers' certificates, a file in PEM; the machine's own authorities
    /// when left out. For `rediss://`. Read again when it changes.
    pub ca_file: Option<PathBuf>,
    /// The longest that a request waits for Redis in one lookup of the cache's; 15 ms.
    #[serde(default = "lookup_timeout", with = "humantime_serde")]
    pub lookup_timeout: Duration,
    /// The longest that a write in the background, or any command, may take; 250 ms.
    #[serde(default = "command_timeout", with = "humantime_serde")]
    pub command_timeout: Duration,
    /// The longest that connecting to one server may take; 250 ms.
    #[serde(default = "connect_timeout", with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// The most connections that write, at least 2 (in mode `cluster`: to each node); 8, of which
    /// half are in use at a time. One more answers lookups and commands, and one listens to each
    /// channel.
    #[serde(default = "connections")]
    pub connections: usize,
    /// The most writes that wait for Redis; 1024. Sixteen of the largest values fill it too.
    #[serde(default = "write_queue")]
    pub write_queue: usize,
    /// The largest value, in bytes before compression; 1 MiB.
    #[serde(default = "max_value_bytes")]
    pub max_value_bytes: usize,
    /// Values of more bytes than this are stored compressed; 2048.
    #[serde(default = "compress_above_bytes")]
    pub compress_above_bytes: usize,
    /// How long the time of an invalidation is kept: longer than the longest life of a value; one
    /// day.
    #[serde(default = "tag_memory", with = "humantime_serde")]
    pub tag_memory: Duration,
    /// How long an invalidation or a message is tried again while Redis is away; one minute.
    #[serde(default = "invalidation_patience", with = "humantime_serde")]
    pub invalidation_patience: Duration,
}

/// What the urls of [`RedisSettings`] name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One server.
    #[default]
    Single,
    /// Nodes of a Redis Cluster; the others are found through them.
    Cluster,
    /// Sentinels that know where the master is.
    Sentinel,
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct RedisSettingsError {
    /// The key in [`RedisSettings`], without the table: whoever has read them knows its name, and
    /// puts it before.
    pub key: &'static str,
    /// Why, and what to write instead.
    pub why: String,
}

impl RedisSettingsError {
    pub(super) fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

/// Redis refuses strings above this.
const MOST_VALUE_BYTES: usize = 512 * 1024 * 1024 - 1024;

impl RedisSettings {
    /// Settings for one server, with the defaults everywhere else.
    #[must_use]
    pub fn single(url: Url) -> Self {
        Self {
            mode: Mode::Single,
            url: Some(url),
            urls: Vec::new(),
            master: None,
            username: None,
            password: None,
            password_file: None,
            sentinel_username: None,
            sentinel_password: None,
            ca_file: None,
            lookup_timeout: lookup_timeout(),
            command_timeout: command_timeout(),
            connect_timeout: connect_timeout(),
            connections: connections(),
            write_queue: write_queue(),
            max_value_bytes: max_value_bytes(),
            compress_above_bytes: compress_above_bytes(),
            tag_memory: tag_memory(),
            invalidation_patience: invalidation_patience(),
        }
    }

    /// Finds what parses and still cannot work. [`Redis::start`](super::Redis::start) does it too,
    /// and reads the CA file.
    ///
    /// # Errors
    /// The first such setting, by its key.
    pub fn check(&self) -> Result<(), RedisSettingsError> {
        self.check_numbers()?;
        self.check_mode()?;
        for url in self.all_urls() {
            self.check_url(url)?;
        }
        self.check_secrets()
    }

    /// The servers to begin with.
    pub(super) fn all_urls(&self) -> impl Iterator<Item = &Url> {
        self.url.iter().chain(&self.urls)
    }

    pub(super) fn is_tls(&self) -> bool {
        self.all_urls().any(|url| url.scheme() == "rediss")
    }

    fn check_numbers(&self) -> Result<(), RedisSettingsError> {
        let (zero, more) = (Duration::ZERO, "must be more than zero");
        let wrong = [
            ("lookup_timeout", self.lookup_timeout == zero, more),
            ("command_timeout", self.command_timeout == zero, more),
            ("connect_timeout", self.connect_timeout == zero, more),
            ("tag_memory", self.tag_memory < Duration::from_secs(1), "must be at least 1s"),
            ("connections", !(2..=1024).contains(&self.connections), "must be from 2 to 1024"),
            (
                "write_queue",
                !(1..=1_000_000).contains(&self.write_queue),
                "must be from 1 to 1000000",
            ),
            (
                "max_value_bytes",
                !(1..=MOST_VALUE_BYTES).contains(&self.max_value_bytes),
                "must be more than zero and less than Redis's own limit of 512 MiB",
            ),
        ];
        refuse(wrong)
    }

    fn check_mode(&self) -> Result<(), RedisSettingsError> {
        let Self { mode, url, urls, master, .. } = self;
        let (single, sentinel) = (*mode == Mode::Single, *mode == Mode::Sentinel);
        let master_is_empty = master.as_deref().is_none_or(str::is_empty);
        let wrong = [
            ("url", url.is_none() && urls.is_empty(), "is missing: where is Redis?"),
            ("urls", url.is_some() && !urls.is_empty(), "write either `url` or `urls`, not both"),
            (
                "urls",
                single && urls.len() > 1,
                "several servers need `mode = \"cluster\"` or `mode = \"sentinel\"`",
            ),
            (
                "master",
                sentinel && master_is_empty,
                "mode `sentinel` needs the master's name as the sentinels know it",
            ),
            ("master", !sentinel && master.is_some(), "is only for mode `sentinel`"),
        ];
        refuse(wrong)
    }

    fn check_url(&self, url: &Url) -> Result<(), RedisSettingsError> {
        let database = url.path().trim_start_matches('/');
        let single = self.mode == Mode::Single;
        let mixed = self.all_urls().any(|other| other.scheme() != url.scheme());
        let wrong = [
            (
                "",
                !matches!(url.scheme(), "redis" | "rediss"),
                "must begin with redis:// or rediss://",
            ),
            ("", mixed, "all must begin alike, with redis:// or with rediss://"),
            ("", url.host_str().is_none_or(str::is_empty), "names no host"),
            (
                "",
                !url.username().is_empty() || url.password().is_some(),
                "holds credentials, which would be printed: use `username` and `password`",
            ),
            // `#insecure` would switch the verification of certificates off.
            ("", url.query().or(url.fragment()).is_some(), "must end after the path"),
            ("", !database.is_empty() && !single, "only mode `single` knows databases"),
            (
                "",
                !database.is_empty() && database.parse::<u16>().is_err(),
                "the path must be the number of a database",
            ),
        ];
        let key = if self.url.is_some() { "url" } else { "urls" };
        refuse(wrong).map_err(|error| RedisSettingsError { key, ..error })
    }

    fn check_secrets(&self) -> Result<(), RedisSettingsError> {
        let sentinel = self.mode == Mode::Sentinel;
        let of_sentinels = self.sentinel_username.is_some() || self.sentinel_password.is_some();
        let has_password = self.password.is_some() || self.password_file.is_some();
        let wrong = [
            (
                "password_file",
                self.password.is_some() && self.password_file.is_some(),
                "write either `password` or `password_file`, not both",
            ),
            (
                "password",
                self.username.is_some() && !has_password,
                "is missing: `username` alone cannot sign in",
            ),
            (
                "sentinel_password",
                self.sentinel_username.is_some() && self.sentinel_password.is_none(),
                "is missing: `sentinel_username` alone cannot sign in",
            ),
            ("sentinel_password", of_sentinels && !sentinel, "is only for mode `sentinel`"),
            ("ca_file", self.ca_file.is_some() && !self.is_tls(), "is only for rediss://"),
        ];
        refuse(wrong)
    }
}

fn refuse<const N: usize>(
    wrong: [(&'static str, bool, &'static str); N],
) -> Result<(), RedisSettingsError> {
    match wrong.into_iter().find(|(_, is_wrong, _)| *is_wrong) {
        Some((key, _, why)) => Err(RedisSettingsError::new(key, why)),
        None => Ok(()),
    }
}

/// `***` for a secret that is set. Secrets have no other way to be written, so that settings with one
/// cannot be shown without it.
///
/// # Errors
/// The serializer's.
pub fn masked<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "***").serialize(serializer)
}

/// Environment variables have no lists.
fn list_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Url>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Urls {
        List(Vec<String>),
        Text(String),
    }
    let texts = match Urls::deserialize(deserializer)? {
        Urls::List(list) => list,
        Urls::Text(text) => text.split(',').map(|url| url.trim().to_owned()).collect(),
    };
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

fn lookup_timeout() -> Duration {
    Duration::from_millis(15)
}

fn command_timeout() -> Duration {
    Duration::from_millis(250)
}

fn connect_timeout() -> Duration {
    Duration::from_millis(250)
}

fn connections() -> usize {
    8
}

fn write_queue() -> usize {
    1024
}

fn max_value_bytes() -> usize {
    1024 * 1024
}

fn compress_above_bytes() -> usize {
    2048
}

fn tag_memory() -> Duration {
    Duration::from_secs(24 * 60 * 60)
}

fn invalidation_patience() -> Duration {
    Duration::from_secs(60)
}
