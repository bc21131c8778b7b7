//! The connections of one worker: a pool per host, given up when nobody has used it for a while.
//!
//! awc closes a connection that was idle for too long when its pool is used again, and only then. So a pool that nobody
//! uses is given up as a whole, as soon as the connection that was used last is too old.

use crate::{host::Host, service::Service};
use awc::{Client, Connector};
use rustls::ClientConfig;
use std::{
    cell::{Cell, RefCell},
    ops::Deref,
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::spawn_local,
    time::{Instant, sleep_until},
};

/// By host, and by what they were made with.
#[derive(Default)]
pub(crate) struct Pools(Rc<RefCell<Vec<Rc<Pool>>>>);

struct Pool {
    host: u32,
    service: Box<str>,
    tls: Option<Arc<ClientConfig>>,
    client: Client,
    used: Cell<Instant>,
}

/// One of them, in use.
pub(crate) struct InUse(Rc<Pool>);

impl Pools {
    /// The pool of a host, made when there is none.
    pub(crate) fn of(&self, service: &Service, host: &Host) -> InUse {
        let mut pools = self.0.borrow_mut();
        let tls = service.tls.as_ref().map(|tls| tls.current());
        if let Some(pool) = pools.iter().find(|pool| pool.is_for(host, tls.as_deref())) {
            return InUse(Rc::clone(pool));
        }
        // A new host is the occasion to forget those that are gone, and those with an old
        // certificate; requests that are under way on them end as they would.
        let hosts = service.hosts();
        let is_there = |id| id != host.id() && hosts.iter().any(|host| host.id() == id);
        pools.retain(|pool| *pool.service != *service.name() || is_there(pool.host));
        let tls = tls.map(|tls| Arc::clone(&tls));
        let client = client(service, tls.clone());
        let (host, service_name) = (host.id(), service.name().into());
        let used = Cell::new(Instant::now());
        let pool = Rc::new(Pool { host, service: service_name, tls, client, used });
        let (all, one) = (Rc::downgrade(&self.0), Rc::downgrade(&pool));
        spawn_local(give_up(all, one, service.settings.keep_alive));
        pools.push(Rc::clone(&pool));
        InUse(pool)
    }

    /// Gives up the connections to a host. Nobody has used them since the caller's answer came:
    /// awc put its connection back in the same poll.
    pub(crate) fn forget(&self, host: &Host) {
        self.0.borrow_mut().retain(|pool| pool.host != host.id());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Pool {
    fn is_for(&self, host: &Host, tls: Option<&Arc<ClientConfig>>) -> bool {
        self.host == host.id() && self.tls.as_ref().map(Arc::as_ptr) == tls.map(Arc::as_ptr)
    }
}

impl Deref for InUse {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0.client
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.used.set(Instant::now());
    }
}

/// Gives a pool up once nobody has used it for `keep_alive`.
async fn give_up(all: Weak<RefCell<Vec<Rc<Pool>>>>, one: Weak<Pool>, keep_alive: Duration) {
    while let Some(until) = one.upgrade().map(|pool| pool.used.get() + keep_alive) {
        // A pool in use counts from when that ends; whoever uses it holds it, as the list does.
        let is_used = Weak::strong_count(&one) > 1;
        if !is_used && until <= Instant::now() {
            if let Some(all) = all.upgrade() {
                all.borrow_mut().retain(|pool| Rc::as_ptr(pool) != one.as_ptr());
            }
            return;
        }
        sleep_until(if is_used { Instant::now() + keep_alive } else { until }).await;
    }
}

fn client(service: &Service, tls: Option<Arc<ClientConfig>>) -> Client {
    let settings = &service.settings;
    let mut connector = Connector::new()
        .timeout(settings.connect_timeout)
        .handshake_timeout(settings.connect_timeout)
        .conn_keep_alive(settings.keep_alive)
        .limit(settings.max_connections);
    if let Some(tls) = tls {
        connector = connector.rustls_0_23(tls);
    }
    Client::builder()
        .connector(connector)
        .disable_redirects()
        .disable_timeout()
        .no_default_headers()
        .finish()
}
