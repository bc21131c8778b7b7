//! The three BFFs as processes of their own, as they run anywhere else.

use bff_testkit::http;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    error::Error,
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The public port of the web BFF, which browsers reach through the gateway.
pub(crate) const WEB: u16 = 8082;
/// Name, public port and admin port, as in `config/local.toml`.
pub(crate) const BFFS: [(&str, u16, u16); 3] =
    [("mobile", 8081, 9081), ("web", WEB, 9082), ("partner", 8083, 9083)];

const READY_WITHIN: Duration = Duration::from_secs(20);
const STOPPED_WITHIN: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Running BFFs; dropping stops them.
pub(crate) struct Running(Vec<(&'static str, u16, Child)>);

impl Running {
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Starts all three, after a look at their ports: a taken one is the likeliest reason to fail.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        for (name, public, admin) in BFFS {
            for port in [public, admin] {
                TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
                    format!(
                        "port {port} for the {name} BFF: {error}; stop what uses it, or change bffs/{name}/config/local.toml"
                    )
                })?;
            }
        }
        let mut running = Self::none();
        for (name, _, admin) in BFFS {
            running.0.push((name, admin, spawn(name)?));
        }
        Ok(running)
    }

    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Box<dyn Error>> {
        let until = Instant::now() + READY_WITHIN;
        for (name, admin, child) in &mut self.0 {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *admin));
            while !http::send(address, "GET", "/readyz", &[]).is_ok_and(|reply| reply.status == 200)
            {
                if let Some(status) = child.try_wait()? {
                    return Err(
                        format!("the {name} BFF ended with {status}; its reason is above").into()
                    );
                }
                if Instant::now() > until {
                    return Err(
                        format!("the {name} BFF was not ready within {READY_WITHIN:?}").into()
                    );
                }
                thread::sleep(LOOK_AGAIN);
            }
        }
        Ok(())
    }

    /// Waits for the first BFF that ends by itself.
    pub(crate) async fn one_ended(&mut self) -> String {
        loop {
            for (name, _, child) in &mut self.0 {
                if let Ok(Some(status)) = child.try_wait() {
                    return format!("the {name} BFF ended with {status}");
                }
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks them to drain, waits, and ends what does not listen.
    pub(crate) fn stop(&mut self) {
        for (_, _, child) in &mut self.0 {
            if let Ok(None) = child.try_wait()
                && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
            {
                // After Ctrl-C it has had a signal already; a second one changes nothing.
                let _may_be_gone = kill_process(pid, Signal::TERM);
            }
        }
        let until = Instant::now() + STOPPED_WITHIN;
        for (_, _, child) in &mut self.0 {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
                thread::sleep(LOOK_AGAIN);
            }
            let _may_be_gone = child.kill();
            let _reaped = child.wait();
        }
        self.0.clear();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(name: &'static str) -> Result<Child, Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name(format!("bff-{name}"));
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let config: PathBuf = workspace.join("bffs").join(name).join("config");
    let mut child = Command::new(&program)
        .env("BFF_ENV", "local")
        .env("BFF_CONFIG_DIR", config)
        .env("BFF__LOGS__FORMAT", "text")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}; build it with `cargo build`", program.display()))?;
    relay(name, child.stdout.take());
    relay(name, child.stderr.take());
    Ok(child)
}

/// Copies the lines of a BFF to the terminal, each with its name in front.
fn relay(name: &'static str, lines: Option<impl Read + Send + 'static>) {
    let Some(lines) = lines else { return };
    thread::spawn(move || {
        for line in BufReader::new(lines).lines().map_while(Result::ok) {
            let mut marked = String::with_capacity(line.len() + 12);
            let _ = write!(marked, "{name:>7} | {line}");
            println!("{marked}");
        }
    });
}
