//! The URL's parameters, as MySQL Connector/J and MariaDB Connector/J read them.

use std::time::Duration;

use probe_contract::tls::Verify;
use probe_contract::{Reader, Secret};
use support_jdbc::{self as jdbc, Url};

/// What the URL's parameters ask for.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    ssl_mode: Option<SslMode>,
    use_ssl: Option<bool>,
    require_ssl: bool,
    verify_certificate: bool,
    trust_any: bool,
    any_name: bool,
    pub(crate) server_certificate: Option<String>,
    /// The client's key and certificate, and what opens them.
    pub(crate) key_store: Option<String>,
    pub(crate) key_store_password: Option<Secret>,
    pub(crate) key_password: Option<Secret>,
    pub(crate) key_retrieval: bool,
    pub(crate) limits: Limits,
}

/// Whose driver the definition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Mysql,
    Mariadb,
}

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    IfOffered,
    Required,
}

/// Time limits of the URL's own.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) connect: Option<Duration>,
    pub(crate) socket: Option<Duration>,
}

/// Connector/J's `sslMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SslMode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

/// MySQL's names, and then MariaDB's.
const SSL_MODES: &[(&str, SslMode)] = &[
    ("DISABLED", SslMode::Disabled),
    ("PREFERRED", SslMode::Preferred),
    ("REQUIRED", SslMode::Required),
    ("VERIFY_CA", SslMode::VerifyCa),
    ("VERIFY_IDENTITY", SslMode::VerifyIdentity),
    ("disable", SslMode::Disabled),
    ("trust", SslMode::Required),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyIdentity),
];

/// Parameters that point at a store of authorities, or at a key in a file.
const KEY_STORES: &[&str] = &["serverrsapublickeyfile", "trustcertificatekeystoreurl", "truststore"];

/// Parameters of MySQL Connector/J 8 and MariaDB Connector/J 3 that can't change whether a login and a query work.
const WITHOUT_EFFECT: &[&str] = &[
    "allowloadlocalinfile",
    "allowmultiqueries",
    "allownanandinf",
    "allowurlinlocalinfile",
    "alwayssendsetisolation",
    "autoclosepstmtstreams",
    "autodeserialize",
    "autoreconnect",
    "blobsendchunksize",
    "cachecallablestmts",
    "cacheprepstmts",
    "cacheresultsetmetadata",
    "cacheserverconfiguration",
    "characterencoding",
    "charactersetresults",
    "connectioncollation",
    "connectiontimezone",
    "defaultfetchsize",
    "dontcheckonduplicatekeyupdateinsert",
    "dumpqueriesonexception",
    "elidesetautocommits",
    "emptystringsconverttozero",
    "failoverreadonly",
    "forceconnectiontimezonetosession",
    "functionsneverreturnblobs",
    "holdresultsopenoverstatementclose",
    "includeinnodbstatusindeadlockexceptions",
    "interactiveclient",
    "jdbccomplianttruncation",
    "logger",
    "logslowqueries",
    "maintaintimestats",
    "maxallowedpacket",
    "maxreconnects",
    "maxrows",
    "metadatacachesize",
    "netbuffersize",
    "nodatetimestringsync",
    "noaccesstoprocedurebodies",
    "nullcatalogmeanscurrent",
    "nulldatabasemeanscurrent",
    "paranoid",
    "permitmysqlscheme",
    "prepstmtcachesize",
    "prepstmtcachesqllimit",
    "preserveinstants",
    "profilesql",
    "readfrommasterwhennoslaves",
    "readonlypropagatestoserver",
    "reconnectatxend",
    "rewritebatchedstatements",
    "rollbackonpooledclose",
    "sendfractionalseconds",
    "servertimezone",
    "slowquerythresholdmillis",
    "tcpkeepalive",
    "tcpnodelay",
    "tcprcvbuf",
    "tcpsndbuf",
    "timezone",
    "tinyint1isbit",
    "transformedbitisboolean",
    "treatutildateastimestamp",
    "useaffectedrows",
    "usebulkstmts",
    "usecolumnnamesinfindcolumn",
    "usecompression",
    "useconfigs",
    "usecursorfetch",
    "usehostsinprivileges",
    "useinformationschema",
    "usejdbccomplianttimezoneshift",
    "uselegacydatetimecode",
    "uselocalsessionstate",
    "uselocaltransactionstate",
    "useoldaliasmetadatabehavior",
    "usereadaheadinput",
    "useserverprepstmts",
    "usesspscompatibletimezoneshift",
    "usestreamlengthsinprepstmts",
    "usetimezone",
    "useunbufferedinput",
    "useunicode",
    "useusageadvisor",
    "yearisdatetype",
    "zerodatetimebehavior",
];

