//! `make run`: the sample services, a token issuer, an identity provider, a page to sign in from and
//! every BFF in `bffs/`, until Ctrl-C.
//!
//! `bff-dev services` starts all but the BFFs, for one of them under `cargo run` or a debugger. `bff-dev world` is for
//! `deploy/test`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod bffs;
mod words;
mod world;

use bff_contracts::workspace;
use bff_dev::declared::{Declared, register_services};
use bff_fixtures::{Issuer, keys};
use bff_neighbours::{Gateway, Ports, SampleServices, idp::IdentityProvider};
use bffs::Running;
use std::{error::Error, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

/// As in the BFFs' `config/local.toml`: the services from 7101 on, the issuer's keys after them.
const PORTS: Ports = Ports { control: 7100, first: 7101 };
const KEYS_PORT: u16 = 7109;
/// As in `[session]` of a BFF's `config/local.toml`: who signs browsers in.
const PROVIDER_PORT: u16 = 7110;
/// One seed, so that the walk-through shows what the reader sees.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let ended = match *arguments {
        [] => start(false),
        ["services"] => start(true),
        ["world", public_url] => world::run(public_url),
        _ => {
            let usage = "use no argument, `services`, or `world` and the URL of the web BFF";
            Err(format!("unknown arguments {arguments:?}; {usage}").into())
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bff-dev: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(only_services: bool) -> Result<(), Box<dyn Error>> {
    let bffs = Declared::all(&workspace::root())?;
    let services = SampleServices::start_on(&PORTS, SEED)?;
    keys::serve(Issuer::shared(), KEYS_PORT)?;
    let idp = IdentityProvider::start_on(PROVIDER_PORT)?;
    register_services(&workspace::bffs(&workspace::root())?, &idp);
    let gateways = bffs.iter().map(|bff| gateway(bff, &idp)).collect::<Result<Vec<_>, _>>()?;
    let mut running = if only_services { Running::none() } else { Running::start(&bffs)? };
    running.wait_until_ready()?;
    println!("{}", words::welcome(&bffs, &services, &idp, !only_services));
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(wait(&mut running));
    drop((running, gateways));
    ended
}

/// The origin at which browsers find a BFF with sessions, which the provider is told.
fn gateway(bff: &Declared, idp: &IdentityProvider) -> Result<Option<Gateway>, Box<dyn Error>> {
    let Some(session) = &bff.session else { return Ok(None) };
    let port = session.public_url.port_or_known_default().unwrap_or_default();
    let gateway = Gateway::start_on(port)?;
    gateway.lead_to(bff.address);
    idp.register(session.client(&gateway.url(), bff.address));
    Ok(Some(gateway))
}

/// Until Ctrl-C, SIGTERM, or a BFF that ends by itself.
async fn wait(running: &mut Running) -> Result<(), Box<dyn Error>> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        dead = running.one_ended() => return Err(dead.into()),
    }
    println!("\nstopping");
    Ok(())
}
