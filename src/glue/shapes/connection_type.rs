//! The shapes of connection types, those that users register among them.

use super::connection::{AUTHENTICATION_TYPE, COMPUTE_ENVIRONMENT, CONNECTION_TYPE, NAME_STRING, TAGS_MAP};
use crate::glue::shape::{ANY, Shape, optional, required};

pub(in crate::glue) static LIST_CONNECTION_TYPES_REQUEST: Shape =
    Shape::Structure(&[optional("MaxResults", &MAX_RESULTS), optional("NextToken", &NEXT_TOKEN)]);

pub(in crate::glue) static MAX_RESULTS: Shape = Shape::Integer { min: 1, max: 100 };

pub(in crate::glue) static NEXT_TOKEN: Shape = Shape::pattern(1, 2048, r"[-a-zA-Z0-9+=/:_]*");

pub(in crate::glue) static LIST_CONNECTION_TYPES_RESPONSE: Shape = Shape::Structure(&[
    optional("ConnectionTypes", &CONNECTION_TYPE_LIST),
    optional("NextToken", &NEXT_TOKEN),
]);

pub(in crate::glue) static CONNECTION_TYPE_LIST: Shape = Shape::list(&CONNECTION_TYPE_BRIEF);

pub(in crate::glue) static CONNECTION_TYPE_BRIEF: Shape = Shape::Structure(&[
    optional("ConnectionType", &CONNECTION_TYPE),
    optional("DisplayName", &DISPLAY_NAME),
    optional("Vendor", &VENDOR),
    optional("Description", &DESCRIPTION),
    optional("Categories", &LIST_OF_STRING),
    optional("Capabilities", &CAPABILITIES),
    optional("LogoUrl", &URL_STRING),
    optional("ConnectionTypeVariants", &CONNECTION_TYPE_VARIANT_LIST),
]);

pub(in crate::glue) static DISPLAY_NAME: Shape = Shape::text(1, 128);

pub(in crate::glue) static VENDOR: Shape = Shape::text(1, 128);

pub(in crate::glue) static DESCRIPTION: Shape = Shape::text(0, 1024);

pub(in crate::glue) static LIST_OF_STRING: Shape = Shape::list(&STRING);

pub(in crate::glue) static STRING: Shape = Shape::any_text();

pub(in crate::glue) static CAPABILITIES: Shape = Shape::Structure(&[
    required("SupportedAuthenticationTypes", &AUTHENTICATION_TYPES),
    required("SupportedDataOperations", &DATA_OPERATIONS),
    required("SupportedComputeEnvironments", &COMPUTE_ENVIRONMENTS),
]);

pub(in crate::glue) static AUTHENTICATION_TYPES: Shape = Shape::list(&AUTHENTICATION_TYPE);

pub(in crate::glue) static DATA_OPERATIONS: Shape = Shape::list(&DATA_OPERATION);

pub(in crate::glue) static DATA_OPERATION: Shape = Shape::Choice(&["READ", "WRITE"]);

pub(in crate::glue) static COMPUTE_ENVIRONMENTS: Shape = Shape::list(&COMPUTE_ENVIRONMENT);

pub(in crate::glue) static URL_STRING: Shape = Shape::any_text();

pub(in crate::glue) static CONNECTION_TYPE_VARIANT_LIST: Shape = Shape::list(&CONNECTION_TYPE_VARIANT);

pub(in crate::glue) static CONNECTION_TYPE_VARIANT: Shape = Shape::Structure(&[
    optional("ConnectionTypeVariantName", &DISPLAY_NAME),
    optional("DisplayName", &DISPLAY_NAME),
    optional("Description", &DESCRIPTION),
    optional("LogoUrl", &URL_STRING),
]);

pub(in crate::glue) static DESCRIBE_CONNECTION_TYPE_REQUEST: Shape =
    Shape::Structure(&[required("ConnectionType", &NAME_STRING)]);

pub(in crate::glue) static DESCRIBE_CONNECTION_TYPE_RESPONSE: Shape = Shape::Structure(&[
    optional("ConnectionType", &NAME_STRING),
    optional("Description", &DESCRIPTION),
    optional("Capabilities", &CAPABILITIES),
    optional("ConnectionProperties", &PROPERTIES_MAP),
    optional("ConnectionOptions", &PROPERTIES_MAP),
    optional("AuthenticationConfiguration", &AUTH_CONFIGURATION),
    optional("ComputeEnvironmentConfigurations", &COMPUTE_ENVIRONMENT_CONFIGURATION_MAP),
    optional("PhysicalConnectionRequirements", &PROPERTIES_MAP),
    optional("AthenaConnectionProperties", &PROPERTIES_MAP),
    optional("PythonConnectionProperties", &PROPERTIES_MAP),
    optional("SparkConnectionProperties", &PROPERTIES_MAP),
    optional("RestConfiguration", &REST_CONFIGURATION),
]);

