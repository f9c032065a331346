//! From properties and connection string to typed settings.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use probe_contract::tls::{CertificateDer, ClientIdentity, NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{
    Address, AuthenticationType, AwsCredentials, AwsIdentity, CertificateFile, Credentials, Endpoint,
    Failure, Findings, Given, Location, Login, Mistake, Part, Parts, Reader, Reference, ResolvedSecrets,
    Secret, SecretRef, Target, Warning, WithoutPassword,
};
use support_jdbc::{self as jdbc, Precedence};

use crate::client_file::ClientFile;
use crate::connection_string::ConnectionString;
use crate::declaration::{CONNECTION_URL, CREDENTIALS};
use crate::mechanism::Mechanism;
use crate::options::{self, Options};
use crate::seeds::{Seeds, SrvSeeds};

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) database: Option<String>,
    pub(crate) encrypted: bool,
    pub(crate) references: Vec<Reference>,
    pub(crate) warnings: Vec<Warning>,
    /// The hosts of the string; of `mongodb+srv://` none.
    hosts: Vec<Endpoint>,
    srv: Option<SrvSeeds>,
    /// Who logs in, but by a client certificate alone, or as whom AWS knows.
    credentials: Option<Credentials>,
    identity: Option<SecretRef<AwsCredentials>>,
    verify: Verify,
    trust: Option<SecretRef<Vec<CertificateDer<'static>>>>,
    client: Option<SecretRef<ClientIdentity>>,
}

/// Who logs in, and how.
pub(crate) struct User {
    /// Its name; none where the client certificate has it.
    pub(crate) name: Option<String>,
    /// The password, the secret access key, or what identifies the client certificate.
    pub(crate) secret: Secret,
    /// The session token of AWS's temporary credentials.
    pub(crate) token: Option<Secret>,
    /// The database that it belongs to.
    pub(crate) source: String,
    /// None where the server is to be asked.
    pub(crate) mechanism: Option<Mechanism>,
}

impl User {
    /// What is sent to `endpoint`. The account is named as servers name it.
    pub(crate) fn login(&self, endpoint: &Endpoint) -> Login {
        let name = self.name.as_deref().unwrap_or("(the certificate's)");
        let by = self.mechanism.map(|mechanism| format!(" by {}", mechanism.name())).unwrap_or_default();
        Login {
            endpoint: endpoint.clone(),
            user: format!("{}.{name}{by}", self.source),
            secret: self.secret.clone(),
        }
    }
}

impl Settings {
    /// Where the test begins, with what DNS has.
    ///
    /// # Errors
    /// What DNS has is no set of hosts.
    pub(crate) fn seeds(&self, secrets: &ResolvedSecrets) -> Result<Seeds, Failure> {
        match &self.srv {
            Some(srv) => srv.resolve(&self.options, secrets),
            None => Ok(Seeds::listed(&self.hosts, &self.options)),
        }
    }

    /// Who logs in, with what the references led to.
    pub(crate) fn user(&self, seeds: &Seeds, secrets: &ResolvedSecrets) -> User {
        let mechanism = self.options.mechanism;
        let source = match mechanism {
            Some(Mechanism::X509 | Mechanism::Aws) => None,
            None | Some(Mechanism::ScramSha1 | Mechanism::ScramSha256 | Mechanism::Plain) => {
                seeds.auth_source.clone()
            }
        };
        let source = source.unwrap_or_else(|| Mechanism::usual_source(mechanism, self.database.as_deref()));
        let (name, secret) = match &self.credentials {
            Some(credentials) => {
                let (user, password) = credentials.resolve(secrets);
                (Some(user), password)
            }
            None => (None, None),
        };
        let identity = self.identity.as_ref().and_then(|identity| secrets.get(identity));
        let token = identity
            .and_then(|identity| identity.session_token.clone())
            .or(self.options.session_token.clone());
        let (name, secret) = match identity {
            Some(identity) => {
                (Some(identity.access_key_id.clone()), Some(identity.secret_access_key.clone()))
            }
            None => (name, secret),
        };
        // A definition without a password is a mistake, but where the certificate stands for it.
        let secret = secret.unwrap_or_else(|| Secret::new(self.certificate(secrets)));
        User { name, secret, token, source, mechanism }
    }

    /// What identifies the client certificate.
    fn certificate(&self, secrets: &ResolvedSecrets) -> String {
        let identity = self.client.as_ref().and_then(|file| secrets.get(file));
        let leaf = identity.and_then(|identity| identity.chain.first());
        leaf.map(|leaf| BASE64_STANDARD.encode(digest(&SHA256, leaf))).unwrap_or_default()
    }

