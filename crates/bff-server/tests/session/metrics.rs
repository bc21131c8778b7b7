//! What happens to sessions is counted, and so is the link to where they are kept.

use crate::bed::{self, Bed, ME};
use bff_testkit::{
    Browser,
    idp::{Client, Endpoint, IdpFault},
};
use std::time::Duration;

fn events(bed: &Bed, event: &str) -> f64 {
    bed.bffs[0].metric(&format!("bff_session_events_total{{event=\"{event}\"}}"))
}

/// Signs in with an access token that is over at once.
fn expired(bed: &Bed) -> Browser {
    bed.idp.set_access_token_lifetime(Duration::ZERO);
    let browser = bed.signed_in("u-1");
    bed.idp.set_access_token_lifetime(Duration::from_secs(300));
    browser
}

#[test]
fn what_begins_and_ends_a_session_is_counted() {
    let bed = bed::one();
    let mut browser = bed.signed_in("u-1");
    let url = browser.fetch(bed.at(0), "/bff/user").at("/logoutUrl").as_str().unwrap().to_owned();
    assert_eq!(browser.go(bed.at(0), &url).status, 303);
    assert_eq!((events(&bed, "opened"), events(&bed, "logout")), (1.0, 1.0));

    let mut again = bed.signed_in("u-1");
    assert_eq!(again.sign_in(bed.at(0), &bed.idp, "u-1").status, 303);
    assert_eq!((events(&bed, "opened"), events(&bed, "replaced")), (3.0, 1.0));

    bed.idp.end_user_session("u-1");
    assert!(bed::eventually(|| events(&bed, "back_channel_logout") == 1.0));
    assert_eq!(Browser::new().fetch(bed.at(0), "/bff/callback?state=a").status, 400);
    assert_eq!(events(&bed, "login_failed"), 1.0);
    assert_eq!((events(&bed, "logout"), events(&bed, "expired")), (1.0, 0.0));
}

#[test]
fn renewals_are_counted_by_what_became_of_them() {
    let bed = bed::one();
    let browser = expired(&bed);
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Status(503)));
    assert_eq!(bed.me(0, &browser).status, 503);
    assert_eq!(events(&bed, "refresh_trouble"), 1.0);
    bed.idp.set_fault(Endpoint::Token, None);
    assert!(bed::eventually(|| bed.me(0, &browser).status == 200));
    assert_eq!((events(&bed, "refreshed"), events(&bed, "refresh_refused")), (1.0, 0.0));

    let browser = expired(&bed);
    let no_word = Client { backchannel_logout_uri: None, ..Client::demo() };
    bed.idp.set_refresh_token_lifetime(Duration::ZERO);
    bed.idp.register(no_word);
    bed.idp.end_user_session("u-1");
    assert_eq!(bed.me(0, &browser).status, 401);
    assert_eq!((events(&bed, "refreshed"), events(&bed, "refresh_refused")), (1.0, 1.0));
}

#[test]
fn the_link_to_the_store_is_told_with_its_trouble() {
    let bed = bed::several(1, "");
    let browser = bed.signed_in("u-1");
    assert_eq!(bed.me(0, &browser).status, 200);
    let of = |metric: &str| bed.bffs[0].metric(&format!("bff_redis_{metric}"));
    let commands = of("events_total{link=\"sessions\",event=\"command\"}");
    assert!(commands >= 2.0, "{commands}");
    assert!(of("command_time_seconds_total{link=\"sessions\"}") > 0.0);
    assert_eq!(of("breaker_open{link=\"sessions\"}"), 0.0);
    bed.redis.as_ref().unwrap().pause();
    let opened = bed::eventually(|| {
        assert_eq!(browser.clone().fetch(bed.at(0), ME).status, 503);
        of("breaker_open{link=\"sessions\"}") == 1.0
    });
    assert!(opened);
    assert!(of("events_total{link=\"sessions\",event=\"timeout\"}") > 0.0);
}