pub(in crate::glue) static PROPERTIES_MAP: Shape = Shape::map(&PROPERTY_NAME, &PROPERTY);

pub(in crate::glue) static PROPERTY_NAME: Shape = Shape::text(1, 128);

pub(in crate::glue) static PROPERTY: Shape = Shape::Structure(&[
    required("Name", &PROPERTY_NAME),
    required("Description", &PROPERTY_DESCRIPTION_STRING),
    required("Required", &BOOL),
    optional("DefaultValue", &STRING),
    required("PropertyTypes", &PROPERTY_TYPES),
    optional("AllowedValues", &ALLOWED_VALUES),
    optional("DataOperationScopes", &DATA_OPERATIONS),
    optional("KeyOverride", &STRING),
    optional("PropertyLocation", &PROPERTY_LOCATION),
]);

pub(in crate::glue) static PROPERTY_DESCRIPTION_STRING: Shape = Shape::text(0, 1024);

pub(in crate::glue) static BOOL: Shape = Shape::Boolean;

pub(in crate::glue) static PROPERTY_TYPES: Shape = Shape::list(&PROPERTY_TYPE);

pub(in crate::glue) static PROPERTY_TYPE: Shape =
    Shape::Choice(&["USER_INPUT", "SECRET", "READ_ONLY", "UNUSED", "SECRET_OR_USER_INPUT"]);

pub(in crate::glue) static ALLOWED_VALUES: Shape = Shape::list(&ALLOWED_VALUE);

pub(in crate::glue) static ALLOWED_VALUE: Shape = Shape::Structure(&[
    optional("Description", &ALLOWED_VALUE_DESCRIPTION_STRING),
    required("Value", &ALLOWED_VALUE_VALUE_STRING),
]);

pub(in crate::glue) static ALLOWED_VALUE_DESCRIPTION_STRING: Shape = Shape::text(0, 1024);

pub(in crate::glue) static ALLOWED_VALUE_VALUE_STRING: Shape = Shape::text(1, 128);

pub(in crate::glue) static PROPERTY_LOCATION: Shape =
    Shape::Choice(&["HEADER", "BODY", "QUERY_PARAM", "PATH"]);

pub(in crate::glue) static AUTH_CONFIGURATION: Shape = Shape::Structure(&[
    required("AuthenticationType", &PROPERTY),
    optional("SecretArn", &PROPERTY),
    optional("OAuth2Properties", &PROPERTIES_MAP),
    optional("BasicAuthenticationProperties", &PROPERTIES_MAP),
    optional("CustomAuthenticationProperties", &PROPERTIES_MAP),
]);

pub(in crate::glue) static COMPUTE_ENVIRONMENT_CONFIGURATION_MAP: Shape =
    Shape::map(&COMPUTE_ENVIRONMENT_NAME, &COMPUTE_ENVIRONMENT_CONFIGURATION);

pub(in crate::glue) static COMPUTE_ENVIRONMENT_NAME: Shape = Shape::text(1, 128);

pub(in crate::glue) static COMPUTE_ENVIRONMENT_CONFIGURATION: Shape = Shape::Structure(&[
    required("Name", &COMPUTE_ENVIRONMENT_NAME),
    required("Description", &COMPUTE_ENVIRONMENT_CONFIGURATION_DESCRIPTION_STRING),
    required("ComputeEnvironment", &COMPUTE_ENVIRONMENT),
    required("SupportedAuthenticationTypes", &AUTHENTICATION_TYPES),
    required("ConnectionOptions", &PROPERTIES_MAP),
    required("ConnectionPropertyNameOverrides", &PROPERTY_NAME_OVERRIDES),
    required("ConnectionOptionNameOverrides", &PROPERTY_NAME_OVERRIDES),
    required("ConnectionPropertiesRequiredOverrides", &LIST_OF_STRING),
    optional("PhysicalConnectionPropertiesRequired", &BOOL),
]);

pub(in crate::glue) static COMPUTE_ENVIRONMENT_CONFIGURATION_DESCRIPTION_STRING: Shape = Shape::text(0, 1024);

