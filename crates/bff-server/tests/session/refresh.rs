//! Access tokens that end: renewed once, whoever notices, and nobody notices.

use crate::bed::{self, Bed, ME};
use bff_testkit::{
    BffProcess, Browser,
    idp::{Endpoint, IdpFault},
};
use std::{collections::BTreeMap, net::SocketAddr, thread, time::Duration};

/// Signs in with an access token that is over at once; the next one lasts.
fn expired(bed: &Bed) -> Browser {
    bed.idp.set_access_token_lifetime(Duration::ZERO);
    let browser = bed.signed_in("u-1");
    bed.idp.set_access_token_lifetime(Duration::from_secs(300));
    browser
}

/// Signs in with an access token that lasts, but not for as long as it should.
fn ending(bed: &Bed) -> Browser {
    bed.idp.set_access_token_lifetime(Duration::from_secs(50));
    let browser = bed.signed_in("u-1");
    bed.idp.set_access_token_lifetime(Duration::from_secs(300));
    browser
}

/// The statuses of requests at all of these at the same time.
fn crowd(sites: &[SocketAddr], browser: &Browser, requests: usize) -> BTreeMap<u16, usize> {
    let statuses = thread::scope(|scope| {
        let asking: Vec<_> = sites
            .iter()
            .cycle()
            .take(requests)
            .map(|site| scope.spawn(|| browser.clone().fetch(*site, ME).status))
            .collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect::<Vec<_>>()
    });
    statuses.into_iter().fold(BTreeMap::new(), |mut counts, status| {
        *counts.entry(status).or_default() += 1;
        counts
    })
}

/// Three processes that know the browser.
fn processes(bed: &Bed, browser: &mut Browser) -> [BffProcess; 3] {
    let processes = [(); 3].map(|()| bed::process(bed));
    for process in &processes {
        browser.also_at(bed.at(0), process.address);
    }
    processes
}

#[test]
fn two_hundred_requests_at_the_moment_of_expiry_make_one_refresh() {
    let bed = bed::several(1, "");
    let mut browser = expired(&bed);
    let processes = processes(&bed, &mut browser);
    let sites = processes.each_ref().map(|process| process.address);
    assert_eq!(crowd(&sites, &browser, 200), BTreeMap::from([(200, 200)]));
    assert_eq!((bed.idp.refreshes(), bed.idp.reused_refresh_tokens()), (1, 0));
    assert_eq!(bed.idp.live_refresh_tokens("u-1"), 1);
}

#[test]
fn a_holder_that_is_killed_holds_nobody_up() {
    let bed = bed::several(1, "");
    let mut browser = ending(&bed);
    let [killed, second, third] = processes(&bed, &mut browser);
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Hang));
    assert_eq!(browser.fetch(killed.address, ME).status, 200);
    assert!(bed::eventually(|| bed.idp.count(Endpoint::Token) == 2), "it asks, and hangs");
    let redis = bed.redis.as_ref().unwrap();
    assert_eq!(redis.cli(&["EXISTS", &bed.key("session-lease", &browser)]), "1");
    drop(killed);
    bed.idp.set_fault(Endpoint::Token, None);
    let sites = [second.address, third.address];
    let renewed = || {
        assert_eq!(crowd(&sites, &browser, 40), BTreeMap::from([(200, 40)]));
        bed.idp.refreshes() == 1
    };
    assert!(bed::eventually(renewed));
    assert_eq!(crowd(&sites, &browser, 200), BTreeMap::from([(200, 200)]));
    assert_eq!((bed.idp.refreshes(), bed.idp.reused_refresh_tokens()), (1, 0));
}

#[test]
fn a_token_is_renewed_ahead_of_its_end_while_requests_go_on_with_it() {
    let bed = bed::several(3, "");
    let browser = ending(&bed);
    let sites = [0, 1, 2].map(|instance| bed.at(instance));
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Hang));
    assert_eq!(crowd(&sites, &browser, 60), BTreeMap::from([(200, 60)]), "nobody waits for it");
    bed.idp.set_fault(Endpoint::Token, None);
    let renewed = || {
        assert_eq!(bed.me(0, &browser).status, 200);
        bed.idp.refreshes() == 1
    };
    assert!(bed::eventually(renewed));
    assert_eq!(crowd(&sites, &browser, 60), BTreeMap::from([(200, 60)]));
    assert_eq!((bed.idp.refreshes(), bed.idp.reused_refresh_tokens()), (1, 0));
}

