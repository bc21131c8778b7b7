//! A small OpenID provider for development and tests. **Not for production**: it asks nobody for a
//! password, its secrets are in the source, and it forgets everything when it ends.
//!
//! `make run` uses it to sign in with a browser, tests to drive an OAuth BFF over real HTTP. It
//! keeps to the standards that it has: OpenID Connect Core, Discovery, RP-Initiated Logout and
//! Back-Channel Logout, RFC 6749, 7009, 7523, 7636, 8693, 9068 and 9207.

mod asked;
mod authorize;
mod bounded;
mod client;
mod client_auth;
mod control;
mod courier;
mod discovery;
mod exchange;
mod fault;
mod grants;
mod keys;
mod logout;
mod mint;
mod page;
mod provider;
mod reply;
mod resource;
mod secrets;
mod serve;
mod steering;
#[cfg(test)]
mod tests;
mod thread;
mod token;
mod users;

pub use self::{
    client::{Client, DEMO_SECRET},
    courier::Delivery,
    fault::{Endpoint, IdpFault},
    steering::SignedIn,
};

use self::provider::{Provider, Shared};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::mpsc,
    thread::{Builder, JoinHandle},
};
use tokio::sync::{mpsc as channel, oneshot};

/// Logout tokens on their way.
const NOTICES: usize = 1024;

/// A running identity provider; dropping it closes its sockets.
///
/// ```
/// use bff_neighbours::idp::{Client, Endpoint, IdentityProvider, IdpFault};
///
/// let idp = IdentityProvider::start()?;
/// idp.register(Client { secret: Some("s3cret".to_owned()), ..Client::new("web-bff") });
/// idp.set_fault(Endpoint::Token, Some(IdpFault::Status(503)));
/// assert!(idp.url().starts_with("http://127.0.0.1:"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct IdentityProvider {
    shared: Shared,
    address: SocketAddr,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl IdentityProvider {
    /// Starts on a free port, with the clients of [`Client::demo`]. New keys take a moment.
    ///
    /// # Errors
    /// The operating system's, when it has no sockets or threads left.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0)
    }

    /// Starts on a port of 127.0.0.1; the port is bound on return.
    ///
    /// # Errors
    /// When the port is taken: the text names it.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).map_err(|error| {
            let text = format!("the identity provider cannot listen on {address}: {error}");
            io::Error::new(error.kind(), text)
        })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}");
        let (courier, notices) = channel::channel(NOTICES);
        let shared = Shared::new(Provider::new(url.clone(), courier));
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let board = shared.clone();
        let thread = Builder::new()
            .name("identity-provider".to_owned())
            .spawn(move || thread::run(listener, board, notices, &ready, stopped))?;
        // A thread that ends before it is ready drops its sender.
        let started = is_ready.recv();
        let mut idp = Self { shared, address, url, stop: Some(stop), thread: Some(thread) };
        match started {
            Ok(()) => Ok(idp),
            Err(_) => Err(idp.stop().err().unwrap_or_else(|| io::ErrorKind::Other.into())),
        }
    }

    /// The issuer, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
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
            Some(Err(_)) => Err(io::Error::other("the identity provider's thread panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
