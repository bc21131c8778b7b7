//! A real BFF on a free port with real services behind it, in one line.

use bff_core::{Bff, Endpoint};
use bff_fixtures::{
    http::{self, Reply},
    issuer::Issuer,
};
use bff_neighbours::{
    idp::{Client, IdentityProvider},
    services::{SampleServices, Service, USER},
};
use bff_server::{IssuerSettings, Server, Settings, Stop};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::LazyLock,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use url::Url;

/// A running BFF with its own services. Dropping it stops both.
#[derive(Debug)]
pub struct TestBff {
    /// The services behind it.
    pub services: SampleServices,
    /// The public address.
    pub address: SocketAddr,
    /// The address of health and metrics.
    pub admin_address: SocketAddr,
    /// Where services fetch keys, if `[internal_tokens]` says so.
    pub keys_address: Option<SocketAddr>,
    audience: String,
    /// What the table asks for.
    scopes: Vec<&'static str>,
    stop: Stop,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl TestBff {
    /// Starts a BFF in its crate's own configuration, on free ports, with sample services of its
    /// own.
    ///
    /// # Panics
    /// When anything does not start: it is a test.
    #[must_use]
    pub fn start(bff: &Bff) -> Self {
        Self::start_with(bff, |_| {})
    }

    /// Starts a BFF whose settings are changed first.
    ///
    /// # Panics
    /// When anything does not start: it is a test.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    pub fn start_with(bff: &Bff, change: impl FnOnce(&mut Settings)) -> Self {
        Self::launch(
            bff,
            bff_server::load().expect("the crate's own configuration is good"),
            change,
        )
    }

    /// Starts a BFF whose users sign in at `idp`, which is told where the BFF is. Browsers take it
    /// to be at the origin `public_url`.
    ///
    /// # Panics
    /// When anything does not start, or the BFF has no sessions: it is a test.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    pub fn start_with_sessions(bff: &Bff, idp: &IdentityProvider, public_url: &str) -> Self {
        let started = Self::start_with(bff, |settings| {
            let session = settings.session.as_mut().expect("a BFF with sessions");
            idp.url().clone_into(&mut session.issuer);
            session.public_url = public_url.parse().expect("a URL");
        });
        idp.register(Client::web(public_url, started.address));
        started
    }

    /// Starts a BFF in settings of the test's own, for crates that have no configuration. Ports,
    /// services and keys are replaced as in [`start`](Self::start).
    ///
    /// # Panics
    /// When anything does not start: it is a test.
    #[must_use]
    pub fn start_from(bff: &Bff, settings: Settings) -> Self {
        Self::launch(bff, settings, |_| {})
    }

    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    fn launch(bff: &Bff, mut settings: Settings, change: impl FnOnce(&mut Settings)) -> Self {
        let services = SampleServices::start().expect("sample services start");
        point_at(&mut settings, &services).expect("the issuer's keys can be written");
        change(&mut settings);
        let server = Server::bind(bff, &settings).expect("the BFF binds");
        Self {
            services,
            address: server.address(),
            admin_address: server.admin_address(),
            keys_address: server.keys_address(),
            audience: main_issuer(&mut settings)
                .map(|main| main.audience.clone())
                .unwrap_or_default(),
            scopes: bff.endpoints.iter().flat_map(Endpoint::scopes).collect(),
            stop: server.stop_handle(),
            thread: Some(std::thread::spawn(|| server.run_blocking())),
        }
    }

    /// `GET` as the test user.
    #[must_use]
    pub fn get(&self, target: &str) -> Reply {
        self.get_as(USER, target)
    }

    /// `GET` as another user: the sample services know `u-1` to `u-5000`.
    #[must_use]
    pub fn get_as(&self, user: &str, target: &str) -> Reply {
        self.send("GET", target, &[("authorization", &self.credential(user))])
    }

    /// `GET` as the test user, with more headers.
    #[must_use]
    pub fn get_with(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        let credential = self.credential(USER);
        let headers = [&[("authorization", credential.as_str())], headers].concat();
        self.send("GET", target, &headers)
    }

    /// The `Authorization` header of a user that may do all that there is.
    #[must_use]
    pub fn credential(&self, user: &str) -> String {
        self.credential_with(user, &self.scopes)
    }

    /// The `Authorization` header of a user that has these scopes and no others.
    #[must_use]
    pub fn credential_with(&self, user: &str, scopes: &[&str]) -> String {
        format!("Bearer {}", Issuer::shared().token_with(user, &self.audience, scopes))
    }

    /// Any request, with exactly these headers.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that gets no answer has nothing to say")]
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        http::send(self.address, method, target, headers).expect("the BFF answers")
    }

    /// The metrics as text.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that gets no answer has nothing to say")]
    pub fn metrics(&self) -> String {
        http::send(self.admin_address, "GET", "/metrics", &[])
            .expect("the admin port answers")
            .text()
    }

    /// The value of a metric with exactly these labels, as they are printed; 0 when it is not there
    /// yet.
    #[must_use]
    pub fn metric(&self, name_and_labels: &str) -> f64 {
        let text = self.metrics();
        let line =
            text.lines().find_map(|line| line.strip_prefix(name_and_labels)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// Waits until `condition` holds, for at most `patience`.
    #[must_use]
    pub fn eventually(&self, patience: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + patience;
        loop {
            if condition(self) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for TestBff {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Free ports, the sample services for every service that they play, and the test issuer's keys.
fn point_at(settings: &mut Settings, services: &SampleServices) -> io::Result<()> {
    settings.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    settings.admin.listen = settings.server.listen;
    settings.server.workers = Some(1);
    for (name, service) in &mut settings.services {
        let known = name.parse::<Service>().ok();
        if let Some(url) = known.and_then(|known| services.url(known).parse::<Url>().ok()) {
            service.url = url.into();
        }
    }
    if let Some(main) = main_issuer(settings) {
        main.issuer = Issuer::shared().issuer().to_owned();
        main.keys = bff_server::KeySource::File(keys_file()?);
    }
    Ok(())
}

/// The one that the test issuer plays.
fn main_issuer(settings: &mut Settings) -> Option<&mut IssuerSettings> {
    settings.issuers.get_mut("main")
}

/// One file per process, written once: a second write would show other tests half a file.
fn keys_file() -> io::Result<PathBuf> {
    static FILE: LazyLock<io::Result<PathBuf>> = LazyLock::new(|| {
        let directory = std::env::temp_dir().join(format!("bff-testkit-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        Issuer::shared().write_jwks(&directory)
    });
    FILE.as_ref().cloned().map_err(|error| io::Error::new(error.kind(), error.to_string()))
}
