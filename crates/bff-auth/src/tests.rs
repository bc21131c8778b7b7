//! What happens over time, with real sockets and a clock that is moved by hand.

use crate::{
    Bearer,
    moment::Moment,
    refusal::Refusal,
    support::{Answer, KeyEndpoint, US, bearer, run},
};
use bff_fixtures::Issuer;
use serde_json::{Value, json};
use std::time::Duration;

struct World {
    issuer: &'static Issuer,
    endpoint: KeyEndpoint,
    bearer: Bearer,
    start: Moment,
}

/// An issuer whose endpoint knows only the RSA key, `dev-1`.
async fn world() -> World {
    let issuer = Issuer::shared();
    let endpoint = KeyEndpoint::start(Answer::Body(only(issuer, "dev-1"))).await;
    let bearer = bearer(endpoint.source());
    World { issuer, endpoint, bearer, start: Moment::now() }
}

fn only(issuer: &Issuer, id: &str) -> String {
    let mut document: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    document["keys"].as_array_mut().unwrap().retain(|key| key["kid"] == id);
    document.to_string()
}

impl World {
    async fn verify(&self, token: &str, after: Duration) -> Result<(), Refusal> {
        let now = self.start.later(after);
        self.bearer.verify(Some(&format!("Bearer {token}")), now).await.map(drop)
    }

    /// A token that is good for `life` of the world's time.
    fn rsa(&self, life: Duration) -> String {
        let mut claims = self.issuer.claims("u-1", US);
        claims["exp"] = json!(self.start.later(life).seconds());
        self.issuer.sign(&self.issuer.header(), &claims)
    }

    fn ec(&self) -> String {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "dev-2" });
        self.issuer.sign_es256(&header, &self.issuer.claims("u-1", US))
    }

    async fn asked_until(&self, times: usize) {
        let asked = async {
            while self.endpoint.asked() < times {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(s(5), asked).await.unwrap();
    }
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const HOUR: u64 = 3600;

#[test]
fn a_remembered_token_ends_when_it_expires() {
    run(async {
        let world = world().await;
        let token = world.rsa(s(10));
        assert_eq!(world.verify(&token, s(0)).await, Ok(()));
        assert_eq!(world.verify(&token, s(39)).await, Ok(()), "within the leeway");
        assert_eq!(world.verify(&token, s(41)).await, Err(Refusal::Expired));
    });
}

#[test]
fn a_remembered_token_ends_when_its_key_is_withdrawn() {
    run(async {
        let world = world().await;
        let token = world.rsa(s(HOUR));
        assert_eq!(world.verify(&token, s(0)).await, Ok(()));
        world.endpoint.says(Answer::Body(only(world.issuer, "dev-2")));
        assert_eq!(world.verify(&world.ec(), s(1)).await, Ok(()));
        assert_eq!(world.verify(&token, s(2)).await, Err(Refusal::Kid));
    });
}

#[test]
fn old_keys_are_renewed_without_anybody_waiting() {
    run(async {
        let world = world().await;
        let token = world.rsa(s(HOUR));
        assert_eq!(world.verify(&token, s(0)).await, Ok(()));
        assert_eq!(world.verify(&token, s(299)).await, Ok(()));
        assert_eq!(world.endpoint.asked(), 1, "still fresh");
        world.endpoint.says(Answer::Body(world.issuer.jwks()));
        assert_eq!(world.verify(&token, s(301)).await, Ok(()));
        assert_eq!(world.endpoint.asked(), 1, "the answer came before the new keys");
        world.asked_until(2).await;
        // Waits for the fetch that is under way instead of starting its own.
        assert_eq!(world.verify(&world.ec(), s(301)).await, Ok(()));
        assert_eq!(world.endpoint.asked(), 2);
    });
}

#[test]
fn known_keys_go_on_for_a_day_without_the_issuer() {
    run(async {
        let world = world().await;
        let token = world.rsa(s(48 * HOUR));
        assert_eq!(world.verify(&token, s(0)).await, Ok(()));
        world.endpoint.says(Answer::Body("<html>down</html>".to_owned()));
        assert_eq!(world.verify(&token, s(23 * HOUR)).await, Ok(()));
        assert_eq!(world.verify(&token, s(24 * HOUR)).await, Err(Refusal::NoKeys));
        world.endpoint.says(Answer::Body(world.issuer.jwks()));
        assert_eq!(world.verify(&token, s(24 * HOUR + 40)).await, Ok(()));
    });
}

#[test]
fn unknown_keys_are_looked_for_once_per_half_minute() {
    run(async {
        let world = world().await;
        // The first keys were fetched for this very token.
        for (after, asked) in [(0, 1), (1, 2), (30, 2), (31, 3), (60, 3), (61, 4)] {
            assert_eq!(world.verify(&world.ec(), s(after)).await, Err(Refusal::Kid));
            assert_eq!(world.endpoint.asked(), asked, "after {after} s");
        }
    });
}

#[test]
fn missing_keys_are_looked_for_once_per_second() {
    run(async {
        let world = world().await;
        world.endpoint.says(Answer::Body("{}".to_owned()));
        for (after, asked) in [(0, 1), (999, 1), (1000, 2), (1500, 2), (2000, 3)] {
            let outcome = world.verify(&world.rsa(s(HOUR)), Duration::from_millis(after)).await;
            assert_eq!(outcome, Err(Refusal::NoKeys));
            assert_eq!(world.endpoint.asked(), asked, "after {after} ms");
        }
    });
}

#[tokio::test]
async fn a_file_of_keys_that_is_replaced_counts_without_a_restart() {
    let issuer = Issuer::shared();
    let (first, second) = (only(issuer, "dev-1"), only(issuer, "dev-2"));
    let directory = std::env::temp_dir().join(format!("bff-auth-{}-jwks", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("keys.json");
    std::fs::write(&file, first).unwrap();
    let bearer = bearer(crate::KeySource::File(file.clone()));
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "dev-2" });
    let token = issuer.sign_es256(&header, &issuer.claims("u-1", US));
    let token = format!("Bearer {token}");
    let verified = async || bearer.verify(Some(&token), Moment::now()).await.is_ok();
    assert!(!verified().await);
    std::fs::write(&file, second).unwrap();
    let comes = async {
        while !verified().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(s(20), comes).await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}
