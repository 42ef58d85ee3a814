//! The shape of every operation: parse → facts → checks → decide.

use crate::authorise::Authorised;
use crate::context::{Env, RequestContext, View};
use crate::error::ServiceError;
use keywright_aws::{Input, OperationModel, Output};
use keywright_policy::{ConditionValue, Document, Grant};
use keywright_store::WriteSet;
use smallvec::SmallVec;
use std::future::Future;
use std::sync::Arc;

/// The resource of a check and what guards it.
#[derive(Debug, Clone)]
pub enum Protected {
    /// A resource with a policy of its own, such as a key, and the rule by which that counts.
    ByPolicy { arn: Arc<str>, policy: Arc<Document>, rule: Rule },
    /// A key of another account that the caller did not name by its ARN, but by a ciphertext or an alias. Who is denied
    /// is answered as if there were none: `known` is the ARN that it would have had then.
    Veiled { arn: Arc<str>, policy: Arc<Document>, known: String },
    /// No such resource, or none that this Region holds; decided on the caller's own rights.
    Absent { arn: String },
    /// An action on no resource in particular (`Resource: "*"`), or on one that has no policy, such as an alias.
    ByIdentity { arn: String },
    /// What a ciphertext stands for that names no resource of this service at all; decided as an action on no resource.
    Unreadable,
}

impl Protected {
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Self::ByPolicy { arn, .. } | Self::Veiled { arn, .. } => arn,
            Self::Absent { arn } | Self::ByIdentity { arn } => arn,
            Self::Unreadable => "*",
        }
    }
}

/// How a resource's policy and the caller's own policies go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A key's, and a role's trust policy: it must name the caller, or its account and a policy of the caller allow too.
    /// A grant stands in for it, where the operation takes grants.
    PolicyFirst,
    /// A grant's end: the grant says who may bring it about (`Operation::granted`). A key policy's Allow of it has no
    /// effect, a Deny has.
    GrantAlone,
    /// The general one: in one account either side is enough.
    Union,
}

/// One question to the policies: may the caller do `action` to this resource?
#[derive(Debug, Clone)]
pub struct Check {
    /// The IAM action, such as `kms:Decrypt`.
    pub action: &'static str,
    pub protected: Protected,
}

/// Nearly every operation has one or two.
pub type Checks = SmallVec<[Check; 2]>;

/// What an operation decided.
pub enum Decision<Op: Operation> {
    /// Its answer, and what must be durable before that leaves.
    Now { output: Op::Output, writes: WriteSet },
    /// Slow work of the processor, such as a private key's, that comes first. It is done off the threads that serve
    /// requests, so that it holds up nobody else's; what it decides cannot be put off again.
    After(SlowWork<Op>),
}

