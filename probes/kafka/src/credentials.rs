//! User name and password: as the definition says, or as what it points at says.

use probe_contract::{Form, Location, Material, Mistake, Pointer, Properties, Secret, Warning, property};

/// The properties of one mechanism.
#[derive(Debug)]
pub(crate) struct Keys {
    username: &'static str,
    password: &'static str,
    encrypted_password: &'static str,
    /// Of several spellings the first that is given counts.
    secrets: &'static [&'static str],
}

pub(crate) const SCRAM: Keys = Keys {
    username: "KAFKA_SASL_SCRAM_USERNAME",
    password: "KAFKA_SASL_SCRAM_PASSWORD",
    encrypted_password: "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD",
    // The second is how an older page of Glue's documentation has it.
    secrets: &["KAFKA_SASL_SCRAM_SECRETS_ARN", "AUTHENTICATION_SECRET_ARN"],
};
pub(crate) const PLAIN: Keys = Keys {
    username: "KAFKA_SASL_PLAIN_USERNAME",
    password: "KAFKA_SASL_PLAIN_PASSWORD",
    encrypted_password: "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD",
    secrets: &[],
};

/// Who logs in.
#[derive(Debug)]
pub(crate) struct Credentials {
    keys: &'static Keys,
    user: Option<String>,
    password: Option<Secret>,
}

impl Credentials {
    /// Reads those of `keys`. A stored secret wins over what stands in the definition itself.
    pub(crate) fn read(
        keys: &'static Keys,
        properties: &Properties,
        pointers: &mut Vec<Pointer>,
        mistakes: &mut Vec<Mistake>,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let user = properties.get(keys.username).map(str::to_owned);
        let password = properties.get(keys.password).map(|password| Secret::new(password.to_owned()));
        let encrypted = properties.get(keys.encrypted_password);
        let secret = keys.secrets.iter().find_map(|key| Some((*key, properties.get(key)?.trim())));
        if let Some((key, id)) = secret {
            property::secret(key, id, Form::Credentials, pointers, mistakes);
            if password.is_some() || encrypted.is_some() {
                let message = format!(
                    "{key} is given, so the user name and password of the definition itself are ignored"
                );
                warnings.push(Warning::new("property_ignored", message));
            }
            return Self { keys, user: None, password: None };
        }
        if user.is_none() {
            mistakes.push(Mistake::new(keys.username, "expected the name of the user to log in as"));
        }
        match (&password, encrypted) {
            (Some(_), _) => {}
            (None, Some(ciphertext)) => {
                let location = Location::Ciphertext(ciphertext.trim().to_owned());
                let property = keys.encrypted_password.to_owned();
                pointers.push(Pointer { property, location, form: Form::Text });
            }
            (None, None) => mistakes.push(Mistake::new(keys.password, "expected the user's password")),
        }
        let texts =
            [(keys.username, user.as_deref()), (keys.password, password.as_ref().map(Secret::expose))];
        property::refuse_nul(&texts, mistakes);
        Self { keys, user, password }
    }

    /// User name and password, with what the pointers led to.
    pub(crate) fn resolve(&self, material: &Material) -> (String, Secret) {
        if let Some((user, password)) = self.keys.secrets.iter().find_map(|key| material.credentials(key)) {
            return (user.to_owned(), password.clone());
        }
        let decrypted = material.text(self.keys.encrypted_password);
        let password = self.password.as_ref().or(decrypted).cloned();
        (self.user.clone().unwrap_or_default(), password.unwrap_or_else(|| Secret::new(String::new())))
    }
}
