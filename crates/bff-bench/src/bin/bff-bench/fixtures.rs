//! Where the run keeps its files, and the answers of the services: those of the sample services, taken once.

use crate::Result;
use bff_fixtures::{Issuer, http};
use bff_neighbours::{SampleServices, Service};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// `target/bench`, for whichever target directory this program was built into.
pub(crate) fn directory() -> PathBuf {
    let target = program("bff-bench").parent().and_then(Path::parent).map(Path::to_owned);
    target.unwrap_or_else(|| PathBuf::from("target")).join("bench")
}

/// A program built beside this one.
pub(crate) fn program(name: &str) -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name(name)
}

/// The files of this crate, and the top of the workspace.
pub(crate) fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files that contenders and services read.
#[derive(Debug)]
pub(crate) struct Fixtures {
    /// One file per answer.
    pub(crate) bodies: PathBuf,
    /// The issuer's public keys.
    pub(crate) keys: PathBuf,
    /// A token of `u-1` for the mobile BFF.
    pub(crate) token: String,
    pub(crate) issuer: &'static str,
    /// A page that never changes.
    pub(crate) fixed: PathBuf,
}

impl Fixtures {
    pub(crate) fn write(directory: &Path) -> Result<Self> {
        let bodies = directory.join("bodies");
        fs::create_dir_all(&bodies)?;
        let services = SampleServices::start()?;
        for (file, service, target) in [
            ("user", Service::Users, "/users/u-1"),
            ("orders", Service::Orders, "/users/u-1/orders?limit=3"),
            ("recommendations", Service::Recommendations, "/users/u-1/recommendations?limit=6"),
            ("product", Service::Catalog, "/products/p-1"),
            ("reviews", Service::Reviews, "/products/p-1/reviews"),
            ("price", Service::Pricing, "/prices/p-1"),
            ("stock", Service::Inventory, "/stock/p-1"),
        ] {
            let address = services.url(service).trim_start_matches("http://").parse()?;
            let headers = [("x-user-id", "u-1"), ("x-service-account", "bench")];
            let reply = http::send(address, "GET", target, &headers)?;
            if reply.status != 200 {
                return Err(format!("the sample service {service} answers {}", reply.status).into());
            }
            fs::write(bodies.join(file).with_extension("json"), reply.body)?;
        }
        let (issuer, fixed) = (Issuer::shared(), directory.join("fixed.json"));
        fs::write(&fixed, "{}")?;
        Ok(Self {
            bodies,
            keys: issuer.write_jwks(directory)?,
            token: issuer.token("u-1", "mobile-bff"),
            issuer: issuer.issuer(),
            fixed,
        })
    }

    pub(crate) fn body(&self, name: &str) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&fs::read(self.bodies.join(name).with_extension("json"))?)?)
    }
}
