//! How properties of Glue's are read, of whatever type.

use crate::{Form, Location, Mistake, Pointer, Properties, SecretId};

/// A boolean as Glue reads it: in any case, false where absent.
pub fn boolean(properties: &Properties, key: &'static str, mistakes: &mut Vec<Mistake>) -> bool {
    match properties.get(key).map(|value| value.trim().to_ascii_lowercase()).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            mistakes.push(Mistake::new(key, "expected true or false"));
            false
        }
    }
}

/// Whether the values of `key` are secret by what its name says.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    // The name of a secret is none.
    let is_name = key == "SECRET_ID" || key.ends_with("_ARN");
    !is_name && ["PASSWORD", "SECRET", "TOKEN", "CREDENTIAL", "KEYTAB"].iter().any(|word| key.contains(word))
}

/// Adds a mistake for each text with the character NUL, by which protocols end a text.
pub fn refuse_nul(texts: &[(&'static str, Option<&str>)], mistakes: &mut Vec<Mistake>) {
    for (key, text) in texts {
        if text.is_some_and(|text| text.contains('\0')) {
            mistakes.push(Mistake::new(*key, "expected a text without the character NUL"));
        }
    }
}

/// Adds a pointer to a file, and gives back the property it is found under.
pub fn pointer(
    property: String,
    file: &str,
    form: Form,
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
) -> Option<String> {
    match Location::parse(file.trim()) {
        Ok(location) => {
            pointers.push(Pointer { property: property.clone(), location, form });
            Some(property)
        }
        Err(expected) => {
            mistakes.push(Mistake::new(property, expected));
            None
        }
    }
}

/// Adds a pointer to a secret in Secrets Manager.
pub fn secret(
    property: &str,
    id: &str,
    form: Form,
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
) {
    match SecretId::parse(id.trim()) {
        Ok(id) => {
            pointers.push(Pointer { property: property.to_owned(), location: Location::Secret(id), form })
        }
        Err(error) => mistakes.push(Mistake::new(property, error.to_string())),
    }
}
