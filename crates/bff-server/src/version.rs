//! What was built: for the admin port and the metrics.

use serde::Serialize;
use std::collections::BTreeMap;

/// What `BFF_GIT_REVISION` held when this was compiled. A build from an archive has no repository to
/// ask, so nobody asks one.
pub(crate) const REVISION: &str = match option_env!("BFF_GIT_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The shared crates that tell their version.
const CRATES: [(&str, &str); 6] = [
    ("bff-cache", bff_cache::VERSION),
    ("bff-core", bff_core::VERSION),
    ("bff-limits", bff_limits::VERSION),
    ("bff-redis", bff_redis::VERSION),
    ("bff-server", env!("CARGO_PKG_VERSION")),
    ("bff-upstream", bff_upstream::VERSION),
];

/// One build of a BFF.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Version {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) revision: &'static str,
    pub(crate) crates: BTreeMap<&'static str, &'static str>,
}

impl Version {
    pub(crate) fn of(name: &'static str, version: &'static str) -> Self {
        Self { name, version, revision: REVISION, crates: CRATES.into() }
    }
}
