//! One service calling another in its caller's name, or in its own.
//!
//! What: an operation of another service, asked for by an operation that is under way: the same parse, facts, checks and
//! decision as a request from outside, with `via` set. The facts of the outer operation hold the prepared call; its
//! decision decides the inner one, merges the write sets and leaves a record of the inner call.
//!
//! Invariants
//! - There is no inner back door: the policies are asked as they would be of a client.
//! - Only the service sets `via`, on a request that was authenticated.
//! - A denied inner call is a fact that the outer decision meets; what the outer operation would refuse itself comes first.
//!
//! Source: KMS Developer Guide, "kms:ViaService"; CloudTrail User Guide, `invokedBy`.

use crate::authorise::{Authorised, Unauthorised, authorise};
use crate::context::{Env, RequestContext, View};
use crate::error::{Cause, ServiceError};
use crate::operation::{Checks, Decision, Operation};
use crate::record::{self, ApiCall, Writer};
use keywright_aws::writer::DocumentWriter as _;
use keywright_aws::{Input as _, JsonWriter, Output as _, ServiceModel};
use keywright_store::WriteSet;
use keywright_types::RequestId;

/// A call that was prepared: its facts are read and the policies are asked.
pub struct InnerCall<Op: Operation> {
    op: Op,
    facts: Op::Facts,
    checks: Checks,
    /// AWS's text of a denial.
    denied: Option<String>,
    request: RequestContext,
    service_model: &'static ServiceModel,
    parameters: String,
}

/// What an inner call came to: its answer, and what is to be written and recorded with the outer one's.
pub struct InnerAnswer<Op: Operation> {
    pub output: Op::Output,
    pub writes: WriteSet,
}

impl<Op: Operation> InnerCall<Op> {
    /// Reads the facts and asks the policies. `request` is the one that [`RequestContext::through`] made, or the caller's
    /// own for an operation that is made of others of its service.
    ///
    /// # Errors
    /// What the operation refuses before its caller's rights are known, and faults of the store. A denial is none: it
    /// comes out of [`InnerCall::decide`].
    pub async fn prepare(
        input: Op::Input,
        service_model: &'static ServiceModel,
        view: View<'_, Op::Service>,
        request: &RequestContext,
    ) -> Result<Self, Op::Error> {
        let mut audit = JsonWriter::default();
        input.write_audit(&mut audit);
        let op = Op::parse(input, view.service)?;
        let facts = op.facts(view, request).await?;
        let checks = op.checks(&facts, request);
        let denied = match authorise(&op, &facts, &checks, view, request).await {
            Ok(_) => None,
            Err(Unauthorised::Denied(message)) => Some(message),
            Err(Unauthorised::Failed(error)) => return Err(error),
        };
        let request = request.clone();
        Ok(Self { op, facts, checks, denied, request, service_model, parameters: text_of(audit) })
    }

    /// Whether the policies allow the call.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.denied.is_none()
    }

    /// # Errors
    /// The denial, if the policies do not allow the call.
    pub fn check(&self) -> Result<(), Op::Error> {
        match &self.denied {
            None => Ok(()),
            Some(message) => Err(Op::Error::denied(message.clone())),
        }
    }

    /// Decides the call. Its record goes with the write set: whoever publishes that publishes it.
    ///
    /// # Errors
    /// The denial, or the operation's own errors.
    pub fn decide(&self, env: Env<'_, Op::Service>) -> Result<InnerAnswer<Op>, Op::Error> {
        self.check()?;
        let allowed = Authorised::allowed(&self.op);
        let (output, mut writes) = match Op::decide(&allowed, &self.facts, env, &self.request)? {
            Decision::Now { output, writes } => (output, writes),
            Decision::After(_) => {
                return Err(Op::Error::internal(Cause::new("an inner call asked for slow work")));
            }
        };
        let mut request = self.request.clone();
        request.event_id = env.event_id();
        request.request_id = RequestId::from_random(env.rng.array());
        let call = ApiCall {
            service: self.service_model,
            operation: Op::MODEL,
            read_only: Op::READ_ONLY,
            parameters: Some(&self.parameters),
        };
        let resources = record::resources(&self.checks);
        let response = Op::RECORDS_ANSWER.then(|| {
            let mut writer = JsonWriter::default();
            if Op::Output::EMPTY {
                writer.begin_structure();
                writer.end_structure();
            } else {
                output.write_audit(&mut writer);
            }
            text_of(writer)
        });
        let writer = Writer { node: env.node, rng: env.rng };
        for record in record::api_call_done(writer, call, &request, &resources, response) {
            writes.audit(record);
        }
        Ok(InnerAnswer { output, writes })
    }

    /// To be called once what was decided is durable and recorded.
    pub fn done(&self, service: &Op::Service) {
        self.op.done(&self.facts, service, &self.request);
    }
}

fn text_of(writer: JsonWriter) -> String {
    String::from_utf8(writer.into_bytes()).expect("a JSON writer writes UTF-8")
}
