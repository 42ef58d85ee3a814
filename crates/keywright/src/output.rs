//! What commands print: tables for people, JSON for scripts, errors for both.

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table};
use std::io::Write as _;

/// The form of printed data. JSON is stable; tables may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

/// Prints a line; a reader that went away (`| head`) is no error.
pub fn line(text: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints an error with its causes, or with the place in a file where there is one.
pub fn error(report: &miette::Report) {
    let _gone = writeln!(std::io::stderr().lock(), "{report:?}");
}

/// Prints rows under a header, aligned.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    line(&table.trim_fmt());
}