    pub(crate) fn tls_policy(&self, host: &str, secrets: &ResolvedSecrets) -> Option<TlsPolicy> {
        self.encrypted.then(|| TlsPolicy {
            host: host.to_owned(),
            verify: self.verify,
            name: NameCheck::Host,
            trust: self
                .trust
                .as_ref()
                .and_then(|file| secrets.get(file))
                .map_or(Trust::Roots, |given| Trust::Given(given.clone())),
            client: self.client.as_ref().and_then(|file| secrets.get(file)).cloned(),
            alpn: Vec::new(),
        })
    }

    /// Whether the definition has a client certificate.
    pub(crate) const fn has_client_certificate(&self) -> bool {
        self.client.is_some()
    }
}

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    let mut reader = Reader::new(&target.properties);
    let (property, mut string) = match &target.address {
        Address::Url(url) => {
            let is_jdbc = target.connection_type.eq_ignore_ascii_case("JDBC");
            (url.property, ConnectionString::parse(url.url.marked(), url.property, is_jdbc, &mut reader))
        }
        Address::Parts(parts) => from_parts(parts, &mut reader),
        Address::Own => {
            let expected = "expected mongodb://host:port/database or mongodb+srv://name/database";
            return Err(vec![Mistake::new(CONNECTION_URL, expected)]);
        }
    };
    let options = options::read(&string, property, &mut reader);
    let enforced = jdbc::enforces_tls(&mut reader, target);
    jdbc::driver(&mut reader);
    let encrypted = encryption(&options, string.is_srv, enforced, property, &mut reader);
    let credentials = credentials(target, &mut string, &options, property, &mut reader);
    let asks_aws = options.mechanism == Some(Mechanism::Aws) && credentials.is_none();
    let identity = asks_aws.then(|| {
        reader.refer(SecretRef::new(format!("{property}?authMechanism"), AwsIdentity { region: None }))
    });
    let (trust, client) = if encrypted {
        let given = options.ca_file.as_deref();
        let file =
            given.and_then(|file| reader.file(format!("{property}?tlsCAFile"), file, CertificateFile::Any));
        let trust = jdbc::trust(&mut reader, target, enforced, Precedence::Properties, file);
        let client = client_file(&string, &options, property, &mut reader);
        (trust.map(|file| reader.refer(file)), client.map(|file| reader.refer(file)))
    } else {
        (None, None)
    };
    if options.mechanism == Some(Mechanism::X509) && client.is_none() && reader.mistakes().is_empty() {
        let expected = "expected tls=true and tlsCertificateKeyFile beside authMechanism=MONGODB-X509";
        reader.wrong(format!("{property}?tlsCertificateKeyFile"), expected);
    }
    // Whoever is between could log in by it at another server.
    let is_checked = enforced || !(options.allow_invalid_hostnames || options.allow_invalid_certificates);
    if options.mechanism == Some(Mechanism::Aws) && encrypted && !is_checked {
        let expected = "expected a server whose certificate is checked beside authMechanism=MONGODB-AWS, which sends a signed request of AWS";
        reader.wrong(format!("{property}?authMechanism"), expected);
    }
    if !encrypted {
        let expected = match options.mechanism {
            Some(Mechanism::Plain) => {
                Some("expected tls=true beside authMechanism=PLAIN, which sends the password as it is")
            }
            Some(Mechanism::Aws) => Some(
                "expected tls=true beside authMechanism=MONGODB-AWS, which sends a signed request of AWS",
            ),
            None | Some(Mechanism::ScramSha1 | Mechanism::ScramSha256 | Mechanism::X509) => None,
        };
        if let Some(expected) = expected {
            reader.wrong(format!("{property}?authMechanism"), expected);
        }
    }
    let srv = string.is_srv.then(|| string.hosts.pop()).flatten();
    let srv = srv.map(|name| SrvSeeds::refer(&name.host, &options, property, &mut reader));
    let Findings { references, warnings } = reader.finish()?;
    Ok(Settings {
        verify: verification(&options, enforced),
        options,
        database: string.database,
        encrypted,
        references,
        warnings,
        hosts: string.hosts,
        srv,
        credentials,
        identity,
        trust,
        client,
    })
}

/// As Athena's connector composes a string of them.
fn from_parts(parts: &Parts, reader: &mut Reader<'_>) -> (&'static str, ConnectionString) {
    let mut string = ConnectionString::default();
    let property = parts.parameters.as_ref().map_or("JDBC_PARAMS", |parameters| parameters.property);
    let host = parts.host.trimmed().filter(|host| !host.is_empty());
    let port = parts.port.trimmed().filter(|port| !port.is_empty());
    let port = match (port, parts.usual_port) {
        (Some(port), _) => reader.parsed(parts.port.property, port, Endpoint::parse_port),
        (None, Some(usual)) => Some(usual),
        (None, None) => None,
    };
    match host {
        Some(host) => {
            let host = reader.parsed(parts.host.property, host, Endpoint::parse_host);
            string.hosts.extend(host.zip(port).map(|(host, port)| Endpoint { host, port }));
        }
        None => reader.wrong(parts.host.property, "expected a host name or an IP address"),
    }
    if let Some(parameters) = parts.parameters.as_ref().and_then(Part::trimmed) {
        string.add_options(parameters.trim_start_matches(['?', '&']), property, reader);
    }
    (property, string)
}

