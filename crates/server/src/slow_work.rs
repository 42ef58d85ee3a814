//! Threads for slow work of the processor: private keys, and the making of key pairs.
//!
//! A signature by an RSA key takes a hundred times as long as an Encrypt. On the threads that serve requests it would
//! hold up whatever waits there; here it waits in a queue of its own, on threads that yield to the others.

use keywright_kms::KeyPairStock;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use tokio::sync::{Semaphore, oneshot};

type Job = Box<dyn FnOnce() + Send>;

/// Jobs that may wait; who comes then waits with its request.
const QUEUE: usize = 256;
/// How much the threads yield: about a ninth of a processor that others want as well (sched(7)).
const NICE: i32 = 10;
/// The least that a thread gets.
const NICE_LAST: i32 = 19;

/// The threads, one for each processor.
pub(crate) struct SlowWork {
    queue: Arc<Queue>,
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    ready: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

/// The work panicked, which is logged by the panic's own hook.
#[derive(Debug, thiserror::Error)]
#[error("slow work of a request failed by a fault of the program")]
pub(crate) struct Panicked;

impl SlowWork {
    /// Starts the threads; they end when this is dropped.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        for number in 0..thread::available_parallelism().map_or(1, usize::from) {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("slow-work-{number}")).spawn(move || {
                yield_to_others(NICE);
                while let Some(job) = queue.next() {
                    // The job's own oneshot tells of a panic, by never being answered.
                    let _panicked = catch_unwind(AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self { queue, places: Arc::new(Semaphore::new(QUEUE)) })
    }

    /// Does `work` there. If nobody waits for it any more when its turn comes, it is not done.
    ///
    /// # Errors
    /// [`Panicked`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Panicked)?;
        let (answer, waiting) = oneshot::channel();
        self.queue.add(Box::new(move || {
            // Given back also when the work panics.
            let _place = place;
            if !answer.is_closed() {
                let _nobody_waits = answer.send(work());
            }
        }));
        waiting.await.map_err(|_| Panicked)
    }
}

impl Drop for SlowWork {
    fn drop(&mut self) {
        self.queue.jobs.lock().closed = true;
        self.queue.ready.notify_all();
    }
}

impl Queue {
    fn add(&self, job: Job) {
        self.jobs.lock().waiting.push_back(job);
        self.ready.notify_one();
    }

    /// The next job; none once the queue is closed.
    fn next(&self) -> Option<Job> {
        let mut jobs = self.jobs.lock();
        loop {
            if jobs.closed {
                return None;
            }
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            self.ready.wait(&mut jobs);
        }
    }
}

/// Starts the thread that keeps the stock of key pairs full, after everything else.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn keep_stock(stock: &KeyPairStock) -> std::io::Result<()> {
    let stock = stock.clone();
    let keep = move || {
        yield_to_others(NICE_LAST);
        stock.keep_full();
    };
    thread::Builder::new().name("key-pair-stock".to_owned()).spawn(keep).map(drop)
}

/// Linux gives every thread a niceness of its own. That it cannot be had is no reason not to work.
fn yield_to_others(nice: i32) {
    let own = rustix::thread::gettid();
    if let Err(fault) = rustix::process::setpriority_process(Some(own), nice) {
        tracing::debug!(%fault, "threads for slow work run at normal priority");
    }
}

#[cfg(test)]
mod tests {
    use super::SlowWork;

    #[tokio::test]
    async fn a_panic_ends_its_own_work_only() {
        let slow = SlowWork::start().expect("threads");
        for _ in 0..4 {
            slow.run(|| panic!("on purpose")).await.expect_err("it panicked");
        }
        assert_eq!(slow.run(|| 7).await.expect("it goes on"), 7);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done() {
        let slow = std::sync::Arc::new(SlowWork::start().expect("threads"));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut held = Vec::new();
        let mut running = Vec::new();
        for _ in 0..threads {
            let (release, hold) = std::sync::mpsc::channel::<()>();
            let (begin, begun) = tokio::sync::oneshot::channel();
            let slow = std::sync::Arc::clone(&slow);
            let hold_a_thread = move || {
                begin.send(()).expect("the test waits");
                hold.recv().is_err()
            };
            running.push(tokio::spawn(async move { slow.run(hold_a_thread).await }));
            begun.await.expect("a thread is held");
            held.push(release);
        }
        let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = std::sync::Arc::clone(&done);
        let unwanted = slow.run(move || seen.store(true, std::sync::atomic::Ordering::SeqCst));
        // Polled once, so that it is in the queue, then dropped.
        assert!(futures_poll_once(unwanted).await);
        drop(held);
        for one in running {
            one.await.expect("it ran").expect("without a panic");
        }
        slow.run(|| ()).await.expect("the queue is served");
        assert!(!done.load(std::sync::atomic::Ordering::SeqCst));
    }

    /// Polls a future once and drops it; whether it was still pending.
    async fn futures_poll_once<T>(future: impl Future<Output = T>) -> bool {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending()))
            .await
    }
}
