//! A gateway for development: one origin for a small page and for a BFF.
//!
//! **Not for production.** Browsers keep a session to one origin, so a page that uses a BFF has to come from where the BFF's
//! answers come from. In production a gateway sees to that; under `make run`, and in the tests with
//! a real browser, this one does.

mod page;
mod pass;

use actix_web::{
    App, HttpServer,
    rt::{System, spawn},
    web::{Data, PayloadConfig, to},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, OnceLock, mpsc},
    thread::{Builder, JoinHandle},
};
use tokio::sync::oneshot;

/// More than a BFF takes.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Where the BFF is, once that is known.
type Behind = Arc<OnceLock<SocketAddr>>;

/// A running gateway; dropping it closes its sockets.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    behind: Behind,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Gateway {
    /// Starts on a port of 127.0.0.1, 0 for any free one; the port is bound on return.
    ///
    /// # Errors
    /// When the port is taken: the text names it.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).map_err(|error| {
            let text = format!("the development gateway cannot listen on {address}: {error}");
            io::Error::new(error.kind(), text)
        })?;
        let (address, behind) = (listener.local_addr()?, Behind::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let known = Arc::clone(&behind);
        let thread = Builder::new()
            .name("gateway".to_owned())
            .spawn(move || run(listener, &known, &ready, stopped))?;
        // A thread that ends before it is ready drops its sender.
        let started = is_ready.recv();
        let mut gateway = Self { address, behind, stop: Some(stop), thread: Some(thread) };
        match started {
            Ok(()) => Ok(gateway),
            Err(_) => Err(gateway.stop().err().unwrap_or_else(|| io::ErrorKind::Other.into())),
        }
    }

    /// Passes everything but the page on to the BFF at `address`, which is said once: a BFF is
    /// started with the address of its gateway, so the gateway is there first.
    pub fn lead_to(&self, address: SocketAddr) {
        let _said_before = self.behind.set(address);
    }

    /// The origin that browsers see, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn stop(&mut self) -> io::Result<()> {
        drop(self.stop.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(io::Error::other("the gateway's thread panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn run(
    listener: TcpListener,
    behind: &Behind,
    ready: &mpsc::Sender<()>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    System::new().block_on(async move {
        let behind = Data::new(Arc::clone(behind));
        let app = move || {
            App::new()
                .app_data(behind.clone())
                .app_data(Data::new(pass::client()))
                .app_data(PayloadConfig::new(LARGEST_BODY))
                .route("/", actix_web::web::get().to(page::html))
                .route(page::SCRIPT, actix_web::web::get().to(page::script))
                .route(page::STYLE, actix_web::web::get().to(page::style))
                .default_service(to(pass::on))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
        let handle = server.handle();
        let server = spawn(server);
        let _nobody_waits = ready.send(());
        let _stopped = stop.await;
        handle.stop(false).await;
        server.await.map_err(io::Error::other)?
    })
}
