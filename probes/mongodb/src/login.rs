//! Stage `auth`: one login (MongoDB specification, "Authentication").

use bson::spec::{BinarySubtype, ElementType};
use bson::{Binary, RawDocumentBuf, cstr, rawdoc};
use md5::{Digest as _, Md5};
use probe_contract::{Code, Evidence, Failure, Secret, StageGuard};
use support_scram::{Fault, Hash, Scram};
use zeroize::Zeroizing;

use crate::mechanism::Mechanism;
use crate::reply::Reply;
use crate::session::Session;
use crate::settings::User;

/// Servers ask for 10,000 and 15,000 unless their operator sets more; the Java driver was seen to do 300,000. More than this is an attempt to
/// have the client compute.
const MAX_ITERATIONS: u32 = 1_000_000;

impl Session {
    /// Logs in once.
    pub(crate) async fn log_in(&mut self, user: &User, guard: &StageGuard) -> Result<(), Failure> {
        let mechanism = match user.mechanism {
            Some(mechanism) => mechanism,
            None => self.ask_for_mechanism(user, guard).await?,
        };
        let password = match mechanism {
            Mechanism::ScramSha1 => digested(user),
            Mechanism::ScramSha256 => prepared(&user.secret)?,
            Mechanism::Plain | Mechanism::X509 | Mechanism::Aws => user.secret.clone(),
        };
        guard.credential_sent(mechanism.name());
        match mechanism {
            Mechanism::ScramSha1 => self.scram(Hash::Sha1, user, &password).await,
            Mechanism::ScramSha256 => self.scram(Hash::Sha256, user, &password).await,
            Mechanism::Plain => self.plain(user).await,
            Mechanism::X509 => self.x509(user).await,
            Mechanism::Aws => self.aws(user).await,
        }?;
        guard.note(Evidence::User(
            user.name.clone().unwrap_or_else(|| "that of the client certificate".to_owned()),
        ));
        Ok(())
    }

    /// The mechanism for a definition that names none: as drivers do, the stronger of those that the server has for the user.
    async fn ask_for_mechanism(&mut self, user: &User, guard: &StageGuard) -> Result<Mechanism, Failure> {
        let account = format!("{}.{}", user.source, user.name.as_deref().unwrap_or_default());
        let command = rawdoc! { "isMaster": 1, "saslSupportedMechs": account, "$db": "admin" };
        let reply = self.run(&command, guard).await?;
        let offered: Vec<String> =
            reply.texts("saslSupportedMechs", 16).into_iter().map(str::to_owned).collect();
        let has_sha256 = offered.iter().any(|name| name == Mechanism::ScramSha256.name());
        if !offered.is_empty() {
            guard.note(Evidence::MechanismsOffered(offered));
        }
        Ok(if has_sha256 { Mechanism::ScramSha256 } else { Mechanism::ScramSha1 })
    }

    async fn scram(&mut self, hash: Hash, user: &User, password: &Secret) -> Result<(), Failure> {
        let exchange = Scram::new(hash, user.name.as_deref().unwrap_or_default())
            .map_err(|_| Failure::new(Code::AgentFailed, "the system gives no random numbers"))?
            .with_max_iterations(MAX_ITERATIONS);
        let begun = self.sasl_start(hash.mechanism(), exchange.first().as_bytes(), user).await?;
        if begun.is_true("done") {
            return Err(self.malformed("its login ends before the client has proven anything"));
        }
        let proof = exchange.prove(payload(&begun), password).map_err(|fault| self.fault(fault))?;
        let answer = self.sasl_continue(&begun, proof.message.as_bytes(), user).await?;
        proof.check(payload(&answer)).map_err(|fault| self.fault(fault))?;
        if answer.is_true("done") {
            return Ok(());
        }
        // A server that does not skip it wants one more message, without anything in it.
        let last = self.sasl_continue(&begun, b"", user).await?;
        if last.is_true("done") { Ok(()) } else { Err(self.malformed("its login never ends")) }
    }

    /// RFC 4616.
    async fn plain(&mut self, user: &User) -> Result<(), Failure> {
        let name = user.name.as_deref().unwrap_or_default();
        let message = Zeroizing::new(format!("\0{name}\0{}", user.secret.expose()));
        let answer = self.sasl_start(Mechanism::Plain.name(), message.as_bytes(), user).await?;
        if answer.is_true("done") { Ok(()) } else { Err(self.malformed("its login never ends")) }
    }

    async fn x509(&mut self, user: &User) -> Result<(), Failure> {
        let mut command = rawdoc! { "authenticate": 1, "mechanism": Mechanism::X509.name() };
        if let Some(name) = &user.name {
            command.append(cstr!("user"), name.as_str());
        }
        command.append(cstr!("$db"), user.source.as_str());
        self.run_login(command.as_bytes()).await.map(|_| ())
    }

    pub(crate) async fn sasl_start(
        &mut self,
        mechanism: &str,
        payload: &[u8],
        user: &User,
    ) -> Result<Reply, Failure> {
        let command = rawdoc! {
            "saslStart": 1,
            "mechanism": mechanism,
            "autoAuthorize": 1,
            "options": { "skipEmptyExchange": true },
            "$db": user.source.as_str(),
        };
        self.run_login(&with_payload(command, payload)).await
    }

    pub(crate) async fn sasl_continue(
        &mut self,
        begun: &Reply,
        payload: &[u8],
        user: &User,
    ) -> Result<Reply, Failure> {
        let conversation = begun.integer("conversationId").and_then(|id| i32::try_from(id).ok()).unwrap_or(1);
        let command = rawdoc! {
            "saslContinue": 1,
            "conversationId": conversation,
            "$db": user.source.as_str(),
        };
        self.run_login(&with_payload(command, payload)).await
    }

