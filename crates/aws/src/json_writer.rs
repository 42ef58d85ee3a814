//! Writing of compact JSON: answers (AWS JSON 1.1, REST-JSON), requests, and audit parameters.

use crate::buffer::WipedBuffer;
use crate::writer::{DocumentWriter, ListStyle, MapStyle};
use keywright_types::Timestamp;
use std::io::Write as _;

/// Writes JSON into a buffer of its own, which never leaves a copy of what it held behind: answers carry
/// plaintexts and secret values, so the old block is zeroed whenever the buffer moves.
pub struct JsonWriter {
    out: WipedBuffer,
    /// A value has just ended, so that another one in the same container needs a comma before it.
    after_value: bool,
}

impl Default for JsonWriter {
    fn default() -> Self {
        Self::with_capacity(256)
    }
}

impl JsonWriter {
    /// A writer that holds `capacity` bytes before it must grow.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { out: WipedBuffer::with_capacity(capacity), after_value: false }
    }

    /// The document. The caller answers for wiping it.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.out.take()
    }

    /// What has been written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.out.as_bytes()
    }

    /// An instant as CloudTrail writes it inside request parameters and response elements:
    /// `Apr 12, 2021, 6:58:30 PM`.
    pub fn audit_timestamp(&mut self, value: Timestamp) {
        self.text(&value.cloudtrail_text());
    }

    pub fn null(&mut self) {
        self.before_value();
        self.out.push_all(b"null");
    }

    fn before_value(&mut self) {
        if self.after_value {
            self.out.push_all(b",");
        }
        self.after_value = true;
    }

    fn begin(&mut self, bracket: &[u8]) {
        self.before_value();
        self.out.push_all(bracket);
        self.after_value = false;
    }

    fn end(&mut self, bracket: &[u8]) {
        self.out.push_all(bracket);
        self.after_value = true;
    }

    fn quoted(&mut self, text: &str) {
        serde_json::to_writer(&mut self.out, text)
            .expect("text has a JSON form and a buffer takes any bytes");
    }

    fn named(&mut self, name: &str) {
        self.before_value();
        self.quoted(name);
        self.out.push_all(b":");
        self.after_value = false;
    }
}

impl DocumentWriter for JsonWriter {
    fn begin_structure(&mut self) {
        self.begin(b"{");
    }

    fn name(&mut self, name: &'static str) {
        self.before_value();
        // Names of models are letters and digits: nothing to escape.
        self.out.push_all(b"\"");
        self.out.push_all(name.as_bytes());
        self.out.push_all(b"\":");
        self.after_value = false;
    }

    fn end_structure(&mut self) {
        self.end(b"}");
    }

    fn begin_list(&mut self, _style: ListStyle) {
        self.begin(b"[");
    }

    fn end_list(&mut self) {
        self.end(b"]");
    }

    fn begin_map(&mut self, _style: MapStyle) {
        self.begin(b"{");
    }

    fn key(&mut self, key: &str) {
        self.named(key);
    }

    fn end_map(&mut self) {
        self.end(b"}");
    }

    fn text(&mut self, value: &str) {
        self.before_value();
        self.quoted(value);
    }

    fn integer(&mut self, value: i64) {
        self.before_value();
        write!(self.out, "{value}").expect("a buffer takes any bytes");
    }

    fn double(&mut self, value: f64) {
        self.before_value();
        serde_json::to_writer(&mut self.out, &value).expect("a number has a JSON form");
    }

    fn boolean(&mut self, value: bool) {
        self.before_value();
        self.out.push_all(if value { b"true" } else { b"false" });
    }

    /// Epoch seconds with up to three decimals and no exponent.
    fn timestamp(&mut self, value: Timestamp) {
        self.before_value();
        let millis = value.as_millis();
        let sign = if millis < 0 { "-" } else { "" };
        let (seconds, fraction) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
        let written = if fraction == 0 {
            write!(self.out, "{sign}{seconds}")
        } else {
            let (digits, width) = match fraction {
                f if f % 100 == 0 => (f / 100, 1),
                f if f % 10 == 0 => (f / 10, 2),
                f => (f, 3),
            };
            write!(self.out, "{sign}{seconds}.{digits:0width$}")
        };
        written.expect("a buffer takes any bytes");
    }

    fn blob(&mut self, value: &[u8]) {
        self.before_value();
        self.out.push_all(b"\"");
        self.out.push_base64(value);
        self.out.push_all(b"\"");
    }
}

#[cfg(test)]
mod tests {
    use super::JsonWriter;
    use crate::writer::{DocumentWriter, ListStyle, MapStyle};
    use keywright_types::Timestamp;

    fn written(write: impl FnOnce(&mut JsonWriter)) -> String {
        // A small capacity, so that the buffer grows in every test.
        let mut out = JsonWriter::with_capacity(1);
        write(&mut out);
        String::from_utf8(out.into_bytes()).expect("JSON is UTF-8")
    }

    #[test]
    fn commas_stand_between_values_only() {
        let text = written(|out| {
            out.begin_structure();
            out.name("A");
            out.begin_list(ListStyle { item: "member", flattened: false });
            out.integer(1);
            out.integer(-2);
            out.begin_structure();
            out.end_structure();
            out.end_list();
            out.name("B");
            out.begin_map(MapStyle { key: "key", value: "value", flattened: false });
            out.key("k\"1");
            out.text("v\n");
            out.key("k2");
            out.boolean(true);
            out.end_map();
            out.end_structure();
        });
        assert_eq!(text, r#"{"A":[1,-2,{}],"B":{"k\"1":"v\n","k2":true}}"#);
    }

    #[test]
    fn timestamps_have_up_to_three_decimals() {
        let check = |millis: i64, text: &str| {
            assert_eq!(written(|out| out.timestamp(Timestamp::from_millis(millis))), text);
        };
        check(1_732_359_600_125, "1732359600.125");
        check(1_732_359_600_120, "1732359600.12");
        check(1_732_359_600_100, "1732359600.1");
        check(1_732_359_600_005, "1732359600.005");
        check(1_732_359_600_010, "1732359600.01");
        check(1_732_359_600_000, "1732359600");
        check(-1_500, "-1.5");
        check(0, "0");
    }

    #[test]
    fn blobs_are_padded_base64() {
        // RFC 4648 section 10.
        for (bytes, text) in [("", "\"\""), ("f", "\"Zg==\""), ("fo", "\"Zm8=\""), ("foobar", "\"Zm9vYmFy\"")]
        {
            assert_eq!(written(|out| out.blob(bytes.as_bytes())), text);
        }
    }
}
