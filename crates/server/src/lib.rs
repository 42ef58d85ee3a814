//! The server: configuration, start, the door, the pipeline, the timers.
//!
//! What: turns a data folder and a configuration into a running service.
//! Why here: this is the one place where services, store, trail and network meet.
//!
//! Invariants
//! - Every request of every door goes through [`pipeline`]; the few routes beside it are listed in `door`.
//! - Nothing is answered before it is durable (store) and recorded (trail).
//! - Bodies, headers, time and connections are bounded before anything in them is believed.

mod admin;
mod alarms;
mod app;
mod audit_log;
mod bootstrap;
mod check;
mod clock_watch;
pub mod config;
pub mod doctor;
mod door;
mod error;
mod health;
mod journal;
mod jwks;
mod listener;
mod metrics;
mod node;
mod outbox;
mod parity;
mod peers;
mod pipeline;
mod registry;
mod routing;
mod scheduler;
mod secret_rotation;
mod shares;
mod slow_work;
mod start;
mod stopping;
mod wire;

pub use app::App;
pub use bootstrap::{Bootstrap, RootCredential, initialise};
pub use check::check_store;
pub use config::{Config, ConfigError, Given, GivenKms};
pub use error::StartError;
pub use parity::parity;
pub use start::{Server, start};
