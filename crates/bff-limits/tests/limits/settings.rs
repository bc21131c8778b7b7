//! Settings that cannot work are refused by their key.

use crate::support::from;
use bff_limits::{LimitSettings, Limits};
use std::time::Duration;

fn refused(toml: &str) -> String {
    match toml::from_str::<LimitSettings>(toml) {
        Err(error) => error.message().to_owned(),
        Ok(settings) => match Limits::start("mobile", &settings, None) {
            Ok(_) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        },
    }
}

#[test]
fn settings_that_cannot_work_are_refused_by_key() {
    for (toml, expected) in [
        (
            "per_principal = { requests = 0, per = \"1s\" }",
            "limits.per_principal.requests: must be",
        ),
        (
            "per_surface = { requests = 1, per = \"0s\" }",
            "limits.per_surface.per: must be at least",
        ),
        (
            "per_surface = { requests = 1, per = \"1500ms\" }",
            "limits.per_surface.per: must be whole",
        ),
        (
            "per_surface = { requests = 100001, per = \"1s\" }",
            "limits.per_surface.requests: must be at most 100000",
        ),
        (
            "failures_per_ip = { requests = 1, per = \"1s\", burst = 0 }",
            "limits.failures_per_ip.burst: must be more",
        ),
        (
            "per_principal = { requests = 1, per = \"1day\", burst = 32 }",
            "limits.per_principal.burst: would take more than 31 days",
        ),
        ("[classes]\n\"a b\" = { requests = 1, per = \"1s\" }", "limits.classes.a b: the name may"),
        ("[classes]\n\"\" = { requests = 1, per = \"1s\" }", "limits.classes.: the name may"),
        (
            "[classes]\nsurface = { requests = 1, per = \"1s\" }",
            "limits.classes.surface: this is the name of another",
        ),
        ("[classes]\nx = { requests = 0, per = \"1s\" }", "limits.classes.x.requests: must be"),
        ("within = \"0s\"", "limits.within: must be more"),
        ("[shared]\nurl = \"http://r\"", "limits.shared.url: must begin with redis://"),
        ("[shared]\nurl = \"rediss://r\"\nca_file = \"/no\"", "limits.shared.ca_file: /no"),
        ("per_pricipal = {}", "unknown field `per_pricipal`"),
        ("per_surface = { requests = 1, per = \"1s\", bust = 1 }", "unknown field `bust`"),
        ("per_surface = { requests = 1 }", "missing field `per`"),
        ("", "nothing"),
    ] {
        let why = refused(toml);
        assert!(why.starts_with(expected), "{toml}: {why}");
    }
}

#[test]
fn the_defaults_are_what_the_documentation_says() {
    let settings = from("");
    assert_eq!(settings.within, Duration::from_millis(10));
    assert!(settings.per_principal.is_none() && settings.per_surface.is_none());
    assert!(settings.failures_per_ip.is_none() && settings.classes.is_empty());
    assert!(settings.shared.is_none());
}
