//! Which operations of each model are served, as a page for people.

use crate::registry::Registry;
use std::fmt::Write as _;

/// The text of docs/parity.md, made from the registry that serves requests.
#[must_use]
pub fn parity() -> String {
    let registry = Registry::new();
    let mut page = String::from(
        "# Parity\n\nGenerated from the server's registry by `make docs`; a test keeps it true. \
         An operation that is not served yet answers its service's nearest modelled error with a plain text.\n",
    );
    for served in &registry.services {
        let service = served.model;
        let operations: Vec<(&str, bool)> = service
            .operations
            .iter()
            .map(|operation| (operation.name, registry.is_served(service, operation)))
            .collect();
        let served = operations.iter().filter(|(_, served)| *served).count();
        write!(page, "\n## {} ({served} of {})\n\n", service.name, operations.len())
            .expect("writing to a String cannot fail");
        page.push_str("| operation | served |\n|---|---|\n");
        for (name, served) in operations {
            writeln!(page, "| {name} | {} |", if served { "yes" } else { "not yet" })
                .expect("writing to a String cannot fail");
        }
    }
    page
}
