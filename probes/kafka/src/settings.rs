//! From properties to typed settings (AWS Glue, "Connection properties", Kafka).

use probe_contract::tls::{CertificateDer, ClientIdentity, NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{
    CertificateFile, Ciphertext, CredentialKeys, Credentials, Endpoint, Findings, Given, Keystore, Location,
    Mistake, Password, Reader, Reference, ResolvedSecrets, Secret, SecretRef, Target, Warning,
    WithoutPassword,
};
use support_aws::MskToken;
use support_scram::Hash;

use crate::bootstrap_servers;
#[cfg(feature = "gssapi")]
use crate::keytab::{Keytab, KeytabFile};
#[cfg(feature = "gssapi")]
use crate::krb5_conf::{ConfigurationFile, KerberosConfiguration};

/// What `SCRAM-SHA-512`, the only SCRAM of Glue's Kafka connections, hashes by.
pub(crate) const SCRAM_HASH: Hash = Hash::Sha512;

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `KAFKA_BOOTSTRAP_SERVERS`, each once.
    pub(crate) brokers: Vec<Endpoint>,
    pub(crate) encrypted: bool,
    pub(crate) login: Option<Login>,
    /// One that the user must be able to see.
    pub(crate) topic: Option<String>,
    pub(crate) references: Vec<Reference>,
    pub(crate) warnings: Vec<Warning>,
    authorities: Option<SecretRef<Vec<CertificateDer<'static>>>>,
    keystore: Option<SecretRef<ClientIdentity>>,
}

/// How the definition logs in.
#[derive(Debug)]
pub(crate) enum Login {
    Scram(Credentials),
    Plain(Credentials),
    /// OAUTHBEARER, with a token that IAM signs.
    MskIam(SecretRef<Secret>),
    #[cfg(feature = "gssapi")]
    Gssapi(KerberosLogin),
}

/// A login by Kerberos.
#[cfg(feature = "gssapi")]
#[derive(Debug)]
pub(crate) struct KerberosLogin {
    /// `KAFKA_SASL_GSSAPI_SERVICE`
    pub(crate) service: String,
    /// `KAFKA_SASL_GSSAPI_PRINCIPAL`
    pub(crate) principal: String,
    /// `KAFKA_SASL_GSSAPI_KEYTAB`
    pub(crate) keytab: SecretRef<Keytab>,
    /// `KAFKA_SASL_GSSAPI_KRB5_CONF`
    pub(crate) configuration: SecretRef<KerberosConfiguration>,
}

impl Login {
    /// The SASL mechanism, as brokers call it.
    pub(crate) const fn mechanism(&self) -> &'static str {
        match self {
            Self::Scram(_) => SCRAM_HASH.mechanism(),
            Self::Plain(_) => "PLAIN",
            Self::MskIam(_) => "OAUTHBEARER",
            #[cfg(feature = "gssapi")]
            Self::Gssapi(_) => "GSSAPI",
        }
    }

    /// The account and what proves it, with what the references led to.
    pub(crate) fn resolve(&self, secrets: &ResolvedSecrets) -> (String, Secret) {
        let missing = || Secret::new(String::new());
        match self {
            Self::Scram(credentials) | Self::Plain(credentials) => {
                let (user, password) = credentials.resolve(secrets);
                (user, password.unwrap_or_else(missing))
            }
            Self::MskIam(token) => (String::new(), secrets.get(token).cloned().unwrap_or_else(missing)),
            #[cfg(feature = "gssapi")]
            Self::Gssapi(KerberosLogin { principal, keytab, .. }) => {
                use base64::Engine as _;
                let keys = secrets.get(keytab).map(|keytab| {
                    Secret::new(base64::engine::general_purpose::STANDARD.encode(keytab.expose()))
                });
                (principal.clone(), keys.unwrap_or_else(missing))
            }
        }
    }
}

impl Settings {
    /// What each broker's certificate must be; none where nothing is encrypted.
    pub(crate) fn tls_policy(&self, host: &str, secrets: &ResolvedSecrets) -> Option<TlsPolicy> {
        self.encrypted.then(|| TlsPolicy {
            host: host.to_owned(),
            verify: Verify::ChainAndName,
            name: NameCheck::Host,
            trust: self
                .authorities
                .as_ref()
                .and_then(|file| secrets.get(file))
                .map_or(Trust::Roots, |given| Trust::Given(given.clone())),
            client: self.identity(secrets).cloned(),
            alpn: Vec::new(),
        })
    }

