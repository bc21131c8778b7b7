//! Two releases that keep different shapes under one name share a Redis and never each other's
//! values.

use crate::{
    bed::{self, MAIN, Product, number, soon},
    traffic::Traffic,
};
use bff_core::{Endpoint, prelude::*};
use bff_testkit::{
    SampleServices, Service as Sample, TestBff,
    http::Reply,
    redis::{RedisServer, eventually},
};

/// Short, so that each release often finds what the other one has just written.
const KEEP: Keep = Keep::of(millis(40));

/// Two texts each: read as the other one, it would be a good answer with the wrong words in it.
mod old {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Shown {
        pub(super) title: String,
        pub(super) brand: String,
    }

    #[derive(View)]
    pub(super) struct Page {
        pub(super) product: Shown,
    }
}

mod new {
    use bff_core::prelude::*;

    #[derive(View)]
    #[view(revision = 2)]
    pub(super) struct Shown {
        pub(super) title: String,
        pub(super) category: String,
    }

    #[derive(View)]
    pub(super) struct Page {
        pub(super) product: Shown,
    }
}

/// As [`new`], by somebody who did not think of the revision.
mod forgotten {
    use bff_core::prelude::*;

    #[derive(View)]
    pub(super) struct Shown {
        pub(super) title: String,
        pub(super) category: String,
    }

    #[derive(View)]
    pub(super) struct Page {
        pub(super) product: Shown,
    }
}

macro_rules! release {
    ($shape:ident) => {
        fn $shape() -> Endpoint {
            let route = get("/test/v1/products/{id}").budget(seconds(9));
            route.to(async move |cx: &Cx, id: Id<Product>| -> Result<$shape::Page> {
                let product = MAIN.get(("products", &id)).named::<$shape::Shown>("product");
                let product = cx.gather(Critical(product.cached(KEEP))).await?;
                Ok($shape::Page { product })
            })
        }
    };
}

release!(old);
release!(new);
release!(forgotten);

const CATEGORIES: &[&str] =
    &["lighting", "bags", "outdoor", "kitchen", "home", "office", "clothing", "audio"];

/// The first instance has the old release, the second the new one.
fn has_its_own_shape(place: usize, reply: &Reply) -> bool {
    let own = if place == 0 { "brand" } else { "category" };
    let word = reply.at(&format!("/product/{own}"));
    let is_category = word.as_str().is_some_and(|word| CATEGORIES.contains(&word));
    reply.status == 200
        && reply.names("/product") == [own, "title"]
        && is_category == (own == "category")
        && reply.at("/meta/degraded") == false
}

/// What alternating traffic makes of the two releases: how many values each could not read.
fn roll_out(second: fn() -> Endpoint, until: impl Fn(&[TestBff; 2]) -> bool) -> [u64; 2] {
    let redis = RedisServer::start();
    let Ok(sample) = SampleServices::start() else { unreachable!("sample services start") };
    let instances = [old as fn() -> Endpoint, second].map(|release| {
        let cache = bed::patient_redis(&redis.url(), "near_for = \"10ms\"\nlease = \"50ms\"");
        bed::start(vec![release()], &sample.url(Sample::Catalog), &cache)
    });
    let addresses = instances.each_ref().map(|bff| bff.address);
    let ask = |nth| format!("/test/v1/products/p-{}", nth / 2 % 4 + 1);
    let traffic = Traffic::start(&addresses, ask, has_its_own_shape);
    traffic.pass(300);
    eventually("both have used what is in Redis", || until(&instances));
    let seen = traffic.end();
    assert!(seen.bad.is_empty(), "{} wrong, such as {:?}", seen.bad.len(), seen.bad.first());
    instances.each_ref().map(|bff| number(bff, "/unreadable"))
}

#[test]
fn a_new_revision_has_keys_of_its_own() {
    let both_hit =
        |instances: &[TestBff; 2]| instances.iter().all(|bff| number(bff, "/redis/hits") > 20);
    assert_eq!(roll_out(new, both_hit), [0, 0]);
}

#[test]
fn a_shape_without_a_new_revision_is_not_read_either() {
    let both_refuse =
        |instances: &[TestBff; 2]| instances.iter().all(|bff| number(bff, "/unreadable") > 20);
    let unreadable = roll_out(forgotten, both_refuse);
    assert!(soon(|| unreadable.iter().all(|count| *count > 20)), "{unreadable:?}");
}
