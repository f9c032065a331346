//! Where a target is, as its definition says it.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::{Properties, Secret};

/// Where a target is.
#[derive(Clone, Debug, Default)]
pub enum Address {
    /// In properties that only the probe reads.
    #[default]
    Own,
    /// By a URL, in the grammar of the target's driver.
    Url(UrlAddress),
    /// By a host, a port and a database apart.
    Parts(Parts),
}

/// The properties in which definitions of a type say where the target is.
#[derive(Clone, Copy, Debug)]
pub struct AddressKeys {
    /// The URL of the driver. It counts where both are given.
    pub url: Option<&'static str>,
    /// What definitions call the same.
    pub other_url: Option<&'static str>,
    /// Of a type whose URL may have placeholders, the secret that they are taken from.
    pub placeholders: Option<&'static str>,
    /// The parts.
    pub parts: Option<PartKeys>,
}

/// The properties of an address in parts.
#[derive(Clone, Copy, Debug)]
pub struct PartKeys {
    /// The host.
    pub host: &'static str,
    /// The port.
    pub port: &'static str,
    /// The port of a definition that gives none; without it one is required.
    pub usual_port: Option<u16>,
    /// The kind of database.
    pub engine: Option<&'static str>,
    /// The database.
    pub database: Option<&'static str>,
    /// The driver's parameters, in the syntax of its URL.
    pub parameters: Option<&'static str>,
}

/// A URL, and the property that it was given in.
#[derive(Clone, Debug)]
pub struct UrlAddress {
    /// The property.
    pub property: &'static str,
    /// The URL.
    pub url: Template,
}

/// An address in parts.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The host.
    pub host: Part,
    /// The port.
    pub port: Part,
    /// The port of a definition that gives none; without it one is required.
    pub usual_port: Option<u16>,
    /// The kind of database, of a type that has several.
    pub engine: Option<Part>,
    /// The database, of a type that names one.
    pub database: Option<Part>,
    /// The driver's parameters, of a type that has them.
    pub parameters: Option<Part>,
}

/// One part of an address.
#[derive(Clone, Debug)]
pub struct Part {
    /// The property that it is given in.
    pub property: &'static str,
    /// Its value as given; a blank one counts as absent.
    pub value: Option<Secret>,
}

impl Part {
    /// The value without the blanks around it.
    #[must_use]
    pub fn trimmed(&self) -> Option<&str> {
        self.value.as_ref().map(|value| value.expose().trim())
    }
}

impl AddressKeys {
    /// Of a type whose address the probe reads itself.
    pub const OWN: Self = Self { url: None, other_url: None, placeholders: None, parts: None };

    /// The properties that may have the URL.
    pub fn urls(&self) -> impl Iterator<Item = &'static str> {
        self.url.into_iter().chain(self.other_url)
    }

    /// The address in `properties`. Without a URL it is in parts, of which some may be absent.
    #[must_use]
    pub fn read(&self, properties: &Properties) -> Address {
        let given = |property: &'static str| {
            let value = properties.get(property).map(|value| Secret::new(value.to_owned()));
            Part { property, value }
        };
        let url = self.urls().find_map(|property| Some((property, properties.get(property)?)));
        if let Some((property, url)) = url {
            return Address::Url(UrlAddress { property, url: Template::plain(url.trim()) });
        }
        let Some(keys) = &self.parts else { return Address::Own };
        Address::Parts(Parts {
            host: given(keys.host),
            port: given(keys.port),
            usual_port: keys.usual_port,
            engine: keys.engine.map(given),
            database: keys.database.map(given),
            parameters: keys.parameters.map(given),
        })
    }
}

/// A text in which `${key}` may stand for what a secret has under that key. It is taken apart before the values are put in: so
/// no value can run over into another part, and none has to be encoded.
#[derive(Clone, Debug)]
pub struct Template {
    /// With one character for each placeholder: [`mark`].
    marked: Secret,
    placeholders: Vec<Placeholder>,
}

#[derive(Clone, Debug)]
struct Placeholder {
    key: String,
    value: Option<Secret>,
}

/// The character that stands for the placeholder `index`: of a plane that Unicode leaves to private use.
fn mark(index: usize) -> Option<char> {
    const FIRST: u32 = 0x10_0000;
    const LAST: u32 = 0x10_FFFD;
    u32::try_from(index).ok().map(|index| FIRST + index).filter(|mark| *mark <= LAST).and_then(char::from_u32)
}

