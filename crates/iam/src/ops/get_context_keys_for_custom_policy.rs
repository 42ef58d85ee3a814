//! GetContextKeysForCustomPolicy: the condition keys that given policies speak of.

use crate::error::IamError;
use crate::service::Iam;
use crate::simulation::{Source, input_policies, keys_of};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse, operations};

pub struct GetContextKeysForCustomPolicy {
    policies: Vec<Source>,
}

impl Operation for GetContextKeysForCustomPolicy {
    type Service = Iam;
    type Input = GetContextKeysForCustomPolicyRequest;
    type Output = GetContextKeysForPolicyResponse;
    type Facts = ();
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY;
    const READ_ONLY: bool = true;

    fn parse(input: GetContextKeysForCustomPolicyRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self { policies: input_policies("PolicyInputList", input.policy_input_list)? })
    }

    async fn facts(&self, _view: View<'_, Iam>, _request: &RequestContext) -> Result<(), IamError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:GetContextKeysForCustomPolicy", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        _env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let context_key_names = Some(keys_of(op.policies.iter()));
        Ok(Decision::answer(GetContextKeysForPolicyResponse { context_key_names }))
    }
}
