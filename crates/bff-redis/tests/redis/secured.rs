//! Redis behind TLS: a server that shows the right certificate is spoken with, any other is not.

use crate::support::{connect, from, get, listen, put};
use bff_fixtures::redis::{RedisServer, eventually, free_port};
use bff_redis::Lookup;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

pub(crate) struct Secured {
    _server: RedisServer,
    url: String,
    directory: PathBuf,
}

impl Secured {
    /// A server whose certificate is for `name`, from an authority of its own.
    pub(crate) fn start(name: &str) -> Result<Self, Box<dyn Error>> {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("bff-tls-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory)?;
        write_certificates(&directory, name)?;
        let file = |name: &str| directory.join(name).display().to_string();
        let (cert, key, ca) = (file("cert.pem"), file("key.pem"), file("ca.pem"));
        let port = port.to_string();
        let pairs = [
            ["--tls-port", &port],
            ["--tls-cert-file", &cert],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &ca],
            ["--tls-auth-clients", "no"],
        ];
        let server = RedisServer::start_with(&pairs.concat());
        Ok(Self { _server: server, url: format!("rediss://127.0.0.1:{port}"), directory })
    }

    pub(crate) fn settings(&self, ca: &Path) -> String {
        // Handshakes of unoptimised code on a busy machine take longer than a lookup may.
        format!("url = {:?}\nca_file = {ca:?}\nconnect_timeout = \"5s\"", self.url)
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.directory);
    }
}

fn write_certificates(directory: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let mut authority = CertificateParams::new(vec![])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (ca_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    fs::write(directory.join("ca.pem"), authority.self_signed(&ca_key)?.pem())?;
    let issuer = Issuer::new(authority, ca_key);
    let server = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &issuer)?;
    fs::write(directory.join("cert.pem"), server.pem())?;
    fs::write(directory.join("key.pem"), key.serialize_pem())?;
    Ok(())
}

#[test]
fn the_right_certificate_is_spoken_with() {
    let secured = Secured::start("127.0.0.1").unwrap();
    let (redis, heard) = listen(&from(&secured.settings(&secured.ca())));
    put(&redis, "k", "value");
    eventually("it listens behind TLS too", || heard.count("*") == 1);
}

#[test]
fn another_name_or_authority_is_trouble() {
    let (named, other) =
        (Secured::start("localhost").unwrap(), Secured::start("127.0.0.1").unwrap());
    for settings in [named.settings(&named.ca()), other.settings(&named.ca())] {
        let redis = connect(&from(&settings));
        eventually("the breaker opens", || redis.stats().breaker_open);
        assert_eq!(get(&redis, "k"), Lookup::Trouble);
    }
}

#[test]
fn a_machines_own_authorities_do_not_vouch_for_ours() {
    let secured = Secured::start("127.0.0.1").unwrap();
    let redis = connect(&from(&format!("url = {:?}\nconnect_timeout = \"5s\"", secured.url)));
    eventually("the breaker opens", || redis.stats().breaker_open);
}
