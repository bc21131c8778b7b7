//! The two ports: taken once everything else is known to work, and served by actix.

use crate::{
    ServerSettings, StartError, admin,
    health::Health,
    lifecycle::Connections,
    serve::serve,
    telemetry::metrics::Metrics,
    worker::{Shared, Worker},
};
use actix_web::{App, HttpServer, dev::Server as ActixServer, web};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

pub(crate) fn listen(
    key: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let taken = |error| StartError::Port { key, address, error };
    let listener = TcpListener::bind(address).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok((listener, address))
}

pub(crate) fn public_server(
    listener: TcpListener,
    shared: Arc<Shared>,
    connections: Connections,
) -> io::Result<ActixServer> {
    let ServerSettings {
        workers, max_connections, head_timeout, keep_alive, drain_timeout, ..
    } = shared.limits;
    let workers =
        workers.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let app = move || {
        App::new()
            .app_data(web::Data::new(Worker::new(shared.clone())))
            .default_service(web::to(serve))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .max_connections(max_connections)
        .client_request_timeout(head_timeout)
        .keep_alive(keep_alive)
        // A client that leaves cancels its calls at once; without this actix runs the handler to
        // its end.
        .h1_allow_half_closed(false)
        .on_connect(move |_, extensions| {
            extensions.insert(connections.begin());
        })
        .tcp_nodelay(true)
        // An answer that is still being read when its connection is to close is not cut off sooner
        // than the drain ends; actix gives it a second.
        .client_disconnect_timeout(drain_timeout + Duration::from_secs(1))
        // A second more than the drain, which has to see what is left before actix ends it.
        .shutdown_timeout(whole_seconds(drain_timeout) + 1)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

pub(crate) fn admin_server(
    listener: TcpListener,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
    shared: &Arc<Shared>,
) -> io::Result<ActixServer> {
    let (health, metrics, shared) = (health.clone(), metrics.clone(), shared.clone());
    let app = move || App::new().configure(admin::routes(&health, &metrics, &shared));
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
