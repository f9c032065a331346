//! Who logs in: as the definition says, or as what it refers to says.

use crate::format::{CredentialsJson, StoredCredentials};
use crate::{Authentication, Ciphertext, Reader, ResolvedSecrets, Secret, SecretRef};

/// The properties in which a definition has a user name and a password.
#[derive(Debug)]
pub struct CredentialKeys {
    /// The user's name.
    pub user: &'static str,
    /// The user's password.
    pub password: &'static str,
    /// The password, encrypted by KMS.
    pub encrypted_password: &'static str,
    /// The stored secret with both; of several spellings the first that is given counts.
    pub secrets: &'static [&'static str],
}

/// What a definition itself has of credentials.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The user's name.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// A password that is empty or nothing but blanks, as it is in a skeleton too: it counts where nothing else is given to log in by.
    pub blank_password: Option<Secret>,
    /// The stored secret with both: where the definition names it, and its name or ARN.
    pub stored: Option<(&'static str, String)>,
}

/// How to treat a definition without a password.
#[derive(Debug)]
pub enum WithoutPassword {
    /// A mistake.
    Wrong,
    /// The same, unless the definition has a blank one, which the driver sends.
    WrongUnlessBlank,
    /// A login by something else.
    Right,
    /// A login by what this leads to.
    Issued(SecretRef<Secret>),
}

/// User name and password of a definition.
#[derive(Debug)]
pub enum Credentials {
    /// Both are what this leads to.
    Stored(SecretRef<StoredCredentials>),
    /// The definition contains the user's name.
    Named {
        /// The user's name.
        user: String,
        /// Where the password is.
        password: PasswordSource,
    },
}

/// Where a password is.
#[derive(Debug)]
pub enum PasswordSource {
    /// Nowhere.
    None,
    /// In the definition.
    Given(Secret),
    /// What this leads to.
    Issued(SecretRef<Secret>),
}

impl Given {
    /// Those in the properties of `keys`.
    #[must_use]
    pub fn read(reader: &Reader<'_>, keys: &CredentialKeys) -> Self {
        Self {
            user: reader.text(keys.user).map(str::to_owned),
            password: reader.text(keys.password).map(|password| Secret::new(password.to_owned())),
            blank_password: reader.properties().blank(keys.password).cloned(),
            stored: keys.secrets.iter().find_map(|key| Some((*key, reader.text(key)?.to_owned()))),
        }
    }

    /// These two. A blank password counts where nothing else is given.
    #[must_use]
    pub fn of(user: Option<String>, password: Option<Secret>) -> Self {
        let is_blank = password.as_ref().is_some_and(|password| password.expose().trim().is_empty());
        let (blank_password, password) = if is_blank { (password, None) } else { (None, password) };
        Self { user, password, blank_password, stored: None }
    }

    /// Those of an `AuthenticationConfiguration`; the user's name and password beat its secret.
    #[must_use]
    pub fn of_authentication(authentication: &Authentication) -> Self {
        let (user, password) = authentication.basic.clone();
        let given = Self::of(user, password);
        let secret = authentication.secret_arn.clone();
        let secret = secret.filter(|_| given.user.is_none() && given.password.is_none());
        Self { stored: secret.map(|arn| ("AuthenticationConfiguration.SecretArn", arn)), ..given }
    }

    /// What of these is absent, `other` has.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            user: self.user.or(other.user),
            password: self.password.or(other.password),
            blank_password: self.blank_password.or(other.blank_password),
            stored: self.stored.or(other.stored),
        }
    }
}

impl Credentials {
    /// Those of a definition with a mistake in them.
    pub const NOBODY: Self = Self::Named { user: String::new(), password: PasswordSource::None };

