//! Instruction and allocation counts of the hot path, compared with the committed baselines.
//!
//! Times drift with the neighbours' load; counts do not. `make bench-check` counts and compares,
//! `make bench-baseline` accepts. What is counted, and on what data, stands in `benches/`.
//!
//! Counts belong to a toolchain, a C library and a kind of CPU (some code looks for AVX2): another
//! machine compares with baselines of its own. They are taken without `bff-server`, which would
//! bring its allocator: the instructions with the system's, the allocations with one that counts.
#![forbid(unsafe_code)]

mod comparison;
mod counts;

pub use comparison::{Comparison, Row, TOLERANCE_PERCENT, Verdict};
pub use counts::{Counts, Unreadable};
