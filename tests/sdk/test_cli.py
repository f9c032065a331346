"""The real AWS CLI against `dialcheck serve`, and the skeletons of `dialcheck` against its own."""

import functools
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import awscli.botocore.session
import yaml
from awscli.botocore.utils import ArgumentGenerator

from common import (
    ENDPOINT,
    PASSWORD,
    POSTGRES_PORT,
    REFUSED_PORT,
    connection_arn,
    jdbc,
    shows_a_password,
    unique,
    wrong_password,
)

AWS = Path(sys.executable).with_name("aws")
DIALCHECK = os.environ["DIALCHECK_BIN"]

# Each operation with the least that the AWS CLI lets it do without.
OPERATIONS = {
    "test-connection": [],
    "create-connection": ["--connection-input", json.dumps({"Name": "a", **jdbc()})],
    "update-connection": ["--name", "a", "--connection-input", json.dumps({"Name": "a", **jdbc()})],
    "get-connection": ["--name", "a"],
    "get-connections": [],
    "delete-connection": ["--connection-name", "a"],
    "batch-delete-connection": ["--connection-name-list", "a"],
    "list-connection-types": [],
    "describe-connection-type": ["--connection-type", "REST-A"],
    "register-connection-type": [
        *("--connection-type", "REST-A", "--integration-type", "REST"),
        *("--connection-properties", "{}", "--rest-configuration", "{}"),
        *("--connector-authentication-configuration", '{"AuthenticationTypes": ["BASIC"]}'),
    ],
    "delete-connection-type": ["--connection-type", "REST-A"],
    "get-data-catalog-encryption-settings": [],
    "put-data-catalog-encryption-settings": ["--data-catalog-encryption-settings", "{}"],
    "get-tags": ["--resource-arn", "arn:aws:glue:us-east-1:123456789012:connection/a"],
    "tag-resource": ["--resource-arn", "arn:aws:glue:us-east-1:123456789012:connection/a", "--tags-to-add", "a=b"],
    "untag-resource": ["--resource-arn", "arn:aws:glue:us-east-1:123456789012:connection/a", "--tags-to-remove", "a"],
}

# How the AWS CLI ends when the service answered with an error: in version 1 with the code of any failure, in version 2
# with 254.
SERVICE_ERROR = 255

# Of these the AWS CLI prints no output skeleton: it sends itself its own sample, and refuses it.
UNPRINTABLE = {"get-connection", "get-connections", "describe-connection-type"}


def run(*words, **environment):
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def aws(operation, *arguments, **environment):
    return run(AWS, "glue", operation, "--endpoint-url", ENDPOINT, *arguments, **environment)


def dialcheck(operation, *arguments, **environment):
    return run(DIALCHECK, operation, "--endpoint-url", ENDPOINT, *arguments, **environment)


def printed(ran):
    """The standard output of a run without an error."""
    if ran.returncode != 0 or ran.stderr:
        raise AssertionError(f"{ran.args[1:]} ended with {ran.returncode}: {ran.stderr}")
    return ran.stdout


@functools.cache
def input_skeleton(operation):
    return json.loads(printed(aws(operation, "--generate-cli-skeleton")))


def model(operation):
    service = awscli.botocore.session.get_session().get_service_model("glue")
    return service.operation_model("".join(word.title() for word in operation.split("-")))


def output_skeleton(operation):
    if operation in UNPRINTABLE:
        return ArgumentGenerator(use_member_names=True).generate_skeleton(model(operation).output_shape)
    # An answer without members is printed as nothing.
    return json.loads(printed(aws(operation, *OPERATIONS[operation], "--generate-cli-skeleton", "output")) or "{}")


def dialcheck_skeleton(operation, *form):
    return printed(run(DIALCHECK, operation, *form))


def members(skeleton):
    """The members of a skeleton in their order, with theirs; the values are samples, some drawn by chance."""
    if isinstance(skeleton, dict):
        return [(name, members(value)) for name, value in skeleton.items()]
    if isinstance(skeleton, list):
        return [members(value) for value in skeleton]
    # A time is a text in JSON.
    return type(skeleton).__name__ if isinstance(skeleton, (bool, int, float)) else "str"


