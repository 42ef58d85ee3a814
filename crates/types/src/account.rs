//! Account ids, access key ids and the random ids of requests, events, nodes and stores.

use std::fmt;
use uuid::Uuid;

/// Text that is not the id it should be. It carries the kind, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct InvalidId {
    pub kind: &'static str,
}

/// A 12-digit AWS-style account id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// # Errors
    /// [`InvalidId`] unless `text` is exactly 12 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { kind: "account id (12 digits)" };
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| invalid)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(invalid) }
    }

    /// A random account id whose first digit is not 0, from 11 or more random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 12]) -> Self {
        let mut digits = [0_u8; 12];
        for (digit, byte) in digits.iter_mut().zip(random) {
            *digit = b'0' + byte % 10;
        }
        digits[0] = b'1' + random[0] % 9;
        Self(digits)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("account ids hold ASCII digits only")
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// The public half of an access key pair, such as `AKIA…`: 16 to 128 characters of `[A-Za-z0-9_]`
/// (IAM's accessKeyIdType).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// # Errors
    /// [`InvalidId`] if the length or a character is outside the rule above.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fits =
            (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId { kind: "access key id" }) }
    }

    /// That of a service, which has none.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A version-4 UUID from 16 random bytes.
            #[must_use]
            pub fn from_random(random: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(random).into_uuid())
            }

            /// # Errors
            /// [`InvalidId`] unless `text` is a hyphenated lower-case UUID.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let id = Uuid::try_parse(text).map_err(|_| InvalidId { kind: $kind })?;
                if id.hyphenated().to_string() == text {
                    Ok(Self(id))
                } else {
                    Err(InvalidId { kind: $kind })
                }
            }

            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The text in a buffer of the caller's: every request writes two of these.
            #[must_use]
            pub fn encode<'a>(&self, buffer: &'a mut [u8; 36]) -> &'a str {
                self.0.hyphenated().encode_lower(buffer)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = Uuid::encode_buffer();
                f.write_str(self.0.hyphenated().encode_lower(&mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

random_id!(
    /// Names one request: `x-amzn-RequestId` on the wire, `requestID` in the trail.
    RequestId, "request id");
random_id!(
    /// Names one trail record or one event on the bus; it makes delivery idempotent.
    EventId, "event id");
random_id!(
    /// Names one server process's data folder: its trail, its leases.
    NodeId, "node id");
random_id!(
    /// Names one store for ever; bound into every wrapped key.
    StoreId, "store id");
