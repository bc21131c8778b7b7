//! The cache as a client and an operator see it: real BFFs, real services, real Redis servers.

mod bed;
mod http;
mod invalidation;
mod isolation;
mod metrics;
mod rollout;
mod stampede;
mod ticker;
mod traffic;
mod trouble;
