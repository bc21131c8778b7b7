//! The gateway's routes in front of two instances of each BFF, all as processes of their own.
//!
//! `make test-gateway` builds the BFFs, makes sure that nginx is there, and runs this.

mod bed;
mod direct;
mod instance;
mod instances;
mod perimeter;
mod rollout;
mod routes;
