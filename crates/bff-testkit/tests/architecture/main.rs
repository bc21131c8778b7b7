//! The arrows and habits of this workspace, checked on cargo's metadata and on source text.
//!
//! Each rule is a function from data to a list of violations: what is wrong, where, and what to do. A module holds the
//! rules of one concern, a test for each on the real workspace, and a test that each refuses a made-up violation.

mod arrows;
mod code;
mod decisions;
mod events;
mod examples;
mod imports;
mod lists;
mod manifests;
mod openings;
mod owners;
mod pins;
mod readmes;
mod unfinished;
mod witnesses;
mod workspace;