pub(in crate::glue) static PROPERTY_NAME_OVERRIDES: Shape = Shape::map(&PROPERTY_NAME, &PROPERTY_NAME);

pub(in crate::glue) static REST_CONFIGURATION: Shape = Shape::Structure(&[
    optional("GlobalSourceConfiguration", &SOURCE_CONFIGURATION),
    optional("ValidationEndpointConfiguration", &SOURCE_CONFIGURATION),
    optional("EntityConfigurations", &ENTITY_CONFIGURATION_MAP),
]);

pub(in crate::glue) static SOURCE_CONFIGURATION: Shape = Shape::Structure(&[
    optional("RequestMethod", &HTTP_METHOD),
    optional("RequestPath", &PATH_STRING),
    optional("RequestParameters", &CONNECTOR_PROPERTY_LIST),
    optional("ResponseConfiguration", &RESPONSE_CONFIGURATION),
    optional("PaginationConfiguration", &PAGINATION_CONFIGURATION),
    optional("FilterConfiguration", &FILTER_CONFIGURATION),
]);

pub(in crate::glue) static HTTP_METHOD: Shape = Shape::Choice(&["GET", "POST"]);

pub(in crate::glue) static PATH_STRING: Shape =
    Shape::pattern(1, 512, r"/[a-zA-Z0-9._~:/?#\[\]@!$&'()*+,;={}-]*");

pub(in crate::glue) static CONNECTOR_PROPERTY_LIST: Shape = Shape::list(&CONNECTOR_PROPERTY);

pub(in crate::glue) static CONNECTOR_PROPERTY: Shape = Shape::Structure(&[
    required("Name", &PROPERTY_NAME),
    optional("KeyOverride", &CONNECTOR_PROPERTY_KEY),
    required("Required", &BOOL),
    optional("DefaultValue", &STRING),
    optional("AllowedValues", &LIST_OF_STRING),
    optional("PropertyLocation", &PROPERTY_LOCATION),
    required("PropertyType", &PROPERTY_TYPE),
    optional("Format", &STRING),
]);

pub(in crate::glue) static CONNECTOR_PROPERTY_KEY: Shape = Shape::pattern(1, 128, r"[a-zA-Z0-9_-]+");

pub(in crate::glue) static RESPONSE_CONFIGURATION: Shape =
    Shape::Structure(&[required("ResultPath", &JSON_PATH_STRING), optional("ErrorPath", &JSON_PATH_STRING)]);

pub(in crate::glue) static JSON_PATH_STRING: Shape =
    Shape::pattern(1, 512, r"\$(\.[a-zA-Z0-9_.@\[\]\(\)-]+)*");

pub(in crate::glue) static PAGINATION_CONFIGURATION: Shape = Shape::Structure(&[
    optional("CursorConfiguration", &CURSOR_CONFIGURATION),
    optional("OffsetConfiguration", &OFFSET_CONFIGURATION),
]);

pub(in crate::glue) static CURSOR_CONFIGURATION: Shape = Shape::Structure(&[
    required("NextPage", &EXTRACTED_PARAMETER),
    optional("LimitParameter", &EXTRACTED_PARAMETER),
]);

pub(in crate::glue) static EXTRACTED_PARAMETER: Shape = Shape::Structure(&[
    optional("Key", &CONNECTOR_PROPERTY_KEY),
    optional("DefaultValue", &DEFAULT_VALUE),
    optional("PropertyLocation", &PROPERTY_LOCATION),
    optional("Value", &RESPONSE_EXTRACTION_MAPPING),
]);

