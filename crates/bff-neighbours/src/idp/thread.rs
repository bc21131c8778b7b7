//! The thread that the provider runs on: one server, one worker, one courier.

use super::{
    asked::LONGEST,
    courier::{self, Notice},
    provider::Shared,
    serve::{keep_socket, serve},
};
use actix_web::{
    App, HttpServer,
    rt::{System, spawn},
    web::{Data, PayloadConfig, to},
};
use std::{io, net::TcpListener, sync::mpsc};
use tokio::sync::{mpsc as channel, oneshot};

/// Serves until the sender of `stop` is gone; sends to `ready` once the port is served.
pub(super) fn run(
    listener: TcpListener,
    shared: Shared,
    notices: channel::Receiver<Notice>,
    ready: &mpsc::Sender<()>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    System::new().block_on(async move {
        let courier = spawn(courier::run(notices, shared.clone()));
        let shared = Data::new(shared);
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(PayloadConfig::new(LONGEST))
                .default_service(to(serve))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .disable_signals()
            .on_connect(keep_socket)
            // A caller that gives up on a hanging endpoint takes its connection along.
            .h1_allow_half_closed(false)
            .listen(listener)?
            .run();
        let handle = server.handle();
        let server = spawn(server);
        let _nobody_waits = ready.send(());
        let _stopped = stop.await;
        courier.abort();
        handle.stop(false).await;
        server.await.map_err(io::Error::other)?
    })
}
