//! The fuzz targets over what was found so far: `tests/fuzz/corpus`, a folder for each.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn q09_p05_p08_what_the_fuzzer_found_is_harmless() {
    for (name, target) in targets::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fuzz/corpus")
            .join(name);
        let mut count = 0;
        for entry in fs::read_dir(&folder).expect("each target has a corpus") {
            let bytes = fs::read(entry.expect("it can be read").path()).expect("it can be read");
            if let Ok(text) = str::from_utf8(&bytes) {
                target(text);
                count += 1;
            }
        }
        assert!(count > 2, "{name} has a corpus of {count}");
    }
}
