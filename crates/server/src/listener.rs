//! Connections: accepted up to a bound, served by HTTP/1.1, ended in good order.

use crate::door::{self, Door, Peer};
use crate::stopping::Stopping;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Bytes of request line and headers together.
const HEADER_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;
/// How long requests in flight may take once the server stops.
const DRAIN: Duration = Duration::from_secs(8);

/// Accepts until `stopping`, then waits for requests in flight.
pub(crate) async fn serve(door: Arc<Door>, listener: TcpListener, mut stopping: Stopping) {
    let places = Arc::new(Semaphore::new(door.app.limits.connections_max));
    let graceful = GracefulShutdown::new();
    let open = Arc::new(AtomicUsize::new(0));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(door.app.limits.header_seconds_max))
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .half_close(false);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stopping.requested() => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.requested() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(fault) => {
                // Out of descriptors, most likely: a pause lets others end.
                tracing::warn!(%fault, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let peer = Peer::new(peer);
        // Answers are small; waiting to fill a packet would only delay them.
        let _ignored = stream.set_nodelay(true);
        let door = Arc::clone(&door);
        let served = Arc::clone(&open);
        let answering = Arc::clone(&door);
        let connection = http.serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| {
                let (door, peer) = (Arc::clone(&answering), peer.clone());
                async move {
                    let mut answer = Box::pin(async move { door.answer(request, &peer).await });
                    // One request's panic is one request's failure.
                    let answer = poll_fn(|context| {
                        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
                            Ok(poll) => poll,
                            Err(_) => Poll::Ready(door::internal_failure()),
                        }
                    })
                    .await;
                    Ok::<_, Infallible>(answer)
                }
            }),
        );
        let connection = graceful.watch(connection);
        door.app.metrics.connections(served.fetch_add(1, Ordering::Relaxed) + 1);
        tokio::spawn(async move {
            if let Err(fault) = connection.await {
                tracing::trace!(%fault, "a connection ended");
            }
            door.app.metrics.connections(served.fetch_sub(1, Ordering::Relaxed).saturating_sub(1));
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}
