//! What the server counts; `/metrics` shows it in Prometheus's text form.

use metrics::{Counter, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

/// The counters' home. Each server has a recorder of its own, so that tests do not share one.
pub struct Metrics {
    recorder: metrics_exporter_prometheus::PrometheusRecorder,
    handle: PrometheusHandle,
}

/// What an operation counts of its requests.
pub struct OperationMetrics {
    done: Counter,
    seconds: Histogram,
}

/// The `code` of a request that was done.
pub const OK: &str = "OK";

/// Upper bounds of the request times' buckets, in seconds.
const BUCKETS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Default for Metrics {
    fn default() -> Self {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .expect("the bucket list is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Self { recorder, handle }
    }
}

impl Metrics {
    /// The current state as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds the samples taken since the last time into their buckets; without it they would pile up until
    /// somebody asks for `/metrics`.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    fn with(&self, count: impl FnOnce()) {
        metrics::with_local_recorder(&self.recorder, count);
    }

    /// A request that reached an operation; `code` is `OK` or AWS's error code. `kept` holds the operation's own
    /// counters from its first request on: looking them up by their labels would cost more than counting.
    pub fn request(
        &self,
        kept: &OnceLock<OperationMetrics>,
        service: &'static str,
        operation: &'static str,
        code: &'static str,
        took: Duration,
    ) {
        let own = kept.get_or_init(|| {
            let mut own = None;
            self.with(|| {
                own = Some(OperationMetrics {
                    done: counter!("keywright_requests_total", "service" => service, "operation" => operation, "code" => OK),
                    seconds: histogram!("keywright_request_seconds", "service" => service, "operation" => operation),
                });
            });
            own.expect("a recorder calls what it is given")
        });
        own.seconds.record(took.as_secs_f64());
        if code == OK {
            own.done.increment(1);
        } else {
            self.with(|| {
                counter!("keywright_requests_total", "service" => service, "operation" => operation, "code" => code)
                    .increment(1);
            });
        }
    }

    /// A request refused before it reached an operation.
    pub fn refused_at_door(&self, code: &'static str) {
        self.with(|| counter!("keywright_door_refusals_total", "code" => code).increment(1));
    }

    pub fn key_rotated(&self, rotation_type: &'static str) {
        self.with(|| counter!("keywright_key_rotations_total", "type" => rotation_type).increment(1));
    }

    pub fn rotation_failed(&self) {
        self.with(|| counter!("keywright_key_rotation_failures_total").increment(1));
    }

    pub fn secret_rotated(&self, outcome: &'static str) {
        self.with(|| counter!("keywright_secret_rotations_total", "outcome" => outcome).increment(1));
    }

    pub fn event_emitted(&self, detail_type: &str) {
        self.with(|| {
            counter!("keywright_events_total", "detail_type" => detail_type.to_owned()).increment(1);
        });
    }

    /// How this node stands among the others: how far it is behind their changes, how many live, how many leases it
    /// holds, and its connections to the database.
    pub(crate) fn standing(
        &self,
        lag: Option<Duration>,
        live: usize,
        leases: usize,
        connections: Option<usize>,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        self.with(|| {
            if let Some(lag) = lag {
                gauge!("keywright_store_lag_seconds").set(lag.as_secs_f64());
            }
            if let Some(connections) = connections {
                gauge!("keywright_database_connections").set(connections as f64);
            }
            gauge!("keywright_nodes_live").set(live as f64);
            gauge!("keywright_leases_held").set(leases as f64);
        });
    }

    /// How old the key material is that still opens and verifies things, and how much of it is not current.
    pub(crate) fn census(&self, oldest: Option<Duration>, old_materials: u64) {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        self.with(|| {
            gauge!("keywright_key_material_oldest_used_seconds")
                .set(oldest.unwrap_or_default().as_secs_f64());
            gauge!("keywright_key_materials_old_used").set(old_materials as f64);
        });
    }

    /// A row of the store that is not believed.
    pub fn row_refused(&self, table: &'static str, kind: &'static str) {
        self.with(|| {
            counter!("keywright_store_rows_refused_total", "table" => table, "kind" => kind).increment(1)
        });
    }

    pub fn connections(&self, open: usize) {
        self.with(|| {
            #[expect(clippy::cast_precision_loss, reason = "a number of connections is far below 2^52")]
            gauge!("keywright_connections").set(open as f64);
        });
    }
}