pub(in crate::glue) static DEFAULT_VALUE: Shape = Shape::pattern(1, 1024, r#".*[^<>&'"].*"#);

pub(in crate::glue) static RESPONSE_EXTRACTION_MAPPING: Shape = Shape::Structure(&[
    optional("ContentPath", &JSON_PATH_STRING),
    optional("HeaderKey", &CONNECTOR_PROPERTY_KEY),
]);

pub(in crate::glue) static OFFSET_CONFIGURATION: Shape = Shape::Structure(&[
    required("OffsetParameter", &EXTRACTED_PARAMETER),
    required("LimitParameter", &EXTRACTED_PARAMETER),
]);

pub(in crate::glue) static FILTER_CONFIGURATION: Shape = Shape::Structure(&[
    required("FilterMode", &FILTER_MODE),
    optional("OperatorMappings", &CONNECTION_STRING_TO_STRING_MAP),
    optional("DateTimeFormat", &STRING),
    optional("StripQuotes", &BOOL),
    optional("BetweenConfiguration", &BETWEEN_CONFIGURATION),
    optional("FilterStringConfiguration", &FILTER_STRING_CONFIGURATION),
]);

pub(in crate::glue) static FILTER_MODE: Shape = Shape::Choice(&["QUERY_PARAMS", "FILTER_STRING"]);

pub(in crate::glue) static CONNECTION_STRING_TO_STRING_MAP: Shape = Shape::map(&STRING, &STRING);

pub(in crate::glue) static BETWEEN_CONFIGURATION: Shape = Shape::Structure(&[
    optional("LowBoundKey", &STRING),
    optional("HighBoundKey", &STRING),
    optional("Template", &STRING),
]);

pub(in crate::glue) static FILTER_STRING_CONFIGURATION: Shape = Shape::Structure(&[
    required("QueryParameterName", &STRING),
    optional("QuoteStringValues", &BOOL),
    optional("QuoteCharacter", &STRING),
]);

pub(in crate::glue) static ENTITY_CONFIGURATION_MAP: Shape =
    Shape::map(&ENTITY_CONFIGURATION_MAP_KEY_STRING, &ENTITY_CONFIGURATION);

pub(in crate::glue) static ENTITY_CONFIGURATION_MAP_KEY_STRING: Shape =
    Shape::pattern(1, 128, r"[a-zA-Z0-9_ -]+");

pub(in crate::glue) static ENTITY_CONFIGURATION: Shape = Shape::Structure(&[
    optional("SourceConfiguration", &SOURCE_CONFIGURATION),
    optional("Schema", &FIELD_DEFINITION_MAP),
]);

pub(in crate::glue) static FIELD_DEFINITION_MAP: Shape =
    Shape::map(&FIELD_DEFINITION_MAP_KEY_STRING, &FIELD_DEFINITION);

pub(in crate::glue) static FIELD_DEFINITION_MAP_KEY_STRING: Shape = Shape::text(1, ANY);

pub(in crate::glue) static FIELD_DEFINITION: Shape = Shape::Structure(&[
    required("Name", &STRING),
    required("FieldDataType", &FIELD_DATA_TYPE),
    optional("ResponseDateFormat", &STRING),
    optional("IsPartitionable", &BOOL),
    optional("IsNullable", &BOOL),
    optional("IsQueryable", &BOOL),
    optional("IsOrderable", &BOOL),
    optional("FilterOverrides", &FILTER_OVERRIDES),
]);

pub(in crate::glue) static FIELD_DATA_TYPE: Shape = Shape::Choice(&[
    "INT",
    "SMALLINT",
    "BIGINT",
    "FLOAT",
    "LONG",
    "DATE",
    "BOOLEAN",
    "MAP",
    "ARRAY",
    "STRING",
    "TIMESTAMP",
    "DECIMAL",
    "BYTE",
    "SHORT",
    "DOUBLE",
    "STRUCT",
    "BINARY",
    "UNION",
]);

pub(in crate::glue) static FILTER_OVERRIDES: Shape = Shape::Structure(&[
    optional("FieldName", &STRING),
    optional("OperatorMappings", &CONNECTION_STRING_TO_STRING_MAP),
    optional("BetweenConfiguration", &BETWEEN_CONFIGURATION),
    optional("DateTimeFormat", &STRING),
]);

pub(in crate::glue) static REGISTER_CONNECTION_TYPE_REQUEST: Shape = Shape::Structure(&[
    required("ConnectionType", &NAME_STRING),
    required("IntegrationType", &INTEGRATION_TYPE),
    optional("Description", &DESCRIPTION),
    required("ConnectionProperties", &CONNECTION_PROPERTIES_CONFIGURATION),
    required("ConnectorAuthenticationConfiguration", &CONNECTOR_AUTHENTICATION_CONFIGURATION),
    required("RestConfiguration", &REST_CONFIGURATION),
    optional("Tags", &TAGS_MAP),
]);

pub(in crate::glue) static INTEGRATION_TYPE: Shape = Shape::Choice(&["REST"]);

pub(in crate::glue) static CONNECTION_PROPERTIES_CONFIGURATION: Shape = Shape::Structure(&[
    optional("Url", &CONNECTOR_PROPERTY),
    optional("AdditionalRequestParameters", &CONNECTOR_PROPERTY_LIST),
]);

pub(in crate::glue) static CONNECTOR_AUTHENTICATION_CONFIGURATION: Shape = Shape::Structure(&[
    required("AuthenticationTypes", &AUTHENTICATION_TYPES),
    optional("OAuth2Properties", &CONNECTOR_OAUTH2_PROPERTIES),
    optional("BasicAuthenticationProperties", &BASIC_AUTHENTICATION_PROPERTIES),
    optional("CustomAuthenticationProperties", &CUSTOM_AUTHENTICATION_PROPERTIES),
]);

pub(in crate::glue) static CONNECTOR_OAUTH2_PROPERTIES: Shape = Shape::Structure(&[
    required("OAuth2GrantType", &CONNECTOR_OAUTH2_GRANT_TYPE),
    optional("ClientCredentialsProperties", &CLIENT_CREDENTIALS_PROPERTIES),
    optional("JWTBearerProperties", &JWT_BEARER_PROPERTIES),
    optional("AuthorizationCodeProperties", &CONNECTOR_AUTHORIZATION_CODE_PROPERTIES),
]);

pub(in crate::glue) static CONNECTOR_OAUTH2_GRANT_TYPE: Shape =
    Shape::Choice(&["CLIENT_CREDENTIALS", "JWT_BEARER", "AUTHORIZATION_CODE"]);

pub(in crate::glue) static CLIENT_CREDENTIALS_PROPERTIES: Shape = Shape::Structure(&[
    optional("TokenUrl", &CONNECTOR_PROPERTY),
    optional("RequestMethod", &HTTP_METHOD),
    optional("ContentType", &CONTENT_TYPE),
    optional("ClientId", &CONNECTOR_PROPERTY),
    optional("ClientSecret", &CONNECTOR_PROPERTY),
    optional("Scope", &CONNECTOR_PROPERTY),
    optional("TokenUrlParameters", &CONNECTOR_PROPERTY_LIST),
]);

pub(in crate::glue) static CONTENT_TYPE: Shape = Shape::Choice(&["APPLICATION_JSON", "URL_ENCODED"]);

pub(in crate::glue) static JWT_BEARER_PROPERTIES: Shape = Shape::Structure(&[
    optional("TokenUrl", &CONNECTOR_PROPERTY),
    optional("RequestMethod", &HTTP_METHOD),
    optional("ContentType", &CONTENT_TYPE),
    optional("JwtToken", &CONNECTOR_PROPERTY),
    optional("TokenUrlParameters", &CONNECTOR_PROPERTY_LIST),
]);

pub(in crate::glue) static CONNECTOR_AUTHORIZATION_CODE_PROPERTIES: Shape = Shape::Structure(&[
    optional("AuthorizationCodeUrl", &CONNECTOR_PROPERTY),
    optional("AuthorizationCode", &CONNECTOR_PROPERTY),
    optional("RedirectUri", &CONNECTOR_PROPERTY),
    optional("TokenUrl", &CONNECTOR_PROPERTY),
    optional("RequestMethod", &HTTP_METHOD),
    optional("ContentType", &CONTENT_TYPE),
    optional("ClientId", &CONNECTOR_PROPERTY),
    optional("ClientSecret", &CONNECTOR_PROPERTY),
    optional("Scope", &CONNECTOR_PROPERTY),
    optional("Prompt", &CONNECTOR_PROPERTY),
    optional("TokenUrlParameters", &CONNECTOR_PROPERTY_LIST),
]);

pub(in crate::glue) static BASIC_AUTHENTICATION_PROPERTIES: Shape =
    Shape::Structure(&[optional("Username", &CONNECTOR_PROPERTY), optional("Password", &CONNECTOR_PROPERTY)]);

pub(in crate::glue) static CUSTOM_AUTHENTICATION_PROPERTIES: Shape =
    Shape::Structure(&[required("AuthenticationParameters", &CONNECTOR_PROPERTY_LIST)]);

pub(in crate::glue) static REGISTER_CONNECTION_TYPE_RESPONSE: Shape =
    Shape::Structure(&[optional("ConnectionTypeArn", &GLUE_RESOURCE_ARN)]);

pub(in crate::glue) static GLUE_RESOURCE_ARN: Shape =
    Shape::pattern(1, 10240, r"arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*");

pub(in crate::glue) static DELETE_CONNECTION_TYPE_REQUEST: Shape =
    Shape::Structure(&[required("ConnectionType", &NAME_STRING)]);

pub(in crate::glue) static DELETE_CONNECTION_TYPE_RESPONSE: Shape = Shape::Structure(&[]);
