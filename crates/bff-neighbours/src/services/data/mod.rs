//! What the services answer: generated from a seed and an id, stored nowhere.

mod carts;
mod catalog;
mod dice;
mod orders;
mod product;
mod recommendations;
mod reviews;
mod stock;
mod users;
mod words;

pub(super) use self::dice::World;

use super::{Service, answer::Answer, request::Request};
use serde_json::{Value, json};

/// Why there is no data.
#[derive(Debug)]
enum Refusal {
    NotFound,
    BadRequest(&'static str),
    Unprocessable(&'static str),
    WrongMethod,
}

/// The right answer of a service.
pub(super) fn answer(world: World, service: Service, request: &Request) -> Answer {
    match find(world, service, request) {
        Ok(body) => Answer::json(200, &body),
        Err(Refusal::NotFound) => Answer::json(404, &json!({ "error": "not found" })),
        Err(Refusal::BadRequest(text)) => Answer::json(400, &json!({ "error": text })),
        Err(Refusal::Unprocessable(text)) => Answer::json(422, &json!({ "error": text })),
        Err(Refusal::WrongMethod) => Answer::json(405, &json!({ "error": "method not allowed" })),
    }
}

fn find(world: World, service: Service, request: &Request) -> Result<Value, Refusal> {
    let limit = || limit(request);
    let is_write = request.method == "POST" && service == Service::Carts;
    if request.method != "GET" && !is_write {
        return Err(Refusal::WrongMethod);
    }
    match (service, request.segments().as_slice()) {
        (Service::Carts, ["carts", id, "items"]) if is_write => {
            carts::with_item(world, user(id)?, &request.body)
        }
        (Service::Users, ["users", id]) => Ok(users::user(world, user(id)?)),
        (Service::Orders, ["users", id, "orders"]) => {
            Ok(orders::of_user(world, user(id)?, limit()?))
        }
        (Service::Orders, ["orders", id]) => orders::by_id(world, id)
            .filter(|order| concerns(order, request))
            .ok_or(Refusal::NotFound),
        (Service::Recommendations, ["users", id, "recommendations"]) => {
            Ok(recommendations::for_user(world, user(id)?, limit()?))
        }
        (Service::Catalog, ["products"]) => {
            let cursor = request.query_value("cursor");
            catalog::page(world, cursor.as_deref(), limit()?)
                .ok_or(Refusal::BadRequest("no such cursor"))
        }
        (Service::Catalog, ["products", "batch"]) => {
            let ids = request.query_value("ids").unwrap_or_default();
            Ok(catalog::batch(world, ids.split(',').filter_map(|id| product(id).ok())))
        }
        (Service::Catalog, ["products", id]) => Ok(catalog::product(world, product(id)?)),
        (Service::Catalog, ["products", id, "similar"]) => {
            Ok(catalog::similar(world, product(id)?, limit()?))
        }
        (Service::Pricing, ["prices", id]) => Ok(product::price(world, product(id)?)),
        (Service::Inventory, ["stock", id]) => Ok(stock::stock(world, product(id)?)),
        (Service::Reviews, ["products", id, "reviews"]) => {
            Ok(reviews::of_product(world, product(id)?, limit()?))
        }
        _ => Err(Refusal::NotFound),
    }
}

/// A BFF says for whom it asks; whether that user may see the order is the service's to decide.
fn concerns(order: &Value, request: &Request) -> bool {
    request.header("x-user-id").is_none_or(|user| order["userId"] == user)
}

fn user(id: &str) -> Result<u64, Refusal> {
    number(id, "u-", users::COUNT).ok_or(Refusal::NotFound)
}

fn product(id: &str) -> Result<u64, Refusal> {
    number(id, "p-", product::COUNT).ok_or(Refusal::NotFound)
}

/// The number in an id such as `u-17`, in its one spelling.
fn number(id: &str, prefix: &str, highest: u64) -> Option<u64> {
    let number = id.strip_prefix(prefix)?.parse().ok()?;
    ((1..=highest).contains(&number) && id == format!("{prefix}{number}")).then_some(number)
}

/// How many items the caller asks for: 20 unless told, between 1 and 100.
fn limit(request: &Request) -> Result<u64, Refusal> {
    let asked = request.query_value("limit").map_or(Ok(20), |text| text.parse());
    asked
        .map(|limit: u64| limit.clamp(1, 100))
        .map_err(|_| Refusal::BadRequest("limit is not a number"))
}

/// One object with the members of all: what callers show, and what is nobody's business.
fn joined<const N: usize>(parts: [Value; N]) -> Value {
    let objects = parts.into_iter().filter_map(|part| match part {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Value::Object(objects.flatten().collect())
}
