//! What runs the operations of STS. AssumeRoleWithWebIdentity comes without a signature (door).

use super::Registry;
use keywright_aws::sts;
use keywright_iam::sts as ops;

impl Registry {
    pub(super) fn add_sts(&mut self) {
        let sts = &sts::SERVICE;
        self.serve::<ops::assume_role::AssumeRole>(sts);
        self.serve::<ops::assume_role_with_web_identity::AssumeRoleWithWebIdentity>(sts);
        self.serve::<ops::decode_authorization_message::DecodeAuthorizationMessage>(sts);
        self.serve::<ops::get_access_key_info::GetAccessKeyInfo>(sts);
        self.serve::<ops::get_caller_identity::GetCallerIdentity>(sts);
        self.serve::<ops::get_session_token::GetSessionToken>(sts);
    }
}
