//! Signing in: with a user of our own, with a wrong password, and after that was put right.

use crate::support::{connect, eventually_gets, from, get, listen, put};
use bff_fixtures::redis::{RedisServer, eventually};
use bff_redis::Lookup;

/// The least that the user of a BFF has to be allowed.
pub(crate) const RIGHTS: [&str; 15] = [
    "~bff:*",
    "~mobile:*",
    "&bff:invalidations",
    "+ping",
    "+unwatch",
    "+getrange",
    "+get",
    "+mget",
    "+set",
    "+del",
    "+pttl",
    "+evalsha",
    "+eval",
    "+publish",
    "+subscribe",
];

fn allow(server: &RedisServer, password: &str) {
    let user = ["ACL", "SETUSER", "bff", "reset", "on", password];
    assert_eq!(server.cli(&[&user[..], &RIGHTS].concat()), "OK");
    assert_eq!(server.cli(&["ACL", "SETUSER", "default", "-@all", "+acl", "+client"]), "OK");
}

#[test]
fn a_user_with_the_least_rights_can_do_everything() {
    let server = RedisServer::start();
    allow(&server, ">s3cret");
    let user = "username = \"bff\"\npassword = \"s3cret\"";
    let patience = "lookup_timeout = \"10s\"";
    let (redis, heard) = listen(&from(&format!("url = {:?}\n{user}\n{patience}", server.url())));
    put(&redis, "mobile:k", "value");
    eventually("it listens", || heard.count("*") == 1);
    redis.publish_invalidation("t");
    eventually("it hears", || heard.count("t") == 1);
    let lease = crate::support::wait(redis.lease("mobile:k", crate::support::LONG));
    let bff_redis::Lease::Held(token) = lease else { panic!("{lease:?}") };
    redis.put_fenced("mobile:k".to_owned(), "new".into(), crate::support::LONG, token);
    eventually_gets(&redis, "mobile:k", &crate::support::found("new"));
    assert_eq!(redis.stats().server_errors, 0);
}

#[test]
fn a_wrong_password_is_trouble_until_it_is_right() {
    let server = RedisServer::start();
    allow(&server, ">another");
    let user = "username = \"bff\"\npassword = \"s3cret\"";
    let redis = connect(&from(&format!("url = {:?}\n{user}", server.url())));
    eventually("the breaker opens", || redis.stats().breaker_open);
    assert_eq!(get(&redis, "mobile:k"), Lookup::Trouble);
    allow(&server, ">s3cret");
    put(&redis, "mobile:k", "value");
}

#[test]
fn a_missing_password_is_trouble() {
    let server = RedisServer::start_with(&["--requirepass", "s3cret"]);
    let redis = connect(&from(&format!("url = {:?}", server.url())));
    eventually("the breaker opens", || {
        assert_eq!(get(&redis, "k"), Lookup::Trouble);
        redis.stats().breaker_open
    });
    let redis = connect(&from(&format!("url = {:?}\npassword = \"s3cret\"", server.url())));
    put(&redis, "k", "value");
}

#[test]
fn a_password_is_never_printed() {
    let settings = from("url = \"redis://redis\"\npassword = \"s3cret\"");
    assert!(!format!("{settings:?}").contains("s3cret"));
    assert!(!format!("{:?}", connect(&settings)).contains("s3cret"));
}
