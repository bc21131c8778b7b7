//! The web binary.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    bff_server::run(web::bff())
}