/// What is left to do of a decision; the surroundings are those of the time when it is done.
pub type SlowWork<Op> =
    Box<dyn FnOnce(Env<'_, <Op as Operation>::Service>) -> Result<Done<Op>, <Op as Operation>::Error> + Send>;

/// What slow work came to: an answer, and what must be durable before that leaves.
pub struct Done<Op: Operation> {
    pub output: Op::Output,
    pub writes: WriteSet,
}

/// What `decide` gives.
pub type Decided<Op> = Result<Decision<Op>, <Op as Operation>::Error>;

impl<Op: Operation> Decision<Op> {
    /// An answer that changes nothing.
    pub fn answer(output: Op::Output) -> Self {
        Self::Now { output, writes: WriteSet::default() }
    }

    pub fn write(output: Op::Output, writes: WriteSet) -> Self {
        Self::Now { output, writes }
    }

    /// An answer that changes nothing and takes the processor some time.
    pub fn answer_after(
        work: impl FnOnce(Env<'_, Op::Service>) -> Result<Op::Output, Op::Error> + Send + 'static,
    ) -> Self {
        Self::After(Box::new(move |env| work(env).map(|output| Done { output, writes: WriteSet::default() })))
    }
}

/// One operation of one service. The pipeline does everything else: see ARCHITECTURE.md.
pub trait Operation: Sized + Send + Sync + 'static {
    type Service: Send + Sync + 'static;
    type Input: Input;
    type Output: Output;
    type Facts: Send + Sync;
    type Error: ServiceError;

    /// The operation's row in the generated model.
    const MODEL: &'static OperationModel;
    /// CloudTrail's `readOnly`: nothing changes that a later request could see.
    const READ_ONLY: bool;
    /// Whether the trail shows the answer's allowed members (CloudTrail's `responseElements`).
    const RECORDS_ANSWER: bool = !Self::READ_ONLY;
    /// Whether callers of other accounts may be let in by a resource's policy. For an operation without this no policy
    /// can (KMS Developer Guide, "AWS KMS permissions", the column of cross-account use).
    const CROSS_ACCOUNT: bool = false;

    /// From the wire's shape to the domain's, without IO.
    ///
    /// # Errors
    /// What the shape's constraints cannot say, such as a name that is no key.
    fn parse(input: Self::Input, service: &Self::Service) -> Result<Self, Self::Error>;

    /// Reads what must be known, from caches or the store. Must tell absence as a fact, not as an
    /// error: whether the caller may know of it is decided afterwards.
    fn facts(
        &self,
        view: View<'_, Self::Service>,
        request: &RequestContext,
    ) -> impl Future<Output = Result<Self::Facts, Self::Error>> + Send;

    /// Every (action, resource) that the caller must be allowed.
    fn checks(&self, facts: &Self::Facts, request: &RequestContext) -> Checks;

    /// The service's own condition keys of this request, such as `kms:EncryptionContext:app`; asked for
    /// only when a policy names one.
    fn condition<'a>(&'a self, facts: &'a Self::Facts, check: &'a Check, key: &str) -> ConditionValue<'a> {
        let _ = (facts, check, key);
        ConditionValue::Absent
    }

    /// Whether a grant allows a check that no policy allows. Asked only then.
    fn granted(
        &self,
        facts: &Self::Facts,
        check: &Check,
        view: View<'_, Self::Service>,
        request: &RequestContext,
    ) -> impl Future<Output = Result<Grant, Self::Error>> + Send {
        let _ = (facts, check, view, request);
        async { Ok(Grant::None) }
    }

    /// Decides, without reading or writing anything.
    ///
    /// # Errors
    /// The operation's own, by AWS's codes.
    fn decide(
        op: &Authorised<'_, Self>,
        facts: &Self::Facts,
        env: Env<'_, Self::Service>,
        request: &RequestContext,
    ) -> Decided<Self>;

    /// Called once the decision is durable and recorded: for observations, such as a key's last use.
    fn done(&self, facts: &Self::Facts, service: &Self::Service, request: &RequestContext) {
        let _ = (facts, service, request);
    }
}

/// Work of the service itself, such as rotating one key that is due. It has the same shape as an
/// operation, without a caller.
pub trait Work: Send + Sync {
    type Service: Send + Sync + 'static;
    type Facts: Send + Sync;
    type Error: ServiceError;

    fn facts(
        &self,
        view: View<'_, Self::Service>,
    ) -> impl Future<Output = Result<Self::Facts, Self::Error>> + Send;

    /// `None` when there is nothing (left) to do.
    ///
    /// # Errors
    /// What keeps the work from being done; it is tried again later.
    fn decide(
        &self,
        facts: &Self::Facts,
        env: Env<'_, Self::Service>,
    ) -> Result<Option<WriteSet>, Self::Error>;
}

/// Work of the service itself of which something is told to whoever has it done: reading the values that a rotation's step
/// is to be done with, for one. What it read is recorded, or written, before it is told.
pub trait Errand: Send + Sync {
    type Service: Send + Sync + 'static;
    type Facts: Send + Sync;
    type Output: Send;
    type Error: ServiceError;

    fn facts(
        &self,
        view: View<'_, Self::Service>,
    ) -> impl Future<Output = Result<Self::Facts, Self::Error>> + Send;

    /// # Errors
    /// What keeps it from being done.
    fn decide(
        &self,
        facts: &Self::Facts,
        env: Env<'_, Self::Service>,
    ) -> Result<(Self::Output, WriteSet), Self::Error>;
}
