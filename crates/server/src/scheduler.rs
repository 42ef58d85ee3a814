//! The timers: they wake the reconcilers, which find out by themselves what there is to do.

use crate::app::App;
use crate::stopping::Stopping;
use crate::{audit_log, clock_watch, node, outbox, pipeline, secret_rotation, shares};
use keywright_auth::ServiceError as _;
use keywright_kms::Step;
use keywright_kms::rotation::{RotateDueKey, TakeStep, due_keys, due_steps, last_digit};
use keywright_kms::{
    DestroyKey, ExpireKeyMaterial, keys_to_destroy, keys_with_expired_material, oldest_in_use,
};
use keywright_secrets::replication::{SyncReplica, replicas_to_sync};
use keywright_secrets::{EndDeletion, secrets_to_delete};
use keywright_store::Lease;
use keywright_types::KeyArn;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Keys looked for at once; the next round goes on with the rest.
const BATCH: i64 = 256;
/// Rotations under way at once: enough to share commits.
const CONCURRENT: usize = 32;

/// How often each reconciler looks, apart from being woken.
const DUE_EVERY: Duration = Duration::from_secs(1);
const HEARTBEAT_EVERY: Duration = Duration::from_secs(30);
const MARKS_EVERY: Duration = Duration::from_secs(1);
const USAGE_EVERY: Duration = Duration::from_secs(5);
const CENSUS_EVERY: Duration = Duration::from_secs(60);
/// What was used within so long counts as in use.
const IN_USE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// How often a node of several says that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(5);
const SHARES_EVERY: Duration = Duration::from_secs(1);
const ADOPT_EVERY: Duration = Duration::from_secs(10);
/// How often the changes that every node has long heard of are dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Runs until `stopping` says so. Each round is bounded; a failed one is tried again at the next.
pub(crate) async fn run(app: Arc<App>, stopping: Stopping) {
    let mut tasks = JoinSet::new();
    tasks.spawn(every(SHARES_EVERY, stopping.clone(), Arc::clone(&app), |app| {
        Box::pin(async move { shares::upkeep(&app).await })
    }));
    if app.store.is_shared() {
        tasks.spawn(every(BEAT_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(beat(app))));
        tasks.spawn(every(ADOPT_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(adopt(app))));
        tasks.spawn(every(SWEEP_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(sweep(app))));
    }
    tasks.spawn(every(DUE_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(rotate_due(app))));
    tasks.spawn(every(DUE_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(expire_materials(app))));
    tasks.spawn(every(DUE_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(succeed_due(app))));
    tasks.spawn(rotate_secrets(Arc::clone(&app), stopping.clone()));
    tasks.spawn(every(DUE_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(replicate(app))));
    tasks.spawn(every(HEARTBEAT_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(heartbeat(app))));
    tasks.spawn(every(MARKS_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(relay(app))));
    tasks.spawn(every(USAGE_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(flush_usage(app))));
    tasks.spawn(every(CENSUS_EVERY, stopping.clone(), Arc::clone(&app), |app| Box::pin(census(app))));
    tasks.spawn(every(CHECKPOINT_EVERY, stopping, app, |app| Box::pin(checkpoint(app))));
    while tasks.join_next().await.is_some() {}
}

/// One round of everything, in the order in which a day goes: time is noted, keys rotate, what happened is
/// told.
pub(crate) async fn round(app: &Arc<App>) {
    beat(Arc::clone(app)).await;
    shares::upkeep(app).await;
    heartbeat(Arc::clone(app)).await;
    expire_materials(Arc::clone(app)).await;
    rotate_due(Arc::clone(app)).await;
    succeed_due(Arc::clone(app)).await;
    secret_rotation::rotate_due(Arc::clone(app)).await;
    replicate(Arc::clone(app)).await;
    flush_usage(Arc::clone(app)).await;
    census(Arc::clone(app)).await;
    adopt(Arc::clone(app)).await;
    relay(Arc::clone(app)).await;
    checkpoint(Arc::clone(app)).await;
}

type Round = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn every(
    period: Duration,
    mut stopping: Stopping,
    app: Arc<App>,
    round: impl Fn(Arc<App>) -> Round + Send,
) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => round(Arc::clone(&app)).await,
            () = stopping.requested() => return,
        }
    }
}

/// Rotates secrets when it is time, and when somebody has just asked for it.
async fn rotate_secrets(app: Arc<App>, mut stopping: Stopping) {
    let mut ticks = tokio::time::interval(DUE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.secrets.wake.notified() => {}
            () = stopping.requested() => return,
        }
        secret_rotation::rotate_due(Arc::clone(&app)).await;
    }
}

