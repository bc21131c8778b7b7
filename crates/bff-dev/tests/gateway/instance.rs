//! One instance of a BFF as it is shipped: its binary, its base configuration, and variables.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use bff_contracts::workspace;
use bff_fixtures::{http, redis::eventually};
use bff_neighbours::{SampleServices, Service};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// A process on ports that do not change when it is started again. Dropping it kills it.
pub(crate) struct Instance {
    name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    variables: Vec<(String, String)>,
    child: Child,
}

impl Instance {
    /// Starts `bff-<name>` and waits until it is ready.
    pub(crate) fn start(
        name: &'static str,
        services: &SampleServices,
        more: &[(&str, String)],
    ) -> Self {
        let [address, admin] = [(); 2].map(|()| free_address());
        let mut variables: Vec<_> = [
            ("BFF__SERVER__LISTEN", address.to_string()),
            ("BFF__ADMIN__LISTEN", admin.to_string()),
            ("BFF__SERVER__WORKERS", "1".to_owned()),
            // nginx does not look at readiness: it finds a closed port, at once.
            ("BFF__SERVER__DRAIN_DELAY", "200ms".to_owned()),
            ("BFF__CACHE__DEBUG_HEADER", "true".to_owned()),
            ("BFF__LOGS__LEVEL", "warn".to_owned()),
        ]
        .into_iter()
        .chain(more.iter().cloned())
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        for service in Service::ALL.iter().filter(|service| is_used(name, **service)) {
            let key = format!("BFF__SERVICES__{}", service.name().to_uppercase());
            variables.push((format!("{key}__URL"), services.url(*service)));
            // What a busy machine takes for a call is not what is tested here.
            variables.push((format!("{key}__TIMEOUT"), "5s".to_owned()));
        }
        let child = spawn(name, &variables);
        let instance = Self { name, address, admin, variables, child };
        instance.wait_until_ready();
        instance
    }

    /// Starts it again where it was, after its end.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.name, &self.variables);
        self.wait_until_ready();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end that it was asked for. Whether it ended well.
    pub(crate) fn has_ended_well(&mut self) -> bool {
        self.child.wait().is_ok_and(|status| status.success())
    }

    /// The sum of a metric's values over those of its labels that begin like this.
    pub(crate) fn metric(&self, name_and_label: &str) -> f64 {
        let metrics = http::send(self.admin, "GET", "/metrics", &[]).unwrap().text();
        let values = metrics.lines().filter(|line| line.starts_with(name_and_label));
        values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// The requests that it has answered so far, by its own count.
    pub(crate) fn answered(&self) -> f64 {
        self.metric("bff_requests_total{")
    }

    fn wait_until_ready(&self) {
        eventually("the instance is ready", || {
            http::send(self.admin, "GET", "/readyz", &[]).is_ok_and(|reply| reply.status == 200)
        });
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn spawn(name: &str, variables: &[(String, String)]) -> Child {
    let binary = binaries().join(format!("bff-{name}"));
    Command::new(&binary)
        .env_clear()
        .env("BFF_CONFIG_DIR", workspace::root().join("bffs").join(name).join("config"))
        .envs(variables.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{}: {error}; `make test-gateway` builds it", binary.display())
        })
}

/// Where the BFFs' binaries are: beside this test's own, or in `BFF_BINARIES`.
fn binaries() -> PathBuf {
    let beside = || env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    env::var_os("BFF_BINARIES").map_or_else(beside, PathBuf::from)
}

/// The services of the BFF's configuration.
fn is_used(name: &str, service: Service) -> bool {
    let file = workspace::root().join("bffs").join(name).join("config/base.toml");
    let text = std::fs::read_to_string(file).unwrap();
    text.contains(&format!("[services.{}]", service.name()))
}

/// An address for a process that is started later: below the ports that the system gives out by
/// itself, so that nobody else gets it meanwhile.
pub(crate) fn free_address() -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let ports = (0..1000).map(|_| {
        let own = std::process::id().wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Relaxed));
        u16::try_from(10_000 + own % 20_000).unwrap()
    });
    let mut addresses = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}
