"""What the suites of boto3 share: a client, and what is asserted of answers."""

import unittest
from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError

from common import ENDPOINT, REGION, shows_a_password, unique


def client(endpoint=ENDPOINT, **settings):
    # The retries stay as they are: that a failed test costs one call must hold for everybody.
    return boto3.client("glue", endpoint_url=endpoint, region_name=REGION, **settings)


class Case(unittest.TestCase):
    def setUp(self):
        self.glue = client()
        # As they came: the client leaves out what its model does not know.
        self.answers = []
        self.glue.meta.events.register(
            "before-parse.glue", lambda response_dict, **_: self.answers.append(response_dict["body"].decode())
        )
        self.started = datetime.now(timezone.utc).replace(microsecond=0)

    def create(self, definition, **request):
        """Creates a connection that goes when the test ends, and gives its name."""
        name = unique()
        answer = self.glue.create_connection(ConnectionInput={"Name": name, **definition}, **request)
        self.addCleanup(self.glue.batch_delete_connection, ConnectionNameList=[name])
        self.assertEqual(answer["CreateConnectionStatus"], "READY")
        return name

    def get(self, name, **request):
        return self.glue.get_connection(Name=name, **request)["Connection"]

    def assert_holds(self, connection, name, definition, schema_version, validated=False):
        """`connection` is what was defined, and what the server adds, and nothing else."""
        connection = dict(connection)
        created, updated = connection.pop("CreationTime"), connection.pop("LastUpdatedTime")
        self.assertLessEqual(self.started, created)
        self.assertLessEqual(created, updated)
        self.assertIsInstance(connection.pop("LastUpdatedBy", ""), str)
        environments = connection.pop("CompatibleComputeEnvironments", [])
        self.assertLessEqual(set(environments), {"SPARK", "ATHENA", "PYTHON"})
        if validated:
            self.assertLessEqual(self.started, connection.pop("LastConnectionValidationTime"))
        expected = {"Name": name, "Status": "READY", "ConnectionSchemaVersion": schema_version, **definition}
        expected.pop("ValidateCredentials", None)
        expected.pop("ValidateForComputeEnvironments", None)
        if "AuthenticationConfiguration" in expected:
            expected["AuthenticationConfiguration"] = {"AuthenticationType": "BASIC"}
        self.assertEqual(connection, expected)

    def assert_fails(self, code, call, **request):
        """The call is answered by the exception `code`, which shows no password; gives its members."""
        with self.assertRaises(getattr(self.glue.exceptions, code)) as caught:
            call(**request)
        answer = caught.exception.response
        self.assertFalse(shows_a_password(f"{caught.exception} {answer} {self.answers[-1]}"), answer)
        self.assertEqual(answer["Error"]["Code"], code)
        self.assertEqual(answer["Error"]["Message"], answer["Message"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 0)
        return answer

    def assert_invalid(self, call, **request):
        """The call breaks a rule of the model, for which Glue has two exceptions, one without members."""
        with self.assertRaises(ClientError) as caught:
            call(**request)
        self.assertFalse(shows_a_password(str(caught.exception)))
        self.assertIn(caught.exception.response["Error"]["Code"], ("InvalidInputException", "ValidationException"))

    def assert_federation_source(self, code, stage, **request):
        answer = self.assert_fails("FederationSourceException", self.glue.test_connection, **request)
        self.assertEqual(answer["FederationSourceErrorCode"], code)
        self.assertTrue(answer["Message"].startswith(f"{stage}: "), answer)
        return answer
