//! The BFF's own token at an issuer that is not always there, with the time moved by hand.

use super::{grant::Grant, own::Own, settings::TokenSettings};
use crate::support::run;
use awc::{Client, http::header::HeaderValue};
use bff_core::Fault;
use bff_fixtures::{
    TestFile,
    token_endpoint::{Says, TokenEndpoint},
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::yield_now;

const FOR_EVER: Duration = Duration::from_secs(20);

struct World {
    endpoint: TokenEndpoint,
    own: Arc<Own>,
    client: Client,
    now: Instant,
}

impl World {
    fn new(says: Says) -> Self {
        Self::with_secret(says, None)
    }

    fn with_secret(says: Says, file: Option<PathBuf>) -> Self {
        let endpoint = TokenEndpoint::start(says);
        let settings = TokenSettings {
            token_url: endpoint.url().parse().unwrap(),
            client_id: "mobile-bff".to_owned(),
            client_secret: file.is_none().then(|| "hunter2".into()),
            client_secret_file: file,
            private_key_file: None,
            scope: None,
            audience: None,
        };
        let own = Own::new("test", Grant::new(&settings).map_err(|(_, why)| why).unwrap());
        Self { endpoint, client: own.grant.client(), own, now: Instant::now() }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.now + Duration::from_secs(seconds)
    }

    fn at_hand(&self, seconds: u64) -> Option<String> {
        self.own.at_hand(&self.client, self.at(seconds)).map(|value| text(&value))
    }

    async fn find(&self, seconds: u64) -> Result<String, Fault> {
        self.own.find(&self.client, self.at(seconds)).await.map(|value| text(&value))
    }

    async fn instead_of(&self, refused: &str, seconds: u64) -> Option<String> {
        let refused = HeaderValue::from_str(refused).unwrap();
        let other = self.own.instead_of(&self.client, &refused, self.at(seconds)).await;
        other.map(|value| text(&value))
    }

    /// Lets tasks go on until `condition` holds.
    async fn eventually(&self, condition: impl Fn() -> bool) {
        let until = Instant::now() + FOR_EVER;
        while !condition() {
            assert!(Instant::now() < until, "it never happened");
            yield_now().await;
        }
    }
}

fn text(value: &HeaderValue) -> String {
    value.to_str().unwrap().to_owned()
}

fn one() -> Option<String> {
    Some("Bearer token-1".to_owned())
}

fn two() -> Option<String> {
    Some("Bearer token-2".to_owned())
}

#[test]
fn a_token_is_kept_and_renewed_before_it_ends() {
    run(async {
        let world = World::new(Says::Token(60));
        assert_eq!(world.at_hand(0), None);
        assert_eq!(world.find(0).await.ok(), one());
        for seconds in [0, 30, 47] {
            assert_eq!(world.at_hand(seconds), one());
        }
        assert_eq!(world.endpoint.asked().len(), 1);
        world.endpoint.says(Says::Token(3600));
        assert_eq!(world.at_hand(50), one(), "nobody waits for a renewal");
        world.eventually(|| world.at_hand(50) == two()).await;
        assert_eq!(world.endpoint.asked().len(), 2);
    });
}

#[test]
fn a_token_that_counts_stays_in_use_whatever_the_issuer_does() {
    for trouble in [
        Some(Says::Body(500, String::new())),
        Some(Says::Body(401, r#"{"error":"invalid_client"}"#.to_owned())),
        Some(Says::Body(200, "<html>".to_owned())),
        Some(Says::Body(200, r#"{"access_token":"a\nb","token_type":"Bearer"}"#.to_owned())),
        Some(Says::Raw("\0\0\0".to_owned())),
        Some(Says::Raw(format!("HTTP/1.1 200 OK\r\n{}: 1\r\n\r\n", "x".repeat(66_000)))),
        Some(Says::Raw("HTTP/1.1 302 F\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n".into())),
        Some(Says::Silence),
        None,
    ] {
        run(async {
            let mut world = World::new(Says::Token(60));
            assert_eq!(world.find(0).await.ok(), one());
            match trouble.clone() {
                Some(says) => world.endpoint.says(says),
                None => world.endpoint.close(),
            }
            assert_eq!(world.at_hand(50), one(), "{trouble:?}");
            // It is asked for a second time, or cannot be.
            let failed = || world.own.has_failed() || world.endpoint.asked().len() == 2;
            world.eventually(failed).await;
            assert_eq!(world.at_hand(53), one(), "{trouble:?}");
            assert_eq!(world.find(53).await.ok(), one(), "{trouble:?}");
            let Err(Fault::NoCredential(why)) = world.find(55).await else {
                unreachable!("{trouble:?}: an expired token was used")
            };
            assert!(!why.is_empty() && !why.contains("a\n"), "{trouble:?}: {why}");
        });
    }
}

#[test]
fn an_issuer_that_fails_is_left_alone_for_a_while_and_then_asked_again() {
    run(async {
        let world = World::new(Says::Body(401, r#"{"error":"invalid_client"}"#.to_owned()));
        let no = Err(Fault::NoCredential("answered with status 401: invalid_client".to_owned()));
        for _ in 0..10 {
            assert_eq!(world.find(0).await, no, "and nobody waits");
        }
        assert_eq!(world.endpoint.asked().len(), 1);
        world.endpoint.says(Says::Token(3600));
        assert_eq!(world.find(1).await.ok(), one());
        assert_eq!(world.endpoint.asked().len(), 2);
    });
}

#[test]
fn a_refused_token_is_replaced_once() {
    run(async {
        let world = World::new(Says::Token(3600));
        assert_eq!(world.find(0).await.ok(), one());
        assert_eq!(world.instead_of("Bearer token-1", 1).await, two());
        assert_eq!(world.instead_of("Bearer token-1", 1).await, two(), "it is there already");
        assert_eq!(world.endpoint.asked().len(), 2);
        assert_eq!(world.instead_of("Bearer token-2", 2).await, None);
        assert_eq!(world.at_hand(2), two());
        assert_eq!(world.endpoint.asked().len(), 2, "a service that refuses all asks for nothing");
        assert_eq!(
            world.instead_of("Bearer token-2", 40).await.as_deref(),
            Some("Bearer token-3"),
            "much later"
        );
    });
}

#[test]
fn a_refused_token_stays_when_there_is_no_other() {
    run(async {
        let mut world = World::new(Says::Token(3600));
        assert_eq!(world.find(0).await.ok(), one());
        world.endpoint.close();
        assert_eq!(world.instead_of("Bearer token-1", 1).await, None);
        assert_eq!(world.at_hand(1), one(), "other services may accept it");
    });
}

#[test]
fn a_client_secret_that_was_changed_is_used_at_the_next_request() {
    run(async {
        let file = TestFile::new("client-secret", "first\n");
        let world = World::with_secret(Says::Token(3600), Some(file.0.clone()));
        assert_eq!(world.find(0).await.ok(), one());
        file.write("the second\n");
        assert_eq!(world.instead_of("Bearer token-1", 1).await, two());
        // `mobile-bff:first` and `mobile-bff:the+second` in base64.
        let asked = world.endpoint.asked();
        for (request, secret) in
            asked.iter().zip(["bW9iaWxlLWJmZjpmaXJzdA==", "bW9iaWxlLWJmZjp0aGUrc2Vjb25k"])
        {
            assert!(request.contains(&format!("Basic {secret}\r\n")), "{request}");
        }
        // An empty file is a mistake, and what was known stays in use.
        file.write("");
        assert_eq!(world.instead_of("Bearer token-2", 40).await.as_deref(), Some("Bearer token-3"));
        assert!(world.endpoint.asked()[2].contains("Basic bW9iaWxlLWJmZjp0aGUrc2Vjb25k\r\n"));
    });
}
