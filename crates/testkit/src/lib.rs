//! What tests need besides the code: a store on either engine, and a PostgreSQL of their own.
//!
//! Not part of the product; only tests depend on it.

mod database;
mod postgres;

pub use database::{Database, Engine};
pub use postgres::{database as postgres, durable_database as durable_postgres, pgbench};