    /// What the keystore holds, where there is one.
    pub(crate) fn identity<'a>(&self, secrets: &'a ResolvedSecrets) -> Option<&'a ClientIdentity> {
        self.keystore.as_ref().and_then(|file| secrets.get(file))
    }

    /// Whether the definition has a client certificate.
    pub(crate) fn has_client_certificate(&self) -> bool {
        self.keystore.is_some()
    }
}

pub(crate) const SSL_ENABLED: &str = "KAFKA_SSL_ENABLED";
pub(crate) const CUSTOM_CERT: &str = "KAFKA_CUSTOM_CERT";
pub(crate) const SKIP_CUSTOM_CERT_VALIDATION: &str = "KAFKA_SKIP_CUSTOM_CERT_VALIDATION";
pub(crate) const CLIENT_KEYSTORE: &str = "KAFKA_CLIENT_KEYSTORE";
pub(crate) const CLIENT_KEYSTORE_PASSWORD: Keys =
    Keys { plain: "KAFKA_CLIENT_KEYSTORE_PASSWORD", encrypted: "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD" };
pub(crate) const CLIENT_KEY_PASSWORD: Keys =
    Keys { plain: "KAFKA_CLIENT_KEY_PASSWORD", encrypted: "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD" };
pub(crate) const SASL_MECHANISM: &str = "KAFKA_SASL_MECHANISM";
pub(crate) const KEYTAB: &str = "KAFKA_SASL_GSSAPI_KEYTAB";
pub(crate) const KRB5_CONF: &str = "KAFKA_SASL_GSSAPI_KRB5_CONF";
pub(crate) const SERVICE: &str = "KAFKA_SASL_GSSAPI_SERVICE";
pub(crate) const PRINCIPAL: &str = "KAFKA_SASL_GSSAPI_PRINCIPAL";

/// A password's property, and the one that it is encrypted under.
pub(crate) struct Keys {
    pub(crate) plain: &'static str,
    pub(crate) encrypted: &'static str,
}

pub(crate) const SCRAM: CredentialKeys = CredentialKeys {
    user: "KAFKA_SASL_SCRAM_USERNAME",
    password: "KAFKA_SASL_SCRAM_PASSWORD",
    encrypted_password: "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD",
    // The second is how an older page of Glue's documentation has it.
    secrets: &["KAFKA_SASL_SCRAM_SECRETS_ARN", "AUTHENTICATION_SECRET_ARN"],
};
pub(crate) const PLAIN: CredentialKeys = CredentialKeys {
    user: "KAFKA_SASL_PLAIN_USERNAME",
    password: "KAFKA_SASL_PLAIN_PASSWORD",
    encrypted_password: "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD",
    secrets: &[],
};

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    let mut reader = Reader::new(&target.properties);
    let brokers = bootstrap_servers::read(&mut reader);
    let ssl_enabled = reader.text(SSL_ENABLED).is_none() || reader.boolean(SSL_ENABLED);
    // TLS client authentication is a part of TLS.
    let encrypted = ssl_enabled || reader.text(CLIENT_KEYSTORE).is_some();
    let authorities = authorities(&mut reader, encrypted);
    let keystore = keystore(&mut reader);
    if encrypted && !ssl_enabled {
        let message = "KAFKA_CLIENT_KEYSTORE is given, so TLS is used although KAFKA_SSL_ENABLED is false";
        reader.warn("property_ignored", message);
    }
    if !encrypted {
        if reader.text(CUSTOM_CERT).is_some() {
            let message = "KAFKA_SSL_ENABLED is false, so KAFKA_CUSTOM_CERT is ignored";
            reader.warn("property_ignored", message);
        }
        let message =
            "KAFKA_SSL_ENABLED is false: what is sent to the brokers goes over the network in clear text";
        reader.warn("plaintext", message);
    }
    let login = login(&mut reader, &brokers);
    if matches!(login, Some(Login::MskIam(_))) && !encrypted {
        reader.wrong(SSL_ENABLED, "expected true: a token of IAM's goes only over TLS");
    }
    if matches!(login, Some(Login::Plain(_))) && !encrypted {
        let message = "KAFKA_SASL_MECHANISM is PLAIN and KAFKA_SSL_ENABLED is false: the password goes over the network in clear text";
        reader.warn("plaintext_password", message);
    }
    let Findings { references, warnings } = reader.finish()?;
    let topic = target.topic.clone();
    Ok(Settings { brokers, encrypted, login, topic, references, warnings, authorities, keystore })
}

