//! The right home page: what every contender has to answer, member for member.

use crate::{Result, fixtures::Fixtures};
use serde_json::{Map, Value};

/// What a right page shows, computed from the services' answers.
#[derive(Debug)]
pub(crate) struct RightPage {
    user: Value,
    orders: Value,
    recommendations: Value,
}

/// Where a contender's page has its parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    user: &'static str,
    orders: &'static str,
    recommendations: &'static str,
    /// Under which name an order's `eta` travels.
    eta: &'static str,
}

pub(crate) const REST: Layout = Layout {
    user: "/user",
    orders: "/recentOrders",
    recommendations: "/recommendations",
    eta: "estimatedDelivery",
};

/// GraphQL names what it takes as the service does.
pub(crate) const GRAPH_QL: Layout = Layout {
    user: "/data/user",
    orders: "/data/orders/orders",
    recommendations: "/data/recommendations/items",
    eta: "eta",
};

const USER: [&str; 4] = ["userId", "displayName", "avatarUrl", "loyaltyTier"];
const PRODUCT: [&str; 4] = ["productId", "thumbnailUrl", "title", "priceFormatted"];

impl RightPage {
    pub(crate) fn of(fixtures: &Fixtures) -> Result<Self> {
        let (user, orders) = (fixtures.body("user")?, fixtures.body("orders")?);
        let recommendations = fixtures.body("recommendations")?;
        let page = Self {
            user: pick(&user, &USER),
            orders: pick_each(orders.get("orders"), &["orderId", "status", "eta", "itemCount"]),
            recommendations: pick_each(recommendations.get("items"), &PRODUCT),
        };
        let counts =
            [&page.orders, &page.recommendations].map(|list| list.as_array().map(Vec::len));
        if counts == [Some(3), Some(6)] {
            Ok(page)
        } else {
            Err("the sample user is too poor".into())
        }
    }

    /// Says what is wrong with a page.
    pub(crate) fn check(&self, body: &[u8], layout: Layout) -> Result<()> {
        let page: Value = serde_json::from_slice(body)?;
        let part = |pointer| page.pointer(pointer).cloned().unwrap_or_default();
        let mut orders = part(layout.orders);
        for order in orders.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            if let Some(eta) = order.remove(layout.eta) {
                order.insert("eta".to_owned(), eta);
            }
        }
        for (name, found, right) in [
            ("user", part(layout.user), &self.user),
            ("orders", orders, &self.orders),
            ("recommendations", part(layout.recommendations), &self.recommendations),
        ] {
            if found != *right {
                return Err(format!("{name} should be {right} and is {found}").into());
            }
        }
        Ok(())
    }
}

fn pick(object: &Value, members: &[&str]) -> Value {
    let wanted =
        members.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())));
    Value::Object(wanted.collect::<Map<_, _>>())
}

fn pick_each(list: Option<&Value>, members: &[&str]) -> Value {
    list.and_then(Value::as_array).into_iter().flatten().map(|item| pick(item, members)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_is_right_when_its_values_are_wherever_they_stand() {
        let user = json!({ "userId": "u-1" });
        let right = RightPage {
            user: user.clone(),
            orders: json!([{ "orderId": "o-1", "eta": "Thu" }]),
            recommendations: json!([]),
        };
        let check = |page: &Value, layout| right.check(page.to_string().as_bytes(), layout).is_ok();
        let orders = json!([{ "orderId": "o-1", "estimatedDelivery": "Thu" }]);
        assert!(check(
            &json!({ "user": user, "recentOrders": orders, "recommendations": [], "meta": {} }),
            REST
        ));
        assert!(!check(&json!({ "user": user, "recentOrders": [], "recommendations": [] }), REST));
        let more = json!({ "userId": "u-1", "email": "u@example.com" });
        assert!(!check(
            &json!({ "user": more, "recentOrders": orders, "recommendations": [] }),
            REST
        ));
        let orders = json!({ "orders": [{ "orderId": "o-1", "eta": "Thu" }] });
        let data = json!({ "user": user, "orders": orders, "recommendations": { "items": [] } });
        assert!(check(&json!({ "data": data }), GRAPH_QL));
    }
}
