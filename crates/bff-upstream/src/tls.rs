//! TLS towards services: rustls with aws-lc, the system's authorities or a file, HTTP/1.1.
//!
//! The files are watched. A new configuration is a new pool of connections: whoever resumed an old
//! session would be trusted by the old authorities and show the old certificate.

use bff_files::Watched;
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What cannot work, by the key that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub(crate) struct TlsError {
    pub(crate) key: &'static str,
    pub(crate) why: String,
}

/// The files of a service's settings.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    /// The authorities behind the service's certificate; the system's without.
    pub(crate) authorities: Option<PathBuf>,
    /// What is shown when the service asks for a certificate: the chain and its key.
    pub(crate) own: Option<(PathBuf, PathBuf)>,
}

impl TlsFiles {
    /// The configuration that they make, made again when they change.
    pub(crate) fn watched(self) -> Result<Arc<Watched<ClientConfig>>, TlsError> {
        let own = self.own.iter().flat_map(|(chain, key)| [chain, key]);
        let paths = self.authorities.iter().chain(own).cloned().collect();
        Watched::open(paths, move || self.read())
    }

    fn read(&self) -> Result<ClientConfig, TlsError> {
        let failed = |error: rustls::Error| wrong("ca_file", &error);
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        let builder = match &self.authorities {
            Some(path) => builder.with_root_certificates(authorities(path)?),
            None => builder.with_platform_verifier().map_err(failed)?,
        };
        let mut config = match &self.own {
            None => builder.with_no_client_auth(),
            Some((chain_file, key_file)) => {
                let chain = certificates("client_certificate_file", chain_file)?;
                check_time(&chain)
                    .map_err(|why| unreadable("client_certificate_file", chain_file, &why))?;
                let key = PrivateKeyDer::from_pem_file(key_file)
                    .map_err(|error| unreadable("client_key_file", key_file, &error))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    let why = format!("it does not fit {}: {error}", chain_file.display());
                    unreadable("client_key_file", key_file, &why)
                })?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca_file", path)? {
        roots.add(certificate).map_err(|error| unreadable("ca_file", path, &error))?;
    }
    Ok(roots)
}

/// All certificates of a PEM file, at least one.
fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| unreadable(key, path, &error))?;
    if read.is_empty() { Err(unreadable(key, path, &"no certificate in it")) } else { Ok(read) }
}

/// Whether the certificate itself, the first of the chain, counts now. rustls tells before it looks
/// at who signed it, which is the service's business.
fn check_time(chain: &[CertificateDer<'static>]) -> Result<(), String> {
    let Some(own) = chain.first() else { return Ok(()) };
    let mut roots = RootCertStore::empty();
    roots.add(own.clone()).map_err(|error| error.to_string())?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = verifier.map_err(|error| error.to_string())?;
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    match verifier.verify_client_cert(own, &[], UnixTime::now()) {
        Err(rustls::Error::InvalidCertificate(
            error @ (Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }),
        )) => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn unreadable(key: &'static str, path: &Path, why: &dyn Display) -> TlsError {
    wrong(key, &format_args!("cannot use {}: {why}", path.display()))
}

fn wrong(key: &'static str, why: &dyn Display) -> TlsError {
    TlsError { key, why: why.to_string() }
}