/// The file of the authorities to trust, which nobody reads without TLS.
fn authorities(reader: &mut Reader<'_>, encrypted: bool) -> Option<SecretRef<Vec<CertificateDer<'static>>>> {
    // Glue checks the file that it is given itself, and so is its flag about that file alone: the chain is always checked.
    let format = if reader.boolean(SKIP_CUSTOM_CERT_VALIDATION) {
        CertificateFile::Any
    } else {
        CertificateFile::Strong { unless: SKIP_CUSTOM_CERT_VALIDATION }
    };
    let text = reader.text(CUSTOM_CERT)?;
    let file = reader.file(CUSTOM_CERT, text, format)?;
    encrypted.then(|| reader.refer(file))
}

/// The client's own certificate.
fn keystore(reader: &mut Reader<'_>) -> Option<SecretRef<ClientIdentity>> {
    let text = reader.text(CLIENT_KEYSTORE)?;
    let store_password = password(&CLIENT_KEYSTORE_PASSWORD, reader);
    let key_password = password(&CLIENT_KEY_PASSWORD, reader);
    if !text.trim().to_ascii_lowercase().ends_with(".jks") {
        let message = "KAFKA_CLIENT_KEYSTORE: Glue takes a keystore only under a name that ends in .jks";
        reader.warn("keystore_name", message);
    }
    let location = reader.parsed(CLIENT_KEYSTORE, text, Location::parse)?;
    let keystore = Keystore { location, store_password, key_password, alias: None };
    Some(reader.refer(SecretRef::new(CLIENT_KEYSTORE, keystore)))
}

/// The value of `key`, or what the `ENCRYPTED_` one stands for.
fn password(key: &Keys, reader: &mut Reader<'_>) -> Option<Password> {
    if let Some(password) = reader.text(key.plain) {
        return Some(Password::Given(Secret::new(password.to_owned())));
    }
    let ciphertext = Ciphertext(reader.text(key.encrypted)?.trim().to_owned());
    reader.refer(SecretRef::new(key.encrypted, ciphertext.clone()));
    Some(Password::Encrypted(ciphertext))
}

fn login(reader: &mut Reader<'_>, brokers: &[Endpoint]) -> Option<Login> {
    match reader.text(SASL_MECHANISM)?.trim() {
        "SCRAM-SHA-512" => Some(Login::Scram(credentials(reader, &SCRAM))),
        "PLAIN" => Some(Login::Plain(credentials(reader, &PLAIN))),
        "AWS_MSK_IAM" => {
            // The token is under the property that asks for it.
            let token = MskToken { brokers: brokers.to_vec() };
            Some(Login::MskIam(reader.refer(SecretRef::new(SASL_MECHANISM, token))))
        }
        #[cfg(feature = "gssapi")]
        "GSSAPI" => kerberos(reader).map(Login::Gssapi),
        #[cfg(not(feature = "gssapi"))]
        "GSSAPI" => {
            let expected = "expected another mechanism than GSSAPI: this build of dialcheck has no Kerberos (feature kafka-gssapi)";
            reader.unsupported(SASL_MECHANISM, expected);
            None
        }
        _ => {
            let expected =
                "expected SCRAM-SHA-512, PLAIN, GSSAPI or AWS_MSK_IAM, the mechanisms that Glue has";
            reader.unsupported(SASL_MECHANISM, expected);
            None
        }
    }
}

fn credentials(reader: &mut Reader<'_>, keys: &CredentialKeys) -> Credentials {
    let given = Given::read(reader, keys);
    Credentials::read(reader, keys, given, |_| WithoutPassword::Wrong)
}

#[cfg(feature = "gssapi")]
fn kerberos(reader: &mut Reader<'_>) -> Option<KerberosLogin> {
    let service =
        reader.required(SERVICE, "expected the brokers' Kerberos service name (sasl.kerberos.service.name)");
    let principal = reader.required(PRINCIPAL, "expected the principal to log in as, such as user@REALM");
    let keytab = reader.required(KEYTAB, "expected where the keytab is: s3://bucket/key");
    let krb5_conf = reader.required(KRB5_CONF, "expected where the krb5.conf is: s3://bucket/key");
    let keytab = keytab.zip(principal).and_then(|(file, principal)| {
        reader.file(KEYTAB, file, KeytabFile { principal: principal.to_owned() })
    });
    let keytab = keytab.map(|file| reader.refer(file));
    let configuration = krb5_conf.and_then(|file| reader.file(KRB5_CONF, file, ConfigurationFile));
    let configuration = configuration.map(|file| reader.refer(file));
    Some(KerberosLogin {
        service: service?.to_owned(),
        principal: principal?.to_owned(),
        keytab: keytab?,
        configuration: configuration?,
    })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
