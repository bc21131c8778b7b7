//! Nobody ever gets what was kept for somebody else.

use crate::bed::{self, MAIN, lookups, number};
use bff_core::{Endpoint, prelude::*};
use bff_testkit::{
    Fault, Issuer, SampleServices, Service as Sample, http::Reply, redis::RedisServer,
};
use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

const USERS: usize = 3000;
const THREADS: usize = 6;
/// So many come again and again, while what is kept for them is fresh; then it is the turn of
/// others, and when these come back nothing of theirs is.
const GROUP: usize = 60;
const VISITS: usize = 3;
/// A fault comes or goes after so many requests.
const FAULT_EVERY: usize = 60;

/// Longer than the visits of a group, and shorter than the time until its next turn.
const KEEP: Keep = Keep::of(millis(200)).while_revalidating(millis(200)).stale_if_error(minutes(1));

#[derive(View)]
struct ProfilePage {
    user_id: String,
    email: String,
    avatar_url: String,
}

/// The id of an order does not say whose it is: that is up to the service.
enum Order {}

impl Kind for Order {
    type Scope = Personal;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct OrderPage {
    order_id: String,
    user_id: String,
}

async fn profile(cx: &Cx, me: User) -> Result<ProfilePage> {
    let profile = MAIN.get(("users", &me)).named::<ProfilePage>("profile");
    cx.gather(Critical(profile.kept_for(&me, KEEP))).await
}

async fn order(cx: &Cx, me: User, id: Id<Order>) -> Result<OrderPage> {
    let order = MAIN.get(("orders", &id)).named::<OrderPage>("order");
    cx.gather(Critical(order.kept_for(&me, KEEP.missing_for(millis(200))))).await
}

fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/test/v1/profile").budget(seconds(9)).to(profile),
        get("/test/v1/orders/{id}").budget(seconds(9)).to(order),
    ]
}

fn next_fault() -> Option<Fault> {
    let faults = [
        None,
        None,
        Some(Fault::Delay { millis: 3 }),
        Some(Fault::Status { code: 500, retry_after: None }),
        Some(Fault::WrongTypes),
        Some(Fault::Reset),
        Some(Fault::TruncatedJson),
        Some(Fault::ResetInBody),
    ];
    fastrand::choice(faults).flatten()
}

/// Who of so many people comes with the nth visit.
fn visitor(nth: usize, people: usize) -> usize {
    (nth / (GROUP * VISITS) * GROUP + nth % GROUP) % people
}

/// Many users at the same time at two instances with one Redis, while their service fails now and
/// then, for so many requests. `ask` gives the user and the target of the nth request; `is_right` looks at its answer.
fn crowd(
    service: Sample,
    requests: usize,
    ask: impl Fn(usize) -> (usize, String) + Sync,
    is_right: impl Fn(usize, &Reply) -> bool + Sync,
) {
    let redis = RedisServer::start();
    let Ok(sample) = SampleServices::start() else { unreachable!("sample services start") };
    let instances = ["near_for = \"50ms\"", "memory_bytes = 0"].map(|more| {
        let cache = bed::patient_redis(&redis.url(), more);
        bed::start_personal(endpoints(), &sample.url(service), &cache)
    });
    let [one, other] = &instances;
    let sign = |user| Issuer::shared().token_es256(&format!("u-{user}"), "test-bff");
    let credentials: Vec<_> = (0..=USERS).map(|user| format!("Bearer {}", sign(user))).collect();
    let (asked, shown) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let go_on = || {
        loop {
            let nth = asked.fetch_add(1, Relaxed);
            if nth >= requests {
                return;
            }
            if nth.is_multiple_of(FAULT_EVERY) {
                sample.set_fault(service, next_fault());
            }
            let bff = if fastrand::bool() { one } else { other };
            let (user, target) = ask(nth);
            let credential = credentials.get(user).map(String::as_str).unwrap_or_default();
            let reply = bff.send("GET", &target, &[("authorization", credential)]);
            if reply.status < 500 {
                assert!(is_right(nth, &reply), "u-{user} got {} {}", reply.status, reply.text());
                shown.fetch_add(1, Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        (0..THREADS).for_each(|_| {
            scope.spawn(go_on);
        });
    });
    let shown = shown.into_inner();
    assert!(shown > requests / 2, "only {shown} pages of {requests}");
    for outcome in ["hit", "stale", "miss"] {
        let label = format!("outcome=\"{outcome}\"");
        let seen = instances.each_ref().map(|bff| lookups(bff, &label));
        assert!(seen.iter().all(|count| *count > 50.0), "{outcome}: {seen:?}");
    }
    assert!(instances.iter().all(|bff| number(bff, "/unreadable") == 0));
}

/// What a sample service says about the user with this number, and nothing else.
fn is_of(user: usize, reply: &Reply) -> bool {
    let avatar = format!("https://images.example.com/avatars/u-{user}.jpg");
    let members = [
        ("/userId", format!("u-{user}")),
        ("/email", format!("user{user}@example.com")),
        ("/avatarUrl", avatar),
    ];
    reply.status == 200 && members.iter().all(|(at, expected)| reply.at(at) == expected.as_str())
}

#[test]
fn a_kept_profile_is_only_ever_shown_to_its_user() {
    let user = |nth| visitor(nth, USERS) + 1;
    let ask = |nth| (user(nth), "/test/v1/profile".to_owned());
    crowd(Sample::Users, 12_600, ask, |nth, reply| is_of(user(nth), reply));
}

#[test]
fn a_kept_order_is_only_ever_shown_to_its_buyer() {
    // Every tenth user has none.
    let buyer = |nth: usize| visitor(nth / 2, USERS / 10) * 10 + 1;
    let own = |nth: usize| nth.is_multiple_of(2);
    // Both ask for the same thing, one right after the other.
    let ask = |nth| {
        let user = if own(nth) { buyer(nth) } else { buyer(nth) + 1 + nth / 2 % 9 };
        (user, format!("/test/v1/orders/o-{}-1", buyer(nth)))
    };
    crowd(Sample::Orders, 4000, ask, |nth, reply| match reply.status {
        200 => own(nth) && reply.at("/userId") == format!("u-{}", buyer(nth)).as_str(),
        404 => !own(nth),
        _ => false,
    });
}
