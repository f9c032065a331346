//! The one table of operations: what the server answers, the command line offers, and skeletons and help are made of.

use super::GlueException;
use super::shape::Shape;
use super::shapes::{connection, connection_type, encryption, tags};

/// An operation of Glue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `TestConnection`
    TestConnection,
    /// `CreateConnection`
    CreateConnection,
    /// `UpdateConnection`
    UpdateConnection,
    /// `GetConnection`
    GetConnection,
    /// `GetConnections`
    GetConnections,
    /// `DeleteConnection`
    DeleteConnection,
    /// `BatchDeleteConnection`
    BatchDeleteConnection,
    /// `ListConnectionTypes`
    ListConnectionTypes,
    /// `DescribeConnectionType`
    DescribeConnectionType,
    /// `RegisterConnectionType`
    RegisterConnectionType,
    /// `DeleteConnectionType`
    DeleteConnectionType,
    /// `GetDataCatalogEncryptionSettings`
    GetDataCatalogEncryptionSettings,
    /// `PutDataCatalogEncryptionSettings`
    PutDataCatalogEncryptionSettings,
    /// `GetTags`
    GetTags,
    /// `TagResource`
    TagResource,
    /// `UntagResource`
    UntagResource,
}

/// What the model says of an operation.
#[derive(Debug)]
pub struct Model {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name on the command line.
    pub command: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// What it takes: a structure.
    pub input: &'static Shape,
    /// What it answers: a structure.
    pub output: &'static Shape,
    /// The list that it answers in pages, if it does.
    pub pages: Option<&'static str>,
    /// Which exception says that an input violates a constraint.
    pub invalid: GlueException,
    /// Whether it dials, and how it ends: who may do it, and how many at a time, follows from that.
    pub dials: Dials,
}

/// Whether an operation dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dials {
    /// It answers from the catalog.
    Never,
    /// It dials for its caller, and ends when the caller leaves.
    ForItsCaller,
    /// It dials and changes something: what was begun is finished, also when the caller is gone.
    ToItsEnd,
}

use Dials::{ForItsCaller, Never, ToItsEnd};
use GlueException::{InvalidInput, Validation};

macro_rules! operations {
    ($($operation:ident $command:literal $about:literal, $input:expr => $output:expr, $pages:expr, $invalid:expr, $dials:expr;)+) => {
        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$operation,)+];

            /// What the model says of it.
            #[must_use]
            pub const fn model(self) -> &'static Model {
                match self {
                    $(Self::$operation => {
                        static MODEL: Model = Model {
                            name: stringify!($operation), command: $command, about: $about,
                            input: &$input, output: &$output, pages: $pages, invalid: $invalid, dials: $dials,
                        };
                        &MODEL
                    })+
                }
            }
        }
    };
}

operations! {
    TestConnection "test-connection" "Test a connection by really dialing it",
        connection::TEST_CONNECTION_REQUEST => connection::TEST_CONNECTION_RESPONSE, None, InvalidInput, ForItsCaller;
    CreateConnection "create-connection" "Create a connection",
        connection::CREATE_CONNECTION_REQUEST => connection::CREATE_CONNECTION_RESPONSE, None, InvalidInput, ToItsEnd;
    UpdateConnection "update-connection" "Replace the definition of a connection",
        connection::UPDATE_CONNECTION_REQUEST => connection::UPDATE_CONNECTION_RESPONSE, None, InvalidInput, ToItsEnd;
    GetConnection "get-connection" "Show a connection",
        connection::GET_CONNECTION_REQUEST => connection::GET_CONNECTION_RESPONSE, None, InvalidInput, Never;
    GetConnections "get-connections" "Show connections",
        connection::GET_CONNECTIONS_REQUEST => connection::GET_CONNECTIONS_RESPONSE, Some("ConnectionList"), InvalidInput, Never;
    DeleteConnection "delete-connection" "Delete a connection",
        connection::DELETE_CONNECTION_REQUEST => connection::DELETE_CONNECTION_RESPONSE, None, InvalidInput, Never;
    BatchDeleteConnection "batch-delete-connection" "Delete several connections",
        connection::BATCH_DELETE_CONNECTION_REQUEST => connection::BATCH_DELETE_CONNECTION_RESPONSE, None, InvalidInput, Never;
    ListConnectionTypes "list-connection-types" "List the types of connections",
        connection_type::LIST_CONNECTION_TYPES_REQUEST => connection_type::LIST_CONNECTION_TYPES_RESPONSE,
        Some("ConnectionTypes"), InvalidInput, Never;
    DescribeConnectionType "describe-connection-type" "Show what a type of connections needs",
        connection_type::DESCRIBE_CONNECTION_TYPE_REQUEST => connection_type::DESCRIBE_CONNECTION_TYPE_RESPONSE,
        None, Validation, Never;
    RegisterConnectionType "register-connection-type" "Add a type of connections to a REST API",
        connection_type::REGISTER_CONNECTION_TYPE_REQUEST => connection_type::REGISTER_CONNECTION_TYPE_RESPONSE,
        None, Validation, Never;
    DeleteConnectionType "delete-connection-type" "Delete a type that was registered",
        connection_type::DELETE_CONNECTION_TYPE_REQUEST => connection_type::DELETE_CONNECTION_TYPE_RESPONSE,
        None, Validation, Never;
    GetDataCatalogEncryptionSettings "get-data-catalog-encryption-settings" "Show how a catalog is encrypted",
        encryption::GET_DATA_CATALOG_ENCRYPTION_SETTINGS_REQUEST
            => encryption::GET_DATA_CATALOG_ENCRYPTION_SETTINGS_RESPONSE, None, InvalidInput, Never;
    PutDataCatalogEncryptionSettings "put-data-catalog-encryption-settings" "Set how a catalog is encrypted",
        encryption::PUT_DATA_CATALOG_ENCRYPTION_SETTINGS_REQUEST
            => encryption::PUT_DATA_CATALOG_ENCRYPTION_SETTINGS_RESPONSE, None, InvalidInput, Never;
    GetTags "get-tags" "Show the tags of a connection",
        tags::GET_TAGS_REQUEST => tags::GET_TAGS_RESPONSE, None, InvalidInput, Never;
    TagResource "tag-resource" "Add tags to a connection",
        tags::TAG_RESOURCE_REQUEST => tags::TAG_RESOURCE_RESPONSE, None, InvalidInput, Never;
    UntagResource "untag-resource" "Take tags off a connection",
        tags::UNTAG_RESOURCE_REQUEST => tags::UNTAG_RESOURCE_RESPONSE, None, InvalidInput, Never;
}

impl Operation {
    /// The operation of that name on the wire.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.model().name == name)
    }

    /// The operation of that name on the command line.
    #[must_use]
    pub fn of_command(command: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.model().command == command)
    }
}
