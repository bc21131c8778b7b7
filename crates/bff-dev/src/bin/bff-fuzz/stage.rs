//! One BFF with everything that it needs around it, and those who visit it.

use bff_contracts::workspace;
use bff_dev::{
    declared::{Declared, DeclaredSession, register_services},
    program::{self, Program},
};
use bff_fixtures::{Issuer, keys, redis::free_port};
use bff_neighbours::{Browser, SampleServices, Service, idp::IdentityProvider, services::USER};
use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    slice,
};

/// What a busy machine takes for a call is not what is looked at here.
const TIMEOUT: &str = "5s";

/// A running BFF; dropping it stops all of it.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    idp: IdentityProvider,
    _program: Program,
    _services: SampleServices,
}

/// Somebody who asks.
pub(crate) struct Visitor {
    pub(crate) name: &'static str,
    /// What schemathesis is told about them.
    pub(crate) arguments: Vec<String>,
}

impl Stage {
    /// Starts a BFF in its configuration for development, with other ports. What it logs is in
    /// `target/fuzz-api/`.
    pub(crate) fn start(bff: &Declared) -> io::Result<Self> {
        let services = SampleServices::start()?;
        let idp = IdentityProvider::start()?;
        register_services(slice::from_ref(&bff.name), &idp);
        let [address, admin] =
            [(); 2].map(|()| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
        let mut command = program::command(&bff.name)?;
        command.env("BFF__SERVER__LISTEN", address.to_string());
        command.env("BFF__ADMIN__LISTEN", admin.to_string());
        point_at(&mut command, bff, &services);
        if bff.audience.is_some() {
            let keys = keys::serve(Issuer::shared(), 0)?;
            command.env("BFF__ISSUERS__MAIN__KEYS__URL", format!("http://{keys}/jwks.json"));
        }
        if let Some(session) = &bff.session {
            sign_in_at(&mut command, &idp, session, address);
        }
        let directory = workspace::root().join("target/fuzz-api");
        fs::create_dir_all(&directory)?;
        let log = File::create(directory.join(&bff.name).with_extension("log"))?;
        command.stderr(log.try_clone()?).stdout(log);
        let mut program = Program::start(&bff.name, admin, &mut command)?;
        program.wait_until_ready()?;
        Ok(Self { address, idp, _program: program, _services: services })
    }

    /// Those whom the BFF tells apart: nobody in particular, and one who proves who it is.
    pub(crate) fn visitors(&self, bff: &Declared) -> io::Result<Vec<Visitor>> {
        let mut visitors = vec![Visitor { name: "anonymous", arguments: Vec::new() }];
        if let Some(audience) = &bff.audience {
            let token = Issuer::shared().token_with(USER, audience, &bff.scopes());
            let arguments = vec!["--header".to_owned(), format!("Authorization: Bearer {token}")];
            visitors.push(Visitor { name: "with a token", arguments });
        }
        if bff.session.is_some() {
            let mut browser = Browser::new();
            let signed_in = browser.sign_in(self.address, &self.idp, USER);
            if signed_in.status != 303 {
                return Err(io::Error::other(format!("nobody can sign in: {}", signed_in.text())));
            }
            let cookies = browser.cookies(self.address);
            let cookies: Vec<_> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            // `X-CSRF` is in the document, so that it is left out now and then. The cookie is sent always, and
            // must not be taken for one that was left out.
            let arguments = vec![
                "--header".to_owned(),
                format!("Cookie: {}", cookies.join("; ")),
                "--generation-with-security-parameters".to_owned(),
                "false".to_owned(),
            ];
            visitors.push(Visitor { name: "signed in", arguments });
        }
        Ok(visitors)
    }
}

fn point_at(command: &mut Command, bff: &Declared, services: &SampleServices) {
    for name in &bff.services {
        let Ok(service) = name.parse::<Service>() else { continue };
        let key = format!("BFF__SERVICES__{}", name.to_uppercase());
        command.env(format!("{key}__URL"), services.url(service));
        command.env(format!("{key}__TIMEOUT"), TIMEOUT);
    }
}

/// Without a gateway: the BFF's own address is its origin.
fn sign_in_at(
    command: &mut Command,
    idp: &IdentityProvider,
    session: &DeclaredSession,
    address: SocketAddr,
) {
    let origin = format!("http://{address}");
    idp.register(session.client(&origin, address));
    command.env("BFF__SESSION__ISSUER", idp.url());
    command.env("BFF__SESSION__PUBLIC_URL", origin);
}
