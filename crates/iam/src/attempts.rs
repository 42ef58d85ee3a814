//! How often somebody may guess: tries of one-time codes and passwords that failed.
//!
//! What: a few tries for each device or user in a span of time, then none until the span is over, right or wrong.
//! Why here: six digits are soon guessed by whoever may try as often as it likes.
//!
//! Invariants
//! - A try is counted before it is judged, so that tries at the same moment cannot share one count.
//! - Tries are counted under the canonical name of what they try, never under what the caller wrote.
//! - A request that is decided twice, because another commit came first, counts once.
//!
//! Each node counts by itself: with several nodes there are so many times the tries. A restart forgets; it takes longer
//! than the tries are worth.

use keywright_types::{RequestId, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;

/// Failed tries in a span.
const TRIES_MAX: u32 = 5;
const SPAN: Duration = Duration::from_mins(15);
/// Devices and users remembered at once.
const REMEMBERED_MAX: usize = 100_000;

/// The failed tries of late.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    spans: Mutex<HashMap<String, Span>>,
}

#[derive(Debug)]
struct Span {
    ends_at: Timestamp,
    tries: u32,
    last: RequestId,
}

/// Too many tries failed; how right this one is will not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Attempts {
    /// Counts a try.
    ///
    /// # Errors
    /// [`TooMany`], which lasts until the span is over.
    pub(crate) fn begin(&self, name: &str, request: RequestId, now: Timestamp) -> Result<(), TooMany> {
        let mut spans = self.spans.lock();
        if spans.len() >= REMEMBERED_MAX && !spans.contains_key(name) {
            spans.retain(|_, span| span.ends_at > now);
            if spans.len() >= REMEMBERED_MAX {
                return Err(TooMany);
            }
        }
        let fresh = || Span { ends_at: now.plus(SPAN), tries: 0, last: request };
        let span = spans.entry(name.to_owned()).or_insert_with(fresh);
        if span.ends_at <= now {
            *span = fresh();
        }
        if span.tries > 0 && span.last == request {
            return Ok(());
        }
        if span.tries >= TRIES_MAX {
            return Err(TooMany);
        }
        span.tries += 1;
        span.last = request;
        Ok(())
    }

    /// The try was right: what failed before is forgotten.
    pub(crate) fn passed(&self, name: &str) {
        self.spans.lock().remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempts, SPAN, TRIES_MAX, TooMany};
    use keywright_types::{RequestId, Timestamp};

    fn request(number: u32) -> RequestId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        RequestId::from_random(bytes)
    }

    #[test]
    fn after_some_failures_nothing_is_tried_until_the_span_is_over() {
        let (attempts, start) = (Attempts::default(), Timestamp::from_seconds(1_000));
        for number in 0..TRIES_MAX {
            assert_eq!(attempts.begin("a", request(number), start), Ok(()));
            assert_eq!(attempts.begin("a", request(number), start), Ok(()), "the same request once more");
        }
        assert_eq!(attempts.begin("a", request(90), start), Err(TooMany));
        assert_eq!(attempts.begin("b", request(90), start), Ok(()), "another device");
        let last = start.plus(SPAN).minus(std::time::Duration::from_millis(1));
        assert_eq!(attempts.begin("a", request(91), last), Err(TooMany));
        assert_eq!(attempts.begin("a", request(92), start.plus(SPAN)), Ok(()));
    }

    #[test]
    fn a_right_try_clears_the_count() {
        let (attempts, now) = (Attempts::default(), Timestamp::from_seconds(1_000));
        for number in 0..3 * TRIES_MAX {
            assert_eq!(attempts.begin("a", request(number), now), Ok(()));
            if number % 3 == 2 {
                attempts.passed("a");
            }
        }
    }
}
