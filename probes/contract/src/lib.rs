#![doc = include_str!("../README.md")]

pub mod classification;
pub mod fingerprint;
pub mod property;
pub mod tls;
mod token_store;

mod address;
mod addresses;
mod arn;
mod attempt;
mod authentication;
mod aws_access;
mod connection_limit;
mod credentials;
mod declaration;
mod evidence;
mod fact;
mod failure;
mod format;
mod gate;
mod io;
mod io_failure;
mod location;
mod login;
mod login_gate;
mod overdue;
mod padded_logins;
mod protocol;
mod read_evidence;
mod reader;
mod record;
mod reference;
mod region;
mod resolve;
mod resolved;
mod resolving;
mod run;
mod run_observer;
mod scrub;
mod secret;
mod source;
mod stage;
mod target;
mod taxonomy;
mod uri;
mod wire_error;

pub use address::{Address, AddressKeys, Part, PartKeys, Parts, Template, UrlAddress};
pub use addresses::Addresses;
pub use arn::{ArnError, KmsKeyId, RoleArn, SecretId};
pub use attempt::{Attempt, StageGuard};
pub use authentication::{Authentication, AuthenticationType, GrantType, OAuth2};
pub use aws_access::{AwsAccess, AwsAnswer, AwsCall, AwsCredentials, AwsService};
pub use connection_limit::{ConnectionLimit, ConnectionPermit, EndpointStream};
pub use credentials::{CredentialKeys, Credentials, Given, PasswordSource, WithoutPassword};
pub use declaration::{
    Declaration, Presence, Property, REGISTERED_PREFIX, SchemaVersion, Selector, ValueKind,
};
pub use evidence::{Evidence, PeerCertificate, Verification};
pub use fact::{Fact, FactValue, Label, milliseconds};
pub use failure::{Failure, Mistake, Warning};
pub use format::{
    CertificateFile, CredentialsJson, Document, Format, Members, MembersJson, PrivateKeyFile,
    StoredCredentials,
};
pub use gate::{Gate, Loopback};
pub use io::Io;
pub use io_failure::io_failure;
pub use location::{Location, S3Object};
pub use login::Login;
pub use login_gate::{LoginGate, LoginOutcome, LoginPermit};
pub use property::Properties;
pub use protocol::{Probe, Protocol};
pub use reader::{Findings, Reader};
pub use record::{Outcome, Record, RecordedFailure};
pub use reference::{Reference, Requires, ResolvedSecrets, SecretAccess, SecretRef, Source};
pub use region::{Partition, Region, RegionError};
pub use resolve::Resolver;
pub use resolved::Resolved;
pub use resolving::{Bytes, Pending, Resolving};
pub use run::{End, Failed, MAX_LOOKUPS, Run, RunOptions, RunRecord};
pub use run_observer::{RunEvent, RunObserver, Wait};
pub use scrub::{printable, redact};
pub use secret::Secret;
pub use source::{AwsIdentity, Ciphertext, Keystore, Password, SrvName, TxtName};
pub use stage::Stage;
pub use target::{Endpoint, Target};
pub use taxonomy::{Blame, Cacheable, Code, ExitClass};
pub use token_store::{Mode, TokenStore, Tokens};
pub use uri::UNRESERVED;
pub use wire_error::{WireError, malformed, wrong_protocol};
