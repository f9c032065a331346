"""What both Python suites are told by their environment, and the connections that they make."""

import os
import uuid

ENDPOINT = os.environ["DIALCHECK_ENDPOINT"]
SIGNED_ENDPOINT = os.environ["DIALCHECK_SIGNED_ENDPOINT"]
POSTGRES_PORT = os.environ["POSTGRES_PORT"]
BLACK_HOLE_PORT = os.environ["BLACK_HOLE_PORT"]
REFUSED_PORT = os.environ["REFUSED_PORT"]
PASSWORD = os.environ["DIALCHECK_PASSWORD"]
WRONG_PASSWORD = os.environ["DIALCHECK_WRONG_PASSWORD"]

REGION = "us-east-1"

# Nothing of the machine's own settings takes part, and no proxy stands between the clients and loopback.
os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_DEFAULT_REGION=REGION,
    NO_PROXY="127.0.0.1,localhost",
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"):
    os.environ.pop(name, None)


def unique(prefix="sdk"):
    """A name that nothing else has."""
    return f"{prefix}-{uuid.uuid4().hex}"


def wrong_password():
    """A password that was never offered before: the server remembers those that were refused."""
    return f"{WRONG_PASSWORD}-{uuid.uuid4().hex}"


def connection_arn(name, account="123456789012"):
    """What tags are asked for by."""
    return f"arn:aws:glue:{REGION}:{account}:connection/{name}"


def jdbc(host="localhost", port=POSTGRES_PORT, password=PASSWORD):
    """A connection of schema version 1, without its name."""
    return {
        "ConnectionType": "JDBC",
        "ConnectionProperties": {
            "JDBC_CONNECTION_URL": f"jdbc:postgresql://{host}:{port}/app",
            "USERNAME": "alice",
            "PASSWORD": password,
        },
    }


def unified(connection_type="POSTGRESQL", port=POSTGRES_PORT, password=PASSWORD):
    """A connection of schema version 2, without its name."""
    return {
        "ConnectionType": connection_type,
        "ConnectionProperties": {"HOST": "localhost", "PORT": port, "DATABASE": "app"},
        "AuthenticationConfiguration": {
            "AuthenticationType": "BASIC",
            "BasicAuthenticationCredentials": {"Username": "alice", "Password": password},
        },
    }


def shows_a_password(text):
    return PASSWORD in text or WRONG_PASSWORD in text


def rest_connector(name):
    """What RegisterConnectionType takes."""

    def member(name, where="USER_INPUT", **more):
        return {"Name": name, "Required": True, "PropertyType": where, **more}

    return {
        "ConnectionType": name,
        "IntegrationType": "REST",
        "Description": "Orders, as their shop tells them",
        "ConnectionProperties": {
            "Url": member("INSTANCE_URL"),
            "AdditionalRequestParameters": [
                member("tenant", KeyOverride="X-Tenant", PropertyLocation="HEADER", AllowedValues=["red", "blue"])
            ],
        },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["BASIC"],
            "BasicAuthenticationProperties": {
                "Username": member("USERNAME", "SECRET"),
                "Password": member("PASSWORD", "SECRET"),
            },
        },
        "RestConfiguration": {
            "ValidationEndpointConfiguration": {
                "RequestMethod": "GET",
                "RequestPath": "/v1/me",
                "ResponseConfiguration": {"ResultPath": "$.id", "ErrorPath": "$.error.message"},
            },
            "EntityConfigurations": {
                "orders": {
                    "SourceConfiguration": {
                        "RequestMethod": "GET",
                        "RequestPath": "/v1/orders",
                        "ResponseConfiguration": {"ResultPath": "$.orders"},
                    },
                    "Schema": {"id": {"Name": "id", "FieldDataType": "STRING", "IsNullable": False}},
                }
            },
        },
        "Tags": {"team": "orders"},
    }
