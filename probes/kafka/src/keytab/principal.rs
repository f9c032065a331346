//! Names of Kerberos principals, as text (MIT Kerberos documentation, "krb5_parse_name").

/// A name that a definition gives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Principal {
    components: Vec<Vec<u8>>,
    /// None where it is to be the default realm.
    realm: Option<Vec<u8>>,
}

impl Principal {
    /// Reads `service/host@REALM`, in which a backslash takes its meaning from a separator. None where it is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut components = Vec::new();
        let mut in_realm = false;
        let mut part = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => part.push(match bytes.next()? {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'b' => 8,
                    b'0' => 0,
                    other => other,
                }),
                b'/' | b'@' if in_realm => return None,
                b'/' => components.push(std::mem::take(&mut part)),
                b'@' => {
                    components.push(std::mem::take(&mut part));
                    in_realm = true;
                }
                other => part.push(other),
            }
        }
        let realm = if in_realm {
            Some(part)
        } else {
            components.push(part);
            None
        };
        let is_named = components.iter().any(|component| !component.is_empty());
        (is_named && realm.as_ref().is_none_or(|realm| !realm.is_empty()))
            .then_some(Self { components, realm })
    }

    /// The parts of the name, without the realm.
    pub(super) fn components(self) -> Vec<Vec<u8>> {
        self.components
    }

    /// Whether it is the one of these components in `realm`; without its own realm, in any.
    pub(super) fn is(&self, realm: &[u8], components: &[&[u8]]) -> bool {
        self.realm.as_ref().is_none_or(|own| own == realm)
            && self.components.iter().map(Vec::as_slice).eq(components.iter().copied())
    }
}

/// A principal of a file, as text. What is too long or no text is not shown: in a damaged file it may be anything.
pub(super) fn spell(realm: &[u8], components: &[&[u8]]) -> String {
    /// No name of a person or a service is longer.
    const MAX_NAME_BYTES: usize = 128;
    let escape = |part: &[u8]| {
        let text = std::str::from_utf8(part).ok()?;
        let is_shown = |c: char| c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric());
        if text.len() > MAX_NAME_BYTES || !text.chars().all(is_shown) {
            return None;
        }
        let mut escaped = String::new();
        for c in text.chars() {
            if matches!(c, '/' | '@' | '\\') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        Some(escaped)
    };
    let name: Option<Vec<String>> =
        components.iter().take(MAX_NAME_BYTES).map(|component| escape(component)).collect();
    match (name.map(|parts| parts.join("/")), escape(realm)) {
        (Some(name), Some(realm)) if name.len() <= MAX_NAME_BYTES => format!("{name}@{realm}"),
        _ => "a principal whose name can't be shown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(Vec<String>, Option<String>)> {
        let text_of = |part: Vec<u8>| String::from_utf8(part).unwrap();
        Principal::parse(text).map(|Principal { components, realm }| {
            (components.into_iter().map(text_of).collect(), realm.map(text_of))
        })
    }

    #[test]
    fn a_name_has_components_and_a_realm() {
        let name = |components: &[&str], realm: Option<&str>| {
            Some((components.iter().map(|part| (*part).to_owned()).collect(), realm.map(str::to_owned)))
        };
        assert_eq!(parsed("alice@EXAMPLE.COM"), name(&["alice"], Some("EXAMPLE.COM")));
        assert_eq!(
            parsed("kafka/b-1.example@EXAMPLE.COM"),
            name(&["kafka", "b-1.example"], Some("EXAMPLE.COM"))
        );
        assert_eq!(parsed("alice"), name(&["alice"], None));
        assert_eq!(parsed(r"a\/b\@c\\d/e@R\@S"), name(&[r"a/b@c\d", "e"], Some("R@S")));
        assert_eq!(parsed(r"a\tb\nc\0d\be"), name(&["a\tb\nc\0d\u{8}e"], None));
        assert_eq!(parsed("host/"), name(&["host", ""], None));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "@", "@REALM", "/", "//@REALM", "alice@", "a@B@C", "a@B/C", r"alice\", r"alice@R\"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_spelled_as_they_are_read() {
        let spelled = spell(b"R@S", &[br"a/b@c\d", b"e"]);
        assert_eq!(spelled, r"a\/b\@c\\d/e@R\@S");
        assert!(Principal::parse(&spelled).unwrap().is(b"R@S", &[br"a/b@c\d", b"e"]));
    }

    #[test]
    fn what_is_no_text_is_not_shown() {
        for part in [b"\xff\xfe".as_slice(), b"a\nb", b"a b", b"\0", &[b'a'; 129]] {
            assert_eq!(spell(b"REALM", &[part]), "a principal whose name can't be shown");
            assert_eq!(spell(part, &[b"alice"]), "a principal whose name can't be shown");
        }
        assert_eq!(spell("RÉALM".as_bytes(), &["ålice".as_bytes()]), "ålice@RÉALM");
    }
}
