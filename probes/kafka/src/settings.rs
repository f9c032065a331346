//! From properties to typed settings (AWS Glue, "Connection properties", Kafka).

use std::collections::HashSet;

use probe_contract::tls::{ClientIdentity, TlsPolicy, Trust, Verify};
use probe_contract::{
    CredentialKeys, Credentials, Endpoint, Findings, Form, Given, Location, Material, Mistake, Password,
    Pointer, Reader, Secret, Target, Warning, WithoutPassword,
};
use support_scram::Hash;

/// What `SCRAM-SHA-512`, the only SCRAM of Glue's Kafka connections, hashes by.
pub(crate) const SCRAM_HASH: Hash = Hash::Sha512;

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `KAFKA_BOOTSTRAP_SERVERS`, each once.
    pub(crate) brokers: Vec<Endpoint>,
    pub(crate) encrypted: bool,
    pub(crate) login: Option<Login>,
    pub(crate) pointers: Vec<Pointer>,
    pub(crate) warnings: Vec<Warning>,
}

/// How the definition logs in.
#[derive(Debug)]
pub(crate) enum Login {
    Scram(Credentials),
    Plain(Credentials),
    /// OAUTHBEARER, with a token that IAM signs.
    MskIam,
    #[cfg_attr(not(feature = "gssapi"), expect(dead_code, reason = "settings refuse it in such a build"))]
    Gssapi {
        /// `KAFKA_SASL_GSSAPI_SERVICE`
        service: String,
        /// `KAFKA_SASL_GSSAPI_PRINCIPAL`
        principal: String,
    },
}

impl Login {
    /// The SASL mechanism, as brokers call it.
    pub(crate) const fn mechanism(&self) -> &'static str {
        match self {
            Self::Scram(_) => SCRAM_HASH.mechanism(),
            Self::Plain(_) => "PLAIN",
            Self::MskIam => "OAUTHBEARER",
            Self::Gssapi { .. } => "GSSAPI",
        }
    }

    /// What a login by Kerberos was given.
    #[cfg(feature = "gssapi")]
    pub(crate) fn kerberos(
        material: &Material,
    ) -> (Option<&probe_contract::Keytab>, Option<&probe_contract::KerberosConfiguration>) {
        (material.keytab(KEYTAB), material.kerberos_configuration(KRB5_CONF))
    }

    /// The account and what proves it, with what the pointers led to.
    pub(crate) fn resolve(&self, material: &Material) -> (String, Secret) {
        let missing = || Secret::new(String::new());
        match self {
            Self::Scram(credentials) | Self::Plain(credentials) => {
                let (user, password) = credentials.resolve(material);
                (user, password.unwrap_or_else(missing))
            }
            Self::MskIam => (String::new(), material.text(SASL_MECHANISM).cloned().unwrap_or_else(missing)),
            Self::Gssapi { principal, .. } => {
                use base64::Engine as _;
                let keys = material.keytab(KEYTAB).map(|keytab| {
                    Secret::new(base64::engine::general_purpose::STANDARD.encode(keytab.expose()))
                });
                (principal.clone(), keys.unwrap_or_else(missing))
            }
        }
    }
}

impl Settings {
    /// What each broker's certificate must be; none where nothing is encrypted.
    pub(crate) fn tls_policy(&self, host: &str, material: &Material) -> Option<TlsPolicy> {
        self.encrypted.then(|| TlsPolicy {
            host: host.to_owned(),
            verify: Verify::ChainAndName,
            trust: material
                .certificates(CUSTOM_CERT)
                .map_or(Trust::Roots, |given| Trust::Given(given.to_vec())),
            client: material.keystore(CLIENT_KEYSTORE).map(|identity| ClientIdentity {
                chain: identity.chain.clone(),
                key: identity.key.clone_key(),
            }),
            alpn: Vec::new(),
        })
    }

    /// Whether the definition has a client certificate.
    pub(crate) fn has_client_certificate(&self) -> bool {
        self.pointers.iter().any(|pointer| pointer.property == CLIENT_KEYSTORE)
    }
}

pub(crate) const BOOTSTRAP_SERVERS: &str = "KAFKA_BOOTSTRAP_SERVERS";
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
    let brokers = bootstrap_servers(&mut reader);
    let ssl_enabled = reader.text(SSL_ENABLED).is_none() || reader.boolean(SSL_ENABLED);
    // TLS client authentication is a part of TLS.
    let encrypted = ssl_enabled || reader.text(CLIENT_KEYSTORE).is_some();
    files(&mut reader, encrypted);
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
    if matches!(login, Some(Login::MskIam)) && !encrypted {
        reader.wrong(SSL_ENABLED, "expected true: a token of IAM's goes only over TLS");
    }
    if matches!(login, Some(Login::Plain(_))) && !encrypted {
        let message = "KAFKA_SASL_MECHANISM is PLAIN and KAFKA_SSL_ENABLED is false: the password goes over the network in clear text";
        reader.warn("plaintext_password", message);
    }
    let Findings { pointers, warnings } = reader.finish()?;
    Ok(Settings { brokers, encrypted, login, pointers, warnings })
}

