//! Sends logout tokens to clients, each on its own, and notes what became of them.

use super::provider::Shared;
use awc::Client;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a client may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A logout token on its way.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) client: String,
    pub(super) sid: String,
    pub(super) url: String,
    pub(super) token: String,
    /// Told when the client was, or could not be.
    pub(super) done: oneshot::Sender<()>,
}

/// What became of a logout token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The client that it was for.
    pub client: String,
    /// The session that ended.
    pub sid: String,
    /// The status with which the client answered; none when there was no answer.
    pub status: Option<u16>,
}

/// Sends what arrives, until every sender is gone.
pub(super) async fn run(mut notices: mpsc::Receiver<Notice>, shared: Shared) {
    let http = Client::builder().timeout(PATIENCE).disable_redirects().finish();
    while let Some(notice) = notices.recv().await {
        actix_web::rt::spawn(deliver(http.clone(), notice, shared.clone()));
    }
}

/// Back-Channel Logout, section 2.5.
async fn deliver(http: Client, notice: Notice, shared: Shared) {
    let Notice { client, sid, url, token, done } = notice;
    // A kept connection may be closed already, and nobody would send the token again.
    let answer = http.post(url).force_close().send_form(&[("logout_token", token)]).await;
    let status = answer.ok().map(|answer| answer.status().as_u16());
    shared.lock().note(Delivery { client, sid, status });
    // Whoever asked may have left.
    let _nobody_waits = done.send(());
}
