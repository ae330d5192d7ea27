//! The coverage-guided engine around one target, named by `FUZZ_TARGET`. Its arguments are libFuzzer's.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var_os("FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name.to_string_lossy()).unwrap_or_else(|| panic!("no target `{name:?}`"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (TARGET.run)(data));
