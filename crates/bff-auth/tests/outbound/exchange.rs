//! Users' tokens exchanged for others.

use crate::{credential, credentials, introduced, shown, support::run, user};
use bff_auth::outbound::Credentials;
use bff_core::{
    Fault,
    ports::{Principal, Vouch},
};
use bff_fixtures::token_endpoint::{Says, TokenEndpoint};
use futures_util::future::join_all;

struct World {
    endpoint: TokenEndpoint,
    credentials: Credentials,
}

impl World {
    fn new(says: Says) -> Self {
        let endpoint = TokenEndpoint::start(says);
        let settings = format!(
            "[credentials.main]\nkind = \"token_exchange\"\ntoken_url = \"{}\"\n\
             client_id = \"mobile-bff\"\nclient_secret = \"hunter2\"\naudience = \"users\"",
            endpoint.url()
        );
        let credentials = credentials(&settings).unwrap();
        Self { endpoint, credentials }
    }

    fn forms(&self) -> Vec<String> {
        let form = |request: String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
        self.endpoint.asked().into_iter().map(form).collect()
    }
}

fn with_token(name: &str, token: &str) -> Principal {
    user(name).with_token(token.into())
}

#[test]
fn each_user_gets_a_token_of_their_own_and_it_is_kept() {
    let world = World::new(Says::Token(300));
    run(async {
        let voucher = world.credentials.voucher("users");
        let (one, other) = (with_token("u-1", "user-token-1"), with_token("u-2", "user-token-2"));
        for (user, token) in [(&one, "token-1"), (&other, "token-2"), (&one, "token-1")] {
            let all = join_all((0..50).map(|_| shown(&voucher, Some(user)))).await;
            for proof in all {
                let proof = proof.unwrap();
                assert_eq!(credential(&proof), format!("authorization: Bearer {token}"));
                assert!(!introduced(&proof).contains("user-token"));
            }
        }
        // The same user with other rights.
        let more = with_token("u-1", "user-token-3");
        let proof = shown(&voucher, Some(&more)).await.unwrap();
        assert_eq!(credential(&proof), "authorization: Bearer token-3");
    });
    let forms = world.forms();
    assert_eq!(forms.len(), 3, "{forms:?}");
    let form = |token: &str| {
        format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
             &subject_token={token}\
             &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
             &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
             &audience=users"
        )
    };
    assert_eq!(forms, ["user-token-1", "user-token-2", "user-token-3"].map(form));
}

#[test]
fn a_personal_call_without_a_token_to_exchange_is_not_made() {
    let world = World::new(Says::Token(300));
    run(async {
        let voucher = world.credentials.voucher("users");
        let fault = shown(&voucher, Some(&user("u-1"))).await.unwrap_err();
        assert_eq!(
            fault,
            Fault::NoCredential("the caller brought no token to exchange".to_owned())
        );
    });
    assert!(world.forms().is_empty());
}

#[test]
fn a_shared_call_is_made_with_the_bffs_own_token() {
    let world = World::new(Says::Token(300));
    run(async {
        let voucher = world.credentials.voucher("users");
        let proof = shown(&voucher, None).await.unwrap();
        assert_eq!(credential(&proof), "authorization: Bearer token-1");
        assert_eq!(introduced(&proof), "");
    });
    assert_eq!(world.forms(), ["grant_type=client_credentials&audience=users"]);
}

#[test]
fn one_users_refused_token_is_no_reason_to_leave_the_issuer_alone() {
    let world = World::new(Says::Body(400, r#"{"error":"invalid_grant"}"#.to_owned()));
    run(async {
        let voucher = world.credentials.voucher("users");
        let fault = shown(&voucher, Some(&with_token("u-1", "bad"))).await.unwrap_err();
        let why = "answered with status 400: invalid_grant".to_owned();
        assert_eq!(fault, Fault::NoCredential(why));
        world.endpoint.says(Says::Token(300));
        let proof = shown(&voucher, Some(&with_token("u-2", "good"))).await.unwrap();
        assert_eq!(credential(&proof), "authorization: Bearer token-1");
    });
}

#[test]
fn an_issuer_that_is_away_is_asked_once_for_all_users() {
    let world = World::new(Says::Body(503, String::new()));
    run(async {
        let voucher = world.credentials.voucher("users");
        for name in ["u-1", "u-2", "u-3"] {
            let fault = shown(&voucher, Some(&with_token(name, name))).await.unwrap_err();
            assert_eq!(fault, Fault::NoCredential("answered with status 503".to_owned()));
        }
    });
    assert_eq!(world.forms().len(), 1);
}

#[test]
fn a_refused_token_is_exchanged_anew_once() {
    let world = World::new(Says::Token(300));
    run(async {
        let voucher = world.credentials.voucher("users");
        let user = with_token("u-1", "t");
        let first = shown(&voucher, Some(&user)).await.unwrap();
        let all = join_all((0..10).map(|_| voucher.instead_of(&first, Some(&user)))).await;
        for proof in all {
            assert_eq!(credential(&proof.unwrap()), "authorization: Bearer token-2");
        }
        let second = shown(&voucher, Some(&user)).await.unwrap();
        assert_eq!(credential(&second), "authorization: Bearer token-2");
        assert!(voucher.instead_of(&second, Some(&user)).await.is_none());
    });
    assert_eq!(world.forms().len(), 2);
}