    fn fault(&self, fault: Fault) -> Failure {
        let peer = &self.endpoint;
        match fault {
            Fault::Refused(error) => {
                let detail = format!("{peer} refuses the login: {error}");
                Failure::from_peer(Code::CredentialsRejected, detail).native(error)
            }
            Fault::Malformed(what) => {
                Failure::new(Code::ResponseUnreadable, format!("{peer} sends a message of SCRAM that is not valid: {what}"))
            }
            Fault::TooManyIterations => {
                let detail = format!("{peer} asks for more than 1,000,000 rounds of hashing, which no client should compute");
                Failure::new(Code::MechanismUnsupported, detail)
                    .hint("Lower scramIterationCount or scramSHA256IterationCount of the server, and set the user's password anew")
            }
            Fault::WrongSignature => {
                Failure::new(Code::ResponseUnreadable, format!("{peer} does not prove that it knows the password"))
                    .hint("Check that the address leads to the intended server: something that only pretends to check logins answers there")
            }
        }
    }
}

fn payload(reply: &Reply) -> &[u8] {
    reply.bytes("payload").unwrap_or_default()
}

/// A command of a login, from which nothing of the payload is left behind in memory: PLAIN has the password in it.
fn with_payload(command: RawDocumentBuf, payload: &[u8]) -> Zeroizing<Vec<u8>> {
    const ELEMENT_BYTES: usize = 32;
    let mut bytes = Vec::with_capacity(command.as_bytes().len() + payload.len() + ELEMENT_BYTES);
    bytes.extend_from_slice(&command.as_bytes()[..command.as_bytes().len() - 1]);
    bytes.push(ElementType::Binary as u8);
    bytes.extend_from_slice(b"payload\0");
    bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.push(BinarySubtype::Generic.into());
    bytes.extend_from_slice(payload);
    bytes.push(0);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    bytes[..4].copy_from_slice(&length);
    Zeroizing::new(bytes)
}

pub(crate) fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// The password as SCRAM-SHA-256 has it hashed (RFC 7677), where the Java driver 4.7 does it too.
fn prepared(password: &Secret) -> Result<Secret, Failure> {
    const BEYOND: char = '\u{ffff}';
    let wrong = |detail: &'static str| {
        Failure::new(Code::InvalidSettings, detail)
            .hint("Set another password, without control characters, emoji and unassigned characters")
    };
    let prepared = support_scram::normalized(password).map_err(|_| {
        wrong("the password has characters that SASLprep (RFC 4013) forbids, so no driver logs in with it by SCRAM-SHA-256")
    })?;
    if prepared.expose().is_empty() {
        return Err(wrong("the password is empty, with which no Java driver logs in by SCRAM-SHA-256"));
    }
    if prepared.expose().chars().any(|letter| letter > BEYOND) {
        return Err(wrong(
            "the password has characters beyond U+FFFF, with which MongoDB's Java driver 4.7 does not log in by SCRAM-SHA-256",
        ));
    }
    Ok(prepared)
}

/// What SCRAM-SHA-1 has in place of the password.
fn digested(user: &User) -> Secret {
    let mut hash = Md5::new();
    for part in [user.name.as_deref().unwrap_or_default(), ":mongo:", user.secret.expose()] {
        hash.update(part.as_bytes());
    }
    let digits = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Secret::new(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `com.mongodb.internal.authentication.SaslPrep` of the Java driver 4.7.2 was seen to do it.
    #[test]
    fn a_password_is_prepared_as_the_driver_does_it() {
        let prepare = |text: &str| prepared(&Secret::new(text.to_owned())).map_err(|failure| failure.detail);
        for (given, expected) in [
            ("p: /?#%'\"\\", "p: /?#%'\"\\"),
            ("\u{2168}", "IX"),
            ("a\u{ad}", "a"),
            ("\u{200b}", " "),
            ("\u{fb01}", "fi"),
            ("e\u{301}", "\u{e9}"),
            // Beyond U+FFFF before it is prepared, and not behind.
            ("\u{1d400}", "A"),
        ] {
            assert_eq!(prepare(given).unwrap().expose(), expected, "{given:?}");
        }
        for (given, says) in [
            ("a\u{7}", "forbids"),
            ("a\u{85}", "forbids"),
            ("\u{627}1", "forbids"),
            ("\u{1f600}", "forbids"),
            ("\u{20000}", "beyond U+FFFF"),
            ("\u{10400}", "beyond U+FFFF"),
            ("", "is empty"),
            ("\u{ad}", "is empty"),
        ] {
            let detail = prepare(given).map(|_| ()).unwrap_err();
            assert!(detail.contains(says), "{given:?}: {detail}");
        }
    }

    #[test]
    fn a_payload_is_in_its_command_and_nowhere_else() {
        for payload in [&b""[..], b"\0alice\0secret", &[7; 1000]] {
            let command = with_payload(rawdoc! { "saslStart": 1, "$db": "admin" }, payload);
            let expected = rawdoc! { "saslStart": 1, "$db": "admin", "payload": binary(payload) };
            assert_eq!(command.as_slice(), expected.as_bytes());
        }
    }

    /// Computed by Python's hashlib.
    #[test]
    fn sha_1_hashes_user_and_password() {
        let user = User {
            name: Some("al=i,ce".to_owned()),
            secret: Secret::new("p\u{e4}ss".to_owned()),
            token: None,
            source: "admin".to_owned(),
            mechanism: None,
        };
        assert_eq!(digested(&user).expose(), "3e9fa54a2db2bc65212e0485d3b181a9");
    }
}
