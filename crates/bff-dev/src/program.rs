//! A BFF's own binary as a process, as it runs anywhere else.

use bff_contracts::workspace;
use bff_fixtures::http;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env, io,
    net::SocketAddr,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

const READY_WITHIN: Duration = Duration::from_secs(20);
const STOPPED_WITHIN: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A running BFF. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    name: String,
    admin_address: SocketAddr,
    child: Child,
}

/// How `bff-<name>` is started in its own configuration for development: the binary beside this one.
///
/// # Errors
/// When nobody knows where this one is.
pub fn command(name: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?.with_file_name(format!("bff-{name}")));
    let config = workspace::root().join("bffs").join(name).join("config");
    command.env("BFF_ENV", "local").env("BFF_CONFIG_DIR", config);
    Ok(command)
}

impl Program {
    /// Starts what [`command`] made of the BFF `name`, whose admin port is at `admin_address`.
    ///
    /// # Errors
    /// When there is no such binary: the text names it.
    pub fn start(name: &str, admin_address: SocketAddr, command: &mut Command) -> io::Result<Self> {
        let child = command.spawn().map_err(|error| {
            let program = command.get_program().to_string_lossy();
            io::Error::new(error.kind(), format!("{program}: {error}; build it with `cargo build`"))
        })?;
        Ok(Self { name: name.to_owned(), admin_address, child })
    }

    /// What it prints, where that was piped; once.
    pub fn output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Blocks until it says that it is ready.
    ///
    /// # Errors
    /// When it ends before, or takes too long.
    pub fn wait_until_ready(&mut self) -> io::Result<()> {
        let until = Instant::now() + READY_WITHIN;
        let ready = || http::send(self.admin_address, "GET", "/readyz", &[]);
        while !ready().is_ok_and(|reply| reply.status == 200) {
            let name = &self.name;
            if let Some(status) = self.child.try_wait()? {
                let why = format!("the {name} BFF ended with {status}; it said why");
                return Err(io::Error::other(why));
            }
            if Instant::now() > until {
                let why = format!("the {name} BFF was not ready within {READY_WITHIN:?}");
                return Err(io::Error::other(why));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks all of them to drain, waits, and ends what does not listen.
    pub fn stop(mut all: Vec<Self>) {
        for program in &mut all {
            if program.ended().is_none()
                && let Some(pid) = i32::try_from(program.child.id()).ok().and_then(Pid::from_raw)
            {
                // After Ctrl-C it has had a signal already; this one comes so soon after it that it is the same.
                let _may_be_gone = kill_process(pid, Signal::TERM);
            }
        }
        let until = Instant::now() + STOPPED_WITHIN;
        for program in &mut all {
            while program.ended().is_none() && Instant::now() < until {
                thread::sleep(LOOK_AGAIN);
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _may_be_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
