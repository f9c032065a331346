#![doc = include_str!("../README.md")]

pub mod classification;
pub mod foreign;
pub mod property;
pub mod tls;

mod address;
mod arn;
mod authentication;
mod connection_limit;
mod credentials;
mod declaration;
mod evidence;
mod fact;
mod failure;
mod gate;
mod io_failure;
mod keeper;
mod kerberos;
mod leg;
mod offer;
mod overdue;
mod protocol;
mod reader;
mod record;
mod region;
mod resolve;
mod run;
mod run_observer;
mod scrub;
mod secret;
mod stage;
mod target;
mod taxonomy;
mod wire_error;

pub use address::{Address, AddressKeys, Part, PartKeys, Parts, Template, UrlAddress};
pub use arn::{ArnError, KmsKeyId, RoleArn, SecretId};
pub use authentication::{Authentication, AuthenticationType, GrantType, OAuth2};
pub use connection_limit::{ConnectionLimit, ConnectionPermit, EndpointStream};
pub use credentials::{CredentialKeys, Credentials, Given, PasswordSource, WithoutPassword};
pub use declaration::{Declaration, Presence, Property, SchemaVersion, Selector, ValueKind};
pub use evidence::{Evidence, PeerCertificate, Verification};
pub use fact::{Fact, FactValue, Label, milliseconds};
pub use failure::{Failure, Mistake, Warning};
pub use gate::{Gate, Loopback};
pub use io_failure::io_failure;
pub use keeper::{Keeper, Purpose, Tokens};
pub use kerberos::{KerberosConfiguration, KerberosRealm, Keytab};
pub use leg::{Leg, Step};
pub use offer::{Answer, Offer, Offers};
pub use property::Properties;
pub use protocol::{
    Artefact, Form, Io, Location, Login, Material, Password, Pending, Pointer, Probe, Protocol,
};
pub use reader::{Findings, Reader};
pub use record::{Outcome, Record, RecordedFailure};
pub use region::{Partition, Region, RegionError};
pub use resolve::Resolver;
pub use run::{Ending, MAX_LOOKUPS, Run, RunOptions, Stop, Transcript};
pub use run_observer::{RunEvent, RunObserver, Wait};
pub use scrub::{printable, redact};
pub use secret::Secret;
pub use stage::Stage;
pub use target::{Endpoint, Target};
pub use taxonomy::{Blame, Code, ExitClass, Remembered};
pub use wire_error::{WireError, malformed, wrong_protocol};
