//! Stage `auth`: the client's side of the server's authentication plugins.

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use mysql_common::auth::plugins::{AuthProc, ChallengeResponsePlugin as _, Context};
use mysql_common::packets::AuthPlugin;
use probe_contract::{Code, Endpoint, Failure, Secret, Stage};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

/// One login by one plugin.
pub(crate) struct Authentication<'a> {
    procedure: AuthProc,
    plugin: String,
    nonce: Vec<u8>,
    key: PublicKey,
    rules: Rules<'a>,
}

/// How far the server's public key has come, without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PublicKey {
    NotNeeded,
    Awaited,
    Used,
}

/// What the definition and the channel allow.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) peer: &'a Endpoint,
    pub(crate) password: &'a Secret,
    pub(crate) encrypted: bool,
    /// `allowPublicKeyRetrieval`: a key that the server sends in clear text may encrypt the password.
    pub(crate) key_retrieval: bool,
}

/// Plugins that take no password, by the name that the server gives the client's side.
const NOT_A_PASSWORD: &[(&str, &str)] = &[
    ("auth_gssapi_client", "Kerberos"),
    ("authentication_kerberos_client", "Kerberos"),
    ("authentication_windows_client", "a Windows login"),
    ("authentication_webauthn_client", "a security key"),
    ("authentication_fido_client", "a security key"),
    ("authentication_oci_client", "an Oracle Cloud login"),
    ("authentication_openid_connect_client", "an OpenID Connect token"),
];

/// The plugin that every server takes in the first answer: one that wants another says so.
const ANY: &str = "mysql_native_password";

impl<'a> Authentication<'a> {
    /// The login that answers the greeting, and its first answer.
    pub(crate) fn first(
        plugin: Option<&str>,
        nonce: Vec<u8>,
        rules: Rules<'a>,
    ) -> Result<(Self, Zeroizing<Vec<u8>>), Failure> {
        // A server may greet with a plugin that few of its users have. Nothing but a digest is sent unasked.
        let plugin = match plugin {
            Some(plugin @ "caching_sha2_password") => plugin,
            Some(_) | None => ANY,
        };
        Self::start(plugin, nonce, rules)
    }

    /// The login by the plugin that the server switches to, and its first answer.
    pub(crate) fn switched(
        plugin: &str,
        nonce: Vec<u8>,
        rules: Rules<'a>,
    ) -> Result<(Self, Zeroizing<Vec<u8>>), Failure> {
        if let Some((_, what)) = NOT_A_PASSWORD.iter().find(|(name, _)| *name == plugin) {
            let detail = format!("the server asks for {what}, not for a password");
            return Err(failure(Code::MechanismNotOffered, detail, plugin).hint(
                "Give the user a password login: ALTER USER … IDENTIFIED BY …, with caching_sha2_password or mysql_native_password",
            ));
        }
        match plugin {
            "mysql_native_password" | "caching_sha2_password" | "client_ed25519" => {}
            "sha256_password" => rules.confide(plugin)?,
            "mysql_clear_password" if rules.encrypted => {}
            "mysql_clear_password" => {
                let detail = "the server asks for the password in clear text over a connection without TLS, and dialcheck does \
                              not send it";
                return Err(failure(Code::TlsRequired, detail.to_owned(), plugin).hint(WITH_TLS));
            }
            _ => {
                let detail = "the server asks for a login method that dialcheck does not know".to_owned();
                return Err(failure(Code::MechanismUnsupported, detail, plugin));
            }
        }
        Self::start(plugin, nonce, rules)
    }

    fn start(plugin: &str, nonce: Vec<u8>, rules: Rules<'a>) -> Result<(Self, Zeroizing<Vec<u8>>), Failure> {
        let procedure = AuthPlugin::from_bytes(plugin.as_bytes())
            .init()
            .map_err(|error| rules.broken("it asks for an unknown plugin", plugin).source(error))?;
        let mut login =
            Self { procedure, plugin: plugin.to_owned(), nonce, key: PublicKey::NotNeeded, rules };
        let nonce = login.nonce.clone();
        let answer = login.run(&nonce)?.unwrap_or_default();
        Ok((login, answer))
    }

    /// The plugin's name.
    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Whether the password went out under a key that came in clear text.
    pub(crate) fn took_key(&self) -> bool {
        self.key == PublicKey::Used
    }

