//! The internal services a BFF calls, on one thread: real sockets, generated data, faults on
//! demand.

mod answer;
mod board;
mod control;
mod data;
mod delivery;
mod fault;
mod gzip;
mod request;
mod service;
mod spoil;
mod stats;
#[cfg(test)]
mod tests;
mod thread;
mod wire;

pub use self::{
    fault::Fault,
    service::{Service, UnknownService},
    stats::Stats,
};

use self::{board::Board, data::World, service::all, thread::Listeners};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread::{Builder, JoinHandle, sleep},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The user that tests stand for: one with orders.
pub const USER: &str = "u-1";

/// Eight running services and their control port; dropping it closes every socket.
///
/// ```
/// use bff_neighbours::services::{Fault, SampleServices, Service};
///
/// let services = SampleServices::start()?;
/// services.set_fault(Service::Users, Some(Fault::Delay { millis: 300 }));
/// assert!(services.url(Service::Users).starts_with("http://127.0.0.1:"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct SampleServices {
    board: Arc<Board>,
    control: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// Where the services listen on loopback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The control port; 0 is any free one.
    pub control: u16,
    /// The port of the first service; the others follow in the order of [`Service::ALL`].
    /// 0 is any free port for each.
    pub first: u16,
}

impl SampleServices {
    /// Starts on free ports chosen by the operating system, with the data of seed 1.
    ///
    /// # Errors
    /// The operating system's, when it has no sockets or threads left.
    pub fn start() -> io::Result<Self> {
        Self::start_on(&Ports::default(), 1)
    }

    /// Starts on the given ports; equal seeds give equal data. Every port is bound on return.
    ///
    /// # Errors
    /// When a port is taken: the text names the service and the address.
    pub fn start_on(ports: &Ports, seed: u64) -> io::Result<Self> {
        let listeners = Listeners {
            control: bind("control", ports.control)?,
            services: all(Service::ALL.map(|service| bind(service.name(), ports.of(service)?)))?,
        };
        let control = listeners.control.local_addr()?;
        let addresses = all(listeners.services.each_ref().map(TcpListener::local_addr))?;
        let board = Arc::new(Board::new(World { seed }, addresses));
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let shared = Arc::clone(&board);
        let thread = Builder::new()
            .name("sample-services".to_owned())
            .spawn(move || thread::run(listeners, &shared, &ready, stopped))?;
        // A thread that ends before it is ready drops its sender.
        let started = is_ready.recv();
        let services = Self { board, control, stop: Some(stop), thread: Some(thread) };
        match started {
            Ok(()) => Ok(services),
            Err(_) => Err(services.stop().err().unwrap_or_else(|| io::ErrorKind::Other.into())),
        }
    }

    /// The base URL of a service, such as `http://127.0.0.1:40123`.
    pub fn url(&self, service: Service) -> String {
        self.board.url(service)
    }

    /// The base URL of the control port.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Makes a service misbehave from its next request on, or behave again.
    ///
    /// Requests already hanging stay so until their caller leaves.
    pub fn set_fault(&self, service: Service, fault: Option<Fault>) {
        self.board.desk(service).set_fault(fault);
    }

    /// What a service has seen so far.
    pub fn stats(&self, service: Service) -> Stats {
        self.board.desk(service).stats()
    }

    /// Writes down every request from now on, byte for byte.
    pub fn listen(&self) {
        Service::ALL.iter().for_each(|service| self.board.desk(*service).listen());
    }

    /// What all services were sent since [`SampleServices::listen`], one request after the other, as
    /// text.
    pub fn heard(&self) -> String {
        let heard = Service::ALL.map(|service| self.board.desk(service).heard()).concat();
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Blocks until a service's stats satisfy `predicate`; false when they do not `within` that
    /// time.
    pub fn wait_until(
        &self,
        service: Service,
        predicate: impl Fn(&Stats) -> bool,
        within: Duration,
    ) -> bool {
        let deadline = Instant::now() + within;
        while !predicate(&self.stats(service)) {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(Duration::from_millis(1));
        }
        true
    }

    /// As [`SampleServices::wait_until`], without blocking the thread; the clock is Tokio's.
    pub async fn eventually(
        &self,
        service: Service,
        predicate: impl Fn(&Stats) -> bool,
        within: Duration,
    ) -> bool {
        self.board.desk(service).eventually(predicate, within).await
    }

    fn stop(mut self) -> io::Result<()> {
        self.stop_thread()
    }

    fn stop_thread(&mut self) -> io::Result<()> {
        drop(self.stop.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(io::Error::other("the sample services' thread panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for SampleServices {
    fn drop(&mut self) {
        let _ = self.stop_thread();
    }
}

impl Ports {
    fn of(self, service: Service) -> io::Result<u16> {
        match self.first {
            0 => Ok(0),
            first => first.checked_add(service as u16).ok_or_else(|| {
                let text = format!("no port left for sample service {service} above {first}");
                io::Error::new(io::ErrorKind::InvalidInput, text)
            }),
        }
    }
}

fn bind(name: &str, port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).map_err(|error| {
        let text = format!("sample service {name} cannot listen on {address}: {error}");
        io::Error::new(error.kind(), text)
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
