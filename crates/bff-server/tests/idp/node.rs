//! oidc-provider as a process of its own.

use bff_testkit::http;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
};

const FILES: [&str; 3] = ["package.json", "package-lock.json", "provider.js"];

/// A running provider. Dropping it kills it; it also ends by itself when the test does.
pub(crate) struct NodeProvider {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl NodeProvider {
    /// Starts on a free port, for a BFF that browsers and the provider reach at `shop`.
    pub(crate) fn start(shop: &str) -> Self {
        let mut child = Command::new("node")
            .args(["provider.js", shop])
            .current_dir(&*FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}; these tests need Node 20 or newer"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_prefix("listens on ")?.parse().ok());
        let Some(port) = port else { panic!("provider.js does not start: {:?}", child.wait()) };
        // What else it says is nothing, but it must find somebody who listens.
        thread::spawn(move || lines.count());
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For access tokens made from now on, in seconds.
    pub(crate) fn set_lifetime(&self, seconds: u32) {
        http::send(self.address, "GET", &format!("/control/{seconds}"), &[]).unwrap();
    }

    /// What it has counted.
    pub(crate) fn seen(&self, what: &str) -> u64 {
        let counts = http::send(self.address, "GET", "/control", &[]).unwrap();
        counts.at(&format!("/{what}")).as_u64().unwrap()
    }
}

impl Drop for NodeProvider {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The script and what it needs, installed below `target/` from the lockfile, once per lockfile.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bff-neighbours/node");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider");
    fs::create_dir_all(&folder).unwrap();
    for file in FILES {
        fs::copy(from.join(file), folder.join(file)).unwrap();
    }
    let (lock, done) =
        (fs::read(from.join("package-lock.json")).unwrap(), folder.join("installed-lock.json"));
    if fs::read(&done).ok().as_ref() != Some(&lock) {
        let installed = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap_or_else(|error| panic!("npm: {error}; these tests need Node 20 with npm"));
        assert!(installed.success(), "npm ci failed");
        fs::write(done, lock).unwrap();
    }
    folder
});