/// The list of brokers, as Kafka's own clients read it: a protocol in front of a host is passed over, and so is a second mention.
fn bootstrap_servers(reader: &mut Reader<'_>) -> Vec<Endpoint> {
    const EXPECTED: &str = "expected host:port, or several with commas between";
    let (mut brokers, mut known) = (Vec::new(), HashSet::new());
    let Some(list) = reader.required(BOOTSTRAP_SERVERS, EXPECTED) else { return brokers };
    for (index, server) in list.split(',').map(str::trim).enumerate() {
        if server.is_empty() {
            continue;
        }
        match bootstrap_server(server) {
            Ok(broker) => {
                if known.insert(broker.normalized()) {
                    brokers.push(broker);
                }
            }
            Err(expected) => {
                reader.wrong(BOOTSTRAP_SERVERS, format!("{expected} (at place {} of the list)", index + 1));
            }
        }
    }
    if brokers.is_empty() && reader.mistakes().is_empty() {
        reader.wrong(BOOTSTRAP_SERVERS, EXPECTED);
    }
    brokers
}

fn bootstrap_server(server: &str) -> Result<Endpoint, &'static str> {
    let address = server.split_once("://").map_or(server, |(_, address)| address);
    let (host, port) = address.rsplit_once(':').ok_or("expected host:port: Kafka has no default port")?;
    if host.contains(':') && !host.starts_with('[') {
        return Err("expected an IPv6 address in brackets, and a port behind it");
    }
    Ok(Endpoint { host: Endpoint::parse_host(host)?, port: Endpoint::parse_port(port)? })
}

/// The files that TLS is set up with, which nobody reads without it.
fn files(reader: &mut Reader<'_>, encrypted: bool) {
    // Glue checks the file that it is given itself, and so is its flag about that file alone: the chain is always checked.
    let skips = reader.boolean(SKIP_CUSTOM_CERT_VALIDATION);
    let form = if skips {
        Form::Certificates
    } else {
        Form::StrongCertificates { unless: SKIP_CUSTOM_CERT_VALIDATION }
    };
    if let Some(text) = reader.text(CUSTOM_CERT)
        && let Some(file) = reader.file(CUSTOM_CERT, text, form)
        && encrypted
    {
        reader.refer(file);
    }
    if let Some(text) = reader.text(CLIENT_KEYSTORE) {
        let form = Form::Keystore {
            store_password: password(&CLIENT_KEYSTORE_PASSWORD, reader),
            key_password: password(&CLIENT_KEY_PASSWORD, reader),
        };
        if !text.trim().to_ascii_lowercase().ends_with(".jks") {
            let message = "KAFKA_CLIENT_KEYSTORE: Glue takes a keystore only under a name that ends in .jks";
            reader.warn("keystore_name", message);
        }
        if let Some(file) = reader.file(CLIENT_KEYSTORE, text, form) {
            reader.refer(file);
        }
    }
}

/// The value of `key`, or a pointer to what the `ENCRYPTED_` one stands for.
fn password(key: &Keys, reader: &mut Reader<'_>) -> Option<Password> {
    if let Some(password) = reader.text(key.plain) {
        return Some(Password::Given(Secret::new(password.to_owned())));
    }
    let ciphertext = reader.text(key.encrypted)?.trim().to_owned();
    let location = Location::Ciphertext(ciphertext.clone());
    reader.refer(Pointer { property: key.encrypted.to_owned(), location, form: Form::Text });
    Some(Password::Encrypted(ciphertext))
}

fn login(reader: &mut Reader<'_>, brokers: &[Endpoint]) -> Option<Login> {
    match reader.text(SASL_MECHANISM)?.trim() {
        "SCRAM-SHA-512" => Some(Login::Scram(credentials(reader, &SCRAM))),
        "PLAIN" => Some(Login::Plain(credentials(reader, &PLAIN))),
        "AWS_MSK_IAM" => {
            // The token stands under the property that asks for it.
            let location = Location::MskToken { brokers: brokers.to_vec() };
            reader.refer(Pointer { property: SASL_MECHANISM.to_owned(), location, form: Form::Text });
            Some(Login::MskIam)
        }
        "GSSAPI" if cfg!(feature = "gssapi") => gssapi(reader),
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

fn gssapi(reader: &mut Reader<'_>) -> Option<Login> {
    let service =
        reader.required(SERVICE, "expected the brokers' Kerberos service name (sasl.kerberos.service.name)");
    let principal = reader.required(PRINCIPAL, "expected the principal to log in as, such as user@REALM");
    let keytab = reader.required(KEYTAB, "expected where the keytab is: s3://bucket/key");
    let krb5_conf = reader.required(KRB5_CONF, "expected where the krb5.conf is: s3://bucket/key");
    if let (Some(file), Some(principal)) = (keytab, principal) {
        let form = Form::Keytab { principal: principal.to_owned() };
        if let Some(file) = reader.file(KEYTAB, file, form) {
            reader.refer(file);
        }
    }
    if let Some(file) = krb5_conf.and_then(|file| reader.file(KRB5_CONF, file, Form::KerberosConfiguration)) {
        reader.refer(file);
    }
    Some(Login::Gssapi { service: service?.to_owned(), principal: principal?.to_owned() })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