impl Parameters {
    pub(crate) fn read(url: &Url, reader: &mut Reader<'_>) -> Self {
        let mut parameters = Self::default();
        let (mut ignored, mut unnamed) = (Vec::new(), 0);
        for (name, secret) in &url.parameters {
            let value = secret.expose();
            let mut wrong = |expected: &str| reader.wrong(url.parameter(name), expected);
            let mut milliseconds = || match value.parse::<u32>() {
                Ok(0) => None,
                Ok(count) => Some(Duration::from_millis(count.into())),
                Err(_) => {
                    wrong("expected a whole number of milliseconds, 0 for no limit");
                    None
                }
            };
            match name.to_ascii_lowercase().as_str() {
                "user" => parameters.user = Some(value.to_owned()).filter(|user| !user.is_empty()),
                "password" => parameters.password = (!value.is_empty()).then(|| secret.clone()),
                "sslmode" => match SSL_MODES.iter().find(|(mode, _)| mode.eq_ignore_ascii_case(value)) {
                    Some((_, mode)) => parameters.ssl_mode = Some(*mode),
                    None => wrong("expected DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY"),
                },
                "usessl" => parameters.use_ssl = boolean(value, wrong),
                "requiressl" => parameters.require_ssl = boolean(value, wrong).unwrap_or_default(),
                "verifyservercertificate" => {
                    parameters.verify_certificate = boolean(value, wrong).unwrap_or_default();
                }
                "trustservercertificate" => parameters.trust_any = boolean(value, wrong).unwrap_or_default(),
                "disablesslhostnameverification" => {
                    parameters.any_name = boolean(value, wrong).unwrap_or_default();
                }
                "serversslcert" => parameters.server_certificate = Some(value.to_owned()),
                "clientcertificatekeystoreurl" | "keystore" => parameters.key_store = Some(value.to_owned()),
                "clientcertificatekeystorepassword" | "keystorepassword" => {
                    parameters.key_store_password = Some(secret.clone());
                }
                "keypassword" => parameters.key_password = Some(secret.clone()),
                "allowpublickeyretrieval" => {
                    parameters.key_retrieval = boolean(value, wrong).unwrap_or_default();
                }
                "connecttimeout" => parameters.limits.connect = milliseconds(),
                "sockettimeout" => parameters.limits.socket = milliseconds(),
                store if KEY_STORES.contains(&store) => reader.unsupported(
                    url.parameter(name),
                    "expected CUSTOM_JDBC_CERT instead: dialcheck takes whom to trust from there",
                ),
                known if WITHOUT_EFFECT.contains(&known) => {}
                // An unencoded & in a password makes its rest look like a parameter.
                _ if parameters.password.is_some() => unnamed += 1,
                _ => ignored.push(name.as_str()),
            }
        }
        jdbc::warn_of_unknown(reader, &ignored, unnamed);
        parameters
    }

    /// JDBC_ENFORCE_SSL is a floor; below it the URL decides, and without either TLS is tried and not insisted on.
    pub(crate) fn encryption(
        &self,
        scheme: Scheme,
        enforce: bool,
        reader: &mut Reader<'_>,
    ) -> (Encryption, Verify) {
        let asked = self.ssl_mode.or_else(|| self.legacy(scheme));
        if enforce && asked.is_some_and(|mode| mode != SslMode::VerifyIdentity) {
            reader.warn(
                "property_ignored",
                "JDBC_ENFORCE_SSL is true, so the weaker TLS parameters of the URL are ignored",
            );
        }
        let mode = if enforce { SslMode::VerifyIdentity } else { asked.unwrap_or(SslMode::Preferred) };
        match mode {
            SslMode::Disabled => (Encryption::None, Verify::Nothing),
            SslMode::Preferred => (Encryption::IfOffered, Verify::Nothing),
            SslMode::Required => (Encryption::Required, Verify::Nothing),
            SslMode::VerifyCa => (Encryption::Required, Verify::Chain),
            SslMode::VerifyIdentity => (Encryption::Required, Verify::ChainAndName),
        }
    }

    /// What the parameters from before `sslMode` mean, which both drivers pass over beside it (MySQL Connector/J,
    /// "Security" properties; MariaDB Connector/J, "TLS Parameters").
    fn legacy(&self, scheme: Scheme) -> Option<SslMode> {
        match (scheme, self.use_ssl) {
            (_, Some(false)) => Some(SslMode::Disabled),
            (Scheme::Mysql, _) if self.verify_certificate => Some(SslMode::VerifyCa),
            (Scheme::Mysql, _) => self.require_ssl.then_some(SslMode::Required),
            (Scheme::Mariadb, Some(true)) if self.trust_any => Some(SslMode::Required),
            (Scheme::Mariadb, Some(true)) if self.any_name => Some(SslMode::VerifyCa),
            (Scheme::Mariadb, Some(true)) => Some(SslMode::VerifyIdentity),
            (Scheme::Mariadb, None) => None,
        }
    }
}

/// Connector/J takes `yes` and `no` too.
fn boolean(value: &str, mut wrong: impl FnMut(&str)) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "" => Some(true),
        "false" | "no" => Some(false),
        _ => {
            wrong("expected true or false");
            None
        }
    }
}
