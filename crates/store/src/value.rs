//! Column values and their typed forms.

use crate::StoreError;
use keywright_types::{
    AccessKeyId, AccountId, AliasName, EventId, KeyId, MaterialId, NodeId, Region, RequestId, StoreId, Tags,
    Timestamp, UniqueId,
};
use serde_json::json;

/// One column's content, in the types that both engines have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    /// As JSON, for change rows and messages; bytes are an object, so that they cannot be taken for text.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Int(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Blob(blob) => {
                let digits: String = blob.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({ "bytes": digits })
            }
        }
    }

    pub(crate) fn from_json(value: serde_json::Value) -> Option<Self> {
        Some(match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Number(number) => Self::Int(number.as_i64()?),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Object(object) => {
                let digits = object.get("bytes")?.as_str()?;
                let byte = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
                Self::Blob((0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?)
            }
            serde_json::Value::Bool(_) | serde_json::Value::Array(_) => return None,
        })
    }

    /// The bytes that a row's MAC covers: a kind byte, then the content.
    pub(crate) fn mac_bytes(&self) -> Vec<u8> {
        match self {
            Self::Null => vec![0],
            Self::Int(number) => {
                let mut bytes = vec![1];
                bytes.extend_from_slice(&number.to_be_bytes());
                bytes
            }
            Self::Text(text) => {
                let mut bytes = Vec::with_capacity(text.len() + 1);
                bytes.push(2);
                bytes.extend_from_slice(text.as_bytes());
                bytes
            }
            Self::Blob(blob) => {
                let mut bytes = Vec::with_capacity(blob.len() + 1);
                bytes.push(3);
                bytes.extend_from_slice(blob);
                bytes
            }
        }
    }
}

/// One result row, taken apart column by column from the left.
#[derive(Debug)]
pub struct Record {
    table: &'static str,
    values: std::vec::IntoIter<Value>,
    column: usize,
}

impl Record {
    pub(crate) fn new(table: &'static str, values: Vec<Value>) -> Self {
        Self { table, values: values.into_iter(), column: 0 }
    }

    /// The next column as `T`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is absent or not a `T`.
    pub fn take<T: Column>(&mut self) -> Result<T, StoreError> {
        let column = self.column;
        self.column += 1;
        self.values.next().and_then(T::from_value).ok_or(StoreError::Corrupt {
            table: self.table,
            column,
            wanted: std::any::type_name::<T>(),
        })
    }
}

/// A type that a column can hold.
pub trait Column: Sized {
    fn to_value(&self) -> Value;
    fn from_value(value: Value) -> Option<Self>;
}

impl Column for i64 {
    fn to_value(&self) -> Value {
        Value::Int(*self)
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            Value::Null | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

impl Column for u32 {
    fn to_value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl Column for u64 {
    fn to_value(&self) -> Value {
        Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
    }
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl Column for bool {
    fn to_value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::Int(_) | Value::Null | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

impl Column for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Int(_) | Value::Blob(_) => None,
        }
    }
}

impl Column for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Blob(self.clone())
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Blob(blob) => Some(blob),
            Value::Null | Value::Int(_) | Value::Text(_) => None,
        }
    }
}

impl<const N: usize> Column for [u8; N] {
    fn to_value(&self) -> Value {
        Value::Blob(self.to_vec())
    }
    fn from_value(value: Value) -> Option<Self> {
        Vec::<u8>::from_value(value).and_then(|blob| blob.try_into().ok())
    }
}

impl<T: Column> Column for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn from_value(value: Value) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl Column for Timestamp {
    fn to_value(&self) -> Value {
        Value::Int(self.as_millis())
    }
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl Column for Region {
    fn to_value(&self) -> Value {
        Value::Text(self.as_str().to_owned())
    }
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).map(|name| Self::from_store(&name))
    }
}

impl Column for AliasName {
    fn to_value(&self) -> Value {
        Value::Text(self.as_str().to_owned())
    }
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).and_then(|name| Self::parse(&name))
    }
}

impl Column for Tags {
    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("a map of strings always serialises"))
    }
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).and_then(|text| serde_json::from_str(&text).ok())
    }
}

macro_rules! text_columns {
    ($($name:ty),*) => {$(
        impl Column for $name {
            fn to_value(&self) -> Value {
                Value::Text(self.to_string())
            }
            fn from_value(value: Value) -> Option<Self> {
                String::from_value(value).and_then(|text| Self::parse(&text).ok())
            }
        }
    )*};
}
text_columns!(AccountId, AccessKeyId, KeyId, MaterialId, EventId, RequestId, NodeId, StoreId, UniqueId);
