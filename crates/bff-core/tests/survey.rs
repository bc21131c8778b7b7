//! What endpoints depend on is known before the first request.

use bff_core::prelude::*;
use bff_core::{Auth, Bff, Criticality, Depends};

const THINGS: Service = Service::named("things");
const OTHERS: Service = Service::named("others");

enum Thing {}

impl Kind for Thing {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Page {
    one: u32,
}

#[derive(View)]
struct Written {
    one: u32,
}

#[derive(View)]
struct Nothing {
    one: u32,
}

#[derive(View)]
struct Broken {
    one: u32,
}

#[derive(View)]
struct New {
    thing_id: Id<Thing>,
    units: u8,
    gift: bool,
    note: Option<String>,
    size: Size,
    parts: Vec<Part>,
}

#[derive(View)]
enum Size {
    Small,
    Large,
}

#[derive(View)]
struct Part {
    weight: f64,
}

fn number<P: bff_core::Path>(path: P, name: &'static str) -> Call<u32, P::Scope> {
    THINGS.get(path).named(name)
}

async fn page(cx: &Cx, me: User, id: Id<Thing>) -> Result<Page> {
    let (one, _, _) = cx
        .gather((
            Critical(number(("users", &me, &id), "one")),
            Optional(number("stock", "stock").cached(minutes(1)), 0),
            Omittable(OTHERS.get("price").named::<u32>("price")),
        ))
        .await?;
    let _second_stage = cx.gather(Omittable(number("late", "late"))).await?;
    Ok(Page { one })
}

async fn write(cx: &Cx, me: User, Body(new): Body<New>, key: IdempotencyKey) -> Result<Written> {
    let _units = new.units;
    let write = THINGS.post(("users", &me), &new).once(key).named("write");
    cx.gather(Critical(write)).await
}

async fn nothing(_: &Cx) -> Result<Nothing> {
    std::future::ready(Ok(Nothing { one: 1 })).await
}

async fn broken(cx: &Cx) -> Result<Broken> {
    assert!(cx.bff().is_empty(), "a handler that panics");
    Ok(Broken { one: 1 })
}

#[test]
fn the_first_stage_is_known_and_what_gets_no_further_is_empty() {
    let endpoints = vec![
        get("/test/v1/pages/{id}").to(page),
        post("/test/v1/things").to(write),
        get("/test/v1/nothing").to(nothing),
        get("/test/v1/broken").to(broken),
    ];
    let bff = Bff { name: "test", version: "1", auth: Auth::Bearer, endpoints };
    let (critical, optional) = (Criticality::Critical, Criticality::Optional);
    let depends = |dependency, service, criticality| Depends { dependency, service, criticality };
    let stages = bff.first_stages();
    let [page, write, nothing, broken] = &stages[..] else { unreachable!("{stages:?}") };
    for one in [
        depends("one", "things", critical),
        depends("stock", "things", optional),
        depends("price", "others", optional),
    ] {
        assert!(page.contains(&one), "{one:?} in {page:?}");
    }
    assert_eq!(page.len(), 3, "the second stage is not known");
    assert_eq!(write[..], [depends("write", "things", critical)]);
    assert!(nothing.is_empty() && broken.is_empty(), "{nothing:?} {broken:?}");
}
