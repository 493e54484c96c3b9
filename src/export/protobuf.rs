//! Protocol buffers, as far as ONNX needs them: numbers, texts and messages within messages, written field by field.
//!
//! The wire format is a key (field number, kind of value) before every value. A crate would bring a code generator or
//! derive macros for what is one function for each of four kinds of value here.

/// A message under construction.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A whole number: seven bits a byte, the lowest first. A repeated field is one call for each.
    pub(super) fn integer(mut self, field: u32, value: i64) -> Self {
        self.key(field, 0);
        // Negative numbers take ten bytes, as two's complement of 64 bits.
        self.varint(value as u64);
        self
    }

    /// A 32-bit floating-point number.
    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes with their length before them.
    pub(super) fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u32, inner: &Self) -> Self {
        self.bytes(field, &inner.0)
    }

    /// The same field once for each of these messages.
    pub(super) fn messages(self, field: u32, inner: &[Self]) -> Self {
        inner.iter().fold(self, |message, inner| message.message(field, inner))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, mut value: u64) {
        while value > 127 {
            self.0.push((value & 127) as u8 | 128);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_wire_format_says() {
        // The encodings of 150 and "testing" are the examples of the format's own documentation.
        assert_eq!(Message::new().integer(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().text(2, "testing").into_bytes(), [b"\x12\x07".as_slice(), b"testing"].concat());
        let inner = Message::new().integer(1, 150);
        assert_eq!(Message::new().message(3, &inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::new().float(2, 1.0).into_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(Message::new().integer(20, 0).into_bytes(), [0xa0, 0x01, 0]);
        let negative = Message::new().integer(1, -1).into_bytes();
        assert_eq!(negative, [[0x08].as_slice(), &[0xff; 9], &[1]].concat());
    }
}