    /// The answer to what the server has more to say, where there is one.
    pub(crate) fn more(&mut self, challenge: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        const FULL_AUTHENTICATION: &[u8] = &[4];
        if self.key == PublicKey::Awaited {
            self.key = PublicKey::Used;
            return self.rules.encrypt(&self.nonce, challenge, &self.plugin).map(Some);
        }
        if self.plugin == "caching_sha2_password" && challenge == FULL_AUTHENTICATION {
            self.rules.confide(&self.plugin)?;
        }
        self.run(challenge)
    }

    /// Whether what the server says accepts the password already (caching_sha2_password's fast path).
    pub(crate) fn is_accepted_by(&self, challenge: &[u8]) -> bool {
        const FAST_AUTHENTICATION: &[u8] = &[3];
        self.plugin == "caching_sha2_password" && challenge == FAST_AUTHENTICATION
    }

    fn run(&mut self, challenge: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let context = Clear { rules: &self.rules, nonce: &self.nonce };
        let answer = self.procedure.run(context, challenge).map_err(|error| {
            self.rules.broken("its challenge does not fit the plugin", &self.plugin).source(error.to_string())
        })?;
        // The one answer of the two plugins with a public key that does not depend on the password is the request for it.
        let asks_for_key = !self.rules.encrypted
            && match self.plugin.as_str() {
                "caching_sha2_password" => answer.data() == Some(&[2]),
                "sha256_password" => answer.data() == Some(&[1]),
                _ => false,
            };
        if asks_for_key {
            self.key = PublicKey::Awaited;
        }
        Ok(answer.data().map(|data| Zeroizing::new(data.to_vec())))
    }
}

impl Rules<'_> {
    /// Whether the password itself, and not a digest, may be shown to the server: over TLS, or encrypted with a key that
    /// the definition lets the server send.
    fn confide(&self, plugin: &str) -> Result<(), Failure> {
        if self.encrypted || self.key_retrieval {
            return Ok(());
        }
        let detail = "the server wants the password itself, for which it needs TLS or, in clear text, its public key, and the \
                      definition allows neither";
        Err(failure(Code::TlsRequired, detail.to_owned(), plugin).hint(
            "Take sslMode=DISABLED out of the URL, or enable TLS on the server; allowPublicKeyRetrieval=true in the URL works \
             without TLS, and lets everyone on the network path read the password",
        ))
    }

    /// The password, masked with the nonce as the plugins want it, under the server's public key.
    fn encrypt(&self, nonce: &[u8], key: &[u8], plugin: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let password = self.password.expose().bytes().chain([0]);
        let masked: Zeroizing<Vec<u8>> =
            Zeroizing::new(password.zip(nonce.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect());
        let unreadable = || self.broken("its public key can't be used", plugin);
        let key = SubjectPublicKeyInfoDer::from_pem_slice(key).map_err(|error| unreadable().source(error))?;
        // Keys of 2048 to 8192 bits: no other keeps the password, or lets the test end.
        let key = PublicEncryptingKey::from_der(&key).map_err(|error| unreadable().source(error))?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|error| unreadable().source(error))?;
        let mut encrypted = vec![0; key.ciphertext_size()];
        let encrypted = key
            .encrypt(&OAEP_SHA1_MGF1SHA1, &masked, &mut encrypted, None)
            .map_err(|error| unreadable().source(error))?;
        Ok(Zeroizing::new(encrypted.to_vec()))
    }

    fn broken(&self, what: &str, plugin: &str) -> Failure {
        failure(Code::ResponseUnreadable, format!("{} broke the protocol: {what}", self.peer), plugin)
    }
}

const WITH_TLS: &str = "Take sslMode=DISABLED out of the URL, or enable TLS on the server";

fn failure(code: Code, detail: String, plugin: &str) -> Failure {
    Failure::new(code, detail).at(Stage::Auth).native(plugin.to_owned())
}

/// What the plugins get to see.
struct Clear<'a> {
    rules: &'a Rules<'a>,
    nonce: &'a [u8],
}

impl Context for Clear<'_> {
    fn pass(&self) -> &[u8] {
        self.rules.password.expose().as_bytes()
    }

    fn is_ipc_transport(&self) -> bool {
        false
    }

    fn is_tls_transport(&self) -> bool {
        self.rules.encrypted
    }

    fn scramble(&self) -> &[u8] {
        self.nonce
    }

    fn server_key_pem(&self) -> Option<&[u8]> {
        None
    }
}