    /// Those of a definition that has `given`, and a password that may be encrypted. A stored secret takes precedence;
    /// `without_password` gets the user's name and decides what to do without a password.
    pub fn read(
        reader: &mut Reader<'_>,
        keys: &CredentialKeys,
        given: Given,
        without_password: impl FnOnce(Option<&str>) -> WithoutPassword,
    ) -> Self {
        let Given { user, password, blank_password, stored } = given;
        let encrypted = reader.text(keys.encrypted_password);
        if let Some((key, id)) = stored {
            let stored = reader.refer_to_secret(key, &id, CredentialsJson);
            if password.is_some() || encrypted.is_some() {
                reader.warn(
                    "property_ignored",
                    format!(
                        "{key} is given, so the user name and password of the definition itself are ignored"
                    ),
                );
            }
            return stored.map_or(Self::NOBODY, Self::Stored);
        }
        if user.is_none() {
            reader.wrong(keys.user, "expected the name of the user to log in as");
        }
        reader.refuse_nul(keys.user, user.as_deref());
        reader.refuse_nul(keys.password, password.as_ref().map(Secret::expose));
        let password = match (password, encrypted) {
            (Some(password), _) => PasswordSource::Given(password),
            (None, Some(ciphertext)) => {
                let ciphertext = Ciphertext(ciphertext.trim().to_owned());
                PasswordSource::Issued(reader.refer(SecretRef::new(keys.encrypted_password, ciphertext)))
            }
            (None, None) => match (without_password(user.as_deref()), blank_password) {
                (WithoutPassword::Issued(password), _) => PasswordSource::Issued(reader.refer(password)),
                (WithoutPassword::Right, _) => PasswordSource::None,
                (WithoutPassword::WrongUnlessBlank, Some(password)) if user.is_some() => {
                    PasswordSource::Given(password)
                }
                (WithoutPassword::Wrong | WithoutPassword::WrongUnlessBlank, _) => {
                    reader.wrong(keys.password, "expected the user's password");
                    PasswordSource::None
                }
            },
        };
        Self::Named { user: user.unwrap_or_default(), password }
    }

