//! How much a document may hold.

/// How many nodes a document may have, and what is said of one that has more.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) nodes: usize,
    pub(super) message: &'static str,
}

/// Room for some 30,000 definitions.
pub(super) const FILE_BOUND: Bound =
    Bound { nodes: 1_000_000, message: "there are more than 1,000,000 values: split the file" };
/// No operation takes a tenth of it; each node costs many times the bytes that it is written in.
pub(super) const REQUEST_BOUND: Bound =
    Bound { nodes: 10_000, message: "there are more than 10,000 values in it" };
