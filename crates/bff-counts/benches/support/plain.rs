//! The same page as one would write it in an afternoon: awc, serde structs, one client.

use awc::{ClientResponse, error::PayloadError};
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{hint::black_box, net::SocketAddr, time::Duration};

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

#[derive(Deserialize)]
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

#[derive(Deserialize)]
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

/// One worker of the plain version.
pub(crate) struct Plain {
    client: awc::Client,
    services: SocketAddr,
}

impl Plain {
    pub(crate) fn new(services: SocketAddr) -> Self {
        Self { client: awc::Client::builder().timeout(Duration::from_secs(60)).finish(), services }
    }

    async fn fetch<T: DeserializeOwned>(&self, path: String) -> T {
        let mut response = self.send(path).await;
        assert!(response.status().is_success());
        response.json().await.expect("a body")
    }

    async fn read(&self, path: String) -> Bytes {
        self.send(path).await.body().await.expect("a body")
    }

    async fn send(
        &self,
        path: String,
    ) -> ClientResponse<impl Stream<Item = Result<Bytes, PayloadError>>> {
        let url = format!("http://{}{path}", self.services);
        self.client.get(url).send().await.expect("an answer")
    }

    /// The three bodies, unread: what awc itself costs.
    pub(crate) async fn three_calls(&self, id: &str) {
        black_box(futures_util::join!(
            self.read(format!("/users/{id}")),
            self.read(format!("/users/{id}/orders?limit=3")),
            self.read(format!("/users/{id}/recommendations?limit=6")),
        ));
    }

    /// The body of the page.
    pub(crate) async fn page(&self, id: &str) -> Vec<u8> {
        let (user, Orders { orders }, Recommendations { items }) = futures_util::join!(
            self.fetch(format!("/users/{id}")),
            self.fetch(format!("/users/{id}/orders?limit=3")),
            self.fetch(format!("/users/{id}/recommendations?limit=6")),
        );
        let home = Home { user, recent_orders: orders, recommendations: items };
        serde_json::to_vec(&home).expect("a page")
    }
}
