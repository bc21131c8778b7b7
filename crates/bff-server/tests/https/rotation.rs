//! Authorities and certificates that change under load: no request fails, and what is broken is not used.

use crate::{Authority, PAGE, Tls, answer_one, server_config, start};
use bff_testkit::{Lines, Mounted, TestBff};
use rcgen::{Certificate, CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::{
    error::Error,
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// Ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a request came with: the service's certificate that its connection was made with, by its
/// number, and the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    shown: usize,
    caller: Vec<u8>,
}

/// A service that keeps connections open and whose certificate can be replaced.
struct Rotating {
    address: SocketAddr,
    configs: Arc<Mutex<Vec<Arc<ServerConfig>>>>,
    last: Arc<Mutex<Option<Seen>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rotating {
    fn start(config: Arc<ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (configs, last) = (Arc::new(Mutex::new(vec![config])), Arc::<Mutex<_>>::default());
        let (using, noting) = (configs.clone(), last.clone());
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (all, noting) = (lock(&using).clone(), noting.clone());
                thread::spawn(move || drop(serve(&all, socket, &noting)));
            }
        });
        Ok(Self { address, configs, last })
    }

    fn show(&self, config: Arc<ServerConfig>) {
        lock(&self.configs).push(config);
    }
}

fn serve(
    all: &[Arc<ServerConfig>],
    socket: TcpStream,
    last: &Mutex<Option<Seen>>,
) -> Result<(), Box<dyn Error>> {
    let config = all.last().ok_or("no certificate")?;
    let mut stream: Tls = StreamOwned::new(ServerConnection::new(config.clone())?, socket);
    loop {
        answer_one(&mut stream, "")?;
        let caller = stream.conn.peer_certificates().and_then(|chain| chain.first());
        let caller = caller.map(|certificate| certificate.to_vec()).unwrap_or_default();
        *lock(last) = Some(Seen { shown: all.len() - 1, caller });
    }
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Two that ask all the time, until it is dropped.
struct Load {
    answers: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    askers: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn start(bff: &Arc<TestBff>) -> Self {
        let (answers, failures) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<_>>>::default());
        let over = Arc::<AtomicBool>::default();
        let ask = |bff: Arc<TestBff>| {
            let (answers, failures, over) = (answers.clone(), failures.clone(), over.clone());
            thread::spawn(move || {
                while !over.load(SeqCst) {
                    let reply = bff.get(PAGE);
                    if reply.status != 200 || reply.at("/word") != "sesame" {
                        lock(&failures).push(reply.text());
                    }
                    answers.fetch_add(1, SeqCst);
                }
            })
        };
        let askers = vec![ask(bff.clone()), ask(bff.clone())];
        Self { answers, failures, over, askers }
    }

    /// Waits for answers to that many more requests.
    fn goes_on(&self, requests: usize) {
        let before = self.answers.load(SeqCst);
        eventually("the load goes on", || self.answers.load(SeqCst) >= before + requests);
    }

    fn end(self) -> (usize, Vec<String>) {
        self.over.store(true, SeqCst);
        self.askers.into_iter().for_each(|asker| drop(asker.join()));
        (self.answers.load(SeqCst), lock(&self.failures).clone())
    }
}

/// A certificate for a program and its key, in PEM.
fn pair((certificate, key): &(Certificate, KeyPair)) -> [String; 2] {
    [certificate.pem(), key.serialize_pem()]
}

fn own_name() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "mobile-bff");
    params
}

#[test]
fn certificates_and_authorities_rotate_under_load_and_nothing_fails() {
    let lines = Lines::default();
    let writer = lines.clone();
    let logged =
        tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    tracing::subscriber::set_global_default(logged).unwrap();

    let [old, new, callers, new_callers] = [(); 4].map(|()| Authority::new().unwrap());
    let host = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let shown_by = |authority: &Authority| {
        let (certificate, key) = authority.sign(&host).unwrap();
        let of = [&callers.certificate, &new_callers.certificate];
        server_config(certificate.der().clone(), key.serialize_der(), &of).unwrap()
    };
    let service = Rotating::start(shown_by(&old)).unwrap();
    let first = callers.sign(&own_name()).unwrap();
    let second = new_callers.sign(&own_name()).unwrap();
    let third = new_callers.sign(&own_name()).unwrap();
    let (old_pem, new_pem) = (old.certificate.pem(), new.certificate.pem());
    let both_pem = format!("{old_pem}{new_pem}");
    let [crt, key] = pair(&first);
    let files = [("ca.pem", old_pem.as_str()), ("tls.crt", &crt), ("tls.key", &key)];
    let mounted = Mounted::new("rotation", &files);
    let swap = |ca: &str, [crt, key]: [String; 2]| {
        mounted.swap(&[("ca.pem", ca), ("tls.crt", &crt), ("tls.key", &key)]);
    };

    // A retry would hide what a rotation breaks.
    let more = format!(
        "client_certificate_file = {:?}\nclient_key_file = {:?}\nretry = {{ times = 0 }}",
        mounted.path("tls.crt"),
        mounted.path("tls.key"),
    );
    let bff = Arc::new(start(service.address, Some(&mounted.path("ca.pem")), &more));
    let load = Load::start(&bff);
    let comes = |what: &str, shown: usize, caller: &(Certificate, KeyPair)| {
        let expected = Seen { shown, caller: caller.0.der().to_vec() };
        eventually(what, || lock(&service.last).as_ref() == Some(&expected));
    };
    comes("the first certificate", 0, &first);

    swap(&both_pem, pair(&second));
    comes("the second certificate, on connections of its own", 0, &second);
    service.show(shown_by(&new));
    load.goes_on(20);
    swap(&new_pem, pair(&second));
    comes("the new authority's service", 1, &second);

    let refused = || lines.with(&["cannot be used any more", "tls.crt, "]);
    let broken = |what: &str, reason: [&str; 2], pair: [String; 2]| {
        let before = refused().len();
        swap(&new_pem, pair);
        eventually(what, || refused().len() > before);
        load.goes_on(20);
        comes(what, 1, &second);
        let lines = refused();
        assert_eq!(lines.len(), before + 1, "{what}: {lines:?}");
        let line = &lines[before];
        assert!(reason.iter().all(|part| line.contains(part)), "{what}: {line}");
    };
    let [crt, key] = pair(&second);
    let half = |pem: &str| pem[..pem.len() / 2].to_owned();
    broken(
        "another's key",
        ["client_key_file", "does not fit"],
        [crt.clone(), pair(&first)[1].clone()],
    );
    broken(
        "half a certificate",
        ["client_certificate_file", "tls.crt: "],
        [half(&crt), key.clone()],
    );
    broken("half a key", ["client_key_file", "tls.key: "], [crt, half(&key)]);
    let mut past = own_name();
    (past.not_before, past.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let past = new_callers.sign(&past).unwrap();
    broken("an expired certificate", ["client_certificate_file", "xpired"], pair(&past));

    swap(&new_pem, pair(&third));
    comes("the third certificate", 1, &third);
    let (answers, failures) = load.end();
    assert_eq!(failures, [""; 0], "of {answers}");
    assert!(answers > 100, "{answers}");
}
