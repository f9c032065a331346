//! From properties to typed settings (AWS Glue, "Connection properties", Kafka).

use std::collections::HashSet;

use probe_contract::tls::{ClientIdentity, TlsPolicy, Trust, Verify};
use probe_contract::{
    Code, Endpoint, Form, Location, Material, Mistake, Password, Pointer, Properties, Secret, Target,
    Warning, property,
};

use crate::credentials::{Credentials, PLAIN, SCRAM};
use crate::scram;

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
            Self::Scram(_) => scram::MECHANISM,
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
            Self::Scram(credentials) | Self::Plain(credentials) => credentials.resolve(material),
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

const BOOTSTRAP_SERVERS: &str = "KAFKA_BOOTSTRAP_SERVERS";
const SSL_ENABLED: &str = "KAFKA_SSL_ENABLED";
const CUSTOM_CERT: &str = "KAFKA_CUSTOM_CERT";
const SKIP_CUSTOM_CERT_VALIDATION: &str = "KAFKA_SKIP_CUSTOM_CERT_VALIDATION";
const CLIENT_KEYSTORE: &str = "KAFKA_CLIENT_KEYSTORE";
const CLIENT_KEYSTORE_PASSWORD: Keys =
    Keys { plain: "KAFKA_CLIENT_KEYSTORE_PASSWORD", encrypted: "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD" };
const CLIENT_KEY_PASSWORD: Keys =
    Keys { plain: "KAFKA_CLIENT_KEY_PASSWORD", encrypted: "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD" };
const SASL_MECHANISM: &str = "KAFKA_SASL_MECHANISM";
const KEYTAB: &str = "KAFKA_SASL_GSSAPI_KEYTAB";
const KRB5_CONF: &str = "KAFKA_SASL_GSSAPI_KRB5_CONF";
const SERVICE: &str = "KAFKA_SASL_GSSAPI_SERVICE";
const PRINCIPAL: &str = "KAFKA_SASL_GSSAPI_PRINCIPAL";

/// A password's property, and the one that it is encrypted under.
struct Keys {
    plain: &'static str,
    encrypted: &'static str,
}

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    let properties = &target.properties;
    let (mut mistakes, mut warnings, mut pointers) = (Vec::new(), Vec::new(), Vec::new());
    let brokers = bootstrap_servers(properties, &mut mistakes);
    let ssl_enabled =
        properties.get(SSL_ENABLED).is_none() || property::boolean(properties, SSL_ENABLED, &mut mistakes);
    let files = files(properties, &mut mistakes, &mut warnings);
    // TLS client authentication is a part of TLS.
    let encrypted = ssl_enabled || files.iter().any(|pointer| pointer.property == CLIENT_KEYSTORE);
    if encrypted && !ssl_enabled {
        let message = "KAFKA_CLIENT_KEYSTORE is given, so TLS is used although KAFKA_SSL_ENABLED is false";
        warnings.push(Warning::new("property_ignored", message));
    }
    if encrypted {
        pointers.extend(files);
    } else {
        if !files.is_empty() {
            let message = "KAFKA_SSL_ENABLED is false, so KAFKA_CUSTOM_CERT is ignored";
            warnings.push(Warning::new("property_ignored", message));
        }
        let message =
            "KAFKA_SSL_ENABLED is false: what is sent to the brokers goes over the network in clear text";
        warnings.push(Warning::new("plaintext", message));
    }
    let login = login(properties, &brokers, &mut pointers, &mut mistakes, &mut warnings);
    if matches!(login, Some(Login::MskIam)) && !encrypted {
        mistakes.push(Mistake::new(SSL_ENABLED, "expected true: a token of IAM's goes only over TLS"));
    }
    if matches!(login, Some(Login::Plain(_))) && !encrypted {
        let message = "KAFKA_SASL_MECHANISM is PLAIN and KAFKA_SSL_ENABLED is false: the password goes over the network in clear text";
        warnings.push(Warning::new("plaintext_password", message));
    }
    if mistakes.is_empty() {
        Ok(Settings { brokers, encrypted, login, pointers, warnings })
    } else {
        Err(mistakes)
    }
}

/// The list of brokers, as Kafka's own clients read it: a protocol in front of a host is passed over, and so is a second mention.
fn bootstrap_servers(properties: &Properties, mistakes: &mut Vec<Mistake>) -> Vec<Endpoint> {
    let (mut brokers, mut known) = (Vec::new(), HashSet::new());
    let Some(list) = properties.get(BOOTSTRAP_SERVERS) else {
        mistakes.push(Mistake::new(BOOTSTRAP_SERVERS, "expected host:port, or several with commas between"));
        return brokers;
    };
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
                let expected = format!("{expected} (at place {} of the list)", index + 1);
                mistakes.push(Mistake::new(BOOTSTRAP_SERVERS, expected));
            }
        }
    }
    if brokers.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake::new(BOOTSTRAP_SERVERS, "expected host:port, or several with commas between"));
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

