//! docs/parity.md says what the registry serves. `KEYWRIGHT_WRITE_DOCS=1` writes it.

use std::path::Path;

#[test]
fn the_page_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parity.md");
    let page = keywright_server::parity();
    if std::env::var_os("KEYWRIGHT_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("it is written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/parity.md is not up to date: run `make docs`");
}
