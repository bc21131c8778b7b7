//! What a page does when its services misbehave: real sockets, real faults, counted afterwards.

mod balance;
mod bed;
mod breaker;
mod deadline;
mod flight;
mod framing;
mod hedge;
mod limit;
mod matrix;
mod neighbour;
mod overload;
mod policy;
mod retry;