/// The files that TLS is set up with.
fn files(properties: &Properties, mistakes: &mut Vec<Mistake>, warnings: &mut Vec<Warning>) -> Vec<Pointer> {
    let mut files = Vec::new();
    // Glue checks the file that it is given itself, and so is its flag about that file alone: the chain is always checked.
    let skips = property::boolean(properties, SKIP_CUSTOM_CERT_VALIDATION, mistakes);
    let form = if skips {
        Form::Certificates
    } else {
        Form::StrongCertificates { unless: SKIP_CUSTOM_CERT_VALIDATION }
    };
    if let Some(file) = properties.get(CUSTOM_CERT) {
        property::pointer(CUSTOM_CERT.to_owned(), file, form, &mut files, mistakes);
    }
    if let Some(file) = properties.get(CLIENT_KEYSTORE) {
        let form = Form::Keystore {
            store_password: password(&CLIENT_KEYSTORE_PASSWORD, properties, &mut files),
            key_password: password(&CLIENT_KEY_PASSWORD, properties, &mut files),
        };
        if !file.trim().to_ascii_lowercase().ends_with(".jks") {
            let message = "KAFKA_CLIENT_KEYSTORE: Glue takes a keystore only under a name that ends in .jks";
            warnings.push(Warning::new("keystore_name", message));
        }
        property::pointer(CLIENT_KEYSTORE.to_owned(), file, form, &mut files, mistakes);
    }
    files
}

/// The value of `key`, or a pointer to what the `ENCRYPTED_` one stands for.
fn password(key: &Keys, properties: &Properties, pointers: &mut Vec<Pointer>) -> Option<Password> {
    if let Some(password) = properties.get(key.plain) {
        return Some(Password::Given(Secret::new(password.to_owned())));
    }
    let ciphertext = properties.get(key.encrypted)?.trim().to_owned();
    let location = Location::Ciphertext(ciphertext.clone());
    pointers.push(Pointer { property: key.encrypted.to_owned(), location, form: Form::Text });
    Some(Password::Encrypted(ciphertext))
}

fn login(
    properties: &Properties,
    brokers: &[Endpoint],
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<Warning>,
) -> Option<Login> {
    match properties.get(SASL_MECHANISM)?.trim() {
        "SCRAM-SHA-512" => {
            Some(Login::Scram(Credentials::read(&SCRAM, properties, pointers, mistakes, warnings)))
        }
        "PLAIN" => Some(Login::Plain(Credentials::read(&PLAIN, properties, pointers, mistakes, warnings))),
        "AWS_MSK_IAM" => {
            // The token stands under the property that asks for it.
            let location = Location::MskToken { brokers: brokers.to_vec() };
            pointers.push(Pointer { property: SASL_MECHANISM.to_owned(), location, form: Form::Text });
            Some(Login::MskIam)
        }
        "GSSAPI" if cfg!(feature = "gssapi") => gssapi(properties, pointers, mistakes),
        "GSSAPI" => {
            let expected = "expected another mechanism than GSSAPI: this build of dialcheck has no Kerberos (feature kafka-gssapi)";
            mistakes.push(Mistake::new(SASL_MECHANISM, expected).code(Code::MechanismUnsupported));
            None
        }
        _ => {
            let expected =
                "expected SCRAM-SHA-512, PLAIN, GSSAPI or AWS_MSK_IAM, the mechanisms that Glue has";
            mistakes.push(Mistake::new(SASL_MECHANISM, expected).code(Code::MechanismUnsupported));
            None
        }
    }
}

fn gssapi(
    properties: &Properties,
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Login> {
    let mut text = |key: &'static str, expected: &'static str| {
        let value = properties.get(key).map(|value| value.trim().to_owned());
        if value.is_none() {
            mistakes.push(Mistake::new(key, expected));
        }
        value
    };
    let service = text(SERVICE, "expected the brokers' Kerberos service name (sasl.kerberos.service.name)");
    let principal = text(PRINCIPAL, "expected the principal to log in as, such as user@REALM");
    let keytab = text(KEYTAB, "expected where the keytab is: s3://bucket/key");
    let krb5_conf = text(KRB5_CONF, "expected where the krb5.conf is: s3://bucket/key");
    if let (Some(file), Some(principal)) = (keytab, &principal) {
        let form = Form::Keytab { principal: principal.clone() };
        property::pointer(KEYTAB.to_owned(), &file, form, pointers, mistakes);
    }
    if let Some(file) = krb5_conf {
        property::pointer(KRB5_CONF.to_owned(), &file, Form::KerberosConfiguration, pointers, mistakes);
    }
    Some(Login::Gssapi { service: service?, principal: principal? })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
