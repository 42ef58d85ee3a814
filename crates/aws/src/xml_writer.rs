//! Writing of XML answers (the query protocol).

use crate::buffer::WipedBuffer;
use crate::writer::{DocumentWriter, ListStyle, MapStyle};
use keywright_types::Timestamp;

/// What the writer stands in.
enum Frame {
    /// The root, or a structure; the name of the next member once it is known. `element` is what is closed
    /// at its end (`None` for the root, whose element the envelope writes).
    Structure {
        element: Option<&'static str>,
        next: Option<&'static str>,
    },
    List {
        wrapper: Option<&'static str>,
        item: &'static str,
    },
    Map {
        wrapper: Option<&'static str>,
        entry: &'static str,
        style: MapStyle,
    },
}

/// Writes the content of an XML element. The root structure writes its members only: the element around
/// them belongs to the protocol's envelope.
pub struct XmlWriter {
    out: WipedBuffer,
    frames: Vec<Frame>,
}

impl Default for XmlWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl XmlWriter {
    #[must_use]
    pub fn new() -> Self {
        Self { out: WipedBuffer::with_capacity(512), frames: Vec::new() }
    }

    /// The document so far. The caller answers for wiping it.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.out.take()
    }

    /// `<name>` or, with attributes, `<name attributes>`.
    pub(crate) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push_all(b"<");
        self.out.push_all(name.as_bytes());
        for (attribute, value) in attributes {
            self.out.push_all(b" ");
            self.out.push_all(attribute.as_bytes());
            self.out.push_all(b"=\"");
            escape(value, &mut self.out);
            self.out.push_all(b"\"");
        }
        self.out.push_all(b">");
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.out.push_all(b"</");
        self.out.push_all(name.as_bytes());
        self.out.push_all(b">");
    }

    /// `<name>text</name>`.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        escape(text, &mut self.out);
        self.close(name);
    }

    /// The element's name of the value that comes next; `None` at the root.
    fn value_name(&mut self) -> Option<&'static str> {
        match self.frames.last_mut() {
            None => None,
            Some(Frame::Structure { next, .. }) => {
                Some(next.take().expect("generated code names every member before its value"))
            }
            Some(Frame::List { item, .. }) => Some(item),
            Some(Frame::Map { style, .. }) => Some(style.value),
        }
    }

    /// Closes a map's entry: its value has just been written.
    fn after_value(&mut self) {
        if let Some(Frame::Map { entry, .. }) = self.frames.last() {
            let entry = *entry;
            self.close(entry);
        }
    }

    fn scalar(&mut self, text: &str) {
        match self.value_name() {
            Some(name) => self.element(name, text),
            None => escape(text, &mut self.out),
        }
        self.after_value();
    }
}

/// Escapes text for content and attributes. Characters that XML 1.0 cannot hold at all (W3C XML 1.0,
/// section 2.2) become U+FFFD: a value that an operator stored must not make an answer unreadable.
fn escape(text: &str, out: &mut WipedBuffer) {
    let mut encoded = [0; 4];
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\r' => "&#xD;",
            '\n' | '\t' => c.encode_utf8(&mut encoded),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            c => c.encode_utf8(&mut encoded),
        };
        out.push_all(piece.as_bytes());
    }
}

impl DocumentWriter for XmlWriter {
    fn begin_structure(&mut self) {
        let element = self.value_name();
        if let Some(name) = element {
            self.open(name, &[]);
        }
        self.frames.push(Frame::Structure { element, next: None });
    }

    fn name(&mut self, name: &'static str) {
        if let Some(Frame::Structure { next, .. }) = self.frames.last_mut() {
            *next = Some(name);
        }
    }

    fn end_structure(&mut self) {
        if let Some(Frame::Structure { element: Some(name), .. }) = self.frames.pop() {
            self.close(name);
        }
        self.after_value();
    }

    fn begin_list(&mut self, style: ListStyle) {
        let name = self.value_name();
        let frame = match (name, style.flattened) {
            (Some(name), true) => Frame::List { wrapper: None, item: name },
            (name, _) => {
                if let Some(name) = name {
                    self.open(name, &[]);
                }
                Frame::List { wrapper: name, item: style.item }
            }
        };
        self.frames.push(frame);
    }

    fn end_list(&mut self) {
        if let Some(Frame::List { wrapper: Some(name), .. }) = self.frames.pop() {
            self.close(name);
        }
        self.after_value();
    }