impl Template {
    /// A text without placeholders.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self { marked: Secret::new(text.to_owned()), placeholders: Vec::new() }
    }

    /// Finds the placeholders in `text`.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut marked = Zeroizing::new(String::with_capacity(text.len()));
        let mut placeholders = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let (key, after) = behind.split_once('}').ok_or("expected a } behind each ${")?;
            marked.push_str(before);
            marked.push(mark(placeholders.len()).ok_or("expected fewer placeholders")?);
            placeholders.push(Placeholder { key: key.to_owned(), value: None });
            rest = after;
        }
        marked.push_str(rest);
        Ok(Self { marked: Secret::new(marked.to_string()), placeholders })
    }

    /// Whether it has placeholders.
    #[must_use]
    pub const fn has_placeholders(&self) -> bool {
        !self.placeholders.is_empty()
    }

    /// The text to take apart, in which each placeholder is one character.
    #[must_use]
    pub fn marked(&self) -> &str {
        self.marked.expose()
    }

    /// The template of another text, `marked` as this one is.
    #[must_use]
    pub fn with_marked(&self, marked: String) -> Self {
        Self { marked: Secret::new(marked), placeholders: self.placeholders.clone() }
    }

    /// Takes the placeholders' values from `members`.
    ///
    /// # Errors
    /// The first key that is not among them.
    pub fn fill(&mut self, members: &[(String, Secret)]) -> Result<(), String> {
        for placeholder in &mut self.placeholders {
            let found = members.iter().find(|(key, _)| *key == placeholder.key);
            let (_, value) = found.ok_or_else(|| placeholder.key.clone())?;
            placeholder.value = Some(value.clone());
        }
        Ok(())
    }

    /// `piece` of the marked text, with the values of its placeholders.
    #[must_use]
    pub fn filled<'a>(&self, piece: &'a str) -> Cow<'a, str> {
        let value = |found: char| {
            let mut marked = self.placeholders.iter().enumerate();
            marked.find_map(|(index, placeholder)| {
                (mark(index) == Some(found)).then(|| placeholder.value.as_ref().map(Secret::expose)).flatten()
            })
        };
        if !piece.contains(|c| value(c).is_some()) {
            return Cow::Borrowed(piece);
        }
        let mut filled = String::new();
        for c in piece.chars() {
            match value(c) {
                Some(value) => filled.push_str(value),
                None => filled.push(c),
            }
        }
        Cow::Owned(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn values_are_put_in_when_the_text_is_taken_apart() {
        let mut template = Template::parse("//${host}:5432/${a/b}?user=${host}x").unwrap();
        assert!(template.has_placeholders() && !template.marked().contains("a/b"));
        let members = [("host".to_owned(), secret("h:/?")), ("a/b".to_owned(), secret("${host}"))];
        assert_eq!(template.fill(&members[..1]), Err("a/b".to_owned()));
        template.fill(&members).unwrap();
        let pieces: Vec<_> = template.marked().split(['/', ':', '?']).collect();
        let filled: Vec<_> = pieces.iter().map(|piece| template.filled(piece)).collect();
        assert_eq!(filled, ["", "", "h:/?", "5432", "${host}", "user=h:/?x"]);
        assert!(!format!("{template:?}").contains("h:"), "{template:?}");
    }

    #[test]
    fn a_text_without_placeholders_is_itself() {
        for text in ["", "a", "$a}", "\u{10_0000}"] {
            let template = Template::parse(text).unwrap();
            assert!(!template.has_placeholders());
            assert_eq!(template.filled(template.marked()), text);
        }
        assert!(Template::parse("a${b").is_err());
    }

    #[test]
    fn the_url_counts_and_else_the_parts_that_are_given() {
        let parts = PartKeys {
            host: "HOST",
            port: "PORT",
            usual_port: None,
            engine: Some("ENGINE"),
            database: None,
            parameters: None,
        };
        let keys = AddressKeys {
            url: Some("URL"),
            other_url: Some("OTHER_URL"),
            placeholders: None,
            parts: Some(parts),
        };
        let read = |entries: &[(&str, &str)]| {
            keys.read(&entries.iter().map(|(key, value)| ((*key).to_owned(), secret(value))).collect())
        };
        let Address::Url(url) = read(&[("URL", " a ${b} "), ("HOST", "h")]) else { panic!("no URL") };
        assert_eq!((url.property, url.url.marked()), ("URL", "a ${b}"));
        let Address::Url(url) = read(&[("URL", " "), ("OTHER_URL", "b")]) else { panic!("no URL") };
        assert_eq!((url.property, url.url.marked()), ("OTHER_URL", "b"));
        let Address::Parts(parts) = read(&[("URL", " "), ("HOST", " h ")]) else { panic!("no parts") };
        assert_eq!((parts.host.property, parts.host.trimmed()), ("HOST", Some("h")));
        assert!(parts.port.value.is_none() && parts.engine.is_some() && parts.database.is_none());
        assert!(matches!(AddressKeys::OWN.read(&Properties::default()), Address::Own));
    }
}
