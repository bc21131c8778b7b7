//! The settings as text for operators: every key with its effective value, and no secret.

use crate::Settings;
use std::{fmt::Write, iter::Peekable, str::Lines};

/// What stands where something is not to be seen.
const MASK: &str = "***";

/// The settings, without the services, whose policies the admin port tells by themselves. Secrets
/// are of a type that does not print them; what could be one inside of an address is cut out here.
pub(crate) fn masked(settings: &Settings) -> String {
    let mut settings = settings.clone();
    settings.services.clear();
    let printed = format!("{settings:#?}");
    let mut text = String::with_capacity(printed.len());
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        let line = match line.strip_suffix("Url {") {
            Some(before) => format!("{before}{}", url(&mut lines)),
            None => line.replace("SecretBox<str>([REDACTED])", MASK),
        };
        // Into a String: this cannot fail.
        let _ = writeln!(text, "{}", without_credentials(&line));
    }
    text
}

/// A printed `Url` as people write it, without user, password and query.
fn url(lines: &mut Peekable<Lines<'_>>) -> String {
    let [mut scheme, mut host, mut port, mut path] = [const { String::new() }; 4];
    let mut member = "";
    for line in lines.by_ref() {
        let line = line.trim().trim_end_matches(',');
        if line == "}" {
            break;
        }
        let value = match line.split_once(": ") {
            Some((name, value)) => {
                member = name;
                value
            }
            None => line,
        };
        // `Some(` and `)` are lines of their own.
        if value.ends_with('(') || value == ")" || value == "None" {
            continue;
        }
        let value = value.trim_matches('"');
        match member {
            "scheme" => scheme = value.to_owned(),
            "host" => host = value.to_owned(),
            "port" => port = format!(":{value}"),
            "path" => path = value.to_owned(),
            _ => {}
        }
    }
    format!("{scheme}://{host}{port}{path},")
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
            "***",
            "drain_timeout: 20s",
        ] {
            assert!(printed.contains(part), "{part} in {printed}");
        }
    }
}
