//! TLS towards services: rustls with aws-lc, the system's authorities or a pinned file, HTTP/1.1.

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{fmt::Display, path::Path, sync::Arc};

/// A client configuration that trusts the authorities in `ca_file`, or the system's, and shows the
/// certificate in the first file of `own` when a service asks for one. The error begins with the key
/// that it is about.
pub(crate) fn client(
    ca_file: Option<&Path>,
    own: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, (&'static str, String)> {
    let failed = |error: rustls::Error| ("ca_file", error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = match ca_file {
        Some(path) => builder.with_root_certificates(authorities(path)?),
        None => builder.with_platform_verifier().map_err(failed)?,
    };
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate_file, key_file)) => {
            let chain = certificates("client_certificate_file", certificate_file)?;
            let key = PrivateKeyDer::from_pem_file(key_file)
                .map_err(|error| unreadable("client_key_file", key_file, &error))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| ("client_key_file", error.to_string()))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn authorities(path: &Path) -> Result<RootCertStore, (&'static str, String)> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca_file", path)? {
        roots.add(certificate).map_err(|error| unreadable("ca_file", path, &error))?;
    }
    Ok(roots)
}

/// All certificates of a PEM file, at least one.
fn certificates(
    key: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, (&'static str, String)> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| unreadable(key, path, &error))?;
    if read.is_empty() { Err(unreadable(key, path, &"no certificate in it")) } else { Ok(read) }
}

fn unreadable(key: &'static str, path: &Path, why: &dyn Display) -> (&'static str, String) {
    (key, format!("cannot read {}: {why}", path.display()))
}
