//! What the files of a BFF may name: endpoints speak the vocabulary and call their upstream, nothing else.

use crate::code::{Import, code, paths, split_imports};
use crate::workspace::{self, File};

const PRELUDE: &str = "bff_core::prelude::*";

/// An endpoint reads like the screen it serves, so it names neither server, client, process nor another endpoint.
fn endpoint_names_only_its_upstream(file: &File) -> Vec<String> {
    let (imports, others) = split_imports(&code(&file.text));
    let allowed = |import: &Import| import.what == PRELUDE || is_upstream(&import.what);
    let strange_imports = imports.iter().filter(|i| !allowed(i)).map(|i| {
        let advice = "an endpoint imports `bff_core::prelude::*` and `crate::upstream`";
        format!("{}:{}: `use {};`: {advice}", file.path, i.line, i.what)
    });
    let strange_paths = paths(&others).filter(|(_, path)| is_beyond_an_endpoint(path)).map(|(line, path)| {
        let advice = "an endpoint names the prelude and `crate::upstream`; say the rest as a call or a view";
        format!("{}:{line}: `{path}`: {advice}", file.path)
    });
    strange_imports.chain(strange_paths).collect()
}

/// A service's file describes calls in the vocabulary, and shares ids with the other services' files.
fn upstream_names_only_the_vocabulary(file: &File) -> Vec<String> {
    let (imports, _) = split_imports(&code(&file.text));
    let in_folder = !file.path.ends_with("/mod.rs");
    let is_sibling = |what: &str| {
        in_folder && what.strip_prefix("super::").is_some_and(|rest| !rest.contains("super"))
    };
    let allowed = |i: &Import| i.what == PRELUDE || is_upstream(&i.what) || is_sibling(&i.what);
    let violation = |i: &Import| {
        let advice = "an upstream file imports `bff_core::prelude::*` and its siblings";
        format!("{}:{}: `use {};`: {advice}", file.path, i.line, i.what)
    };
    imports.iter().filter(|i| !allowed(i)).map(violation).collect()
}

fn is_upstream(what: &str) -> bool {
    what.strip_prefix("crate::upstream")
        .is_some_and(|rest| (rest.is_empty() || rest.starts_with("::")) && !rest.contains("super"))
}

fn is_beyond_an_endpoint(path: &str) -> bool {
    let machinery = [
        "bff_server",
        "bff_upstream",
        "bff_cache",
        "bff_auth",
        "bff_redis",
        "bff_limits",
        "actix_web",
        "awc",
        "tokio",
    ];
    let first = path.split("::").next().unwrap_or_default();
    machinery.contains(&first)
        || ["bff_core", "super"].contains(&first)
        || (first == "crate" && !is_upstream(path))
        || path.starts_with("std::env")
}

fn is_endpoint(path: &str) -> bool {
    path.starts_with("bffs/")
        && path.contains("/src/endpoints/")
        && !path.ends_with("/endpoints/mod.rs")
}

fn is_upstream_file(path: &str) -> bool {
    path.starts_with("bffs/") && path.contains("/src/upstream/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_name_only_the_prelude_and_their_upstream() {
        let files = workspace::sources().unwrap();
        let endpoints: Vec<_> = files.iter().filter(|file| is_endpoint(&file.path)).collect();
        assert!(endpoints.len() >= 3, "no endpoints were found");
        let violations: Vec<_> =
            endpoints.into_iter().flat_map(endpoint_names_only_its_upstream).collect();
        assert_eq!(violations, [""; 0]);
    }

    #[test]
    fn upstream_files_name_only_the_vocabulary() {
        let files = workspace::sources().unwrap();
        let upstream: Vec<_> = files.iter().filter(|file| is_upstream_file(&file.path)).collect();
        assert!(upstream.len() >= 3, "no upstream files were found");
        let violations: Vec<_> =
            upstream.into_iter().flat_map(upstream_names_only_the_vocabulary).collect();
        assert_eq!(violations, [""; 0]);
    }

    #[test]
    fn an_endpoint_that_reaches_further_is_refused() {
        for wrong in [
            "use actix_web::HttpRequest;",
            "use bff_core::ports::Key;",
            "use {std::env, std::fs};",
            "use crate::endpoints::home;",
            "use crate::upstream_of_another::x;",
            "fn f() { use super::home::Home; }",
            "fn f() { std::env::var(\"HOME\"); }",
            "fn f() { let _ = awc::Client::default(); }",
            "fn f() { bff_server::run(bff()) }",
            "fn f(key: ::bff_core::ports::Key) {}",
            "fn f() { super::home::endpoint(); }",
            "fn f() { crate::bff(); }",
        ] {
            let file = file("endpoints", "x.rs", &format!("//! An endpoint.\n\n{wrong}\n"));
            let violations = endpoint_names_only_its_upstream(&file);
            assert_eq!(violations.len(), 1, "{wrong}");
            assert!(
                violations[0].starts_with("bffs/web/src/endpoints/x.rs:3: `"),
                "{}",
                violations[0]
            );
        }
    }

    #[test]
    fn an_endpoint_that_only_talks_about_more_is_fine() {
        let text = "//! Unlike `actix_web::get`.\nuse bff_core::prelude::*;\nuse crate::upstream::{\n    users,\n};\n\
                    // use std::env;\nconst S: &str = \"use awc::Client;\";\nfn f() { crate::upstream::users::all() }";
        assert_eq!(endpoint_names_only_its_upstream(&file("endpoints", "x.rs", text)), [""; 0]);
    }

    #[test]
    fn an_upstream_file_that_reaches_further_is_refused() {
        let cases = [
            ("users.rs", "use awc::Client;"),
            ("users.rs", "use bff_core::*;"),
            ("users.rs", "use std::collections::HashMap;"),
            ("users.rs", "use super::super::endpoints;"),
            ("users.rs", "use crate::endpoints::home;"),
            ("mod.rs", "use super::endpoints;"),
        ];
        for (name, wrong) in cases {
            let violations = upstream_names_only_the_vocabulary(&file("upstream", name, wrong));
            assert_eq!(violations.len(), 1, "{wrong}");
            assert!(violations[0].starts_with(&format!("bffs/web/src/upstream/{name}:1: `use ")));
        }
    }

    #[test]
    fn the_rules_know_their_files() {
        assert!(is_endpoint("bffs/web/src/endpoints/home.rs"));
        assert!(is_endpoint("bffs/web/src/endpoints/account/orders.rs"));
        assert!(!is_endpoint("bffs/web/src/endpoints/mod.rs"));
        assert!(is_upstream_file("bffs/web/src/upstream/mod.rs"));
        assert!(!is_upstream_file("crates/bff-upstream/src/lib.rs"));
    }

    fn file(folder: &str, name: &str, text: &str) -> File {
        File { path: format!("bffs/web/src/{folder}/{name}"), text: text.to_owned() }
    }
}
