"""boto3 against `dialcheck serve`: types, encryption settings, reports and signatures."""

import json
import unittest
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from common import (
    ENDPOINT,
    SIGNED_ENDPOINT,
    jdbc,
    rest_connector,
    shows_a_password,
    unified,
    unique,
    wrong_password,
)
from glue_case import Case, client


class Types(Case):
    def listed(self):
        paginator = self.glue.get_paginator("list_connection_types")
        pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
        self.assertGreater(len(pages), 1)
        self.assertTrue(all(len(page["ConnectionTypes"]) <= 2 for page in pages))
        types = [listed for page in pages for listed in page["ConnectionTypes"]]
        names = [listed["ConnectionType"] for listed in types]
        self.assertCountEqual(names, set(names))
        return dict(zip(names, types))

    def test_register_describe_list_delete(self):
        connector = rest_connector(unique("REST-SDK"))
        name = connector["ConnectionType"]
        arn = self.glue.register_connection_type(**connector)["ConnectionTypeArn"]
        self.addCleanup(self.delete_type, name)
        self.assertRegex(arn, rf"^arn:aws:glue:[a-z0-9-]*:\d*:.*{name}$")

        described = self.glue.describe_connection_type(ConnectionType=name)
        self.assertEqual(described["ConnectionType"], name)
        self.assertEqual(described["Description"], connector["Description"])
        self.assertEqual(described["RestConfiguration"], connector["RestConfiguration"])
        self.assertEqual(described["Capabilities"]["SupportedAuthenticationTypes"], ["BASIC"])
        self.assertEqual(described["ConnectionProperties"].keys(), {"INSTANCE_URL", "tenant"})
        tenant = described["ConnectionProperties"]["tenant"]
        self.assertEqual((tenant["KeyOverride"], tenant["PropertyLocation"]), ("X-Tenant", "HEADER"))
        self.assertEqual([allowed["Value"] for allowed in tenant["AllowedValues"]], ["red", "blue"])

        listed = self.listed()[name]
        self.assertEqual(listed["Description"], connector["Description"])
        self.assertEqual(listed["Capabilities"], described["Capabilities"])

        self.glue.delete_connection_type(ConnectionType=name)
        self.assertNotIn(name, self.listed())
        self.assert_fails("EntityNotFoundException", self.glue.delete_connection_type, ConnectionType=name)

    def delete_type(self, name):
        try:
            self.glue.delete_connection_type(ConnectionType=name)
        except self.glue.exceptions.EntityNotFoundException:
            pass

    def test_built_in(self):
        self.assertLessEqual({"JDBC", "MYSQL", "POSTGRESQL"}, self.listed().keys())
        described = self.glue.describe_connection_type(ConnectionType="POSTGRESQL")
        self.assertEqual(described["ConnectionType"], "POSTGRESQL")
        self.assertIn("BASIC", described["Capabilities"]["SupportedAuthenticationTypes"])
        self.assertIs(described["ConnectionProperties"]["HOST"]["Required"], True)
        self.assertIn("PORT", described["ConnectionProperties"])
        self.assert_invalid(self.glue.delete_connection_type, ConnectionType="POSTGRESQL")

    def test_unknown(self):
        self.assert_invalid(self.glue.describe_connection_type, ConnectionType=unique())

    def test_name_without_the_prefix(self):
        self.assert_invalid(self.glue.register_connection_type, **rest_connector(unique()))


class Encryption(Case):
    def test_settings(self):
        before = self.glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
        self.addCleanup(self.glue.put_data_catalog_encryption_settings, DataCatalogEncryptionSettings=before)
        key = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
        for settings in (
            {
                "EncryptionAtRest": {
                    "CatalogEncryptionMode": "SSE-KMS-WITH-SERVICE-ROLE",
                    "SseAwsKmsKeyId": key,
                    "CatalogEncryptionServiceRole": "arn:aws:iam::123456789012:role/catalog",
                },
                "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": key},
            },
            {
                "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
                "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
            },
        ):
            self.glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=settings)
            answer = self.glue.get_data_catalog_encryption_settings()
            self.assertEqual(answer["DataCatalogEncryptionSettings"], settings)


class Reports(Case):
    def report(self, request_id):
        with urllib.request.urlopen(f"{ENDPOINT}/v1/reports/{request_id}") as answer:
            text = answer.read().decode()
        self.assertFalse(shows_a_password(text), text)
        report = json.loads(text)
        self.assertEqual(report["schema"], "dialcheck/2")
        (result,) = report["results"]
        self.assertEqual(result["request_id"], request_id)
        return result

    def test_of_a_failure(self):
        name = self.create({**jdbc(password=wrong_password()), "ValidateCredentials": False})
        answer = self.assert_federation_source("InvalidCredentialsException", "auth", ConnectionName=name)
        request_id = answer["ResponseMetadata"]["RequestId"]
        self.assertTrue(answer["Message"].endswith(f"(report {request_id})"), answer)
        result = self.report(request_id)
        self.assertEqual(result["connection"], name)
        self.assertEqual(result["verdict"], "failed")
        self.assertEqual(result["exception"]["name"], "FederationSourceException")
        self.assertEqual(result["exception"]["federation_source_error_code"], "InvalidCredentialsException")
        self.assertEqual((result["failure"]["stage"], result["failure"]["native"]), ("auth", "28P01"))
        outcomes = {stage["stage"]: stage["outcome"] for stage in result["stages"]}
        self.assertEqual((outcomes["tcp"], outcomes["auth"], outcomes["query"]), ("passed", "failed", "not_reached"))

    def test_of_a_pass(self):
        answer = self.glue.test_connection(TestConnectionInput=jdbc())
        result = self.report(answer["ResponseMetadata"]["RequestId"])
        self.assertEqual(result["verdict"], "passed")
        self.assertEqual({stage["outcome"] for stage in result["stages"]}, {"passed"})

    def test_of_a_refused_create(self):
        definition = {"Name": unique(), **unified(password=wrong_password())}
        answer = self.assert_fails("InvalidInputException", self.glue.create_connection, ConnectionInput=definition)
        request_id = answer["ResponseMetadata"]["RequestId"]
        self.assertIn(f"(report {request_id})", answer["Message"])
        self.assertEqual(self.report(request_id)["failure"]["stage"], "auth")


class Signatures(Case):
    def setUp(self):
        super().setUp()
        self.glue = client(SIGNED_ENDPOINT)

    def test_right(self):
        name = self.create(jdbc())
        self.assertEqual(self.get(name)["Name"], name)
        self.glue.test_connection(ConnectionName=name)

    def test_wrong(self):
        right = boto3.Session().get_credentials()
        for code, key, secret, signature in (
            ("InvalidSignatureException", right.access_key, right.secret_key[::-1], None),
            ("UnrecognizedClientException", "AKIAIOSFODNN7UNKNOWN", right.secret_key, None),
            ("MissingAuthenticationTokenException", None, None, UNSIGNED),
        ):
            stranger = client(
                SIGNED_ENDPOINT,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                config=Config(signature_version=signature),
            )
            with self.subTest(code):
                with self.assertRaises(ClientError) as caught:
                    stranger.get_connections()
                self.assertEqual(caught.exception.response["Error"]["Code"], code)
                self.assertNotIn(right.secret_key, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
