//! What the tests share: a place to run, an issuer's key endpoint with faults, and good settings.

use bff_auth::{Algorithm, AudienceClaim, Bearer, IssuerSettings, Issuers, KeySource};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, LocalSet, spawn_local},
};

/// The audience of all good tokens.
pub const US: &str = "mobile";

/// Runs `test` as an actix worker runs a handler: on one thread, inside a `LocalSet`.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// Settings that accept the tokens of the test issuer.
pub fn settings(keys: KeySource) -> IssuerSettings {
    IssuerSettings {
        issuer: "https://issuer.test".to_owned(),
        audience: US.to_owned(),
        audience_claim: AudienceClaim::Aud,
        algorithms: vec![Algorithm::RS256, Algorithm::ES256],
        keys,
        leeway: Duration::from_secs(30),
        token_types: vec!["at+jwt".to_owned(), "JWT".to_owned()],
        allow_untyped: false,
        max_token_bytes: 8 * 1024,
        max_subject_bytes: 255,
        authorized_parties: vec![],
        exchange: false,
    }
}

/// One issuer, called `main`.
pub fn issuers(settings: IssuerSettings) -> Arc<Issuers> {
    Issuers::new(&BTreeMap::from([("main".to_owned(), settings)])).unwrap()
}

/// A worker that accepts the tokens of the test issuer.
pub fn bearer(keys: KeySource) -> Bearer {
    Bearer::new(&issuers(settings(keys)))
}

/// What the key endpoint does when it is asked.
#[derive(Clone)]
pub enum Answer {
    /// Sends this body with status 200.
    Body(String),
    /// Sends these bytes, whatever they are.
    Raw(String),
    /// Reads the request and never answers.
    Silence,
}

/// An issuer's key endpoint. Stops listening when dropped.
pub struct KeyEndpoint {
    port: u16,
    answer: Rc<RefCell<Answer>>,
    asked: Rc<Cell<usize>>,
    listening: JoinHandle<()>,
}

impl KeyEndpoint {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, asked) = (Rc::new(RefCell::new(answer)), Rc::new(Cell::new(0)));
        let (answers, count) = (Rc::clone(&answer), Rc::clone(&asked));
        let listening = spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.set(count.get() + 1);
                let answer = answers.borrow().clone();
                spawn_local(serve(stream, answer));
            }
        });
        Self { port, answer, asked, listening }
    }

    pub fn source(&self) -> KeySource {
        KeySource::Url(format!("http://127.0.0.1:{}/keys", self.port).parse().unwrap())
    }

    pub fn says(&self, answer: Answer) {
        *self.answer.borrow_mut() = answer;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.get()
    }
}

impl Drop for KeyEndpoint {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: Answer) {
    let mut request = [0; 4096];
    // One read is enough: the request is short, and nothing in it changes the answer.
    let _ = stream.read(&mut request).await;
    let bytes = match answer {
        Answer::Body(body) => {
            format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        Answer::Raw(bytes) => bytes,
        Answer::Silence => std::future::pending().await,
    };
    let _ = stream.write_all(bytes.as_bytes()).await;
}