/// Whether the connection is encrypted; where it is not, that is warned of.
fn encryption(
    options: &Options,
    is_srv: bool,
    enforced: bool,
    property: &str,
    reader: &mut Reader<'_>,
) -> bool {
    let wanted = options.tls.unwrap_or(is_srv);
    if enforced && options.tls == Some(false) {
        let message = format!("JDBC_ENFORCE_SSL is true, so {property}?tls is ignored");
        reader.warn("property_ignored", message);
    }
    if !wanted && !enforced {
        let message = "nothing is encrypted: all that a job reads goes over the network in clear text; set tls=true in the connection string \
                       to prevent that";
        reader.warn("plaintext", message);
    }
    if (wanted || enforced) && (options.allow_invalid_hostnames || options.allow_invalid_certificates) {
        let message = if enforced {
            "JDBC_ENFORCE_SSL is true, so chain and host name are checked, whatever the connection string allows"
        } else {
            "the connection string allows wrong certificates: an attacker on the network path can read all that a job reads"
        };
        reader.warn("certificate_not_checked", message);
    }
    wanted || enforced
}

fn verification(options: &Options, enforced: bool) -> Verify {
    match (enforced, options.allow_invalid_certificates, options.allow_invalid_hostnames) {
        (true, ..) | (_, false, false) => Verify::ChainAndName,
        (_, true, _) => Verify::Nothing,
        (_, false, true) => Verify::Chain,
    }
}

/// Who logs in: as the properties say, or else as the string does.
fn credentials(
    target: &Target,
    string: &mut ConnectionString,
    options: &Options,
    property: &str,
    reader: &mut Reader<'_>,
) -> Option<Credentials> {
    let mut given = Given::read(reader, &CREDENTIALS);
    if let Some(authentication) = &target.authentication {
        if !jdbc::supports(reader, authentication.kind) {
            return None;
        }
        if authentication.kind == Some(AuthenticationType::Iam) && options.mechanism != Some(Mechanism::Aws) {
            let expected = format!("expected BASIC, or authMechanism=MONGODB-AWS in {property} beside IAM");
            reader.wrong("AuthenticationConfiguration.AuthenticationType", expected);
            return None;
        }
        given = given.or(Given::of_authentication(authentication));
    }
    let has_password = given.password.is_some() || reader.text(CREDENTIALS.encrypted_password).is_some();
    if let Some(user) = string.user.take() {
        if given.user.is_some() || has_password || given.stored.is_some() {
            let expected = "expected no user in front of the hosts beside USERNAME, PASSWORD or a secret";
            reader.wrong(property, expected);
            return None;
        }
        given = Given::of(Some(user), string.password.take());
    }
    match options.mechanism {
        Some(Mechanism::X509) => {
            if given.password.is_some() || has_password || given.stored.is_some() {
                let expected = "expected no password and no secret beside authMechanism=MONGODB-X509";
                let place = given.stored.as_ref().map_or(CREDENTIALS.password, |(key, _)| *key);
                reader.wrong(place, expected);
            }
            // Without a name the server takes the certificate's subject.
            given
                .user
                .is_some()
                .then(|| Credentials::read(reader, &CREDENTIALS, given, |_| WithoutPassword::Right))
        }
        // Whom the usual chain knows.
        Some(Mechanism::Aws) if given.user.is_none() && !has_password && given.stored.is_none() => None,
        Some(Mechanism::Aws)
        | None
        | Some(Mechanism::ScramSha1 | Mechanism::ScramSha256 | Mechanism::Plain) => {
            Some(Credentials::read(reader, &CREDENTIALS, given, |_| WithoutPassword::WrongUnlessBlank))
        }
    }
}

fn client_file(
    string: &ConnectionString,
    options: &Options,
    property: &str,
    reader: &mut Reader<'_>,
) -> Option<SecretRef<ClientIdentity>> {
    let place = format!("{property}?tlsCertificateKeyFile");
    let location = reader.parsed(&place, options.certificate_key_file.as_deref()?, Location::parse)?;
    let passwords = string.options.iter().rev().find(|(name, _)| name == "tlscertificatekeyfilepassword");
    let password = passwords.map(|(_, password)| password.clone());
    Some(SecretRef::new(place, ClientFile { location, password }))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
