//! How to reach Redis now: with what the files said when it last worked.

use super::{
    link::Link,
    nodes::Nodes,
    pools::{Line, Pools},
    settings::{RedisSettings, RedisSettingsError},
    trouble::Failure,
};
use bff_files::{Watched, secret_text};
use redis::TlsCertificates;
use secrecy::SecretString;
use std::{
    fs,
    path::Path,
    rc::Rc,
    sync::{Arc, Once},
    time::Duration,
};
use tokio::time::sleep;

/// How often what was read is compared with what is in use, and what did not work is tried again.
const EVERY: Duration = Duration::from_secs(1);

/// What the files of the settings say.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) password: Option<SecretString>,
    pub(super) certificates: Option<TlsCertificates>,
}

impl Files {
    /// Reads them, so that a wrong path is found at the start, and again when they change.
    pub(super) fn watched(
        settings: &RedisSettings,
    ) -> Result<Arc<Watched<Self>>, RedisSettingsError> {
        settings.check()?;
        let (password, ca) = (settings.password_file.clone(), settings.ca_file.clone());
        let inline = settings.password.clone();
        let paths = password.iter().chain(&ca).cloned().collect();
        Watched::open(paths, move || {
            let written = password.as_deref().map(read_password).transpose()?;
            let certificates = ca.as_deref().map(read_certificates).transpose()?;
            Ok(Self { password: written.or_else(|| inline.clone()), certificates })
        })
    }
}

fn read_password(path: &Path) -> Result<SecretString, RedisSettingsError> {
    let wrong =
        |why: &str| RedisSettingsError::new("password_file", format!("{}: {why}", path.display()));
    let bytes = fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    Ok(secret_text(&bytes).map_err(|why| wrong(&why))?.into())
}

fn read_certificates(path: &Path) -> Result<TlsCertificates, RedisSettingsError> {
    let wrong = |why: String| RedisSettingsError::new("ca_file", why);
    let pem = fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(begin.len()).any(|window| window == begin) {
        return Err(wrong(format!("{} holds no certificate in PEM", path.display())));
    }
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem) })
}

/// Where connections come from.
pub(super) struct Servers {
    pub(super) nodes: Nodes,
    pub(super) pools: Pools,
}

impl Servers {
    pub(super) fn new(settings: &RedisSettings, files: &Files) -> Result<Self, RedisSettingsError> {
        let nodes = Nodes::from(settings, files)?;
        let pools = Pools::new(settings, &nodes)?;
        Ok(Self { nodes, pools })
    }
}

/// Takes what the files say from now on for new connections, once Redis accepts it. Until then what
/// is in use stays: the file may be wrong, or ahead of the server.
pub(super) async fn follow(link: Rc<Link>, files: Arc<Watched<Files>>) {
    let mut in_use = files.current().clone();
    let mut refused = Once::new();
    let mut tried = in_use.clone();
    loop {
        sleep(EVERY).await;
        let now = files.current().clone();
        if Arc::ptr_eq(&now, &in_use) {
            continue;
        }
        if !Arc::ptr_eq(&now, &tried) {
            (tried, refused) = (now.clone(), Once::new());
        }
        match connect(&link, &now).await {
            Ok((servers, line)) => {
                link.use_from_now_on(servers, line).await;
                in_use = now;
                tracing::info!("Redis is spoken with as the changed files say");
            }
            Err(reason) => refused.call_once(|| {
                let advice = "see that Redis knows the new password or certificate; the old one stays in use, and it is tried again";
                tracing::warn!(reason, advice, "Redis does not accept what the changed files say");
            }),
        }
    }
}

/// Servers that a connection could be made to, and that connection.
async fn connect(link: &Link, files: &Files) -> Result<(Servers, Line), String> {
    let servers = Servers::new(&link.settings, files).map_err(|error| error.to_string())?;
    let connection = servers.pools.get(link.settings.command_timeout).await;
    let line = connection.map_err(|failure: Failure| failure.what)?.take();
    Ok((servers, line))
}
