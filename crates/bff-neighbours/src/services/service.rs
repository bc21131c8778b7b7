//! The internal services a BFF calls, by name.

use std::{fmt, io, str::FromStr};

/// One of the sample services; each listens on a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Who a customer is: `/users/{id}`.
    Users,
    /// What they bought: `/users/{id}/orders` and `/orders/{id}`.
    Orders,
    /// What they might like: `/users/{id}/recommendations`.
    Recommendations,
    /// What is for sale: `/products`, `/products/{id}`, `/products/{id}/similar`,
    /// `/products/batch`.
    Catalog,
    /// What it costs now: `/prices/{id}`.
    Pricing,
    /// How many are left: `/stock/{id}`.
    Inventory,
    /// What others think of it: `/products/{id}/reviews`.
    Reviews,
    /// What somebody is about to buy: `POST /carts/{user}/items`.
    Carts,
}

impl Service {
    /// Every service, in the order in which fixed ports are handed out.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::Orders,
        Self::Recommendations,
        Self::Catalog,
        Self::Pricing,
        Self::Inventory,
        Self::Reviews,
        Self::Carts,
    ];

    /// The name in URLs and messages, such as `users`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Orders => "orders",
            Self::Recommendations => "recommendations",
            Self::Catalog => "catalog",
            Self::Pricing => "pricing",
            Self::Inventory => "inventory",
            Self::Reviews => "reviews",
            Self::Carts => "carts",
        }
    }

    /// This service's entry in an array laid out like [`Service::ALL`].
    pub(super) fn of<T>(self, per_service: &[T; 8]) -> &T {
        let [users, orders, recommendations, catalog, pricing, inventory, reviews, carts] =
            per_service;
        match self {
            Self::Users => users,
            Self::Orders => orders,
            Self::Recommendations => recommendations,
            Self::Catalog => catalog,
            Self::Pricing => pricing,
            Self::Inventory => inventory,
            Self::Reviews => reviews,
            Self::Carts => carts,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(name: &str) -> Result<Self, UnknownService> {
        let named = Self::ALL.into_iter().find(|service| service.name() == name);
        named.ok_or_else(|| UnknownService(name.to_owned()))
    }
}

/// A name that no sample service has; its text lists the names that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownService(String);

impl fmt::Display for UnknownService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Service::ALL.map(Service::name).join(", ");
        write!(f, "no service `{}`; the services are {names}", self.0)
    }
}

impl std::error::Error for UnknownService {}

/// The first error, or all values.
pub(super) fn all<T>([a, b, c, d, e, f, g, h]: [io::Result<T>; 8]) -> io::Result<[T; 8]> {
    Ok([a?, b?, c?, d?, e?, f?, g?, h?])
}
