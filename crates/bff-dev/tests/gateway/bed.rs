//! Two instances of three BFFs behind nginx, with everything that they need.
#![allow(
    clippy::unwrap_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::instance::{Instance, free_address};
use bff_contracts::workspace;
use bff_fixtures::{
    Issuer,
    http::{self, Reply},
    redis::{RedisServer, eventually},
};
use bff_neighbours::{
    SampleServices, Service,
    idp::{Client, DEMO_SECRET, IdentityProvider},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

/// All of it. The gateway ends first.
pub(crate) struct Bed {
    gateway: Gateway,
    pub(crate) mobile: [Instance; 2],
    pub(crate) web: [Instance; 2],
    pub(crate) partner: [Instance; 2],
    pub(crate) services: SampleServices,
    pub(crate) idp: IdentityProvider,
    _redis: RedisServer,
}

impl Bed {
    pub(crate) fn start() -> Self {
        let (services, redis) = (SampleServices::start().unwrap(), RedisServer::start());
        let (idp, gateway) = (IdentityProvider::start().unwrap(), free_address());
        let public_url = format!("http://{gateway}");
        let web = Client::demo();
        idp.register(Client {
            redirect_uris: vec![format!("{public_url}/bff/callback")],
            backchannel_logout_uri: Some(format!("{public_url}/bff/backchannel-logout")),
            ..web
        });
        let files = directory();
        let keys = files.join("session-keys");
        fs::write(&keys, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n").unwrap();
        let tokens = [
            ("BFF__ISSUERS__MAIN__ISSUER", Issuer::shared().issuer().to_owned()),
            ("BFF__ISSUERS__MAIN__KEYS__FILE", text(Issuer::shared().write_jwks(&files).unwrap())),
        ];
        let sessions = [
            ("BFF__SESSION__ISSUER", idp.url().to_owned()),
            ("BFF__SESSION__CLIENT_SECRET", DEMO_SECRET.to_owned()),
            ("BFF__SESSION__PUBLIC_URL", public_url),
            ("BFF__SESSION__KEYS_FILE", text(keys)),
            ("BFF__SESSION__REDIS__URL", redis.url()),
        ];
        let pair = |name, more: &[_]| [(); 2].map(|()| Instance::start(name, &services, more));
        let (mobile, web) = (pair("mobile", &tokens), pair("web", &sessions));
        let partner = pair("partner", &tokens);
        let at = |pair: &[Instance; 2]| pair.iter().map(|one| one.address).collect();
        let places = [("mobile", at(&mobile)), ("web", at(&web)), ("partner", at(&partner))];
        let gateway = Gateway::start(gateway, &places);
        Self { gateway, mobile, web, partner, services, idp, _redis: redis }
    }

    /// Where clients are.
    pub(crate) fn gateway(&self) -> SocketAddr {
        self.gateway.address
    }

    /// `GET` through the gateway.
    pub(crate) fn get(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        http::send(self.gateway(), "GET", target, headers).unwrap()
    }

    /// `GET` through the gateway as a user of a BFF that takes tokens.
    pub(crate) fn get_as(&self, bff: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        let audience = format!("{bff}-bff");
        let token = Issuer::shared().token_with("u-1", &audience, &["catalogue:read"]);
        let credential = format!("Bearer {token}");
        self.get(target, &[&[("authorization", credential.as_str())], headers].concat())
    }
}

/// nginx as `make gateway` runs it. Dropping it stops it.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Gateway {
    /// In front of the instances of these BFFs; of others there are none.
    pub(crate) fn start(address: SocketAddr, bffs: &[(&str, Vec<SocketAddr>)]) -> Self {
        let mut command = Command::new(workspace::root().join("deploy/gateway/run.sh"));
        for name in workspace::bffs(&workspace::root()).unwrap() {
            let of_it = bffs.iter().filter(|(bff, _)| *bff == name).flat_map(|(_, at)| at);
            let mut at: Vec<_> = of_it.map(SocketAddr::to_string).collect();
            if at.is_empty() {
                at.push(free_address().to_string());
            }
            let variable = format!("{}_INSTANCES", name.to_uppercase().replace('-', "_"));
            command.env(variable, at.join(" "));
        }
        command.env("PORT", address.port().to_string()).stdin(Stdio::null());
        // It reports every refused connection, which here are meant.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        eventually("nginx answers", || http::send(address, "GET", "/", &[]).is_ok());
        Self { address, child }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // The script ends nginx, and itself when that is done.
        let _already_gone = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _status = self.child.wait();
    }
}

/// A sample service in the place of a BFF: it remembers what it was sent.
pub(crate) fn address_of(services: &SampleServices, service: Service) -> SocketAddr {
    services.url(service).replace("http://", "").parse().unwrap()
}

/// A directory of this bed's own.
fn directory() -> PathBuf {
    static BEDS: AtomicUsize = AtomicUsize::new(0);
    let own = format!("bff-gateway-{}-{}", std::process::id(), BEDS.fetch_add(1, Ordering::SeqCst));
    let path = env::temp_dir().join(own);
    fs::create_dir_all(&path).unwrap();
    path
}

fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}
