//! What was built: for the admin port and the metrics.

use serde::Serialize;
use std::collections::BTreeMap;

/// What `BFF_GIT_REVISION` held when this was compiled. A build from an archive has no repository to
/// ask, so nobody asks one. Empty is an image that was built without `REVISION`.
pub(crate) const REVISION: &str = match option_env!("BFF_GIT_REVISION") {
    Some(revision) if !revision.is_empty() => revision,
    _ => "unknown",
};

/// The shared crates in the program, each with its version; a test holds the list to the manifests.
const CRATES: [(&str, &str); 9] = [
    ("bff-auth", bff_auth::VERSION),
    ("bff-cache", bff_cache::VERSION),
    ("bff-core", bff_core::VERSION),
    ("bff-files", bff_files::VERSION),
    ("bff-limits", bff_limits::VERSION),
    ("bff-openapi", bff_openapi::VERSION),
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
