//! The word that the server stops, as every task hears it.

use tokio::sync::watch;

/// Says when to stop; clones hear the same word.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(watch::Receiver<bool>);

/// Gives the word.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

pub(crate) fn channel() -> (Stopper, Stopping) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stopping(receiver))
}

impl Stopper {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stopping {
    /// Resolves once the server stops, or nobody is left who could say so.
    pub(crate) async fn requested(&mut self) {
        let _heard = self.0.wait_for(|stop| *stop).await;
    }
}