#[test]
fn a_provider_that_is_away_ends_no_session() {
    for fault in [IdpFault::Status(503), IdpFault::Garbage, IdpFault::Close] {
        let bed = bed::one();
        let (other, browser) = (expired(&bed), ending(&bed));
        bed.idp.set_fault(Endpoint::Token, Some(fault));
        assert_eq!(bed.me(0, &browser).status, 200, "its token is still good");
        let away = bed.me(0, &other);
        assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"), "{fault:?}");
        bed.idp.set_fault(Endpoint::Token, None);
        let kept = bed::eventually(|| bed.me(0, &other).status == 200);
        assert!(kept, "{fault:?}: {}", bed.me(0, &other).text());
        assert_eq!(bed.me(0, &browser).status, 200);
    }
}

#[test]
fn a_refused_refresh_ends_the_session_cleanly() {
    let bed = bed::several(2, "");
    let browser = expired(&bed);
    bed.idp.set_refresh_token_lifetime(Duration::ZERO);
    // Its family is revoked at the provider, without a word to us.
    bed.idp.register(bff_testkit::idp::Client {
        backchannel_logout_uri: None,
        ..bff_testkit::idp::Client::demo()
    });
    bed.idp.end_user_session("u-1");
    let ended = bed.me(0, &browser);
    assert_eq!((ended.status, ended.code().as_str()), (401, "SESSION_ENDED"));
    assert_eq!(bed.me(1, &browser).code(), "SESSION_ENDED");
    assert_eq!(bed.idp.reused_refresh_tokens(), 0);
}

#[test]
fn a_session_that_ends_during_its_renewal_does_not_come_back() {
    let bed = bed::several(2, "");
    let mut browser = ending(&bed);
    // The look that tells where to sign out renews it; the next tokens end soon as well.
    bed.idp.set_access_token_lifetime(Duration::from_secs(50));
    let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl").as_str().unwrap().to_owned();
    assert!(bed::eventually(|| bed.idp.refreshes() == 1));
    // The provider does not hear of the logout, and so gives new tokens after it.
    bed.idp.set_fault(Endpoint::Revoke, Some(IdpFault::Status(500)));
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Delay(Duration::from_millis(500))));
    let thief = browser.clone();
    assert_eq!(bed.me(1, &thief).status, 200);
    assert!(bed::eventually(|| bed.idp.count(Endpoint::Token) == 3), "its renewal is under way");
    assert_eq!(browser.go(bed.at(0), &url).status, 303);
    assert_eq!(bed.idp.refreshes(), 1, "not done yet");
    assert!(bed::eventually(|| bed.idp.count(Endpoint::Revoke) == 1), "in vain");
    bed.idp.set_fault(Endpoint::Revoke, None);
    assert!(bed::eventually(|| bed.idp.refreshes() == 2));
    assert!(bed::eventually(|| bed.idp.live_refresh_tokens("u-1") == 0), "what came is revoked");
    assert_eq!(bed.me(1, &thief).code(), "SESSION_ENDED");
}

#[test]
fn a_holder_that_lost_its_lease_writes_nothing() {
    let bed = bed::several(2, "");
    let browser = expired(&bed);
    let redis = bed.redis.as_ref().unwrap();
    let kept = || redis.cli(&["GET", &bed.key("session", &browser)]);
    let before = kept();
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Delay(Duration::from_millis(500))));
    let answer = thread::scope(|scope| {
        let asking = scope.spawn(|| bed.me(0, &browser));
        assert!(bed::eventually(|| bed.idp.count(Endpoint::Token) == 2));
        let lease = bed.key("session-lease", &browser);
        assert_eq!(redis.cli(&["SET", &lease, "somebody-else", "PX", "60000"]), "OK");
        asking.join().unwrap()
    });
    assert_eq!((answer.status, answer.code().as_str()), (503, "IDENTITY_UNAVAILABLE"));
    assert!(bed.idp.refreshes() == 1 && kept() == before);
}

#[test]
fn new_keys_of_the_provider_sign_nobody_out() {
    let bed = bed::one();
    let browser = bed.signed_in("u-1");
    bed.idp.rotate_keys();
    bed.idp.withdraw_old_keys();
    assert_eq!(bed.me(0, &browser).status, 200);
    assert_eq!(bed.signed_in("u-2").cookies(bed.at(0)).len(), 1, "and others can sign in");
    bed.idp.set_fault(Endpoint::Jwks, Some(IdpFault::Status(500)));
    bed.idp.set_fault(Endpoint::Discovery, Some(IdpFault::Hang));
    assert_eq!(bed.me(0, &browser).status, 200);
    assert_eq!(bed.signed_in("u-3").cookies(bed.at(0)).len(), 1, "known keys go on");
}
