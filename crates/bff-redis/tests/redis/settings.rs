//! Settings that cannot work are refused by their key, before anything is started.

use crate::support::from;
use bff_redis::{Mode, Redis, RedisSettings};
use std::time::Duration;

fn refused(toml: &str) -> String {
    match toml::from_str::<RedisSettings>(toml) {
        Err(error) => error.message().to_owned(),
        Ok(settings) => match Redis::start(&settings, Vec::new()) {
            Ok(_) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        },
    }
}

#[test]
fn settings_that_cannot_work_are_refused_by_key() {
    let one = "url = \"redis://r\"\n";
    for (toml, expected) in [
        ("", "url: is missing"),
        ("url = \"redis://r\"\nurls = [\"redis://r\"]", "urls: write either"),
        ("urls = [\"redis://r\", \"redis://s\"]", "urls: several servers need"),
        ("url = \"http://r\"", "url: must begin with redis://"),
        ("url = \"redis://u:p@r\"", "url: holds credentials"),
        ("url = \"redis://:p@r\"", "url: holds credentials"),
        ("url = \"rediss://r/#insecure\"", "url: must end after the path"),
        ("url = \"redis://r?protocol=resp3\"", "url: must end after the path"),
        ("url = \"redis://r/zero\"", "url: the path must be the number"),
        ("mode = \"cluster\"\nurls = [\"redis://r/1\"]", "urls: only mode `single`"),
        (
            "mode = \"cluster\"\nurls = [\"redis://r\", \"rediss://s\"]",
            "urls: all must begin alike",
        ),
        ("mode = \"sentinel\"\nurls = [\"redis://r\"]", "master: mode `sentinel` needs"),
        ("url = \"redis://r\"\nmaster = \"m\"", "master: is only for mode"),
        ("url = \"redis://r\"\nusername = \"u\"", "password: is missing"),
        (
            "url = \"redis://r\"\npassword = \"p\"\npassword_file = \"x\"",
            "password_file: write either",
        ),
        ("url = \"redis://r\"\npassword_file = \"/no/such/file\"", "password_file: /no/such/file"),
        ("url = \"redis://r\"\nsentinel_password = \"p\"", "sentinel_password: is only for"),
        ("url = \"redis://r\"\nca_file = \"x\"", "ca_file: is only for rediss://"),
        ("url = \"rediss://r\"\nca_file = \"/no/such/file\"", "ca_file: /no/such/file"),
        ("url = \"rediss://r\"\nca_file = \"Cargo.toml\"", "ca_file: Cargo.toml holds no"),
        (&format!("{one}lookup_timeout = \"0s\""), "lookup_timeout: must be more"),
        (&format!("{one}connections = 1"), "connections: must be from 2"),
        (&format!("{one}write_queue = 0"), "write_queue: must be"),
        (&format!("{one}max_value_bytes = 0"), "max_value_bytes: must be"),
        (&format!("{one}max_value_bytes = 600000000"), "max_value_bytes: must be"),
        (&format!("{one}tag_memory = \"0s\""), "tag_memory: must be"),
        (&format!("{one}timeout = \"1s\""), "unknown field `timeout`"),
        (&format!("{one}mode = \"double\""), "unknown variant `double`"),
    ] {
        let why = refused(toml);
        assert!(why.starts_with(expected), "{toml}: {why}");
    }
}

#[test]
fn the_defaults_are_what_the_documentation_says() {
    let settings = from("url = \"redis://r\"");
    assert_eq!(settings.mode, Mode::Single);
    assert_eq!(settings.lookup_timeout, Duration::from_millis(15));
    assert_eq!(settings.command_timeout, Duration::from_millis(250));
    assert_eq!(settings.connect_timeout, Duration::from_millis(250));
    assert_eq!((settings.connections, settings.write_queue), (8, 1024));
    assert_eq!((settings.max_value_bytes, settings.compress_above_bytes), (1 << 20, 2048));
    let made = RedisSettings::single("redis://r".parse().unwrap());
    assert_eq!(format!("{made:?}"), format!("{settings:?}"));
}

#[test]
fn a_variable_can_name_several_urls() {
    let settings = from("mode = \"cluster\"\nurls = \"redis://a, redis://b\"");
    let hosts: Vec<_> = settings.urls.iter().filter_map(|url| url.host_str()).collect();
    assert_eq!(hosts, ["a", "b"]);
}