/// Rotates what is due of this node's share, batch by batch, until nothing is.
pub(crate) async fn rotate_due(app: Arc<App>) {
    loop {
        let parts = app.shares.rotation();
        let digits: Vec<char> = parts.iter().map(|(digit, _)| *digit).collect();
        let due = match due_keys(&app.store, app.now(), &digits, BATCH).await {
            Ok(due) => due,
            Err(fault) => {
                tracing::warn!(%fault, "keys due for rotation could not be looked up");
                return;
            }
        };
        let found = due.len();
        let mut rotated = 0;
        let mut under_way = JoinSet::new();
        for key in due {
            let digit = last_digit(&key);
            let Some((_, lease)) = parts.iter().find(|(part, _)| *part == digit) else { continue };
            if under_way.len() >= CONCURRENT {
                rotated += finished(under_way.join_next().await);
            }
            under_way.spawn(rotate_one(Arc::clone(&app), key, lease.clone()));
        }
        while let Some(outcome) = under_way.join_next().await {
            rotated += finished(Some(outcome));
        }
        // A batch without progress would be found again at once: leave it to the next round.
        if rotated == 0 || i64::try_from(found).unwrap_or(i64::MAX) < BATCH {
            return;
        }
    }
}

/// Does what is due of the successions of this node's share. A key that lacked both its successor and its time gets one
/// step a round.
pub(crate) async fn succeed_due(app: Arc<App>) {
    let parts = app.shares.rotation();
    let digits: Vec<char> = parts.iter().map(|(digit, _)| *digit).collect();
    let due = match due_steps(&app.store, app.now(), &digits, BATCH).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "keys whose successors are due could not be looked up");
            return;
        }
    };
    for due in due {
        let digit = last_digit(&due.key);
        let Some((_, lease)) = parts.iter().find(|(part, _)| *part == digit) else { continue };
        let (key, spec, step) = (due.key.clone(), due.spec, due.step);
        let material = match step {
            Step::Prepare => {
                let inside = Arc::clone(&app);
                match app.slow_work.run(move || inside.kms.make_material(spec, &*inside.rng)).await {
                    Ok(material) => Some(material),
                    Err(fault) => {
                        tracing::error!(%key, %fault, "a successor's key material could not be made");
                        continue;
                    }
                }
            }
            Step::Supersede | Step::Retire => None,
        };
        match pipeline::work(&app, &TakeStep { due, material }, lease).await {
            Ok(true) => {
                if step == Step::Supersede {
                    app.metrics.key_rotated("SUCCESSOR");
                }
                tracing::info!(%key, step = step.as_str(), "a step of a key's succession was done");
            }
            Ok(false) => {}
            Err(error) => {
                let cause = error.cause().map(keywright_auth::Cause::chain);
                tracing::error!(%key, step = step.as_str(), cause, "a step of a key's succession failed; it is tried again");
                app.metrics.rotation_failed();
            }
        }
    }
}

async fn rotate_one(app: Arc<App>, key: KeyArn, lease: Lease) -> bool {
    let work = RotateDueKey { key };
    match pipeline::work(&app, &work, &lease).await {
        Ok(done) => {
            if done {
                app.metrics.key_rotated("AUTOMATIC");
            }
            done
        }
        Err(error) => {
            let cause = error.cause().map(keywright_auth::Cause::chain);
            tracing::error!(key = %work.key, cause, "a key that is due could not be rotated; it is tried again");
            app.metrics.rotation_failed();
            false
        }
    }
}

fn finished(outcome: Option<Result<bool, tokio::task::JoinError>>) -> usize {
    usize::from(matches!(outcome, Some(Ok(true))))
}

/// Notes the time and, if time can be trusted, destroys keys whose waiting period is over. One node does it for all.
pub(crate) async fn heartbeat(app: Arc<App>) {
    let Some(lease) = app.shares.housekeeping() else { return };
    let now = app.now();
    match clock_watch::beat(&app.store, now, &lease).await {
        Ok(beat) if beat.may_destroy => {
            destroy_due(&app, &lease).await;
            delete_due(&app, &lease).await;
        }
        Ok(_) => {}
        Err(fault) => tracing::warn!(%fault, "no heartbeat was written"),
    }
}

async fn destroy_due(app: &Arc<App>, lease: &Lease) {
    let due = match keys_to_destroy(&app.store, app.now(), BATCH).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "keys due for deletion could not be looked up");
            return;
        }
    };
    for key in due {
        let work = DestroyKey { key };
        match pipeline::work(app, &work, lease).await {
            Ok(true) => {
                tracing::info!(key = %work.key, "a key was destroyed at the end of its waiting period")
            }
            Ok(false) => {}
            Err(error) => {
                let cause = error.cause().map(keywright_auth::Cause::chain);
                tracing::error!(key = %work.key, cause, "a key could not be destroyed; it is tried again");
            }
        }
    }
}

/// Removes imported key material whose end has come. Its owner has it and can bring it again, so that a clock that was
/// set wrongly destroys nothing for good. One node does it for all.
pub(crate) async fn expire_materials(app: Arc<App>) {
    let Some(lease) = app.shares.housekeeping() else { return };
    let due = match keys_with_expired_material(&app.store, app.now(), BATCH).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "imported key material at its end could not be looked up");
            return;
        }
    };
    for key in due {
        let work = ExpireKeyMaterial { key };
        match pipeline::work(&app, &work, &lease).await {
            Ok(true) => tracing::info!(key = %work.key, "imported key material was removed at its end"),
            Ok(false) => {}
            Err(error) => {
                let cause = error.cause().map(keywright_auth::Cause::chain);
                tracing::error!(key = %work.key, cause, "imported key material could not be removed; it is tried again");
            }
        }
    }
}

