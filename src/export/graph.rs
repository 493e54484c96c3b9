//! A graph of ONNX operators under construction: nodes, the constants they take, and what goes in and comes out.
//!
//! Field numbers are those of `onnx.proto` (ONNX 1.12, operator set 17).

use super::protobuf::Message;

/// Types of tensors by their number.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Float = 1,
    Integer = 7,
    Truth = 9,
}

/// A side of a tensor: so many, or as many as there are rows.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Rows,
    Count(usize),
}

/// An attribute of an operator.
pub(super) enum Attribute<'a> {
    Integer(&'a str, i64),
    Integers(&'a str, &'a [i64]),
    Float(&'a str, f32),
}

/// Nodes in the order in which they are computed.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
}

impl Graph {
    /// What is handed in; `about` says what it means.
    pub(super) fn input(&mut self, name: &str, of: Of, sides: &[Side], about: &str) -> String {
        self.inputs.push(value(name, of, sides, about));
        name.into()
    }

    /// What is handed out: an earlier node has that name.
    pub(super) fn output(&mut self, name: &str, of: Of, sides: &[Side], about: &str) {
        self.outputs.push(value(name, of, sides, about));
    }

    /// An operator; its result has a name of its own.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let name = format!("{}.{}", operator.to_lowercase(), self.nodes.len());
        self.named(&name, operator, inputs, attributes)
    }

    /// An operator whose result is called `name`.
    pub(super) fn named(&mut self, name: &str, operator: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let node = inputs.iter().fold(Message::new(), |node, input| node.text(1, input));
        let attributes: Vec<_> = attributes.iter().map(Attribute::message).collect();
        self.nodes.push(node.text(2, name).text(4, operator).messages(5, &attributes));
        name.into()
    }

    /// Weights, or other numbers that are fixed.
    pub(super) fn floats(&mut self, name: &str, sides: &[usize], values: &[f32]) -> String {
        self.constant(name, Of::Float, sides, bytemuck::cast_slice(values))
    }

    /// Fixed whole numbers: shapes, places.
    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.constant(name, Of::Integer, &[values.len()], bytemuck::cast_slice(values))
    }

    /// Fixed answers of yes and no, a row of them.
    pub(super) fn truths(&mut self, name: &str, values: &[bool]) -> String {
        let bytes: Vec<u8> = values.iter().map(|value| u8::from(*value)).collect();
        self.constant(name, Of::Truth, &[1, values.len()], &bytes)
    }

    fn constant(&mut self, name: &str, of: Of, sides: &[usize], bytes: &[u8]) -> String {
        let tensor = sides.iter().fold(Message::new(), |tensor, side| tensor.integer(1, *side as i64));
        self.constants.push(tensor.integer(2, of as i64).text(8, name).bytes(9, bytes));
        name.into()
    }

    /// The whole file, with texts to go beside it under their keys.
    pub(super) fn model(self, about: &str, texts: &[(&str, String)]) -> Vec<u8> {
        /// Version of the file's layout that came with operator set 17.
        const LAYOUT: i64 = 8;
        const OPERATORS: i64 = 17;
        let graph = Message::new()
            .messages(1, &self.nodes)
            .text(2, "gradless")
            .messages(5, &self.constants)
            .messages(11, &self.inputs)
            .messages(12, &self.outputs);
        let texts: Vec<_> = texts.iter().map(|(key, text)| Message::new().text(1, key).text(2, text)).collect();
        Message::new()
            .integer(1, LAYOUT)
            .text(2, "gradless")
            .text(3, env!("CARGO_PKG_VERSION"))
            .text(6, about)
            .message(7, &graph)
            .message(8, &Message::new().text(1, "").integer(2, OPERATORS))
            .messages(14, &texts)
            .into_bytes()
    }
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        // Every attribute says again of which type it is.
        match *self {
            Self::Integer(name, value) => Message::new().text(1, name).integer(3, value).integer(20, 2),
            Self::Integers(name, values) => {
                let message = Message::new().text(1, name);
                values.iter().fold(message, |message, value| message.integer(8, *value)).integer(20, 7)
            }
            Self::Float(name, value) => Message::new().text(1, name).float(2, value).integer(20, 1),
        }
    }
}

/// Name, type and shape of what goes in or comes out.
fn value(name: &str, of: Of, sides: &[Side], about: &str) -> Message {
    let side = |side: &Side| match side {
        Side::Rows => Message::new().text(2, "rows"),
        Side::Count(count) => Message::new().integer(1, *count as i64),
    };
    let sides: Vec<_> = sides.iter().map(side).collect();
    let tensor = Message::new().integer(1, of as i64).message(2, &Message::new().messages(1, &sides));
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor)).text(3, about)
}
