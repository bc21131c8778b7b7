//! The settings as text for operators: every key with its effective value, and no secret.

use crate::Settings;
use std::fmt::Write;

/// What stands where something is not to be seen.
const MASK: &str = "***";

/// The settings as a configuration file would have them. Secrets are of a type that does not write
/// them; what could be one inside of an address is cut out here.
pub(crate) fn masked(settings: &Settings) -> String {
    let written = match toml::to_string(settings) {
        Ok(written) => written,
        Err(error) => format!("# cannot be shown: {error}"),
    };
    written.lines().fold(String::with_capacity(written.len()), |mut text, line| {
        // Into a String: this cannot fail.
        let _ = writeln!(text, "{}", without_credentials(line));
        text
    })
}

/// `https://user:password@host/path?key=1` as `https://***@host/path?***`.
fn without_credentials(line: &str) -> String {
    let Some((scheme, rest)) = line.split_once("://") else { return line.to_owned() };
    let end = rest.find(['"', ',', ' ']).unwrap_or(rest.len());
    let (address, after) = rest.split_at(end);
    let (authority, path) =
        address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    let path = match path.split_once('?') {
        Some((path, _)) => format!("{path}?{MASK}"),
        None => path.to_owned(),
    };
    format!("{scheme}://{authority}{path}{}", without_credentials(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_readable_and_lose_what_could_be_secret() {
        let text = r#"
            [server]
            listen = "127.0.0.1:8081"
            [admin]
            listen = "127.0.0.1:9081"
            [traces]
            otlp_endpoint = "http://me:hunter2@collector:4318/v1/traces?key=hunter2"
            [cache.redis]
            url = "redis://10.0.0.1:6379/"
            password = "hunter2"
            [credentials.own]
            kind = "client_credentials"
            client_id = "a"
            client_secret = "hunter2"
            token_url = "https://issuer.test/token?key=hunter2"
            [services.users]
            url = "http://users"
        "#;
        let printed = masked(&toml::from_str(text).unwrap());
        assert!(!printed.contains("hunter2"), "{printed}");
        for part in [
            "127.0.0.1:8081",
            "http://***@collector:4318/v1/traces?***",
            "redis://10.0.0.1:6379/",
            "https://issuer.test/token",
            "password = \"***\"",
            "client_secret = \"***\"",
            "[services.users.retry]",
            "drain_timeout = \"20s\"",
        ] {
            assert!(printed.contains(part), "{part} in {printed}");
        }
        let again: Result<Settings, _> = toml::from_str(&printed);
        assert!(again.is_ok(), "it is a configuration: {again:?}");
    }
}
