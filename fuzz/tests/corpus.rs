//! The inputs that are kept: seeds, and those that once found something.
#![allow(
    clippy::unwrap_used,
    reason = "tests say what must hold by panicking, their helpers too"
)]

use std::path::Path;

use skerry_fuzz::TARGETS;

#[test]
fn inputs_that_are_kept_are_answered() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(name);
        let mut tried = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().path();
            let data = std::fs::read(&file).unwrap();
            assert_eq!(target(&data), Ok(()), "{}", file.display());
            tried += 1;
        }
        assert!(tried > 5, "{name}: {tried} inputs");
    }
}
