//! The thread all sample services run on.

use super::{
    Service,
    board::{Board, Desk},
    control, data,
    delivery::{Delivery, Ending},
    wire::Wire,
};
use std::{io, net, sync::Arc, sync::mpsc, time::Duration};
use tokio::{net::TcpListener, runtime, sync::oneshot, time::sleep};

/// Bound sockets, not yet served.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) control: net::TcpListener,
    pub(super) services: [net::TcpListener; 8],
}

/// Serves until the sender of `stop` is gone; sends to `ready` once every port is served.
pub(super) fn run(
    listeners: Listeners,
    board: &Arc<Board>,
    ready: &mpsc::Sender<()>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    // Dropping the runtime drops every task, and with it every socket.
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let control = TcpListener::from_std(listeners.control)?;
        let shared = Arc::clone(board);
        tokio::spawn(accept(control, move |wire| control::converse(wire, Arc::clone(&shared))));
        for (service, listener) in Service::ALL.into_iter().zip(listeners.services) {
            let listener = TcpListener::from_std(listener)?;
            let shared = Arc::clone(board);
            tokio::spawn(accept(listener, move |wire| serve(wire, service, Arc::clone(&shared))));
        }
        let _ = ready.send(());
        let _ = stop.await;
        Ok(())
    })
}

async fn accept<C>(listener: TcpListener, converse: impl Fn(Wire) -> C)
where
    C: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        match listener.accept().await.and_then(|(socket, _)| Wire::new(socket)) {
            Ok(wire) => drop(tokio::spawn(converse(wire))),
            // Out of file descriptors, most likely: others must get the chance to close theirs.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(wire: Wire, service: Service, board: Arc<Board>) -> io::Result<()> {
    let desk = board.desk(service);
    desk.note(|stats| {
        stats.connections_total += 1;
        stats.connections_open += 1;
    });
    let outcome = answer_all(wire, service, &board, desk).await;
    desk.note(|stats| stats.connections_open -= 1);
    outcome
}

async fn answer_all(
    mut wire: Wire,
    service: Service,
    board: &Board,
    desk: &Desk,
) -> io::Result<()> {
    while let Some(request) = wire.next_request().await? {
        let fault = desk.begin(&request);
        let answer = data::answer(board.world, service, &request);
        let ending = Delivery { service, desk, wire: &mut wire }.run(answer, fault).await;
        desk.note(|stats| match ending {
            Ending::Written => stats.requests_finished += 1,
            Ending::CutByPeer => stats.requests_aborted += 1,
            Ending::CutByUs => {}
        });
        if ending != Ending::Written || request.wants_close() {
            break;
        }
    }
    Ok(())
}
