//! The load: keep-alive connections on one thread, as fast as answers come or at a fixed rate.

use crate::{Result, procfs, report::Round};
use bff_bench::{figures::percentile, message, poll::Poll, socket::Socket};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What to send, to whom, how fast and for how long.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) request: Vec<u8>,
    pub(crate) pace: Pace,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
}

/// How fast requests follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many connections, each of which asks again as soon as it has its answer.
    Closed(usize),
    /// So many requests in a second, whether answers come or not. Latency counts from the moment at which a request was
    /// due.
    PerSecond(f64),
}

/// At a fixed rate, requests beyond these find no connection and count as failed.
const MOST_CONNECTIONS: usize = 2048;

/// Loads the process `pid`, on the calling thread.
pub(crate) fn run(load: &Load, pid: u32) -> Result<Round> {
    let mut run = Run::start(load)?;
    run.until(Instant::now() + load.warm_up)?;
    run.forget();
    let (started, cpu_before) = (Instant::now(), procfs::cpu_time(pid)?);
    run.until(started + load.duration)?;
    let (elapsed, cpu) = (started.elapsed(), procfs::cpu_time(pid)?.saturating_sub(cpu_before));
    Ok(run.round(elapsed, cpu))
}

struct Run<'a> {
    load: &'a Load,
    poll: Poll,
    connections: Vec<Connection>,
    free: Vec<usize>,
    next_due: Instant,
    interval: Duration,
    /// Nanoseconds.
    latencies: Vec<u64>,
    failed: u64,
}

struct Connection {
    socket: Socket,
    /// Since when its request is due; none when it has none.
    due: Option<Instant>,
}

impl<'a> Run<'a> {
    fn start(load: &'a Load) -> Result<Self> {
        let (poll, next_due, interval) = match load.pace {
            Pace::Closed(_) => (Poll::new()?, Instant::now(), Duration::MAX),
            Pace::PerSecond(rate) => {
                (Poll::new()?, Instant::now(), Duration::from_secs_f64(1.0 / rate))
            }
        };
        let (connections, free, latencies) = (Vec::new(), Vec::new(), Vec::new());
        let mut run =
            Self { load, poll, connections, free, next_due, interval, latencies, failed: 0 };
        if let Pace::Closed(count) = load.pace {
            for _ in 0..count {
                let place = run.connect()?;
                run.ask(place, Instant::now())?;
            }
        }
        Ok(run)
    }

    fn until(&mut self, end: Instant) -> Result<()> {
        let mut tokens = Vec::new();
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            self.send_due(now)?;
            let wake = match self.load.pace {
                Pace::Closed(_) => end,
                Pace::PerSecond(_) => end.min(self.next_due),
            };
            self.poll.wait(Some(wake.saturating_duration_since(Instant::now())), &mut tokens)?;
            for token in &tokens {
                self.collect(usize::try_from(*token)?)?;
            }
        }
    }

    fn send_due(&mut self, now: Instant) -> Result<()> {
        if matches!(self.load.pace, Pace::Closed(_)) {
            return Ok(());
        }
        while self.next_due <= now {
            let due = self.next_due;
            self.next_due += self.interval;
            let place = match self.free.pop() {
                Some(place) => place,
                None if self.connections.len() < MOST_CONNECTIONS => self.connect()?,
                None => {
                    self.failed += 1;
                    continue;
                }
            };
            self.ask(place, due)?;
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<usize> {
        let socket = Socket::connect(self.load.address)?;
        let place = self.connections.len();
        self.poll.watch(socket.stream(), place as u64)?;
        self.connections.push(Connection { socket, due: None });
        Ok(place)
    }

    fn ask(&mut self, place: usize, due: Instant) -> Result<()> {
        if let Some(connection) = self.connections.get_mut(place) {
            connection.due = Some(due);
            connection.socket.send(&self.load.request)?;
        }
        Ok(())
    }

    fn collect(&mut self, place: usize) -> Result<()> {
        let Some(connection) = self.connections.get_mut(place) else { return Ok(()) };
        let open = matches!(connection.socket.advance(), Ok(true));
        let answer = connection.socket.message();
        if let (Some(answer), Some(due)) = (&answer, connection.due.take_if(|_| answer.is_some())) {
            let waited = u64::try_from(due.elapsed().as_nanos())?;
            match message::status(connection.socket.input()) {
                200 => self.latencies.push(waited),
                _ => self.failed += 1,
            }
            connection.socket.consume(answer.body.end);
        }
        if !open {
            // Closed by the server: a request that was on its way is lost.
            self.failed += u64::from(connection.due.is_some());
            connection.socket = Socket::connect(self.load.address)?;
            self.poll.watch(connection.socket.stream(), place as u64)?;
            connection.due = None;
        } else if answer.is_none() {
            return Ok(());
        }
        match self.load.pace {
            Pace::Closed(_) => self.ask(place, Instant::now())?,
            Pace::PerSecond(_) => self.free.push(place),
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.latencies.clear();
        self.failed = 0;
    }

    fn round(mut self, elapsed: Duration, cpu: Duration) -> Round {
        self.latencies.sort_unstable();
        let pages = self.latencies.len() as f64;
        let milliseconds = |percent| percentile(&self.latencies, percent) as f64 / 1e6;
        Round {
            cpu_us: cpu.as_secs_f64() * 1e6 / pages.max(1.0),
            pages_per_second: pages / elapsed.as_secs_f64(),
            p50_ms: milliseconds(50.0),
            p90_ms: milliseconds(90.0),
            p99_ms: milliseconds(99.0),
            failed: self.failed as f64,
            busy_percent: cpu.as_secs_f64() / elapsed.as_secs_f64() * 100.0,
        }
    }
}
