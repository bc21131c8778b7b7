//! Fan-out: in parallel, classified, on time, and written down.

mod support;

use bff_core::prelude::*;
use bff_core::{Criticality, Failure, Fault, Filled, FromCx, Note, Reason};
use std::{rc::Rc, time::Duration};
use support::{Fake, cx, cx_of};
use tokio::time::Instant;

const THINGS: Service = Service::named("things");

fn number(path: &'static str) -> Call<u32, Shared> {
    THINGS.get(path).named("number")
}

fn note(section: &'static str, filled: Filled, reason: Reason) -> Note {
    Note { section, criticality: Criticality::Optional, filled, reason }
}

#[tokio::test(start_paused = true)]
async fn independent_calls_take_as_long_as_the_slowest() {
    let fake = Fake::new(|target| match target {
        "/slow" => (Duration::from_millis(300), Ok("1")),
        _ => (Duration::from_millis(100), Ok("2")),
    });
    let cx = cx(&fake);
    let begun = Instant::now();
    let values = cx
        .gather((Critical(number("slow")), Optional(number("a"), 0), Omittable(number("b"))))
        .await;
    assert_eq!(values, Ok((1, 2, Some(2))));
    assert_eq!(begun.elapsed().as_millis(), 300);
    assert_eq!(cx.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_failed_critical_call_ends_the_request_and_cancels_the_others() {
    let fake = Fake::new(|target| match target {
        "/gone" => {
            (Duration::from_millis(10), Err(Fault::Status { status: 404, retry_after: None }))
        }
        _ => (Duration::from_millis(500), Ok("2")),
    });
    let cx = cx(&fake);
    let begun = Instant::now();
    let problem =
        cx.gather((Optional(number("slow"), 0), Critical(number("gone")))).await.unwrap_err();
    assert_eq!((problem.code(), problem.class().status()), ("NUMBER_NOT_FOUND", 404));
    assert_eq!(begun.elapsed().as_millis(), 10);
    let failures: Vec<_> =
        cx.take_calls().into_iter().map(|call| (call.criticality, call.failure)).collect();
    let gone = Failure::Fault(Fault::Status { status: 404, retry_after: None });
    assert_eq!(
        failures,
        [(Criticality::Critical, Some(gone)), (Criticality::Optional, Some(Failure::Cancelled))]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_filled_as_it_was_classified_and_noted() {
    let fake = Fake::new(|_| (Duration::ZERO, Err(Fault::Unreachable("refused".to_owned()))));
    let cx = cx(&fake);
    let default: Call<u32, Shared> = THINGS.get("a").named("price");
    let absent: Call<u32, Shared> = THINGS.get("b").named("stock");
    assert_eq!(cx.gather((Optional(default, 7), Omittable(absent))).await, Ok((7, None)));
    let reason = Reason::Unavailable;
    assert_eq!(
        cx.notes(),
        [note("price", Filled::Default, reason), note("stock", Filled::Absent, reason)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_that_finds_nothing_is_no_degradation() {
    for status in [404, 410] {
        let none = Fault::Status { status, retry_after: None };
        let fake = Fake::new(move |_| (Duration::ZERO, Err(none.clone())));
        let cx = cx_of(&fake, Some("u-1"), Some(&Rc::default()));
        let kept = number("b").map(|n| n + 1);
        let cart: Call<String, Shared> = THINGS.get("c").named("cart");
        let found = cx
            .gather((
                Optional(number("a"), 7),
                Omittable(kept),
                Omittable(cart.cached(keep::MICRO)),
            ))
            .await;
        assert_eq!(found, Ok((7, None, None)));
        assert_eq!(cx.notes(), []);
        assert_eq!(cx.absent(), ["number", "number", "cart"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_without_one_of_its_things_and_a_write_without_its_thing_did_fail() {
    #[derive(View)]
    struct Item {
        units: u32,
    }
    let none = Fault::Status { status: 404, retry_after: None };
    let fake = Fake::new(move |target| match target {
        "/things/1" => (Duration::ZERO, Ok("1")),
        _ => (Duration::ZERO, Err(none.clone())),
    });
    let cx = cx(&fake);
    let one = |id: u32| -> Call<u32, Shared> { THINGS.get(("things", id)).named("thing") };
    let write: Write<u32, Shared> = THINGS.post("carts", &Item { units: 1 }).named("cart");
    let group = each([1u32, 2], one);
    assert_eq!(cx.gather((Omittable(group), Omittable(write))).await, Ok((None, None)));
    let missing = |section| note(section, Filled::Absent, Reason::NotFound);
    assert_eq!(cx.notes(), [missing("thing"), missing("cart")]);
    assert_eq!(cx.absent(), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_from_a_healthy_service_is_no_degradation() {
    let fake = Fake::saying(r#"{"items":[]}"#);
    let cx = cx(&fake);
    let list: Call<Vec<u32>, Shared> = THINGS.get("a").at("items").named("list");
    assert_eq!(cx.gather(Optional(list, vec![7])).await, Ok(vec![]));
    assert_eq!(cx.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_optional_call_leaves_a_tenth_of_the_budget_to_answer() {
    let fake = Fake::new(|_| (Duration::from_secs(60), Ok("1")));
    let cx = cx(&fake);
    let begun = Instant::now();
    assert_eq!(cx.gather(Optional(number("hangs"), 0)).await, Ok(0));
    assert_eq!(begun.elapsed().as_millis(), 900);
    assert_eq!(cx.notes(), [note("number", Filled::Default, Reason::Timeout)]);
}

#[tokio::test(start_paused = true)]
async fn a_second_stage_has_what_the_first_left_and_is_not_made_with_nothing() {
    let fake = Fake::new(|target| match target {
        "/first" => (Duration::from_millis(600), Ok("1")),
        _ => (Duration::from_secs(60), Ok("2")),
    });
    let cx = cx(&fake);
    let begun = Instant::now();
    assert_eq!(cx.gather(Critical(number("first"))).await, Ok(1));
    assert_eq!(cx.gather(Optional(number("second"), 0)).await, Ok(0));
    assert_eq!(begun.elapsed().as_millis(), 900, "both stages share one deadline");
    assert_eq!(cx.gather(Optional(number("third"), 0)).await, Ok(0));
    assert_eq!(fake.targets(), ["things/first", "things/second"], "nothing is called without time");
}

#[tokio::test]
async fn only_personal_calls_carry_the_user_and_none_is_made_without_one() {
    let fake = Fake::saying("1");
    let signed_in = cx(&fake);
    let me = User::from_cx(&signed_in).unwrap();
    let mine = || -> Call<u32, Personal> { THINGS.get(("users", &me)).named("mine") };
    signed_in.gather((Critical(mine()), Critical(number("shared")))).await.unwrap();
    let seen = fake.seen.take();
    assert_eq!(
        seen,
        [
            ("things/users/u-1".to_owned(), Some("u-1".to_owned())),
            ("things/shared".to_owned(), None)
        ]
    );

    let anonymous = cx_of(&fake, None, None);
    let problem = anonymous.gather(Critical(mine())).await.unwrap_err();
    assert_eq!(problem.class().status(), 401);
    assert!(fake.targets().is_empty(), "a personal call without a user is never sent");
}

#[tokio::test(start_paused = true)]
async fn each_runs_a_few_at_a_time_and_keeps_the_order() {
    let fake = Fake::new(|target| match target {
        "/things/1" => (Duration::from_millis(90), Ok("1")),
        "/things/2" => (Duration::from_millis(10), Ok("2")),
        _ => (Duration::from_millis(50), Ok("3")),
    });
    let cx = cx(&fake);
    let one = |id: u32| -> Call<u32, Shared> { THINGS.get(("things", id)).named("thing") };
    let calls = each([1u32, 2, 3, 3, 3, 3], one).at_a_time(2);
    assert_eq!(cx.gather(Critical(calls)).await, Ok(vec![1, 2, 3, 3, 3, 3]));
    assert_eq!(fake.at_once.borrow().1, 2, "two at a time");
    assert_eq!(cx.gather(Critical(each(Vec::<u32>::new(), one))).await, Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn each_fails_as_one_under_the_name_of_its_calls() {
    let fake = Fake::new(|target| match target {
        "/things/2" => (Duration::ZERO, Err(Fault::Late)),
        _ => (Duration::ZERO, Ok("1")),
    });
    let cx = cx(&fake);
    let one = |id: u32| -> Call<u32, Shared> { THINGS.get(("things", id)).named("thing") };
    assert_eq!(cx.gather(Optional(each([1u32, 2, 3], one), vec![])).await, Ok(vec![]));
    assert_eq!(cx.notes(), [note("thing", Filled::Default, Reason::Timeout)]);
}

#[tokio::test]
async fn targets_are_encoded_and_never_grow_a_segment() {
    let fake = Fake::saying("1");
    let cx = cx_of(&fake, Some("auth0|a@b.example"), None);
    let me = User::from_cx(&cx).unwrap();
    let call: Call<u32, Personal> =
        THINGS.get(("users", &me, "a b")).query("limit", 3u8).query("q", "x&y").named("n");
    cx.gather(Critical(call)).await.unwrap();
    assert_eq!(fake.targets(), ["things/users/auth0%7Ca%40b.example/a%20b?limit=3&q=x%26y"]);
}
