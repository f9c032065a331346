//! The properties of a definition, read into typed values.

use crate::format::{Document, Format};
use crate::{Code, Location, Mistake, Properties, Reference, SecretId, SecretRef, Warning};

/// Reads the properties of a target, and collects what is wrong with them, what a pass should not hide and what they refer to: all of
/// it is said at once.
#[derive(Debug)]
pub struct Reader<'a> {
    properties: &'a Properties,
    mistakes: Vec<Mistake>,
    warnings: Vec<Warning>,
    references: Vec<Reference>,
}

/// What was found in a definition without mistakes.
#[derive(Debug)]
pub struct Findings {
    /// What it refers to.
    pub references: Vec<Reference>,
    /// What a pass should not hide.
    pub warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    /// A reader of `properties` that has found nothing yet.
    #[must_use]
    pub const fn new(properties: &'a Properties) -> Self {
        Self { properties, mistakes: Vec::new(), warnings: Vec::new(), references: Vec::new() }
    }

    /// What it reads.
    #[must_use]
    pub const fn properties(&self) -> &'a Properties {
        self.properties
    }

    /// The value of `key` as given; a blank one counts as absent.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.properties.get(key)
    }

    /// The value of `key` without the blanks around it; where there is none, that is a mistake.
    pub fn required(&mut self, key: &str, expected: &str) -> Option<&'a str> {
        let value = self.text(key).map(str::trim);
        if value.is_none() {
            self.wrong(key, expected);
        }
        value
    }

    /// A boolean as Glue reads it: in any case, false where absent.
    pub fn boolean(&mut self, key: &str) -> bool {
        match self.text(key).map(|value| value.trim().to_ascii_lowercase()).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.wrong(key, "expected true or false");
                false
            }
        }
    }

    /// What `parse` makes of `text`, the value of `property`.
    pub fn parsed<T>(
        &mut self,
        property: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        parse(text.trim()).map_err(|expected| self.wrong(property, expected)).ok()
    }

    /// The file that `property` names by `text`. It is fetched only if it is [referred to](Self::refer).
    pub fn file<F: Format>(
        &mut self,
        property: impl Into<String>,
        text: &str,
        format: F,
    ) -> Option<SecretRef<F::Output>> {
        let property = property.into();
        let location = self.parsed(&property, text, Location::parse)?;
        Some(SecretRef::new(property, Document { location, format }))
    }

    /// Has the secret `id` in Secrets Manager fetched for `property`.
    pub fn refer_to_secret<F: Format>(
        &mut self,
        property: &str,
        id: &str,
        format: F,
    ) -> Option<SecretRef<F::Output>> {
        match SecretId::parse(id.trim()) {
            Ok(id) => {
                let source = Document { location: Location::Secret(id), format };
                Some(self.refer(SecretRef::new(property, source)))
            }
            Err(error) => {
                self.wrong(property, error.to_string());
                None
            }
        }
    }

    /// Has `reference` resolved in stage `secrets`, and gives it back.
    pub fn refer<T>(&mut self, reference: SecretRef<T>) -> SecretRef<T> {
        self.references.push(reference.reference().clone());
        reference
    }

    /// Adds a mistake for a text with the character NUL, by which protocols end a text.
    pub fn refuse_nul(&mut self, property: &str, text: Option<&str>) {
        if text.is_some_and(|text| text.contains('\0')) {
            self.wrong(property, "expected a text without the character NUL");
        }
    }

    /// Adds a mistake in `property`.
    pub fn wrong(&mut self, property: impl Into<String>, expected: impl Into<String>) {
        self.mistake(Mistake::new(property, expected));
    }

    /// Adds a mistake in `property`, which asks for what dialcheck does not do.
    pub fn unsupported(&mut self, property: impl Into<String>, expected: impl Into<String>) {
        self.mistake(Mistake::new(property, expected).code(Code::MechanismUnsupported));
    }

    /// Adds a mistake in `property`, which asks for what no test here can show.
    pub fn not_testable(&mut self, property: impl Into<String>, expected: impl Into<String>) {
        self.mistake(Mistake::new(property, expected).code(Code::NotTestable));
    }

    /// Adds a mistake.
    pub fn mistake(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// Adds a warning.
    pub fn warn(&mut self, code: &'static str, message: impl Into<String>) {
        self.warnings.push(Warning::new(code, message));
    }

    /// The mistakes found so far.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// What was found, when everything is read.
    ///
    /// # Errors
    /// All mistakes.
    pub fn finish(self) -> Result<Findings, Vec<Mistake>> {
        let Self { mistakes, warnings, references, .. } = self;
        if mistakes.is_empty() { Ok(Findings { references, warnings }) } else { Err(mistakes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CertificateFile, CredentialsJson, Endpoint, Secret};

    fn properties(entries: &[(&str, &str)]) -> Properties {
        entries.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect()
    }

    #[test]
    fn all_mistakes_are_found_and_none_shows_a_value() {
        let properties = properties(&[
            ("FLAG", "c4n4ry"),
            ("PORT", "c4n4ry"),
            ("FILE", "ftp://c4n4ry"),
            ("SECRET", "arn:c4n4ry"),
            ("BLANK", " "),
        ]);
        let mut reader = Reader::new(&properties);
        assert!(!reader.boolean("FLAG") && !reader.boolean("BLANK"));
        assert_eq!(reader.required("BLANK", "expected something"), None);
        let port = reader.required("PORT", "expected a port").unwrap();
        assert_eq!(reader.parsed("PORT", port, Endpoint::parse_port), None);
        assert!(reader.file("FILE", reader.text("FILE").unwrap(), CertificateFile::Any).is_none());
        assert!(reader.refer_to_secret("SECRET", reader.text("SECRET").unwrap(), CredentialsJson).is_none());
        reader.refuse_nul("TEXT", Some("c4n4ry\0"));
        let mistakes = reader.finish().unwrap_err();
        let properties: Vec<_> = mistakes.iter().map(|mistake| mistake.property.as_str()).collect();
        assert_eq!(properties, ["FLAG", "BLANK", "PORT", "FILE", "SECRET", "TEXT"]);
        assert!(!format!("{mistakes:?}").contains("c4n4ry"), "{mistakes:?}");
    }

    #[test]
    fn only_what_is_referred_to_is_resolved() {
        let properties = properties(&[("FLAG", " TRUE "), ("CERT", " /ca.pem "), ("KEY", "/key.pem")]);
        let mut reader = Reader::new(&properties);
        assert!(reader.boolean("FLAG"));
        let certificate = reader.file("CERT", reader.text("CERT").unwrap(), CertificateFile::Any).unwrap();
        assert!(reader.file("KEY", reader.text("KEY").unwrap(), CertificateFile::First).is_some());
        assert_eq!(reader.refer(certificate).reference().property(), "CERT");
        reader.warn("code", "message");
        let found = reader.finish().unwrap();
        let [reference] = found.references.as_slice() else { panic!("{:?}", found.references) };
        assert!(format!("{reference:?}").contains(r#"File("/ca.pem")"#), "{reference:?}");
        assert_eq!(found.warnings.len(), 1);
    }
}
