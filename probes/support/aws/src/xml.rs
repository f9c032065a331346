//! The XML that services of AWS's Query protocol answer with.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// No answer that is read here is deeper.
const DEEPEST: usize = 32;

/// A document as the texts of its elements, each under its path: `ErrorResponse/Error/Code`. Namespaces and attributes are
/// left out; the services' answers say nothing by them.
pub(crate) struct Document(Vec<(String, String)>);

impl Document {
    /// Reads a whole document. There is none where a tag is left open, an entity is not predefined, or a DTD is in it.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_reader(bytes);
        // Of each element that is open: how long its parent's path is, and its text so far.
        let mut open: Vec<(usize, String)> = Vec::new();
        let mut texts = Vec::new();
        let mut path = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    if open.len() == DEEPEST || (open.is_empty() && !texts.is_empty()) {
                        return None;
                    }
                    open.push((path.len(), String::new()));
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(std::str::from_utf8(tag.local_name().as_ref()).ok()?);
                }
                Event::End(_) => {
                    let (parent, text) = open.pop()?;
                    texts.push((path.clone(), text));
                    path.truncate(parent);
                }
                Event::Text(text) => append(&mut open, &text.xml10_content().ok()?)?,
                Event::CData(text) => append(&mut open, &text.xml10_content().ok()?)?,
                Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                    Some(character) => append(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    None => append(&mut open, resolve_predefined_entity(&reference.decode().ok()?)?)?,
                },
                Event::DocType(_) => return None,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        (open.is_empty() && !texts.is_empty()).then_some(Self(texts))
    }

    /// The text at `path`, where there is exactly one and it is not empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(at, _)| at == path).map(|(_, text)| text.as_str());
        found.next().filter(|text| !text.is_empty() && found.next().is_none())
    }
}

/// Adds to the innermost element; outside of all there is only white space.
fn append(open: &mut [(usize, String)], text: &str) -> Option<()> {
    match open.last_mut() {
        Some((_, innermost)) => innermost.push_str(text),
        None if text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() => {}
        None => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_under_their_paths() {
        let document = Document::read(
            b"<?xml version=\"1.0\"?>\n<a xmlns=\"urn:x\"><!-- no --><x:b>1 &lt;&amp;&#x42;<![CDATA[<&]]></x:b><c/><d> </d></a>\n",
        )
        .unwrap();
        assert_eq!(document.text("a/b"), Some("1 <&B<&"));
        assert_eq!(document.text("a/d"), Some(" "));
        for path in ["a", "b", "a/c", "a/b/", ""] {
            assert!(document.text(path).is_none_or(|text| text.trim().is_empty()), "{path}");
        }
    }

    #[test]
    fn two_of_one_name_are_none() {
        assert_eq!(Document::read(b"<a><b>1</b><b>2</b></a>").unwrap().text("a/b"), None);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(DEEPEST + 1) + &"</a>".repeat(DEEPEST + 1);
        for bytes in [
            "",
            " ",
            "a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/>b",
            "<a></a><b></b>",
            "<a>&unknown;</a>",
            "<a>&#0;</a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "{}",
            deep.as_str(),
        ] {
            assert!(Document::read(bytes.as_bytes()).is_none(), "{bytes}");
        }
        assert!(Document::read(b"<a>\xff</a>").is_none());
    }
}
