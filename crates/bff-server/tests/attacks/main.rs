//! Attacks on bearer tokens, over a real BFF: every one is a 401 that tells nothing, reaches no
//! service, and makes the issuer work at most once.
//!
//! No attack costs more signature checks than a good token either, and that needs no counter:
//! `Token::vouched` is the only place in `bff-auth` that verifies, and it takes the token by value,
//! so that code that checks one token twice does not compile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod claims;
mod forge;
mod forms;
mod headers;
mod keys;
mod signatures;

use bff_core::{Auth, Bff, prelude::*};
use bff_server::{KeySource, Settings};
use bff_testkit::{Json, TestBff, http::Reply, json};
use forge::{CLIENT, ENCRYPTS, OTHER, OTHERS, US, issuer, with};
use keys::KeyServer;

const CATALOG: Service = Service::named("catalog");

#[derive(View)]
struct Products {
    items: Vec<Product>,
}

#[derive(View)]
struct Product {
    title: String,
}

async fn mine(cx: &Cx, _me: User) -> Result<Products> {
    cx.gather(Critical(CATALOG.get("products").named("products"))).await
}

struct Bed {
    bff: TestBff,
    /// The keys of the first issuer and of the second.
    keys: [KeyServer; 2],
}

impl Bed {
    fn start() -> Self {
        let mut set: Json = issuer().jwks().parse().unwrap();
        let mut encrypts: Json = ENCRYPTS.jwks().parse().unwrap();
        encrypts["keys"][0]["kid"] = json!("enc-1");
        encrypts["keys"][0]["use"] = json!("enc");
        set["keys"].as_array_mut().unwrap().push(encrypts["keys"][0].clone());
        let keys = [KeyServer::start(set.to_string()), KeyServer::start(OTHERS.jwks())];
        let table = |name: &str, issuer: &str, keys: &KeyServer| {
            format!(
                "[issuers.{name}]\nissuer = {issuer:?}\naudience = {US:?}\n\
                 algorithms = [\"RS256\", \"ES256\"]\nauthorized_parties = [{CLIENT:?}]\n\
                 keys = {{ url = \"{}\" }}\n",
                keys.url()
            )
        };
        let text = format!(
            "server.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'\n\
             [services.catalog]\nurl = 'http://catalog'\n{}{}",
            table("first", issuer().issuer(), &keys[0]),
            table("second", OTHER, &keys[1]),
        );
        let settings: Settings = toml::from_str(&text).unwrap();
        assert!(matches!(settings.issuers["first"].keys, KeySource::Url(_)));
        let endpoints = vec![get("/test/v1/mine").to(mine)];
        let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints };
        Self { bff: TestBff::start_from(&bff, settings), keys }
    }

    fn ask(&self, token: &str) -> Reply {
        let authorization = format!("Bearer {token}");
        self.bff.send("GET", "/test/v1/mine", &[("authorization", &authorization)])
    }

    fn keys_asked(&self) -> usize {
        self.keys.iter().map(KeyServer::asked).sum()
    }

    fn reached(&self) -> u64 {
        let all = bff_testkit::Service::ALL.into_iter();
        all.map(|service| self.bff.services.stats(service).requests_started).sum()
    }
}

/// All of an answer that could tell one refusal from another.
fn told(reply: &Reply) -> (Json, Vec<(String, String)>) {
    let own = |name: &str| ["x-trace-id", "date"].contains(&name);
    let headers = reply.headers.iter().filter(|(name, _)| !own(name)).cloned().collect();
    (with(reply.json(), "traceId", Json::Null), headers)
}

#[test]
fn every_attack_is_a_401_that_tells_nothing_and_reaches_nobody() {
    let bed = Bed::start();
    let invalid = [headers::all(), signatures::all(), claims::all(), forms::all()].concat();
    assert!(invalid.len() >= 45, "{}", invalid.len());
    let tables = [("TOKEN_INVALID", invalid), ("TOKEN_EXPIRED", claims::expired())];
    for (code, attacks) in tables {
        let mut first = None;
        for (what, token) in attacks {
            // Twice: a refusal must not be remembered as anything else.
            for _ in 0..2 {
                let asked = bed.keys_asked();
                let reply = bed.ask(&token);
                assert_eq!((reply.status, reply.code().as_str()), (401, code), "{what}");
                assert_eq!(
                    reply.header("content-type"),
                    Some("application/problem+json"),
                    "{what}"
                );
                assert_eq!(
                    &told(&reply),
                    first.get_or_insert_with(|| told(&reply)),
                    "{what} can be told from the others"
                );
                assert!(bed.keys_asked() - asked <= 1, "{what} made the issuers work");
            }
        }
    }
    assert_eq!(bed.reached(), 0, "a service heard of it");
    let second = with(forge::claims(), "iss", json!(OTHER));
    let second = OTHERS.sign(&OTHERS.header(), &second);
    for (what, token) in
        [("RS256", forge::good()), ("ES256", forge::good_es256()), ("the second", second)]
    {
        assert_eq!(bed.ask(&token).status, 200, "a good token is good after all that: {what}");
    }
}

#[test]
fn what_is_no_bearer_token_is_nobody() {
    let bed = Bed::start();
    let good = forge::good();
    let basic = "Basic dTpw".to_owned();
    for authorization in
        [basic, good.clone(), format!("DPoP {good}"), format!("Bearer {good}\u{e9}")]
    {
        let reply = bed.bff.send("GET", "/test/v1/mine", &[("authorization", &authorization)]);
        assert_eq!((reply.status, reply.code().as_str()), (401, "UNAUTHENTICATED"));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!((bed.reached(), bed.keys_asked()), (0, 0));
}
