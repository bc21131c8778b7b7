//! The @name@ binary.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    bff_server::run(@crate@::bff())
}
