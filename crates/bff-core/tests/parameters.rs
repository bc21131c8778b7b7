//! Ids in a path: each is read from its own place, and a table that could mix them up is refused.

mod support;

use bff_core::{Auth, Bff, Cx, Found, Incoming, Meta, Routes, TableError, prelude::*};
use std::time::{Duration, SystemTime};
use support::{Fake, incoming};

enum Store {}

impl Kind for Store {
    type Scope = Shared;
    const PARAMETER: &'static str = "store";
}

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "product";
}

#[derive(View)]
struct Shelf {
    store: Option<Id<Store>>,
    product: Option<Id<Product>>,
}

async fn of_both(_: &Cx, store: Id<Store>, product: Id<Product>) -> Result<Shelf> {
    Ok(Shelf { store: Some(store), product: Some(product) })
}

async fn of_store(_: &Cx, store: Id<Store>) -> Result<Shelf> {
    Ok(Shelf { store: Some(store), product: None })
}

async fn of_two_stores(_: &Cx, _from: Id<Store>, to: Id<Store>) -> Result<Shelf> {
    Ok(Shelf { store: Some(to), product: None })
}

fn table(endpoint: Endpoint) -> Result<Routes, TableError> {
    Routes::of(&Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints: vec![endpoint] })
}

#[tokio::test]
async fn two_ids_in_one_path_are_read_from_their_own_parts() {
    for (path, target) in [
        ("/stores/{store}/products/{product}", "/stores/s-1/products/p-9"),
        ("/products/{product}/in/{store}", "/products/p-9/in/s-1"),
    ] {
        let routes = table(get(path).to(of_both)).unwrap();
        let Found::Endpoint(_, endpoint, parameters) = routes.find("GET", target) else {
            unreachable!("{target}")
        };
        let fake = Fake::saying("{}");
        let cx = Cx::new(Incoming { parameters, ..incoming(&fake, None, None) });
        let answer = endpoint.answer(&cx).await.unwrap();
        let meta = Meta {
            trace_id: cx.trace().trace_id,
            generated_at: SystemTime::UNIX_EPOCH,
            latency: Duration::ZERO,
            notes: &[],
        };
        let body = String::from_utf8(answer.into_body(&meta)).unwrap();
        assert!(body.starts_with(r#"{"store":"s-1","product":"p-9","#), "{path}: {body}");
    }
}

#[test]
fn a_path_and_its_handler_name_the_same_parameters_once() {
    let refused = |endpoint: Endpoint| table(endpoint).err().map(|error| error.to_string());
    for (endpoint, why) in [
        (
            get("/stores/{store}/{product}").to(of_store),
            "no argument of the handler reads `{product}`",
        ),
        (get("/stores/{store}/{*rest}").to(of_store), "no argument of the handler reads `{*rest}`"),
        (get("/stores/{store}").to(of_both), "the handler reads `{product}`"),
        (
            get("/stores/{store}/to/{other}").to(of_two_stores),
            "two arguments of the handler read `{store}`",
        ),
        (get("/stores/{store}").to(of_two_stores), "two arguments of the handler read `{store}`"),
        (get("/stores/{store}/to/{store}").to(of_two_stores), "the path has `{store}` twice"),
        (get("/stores/{store}/to/{store}").to(of_store), "the path has `{store}` twice"),
    ] {
        let path = endpoint.path();
        let said = refused(endpoint).unwrap_or_default();
        assert!(said.contains(path) && said.contains(why), "{path}: {said}");
    }
}
