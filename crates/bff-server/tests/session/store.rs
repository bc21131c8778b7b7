//! A store in trouble signs nobody out, and holds nothing that opens without its keys.

use crate::bed;
use bff_testkit::{Browser, redis::OddRedis};
use std::time::Duration;

#[test]
fn a_store_that_is_away_is_no_reason_to_sign_anybody_out() {
    let bed = bed::several(2, "");
    let browser = bed.signed_in("u-1");
    let redis = bed.redis.as_ref().unwrap();
    redis.pause();
    let away = bed.me(0, &browser);
    assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"));
    assert!(away.header("retry-after").is_some());
    assert_eq!(Browser::new().fetch(bed.at(0), bed::ME).status, 401, "nobody is still nobody");
    assert_eq!(Browser::new().go(bed.at(0), "/test/v1/hello").status, 200);
    redis.resume();
    assert!(bed::eventually(|| bed.me(0, &browser).status == 200));
}

#[test]
fn c25_a_store_that_talks_nonsense_signs_nobody_out_and_nobody_in() {
    let mut bed = bed::several(1, "");
    let odd = OddRedis::before(bed.redis.as_ref().unwrap().port());
    let (direct, through) = (bed.redis.as_ref().unwrap().url(), odd.url());
    bed.start_another_with(|settings| settings.replace(&direct, &through));
    let browser = bed.signed_in("u-1");
    let is_used = || bed::eventually(|| bed.me(1, &browser).status == 200);
    assert!(is_used());
    for reply in [":1\r\n", "+OK\r\n", "*1\r\n$1\r\nx\r\n", "-OOM no\r\n", "HTTP/1.1 400 x\r\n"] {
        odd.says(reply);
        let away = bed.me(1, &browser);
        assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"), "{reply:?}");
        odd.is_well();
        assert!(is_used(), "{reply:?}");
    }
    for reply in [":1\r\n", "$1\r\n1\r\n", "*0\r\n"] {
        odd.says_to("SET", reply);
        let back = Browser::new().sign_in(bed.at(1), &bed.idp, "u-2");
        assert_eq!(back.status, 503, "{reply:?}: {}", back.text());
        odd.is_well();
        assert!(is_used(), "{reply:?}");
    }
}

#[test]
fn the_store_alone_tells_nothing_and_a_record_stands_in_for_no_other() {
    let bed = bed::several(1, "");
    let (mine, yours) = (bed.signed_in("u-1"), bed.signed_in("u-2"));
    let redis = bed.redis.as_ref().unwrap();
    let session = |browser: &Browser| bed.key("session", browser);
    let keys = redis.cli(&["KEYS", "*"]);
    assert!(keys.contains(&session(&mine)), "{keys}");
    for key in keys.lines().filter(|key| key.starts_with("test:session:")) {
        let value = redis.cli(&["GET", key]);
        for secret in ["eyJ", "u-1", "u-2", "access_token", "user1@example.com"] {
            assert!(!value.contains(secret) && !keys.contains(secret), "{key} tells {secret}");
        }
    }
    let _copied = redis.cli(&["COPY", &session(&yours), &session(&mine), "REPLACE"]);
    let swapped = bed.me(0, &mine);
    assert_eq!((swapped.status, swapped.code().as_str()), (401, "SESSION_ENDED"));
    assert_eq!(bed.me(0, &yours).at("/userId"), "u-2");
}

#[test]
fn a_session_ends_when_it_is_idle_and_a_poll_does_not_keep_it() {
    let bed = bed::several(1, "");
    let mut browser = bed.signed_in("u-1");
    let redis = bed.redis.as_ref().unwrap();
    let key = bed.key("session", &browser);
    let left = || redis.cli(&["PTTL", &key]).trim().parse::<i64>().unwrap();
    let _set = redis.cli(&["PEXPIRE", &key, "60000"]);
    assert_eq!(browser.fetch(bed.at(0), "/bff/user?slide=false").status, 200);
    assert!(left() <= 60_000, "a poll");
    assert_eq!(browser.fetch(bed.at(0), bed::ME).status, 200);
    assert!(left() > 1_000_000, "a page");
    let _set = redis.cli(&["PEXPIRE", &key, "1"]);
    assert!(bed::eventually(|| redis.cli(&["EXISTS", &key]).trim() == "0"));
    assert_eq!(bed.me(0, &browser).code(), "SESSION_ENDED");
}

#[test]
fn the_documented_rights_suffice() {
    let bed = bed::several(1, "");
    let redis = bed.redis.as_ref().unwrap();
    let rights = "ping unwatch get getex set del pexpire sadd srem smembers eval evalsha";
    let rights: Vec<_> = rights.split(' ').map(|right| format!("+{right}")).collect();
    let mut user = vec!["ACL", "SETUSER", "default", "resetkeys", "~test:*", "-@all", "+acl"];
    user.extend(rights.iter().map(String::as_str));
    assert_eq!(redis.cli(&user), "OK");
    bed.idp.set_access_token_lifetime(Duration::ZERO);
    let mut browser = bed.signed_in("u-1");
    bed.idp.set_access_token_lifetime(Duration::from_secs(300));
    let user = browser.fetch(bed.at(0), "/bff/user");
    assert_eq!((user.status, bed.idp.refreshes()), (200, 1));
    let logout = user.at("/logoutUrl").as_str().unwrap().to_owned();
    let other = bed.signed_in("u-2");
    bed.idp.end_user_session("u-2");
    assert!(bed::eventually(|| bed.me(0, &other).code() == "SESSION_ENDED"));
    assert_eq!(browser.go(bed.at(0), &logout).status, 303);
    assert_eq!(bed.me(0, &browser).status, 401);
}