    fn begin_map(&mut self, style: MapStyle) {
        let name = self.value_name();
        let frame = match (name, style.flattened) {
            (Some(name), true) => Frame::Map { wrapper: None, entry: name, style },
            (name, _) => {
                if let Some(name) = name {
                    self.open(name, &[]);
                }
                Frame::Map { wrapper: name, entry: "entry", style }
            }
        };
        self.frames.push(frame);
    }

    fn key(&mut self, key: &str) {
        if let Some(Frame::Map { entry, style, .. }) = self.frames.last() {
            let (entry, name) = (*entry, style.key);
            self.open(entry, &[]);
            self.element(name, key);
        }
    }

    fn end_map(&mut self) {
        if let Some(Frame::Map { wrapper: Some(name), .. }) = self.frames.pop() {
            self.close(name);
        }
        self.after_value();
    }

    fn text(&mut self, value: &str) {
        self.scalar(value);
    }

    fn integer(&mut self, value: i64) {
        self.scalar(&value.to_string());
    }

    fn double(&mut self, value: f64) {
        self.scalar(&value.to_string());
    }

    fn boolean(&mut self, value: bool) {
        self.scalar(if value { "true" } else { "false" });
    }

    /// ISO 8601 in UTC, as IAM and STS write it; milliseconds only where there are some.
    fn timestamp(&mut self, value: Timestamp) {
        if value.as_millis().rem_euclid(1000) == 0 {
            self.scalar(&value.rfc3339());
        } else {
            self.scalar(&value.rfc3339_millis());
        }
    }

    fn blob(&mut self, value: &[u8]) {
        let name = self.value_name();
        if let Some(name) = name {
            self.open(name, &[]);
        }
        self.out.push_base64(value);
        if let Some(name) = name {
            self.close(name);
        }
        self.after_value();
    }
}

#[cfg(test)]
mod tests {
    use super::XmlWriter;
    use crate::writer::{DocumentWriter, ListStyle, MapStyle};
    use keywright_types::Timestamp;

    fn written(write: impl FnOnce(&mut XmlWriter)) -> String {
        let mut out = XmlWriter::new();
        write(&mut out);
        String::from_utf8(out.into_bytes()).expect("XML is UTF-8")
    }

    #[test]
    fn lists_and_maps_have_their_elements() {
        let text = written(|out| {
            out.begin_structure();
            out.name("Names");
            out.begin_list(ListStyle { item: "member", flattened: false });
            out.text("a&b");
            out.begin_structure();
            out.name("X");
            out.integer(1);
            out.end_structure();
            out.end_list();
            out.name("Flat");
            out.begin_list(ListStyle { item: "member", flattened: true });
            out.boolean(true);
            out.boolean(false);
            out.end_list();
            out.name("Summary");
            out.begin_map(MapStyle { key: "key", value: "value", flattened: false });
            out.key("Users");
            out.integer(27);
            out.key("Groups");
            out.integer(3);
            out.end_map();
            out.end_structure();
        });
        assert_eq!(
            text,
            "<Names><member>a&amp;b</member><member><X>1</X></member></Names><Flat>true</Flat><Flat>false</Flat>\
             <Summary><entry><key>Users</key><value>27</value></entry>\
             <entry><key>Groups</key><value>3</value></entry></Summary>"
        );
    }

    #[test]
    fn text_is_escaped() {
        let text = written(|out| {
            out.begin_structure();
            out.name("T");
            out.text("<\"&'>\r\n\t\u{0}\u{1b}é");
            out.end_structure();
        });
        assert_eq!(text, "<T>&lt;&quot;&amp;'&gt;&#xD;\n\t\u{fffd}\u{fffd}é</T>");
    }

    #[test]
    fn instants_are_iso_8601() {
        let text = written(|out| {
            out.begin_structure();
            out.name("T");
            out.timestamp(Timestamp::from_seconds(1_618_253_910));
            out.name("U");
            out.timestamp(Timestamp::from_millis(1_618_253_910_125));
            out.name("B");
            out.blob(b"foobar");
            out.end_structure();
        });
        assert_eq!(text, "<T>2021-04-12T18:58:30Z</T><U>2021-04-12T18:58:30.125Z</U><B>Zm9vYmFy</B>");
    }
}
