//! A started binary: its ports, everything that it wrote, and its end.
#![allow(clippy::expect_used, reason = "a process that does not start has nothing to say")]

use bff_testkit::{
    Fault, Issuer, Json, SampleServices, Service,
    http::{self, Reply},
    log_line,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Ends a test that would hang; nothing takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const HOME: &str = "/mobile/v1/home";
pub(crate) const PRODUCT: &str = "/mobile/v1/products/p-1";
/// A user whose id is found nowhere by chance.
pub(crate) const USER: &str = "u-4711";

/// The binary with sample services behind it. Dropping it kills it.
pub(crate) struct Running {
    pub(crate) services: SampleServices,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: [JoinHandle<String>; 2],
}

/// The binary in the configuration that it is shipped with and nothing else from the outside.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bff-mobile"));
    command
        .env_clear()
        .env("BFF_CONFIG_DIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("config"))
        .env("BFF__SERVER__LISTEN", "127.0.0.1:0")
        .env("BFF__SERVER__WORKERS", "2")
        .env("BFF__SERVER__DRAIN_DELAY", "0s")
        .env("BFF__ADMIN__LISTEN", "127.0.0.1:0")
        .env("BFF__ISSUERS__MAIN__ISSUER", Issuer::shared().issuer())
        .env("BFF__ISSUERS__MAIN__KEYS__FILE", keys_file())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A file of this test's own, because other tests run at the same time.
fn keys_file() -> PathBuf {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let own =
        format!("bff-process-{}-{}", std::process::id(), FILES.fetch_add(1, Ordering::SeqCst));
    let directory = std::env::temp_dir().join(own);
    std::fs::create_dir_all(&directory).expect("a directory for the keys");
    Issuer::shared().write_jwks(&directory).expect("a file for the keys")
}

impl Running {
    /// Starts with more variables and waits until the process says that it is ready.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let services = SampleServices::start().expect("sample services start");
        let mut command = command();
        for service in Service::ALL.into_iter().filter(|service| *service != Service::Reviews) {
            let key = format!("BFF__SERVICES__{}", service.name().to_uppercase());
            command.env(format!("{key}__URL"), services.url(service));
            // What a busy machine takes for a call is not what is tested here; the routes' budgets still hold.
            command
                .env(format!("{key}__TIMEOUT"), "5s")
                .env(format!("{key}__CONNECT_TIMEOUT"), "5s");
        }
        let mut child = command.envs(variables.iter().copied()).spawn().expect("it starts");
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let readers = [
            collect(child.stdout.take().expect("its output"), lines.clone()),
            collect(child.stderr.take().expect("its errors"), Arc::default()),
        ];
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut running =
            Self { services, address: nowhere, admin: nowhere, child, lines, readers };
        assert!(running.eventually(|all| all.logged("ready").is_some()), "{:?}", running.lines());
        let ready = running.logged("ready").unwrap_or_default();
        let address = |name: &str| ready.get(name)?.as_str()?.parse().ok();
        running.address = address("address").expect("the public address");
        running.admin = address("admin").expect("the admin address");
        running
    }

    /// `GET` on the public port as [`USER`].
    pub(crate) fn get(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        let credential = format!("Bearer {}", token());
        let headers = [&[("authorization", credential.as_str())], headers].concat();
        http::send(self.address, "GET", target, &headers).expect("the public port answers")
    }

    /// `GET` on the admin port.
    pub(crate) fn ask_admin(&self, target: &str) -> Reply {
        http::send(self.admin, "GET", target, &[]).expect("the admin port answers")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is there");
    }

    /// What it wrote to standard output so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first log line with that message.
    pub(crate) fn logged(&self, message: &str) -> Option<Json> {
        let parsed = self.lines().into_iter().filter_map(|line| line.parse::<Json>().ok());
        parsed.into_iter().find(|line| line.get("message").is_some_and(|known| known == message))
    }

    /// Waits until `condition` holds.
    pub(crate) fn eventually(&self, condition: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + PATIENCE;
        while !condition(self) {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Waits for its end: the exit status, and all of standard output and standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status;
            }
            assert!(Instant::now() < until, "it does not end: {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(2));
        };
        let nothing = [(); 2].map(|()| std::thread::spawn(String::new));
        let [output, errors] = std::mem::replace(&mut self.readers, nothing)
            .map(|reader| reader.join().expect("all was read"));
        let unreadable = output.lines().filter_map(|line| log_line(line).err());
        assert_eq!(unreadable.collect::<Vec<_>>(), [""; 0]);
        (status, output, errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A good token of [`USER`].
pub(crate) fn token() -> String {
    Issuer::shared().token(USER, "mobile-bff")
}

/// A page that waits for a user with that fault, asked for on another thread; the page is under way when this returns.
pub(crate) fn slow_home(bff: &Running, fault: Fault) -> JoinHandle<u16> {
    bff.services.set_fault(Service::Users, Some(fault));
    let (address, credential) = (bff.address, format!("Bearer {}", token()));
    let page = std::thread::spawn(move || {
        let reply = http::send(address, "GET", HOME, &[("authorization", &credential)]);
        reply.map_or(0, |reply| reply.status)
    });
    let under_way = |bff: &Running| bff.services.stats(Service::Users).requests_started == 1;
    assert!(bff.eventually(under_way), "the page was never asked for");
    page
}

/// Reads to the end, and shows each line as soon as it is there.
fn collect(
    stream: impl Read + Send + 'static,
    lines: Arc<Mutex<Vec<String>>>,
) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut all = String::new();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            all += &line;
            all.push('\n');
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
        all
    })
}
