//! The cache as a client and an operator see it: real BFFs, real services, real Redis servers.

mod bed;
mod client;
mod http;
mod invalidation;
mod isolation;
mod lease;
mod metrics;
mod parts;
mod traffic;
mod trouble;
