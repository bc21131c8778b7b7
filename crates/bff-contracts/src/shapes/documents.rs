//! Golden files for other programs, made from the same table as the contracts.

use crate::files::write_text;
use bff_core::Bff;
use bff_openapi::Surface;
use std::{fs, path::Path};

/// The files for other programs: an OpenAPI document, as the admin port serves it, and TypeScript.
pub(super) fn of(bff: &Bff) -> [(&'static str, String); 2] {
    let surface = Surface::of(bff);
    // A tree of strings and numbers always serialises.
    let openapi = serde_json::to_string_pretty(&surface.openapi()).unwrap_or_default() + "\n";
    [("openapi.json", openapi), ("types.ts", surface.typescript())]
}

/// Compares a file with what it should say, or rewrites it.
pub(super) fn check(text: &str, path: &Path, update: bool) -> Result<(), String> {
    let committed = fs::read_to_string(path).unwrap_or_default();
    if committed == text {
        return Ok(());
    }
    if update {
        return write_text(text, path).map_err(|error| error.to_string());
    }
    let lines = committed.lines().zip(text.lines());
    let same = lines.take_while(|(committed, made)| committed == made).count();
    Err(format!(
        "it differs from the endpoint table from line {} on; run `make contracts ACCEPT=1` and commit the file",
        same + 1
    ))
}
