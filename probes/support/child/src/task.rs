//! What a child process is for.

/// One kind of child.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The child's first argument; no help names it.
    pub argument: &'static str,
    /// How failures call the child.
    pub name: &'static str,
    /// All that its environment holds, beside what it inherits.
    pub environment: &'static [(&'static str, &'static str)],
    /// The variables that it inherits.
    pub inherited: &'static [&'static str],
    /// No request has more bytes.
    pub max_request_bytes: u64,
    /// No answer has more bytes.
    pub max_answer_bytes: u64,
}
