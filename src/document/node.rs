//! What a document consists of.

use probe_contract::Secret;

/// A node and its line.
#[derive(Debug)]
pub struct Item {
    /// The node.
    pub node: Node,
    /// The line that the node begins on, from 1. What a YAML alias stands for keeps the line of its anchor.
    pub line: u32,
}

/// A value of a document. Every text in it may be a secret.
#[derive(Debug)]
pub enum Node {
    /// `null`; in YAML `~` and nothing at all too.
    Null,
    /// A boolean of JSON.
    Boolean(bool),
    /// A number of JSON.
    Number(serde_json::Number),
    /// A text.
    String(Secret),
    /// A bare YAML scalar that YAML 1.1 or 1.2 reads as a number or a boolean. It has to be quoted to be a text.
    PlainScalar(Secret),
    /// A list.
    List(Vec<Item>),
    /// A map in the order of the document, keys that are given twice included.
    Map(Vec<(String, Item)>),
}
