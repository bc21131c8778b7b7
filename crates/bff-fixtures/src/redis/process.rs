//! One redis-server process with a directory of its own.

use super::{PATIENCE, eventually};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio, id},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// A process that ends with this value, with its directory.
#[derive(Debug)]
pub(super) struct Process {
    child: Option<Child>,
    arguments: Vec<String>,
    directory: PathBuf,
    port: u16,
}

impl Process {
    /// Starts redis-server with `arguments`, which make it listen on `port`, and waits until it
    /// does. `None` when it ends instead: somebody was faster on that port.
    pub(super) fn start(directory: PathBuf, port: u16, arguments: Vec<String>) -> Option<Self> {
        let mut process = Self { child: None, arguments, directory, port };
        process.launch().then_some(process)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again where it was.
    pub(super) fn restart(&mut self) {
        self.stop();
        // The port may be in somebody else's hands for a moment.
        eventually("the server is back on its port", || self.launch());
    }

    /// Ends it at once, as a crash would.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _already_gone = child.kill();
            let _status = child.wait();
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().and_then(|child| i32::try_from(child.id()).ok());
        let id = id.and_then(Pid::from_raw).expect("the server runs");
        kill_process(id, signal).expect("the server can be signalled");
    }

    /// What redis-cli prints for a command.
    pub(super) fn cli(&self, arguments: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        cli.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).args(arguments);
        run(&mut cli)
    }

    fn launch(&mut self) -> bool {
        let log = fs::File::create(self.directory.join("log")).expect("a log can be written");
        let mut command = Command::new("redis-server");
        command.args(&self.arguments).current_dir(&self.directory);
        let errors = log.try_clone().expect("a log has two writers");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("{}", hint(&error))));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended =
                self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended {
                return false;
            }
            if answers(self.port) {
                return true;
            }
            assert!(Instant::now() < deadline, "no answer from redis-server: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        let _left_behind = fs::remove_dir_all(&self.directory);
    }
}

/// Runs a tool to its end, for what it prints.
pub(super) fn run(tool: &mut Command) -> String {
    let output = tool.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{}", hint(&error)));
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

/// An empty directory that nobody else uses.
pub(super) fn new_directory() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let directory = env::temp_dir().join(format!("bff-redis-{}-{count}", id()));
    let _left_behind = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory can be made");
    directory
}

/// What every server is told: nothing on disk, nobody from elsewhere.
pub(super) fn basics(port: u16, directory: &Path) -> Vec<String> {
    let port = port.to_string();
    let directory = directory.display().to_string();
    let pairs = [
        ["--port", &port],
        ["--bind", "127.0.0.1"],
        ["--protected-mode", "yes"],
        ["--save", ""],
        ["--appendonly", "no"],
        // Five seconds of waiting for more replicas, otherwise.
        ["--repl-diskless-sync-delay", "0"],
        ["--dir", &directory],
    ];
    pairs.concat().into_iter().map(str::to_owned).collect()
}

/// Whether a server speaks on that port; one that asks for a password does.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut first = [0; 5];
        stream.read_exact(&mut first)?;
        Ok(&first == b"+PONG" || &first == b"-NOAU")
    };
    ask().unwrap_or(false)
}

fn hint(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "redis-server is needed: apt-get install redis-server".to_owned(),
        _ => format!("redis-server does not start: {error}"),
    }
}
