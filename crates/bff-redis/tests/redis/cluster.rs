//! Redis Cluster: every key has its node, and a node that is away takes only its own keys along.

use crate::access::RIGHTS;
use crate::support::{LONG, connect, eventually_gets, found, from, get, list, listen, put, wait};
use bff_fixtures::redis::{RedisCluster, eventually};
use bff_redis::{Lease, Lookup, Redis};
use bytes::Bytes;
use std::time::Duration;

fn start() -> (RedisCluster, Redis) {
    let cluster = RedisCluster::start();
    let redis = connect(&from(&format!("mode = \"cluster\"\n{}", list(&cluster.urls()))));
    (cluster, redis)
}

/// Keys on every node.
fn keys() -> impl Iterator<Item = String> {
    (0..60).map(|n| format!("mobile:product:v1:shared:catalog/products/p-{n}#"))
}

#[test]
fn values_are_kept_on_all_nodes() {
    let (cluster, redis) = start();
    for key in keys() {
        put(&redis, &key, "value");
    }
    for node in cluster.nodes() {
        assert_ne!(node.cli(&["DBSIZE"]), "0");
    }
    assert_eq!(redis.stats().foreign, 0);
}

#[test]
fn leases_and_fences_work_for_every_key() {
    let (_cluster, redis) = start();
    let tagged = ["a:{b}:c", "{x}"].map(str::to_owned);
    for key in keys().chain(tagged) {
        let mut token = None;
        eventually("the lease is ours", || match wait(redis.lease(&key, LONG)) {
            Lease::Held(held) => {
                token = Some(held);
                true
            }
            _ => false,
        });
        eventually("it is nobody else's", || wait(redis.lease(&key, LONG)) == Lease::Taken);
        redis.put_fenced(key.clone(), Bytes::from_static(b"value"), LONG, token.unwrap());
        eventually_gets(&redis, &key, &found("value"));
    }
    assert_eq!(redis.stats().dropped_trouble, 0);
}

#[test]
fn tags_of_different_nodes_are_asked_for_together() {
    let (_cluster, redis) = start();
    let tags: Vec<_> = (0..20).map(|n| format!("product:{n}")).collect();
    tags.iter().for_each(|tag| redis.publish_invalidation(tag));
    let tags: Vec<_> = tags.iter().map(String::as_str).collect();
    eventually("all times are there", || {
        wait(redis.tag_times(&tags)).is_some_and(|times| times.iter().all(Option::is_some))
    });
}

#[test]
fn invalidations_are_heard_through_every_node() {
    let cluster = RedisCluster::start();
    let urls = cluster.urls();
    let hearers: Vec<_> = urls
        .iter()
        .map(|url| listen(&from(&format!("mode = \"cluster\"\nurls = [{url:?}]"))))
        .collect();
    for (_, heard) in &hearers {
        eventually("it listens", || heard.count("*") == 1);
    }
    for (n, (redis, _)) in hearers.iter().enumerate() {
        redis.publish_invalidation(&format!("tag-{n}"));
        for (_, heard) in &hearers {
            eventually("everybody hears it", || heard.count(&format!("tag-{n}")) == 1);
        }
    }
}

#[test]
fn a_hanging_node_takes_only_its_own_keys_along() {
    let (cluster, redis) = start();
    let keys: Vec<_> = keys().collect();
    keys.iter().for_each(|key| put(&redis, key, "value"));
    let frozen = cluster.holder_of(&keys[0]);
    let is_frozen = |key: &&String| cluster.holder_of(key).port() == frozen.port();
    let (theirs, others): (Vec<&String>, Vec<&String>) = keys.iter().partition(is_frozen);
    frozen.pause();
    for key in &theirs[..3] {
        assert_eq!(get(&redis, key), Lookup::Trouble);
    }
    let troubles = others.iter().filter(|key| get(&redis, key) != found("value")).count();
    assert!(troubles <= others.len() / 4, "{troubles} of {}: {:?}", others.len(), redis.stats());
    frozen.resume();
    for key in &keys {
        eventually_gets(&redis, key, &found("value"));
    }
}

#[test]
fn a_dead_node_is_used_again_when_it_is_back() {
    let (mut cluster, redis) = start();
    let keys: Vec<_> = keys().collect();
    keys.iter().for_each(|key| put(&redis, key, "value"));
    cluster.node_mut(0).stop();
    let troubles = keys.iter().filter(|key| get(&redis, key) == Lookup::Trouble).count();
    assert!(troubles > 0);
    let (_another, heard) =
        listen(&from(&format!("mode = \"cluster\"\n{}", list(&cluster.urls()))));
    eventually("invalidations are heard through another node", || heard.count("*") == 1);
    cluster.node_mut(0).restart();
    for key in &keys {
        put(&redis, key, "value");
    }
    assert!(redis.stats().lookup_time < Duration::from_secs(60));
}

#[test]
fn a_key_whose_lease_lives_elsewhere_is_not_written_and_harms_nothing() {
    let (_cluster, redis) = start();
    let key = "a:{}:c";
    let mut token = None;
    eventually("the lease is ours", || match wait(redis.lease(key, LONG)) {
        Lease::Held(held) => {
            token = Some(held);
            true
        }
        _ => false,
    });
    redis.put_fenced(key.to_owned(), Bytes::from_static(b"value"), LONG, token.unwrap());
    eventually("the write is dropped", || redis.stats().dropped_trouble == 1);
    eventually_gets(&redis, key, &Lookup::Missing);
    put(&redis, key, "value");
}

#[test]
fn every_node_is_signed_in_to() {
    let (cluster, _) = start();
    for node in cluster.nodes() {
        let user = ["ACL", "SETUSER", "bff", "on", ">b", "+cluster|slots"];
        assert_eq!(node.cli(&[&user[..], &RIGHTS].concat()), "OK");
        assert_eq!(node.cli(&["ACL", "SETUSER", "default", "-@all", "+acl", "+client"]), "OK");
    }
    let user = "username = \"bff\"\npassword = \"b\"";
    let urls = list(&cluster.urls());
    let (redis, heard) = listen(&from(&format!("mode = \"cluster\"\n{urls}\n{user}")));
    for key in keys().take(10) {
        put(&redis, &key, "value");
    }
    eventually("it listens", || heard.count("*") == 1);
}
