//! YAML by `saphyr-parser`'s events: first all of them, then the tree, with every alias replayed from its anchor.

use std::collections::HashMap;

use probe_contract::Secret;
use saphyr_parser::{Event as YamlEvent, Parser, ScalarStyle, ScanError, Span, Tag};

use super::bound::FILE_BOUND;
use super::error::DocumentError;
use super::node::{Item, Node};
use super::scalar::{Bare, bare};

/// How deep lists and maps may be nested, aliases included. It bounds the recursion.
const DEEPEST: usize = 64;

/// What aliases may mean: with nine of them in nine lines a text of 200 bytes stands for a billion words.
const MAX_ALIAS_NODES: usize = 100_000;
const MAX_ALIAS_BYTES: usize = 32 * 1024 * 1024;

const TOO_DEEP: &str = "lists and maps are nested too deep, more than 64 levels";

/// Reads all YAML documents of `text`: one is the root itself, several are a list.
///
/// # Errors
/// Where the text isn't YAML, or asks for more than is read here.
pub(super) fn parse(text: &str) -> Result<Item, DocumentError> {
    let stream = Stream::read(text)?;
    let mut builder =
        Builder { parts: &stream.parts, open: Vec::new(), aliases: Vec::new(), nodes: 0, bytes: 0 };
    let mut documents = Vec::new();
    for start in &stream.documents {
        let item = builder.item(&mut start.clone())?;
        // `---` at the end, or twice in a row.
        if !matches!(item.node, Node::Null) {
            documents.push(item);
        }
    }
    match documents.pop() {
        None => Err(DocumentError::Empty),
        Some(only) if documents.is_empty() => Ok(only),
        Some(last) => {
            documents.push(last);
            Ok(Item { node: Node::List(documents), line: 1 })
        }
    }
}

/// The events of a text that matter here.
#[derive(Default)]
struct Stream {
    parts: Vec<Part>,
    /// Where each document begins.
    documents: Vec<usize>,
}

struct Part {
    kind: Kind,
    place: Place,
}

#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

enum Kind {
    Null,
    Text(Secret),
    /// `<<`, the one text that means something else as a key.
    Merge,
    /// A bare scalar that not every reader takes for a string.
    Other(Secret),
    List,
    Map,
    /// The end of a list or map.
    End,
    /// What begins there, once more.
    Alias(usize),
}

impl Place {
    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }

    fn refuse(self, reason: &'static str) -> DocumentError {
        DocumentError::malformed(self.line, self.column, reason)
    }
}

impl Stream {
    fn read(text: &str) -> Result<Self, DocumentError> {
        let mut stream = Self::default();
        let mut anchors = HashMap::new();
        let mut depth = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| explain(text, &error))?;
            let place = Place::of(&span);
            let (kind, anchor) = match event {
                YamlEvent::Nothing
                | YamlEvent::StreamStart
                | YamlEvent::StreamEnd
                | YamlEvent::DocumentEnd => continue,
                YamlEvent::DocumentStart(_) => {
                    stream.documents.push(stream.parts.len());
                    continue;
                }
                YamlEvent::Alias(anchor) => {
                    let start = anchors.get(&anchor).ok_or_else(|| place.refuse(UNKNOWN_ANCHOR))?;
                    (Kind::Alias(*start), 0)
                }
                YamlEvent::Scalar(text, style, anchor, tag) => {
                    let is_text = says_text(tag.as_deref(), place)? || style != ScalarStyle::Plain;
                    let kind = match bare(&text) {
                        Bare::Null if !is_text => Kind::Null,
                        Bare::Other if !is_text => Kind::Other(Secret::new(text.into_owned())),
                        Bare::Text if !is_text && text == "<<" => Kind::Merge,
                        Bare::Null | Bare::Other | Bare::Text => Kind::Text(Secret::new(text.into_owned())),
                    };
                    (kind, anchor)
                }
                YamlEvent::SequenceStart(anchor, tag) => {
                    (Kind::List, collection(anchor, tag.as_deref(), place)?)
                }
                YamlEvent::MappingStart(anchor, tag) => {
                    (Kind::Map, collection(anchor, tag.as_deref(), place)?)
                }
                YamlEvent::SequenceEnd | YamlEvent::MappingEnd => (Kind::End, 0),
            };
            match kind {
                Kind::List | Kind::Map => depth += 1,
                Kind::End => depth -= 1,
                Kind::Null | Kind::Text(_) | Kind::Merge | Kind::Other(_) | Kind::Alias(_) => (),
            }
            if depth > DEEPEST {
                return Err(place.refuse(TOO_DEEP));
            }
            if stream.parts.len() == FILE_BOUND.nodes {
                return Err(place.refuse(FILE_BOUND.message));
            }
            if anchor != 0 {
                anchors.insert(anchor, stream.parts.len());
            }
            stream.parts.push(Part { kind, place });
        }
        Ok(stream)
    }
}

