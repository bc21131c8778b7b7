//! Every program in `refused/` is refused with its pinned message; every program in `accepted/` compiles and runs.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn the_compiler_refuses_what_it_must_with_the_pinned_message_and_nothing_else() {
    let programs = trybuild::TestCases::new();
    programs.pass("tests/accepted/*.rs");
    programs.compile_fail("tests/refused/*.rs");
    // They run when they are dropped, and without a pinned message any refusal would do.
    drop(programs);

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refused");
    let paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let of_type = |extension: &str| -> BTreeSet<_> {
        let has_type = |path: &&PathBuf| path.extension() == Some(OsStr::new(extension));
        paths.iter().filter(has_type).filter_map(|path| path.file_stem()).collect()
    };
    assert!(!of_type("rs").is_empty());
    assert_eq!(
        of_type("rs"),
        of_type("stderr"),
        "every program has a message, and the other way round"
    );
}
