//! The services' answers, recorded once, so that a count changes only when our code does.
//!
//! From the sample services (`make services`, user `u-1`) as the mobile BFF asks them:
//! `curl -H 'x-user-id: u-1' http://127.0.0.1:7101/users/u-1` and so on.

/// `users`: the profile, 40 members of which a screen takes 4.
pub(crate) const USER: &str = include_str!("../../bodies/user.json");
/// `orders`: the latest three.
pub(crate) const ORDERS: &str = include_str!("../../bodies/orders.json");
/// `recommendations`: six.
pub(crate) const RECOMMENDATIONS: &str = include_str!("../../bodies/recommendations.json");
/// `catalog`: one product.
pub(crate) const PRODUCT: &str = include_str!("../../bodies/product.json");

/// What `service` answers; a service that nobody knows answers with nothing.
pub(crate) fn of(service: &str) -> &'static str {
    match service {
        "users" => USER,
        "orders" => ORDERS,
        "recommendations" => RECOMMENDATIONS,
        "catalog" => PRODUCT,
        _ => "{}",
    }
}

/// The answer to a request by its path.
pub(crate) fn at(target: &str) -> &'static str {
    let path = target.split('?').next().unwrap_or_default();
    of(match path.rsplit('/').next() {
        Some("orders") => "orders",
        Some("recommendations") => "recommendations",
        _ => "users",
    })
}
