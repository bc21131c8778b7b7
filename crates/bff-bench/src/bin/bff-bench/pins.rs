//! Who runs on which core, so that contenders never share one with the services and the load.

use rustix::{
    process::setpriority_process,
    thread::{CpuSet, sched_setaffinity},
};
use std::{io, thread};

/// Before whatever else runs here, where the operating system allows it.
const NICE: i32 = -10;

/// The cores of this machine, dealt out.
#[derive(Debug, Clone)]
pub(crate) struct Pins {
    pub(crate) server: Vec<usize>,
    pub(crate) two_servers: Vec<usize>,
    pub(crate) services: Vec<usize>,
    pub(crate) load: Vec<usize>,
    pub(crate) alone: bool,
}

impl Pins {
    pub(crate) fn of(cores: usize) -> Self {
        match cores {
            0 | 1 => Self::new([0, 0], 0, 0, false),
            2 => Self::new([0, 1], 1, 1, false),
            3 => Self::new([0, 1], 2, 2, true),
            _ => Self::new([0, 1], 2, 3, true),
        }
    }

    fn new([first, second]: [usize; 2], services: usize, load: usize, alone: bool) -> Self {
        let (server, two_servers) = (vec![first], vec![first, second]);
        Self { server, two_servers, services: vec![services], load: vec![load], alone }
    }

    pub(crate) fn describe(&self) -> String {
        let Self { server, services, load, .. } = self;
        format!("server on core {server:?}, services on {services:?}, load on {load:?}")
            .replace(['[', ']'], "")
    }
}

/// Runs `work` on a thread of its own that stays on `cores`; processes that it starts stay there too.
pub(crate) fn on<T: Send>(cores: &[usize], work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            sched_setaffinity(None, &set)?;
            // Only root may; without it the neighbours disturb more.
            let _not_allowed = setpriority_process(None, NICE);
            Ok::<T, io::Error>(work())
        });
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("a thread of the benchmark panicked")))
    })
}
