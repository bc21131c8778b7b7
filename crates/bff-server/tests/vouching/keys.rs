//! The port where services fetch the keys: they are there, and nothing else is.

use crate::{PROFILE, service, start};
use bff_fixtures::TestFile;
use bff_testkit::{Service as Sample, TestBff, http};
use jsonwebtoken::{decode_header, jwk::JwkSet};
use rcgen::KeyPair;

fn tables(listen: &str) -> (TestFile, String) {
    let key = TestFile::new("port.pem", &KeyPair::generate().unwrap().serialize_pem());
    let table = format!("[internal_tokens]\nkey_file = {:?}\n{listen}\n", key.0);
    (key, table + &service("users", "http://users", ""))
}

#[test]
fn services_find_the_keys_on_a_port_with_nothing_else() {
    let (_key, tables) = tables("listen = \"127.0.0.1:0\"");
    let bff = start(&tables);
    let port = bff.keys_address.unwrap();

    let published = http::send(port, "GET", "/internal-jwks", &[]).unwrap();
    assert_eq!(published.status, 200);
    assert_eq!(published.header("content-type"), Some("application/jwk-set+json"));
    let keys: JwkSet = serde_json::from_slice(&published.body).unwrap();
    assert_eq!(bff.get(PROFILE).status, 200);
    assert!(keys.find(&decode_header(user_token(&bff)).unwrap().kid.unwrap()).is_some());

    let others = [
        "/",
        "/metrics",
        "/console",
        "/console.json",
        "/configuration",
        "/readyz",
        "/livez",
        "/policy",
        "/cache",
        "/openapi.json",
        "/version",
        "/internal-jwks/",
        "//internal-jwks",
        PROFILE,
    ];
    for (method, target) in others.map(|target| ("GET", target)).into_iter().chain([
        ("POST", "/internal-jwks"),
        ("DELETE", "/internal-jwks"),
        ("DELETE", "/cache/tags/product:p-1"),
    ]) {
        let reply = http::send(port, method, target, &[]).unwrap();
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (404, "NO_SUCH_ROUTE"),
            "{method} {target}"
        );
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{target}");
    }
    // And they are not where clients are.
    let public = bff.send("GET", "/internal-jwks", &[]);
    assert_eq!(public.status, 404);
}

#[test]
fn nobody_listens_where_nobody_asked_for_it() {
    let (_key, tables) = tables("");
    assert_eq!(start(&tables).keys_address, None);
}

#[test]
fn c19_in_every_order_of_the_steps_any_instance_publishes_what_any_other_signs_with() {
    let [old, new] = [(); 2].map(|()| KeyPair::generate().unwrap().serialize_pem());
    let published_first = format!("{old}{new}");
    let signs = format!("{new}{old}");
    for order in [[0, 1], [1, 0]] {
        let files = ["one.pem", "two.pem"].map(|name| TestFile::new(name, &old));
        for file in [&published_first, &signs, &new] {
            for changed in order {
                std::fs::write(&files[changed].0, file).unwrap();
                let instances = files.each_ref().map(|file| {
                    let table = format!("[internal_tokens]\nkey_file = {:?}\n", file.0);
                    start(&(table + &service("users", "http://users", "")))
                });
                for signs in &instances {
                    assert_eq!(signs.get(PROFILE).status, 200);
                    let kid = decode_header(user_token(signs)).unwrap().kid.unwrap();
                    for publishes in &instances {
                        assert!(published(publishes).find(&kid).is_some(), "{order:?}, {changed}");
                    }
                }
            }
        }
    }
}

/// The user token of the last call.
fn user_token(bff: &TestBff) -> String {
    let seen = bff.services.stats(Sample::Users).last_headers;
    seen.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("x-user-token")).unwrap().1
}

fn published(bff: &TestBff) -> JwkSet {
    let reply = http::send(bff.admin_address, "GET", "/internal-jwks", &[]).unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}
