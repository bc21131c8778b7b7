//! Passwords and authorities that change while Redis is in use.

use crate::{
    access::RIGHTS,
    secured::Secured,
    support::{connect, found, from, get, listen, put},
};
use bff_fixtures::{
    Mounted,
    redis::{RedisServer, eventually},
};
use bff_redis::Lookup;
use std::fs;

const PATIENCE: &str = "lookup_timeout = \"10s\"";

/// The ids of the connections that commands are sent on.
fn connections(server: &RedisServer) -> Vec<u64> {
    let clients = server.cli(&["CLIENT", "LIST", "TYPE", "normal"]);
    let ours = clients.lines().filter(|line| line.contains("user=bff"));
    ours.filter_map(|line| line.strip_prefix("id=")?.split(' ').next()?.parse().ok()).collect()
}

#[test]
fn a_new_password_is_used_as_soon_as_redis_knows_it_and_no_lookup_fails() {
    let server = RedisServer::start();
    let user = |rules: &[&str]| {
        let all = [&["ACL", "SETUSER", "bff", "on"], rules].concat();
        assert_eq!(server.cli(&all), "OK");
    };
    user(&[&[">first"][..], &RIGHTS].concat());
    let mounted = Mounted::new("redis-password", &[("password", "first\n")]);
    let password = format!("username = \"bff\"\npassword_file = {:?}", mounted.path("password"));
    let url = server.url();
    let (redis, heard) = listen(&from(&format!("url = {url:?}\n{password}\n{PATIENCE}")));
    put(&redis, "mobile:k", "value");
    eventually("it listens", || heard.count("*") == 1);
    let is_there = || assert_eq!(get(&redis, "mobile:k"), found("value"));
    let old = connections(&server);
    let refusals = || server.cli(&["ACL", "LOG"]).matches("AUTH").count();

    mounted.swap(&[("password", "second\n")]);
    eventually("the new one is tried", || {
        is_there();
        refusals() > 0
    });
    user(&[">second"]);
    eventually("the old connections are gone", || {
        is_there();
        !connections(&server).iter().any(|id| old.contains(id))
    });
    user(&["<first"]);
    mounted.empty();
    assert_ne!(server.cli(&["CLIENT", "KILL", "USER", "bff"]), "0");
    put(&redis, "mobile:other", "after new connections");
}

#[test]
fn a_new_authority_is_trusted() {
    let secured = Secured::start("127.0.0.1").unwrap();
    let other = Secured::start("127.0.0.1").unwrap();
    let [right, wrong] = [&secured, &other].map(|of| fs::read_to_string(of.ca()).unwrap());
    let mounted = Mounted::new("redis-ca", &[("ca.pem", &wrong)]);
    let redis = connect(&from(&secured.settings(&mounted.path("ca.pem"))));
    eventually("the breaker opens", || redis.stats().breaker_open);
    assert_eq!(get(&redis, "k"), Lookup::Trouble);
    mounted.swap(&[("ca.pem", &right)]);
    put(&redis, "k", "value");
    mounted.swap(&[("ca.pem", "half")]);
    assert_ne!(get(&redis, "k"), Lookup::Trouble);
}
