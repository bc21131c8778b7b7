//! `bff-dev world <public url>`: what a BFF finds around it in production, on free ports, for `make smoke` and
//! `make sizing`. It says in one line of JSON where everything is, and ends when its input does.

use bff_contracts::workspace;
use bff_dev::declared::register_services;
use bff_fixtures::{Issuer, json, keys, redis::RedisServer};
use bff_neighbours::{
    SampleServices, Service,
    idp::{Client, DEMO_SECRET, IdentityProvider},
};
use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, Read},
};

/// Runs all of it. Browsers take the web BFF to be at `public_url`.
pub(crate) fn run(public_url: &str) -> Result<(), Box<dyn Error>> {
    let services = SampleServices::start()?;
    let idp = IdentityProvider::start()?;
    // Its address is not known yet, so it is told of no logout.
    let web = Client::web(public_url, idp.address());
    let bffs = workspace::bffs(&workspace::root())?;
    register_services(&bffs, &idp);
    idp.register(Client { backchannel_logout_uri: None, ..web });
    // As in production: what may be evicted is apart from what may not.
    let (cache, state) = (RedisServer::start(), RedisServer::start());
    let issuer = Issuer::shared();
    let keys = keys::serve(issuer, 0)?;
    let urls: BTreeMap<_, _> = Service::ALL.map(|one| (one.name(), services.url(one))).into();
    let token = |bff: &str| issuer.token_with("u-1", &format!("{bff}-bff"), &["catalogue:read"]);
    let tokens: BTreeMap<_, _> = bffs.iter().map(|bff| (bff, token(bff))).collect();
    println!(
        "{}",
        json!({
            "services": urls,
            "control": services.control_url(),
            "provider": idp.url(),
            "clientSecret": DEMO_SECRET,
            "issuer": issuer.issuer(),
            "keys": format!("http://{keys}/jwks.json"),
            "tokens": tokens,
            "cache": cache.url(),
            "state": state.url(),
        })
    );
    // Whoever wanted it holds the other end, also when he dies.
    let _nothing = io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