    /// User name and password, with what the references led to.
    #[must_use]
    pub fn resolve(&self, secrets: &ResolvedSecrets) -> (String, Option<Secret>) {
        match self {
            Self::Stored(stored) => match secrets.get(stored) {
                Some(StoredCredentials { user, password }) => (user.clone(), Some(password.clone())),
                None => (String::new(), None),
            },
            Self::Named { user, password } => {
                let password = match password {
                    PasswordSource::None => None,
                    PasswordSource::Given(password) => Some(password.clone()),
                    PasswordSource::Issued(password) => secrets.get(password).cloned(),
                };
                (user.clone(), password)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::{Properties, Reference};

    const KEYS: CredentialKeys = CredentialKeys {
        user: "USERNAME",
        password: "PASSWORD",
        encrypted_password: "ENCRYPTED_PASSWORD",
        secrets: &["SECRET_ID", "SECRET_ARN"],
    };

    fn properties(entries: &[(&str, &str)]) -> Properties {
        entries.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect()
    }

    /// The login, and how many references and warnings there are; or the properties that are wrong.
    fn login(
        entries: &[(&str, &str)],
        without_password: WithoutPassword,
    ) -> Result<(String, Option<String>, usize, usize), Vec<String>> {
        let properties = properties(entries);
        let mut reader = Reader::new(&properties);
        let given = Given::read(&reader, &KEYS);
        let credentials = Credentials::read(&mut reader, &KEYS, given, |_| without_password);
        let found = reader
            .finish()
            .map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.property).collect::<Vec<_>>())?;
        let mut secrets = ResolvedSecrets::default();
        let text = |reference: &Reference| Secret::new(format!("of {}", reference.property()));
        match &credentials {
            Credentials::Stored(stored) => {
                let password = text(stored.reference());
                let value = StoredCredentials { user: "stored".to_owned(), password };
                secrets.insert(stored.reference().property(), Arc::new(value));
            }
            Credentials::Named { password: PasswordSource::Issued(password), .. } => {
                let value = text(password.reference());
                secrets.insert(password.reference().property(), Arc::new(value));
            }
            Credentials::Named { password: PasswordSource::None | PasswordSource::Given(_), .. } => {}
        }
        let (user, password) = credentials.resolve(&secrets);
        let password = password.map(|password| password.expose().to_owned());
        Ok((user, password, found.references.len(), found.warnings.len()))
    }

    #[test]
    fn a_stored_secret_beats_the_properties_and_a_password_its_ciphertext() {
        let wrong = || WithoutPassword::Wrong;
        let user = ("USERNAME", "alice");
        let text = |text: &str| Some(text.to_owned());
        let alice = |password, references| Ok(("alice".to_owned(), password, references, 0));
        assert_eq!(login(&[user, ("PASSWORD", " p ")], wrong()), alice(text(" p "), 0));
        let encrypted = ("ENCRYPTED_PASSWORD", "AQID");
        assert_eq!(login(&[user, encrypted], wrong()), alice(text("of ENCRYPTED_PASSWORD"), 1));
        assert_eq!(login(&[user, ("PASSWORD", "p"), encrypted], wrong()), alice(text("p"), 0));
        let stored = |key: &str, warnings| Ok(("stored".to_owned(), text(&format!("of {key}")), 1, warnings));
        let (id, arn) = (("SECRET_ID", "prod/a"), ("SECRET_ARN", "prod/b"));
        assert_eq!(login(&[arn], wrong()), stored("SECRET_ARN", 0));
        assert_eq!(login(&[user, id, arn], wrong()), stored("SECRET_ID", 0));
        assert_eq!(login(&[user, encrypted, id], wrong()), stored("SECRET_ID", 1));
    }

    #[test]
    fn a_login_without_a_password_is_what_the_caller_makes_of_it() {
        let user = ("USERNAME", "alice");
        assert_eq!(
            login(&[], WithoutPassword::Wrong),
            Err(vec!["USERNAME".to_owned(), "PASSWORD".to_owned()])
        );
        assert_eq!(login(&[user], WithoutPassword::Right), Ok(("alice".to_owned(), None, 0, 0)));
        let blank = |password| login(&[user, ("PASSWORD", password)], WithoutPassword::WrongUnlessBlank);
        assert_eq!(blank(""), Ok(("alice".to_owned(), Some(String::new()), 0, 0)));
        assert_eq!(blank(" "), Ok(("alice".to_owned(), Some(" ".to_owned()), 0, 0)));
        assert_eq!(
            login(&[user], WithoutPassword::WrongUnlessBlank),
            Err(vec!["PASSWORD".to_owned()]),
            "what is absent is not blank"
        );
        let skeleton = [("USERNAME", ""), ("PASSWORD", "")];
        let both = Err(vec!["USERNAME".to_owned(), "PASSWORD".to_owned()]);
        assert_eq!(login(&skeleton, WithoutPassword::WrongUnlessBlank), both);
        let stored =
            login(&[skeleton[0], skeleton[1], ("SECRET_ID", "a")], WithoutPassword::WrongUnlessBlank);
        assert_eq!(stored, Ok(("stored".to_owned(), Some("of SECRET_ID".to_owned()), 1, 0)));
        let encrypted = [user, ("PASSWORD", ""), ("ENCRYPTED_PASSWORD", "AQID")];
        let of_kms = Some("of ENCRYPTED_PASSWORD".to_owned());
        assert_eq!(
            login(&encrypted, WithoutPassword::WrongUnlessBlank),
            Ok(("alice".to_owned(), of_kms, 1, 0))
        );
        let token = SecretRef::new("token", Ciphertext("AQID".to_owned()));
        let issued = Some("of token".to_owned());
        assert_eq!(login(&[user], WithoutPassword::Issued(token)), Ok(("alice".to_owned(), issued, 1, 0)));
        let nul = login(&[("USERNAME", "a\0"), ("PASSWORD", "b\0")], WithoutPassword::Wrong);
        assert_eq!(nul, Err(vec!["USERNAME".to_owned(), "PASSWORD".to_owned()]));
    }
}
