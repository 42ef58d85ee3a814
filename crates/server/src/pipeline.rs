//! The one path of every operation: parse → validate → facts → authorise → decide → commit → record → answer.
//!
//! It is generic over [`Operation`] and written once. Identification happens before (`door`), because it
//! needs the request's bytes; every other step is here, in this order, for every door.

use crate::app::{App, Serves};
use crate::journal::{self, JournalError, Settling};
use crate::wire;
use keywright_auth::record::{self, ApiCall};
use keywright_auth::{
    Cause, Decided, Decision, Done, Errand, Operation, RequestContext, ServiceError, Unauthorised, Work,
    authorise,
};
use keywright_aws::writer::DocumentWriter as _;
use keywright_aws::{Input as _, JsonWriter, Output, ServiceModel, WireError};
use keywright_store::{AuditRecord, CommitError, Lease, WriteSet};
use keywright_types::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroize as _;

/// How often a decision is made anew because another commit came first, before the client is told to try
/// later. Each attempt means that somebody else made progress.
const ATTEMPTS_MAX: usize = 20;

/// An answer of the pipeline: a body, or an error to be encoded by the service's protocol.
pub(crate) type Answer = Result<Vec<u8>, WireError>;

/// Runs one operation for an authenticated caller.
pub(crate) async fn run<Op: Operation>(
    app: &Arc<App>,
    service_model: &'static ServiceModel,
    mut request: RequestContext,
    body: &[u8],
) -> Answer
where
    App: Serves<Op::Service>,
{
    let mut parameters = None;
    let mut resources = Vec::new();
    let result = attempt::<Op>(app, service_model, &mut request, body, &mut parameters, &mut resources).await;
    let request = &request;
    // Refused or not, the request was signed: whoever asks whether a credential is missed must learn of both.
    app.iam.uses.note(request, Op::MODEL.service);
    match result {
        Ok(body) => Ok(body),
        Err(mut error) => {
            let settling = error.take_settling();
            let wire = error.into_wire(request);
            let call = call_of::<Op>(service_model, parameters.as_deref());
            let refusal = (wire.code, wire.message.as_deref());
            let text = record::api_call_refused(call, request, &resources, refusal);
            match settling {
                None => record_refusal(app, text).await,
                // What the trail says is what turns out to have happened: the change is recorded by whoever finds it
                // done, the refusal only if it was not.
                Some(settling) => {
                    let app = Arc::clone(app);
                    tokio::spawn(async move {
                        if !matches!(settling.await, Ok(Ok(()))) {
                            record_refusal(&app, text).await;
                        }
                    });
                }
            }
            Err(wire)
        }
    }
}

/// A refusal that cannot be recorded is still a refusal; the trail's own fault stops the server.
async fn record_refusal(app: &App, text: String) {
    if let Err(fault) = app.trail.append(text).await {
        tracing::error!(%fault, "a refusal could not be recorded");
    }
}

/// Why an attempt gave no answer.
enum Failure<E> {
    Wire(WireError),
    Service(E),
    Trail(keywright_trail::TrailError),
    /// The commit may be done or not; it is found out later.
    Unsettled(Settling),
}

impl<E> From<E> for Failure<E> {
    fn from(error: E) -> Self {
        Self::Service(error)
    }
}

impl<E: ServiceError> Failure<E> {
    /// The commit that is still being found out about; it can be waited for once.
    fn take_settling(&mut self) -> Option<Settling> {
        match std::mem::replace(self, Self::Service(E::from_commit(journal::unsettled()))) {
            Self::Unsettled(settling) => Some(settling),
            other => {
                *self = other;
                None
            }
        }
    }

    /// The answer; a fault of ours goes to the log with its causes.
    fn into_wire(self, request: &RequestContext) -> WireError {
        let error = match self {
            Self::Wire(wire) => return wire,
            Self::Service(error) => error,
            Self::Trail(fault) => E::internal(Cause::new(fault)),
            Self::Unsettled(_) => E::from_commit(journal::unsettled()),
        };
        if let Some(cause) = error.cause() {
            tracing::error!(request_id = %request.request_id, cause = cause.chain(), "a request failed");
        }
        error.wire()
    }
}

