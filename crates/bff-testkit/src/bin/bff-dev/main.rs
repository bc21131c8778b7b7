//! `make run`: the sample services, a token issuer, an identity provider, a page to sign in from and
//! the three BFFs, until Ctrl-C.
//!
//! `bff-dev services` starts all but the BFFs, for one of them under `cargo run` or a debugger.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod bffs;
mod keys;
mod words;

use bff_testkit::{
    Gateway, Issuer, Ports, SampleServices,
    idp::{Client, IdentityProvider},
};
use bffs::Running;
use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};

/// As in the BFFs' `config/local.toml`: the services from 7101 on, the issuer's keys after them.
const PORTS: Ports = Ports { control: 7100, first: 7101 };
const KEYS_PORT: u16 = 7109;
/// As in `[session]` of the web BFF's `config/local.toml`: who signs browsers in, and where they are.
const PROVIDER_PORT: u16 = 7110;
const GATEWAY_PORT: u16 = 7111;
/// One seed, so that the walk-through shows what the reader sees.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let only_services = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("services") => true,
        Some(other) => {
            eprintln!("bff-dev: unknown argument `{other}`; use none, or `services`");
            return ExitCode::FAILURE;
        }
    };
    match start(only_services) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bff-dev: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(only_services: bool) -> Result<(), Box<dyn Error>> {
    let services = SampleServices::start_on(&PORTS, SEED)?;
    keys::serve(Issuer::shared(), KEYS_PORT)?;
    let idp = IdentityProvider::start_on(PROVIDER_PORT)?;
    let gateway = Gateway::start_on(GATEWAY_PORT)?;
    let web = SocketAddr::from((Ipv4Addr::LOCALHOST, bffs::WEB));
    gateway.lead_to(web);
    idp.register(Client::web(&gateway.url(), web));
    let mut running = if only_services { Running::none() } else { Running::start()? };
    running.wait_until_ready()?;
    println!("{}", words::welcome(&services, &idp, &gateway, !only_services));
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(wait(&mut running));
    running.stop();
    ended
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
