//! Cached calls: the view is kept, another shape is a miss, an old value beats an error.

mod support;

use bff_core::prelude::*;
use bff_core::{Criticality, Fault, Filled, Note, Reason, View};
use bytes::Bytes;
use std::{cell::Cell, rc::Rc, time::Duration};
use support::{Fake, Shelf, cx_of};

const CATALOG: Service = Service::named("catalog");

#[derive(View, Debug, PartialEq)]
#[view(revision = 3)]
struct Product {
    #[view(from = "name")]
    title: String,
    stars: Option<f64>,
    tags: Vec<Tag>,
}

#[derive(View, Debug, PartialEq)]
enum Tag {
    New,
    #[view(other)]
    Other,
}

/// The same members as `Product`, read from elsewhere.
#[derive(View, Debug, PartialEq)]
#[view(revision = 3)]
struct Renamed {
    #[view(from = "label")]
    title: String,
    stars: Option<f64>,
    tags: Vec<Tag>,
}

const BODY: &str = r#"{"name":"Lamp","label":"L","fraudScore":0.93,"tags":["NEW","ODD"]}"#;

fn product<T: View>() -> Call<T, Shared> {
    CATALOG.get(("products", "p-1")).named("product")
}

fn lamp() -> Product {
    Product { title: "Lamp".to_owned(), stars: None, tags: vec![Tag::New, Tag::Other] }
}

/// A service that answers until it is told to fail.
fn fallible() -> (Rc<Fake>, Rc<Cell<bool>>) {
    let failing = Rc::new(Cell::new(false));
    let switch = failing.clone();
    let script =
        move |_: &str| (Duration::ZERO, if switch.get() { Err(Fault::Late) } else { Ok(BODY) });
    (Fake::new(script), failing)
}

#[tokio::test]
async fn a_kept_view_is_served_without_a_call_and_holds_nothing_else() {
    let (fake, shelf) = (Fake::saying(BODY), Rc::new(Shelf::default()));
    let cx = cx_of(&fake, None, Some(&shelf));
    for _ in 0..3 {
        assert_eq!(cx.gather(Critical(product().cached(minutes(1)))).await, Ok(lamp()));
    }
    assert_eq!(fake.targets().len(), 1);
    assert_eq!(shelf.keys(), ["mobile:product:v3:shared:catalog/products/p-1#"]);
    let kept = shelf
        .values
        .borrow()
        .values()
        .map(|(bytes, _)| bytes.to_vec())
        .collect::<Vec<_>>()
        .concat();
    assert!(!String::from_utf8_lossy(&kept).contains("fraudScore"));
}

#[tokio::test]
async fn an_expired_value_is_replaced() {
    let (fake, shelf) = (Fake::saying(BODY), Rc::new(Shelf::default()));
    let cx = cx_of(&fake, None, Some(&shelf));
    for expected_calls in [1, 2] {
        cx.gather(Critical(product::<Product>().cached(minutes(1)))).await.unwrap();
        assert_eq!(fake.targets().len(), expected_calls);
        shelf.age_all(minutes(1));
    }
}

#[tokio::test]
async fn a_value_of_another_shape_or_no_value_at_all_is_a_miss_and_is_replaced() {
    let (fake, shelf) = (Fake::saying(BODY), Rc::new(Shelf::default()));
    let cx = cx_of(&fake, None, Some(&shelf));
    cx.gather(Critical(product::<Product>().cached(minutes(1)))).await.unwrap();
    let renamed: Result<Renamed> = cx.gather(Critical(product().cached(minutes(1)))).await;
    assert_eq!(renamed.unwrap().title, "L", "the forgotten revision is caught by the fingerprint");
    let good = shelf.values.borrow().values().next().unwrap().0.clone();
    for bad in [
        Bytes::new(),
        good.slice(..7),
        good.slice(..9),
        Bytes::from_static(b"garbage that is long enough"),
    ] {
        shelf.values.borrow_mut().values_mut().for_each(|value| value.0 = bad.clone());
        assert_eq!(cx.gather(Critical(product().cached(minutes(1)))).await, Ok(lamp()), "{bad:?}");
    }
}

#[tokio::test]
async fn a_stale_value_beats_an_error_and_says_its_age() {
    let (fake, failing) = fallible();
    let shelf = Rc::new(Shelf::default());
    let cx = cx_of(&fake, None, Some(&shelf));
    let call = || product::<Product>().cached(minutes(1)).stale_if_error(minutes(10));
    cx.gather(Critical(call())).await.unwrap();
    failing.set(true);
    let age = minutes(2);
    shelf.age_all(age);
    assert_eq!(cx.gather(Critical(call())).await, Ok(lamp()));
    let (criticality, filled) = (Criticality::Critical, Filled::Stale { age });
    let note = Note { section: "product", criticality, filled, reason: Reason::Timeout };
    assert_eq!(note.to_string(), "product;filled=stale;age=120;reason=TIMEOUT");
    assert_eq!(cx.notes(), [note]);

    shelf.age_all(minutes(11));
    assert_eq!(
        cx.gather(Critical(call())).await.unwrap_err().class().status(),
        503,
        "too old to be served"
    );
}

#[tokio::test]
async fn reshaping_comes_after_the_cache() {
    let (fake, shelf) = (Fake::saying(BODY), Rc::new(Shelf::default()));
    let cx = cx_of(&fake, None, Some(&shelf));
    let title = || product().cached(minutes(1)).map(|product: Product| product.title.len());
    assert_eq!(cx.gather((Critical(title()), Critical(title()))).await, Ok((4, 4)));
}