class Skeletons(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def send(self, operation, skeleton):
        """Sends a skeleton as it is: the AWS CLI itself would refuse an empty text."""
        unchecked = self.folder / "config"
        unchecked.write_text("[default]\nparameter_validation = false\n")
        file = self.folder / f"{operation}.json"
        file.write_text(json.dumps(skeleton))
        return aws(operation, "--cli-input-json", file.as_uri(), AWS_CONFIG_FILE=str(unchecked))

    def test_input(self):
        for operation in OPERATIONS:
            with self.subTest(operation):
                ours = json.loads(dialcheck_skeleton(operation, "--generate-cli-skeleton"))
                self.assertEqual(members(ours), members(input_skeleton(operation)))
                named = json.loads(dialcheck_skeleton(operation, "--generate-cli-skeleton", "input"))
                self.assertEqual(members(named), members(ours))

    def test_yaml_input(self):
        # Version 1 of the AWS CLI has JSON only; the YAML of version 2 has the same members.
        for operation in OPERATIONS:
            with self.subTest(operation):
                ours = yaml.safe_load(dialcheck_skeleton(operation, "--generate-cli-skeleton", "yaml-input"))
                self.assertEqual(members(ours or {}), members(input_skeleton(operation)))

    def test_output(self):
        for operation, required in OPERATIONS.items():
            with self.subTest(operation):
                ours = dialcheck_skeleton(operation, *required, "--generate-cli-skeleton", "output")
                self.assertEqual(members(json.loads(ours or "{}")), members(output_skeleton(operation)))

    def test_sent_back_unchanged(self):
        settings = printed(aws("get-data-catalog-encryption-settings", "--query", "DataCatalogEncryptionSettings"))
        restore = ("put-data-catalog-encryption-settings", "--data-catalog-encryption-settings", settings)
        self.addCleanup(lambda: printed(aws(*restore)))
        for operation in OPERATIONS:
            with self.subTest(operation):
                ran = self.send(operation, input_skeleton(operation))
                if ran.returncode == 0:
                    self.assertEqual(ran.stderr, "")
                    continue
                # What breaks a rule of the model is answered so even where the model does not declare it.
                called, invalid = model(operation), {"InvalidInputException", "ValidationException"}
                declared = {shape.name for shape in called.error_shapes} - {"InternalServiceException"}
                exceptions = "|".join(declared | invalid)
                answer = rf"An error occurred \(({exceptions})\) when calling the {called.name} operation"
                self.assertRegex(ran.stderr, answer)

    def test_filled_in_with_a_name(self):
        unknown = {**input_skeleton("test-connection"), "ConnectionName": unique()}
        self.assertIn("(EntityNotFoundException)", self.send("test-connection", unknown).stderr)
        name = unique()
        definition = json.dumps({"Name": name, **jdbc()})
        self.addCleanup(aws, "delete-connection", "--connection-name", name)
        printed(aws("create-connection", "--connection-input", definition))
        printed(self.send("test-connection", {**unknown, "ConnectionName": name}))


class Connections(unittest.TestCase):
    def setUp(self):
        self.name = unique()
        self.addCleanup(aws, "batch-delete-connection", "--connection-name-list", self.name)

    def create(self, definition, *arguments):
        answer = printed(aws("create-connection", "--connection-input", definition, *arguments))
        self.assertEqual(json.loads(answer), {"CreateConnectionStatus": "READY"})

    def assert_stored(self):
        query = "Connection.[Name, ConnectionType, ConnectionProperties]"
        stored = json.loads(printed(aws("get-connection", "--name", self.name, "--query", query)))
        self.assertEqual(stored, [self.name, *jdbc().values()])
        self.assertEqual(aws("test-connection", "--connection-name", self.name).returncode, 0)

    def test_from_json(self):
        self.create(json.dumps({"Name": self.name, **jdbc()}))
        self.assert_stored()

    def test_from_a_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"Name": self.name, **jdbc()}, file)
            file.flush()
            self.create(f"file://{file.name}")
        self.assert_stored()

    def test_from_shorthand(self):
        url = f"jdbc:postgresql://localhost:{POSTGRES_PORT}/app"
        properties = f'JDBC_CONNECTION_URL="{url}",USERNAME=alice,PASSWORD="{PASSWORD}"'
        self.create(f"Name={self.name},ConnectionType=JDBC,ConnectionProperties={{{properties}}}")
        self.assert_stored()

    def test_query_as_text(self):
        self.create(json.dumps({"Name": self.name, "Description": "Two words", **jdbc()}))
        query = "Connection.[Name, Description, Status, ConnectionSchemaVersion]"
        answer = aws("get-connection", "--name", self.name, "--query", query, "--output", "text")
        self.assertEqual(printed(answer), f"{self.name}\tTwo words\tREADY\t1\n")
        hidden = printed(aws("get-connection", "--name", self.name, "--hide-password"))
        self.assertFalse(shows_a_password(hidden))

    def test_pages(self):
        criterion, names = unique("criterion"), [unique() for _ in range(3)]
        self.addCleanup(aws, "batch-delete-connection", "--connection-name-list", *names)
        for name in names:
            self.create(json.dumps({"Name": name, "MatchCriteria": [criterion], **jdbc()}))
        mine = ("--filter", f"MatchCriteria={criterion}", "--page-size", "1")
        answer = json.loads(printed(aws("get-connections", *mine, "--query", "ConnectionList[].Name")))
        self.assertCountEqual(answer, names)
        first = json.loads(printed(aws("get-connections", *mine, "--max-items", "2")))
        self.assertEqual(len(first["ConnectionList"]), 2)
        rest = json.loads(printed(aws("get-connections", *mine, "--starting-token", first["NextToken"])))
        self.assertEqual(len(rest["ConnectionList"]), 1)

    def test_query_with_a_literal_without_quotes(self):
        self.create(json.dumps({"Name": self.name, **jdbc()}))
        # The AWS CLI warns that the quotes will be needed one day.
        query = ("--query", f"ConnectionList[?Name==`{self.name}`].Status", "--output", "text")
        self.assertEqual(aws("get-connections", *query).stdout, "READY\n")
        self.assertEqual(printed(dialcheck("get-connections", *query)), "READY\n")

    def test_the_last_of_two_flags_wins(self):
        self.create(json.dumps({"Name": self.name, **jdbc()}))
        query = ("--name", self.name, "--query", "Connection.ConnectionProperties.PASSWORD", "--output", "text")
        for flags in (["--hide-password", "--no-hide-password"], ["--no-hide-password", "--hide-password"]):
            with self.subTest(flags):
                theirs = printed(aws("get-connection", *query, *flags))
                self.assertEqual(printed(dialcheck("get-connection", *query, *flags)), theirs)
                self.assertEqual(theirs == "None\n", flags[-1] == "--hide-password")

    def test_tags(self):
        self.create(json.dumps({"Name": self.name, **jdbc()}), "--tags", "team=orders,empty=")
        arn = ("--resource-arn", connection_arn(self.name))
        for command in (aws, dialcheck):
            with self.subTest(command.__name__):
                tags = json.loads(printed(command("get-tags", *arn)))["Tags"]
                self.assertEqual(tags, {"team": "orders", "empty": ""})
                printed(command("tag-resource", *arn, "--tags-to-add", "team=refunds,cost=7"))
                definition = json.dumps({"Name": self.name, "Description": "Moved", **jdbc()})
                printed(command("update-connection", "--name", self.name, "--connection-input", definition))
                printed(command("test-connection", "--connection-name", self.name))
                printed(command("untag-resource", *arn, "--tags-to-remove", "cost", "empty", "none"))
                tags = json.loads(printed(command("get-tags", *arn)))["Tags"]
                self.assertEqual(tags, {"team": "refunds"})
                printed(command("tag-resource", *arn, "--tags-to-add", "team=orders,empty="))
        printed(aws("delete-connection", "--connection-name", self.name))
        gone = aws("get-tags", *arn)
        self.assertIn("An error occurred (EntityNotFoundException) when calling the GetTags operation", gone.stderr)

    def test_update_and_delete(self):
        self.create(json.dumps({"Name": self.name, **jdbc()}))
        definition = json.dumps({"Name": self.name, "Description": "Moved", **jdbc()})
        printed(aws("update-connection", "--name", self.name, "--connection-input", definition))
        query = ("--query", "Connection.Description", "--output", "text")
        self.assertEqual(printed(aws("get-connection", "--name", self.name, *query)), "Moved\n")
        printed(aws("delete-connection", "--connection-name", self.name))
        gone = json.loads(printed(aws("batch-delete-connection", "--connection-name-list", self.name)))
        self.assertEqual(gone["Errors"][self.name]["ErrorCode"], "EntityNotFoundException")


