//! The partner binary.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    bff_server::run(partner::bff())
}