async fn attempt<Op: Operation>(
    app: &Arc<App>,
    service_model: &'static ServiceModel,
    request: &mut RequestContext,
    body: &[u8],
    parameters: &mut Option<String>,
    resources: &mut Vec<String>,
) -> Result<Vec<u8>, Failure<Op::Error>>
where
    App: Serves<Op::Service>,
{
    let service: &Op::Service = app.service();
    let op = parse::<Op>(service_model, service, body, parameters)?;
    // What is refused on facts that another node may have changed is decided once more on fresh ones: a key enabled
    // over there a moment ago must not be found disabled here.
    let mut refusal = None;
    for attempt in 0..ATTEMPTS_MAX {
        pause_before(app, attempt).await;
        let now = app.now();
        let view = app.view(service, now, attempt > 0);
        if view.fresh {
            refresh_caller::<Op>(app, request, refusal.is_some()).await?;
        }
        let request = &*request;
        let facts = match op.facts(view, request).await {
            Ok(facts) => facts,
            // The store cannot say more than was known.
            Err(error) => return Err(refusal.unwrap_or(error).into()),
        };
        let checks = op.checks(&facts, request);
        resources.clear();
        resources.extend(record::resources(&checks));
        let decided = match authorise(&op, &facts, &checks, view, request).await {
            Ok(allowed) => Op::decide(&allowed, &facts, app.env(service, now), request),
            Err(Unauthorised::Denied(message)) => Err(Op::Error::denied(message)),
            Err(Unauthorised::Failed(error)) => Err(error),
        };
        let done = match finish(app, decided, now).await {
            Ok(done) => done,
            Err(error) if attempt == 0 && app.store.is_shared() => {
                refusal = Some(error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let encoded = wire::encode(service_model, Op::MODEL, &done.output, request.request_id);
        let call = call_of::<Op>(service_model, parameters.as_deref());
        let response = response_elements::<Op>(&done.output, resources);
        let records = record::api_call_done(writer(app), call, request, resources, response);
        match publish(app, done.writes, records).await {
            Ok(()) => {
                op.done(&facts, service, request);
                return Ok(encoded);
            }
            Err(JournalError::Commit(CommitError::Conflict)) => {}
            Err(JournalError::Commit(fault)) => return Err(Op::Error::from_commit(fault).into()),
            Err(JournalError::Unsettled(outcome)) => return Err(Failure::Unsettled(outcome)),
            Err(JournalError::Trail(fault)) => return Err(Failure::Trail(fault)),
        }
        let mut unsent = encoded;
        unsent.zeroize();
    }
    Err(Op::Error::from_commit(CommitError::Conflict).into())
}

/// What a decision comes to: slow work is done first, on threads of its own.
async fn finish<Op: Operation>(
    app: &Arc<App>,
    decided: Decided<Op>,
    now: Timestamp,
) -> Result<Done<Op>, Op::Error>
where
    App: Serves<Op::Service>,
{
    let work = match decided? {
        Decision::Now { output, writes } => return Ok(Done { output, writes }),
        Decision::After(work) => work,
    };
    let inside = Arc::clone(app);
    let outcome = app.slow_work.run(move || work(inside.env(inside.service(), now))).await;
    outcome.unwrap_or_else(|fault| Err(Op::Error::internal(Cause::new(fault))))
}

/// Reads anew what the caller may do, for a decision on fresh facts.
async fn refresh_caller<Op: Operation>(
    app: &App,
    request: &mut RequestContext,
    refused: bool,
) -> Result<(), Failure<Op::Error>> {
    match app.authenticator.refresh(&app.store, &app.keyring, &mut request.caller, true).await {
        Ok(true) => Ok(()),
        // Deleted since the request came in: what was refused before is refused, what conflicted is not done.
        Ok(false) => Err(Op::Error::denied(format!(
            "User: {} is not authorized to perform: {}:{} because it does not exist any more",
            request.caller.arn,
            Op::MODEL.service,
            Op::MODEL.name
        ))
        .into()),
        // The store cannot say more than was known.
        Err(_) if refused => Ok(()),
        Err(fault) => Err(Op::Error::from_store(fault).into()),
    }
}

/// From bytes to the domain, in one pass over the body.
fn parse<Op: Operation>(
    service_model: &ServiceModel,
    service: &Op::Service,
    body: &[u8],
    parameters: &mut Option<String>,
) -> Result<Op, Failure<Op::Error>> {
    let input: Op::Input = wire::decode(service_model, body).map_err(Failure::Wire)?;
    let mut audit = JsonWriter::default();
    input.write_audit(&mut audit);
    *parameters = Some(text_of(audit));
    Ok(Op::parse(input, service)?)
}

/// Makes the decision durable and recorded: a change by commit and trail, a use by the trail alone.
async fn publish(
    app: &Arc<App>,
    mut writes: WriteSet,
    records: Vec<AuditRecord>,
) -> Result<(), JournalError> {
    for record in records {
        writes.audit(record);
    }
    if writes.is_empty() {
        return Ok(());
    }
    if writes.changes_nothing() {
        let records = writes.take_audits().into_iter().map(|record| record.record).collect();
        return app.trail.append_all(records).await.map_err(JournalError::Trail);
    }
    journal::commit(app, writes).await
}

fn writer(app: &App) -> record::Writer<'_> {
    record::Writer { node: app.node, rng: &*app.rng }
}

/// A call of `Op`, as the trail names it.
fn call_of<'a, Op: Operation>(service: &'a ServiceModel, parameters: Option<&'a str>) -> ApiCall<'a> {
    ApiCall { service, operation: Op::MODEL, read_only: Op::READ_ONLY, parameters }
}

/// CloudTrail's `responseElements`: nothing for reads and cryptographic calls, the output's allowed members
/// for changes, and for changes without an output the key's ARN (KMS logs it since December 2022).
fn response_elements<Op: Operation>(output: &Op::Output, resources: &[String]) -> Option<String> {
    if !Op::RECORDS_ANSWER {
        return None;
    }
    let mut writer = JsonWriter::default();
    if Op::Output::EMPTY {
        let key = resources.iter().find(|arn| arn.contains(":key/"))?;
        writer.begin_structure();
        writer.name("keyId");
        writer.text(key);
        writer.end_structure();
    } else {
        output.write_audit(&mut writer);
    }
    Some(text_of(writer))
}

fn text_of(writer: JsonWriter) -> String {
    String::from_utf8(writer.into_bytes()).expect("a JSON writer writes UTF-8")
}

/// Records a request that reached no operation: not built yet, or unknown.
pub(crate) async fn refuse_unbuilt(
    app: &Arc<App>,
    service_model: &'static ServiceModel,
    operation: &'static keywright_aws::OperationModel,
    request: &RequestContext,
    error: &WireError,
) {
    let call = ApiCall { service: service_model, operation, read_only: true, parameters: None };
    let refusal = (error.code, error.message.as_deref());
    let text = record::api_call_refused(call, request, &[], refusal);
    record_refusal(app, text).await;
}

/// Does a piece of the service's own work, such as rotating one due key, under a lease. `Ok(false)`: nothing was to
/// do, or another node does it now.
///
/// # Errors
/// The work's own error; it is tried again at the next round.
pub(crate) async fn work<W: Work>(app: &Arc<App>, work: &W, lease: &Lease) -> Result<bool, W::Error>
where
    App: Serves<W::Service>,
{
    let service: &W::Service = app.service();
    for attempt in 0..ATTEMPTS_MAX {
        pause_before(app, attempt).await;
        let now = app.now();
        let facts = work.facts(app.view(service, now, true)).await?;
        let Some(mut writes) = work.decide(&facts, app.env(service, now))? else { return Ok(false) };
        writes.under(lease);
        match journal::commit(app, writes).await {
            Ok(()) => return Ok(true),
            Err(JournalError::Commit(CommitError::Conflict)) => {
                if !app.store.holds_lease(lease).await.map_err(W::Error::from_store)? {
                    tracing::info!(lease = lease.name, "another node took this work over");
                    return Ok(false);
                }
            }
            Err(JournalError::Commit(fault)) => return Err(W::Error::from_commit(fault)),
            Err(JournalError::Unsettled(_)) => return Err(W::Error::from_commit(journal::unsettled())),
            Err(JournalError::Trail(fault)) => return Err(W::Error::internal(Cause::new(fault))),
        }
    }
    Err(W::Error::from_commit(CommitError::Conflict))
}

/// Has something read, or done, for the service's own work, and tells what came of it once that is recorded.
///
/// # Errors
/// The errand's own.
pub(crate) async fn errand<E: Errand>(app: &Arc<App>, errand: &E) -> Result<E::Output, E::Error>
where
    App: Serves<E::Service>,
{
    let service: &E::Service = app.service();
    for attempt in 0..ATTEMPTS_MAX {
        pause_before(app, attempt).await;
        let now = app.now();
        let facts = errand.facts(app.view(service, now, true)).await?;
        let (output, writes) = errand.decide(&facts, app.env(service, now))?;
        match publish(app, writes, Vec::new()).await {
            Ok(()) => return Ok(output),
            Err(JournalError::Commit(CommitError::Conflict)) => {}
            Err(JournalError::Commit(fault)) => return Err(E::Error::from_commit(fault)),
            Err(JournalError::Unsettled(_)) => return Err(E::Error::from_commit(journal::unsettled())),
            Err(JournalError::Trail(fault)) => return Err(E::Error::internal(Cause::new(fault))),
        }
    }
    Err(E::Error::from_commit(CommitError::Conflict))
}

/// Where several nodes decide at once, one that lost twice lets the others finish first.
async fn pause_before(app: &App, attempt: usize) {
    if app.store.is_shared() && attempt > 1 {
        let [random]: [u8; 1] = app.rng.array();
        let most = 1_u64 << attempt.min(6);
        tokio::time::sleep(Duration::from_millis(most * u64::from(random) / 255)).await;
    }
}