class Testing(unittest.TestCase):
    def assert_fails(self, start, *arguments):
        ran = aws("test-connection", *arguments)
        self.assertEqual(ran.returncode, SERVICE_ERROR, ran.stderr)
        self.assertEqual(ran.stdout, "")
        self.assertIn(f"An error occurred {start}", ran.stderr)
        self.assertFalse(shows_a_password(ran.stderr))

    def test_right(self):
        printed(aws("test-connection", "--test-connection-input", json.dumps(jdbc())))

    def test_wrong_password(self):
        self.assert_fails(
            "(FederationSourceException) when calling the TestConnection operation: auth: ",
            *("--test-connection-input", json.dumps(jdbc(password=wrong_password()))),
        )

    def test_refused_connection(self):
        self.assert_fails(
            "(FederationSourceException) when calling the TestConnection operation: tcp: ",
            *("--test-connection-input", json.dumps(jdbc("127.0.0.1", REFUSED_PORT))),
        )

    def test_unknown_name(self):
        self.assert_fails(
            "(EntityNotFoundException) when calling the TestConnection operation: ", "--connection-name", unique()
        )

    def test_neither(self):
        self.assert_fails("(InvalidInputException) when calling the TestConnection operation: ")


if __name__ == "__main__":
    unittest.main()
