//! The BFFs of this workspace, read off the directories `bffs/*`: nothing that starts all of them
//! lists any of them.

use bff_contracts::{Route, workspace};
use bff_neighbours::idp::{Client, IdentityProvider};
use serde::{Deserialize, de::IgnoredAny};
use std::{collections::BTreeMap, fs, io, net::SocketAddr, path::Path};
use toml::{Table, Value};
use url::Url;

/// A BFF as its directory and its contracts declare it, in its configuration for development.
#[derive(Debug)]
pub struct Declared {
    /// The directory's name: `mobile` for the program `bff-mobile`.
    pub name: String,
    /// Where clients reach it, such as `127.0.0.1:8081`.
    pub address: SocketAddr,
    /// Where health, metrics and console are.
    pub admin_address: SocketAddr,
    /// The services that it asks, by their names.
    pub services: Vec<String>,
    /// The `aud` of tokens for it, where it takes tokens.
    pub audience: Option<String>,
    /// How browsers sign in, where they do.
    pub session: Option<DeclaredSession>,
    /// What it answers to, by its committed contracts.
    pub routes: Vec<Route>,
}

/// `[session]` of a BFF.
#[derive(Debug, Deserialize)]
pub struct DeclaredSession {
    /// Who it is at the identity provider.
    pub client_id: String,
    /// The origin that browsers see.
    pub public_url: Url,
}

/// The part of a configuration that whoever starts a BFF has to know.
#[derive(Deserialize)]
struct Configuration {
    server: Listening,
    admin: Listening,
    #[serde(default)]
    services: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    issuers: BTreeMap<String, DeclaredIssuer>,
    session: Option<DeclaredSession>,
}

#[derive(Deserialize)]
struct Listening {
    listen: SocketAddr,
}

#[derive(Deserialize)]
struct DeclaredIssuer {
    audience: String,
}

impl Declared {
    /// All BFFs of a workspace.
    ///
    /// # Errors
    /// A configuration or a contract that cannot be read, by its path.
    pub fn all(workspace: &Path) -> io::Result<Vec<Self>> {
        workspace::bffs(workspace)?.into_iter().map(|name| Self::read(workspace, name)).collect()
    }

    fn read(workspace: &Path, name: String) -> io::Result<Self> {
        let directory = workspace.join("bffs").join(&name).join("config");
        let mut all = Table::new();
        for layer in ["base.toml", "local.toml"] {
            let path = directory.join(layer);
            let wrong = |why: String| invalid(&path, &why);
            let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
            merge(&mut all, text.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))?);
        }
        let configuration: Configuration =
            all.try_into().map_err(|error| invalid(&directory, &error.to_string()))?;
        let Configuration { server, admin, services, mut issuers, session } = configuration;
        Ok(Self {
            address: server.listen,
            admin_address: admin.listen,
            services: services.into_keys().collect(),
            audience: issuers.remove("main").map(|issuer| issuer.audience),
            session,
            routes: bff_contracts::routes(&workspace.join("contracts"), &name)?,
            name,
        })
    }

    /// Every scope that a route of it asks for.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        self.routes.iter().flat_map(|route| &route.scopes).map(String::as_str).collect()
    }
}

/// Tells the identity provider about BFFs that get tokens for themselves; those with sessions are told
/// with [`DeclaredSession::client`].
pub fn register_services(names: &[String], idp: &IdentityProvider) {
    for name in names {
        idp.register(Client::service(&format!("{name}-bff")));
    }
}

impl DeclaredSession {
    /// The client that the identity provider has to know: browsers reach the BFF at the origin
    /// `public_url`, the provider at `address`.
    #[must_use]
    pub fn client(&self, public_url: &str, address: SocketAddr) -> Client {
        let audiences = Client::new(&self.client_id).audiences;
        Client { id: self.client_id.clone(), audiences, ..Client::web(public_url, address) }
    }
}

/// Puts one table over another, key by key.
fn merge(below: &mut Table, over: Table) {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(over)) => merge(below, over),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

fn invalid(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of one's own with a BFF that nobody has heard of.
    #[test]
    fn a_bff_is_known_by_its_directory_alone() {
        let root = std::env::temp_dir().join(format!("bff-declared-{}", std::process::id()));
        let config = root.join("bffs/kiosk/config");
        fs::create_dir_all(&config).unwrap();
        fs::write(root.join("bffs/clippy.toml"), "").unwrap();
        fs::write(root.join("bffs/kiosk/Cargo.toml"), "").unwrap();
        let base = "[server]\nlisten = \"0.0.0.0:8084\"\n[admin]\nlisten = \"0.0.0.0:9084\"\n\
                    [services.users]\nurl = \"http://users\"\n[session]\nclient_id = \"kiosk-bff\"\n";
        fs::write(config.join("base.toml"), base).unwrap();
        let local = "[server]\nlisten = \"127.0.0.1:8085\"\n\
                     [session]\npublic_url = \"http://127.0.0.1:7112\"\n";
        fs::write(config.join("local.toml"), local).unwrap();
        let contracts = root.join("contracts/kiosk/v1");
        fs::create_dir_all(&contracts).unwrap();
        let contract = r#"{"endpoint": "GET /kiosk/v1/map", "schema": "kiosk.map/1",
            "audience": "shared", "access": "credential", "scopes": ["map:read"], "views": {}, "shape": {}}"#;
        fs::write(contracts.join("map.json"), contract).unwrap();

        let all = Declared::all(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        let [kiosk] = all.as_slice() else { unreachable!("{all:?}") };
        assert_eq!(
            (kiosk.name.as_str(), kiosk.services.as_slice()),
            ("kiosk", &["users".into()][..])
        );
        assert_eq!(kiosk.address.to_string(), "127.0.0.1:8085");
        assert_eq!(kiosk.admin_address.port(), 9084);
        assert_eq!(kiosk.scopes(), ["map:read"]);
        let client = kiosk.session.as_ref().unwrap().client("http://127.0.0.1:7112", kiosk.address);
        assert_eq!((client.id.as_str(), client.audiences[0].as_str()), ("kiosk-bff", "kiosk-bff"));
        assert_eq!(client.redirect_uris, ["http://127.0.0.1:7112/bff/callback"]);
    }
}
