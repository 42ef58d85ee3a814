//! The routes beside the pipeline: health and metrics. They take no credentials and tell no more than
//! whether the server is well; the list here is the whole list.

use crate::app::App;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Paths that need no credentials.
pub(crate) const PATHS: &[&str] = &["/healthz", "/livez", "/metrics"];

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// 200 once requests are served.
async fn healthz(State(app): State<Arc<App>>) -> impl IntoResponse {
    if app.ready.load(Ordering::Acquire) {
        (StatusCode::OK, format!("{{\"status\":\"ok\",\"version\":\"{}\"}}\n", env!("CARGO_PKG_VERSION")))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"starting or stopping\"}\n".to_owned())
    }
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([("content-type", "text/plain; version=0.0.4")], app.metrics.render())
}