/// Whether a tag says that a scalar is a text. No other tag is known.
fn says_text(tag: Option<&Tag>, place: Place) -> Result<bool, DocumentError> {
    let Some(tag) = tag else {
        return Ok(false);
    };
    if format!("{}{}", tag.handle, tag.suffix) == "tag:yaml.org,2002:str" {
        Ok(true)
    } else {
        Err(place.refuse(TAGGED))
    }
}

fn collection(anchor: usize, tag: Option<&Tag>, place: Place) -> Result<usize, DocumentError> {
    if tag.is_some() { Err(place.refuse(TAGGED)) } else { Ok(anchor) }
}

const TAGGED: &str = "the only YAML tag here is !!str: remove the tag";
const UNKNOWN_ANCHOR: &str = "the alias names no anchor before it: a text that begins with * is quoted";

/// Makes the tree.
struct Builder<'a> {
    parts: &'a [Part],
    /// Where the lists and maps begin that are being made, outermost first.
    open: Vec<usize>,
    /// Where the aliases stand that are being replayed, one in the other.
    aliases: Vec<Place>,
    /// What all aliases mean.
    nodes: usize,
    bytes: usize,
}

impl Builder<'_> {
    /// The node that begins at `at`, which is moved behind it.
    fn item(&mut self, at: &mut usize) -> Result<Item, DocumentError> {
        let start = *at;
        // A document without content has no part at all.
        let Some(Part { kind, place }) = self.parts.get(start) else {
            return Ok(Item { node: Node::Null, line: 1 });
        };
        *at += 1;
        self.count(kind, *place)?;
        let node = match kind {
            Kind::Null | Kind::End => Node::Null,
            Kind::Other(text) => Node::PlainScalar(text.clone()),
            Kind::Merge => Node::String(Secret::new("<<".to_owned())),
            Kind::Text(text) => Node::String(text.clone()),
            Kind::List => {
                self.enter(start, *place)?;
                let mut items = Vec::new();
                while !self.ends(at) {
                    items.push(self.item(at)?);
                }
                self.open.pop();
                Node::List(items)
            }
            Kind::Map => {
                self.enter(start, *place)?;
                let mut members = Vec::new();
                while !self.ends(at) {
                    let key = self.key(at)?;
                    members.push((key, self.item(at)?));
                }
                self.open.pop();
                Node::Map(members)
            }
            Kind::Alias(anchor) => {
                if self.open.contains(anchor) {
                    return Err(place.refuse("the alias is inside the value that it refers to"));
                }
                self.aliases.push(*place);
                let item = self.item(&mut anchor.clone())?;
                self.aliases.pop();
                return Ok(item);
            }
        };
        Ok(Item { node, line: u32::try_from(place.line).unwrap_or(u32::MAX) })
    }

    fn key(&mut self, at: &mut usize) -> Result<String, DocumentError> {
        let Some(Part { kind, place }) = self.parts.get(*at) else {
            return Ok(String::new());
        };
        *at += 1;
        let text = match kind {
            Kind::Alias(anchor) => self.parts.get(*anchor).map(|part| &part.kind),
            Kind::Null
            | Kind::Text(_)
            | Kind::Merge
            | Kind::Other(_)
            | Kind::List
            | Kind::Map
            | Kind::End => Some(kind),
        };
        if let Some(text) = text {
            let aliases = self.aliases.len();
            self.aliases.extend(matches!(kind, Kind::Alias(_)).then_some(*place));
            self.count(text, *place)?;
            self.aliases.truncate(aliases);
        }
        match text {
            Some(Kind::Text(text)) => Ok(text.expose().to_owned()),
            Some(Kind::Merge) => Err(place.refuse("merge keys are not supported: write the members out")),
            Some(Kind::Null | Kind::Other(_)) => {
                Err(place.refuse("expected a key that is a string: quote it"))
            }
            Some(Kind::List | Kind::Map | Kind::End | Kind::Alias(_)) | None => {
                Err(place
                    .refuse("expected a key that is a string: a value that begins with a bracket is quoted"))
            }
        }
    }

    /// Whether the list or map ends here; its end is ignored.
    fn ends(&self, at: &mut usize) -> bool {
        let ends = self.parts.get(*at).is_none_or(|part| matches!(part.kind, Kind::End));
        *at += usize::from(ends);
        ends
    }

    fn enter(&mut self, start: usize, place: Place) -> Result<(), DocumentError> {
        self.open.push(start);
        if self.open.len() > DEEPEST { Err(self.cause(place).refuse(TOO_DEEP)) } else { Ok(()) }
    }

    /// The alias of the text itself that leads to `place`, if one does.
    fn cause(&self, place: Place) -> Place {
        self.aliases.first().copied().unwrap_or(place)
    }

    fn count(&mut self, kind: &Kind, place: Place) -> Result<(), DocumentError> {
        if !self.aliases.is_empty() {
            self.nodes += 1;
            if let Kind::Text(text) | Kind::Other(text) = kind {
                self.bytes += text.expose().len();
            }
        }
        if self.nodes > MAX_ALIAS_NODES || self.bytes > MAX_ALIAS_BYTES {
            return Err(self.cause(place).refuse("the aliases expand to more than 100,000 values or 32 MiB"));
        }
        Ok(())
    }
}

