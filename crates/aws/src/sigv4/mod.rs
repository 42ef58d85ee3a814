//! AWS Signature Version 4: what a request presents, whether it holds, and signing for our own calls.
//!
//! A request is taken apart by [`Presented::parse`] before its body is read; [`Presented::check_time`] and
//! [`Presented::verify`] say whether it may be believed. The `Authorization` header and the query string
//! (a presigned URL) are the two ways to present a signature; never both.
//!
//! Invariants
//! - Nothing of a request is believed that its signature does not cover: `host`, every `x-amz-*` header,
//!   the query and the whole body.
//! - Signatures are compared in constant time, and neither the computed one nor what it was computed from
//!   appears in an error or a log.
//!
//! Source: IAM User Guide, "Create a signed AWS API request" and "Elements of an AWS API request signature".

mod canonical;
mod failure;
mod presented;
mod scope;
mod sign;
mod signing_key;

pub use failure::{AuthAnswer, AuthFailure};
pub use presented::{Presented, QUERY_PARAMETERS};
pub use sign::{SigningCredentials, Unsignable, presign, sign};
pub use signing_key::{SigningKey, SigningKeys};

/// The one algorithm. The asymmetric SigV4A and the streaming forms are not offered.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The end of every credential scope.
const TERMINATOR: &str = "aws4_request";
