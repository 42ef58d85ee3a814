//! The routes beside the pipeline: health and metrics. They take no credentials and tell no more than
//! whether the server and its nodes are well; the list here is the whole list.

use crate::app::App;
use crate::health;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;

/// Paths that need no credentials.
pub(crate) const PATHS: &[&str] = &["/healthz", "/livez", "/metrics"];

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// 200 while requests are served; it says which nodes share the store and who does what.
async fn healthz(State(app): State<Arc<App>>) -> impl IntoResponse {
    let health = health::of(&app);
    let status = if health.serving { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health.report))
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([("content-type", "text/plain; version=0.0.4")], app.metrics.render())
}
