//! From a document to test requests.

use probe_contract::Mistake;

use super::report::{Place, Report};
use super::{TestRequest, request};
use crate::document::{Document, Node};
use crate::glue::Fields;

/// What a document asks for.
#[derive(Debug)]
pub struct Read {
    /// The tests in the order of the document, one at least.
    pub requests: Vec<TestRequest>,
    /// What the document holds that is not used, one sentence each.
    pub warnings: Vec<String>,
    /// The place of each request.
    places: Vec<String>,
    /// The `Tags` beside each request.
    tags: Vec<Fields>,
}

/// A request where it stands.
pub(crate) struct Placed {
    pub(crate) request: TestRequest,
    /// `[2].ConnectionInput (line 7)`
    pub(crate) place: String,
    /// The `Tags` that a request to `CreateConnection` has beside its `ConnectionInput`.
    pub(crate) tags: Fields,
}

impl Read {
    /// Each request where it stands.
    pub(crate) fn into_placed(self) -> impl Iterator<Item = Placed> {
        let beside = self.places.into_iter().zip(self.tags);
        let requests = self.requests.into_iter().zip(beside);
        requests.map(|(request, (place, tags))| Placed { request, place, tags })
    }
}

/// Reads what a document asks to test: one of these, or a list of them.
///
/// * a `TestConnectionInput`, a `ConnectionInput`, a `Connection` as Glue returns it;
/// * a request to `TestConnection`, `CreateConnection` or `UpdateConnection`, filled-in skeletons of the AWS CLI included;
/// * the output of `GetConnection` or `GetConnections`;
/// * within a list, the name of a connection.
///
/// `null`, blank names and blank placeholders of a skeleton count as absent.
///
/// # Errors
/// All mistakes of the whole document, in its order. Each names its place as `[2].ConnectionProperties.PORT (line 7)`,
/// and shows keys and never values.
pub fn read(document: &Document) -> Result<Read, Vec<Mistake>> {
    let root = document.root();
    let mut report = Report::default();
    let place = Place::ROOT;
    match &root.node {
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                request::read_element(item, &place.element(index), &mut report);
            }
        }
        Node::Map(_) => request::read(root, &place, &mut report),
        Node::Null | Node::Boolean(_) | Node::Number(_) | Node::String(_) | Node::PlainScalar(_) => {
            report.mistake(&place, root, "expected a connection definition or a list of them");
        }
    }
    if report.mistakes.is_empty() && report.requests.is_empty() {
        report.mistake(&place, root, "expected at least one connection");
    }
    if report.mistakes.is_empty() {
        let Report { requests, places, tags, warnings, mistakes: _ } = report;
        Ok(Read { requests, warnings, places, tags })
    } else {
        Err(report.mistakes)
    }
}
