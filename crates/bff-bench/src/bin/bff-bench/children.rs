//! Processes that end with the benchmark, however it ends.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
};
use tokio::signal::unix::{SignalKind, signal};

/// The processes that run now.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A process that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts it on `cores`.
    pub(crate) fn start(mut command: Command, cores: &[usize]) -> io::Result<Self> {
        command.stdin(Stdio::null());
        let started = crate::pins::on(cores, || command.spawn())?;
        let child = started.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", command.get_program().display()))
        })?;
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        Ok(Self(child))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.0.id();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != id);
        let _already_gone = self.0.kill();
        let _already_gone = self.0.wait();
    }
}

/// Kills what runs.
pub(crate) fn stop_all() {
    for id in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        if let Some(id) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
            let _already_gone = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        }
    }
}

/// Ends everything at SIGINT and SIGTERM.
pub(crate) fn stop_on_signals() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let waited: io::Result<()> = runtime.block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            Ok(())
        });
        if waited.is_ok() {
            stop_all();
            std::process::exit(130);
        }
    })?;
    Ok(())
}

/// An address on loopback that nobody listens on.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
