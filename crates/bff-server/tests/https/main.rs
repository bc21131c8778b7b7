//! Services behind TLS: a service that shows the right certificate is called, and any other is not.

mod rotation;

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::TestBff;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};
use std::{
    error::Error,
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const VAULT: Service = Service::named("vault");
const PAGE: &str = "/test/v1/page";

#[derive(View)]
struct Page {
    word: Option<String>,
}

async fn page(cx: &Cx) -> Result<Page> {
    let word = VAULT.get("word").at("word").named("word");
    Ok(Page { word: cx.gather(Omittable(word)).await? })
}

/// `more` goes into the service's table.
fn start(address: SocketAddr, ca_file: Option<&Path>, more: &str) -> TestBff {
    let endpoints = vec![get(PAGE).budget(seconds(30)).to(page)];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    let ca_file = ca_file.map_or(String::new(), |path| format!("ca_file = {path:?}"));
    let settings = format!(
        r#"
        server.listen = "127.0.0.1:0"
        admin.listen = "127.0.0.1:0"
        [services.vault]
        url = "https://{address}"
        timeout = "20s"
        connect_timeout = "20s"
        {ca_file}
        {more}
        "#
    );
    let settings = toml::from_str(&settings).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(&bff, settings)
}

/// An authority of its own and a service that it vouches for.
struct Vault {
    address: SocketAddr,
    ca_file: PathBuf,
    requests: Arc<AtomicUsize>,
    /// What else goes into the service's table.
    more: String,
}

/// Who vouches for others.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and the authority behind it.
struct Signed {
    authority: Certificate,
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = authority.self_signed(&key)?;
        Ok(Self { certificate, issuer: Issuer::new(authority, key) })
    }

    fn sign(&self, params: &CertificateParams) -> Result<(Certificate, KeyPair), rcgen::Error> {
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

/// A new authority's certificate for `name`.
fn signed(name: &str) -> Result<Signed, rcgen::Error> {
    let authority = Authority::new()?;
    let (certificate, key) = authority.sign(&CertificateParams::new([name.to_owned()])?)?;
    Ok(Signed { authority: authority.certificate, certificate, key })
}

/// The path of a file of this process, written now.
fn file(name: &str, content: &str) -> Result<PathBuf, io::Error> {
    let directory = std::env::temp_dir().join(format!("bff-https-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let path = directory.join(name);
    fs::write(&path, content)?;
    Ok(path)
}

impl Vault {
    /// A service whose certificate is for `name`. `place` keeps parallel tests apart.
    fn start(place: &str, name: &str) -> Result<Self, Box<dyn Error>> {
        Self::start_asking(place, name, &[])
    }

    /// The same; callers need a certificate of one of the authorities `of`.
    fn start_asking(place: &str, name: &str, of: &[&Certificate]) -> Result<Self, Box<dyn Error>> {
        let Signed { authority, certificate, key } = signed(name)?;
        let ca_file = file(&format!("{place}.pem"), &authority.pem())?;
        let config = server_config(certificate.der().clone(), key.serialize_der(), of)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, requests) = (listener.local_addr()?, Arc::<AtomicUsize>::default());
        let counted = requests.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                // A client that does not trust us leaves in the middle of the handshake.
                if answer(config.clone(), socket).is_ok() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Ok(Self { address, ca_file, requests, more: String::new() })
    }
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    of: &[&Certificate],
) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let key = PrivateKeyDer::try_from(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?;
    let builder = if of.is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for authority in of {
            roots.add(authority.der().clone())?;
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        builder.with_client_cert_verifier(verifier)
    };
    Ok(Arc::new(builder.with_single_cert(vec![certificate], key)?))
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

fn answer(config: Arc<ServerConfig>, socket: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, socket);
    answer_one(&mut stream, "connection: close\r\n")?;
    stream.conn.send_close_notify();
    Ok(stream.flush()?)
}

/// Answers one request with the word, and with more headers.
fn answer_one(stream: &mut Tls, headers: &str) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let body = r#"{"word":"sesame"}"#;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
    write!(stream, "{head}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())?;
    stream.flush()
}

/// Asks the page of a BFF that trusts `ca_file`; whether the vault's word came, and what the page said otherwise.
fn check(vault: &Vault, ca_file: Option<&Path>, trusted: bool) {
    let before = vault.requests.load(Ordering::SeqCst);
    let bff = start(vault.address, ca_file, &vault.more);
    let reply = bff.get(PAGE);
    assert_eq!(reply.status, 200, "{ca_file:?}: {}", reply.text());
    if trusted {
        assert_eq!(reply.at("/word"), "sesame", "{}", reply.text());
        assert_eq!(reply.header("degraded"), None);
        let counted = |_: &TestBff| vault.requests.load(Ordering::SeqCst) == before + 1;
        assert!(bff.eventually(seconds(20), counted));
    } else {
        assert!(reply.at("/word").is_null(), "{ca_file:?}: {}", reply.text());
        assert_eq!(reply.header("degraded"), Some("word;filled=absent;reason=UNAVAILABLE"));
        assert_eq!(vault.requests.load(Ordering::SeqCst), before, "{ca_file:?}");
    }
}

#[test]
fn only_the_configured_authority_vouches_for_a_service() {
    let vault = Vault::start("vault", "127.0.0.1").unwrap();
    let other = Vault::start("other", "127.0.0.1").unwrap();
    check(&vault, Some(&vault.ca_file), true);
    check(&vault, None, false);
    check(&vault, Some(&other.ca_file), false);
}

#[test]
fn a_certificate_for_another_name_is_not_this_services() {
    let vault = Vault::start("named", "vault.example").unwrap();
    check(&vault, Some(&vault.ca_file), false);
}

#[test]
fn a_service_that_asks_for_a_certificate_gets_the_configured_one() {
    let (ours, strange) = (signed("mobile-bff").unwrap(), signed("mobile-bff").unwrap());
    let vault = Vault::start_asking("mutual", "127.0.0.1", &[&ours.authority]).unwrap();
    check(&vault, Some(&vault.ca_file), false);
    for (name, own, trusted) in [("ours", &ours, true), ("strange", &strange, false)] {
        let certificate = file(&format!("{name}.crt"), &own.certificate.pem()).unwrap();
        let key = file(&format!("{name}.key"), &own.key.serialize_pem()).unwrap();
        let more = format!("client_certificate_file = {certificate:?}\nclient_key_file = {key:?}");
        let vault = Vault {
            more,
            ca_file: vault.ca_file.clone(),
            requests: vault.requests.clone(),
            ..vault
        };
        check(&vault, Some(&vault.ca_file), trusted);
    }
}

#[test]
fn a_service_that_does_not_speak_tls_is_away() {
    let vault = Vault::start("plain", "127.0.0.1").unwrap();
    let plain = TestBff::start_from(
        &Bff { name: "plain", version: "1.0.0", auth: Auth::Open, endpoints: vec![] },
        toml::from_str("server.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'").unwrap(),
    );
    let vault = Vault { address: plain.address, ..vault };
    check(&vault, Some(&vault.ca_file), false);
}
