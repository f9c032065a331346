//! The ways to log in (MongoDB specification, "Authentication").

use probe_contract::Reader;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    ScramSha1,
    ScramSha256,
    /// LDAP, for instance: the password goes to the server.
    Plain,
    /// By the client's certificate.
    X509,
    /// By a signed call of AWS's Security Token Service, which the server makes.
    Aws,
}

impl Mechanism {
    const ALL: [Self; 5] = [Self::ScramSha1, Self::ScramSha256, Self::Plain, Self::X509, Self::Aws];

    /// As commands and connection strings spell it, in capitals alone.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::X509 => "MONGODB-X509",
            Self::Aws => "MONGODB-AWS",
        }
    }

    /// The one that a string names at `place`; none where the server is to be asked.
    pub(crate) fn read(name: &str, place: &str, reader: &mut Reader<'_>) -> Option<Self> {
        match name {
            "GSSAPI" | "MONGODB-OIDC" => {
                reader.unsupported(
                    place,
                    "expected SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, MONGODB-X509 or MONGODB-AWS: dialcheck does not log in to \
                     MongoDB by GSSAPI and MONGODB-OIDC",
                );
                None
            }
            "MONGODB-CR" => {
                reader.warn(
                    "parameter_ignored",
                    "MONGODB-CR is gone from servers since 4.0: the driver takes SCRAM in its place, and so does this test",
                );
                None
            }
            name => {
                let found = Self::ALL.into_iter().find(|mechanism| mechanism.name() == name);
                if found.is_none() {
                    reader.wrong(
                        place,
                        "expected SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, MONGODB-X509 or MONGODB-AWS, in capitals",
                    );
                }
                found
            }
        }
    }

    /// The database that the user belongs to, where the definition names none.
    pub(crate) fn usual_source(mechanism: Option<Self>, database: Option<&str>) -> String {
        let usual = match mechanism {
            None | Some(Self::ScramSha1 | Self::ScramSha256) => database.unwrap_or("admin"),
            Some(Self::Plain) => database.unwrap_or(EXTERNAL),
            Some(Self::X509 | Self::Aws) => EXTERNAL,
        };
        usual.to_owned()
    }
}

/// The database of users that the server itself does not keep.
pub(crate) const EXTERNAL: &str = "$external";
