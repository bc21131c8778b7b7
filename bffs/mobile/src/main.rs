//! The mobile binary.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    bff_server::run(mobile::bff())
}
