//! The shapes of connections and of how they authenticate.

use crate::glue::shape::{ANY, Shape, optional, required};

/// One line of text.
const LINE: &str = r"[\x{0020}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}\t]*";
/// Lines of text.
const LINES: &str = r"[\x{0020}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}\r\n\t]*";

pub(in crate::glue) static TEST_CONNECTION_REQUEST: Shape = Shape::Structure(&[
    optional("ConnectionName", &NAME_STRING),
    optional("CatalogId", &CATALOG_ID_STRING),
    optional("TestConnectionInput", &TEST_CONNECTION_INPUT),
]);

pub(in crate::glue) static NAME_STRING: Shape = Shape::pattern(1, 255, LINE);

pub(in crate::glue) static CATALOG_ID_STRING: Shape = Shape::pattern(1, 255, LINE);

pub(in crate::glue) static TEST_CONNECTION_INPUT: Shape = Shape::Structure(&[
    required("ConnectionType", &CONNECTION_TYPE),
    required("ConnectionProperties", &CONNECTION_PROPERTIES),
    optional("AuthenticationConfiguration", &AUTHENTICATION_CONFIGURATION_INPUT),
]);

pub(in crate::glue) static CONNECTION_TYPE: Shape = Shape::OpenChoice("JDBC");

pub(in crate::glue) static CONNECTION_PROPERTIES: Shape =
    Shape::Map { key: &CONNECTION_PROPERTY_KEY, value: &VALUE_STRING, max: 100 };

pub(in crate::glue) static CONNECTION_PROPERTY_KEY: Shape = Shape::OpenChoice("HOST");

pub(in crate::glue) static VALUE_STRING: Shape = Shape::text(1, 1024);

pub(in crate::glue) static AUTHENTICATION_CONFIGURATION_INPUT: Shape = Shape::Structure(&[
    optional("AuthenticationType", &AUTHENTICATION_TYPE),
    optional("OAuth2Properties", &OAUTH2_PROPERTIES_INPUT),
    optional("SecretArn", &SECRET_ARN),
    optional("KmsKeyArn", &KMS_KEY_ARN),
    optional("BasicAuthenticationCredentials", &BASIC_AUTHENTICATION_CREDENTIALS),
    optional("CustomAuthenticationCredentials", &CREDENTIAL_MAP),
]);

pub(in crate::glue) static AUTHENTICATION_TYPE: Shape = Shape::Choice(&["BASIC", "OAUTH2", "CUSTOM", "IAM"]);

pub(in crate::glue) static OAUTH2_PROPERTIES_INPUT: Shape = Shape::Structure(&[
    optional("OAuth2GrantType", &OAUTH2_GRANT_TYPE),
    optional("OAuth2ClientApplication", &OAUTH2_CLIENT_APPLICATION),
    optional("TokenUrl", &TOKEN_URL),
    optional("TokenUrlParametersMap", &TOKEN_URL_PARAMETERS_MAP),
    optional("AuthorizationCodeProperties", &AUTHORIZATION_CODE_PROPERTIES),
    optional("OAuth2Credentials", &OAUTH2_CREDENTIALS),
]);

