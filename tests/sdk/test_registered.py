"""A type that boto3 registers for an API of the test's own, and a connection of it, tested by name."""

import os
import unittest

from common import PASSWORD, ENDPOINT, shows_a_password, unique, wrong_password
from glue_case import Case, client

PROVIDER = os.environ["PROVIDER_URL"]


def member(name, where="USER_INPUT", **more):
    return {"Name": name, "Required": True, "PropertyType": where, **more}


def connector(name):
    """A shop: a token for client id and secret, shown to /v1/{tenant}/me."""
    return {
        "ConnectionType": name,
        "IntegrationType": "REST",
        "Description": "A shop of the test's own",
        "ConnectionProperties": {
            "Url": member("INSTANCE_URL"),
            "AdditionalRequestParameters": [
                member("TENANT", PropertyLocation="PATH"),
                member("REGION_CODE", KeyOverride="X-Region", PropertyLocation="HEADER", DefaultValue="eu"),
            ],
        },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["OAUTH2"],
            "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS",
                "ClientCredentialsProperties": {
                    "TokenUrl": member("TokenUrl", DefaultValue=f"{PROVIDER}/oauth/token"),
                    "RequestMethod": "POST",
                    "ContentType": "URL_ENCODED",
                    "ClientSecret": member(
                        "CLIENT_SECRET", "SECRET", KeyOverride="client_secret", PropertyLocation="BODY"
                    ),
                },
            },
        },
        "RestConfiguration": {
            "ValidationEndpointConfiguration": {
                "RequestMethod": "GET",
                "RequestPath": "/v1/{TENANT}/me",
                "ResponseConfiguration": {"ResultPath": "$.id", "ErrorPath": "$.error.message"},
            }
        },
    }


def connection(connector, secret=PASSWORD):
    return {
        "Name": unique(),
        "ConnectionType": connector["ConnectionType"],
        "ConnectionProperties": {"INSTANCE_URL": PROVIDER, "TENANT": "red"},
        "AuthenticationConfiguration": {
            "AuthenticationType": "OAUTH2",
            "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS",
                "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": "shop-client"},
                "OAuth2Credentials": {"UserManagedClientApplicationClientSecret": secret},
            },
        },
    }


class Registered(Case):
    """In the order that the provider's script has."""

    def test_of_a_shop(self):
        shop = connector(unique("REST-SHOP"))
        self.glue.register_connection_type(**shop)
        self.describe(shop)

        # The test before the connection is ready, and the one by name.
        right = connection(shop)
        self.glue.create_connection(ConnectionInput=right)
        self.addCleanup(self.glue.delete_connection, ConnectionName=right["Name"])
        self.glue.test_connection(ConnectionName=right["Name"])

        wrong = connection(shop, wrong_password())
        self.glue.create_connection(ConnectionInput={**wrong, "ValidateCredentials": False})
        self.addCleanup(self.glue.delete_connection, ConnectionName=wrong["Name"])
        answer = self.assert_federation_source(
            "InvalidCredentialsException", "auth", ConnectionName=wrong["Name"]
        )
        self.assertIn("report", answer["Message"])

        self.glue.delete_connection_type(ConnectionType=shop["ConnectionType"])
        answer = self.assert_fails(
            "InvalidInputException", self.glue.test_connection, ConnectionName=right["Name"]
        )
        self.assertIn("ConnectionType: expected a type that was registered", answer["Message"])

    def describe(self, shop):
        described = self.glue.describe_connection_type(ConnectionType=shop["ConnectionType"])
        self.assertEqual(described["RestConfiguration"], shop["RestConfiguration"])
        self.assertEqual(described["ConnectionProperties"].keys(), {"INSTANCE_URL", "TENANT", "REGION_CODE"})
        oauth2 = described["AuthenticationConfiguration"]["OAuth2Properties"]
        self.assertEqual(oauth2["TokenUrl"]["DefaultValue"], f"{PROVIDER}/oauth/token")
        self.assertEqual(oauth2["CLIENT_SECRET"]["PropertyTypes"], ["SECRET"])
        self.assertEqual(oauth2["OAuth2GrantType"]["AllowedValues"], [{"Value": "CLIENT_CREDENTIALS"}])

    def test_of_a_broken_registration(self):
        broken = connector(unique("REST-BROKEN"))
        configuration = broken["ConnectorAuthenticationConfiguration"]
        configuration["AuthenticationTypes"] = ["OAUTH2", "BASIC"]
        grant = configuration["OAuth2Properties"]["ClientCredentialsProperties"]
        grant["TokenUrl"] = member("TokenUrl", DefaultValue=f"http://{PASSWORD}.example/token")
        grant["ClientSecret"] = member("CLIENT_SECRET", "READ_ONLY", PropertyLocation="BODY", Format=PASSWORD)
        del broken["ConnectionProperties"]["Url"]
        endpoint = broken["RestConfiguration"]["ValidationEndpointConfiguration"]
        endpoint["RequestPath"] = "/v1/{SHOP}/me"
        endpoint["ResponseConfiguration"]["ErrorPath"] = "$.errors()"

        answer = self.assert_fails("InvalidInputException", self.glue.register_connection_type, **broken)
        oauth2 = "ConnectorAuthenticationConfiguration.OAuth2Properties.ClientCredentialsProperties"
        for place in (
            "ConnectionProperties.Url: expected",
            "ConnectorAuthenticationConfiguration.BasicAuthenticationProperties: expected",
            f"{oauth2}.TokenUrl.DefaultValue: expected https",
            f"{oauth2}.ClientSecret.DefaultValue: expected",
            f"{oauth2}.ClientSecret.Format: expected {{value}}",
            "RestConfiguration.ValidationEndpointConfiguration.RequestPath: expected a request parameter called SHOP",
            "RestConfiguration.ValidationEndpointConfiguration.ResponseConfiguration.ErrorPath: expected a JSON path",
        ):
            with self.subTest(place):
                self.assertIn(place, answer["Message"])
        names = client(ENDPOINT).list_connection_types()["ConnectionTypes"]
        self.assertNotIn(broken["ConnectionType"], [listed["ConnectionType"] for listed in names])
        self.assertFalse(shows_a_password(str(answer)))


if __name__ == "__main__":
    unittest.main()
