//! The user's token, exchanged: the issuer sees it, and no service does.

use crate::{ask, run};
use bff_auth::outbound::{Credentials, Wanted};
use bff_core::ports::Principal;
use bff_fixtures::token_endpoint::{Says, TokenEndpoint};
use bff_server::Settings;
use bff_testkit::{SampleServices, Service as Sample};
use bff_upstream::Services;
use std::rc::Rc;

#[test]
fn a_users_token_goes_to_the_issuer_and_nowhere_else() {
    let (sample, issuer) =
        (SampleServices::start().unwrap(), TokenEndpoint::start(Says::Token(300)));
    let settings: Settings = toml::from_str(&format!(
        "server.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'\n\
         [credentials.theirs]\nkind = \"token_exchange\"\ntoken_url = \"{}\"\n\
         client_id = \"test-bff\"\nclient_secret = \"hunter2\"\naudience = \"users\"\n\
         [services.users]\nurl = \"{}\"\ntimeout = \"20s\"\nconnect_timeout = \"5s\"\n\
         credential = \"theirs\"\n",
        issuer.url(),
        sample.url(Sample::Users)
    ))
    .unwrap();
    let wanted = Wanted { service: "users", credential: Some("theirs"), identity: None };
    let credentials = Credentials::new("test", &settings.credentials, None, [wanted]).unwrap();
    let services = Services::new("test", &settings.services).unwrap();
    let user = Principal::new("u-1").unwrap().with_token("token-of-the-user".into());
    sample.listen();

    run(async {
        let transport = services.transport(|service| Rc::new(credentials.voucher(service)));
        for _ in 0..2 {
            ask(&transport, "users", "/users/u-1", Some(&user)).await.unwrap();
        }
    });

    let (heard, asked) = (sample.heard(), issuer.asked());
    assert_eq!(heard.matches("Bearer token-1").count(), 2, "{heard}");
    assert!(!heard.contains("token-of-the-user"), "{heard}");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("subject_token=token-of-the-user"), "{}", asked[0]);
}