/// What `saphyr-parser` says, in words of our own: what to do is often another thing than what it met.
fn explain(text: &str, error: &ScanError) -> DocumentError {
    const ESCAPE: &str =
        r"there is no such escape: in double quotes a backslash is written \\, in single quotes as it is";
    // PyYAML is more lenient here.
    const BETWEEN: &str =
        "between brackets every line is indented deeper than the key before them, the closing one too";
    const INDENTED: &str = "this line is not indented like those it belongs to";
    const QUOTED: &str = "the quoted text that begins here has no end, or goes on with less indentation";
    // In order: the first one that the message holds counts.
    const PHRASES: [(&str, &str); 30] = [
        ("recursion limit exceeded", TOO_DEEP),
        ("byte order mark", "there is a byte order mark in the middle of the file"),
        ("unknown anchor", UNKNOWN_ANCHOR),
        ("an anchor or alias", "expected the name of an anchor: a text that begins with & or * is quoted"),
        ("unexpected character", "a bare text can't begin with @, ` or %: quote it"),
        (
            "mapping values are not allowed",
            "a colon is not allowed here: quote the value, or check the indentation",
        ),
        ("placement of ':'", "a colon is not allowed here: is a bracket before it not closed?"),
        ("expected ',' or '}'", "expected a comma or the end of the map"),
        ("expected ',' or ']'", "expected a comma or the end of the list"),
        ("indentation in quoted scalar", QUOTED),
        ("indentation in flow", BETWEEN),
        ("unexpected end of stream", QUOTED),
        ("unexpected document indicator", QUOTED),
        ("wrongly indented", INDENTED),
        ("trailing content after", "expected nothing more behind the quoted text"),
        ("unknown escape character", ESCAPE),
        ("expected hexadecimal number", ESCAPE),
        ("character escape code", ESCAPE),
        ("misplaced bracket", "a bracket is not allowed here: quote the value"),
        ("expected node content", "expected a value: one that begins with a comma or bracket is quoted"),
        ("block sequence entries", "a list can't begin on this line: put it on the next one"),
        ("simple key expect", "expected a colon and a space after the key"),
        ("comment intercepting", "a comment is not allowed in the middle of a text"),
        ("expected key", INDENTED),
        ("expected '-' indicator", INDENTED),
        ("indentation for anchor", INDENTED),
        ("indentation", BETWEEN),
        ("expected <document start>", INDENTED),
        ("tag", TAGGED),
        ("handle", TAGGED),
    ];
    let (line, column) = (error.marker().line(), error.marker().col() + 1);
    let message = error.info();
    if message.contains(" tab") || message.starts_with("tab") {
        let (line, column) = tab(text, line).unwrap_or((line, column));
        return DocumentError::malformed(line, column, "a tab is not allowed here: indent with spaces");
    }
    let reason = PHRASES.iter().find(|(part, _)| message.contains(part)).map(|(_, phrase)| *phrase);
    let reason = reason.unwrap_or("this is not valid YAML");
    let last = text.lines().count();
    if line <= last {
        return DocumentError::malformed(line, column, reason);
    }
    // The end of the text counts to the last line.
    let column = text.lines().next_back().map_or(0, |line| line.chars().count()) + 1;
    let is_open = message.contains("flow") || message.contains("expected node content");
    DocumentError::malformed(
        last,
        column,
        if is_open { "the file ends in the middle of a list or map" } else { reason },
    )
}

/// The first tab of an indentation, from `line` on.
fn tab(text: &str, line: usize) -> Option<(usize, usize)> {
    (1..).zip(text.lines()).skip(line.saturating_sub(1)).find_map(|(line, text)| {
        let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
        text[..indentation].find('\t').map(|tab| (line, tab + 1))
    })
}
