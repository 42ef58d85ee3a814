//! The routes beside the pipeline: health, metrics and published keys. They take no credentials and only tell; the list here is the whole
//! list.
//!
//! Who asks from another machine learns whether the server is well, and no more: how much is used and where nodes listen is
//! the operator's business, and who could not ask without credentials is not to learn it (`metrics = "anywhere"` says
//! otherwise, for networks where only the operator's machines reach the port).

use crate::app::App;
use crate::{health, jwks};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use std::net::IpAddr;
use std::sync::Arc;

/// Paths that need no credentials, and whether strangers have them too.
const PATHS: &[(&str, bool)] = &[("/healthz", true), ("/livez", true), ("/metrics", false)];

/// Public keys for verifiers, who have no credentials here: see `jwks`.
const JWKS: &str = "/jwks/";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody on this machine, or anybody if the operator said so.
    Operator,
    Stranger,
}

impl Asker {
    pub(crate) fn of(address: IpAddr, anywhere: bool) -> Self {
        if anywhere || address.to_canonical().is_loopback() { Self::Operator } else { Self::Stranger }
    }

    /// Whether a path is answered beside the pipeline; for others it is as any that is not there.
    pub(crate) fn is_answered(self, path: &str) -> bool {
        path.starts_with(JWKS)
            || PATHS
                .iter()
                .any(|(known, for_strangers)| *known == path && (*for_strangers || self == Self::Operator))
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .route("/jwks/{account}/{*alias}", get(jwks::jwks))
        .with_state(app)
}

/// 200 while requests are served; operators hear which nodes share the store and who does what.
async fn healthz(State(app): State<Arc<App>>, Extension(asker): Extension<Asker>) -> Response {
    let health = health::of(&app);
    let status = if health.serving { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match asker {
        Asker::Operator => (status, Json(health.report)).into_response(),
        Asker::Stranger => (status, Json(health.report.brief())).into_response(),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([("content-type", "text/plain; version=0.0.4")], app.metrics.render())
}

#[cfg(test)]
mod tests {
    use super::Asker;

    #[test]
    fn peer_31_other_machines_are_strangers() {
        let asker = |address: &str, anywhere| Asker::of(address.parse().expect(address), anywhere);
        for own in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(asker(own, false), Asker::Operator, "{own}");
        }
        for other in ["192.0.2.1", "10.0.0.1", "169.254.1.1", "0.0.0.0", "::", "fd00::1", "::ffff:10.0.0.1"] {
            assert_eq!(asker(other, false), Asker::Stranger, "{other}");
            assert_eq!(asker(other, true), Asker::Operator, "{other}");
        }
        for (path, operator, stranger) in
            [("/healthz", true, true), ("/livez", true, true), ("/metrics", true, false), ("/", false, false)]
        {
            assert_eq!(Asker::Operator.is_answered(path), operator, "{path}");
            assert_eq!(Asker::Stranger.is_answered(path), stranger, "{path}");
        }
    }
}