pub(in crate::glue) static OAUTH2_GRANT_TYPE: Shape =
    Shape::Choice(&["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "JWT_BEARER", "REFRESH_TOKEN"]);

pub(in crate::glue) static OAUTH2_CLIENT_APPLICATION: Shape = Shape::Structure(&[
    optional("UserManagedClientApplicationClientId", &USER_MANAGED_CLIENT_APPLICATION_CLIENT_ID),
    optional("AWSManagedClientApplicationReference", &AWS_MANAGED_CLIENT_APPLICATION_REFERENCE),
]);

pub(in crate::glue) static USER_MANAGED_CLIENT_APPLICATION_CLIENT_ID: Shape = Shape::pattern(0, 2048, r"\S+");

pub(in crate::glue) static AWS_MANAGED_CLIENT_APPLICATION_REFERENCE: Shape = Shape::pattern(0, 2048, r"\S+");

pub(in crate::glue) static TOKEN_URL: Shape =
    Shape::pattern(0, 256, r"^(https?)://[-a-zA-Z0-9+&@#/%?=~_|!:,.;]*[-a-zA-Z0-9+&@#/%=~_|]");

pub(in crate::glue) static TOKEN_URL_PARAMETERS_MAP: Shape =
    Shape::map(&TOKEN_URL_PARAMETER_KEY, &TOKEN_URL_PARAMETER_VALUE);

pub(in crate::glue) static TOKEN_URL_PARAMETER_KEY: Shape = Shape::text(1, 128);

pub(in crate::glue) static TOKEN_URL_PARAMETER_VALUE: Shape = Shape::text(1, 512);

pub(in crate::glue) static AUTHORIZATION_CODE_PROPERTIES: Shape = Shape::Structure(&[
    optional("AuthorizationCode", &AUTHORIZATION_CODE),
    optional("RedirectUri", &REDIRECT_URI),
]);

pub(in crate::glue) static AUTHORIZATION_CODE: Shape = Shape::sensitive(1, 4096, Some(r"\S+"));

pub(in crate::glue) static REDIRECT_URI: Shape = Shape::pattern(0, 512, r"^(https?):\/\/[^\s/$.?#].[^\s]*$");

pub(in crate::glue) static OAUTH2_CREDENTIALS: Shape = Shape::Structure(&[
    optional("UserManagedClientApplicationClientSecret", &USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET),
    optional("AccessToken", &ACCESS_TOKEN),
    optional("RefreshToken", &REFRESH_TOKEN),
    optional("JwtToken", &JWT_TOKEN),
]);

pub(in crate::glue) static USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET: Shape =
    Shape::sensitive(0, 512, Some(r"^[\x20-\x7E]*$"));

pub(in crate::glue) static ACCESS_TOKEN: Shape = Shape::sensitive(0, 4096, Some(r"^[\x20-\x7E]*$"));

pub(in crate::glue) static REFRESH_TOKEN: Shape = Shape::sensitive(0, 4096, Some(r"^[\x20-\x7E]*$"));

pub(in crate::glue) static JWT_TOKEN: Shape =
    Shape::sensitive(0, 8000, Some(r"^([a-zA-Z0-9_=]+)\.([a-zA-Z0-9_=]+)\.([a-zA-Z0-9_\-\+\/=]*)"));

pub(in crate::glue) static SECRET_ARN: Shape =
    Shape::pattern(0, ANY, r"^arn:aws(-(cn|us-gov|iso(-[bef])?))?:secretsmanager:.*$");

pub(in crate::glue) static KMS_KEY_ARN: Shape = Shape::pattern(0, ANY, r"^$|arn:aws[a-z0-9-]*:kms:.*");

pub(in crate::glue) static BASIC_AUTHENTICATION_CREDENTIALS: Shape =
    Shape::Structure(&[optional("Username", &USERNAME), optional("Password", &PASSWORD)]);

pub(in crate::glue) static USERNAME: Shape = Shape::pattern(0, 512, r"\S+");

pub(in crate::glue) static PASSWORD: Shape = Shape::sensitive(0, 512, None);

pub(in crate::glue) static CREDENTIAL_MAP: Shape = Shape::map(&CREDENTIAL_KEY, &CREDENTIAL_VALUE);

pub(in crate::glue) static CREDENTIAL_KEY: Shape = Shape::text(1, 128);

pub(in crate::glue) static CREDENTIAL_VALUE: Shape = Shape::text(1, 2048);

pub(in crate::glue) static TEST_CONNECTION_RESPONSE: Shape = Shape::Structure(&[]);

pub(in crate::glue) static CREATE_CONNECTION_REQUEST: Shape = Shape::Structure(&[
    optional("CatalogId", &CATALOG_ID_STRING),
    required("ConnectionInput", &CONNECTION_INPUT),
    optional("Tags", &TAGS_MAP),
]);

pub(in crate::glue) static CONNECTION_INPUT: Shape = Shape::Structure(&[
    required("Name", &NAME_STRING),
    optional("Description", &DESCRIPTION_STRING),
    required("ConnectionType", &CONNECTION_TYPE),
    optional("MatchCriteria", &MATCH_CRITERIA),
    required("ConnectionProperties", &CONNECTION_PROPERTIES),
    optional("SparkProperties", &PROPERTY_MAP),
    optional("AthenaProperties", &PROPERTY_MAP),
    optional("PythonProperties", &PROPERTY_MAP),
    optional("PhysicalConnectionRequirements", &PHYSICAL_CONNECTION_REQUIREMENTS),
    optional("AuthenticationConfiguration", &AUTHENTICATION_CONFIGURATION_INPUT),
    optional("ValidateCredentials", &BOOLEAN),
    optional("ValidateForComputeEnvironments", &COMPUTE_ENVIRONMENT_LIST),
]);

pub(in crate::glue) static DESCRIPTION_STRING: Shape = Shape::pattern(0, 2048, LINES);

pub(in crate::glue) static MATCH_CRITERIA: Shape = Shape::List { element: &NAME_STRING, max: 10 };

pub(in crate::glue) static PROPERTY_MAP: Shape = Shape::map(&PROPERTY_KEY, &PROPERTY_VALUE);

pub(in crate::glue) static PROPERTY_KEY: Shape = Shape::text(1, 128);

pub(in crate::glue) static PROPERTY_VALUE: Shape = Shape::text(1, 2048);

pub(in crate::glue) static PHYSICAL_CONNECTION_REQUIREMENTS: Shape = Shape::Structure(&[
    optional("SubnetId", &NAME_STRING),
    optional("SecurityGroupIdList", &SECURITY_GROUP_ID_LIST),
    optional("AvailabilityZone", &NAME_STRING),
]);

pub(in crate::glue) static SECURITY_GROUP_ID_LIST: Shape = Shape::List { element: &NAME_STRING, max: 50 };

pub(in crate::glue) static BOOLEAN: Shape = Shape::Boolean;

pub(in crate::glue) static COMPUTE_ENVIRONMENT_LIST: Shape = Shape::list(&COMPUTE_ENVIRONMENT);

pub(in crate::glue) static COMPUTE_ENVIRONMENT: Shape = Shape::Choice(&["SPARK", "ATHENA", "PYTHON"]);

pub(in crate::glue) static TAGS_MAP: Shape = Shape::Map { key: &TAG_KEY, value: &TAG_VALUE, max: 50 };

pub(in crate::glue) static TAG_KEY: Shape = Shape::text(1, 128);

pub(in crate::glue) static TAG_VALUE: Shape = Shape::text(0, 256);

pub(in crate::glue) static CREATE_CONNECTION_RESPONSE: Shape =
    Shape::Structure(&[optional("CreateConnectionStatus", &CONNECTION_STATUS)]);

pub(in crate::glue) static CONNECTION_STATUS: Shape = Shape::Choice(&["READY", "IN_PROGRESS", "FAILED"]);

pub(in crate::glue) static UPDATE_CONNECTION_REQUEST: Shape = Shape::Structure(&[
    optional("CatalogId", &CATALOG_ID_STRING),
    required("Name", &NAME_STRING),
    required("ConnectionInput", &CONNECTION_INPUT),
]);

pub(in crate::glue) static UPDATE_CONNECTION_RESPONSE: Shape = Shape::Structure(&[]);

pub(in crate::glue) static GET_CONNECTION_REQUEST: Shape = Shape::Structure(&[
    optional("CatalogId", &CATALOG_ID_STRING),
    required("Name", &NAME_STRING),
    optional("HidePassword", &BOOLEAN),
    optional("ApplyOverrideForComputeEnvironment", &COMPUTE_ENVIRONMENT),
]);

pub(in crate::glue) static GET_CONNECTION_RESPONSE: Shape =
    Shape::Structure(&[optional("Connection", &CONNECTION)]);

pub(in crate::glue) static CONNECTION: Shape = Shape::Structure(&[
    optional("Name", &NAME_STRING),
    optional("Description", &DESCRIPTION_STRING),
    optional("ConnectionType", &CONNECTION_TYPE),
    optional("MatchCriteria", &MATCH_CRITERIA),
    optional("ConnectionProperties", &CONNECTION_PROPERTIES),
    optional("SparkProperties", &PROPERTY_MAP),
    optional("AthenaProperties", &PROPERTY_MAP),
    optional("PythonProperties", &PROPERTY_MAP),
    optional("PhysicalConnectionRequirements", &PHYSICAL_CONNECTION_REQUIREMENTS),
    optional("CreationTime", &TIMESTAMP),
    optional("LastUpdatedTime", &TIMESTAMP),
    optional("LastUpdatedBy", &NAME_STRING),
    optional("Status", &CONNECTION_STATUS),
    optional("StatusReason", &LONG_VALUE_STRING),
    optional("LastConnectionValidationTime", &TIMESTAMP),
    optional("AuthenticationConfiguration", &AUTHENTICATION_CONFIGURATION),
    optional("ConnectionSchemaVersion", &CONNECTION_SCHEMA_VERSION),
    optional("CompatibleComputeEnvironments", &COMPUTE_ENVIRONMENT_LIST),
]);

pub(in crate::glue) static TIMESTAMP: Shape = Shape::Timestamp;

pub(in crate::glue) static LONG_VALUE_STRING: Shape = Shape::text(1, 16384);

pub(in crate::glue) static AUTHENTICATION_CONFIGURATION: Shape = Shape::Structure(&[
    optional("AuthenticationType", &AUTHENTICATION_TYPE),
    optional("SecretArn", &SECRET_ARN),
    optional("KmsKeyArn", &KMS_KEY_ARN),
    optional("OAuth2Properties", &OAUTH2_PROPERTIES),
]);

pub(in crate::glue) static OAUTH2_PROPERTIES: Shape = Shape::Structure(&[
    optional("OAuth2GrantType", &OAUTH2_GRANT_TYPE),
    optional("OAuth2ClientApplication", &OAUTH2_CLIENT_APPLICATION),
    optional("TokenUrl", &TOKEN_URL),
    optional("TokenUrlParametersMap", &TOKEN_URL_PARAMETERS_MAP),
]);

pub(in crate::glue) static CONNECTION_SCHEMA_VERSION: Shape = Shape::Integer { min: 1, max: 2 };

pub(in crate::glue) static GET_CONNECTIONS_REQUEST: Shape = Shape::Structure(&[
    optional("CatalogId", &CATALOG_ID_STRING),
    optional("Filter", &GET_CONNECTIONS_FILTER),
    optional("HidePassword", &BOOLEAN),
    optional("NextToken", &TOKEN),
    optional("MaxResults", &PAGE_SIZE),
]);

pub(in crate::glue) static GET_CONNECTIONS_FILTER: Shape = Shape::Structure(&[
    optional("MatchCriteria", &MATCH_CRITERIA),
    optional("ConnectionType", &CONNECTION_TYPE),
    optional("ConnectionSchemaVersion", &CONNECTION_SCHEMA_VERSION),
]);

pub(in crate::glue) static TOKEN: Shape = Shape::any_text();

pub(in crate::glue) static PAGE_SIZE: Shape = Shape::Integer { min: 1, max: 1000 };

pub(in crate::glue) static GET_CONNECTIONS_RESPONSE: Shape =
    Shape::Structure(&[optional("ConnectionList", &CONNECTION_LIST), optional("NextToken", &TOKEN)]);

pub(in crate::glue) static CONNECTION_LIST: Shape = Shape::list(&CONNECTION);

pub(in crate::glue) static DELETE_CONNECTION_REQUEST: Shape =
    Shape::Structure(&[optional("CatalogId", &CATALOG_ID_STRING), required("ConnectionName", &NAME_STRING)]);

pub(in crate::glue) static DELETE_CONNECTION_RESPONSE: Shape = Shape::Structure(&[]);

pub(in crate::glue) static BATCH_DELETE_CONNECTION_REQUEST: Shape = Shape::Structure(&[
    optional("CatalogId", &CATALOG_ID_STRING),
    required("ConnectionNameList", &DELETE_CONNECTION_NAME_LIST),
]);

pub(in crate::glue) static DELETE_CONNECTION_NAME_LIST: Shape =
    Shape::List { element: &NAME_STRING, max: 25 };

pub(in crate::glue) static BATCH_DELETE_CONNECTION_RESPONSE: Shape =
    Shape::Structure(&[optional("Succeeded", &NAME_STRING_LIST), optional("Errors", &ERROR_BY_NAME)]);

pub(in crate::glue) static NAME_STRING_LIST: Shape = Shape::list(&NAME_STRING);

pub(in crate::glue) static ERROR_BY_NAME: Shape = Shape::map(&NAME_STRING, &ERROR_DETAIL);

pub(in crate::glue) static ERROR_DETAIL: Shape =
    Shape::Structure(&[optional("ErrorCode", &NAME_STRING), optional("ErrorMessage", &DESCRIPTION_STRING)]);
