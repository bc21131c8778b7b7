//! The two ports: taken once everything else is known to work, and served by actix.

use super::{
    health::Health,
    worker::{Shared, Worker},
};
use crate::{
    StartError, admin,
    connection::{Bounds, Connections, Flow, Socket, Watched},
    request::{guard, serve},
    telemetry::metrics::Metrics,
};
use actix_http::{HttpService, KeepAlive};
use actix_service::{IntoServiceFactory, Service, ServiceFactoryExt, apply_fn_factory, map_config};
use actix_web::{
    App, HttpServer,
    dev::{AppConfig, Server as ActixServer},
    middleware::from_fn,
    web,
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;

pub(crate) fn listen(
    key: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let taken = |error| StartError::Port { key, address, error };
    let listener = TcpListener::bind(address).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok((listener, address))
}

/// Serves the public port. It is actix-web's own server taken apart, so that our socket and timer can
/// stand between actix's layers; see [`connection`](crate::connection).
pub(crate) fn public_server(
    listener: TcpListener,
    shared: Arc<Shared>,
    connections: Connections,
) -> io::Result<ActixServer> {
    let limits = shared.limits.clone();
    let workers = limits
        .workers
        .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
        .unwrap_or(1);
    let bounds =
        Bounds { head: limits.head_timeout, idle: limits.keep_alive, write: limits.write_timeout };
    let on_worker = move || {
        let app = App::new()
            .app_data(web::Data::new(Worker::new(shared.clone())))
            .default_service(web::to(serve))
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response());
        // The idle time is the timer's; actix only has to know whether there is any.
        let keep_alive = if bounds.idle.is_zero() { KeepAlive::Disabled } else { KeepAlive::Os };
        let http = HttpService::build()
            .keep_alive(keep_alive)
            .client_request_timeout(bounds.head)
            // A client that leaves cancels its calls at once; without this actix runs the handler to
            // its end.
            .h1_allow_half_closed(false)
            .on_connect_ext(|socket: &Socket, extensions| {
                extensions.insert(Rc::clone(socket.flow()));
            })
            .h1(map_config(app, |()| AppConfig::default()));
        let connections = connections.clone();
        apply_fn_factory(http, move |tcp: TcpStream, http: &_| {
            // Without it the connection works too, only slower.
            let _set = tcp.set_nodelay(true);
            let peer = tcp.peer_addr().ok();
            let flow = Rc::new(Flow::new(connections.clone(), bounds));
            let socket = Socket::new(tcp, Rc::clone(&flow));
            Watched::new(Service::call(http, (socket, peer)), flow)
        })
    };
    let server = ActixServer::build()
        .workers(workers)
        .max_concurrent_connections(limits.max_connections)
        // A second more than the drain, which has to see what is left before actix ends it.
        .shutdown_timeout(whole_seconds(limits.drain_timeout) + 1)
        .disable_signals()
        .listen("public", listener, on_worker)?;
    Ok(server.run())
}

pub(crate) fn admin_server(
    listener: TcpListener,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
    shared: &Arc<Shared>,
) -> io::Result<ActixServer> {
    let (health, metrics, shared) = (health.clone(), metrics.clone(), shared.clone());
    let app = move || {
        App::new().wrap(from_fn(guard::around)).configure(admin::routes(&health, &metrics, &shared))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