/// Makes replicas of secrets like their primary secrets. One node does it for all.
pub(crate) async fn replicate(app: Arc<App>) {
    let Some(lease) = app.shares.housekeeping() else { return };
    let due = match replicas_to_sync(&app.store, app.now(), BATCH).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "replicas of secrets could not be looked up");
            return;
        }
    };
    for replica in due {
        let (request_id, event_id) = app.request_ids();
        let work = SyncReplica { replica, request_id, event_id };
        if let Err(error) = pipeline::work(&app, &work, &lease).await {
            let (name, cause) = (&work.replica.name, error.cause().map(keywright_auth::Cause::chain));
            tracing::error!(name, cause, "a secret could not be replicated; it is tried again");
        }
    }
}

/// Deletes secrets whose recovery window is over.
async fn delete_due(app: &Arc<App>, lease: &Lease) {
    let due = match secrets_to_delete(&app.store, app.now(), BATCH).await {
        Ok(due) => due,
        Err(fault) => {
            tracing::warn!(%fault, "secrets due for deletion could not be looked up");
            return;
        }
    };
    for secret in due {
        let work = EndDeletion { secret };
        let name = &work.secret.name;
        match pipeline::work(app, &work, lease).await {
            Ok(true) => tracing::info!(name, "a secret was deleted at the end of its recovery window"),
            Ok(false) => {}
            Err(error) => {
                let cause = error.cause().map(keywright_auth::Cause::chain);
                tracing::error!(name, cause, "a secret could not be deleted; it is tried again");
            }
        }
    }
}

async fn relay(app: Arc<App>) {
    audit_log::clear_marks(&app).await;
    if let Some(lease) = app.shares.housekeeping() {
        outbox::relay(&app, &lease).await;
    }
    let connections = app.store.connections().map(|connections| connections.open);
    let held = app.shares.names().len();
    app.metrics.standing(app.store.freshness().age(), app.peers.live(), held, connections);
    app.metrics.upkeep();
}

pub(crate) async fn flush_usage(app: Arc<App>) {
    for writes in app.kms.last_usage.flush() {
        if let Err(fault) = app.store.commit(writes).await {
            tracing::warn!(%fault, "last uses of keys could not be written");
        }
    }
    app.kms.last_usage.flushed();
    for writes in app.kms.census.flush() {
        if let Err(fault) = app.store.commit(writes).await {
            tracing::warn!(%fault, "uses of key material were not counted");
        }
    }
    for writes in app.secrets.access.flush() {
        if let Err(fault) = app.store.commit(writes).await {
            tracing::warn!(%fault, "the days on which secrets were read could not be written");
            app.secrets.access.not_flushed();
            break;
        }
    }
    for writes in app.secrets.consumers.flush() {
        if let Err(fault) = app.store.commit(writes).await {
            tracing::warn!(%fault, "who reads secrets could not be written");
            app.secrets.consumers.not_flushed();
            break;
        }
    }
    for writes in app.iam.uses.flush() {
        if let Err(fault) = app.store.commit(writes).await {
            tracing::warn!(%fault, "last uses of credentials could not be written");
        }
    }
    app.iam.uses.flushed();
}

/// Tells whoever watches how old the key material in use is.
async fn census(app: Arc<App>) {
    let now = app.now();
    match oldest_in_use(&app.store, now.minus(IN_USE)).await {
        Ok(found) => {
            app.metrics.census(found.made_at.map(|made_at| now.since(made_at)), found.old_materials);
        }
        Err(fault) => tracing::warn!(%fault, "the census could not be read"),
    }
}

async fn checkpoint(app: Arc<App>) {
    if let Err(fault) = node::checkpoint(&app).await {
        tracing::warn!(%fault, "the trail's head could not be written to the store");
    }
}

async fn beat(app: Arc<App>) {
    if let Err(fault) = node::beat(&app).await {
        tracing::warn!(%fault, "this node could not say in the store that it lives");
    }
}

async fn adopt(app: Arc<App>) {
    let Some(lease) = app.shares.housekeeping() else { return };
    if let Err(fault) = audit_log::adopt(&app, &lease).await {
        tracing::warn!(%fault, "records of nodes that are gone could not be taken over; it is tried again");
    }
}

async fn sweep(app: Arc<App>) {
    let Some(lease) = app.shares.housekeeping() else { return };
    if let Err(fault) = app.store.forget_old_changes().await {
        tracing::warn!(%fault, "old change rows could not be dropped; it is tried again");
    }
    if let Err(fault) = node::forget_gone(&app, &lease).await {
        tracing::warn!(%fault, "nodes that are gone could not be forgotten; it is tried again");
    }
}
