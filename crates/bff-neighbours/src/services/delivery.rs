//! Getting an answer to the caller, or failing to in the way a fault asks for.

use super::{
    Fault, Service,
    answer::Answer,
    board::Desk,
    spoil::{members, spoiled},
    wire::Wire,
};
use std::{io, time::Duration};
use tokio::time::timeout;

/// How serving a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The response was written to the end; the connection can carry another.
    Written,
    /// The service broke the connection off, as a fault asked.
    CutByUs,
    /// The caller left first.
    CutByPeer,
}

/// One request being answered.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    pub(super) service: Service,
    pub(super) desk: &'a Desk,
    pub(super) wire: &'a mut Wire,
}

impl Delivery<'_> {
    pub(super) async fn run(&mut self, answer: Answer, fault: Option<Fault>) -> Ending {
        // Sending fails only when the peer is gone.
        self.attempt(answer, fault).await.unwrap_or(Ending::CutByPeer)
    }

    async fn attempt(&mut self, answer: Answer, fault: Option<Fault>) -> io::Result<Ending> {
        let Some(fault) = fault else { return self.whole(&answer).await };
        match fault {
            Fault::Delay { millis } => self.late(answer, Duration::from_millis(millis)).await,
            Fault::HangBeforeHeaders => Ok(self.hang().await),
            Fault::HangInBody => {
                self.half(&answer).await?;
                Ok(self.hang().await)
            }
            Fault::Reset => self.reset(),
            Fault::ResetInBody => {
                self.half(&answer).await?;
                self.reset()
            }
            Fault::ShortBody => {
                self.half(&answer).await?;
                Ok(Ending::CutByUs)
            }
            Fault::HugeBody { megabytes } => self.padded(answer, u64::from(megabytes)).await,
            Fault::Garbage => {
                self.send(b"\x00\x01\x02 this is not HTTP\r\n\r\n").await?;
                Ok(Ending::CutByUs)
            }
            Fault::EarlyHints => {
                self.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
                    .await?;
                self.whole(&answer).await
            }
            in_content => self.whole(&spoiled(answer, in_content)).await,
        }
    }

    async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.wire.send(bytes).await?;
        self.desk.note(|stats| stats.bytes_sent += bytes.len() as u64);
        Ok(())
    }

    async fn whole(&self, answer: &Answer) -> io::Result<Ending> {
        self.send(&answer.bytes(self.service.name())).await?;
        Ok(Ending::Written)
    }

    async fn half(&self, answer: &Answer) -> io::Result<()> {
        let response = answer.bytes(self.service.name());
        let missing = answer.body.len().div_ceil(2);
        self.send(response.get(..response.len() - missing).unwrap_or_default()).await
    }

    async fn late(&mut self, answer: Answer, delay: Duration) -> io::Result<Ending> {
        match timeout(delay, self.wire.peer_left()).await {
            Ok(()) => Ok(Ending::CutByPeer),
            Err(_delay_is_over) => self.whole(&answer).await,
        }
    }

    async fn hang(&mut self) -> Ending {
        self.wire.peer_left().await;
        Ending::CutByPeer
    }

    fn reset(&self) -> io::Result<Ending> {
        self.wire.reset_on_drop()?;
        Ok(Ending::CutByUs)
    }

    /// The answer behind a long member; one chunk of it is all there is in memory.
    async fn padded(&self, answer: Answer, mebibytes: u64) -> io::Result<Ending> {
        const CHUNK: &[u8] = &[b'x'; 64 * 1024];
        let opening = b"{\"padding\":\"";
        let closing = [b"\",", members(&answer.body), b"}"].concat();
        let chunks = mebibytes * 16;
        let length = chunks * CHUNK.len() as u64 + (opening.len() + closing.len()) as u64;
        self.send(answer.head(self.service.name(), length).as_bytes()).await?;
        self.send(opening).await?;
        for _ in 0..chunks {
            self.send(CHUNK).await?;
        }
        self.send(&closing).await?;
        Ok(Ending::Written)
    }
}
