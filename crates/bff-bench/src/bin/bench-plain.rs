//! The home page as one would write it in an afternoon: actix-web, awc, serde, one client per worker. The `/static`
//! route answers with bytes that never change.
#![forbid(unsafe_code)]

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error, web};
use bff_bench::arguments;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{error::Error, net::SocketAddr, time::Duration};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Home {
    user: User,
    recent_orders: Vec<Order>,
    recommendations: Vec<Product>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    user_id: String,
    display_name: String,
    avatar_url: String,
    loyalty_tier: String,
}

#[derive(Deserialize, Default)]
struct Orders {
    orders: Vec<Order>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
    status: String,
    #[serde(rename(deserialize = "eta"))]
    estimated_delivery: String,
    item_count: u32,
}

#[derive(Deserialize, Default)]
struct Recommendations {
    items: Vec<Product>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    product_id: String,
    thumbnail_url: String,
    title: String,
    price_formatted: String,
}

struct State {
    client: awc::Client,
    upstream: SocketAddr,
    fixed: web::Bytes,
}

async fn fetch<T: DeserializeOwned>(state: &State, path: String) -> Result<T, Box<dyn Error>> {
    let url = format!("http://{}{path}", state.upstream);
    let mut response = state.client.get(url).send().await?;
    if !response.status().is_success() {
        return Err(response.status().to_string().into());
    }
    Ok(response.json().await?)
}

async fn home(request: HttpRequest, state: web::Data<State>) -> actix_web::Result<HttpResponse> {
    let id = request.headers().get("x-user-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let (user, orders, recommendations) = futures_util::join!(
        fetch::<User>(&state, format!("/users/{id}")),
        fetch::<Orders>(&state, format!("/users/{id}/orders?limit=3")),
        fetch::<Recommendations>(&state, format!("/users/{id}/recommendations?limit=6")),
    );
    let user = user.map_err(|error| error::ErrorBadGateway(error.to_string()))?;
    Ok(HttpResponse::Ok().json(Home {
        user,
        recent_orders: orders.unwrap_or_default().orders,
        recommendations: recommendations.unwrap_or_default().items,
    }))
}

async fn fixed(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(state.fixed.clone())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen: SocketAddr = arguments::value("listen", None)?;
    let upstream: SocketAddr = arguments::value("upstream", None)?;
    let workers: usize = arguments::value("workers", Some(1))?;
    let file: String = arguments::value("static", Some(String::new()))?;
    let fixed_bytes =
        if file.is_empty() { web::Bytes::new() } else { web::Bytes::from(std::fs::read(file)?) };
    let app = move || {
        let client = awc::Client::builder().timeout(Duration::from_millis(200)).finish();
        let state = State { client, upstream, fixed: fixed_bytes.clone() };
        App::new()
            .app_data(web::Data::new(state))
            .route("/mobile/v1/home", web::get().to(home))
            .route("/static", web::get().to(fixed))
    };
    HttpServer::new(app).workers(workers).bind(listen)?.run().await?;
    Ok(())
}
