//! The mobile binary as a cluster runs it: a process with variables, ports, signals, logs and an exit code.
#![allow(
    clippy::disallowed_types,
    reason = "log lines and services' answers are looked at from outside"
)]

mod collector;
mod ends;
mod leaks;
mod life;
mod output;
mod refused;
mod running;
mod traces;
