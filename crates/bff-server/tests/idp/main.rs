//! Sessions of browsers with a provider that is not ours: npm's certified oidc-provider. What does not
//! depend on the provider is in `tests/session`. `make test-idp` runs this.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod bed;
mod node;

use bed::Bed;
use bff_testkit::Browser;
use std::thread;

/// The statuses of requests at all instances at the same time.
fn crowd(bed: &Bed, browser: &Browser, requests: usize) -> Vec<u16> {
    thread::scope(|scope| {
        let asking: Vec<_> =
            (0..requests).map(|nth| scope.spawn(move || bed.me(nth % 3, browser).status)).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    })
}

#[test]
fn signing_in_shows_the_users_own_page_at_every_instance() {
    let bed = Bed::new();
    let mut browser = bed.signed_in("u-2");
    for instance in 0..3 {
        let me = bed.me(instance, &browser);
        assert_eq!((me.status, me.at("/userId")), (200, "u-2".into()), "{}", me.text());
    }
    let user = browser.fetch(bed.at(0), "/bff/user");
    assert_eq!((user.status, user.at("/claims/sub")), (200, "u-2".into()));
    // OpenID Connect Core, section 5.4: claims of a scope are at the userinfo endpoint.
    assert_eq!(user.names("/claims"), ["sub"]);
}

#[test]
fn a_crowd_at_the_end_of_a_token_makes_one_refresh() {
    let bed = Bed::new();
    bed.idp.set_lifetime(1);
    let browser = bed.signed_in("u-1");
    bed.idp.set_lifetime(300);
    assert_eq!(crowd(&bed, &browser, 60), [200; 60]);
    assert!(bed::eventually(|| bed.idp.seen("refreshes") == 1));
    assert_eq!(crowd(&bed, &browser, 60), [200; 60]);
    assert_eq!((bed.idp.seen("refreshes"), bed.idp.seen("refusals")), (1, 0));
}

#[test]
fn refresh_tokens_that_change_each_time_are_followed() {
    let bed = Bed::new();
    bed.idp.set_lifetime(1);
    let browser = bed.signed_in("u-1");
    let followed = || {
        assert_eq!(crowd(&bed, &browser, 6), [200; 6]);
        bed.idp.seen("refreshes") >= 3
    };
    assert!(bed::eventually(followed));
    assert_eq!((bed.idp.seen("refusals"), bed.idp.seen("revokedGrants")), (0, 0));
}

#[test]
fn logout_revokes_the_grant_and_goes_on_to_the_provider_and_back() {
    let bed = Bed::new();
    let mut browser = bed.signed_in("u-1");
    let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl");
    let out = browser.go(bed.at(0), url.as_str().unwrap());
    assert_eq!(out.status, 303);
    for instance in 0..3 {
        assert_eq!(bed.me(instance, &browser).status, 401);
    }
    assert!(bed::eventually(|| bed.idp.seen("revokedGrants") == 1));
    let (url, page) = bed.follow(&mut browser, &out);
    let back = bed.confirm(&mut browser, &url, &page);
    assert_eq!(back.header("location"), Some(bed.gateway.url() + "/").as_deref());
    let again = browser.go(bed.at(0), "/bff/login");
    let (url, _) = bed.follow(&mut browser, &again);
    assert!(url.path().starts_with("/interaction/"), "it asks who it is: {url}");
}

#[test]
fn the_provider_ends_a_session_on_all_instances() {
    let bed = Bed::new();
    let (mut ended, stays) = (bed.signed_in("u-1"), bed.signed_in("u-2"));
    let copy = ended.clone();
    let page = ended.go(bed.idp.address, "/session/end");
    let url = format!("{}/session/end", bed.idp.url()).parse().unwrap();
    bed.confirm(&mut ended, &url, &page);
    assert!(bed::eventually(|| bed.me(2, &copy).status == 401));
    for instance in 0..3 {
        assert_eq!(bed.me(instance, &copy).code(), "SESSION_ENDED");
        assert_eq!(bed.me(instance, &stays).status, 200);
    }
    assert!(bed::eventually(|| bed.idp.seen("logoutTokens") == 1));
    assert_eq!(bed.idp.seen("failedLogoutTokens"), 0);
}
