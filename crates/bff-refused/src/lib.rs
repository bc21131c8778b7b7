//! Programs the compiler must refuse, with the message it must give.
//!
//! To add a case, put the smallest program that makes the mistake into `tests/refused/`, begin it with a `//!`
//! sentence that says the promise, run `TRYBUILD=overwrite cargo test -p bff-refused`, and read the `.stderr` that it
//! wrote: a newcomer must learn from it what to write instead. `tests/accepted/` holds programs that do it right, so
//! that no refusal is for the wrong reason.
