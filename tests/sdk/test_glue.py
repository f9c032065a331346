"""boto3 against `dialcheck serve`: connections, their tests, every exception and its members."""

import unittest

from botocore.config import Config

from common import (
    BLACK_HOLE_PORT,
    PASSWORD,
    REFUSED_PORT,
    connection_arn,
    jdbc,
    shows_a_password,
    unified,
    unique,
    wrong_password,
)
from glue_case import Case, client

CATALOG = "123456789012"

# All that a definition may hold beside its name, type, properties and credentials.
EVERYTHING = {
    "Description": "The orders,\nby day: ü€😀",
    "MatchCriteria": ["orders", "daily"],
    "SparkProperties": {"DATABASE": "spark", "secretId": "orders"},
    "AthenaProperties": {
        "lambda_function_arn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
        "spill_bucket": "orders-spill",
    },
    "PythonProperties": {"host": "localhost"},
    "PhysicalConnectionRequirements": {
        "SubnetId": "subnet-0123456789abcdef0",
        "SecurityGroupIdList": ["sg-0123456789abcdef0", "sg-0123456789abcdef1"],
        "AvailabilityZone": "us-east-1a",
    },
}


class Connections(Case):
    def test_jdbc_with_everything(self):
        definition = {**jdbc(), **EVERYTHING}
        name = self.create({**definition, "ValidateCredentials": False}, Tags={"team": "orders", "empty": ""})
        self.assert_holds(self.get(name), name, definition, schema_version=1)

    def test_postgresql_with_everything(self):
        definition = {
            **unified(),
            **EVERYTHING,
            "ValidateCredentials": True,
            "ValidateForComputeEnvironments": ["SPARK", "ATHENA", "PYTHON"],
        }
        name = self.create(definition, Tags={"team": "orders"})
        self.assert_holds(self.get(name), name, definition, schema_version=2, validated=True)

    def test_version_1_for_spark_needs_no_authentication(self):
        for connection_type in ("BIGQUERY", "AZURECOSMOS", "AZURESQL", "OPENSEARCH", "SNOWFLAKE", "TERADATA"):
            with self.subTest(connection_type):
                properties = {"SparkProperties": '{"secretId": "made-up", "sfUrl": "made-up"}'}
                definition = {"ConnectionType": connection_type, "ConnectionProperties": properties}
                name = self.create(definition)
                self.assert_holds(self.get(name), name, definition, schema_version=1)

    def test_tags_from_creation_to_deletion(self):
        name = self.create(jdbc(), Tags={"team": "orders", "empty": ""})
        arn = connection_arn(name)
        self.assertEqual(self.glue.get_tags(ResourceArn=arn)["Tags"], {"team": "orders", "empty": ""})
        self.glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "refunds", "cost": "7"})
        self.glue.update_connection(Name=name, ConnectionInput={"Name": name, "Description": "Moved", **jdbc()})
        self.glue.test_connection(ConnectionName=name)
        self.assertEqual(
            self.glue.get_tags(ResourceArn=arn)["Tags"], {"team": "refunds", "cost": "7", "empty": ""}
        )
        self.glue.untag_resource(ResourceArn=arn, TagsToRemove=["cost", "empty", "none"])
        self.assertEqual(self.glue.get_tags(ResourceArn=arn)["Tags"], {"team": "refunds"})
        self.glue.delete_connection(ConnectionName=name)
        for call, request in (
            (self.glue.get_tags, {}),
            (self.glue.tag_resource, {"TagsToAdd": {"a": "b"}}),
            (self.glue.untag_resource, {"TagsToRemove": ["a"]}),
        ):
            self.assert_fails("EntityNotFoundException", call, ResourceArn=arn, **request)

    def test_tags_that_glue_refuses(self):
        name = self.create(jdbc())
        arn = connection_arn(name)
        many = {str(number): "" for number in range(50)}
        self.glue.tag_resource(ResourceArn=arn, TagsToAdd=many)
        self.assert_fails("InvalidInputException", self.glue.tag_resource, ResourceArn=arn, TagsToAdd={"more": ""})
        self.assertEqual(self.glue.get_tags(ResourceArn=arn)["Tags"], many)
        reserved = {"aws:made-up": "x"}
        self.assert_fails("InvalidInputException", self.glue.tag_resource, ResourceArn=arn, TagsToAdd=reserved)
        definition = {"Name": unique(), **jdbc()}
        create = self.glue.create_connection
        self.assert_fails("InvalidInputException", create, ConnectionInput=definition, Tags=reserved)
        self.assert_fails("EntityNotFoundException", self.glue.get_connection, Name=definition["Name"])
        job = "arn:aws:glue:us-east-1:123456789012:job/a"
        self.assert_fails("InvalidInputException", self.glue.get_tags, ResourceArn=job)
        self.assert_invalid(self.glue.get_tags, ResourceArn="arn:aws:s3:::a")

    def test_mysql_is_stored_unseen(self):
        definition = {**unified("MYSQL", REFUSED_PORT), "ValidateCredentials": False}
        name = self.create(definition)
        self.assert_holds(self.get(name), name, definition, schema_version=2)

    def test_credentials_are_validated_unless_told_otherwise(self):
        name = self.create(unified())
        self.assert_holds(self.get(name), name, unified(), schema_version=2, validated=True)

    def test_no_credential_of_version_2_comes_back(self):
        name = self.create(unified())
        self.get(name)
        self.glue.get_connections(Filter={"ConnectionType": "POSTGRESQL"})
        for answer in self.answers:
            self.assertNotIn("BasicAuthenticationCredentials", answer)
            self.assertFalse(shows_a_password(answer))
        self.assertIn(name, self.answers[-1])

    def test_hide_password(self):
        name = self.create(jdbc())
        self.assertEqual(self.get(name, HidePassword=False)["ConnectionProperties"]["PASSWORD"], PASSWORD)
        hidden = jdbc()
        del hidden["ConnectionProperties"]["PASSWORD"]
        self.assert_holds(self.get(name, HidePassword=True), name, hidden, schema_version=1)
        self.answers.clear()
        pages = list(self.glue.get_paginator("get_connections").paginate(HidePassword=True))
        self.assertEqual(len(self.answers), len(pages))
        self.assertFalse(shows_a_password(str(self.answers)))

    def test_override_for_a_compute_environment(self):
        name = self.create({**unified(), **EVERYTHING})
        for environment, database in (("SPARK", "spark"), ("ATHENA", "app"), ("PYTHON", "app")):
            with self.subTest(environment):
                connection = self.get(name, ApplyOverrideForComputeEnvironment=environment)
                self.assertEqual(connection["ConnectionProperties"]["DATABASE"], database)

    def test_a_catalog_by_its_id(self):
        name = unique()
        self.glue.create_connection(CatalogId=CATALOG, ConnectionInput={"Name": name, **jdbc()})
        self.assert_holds(self.get(name, CatalogId=CATALOG), name, jdbc(), schema_version=1)
        self.glue.update_connection(CatalogId=CATALOG, Name=name, ConnectionInput={"Name": name, **jdbc()})
        self.assertEqual(self.glue.test_connection(CatalogId=CATALOG, ConnectionName=name).keys(), {"ResponseMetadata"})
        pages = self.glue.get_paginator("get_connections").paginate(CatalogId=CATALOG)
        self.assertIn(name, [connection["Name"] for page in pages for connection in page["ConnectionList"]])
        self.glue.delete_connection(CatalogId=CATALOG, ConnectionName=name)
        gone = self.glue.batch_delete_connection(CatalogId=CATALOG, ConnectionNameList=[name])
        self.assertEqual(gone["Errors"].keys(), {name})

    def test_update_replaces(self):
        name = self.create({**jdbc(), **EVERYTHING})
        before = self.get(name)
        definition = {**unified(), "Description": "Moved"}
        self.glue.update_connection(Name=name, ConnectionInput={"Name": name, **definition})
        after = self.get(name)
        self.assert_holds(after, name, definition, schema_version=2, validated=True)
        self.assertEqual(after["CreationTime"], before["CreationTime"])
        self.assertLessEqual(before["LastUpdatedTime"], after["LastUpdatedTime"])

    def test_refused_update_changes_nothing(self):
        name = self.create(unified())
        before = self.get(name)
        definition = {"Name": name, **unified(password=wrong_password())}
        answer = self.assert_fails(
            "InvalidInputException", self.glue.update_connection, Name=name, ConnectionInput=definition
        )
        self.assertIs(answer["FromFederationSource"], True)
        self.assertEqual(self.get(name), before)
        self.glue.test_connection(ConnectionName=name)

    def test_delete(self):
        name = self.create(jdbc())
        self.glue.delete_connection(ConnectionName=name)
        self.assert_fails("EntityNotFoundException", self.glue.get_connection, Name=name)

    def test_batch_delete(self):
        names, missing = [self.create(jdbc()), self.create(jdbc())], unique()
        answer = self.glue.batch_delete_connection(ConnectionNameList=[names[0], missing, names[1]])
        self.assertCountEqual(answer["Succeeded"], names)
        self.assertEqual(answer["Errors"].keys(), {missing})
        self.assertEqual(answer["Errors"][missing]["ErrorCode"], "EntityNotFoundException")
        self.assertIn(missing, answer["Errors"][missing]["ErrorMessage"])


class Listing(Case):
    def setUp(self):
        super().setUp()
        self.criterion = unique("criterion")
        mine = {"MatchCriteria": [self.criterion]}
        self.version_1 = [self.create({**jdbc(), **mine}) for _ in range(2)]
        unseen = {"ValidateCredentials": False, **mine}
        self.version_2 = [
            self.create({**unified(connection_type, REFUSED_PORT), **unseen})
            for connection_type in ("POSTGRESQL", "MYSQL", "MYSQL")
        ]

    def pages(self, **conditions):
        """The names on each page of one connection."""
        filters = {"MatchCriteria": [self.criterion], **conditions}
        pages = self.glue.get_paginator("get_connections").paginate(Filter=filters, PaginationConfig={"PageSize": 1})
        return [[connection["Name"] for connection in page["ConnectionList"]] for page in pages]

    def found(self, **conditions):
        return [name for page in self.pages(**conditions) for name in page]

    def test_pages(self):
        self.assertEqual([len(page) for page in self.pages()], [1] * 5)
        self.assertCountEqual(self.found(), self.version_1 + self.version_2)

    def test_pages_by_hand(self):
        filters = {"MatchCriteria": [self.criterion]}
        first = self.glue.get_connections(Filter=filters, MaxResults=3)
        second = self.glue.get_connections(Filter=filters, MaxResults=3, NextToken=first["NextToken"])
        self.assertEqual([len(page["ConnectionList"]) for page in (first, second)], [3, 2])
        self.assertNotIn("NextToken", second)

    def test_filter_by_match_criteria(self):
        self.assertEqual(self.found(MatchCriteria=[unique("criterion")]), [])

    def test_filter_by_type(self):
        self.assertCountEqual(self.found(ConnectionType="JDBC"), self.version_1)
        self.assertCountEqual(self.found(ConnectionType="MYSQL"), self.version_2[1:])

    def test_filter_by_schema_version(self):
        self.assertCountEqual(self.found(ConnectionSchemaVersion=1), self.version_1)
        self.assertCountEqual(self.found(ConnectionSchemaVersion=2), self.version_2)

    def test_filters_add_up(self):
        self.assertEqual(self.found(ConnectionType="MYSQL", ConnectionSchemaVersion=1), [])


class Testing(Case):
    def test_by_name(self):
        for definition in (jdbc(), unified()):
            with self.subTest(definition["ConnectionType"]):
                answer = self.glue.test_connection(ConnectionName=self.create(definition))
                self.assertEqual(answer.keys(), {"ResponseMetadata"})
                self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)

    def test_inline(self):
        for definition in (jdbc(), unified()):
            with self.subTest(definition["ConnectionType"]):
                answer = self.glue.test_connection(TestConnectionInput=definition)
                self.assertEqual(answer.keys(), {"ResponseMetadata"})

    def test_wrong_password(self):
        for definition in (jdbc(password=wrong_password()), unified(password=wrong_password())):
            with self.subTest(definition["ConnectionType"]):
                self.assert_federation_source("InvalidCredentialsException", "auth", TestConnectionInput=definition)

    def test_wrong_password_by_name(self):
        for definition in (jdbc(password=wrong_password()), unified(password=wrong_password())):
            with self.subTest(definition["ConnectionType"]):
                name = self.create({**definition, "ValidateCredentials": False})
                self.assert_federation_source("InvalidCredentialsException", "auth", ConnectionName=name)

    def test_failure_costs_one_call(self):
        calls = []
        self.glue.meta.events.register(
            "before-send.glue.TestConnection", lambda request, **_: calls.append(request.url)
        )
        self.assert_federation_source(
            "InvalidCredentialsException", "auth", TestConnectionInput=jdbc(password=wrong_password())
        )
        self.assertEqual(len(calls), 1)
        self.assert_fails(
            "OperationTimeoutException", self.glue.test_connection, TestConnectionInput=jdbc(port=BLACK_HOLE_PORT)
        )
        self.assertEqual(len(calls), 2)

    def test_refused_connection(self):
        self.assert_federation_source(
            "InternalServiceException", "tcp", TestConnectionInput=jdbc("127.0.0.1", REFUSED_PORT)
        )

    def test_black_hole(self):
        for definition in (jdbc(port=BLACK_HOLE_PORT), unified(port=BLACK_HOLE_PORT)):
            with self.subTest(definition["ConnectionType"]):
                answer = self.assert_fails(
                    "OperationTimeoutException", self.glue.test_connection, TestConnectionInput=definition
                )
                self.assertTrue(answer["Message"].startswith("handshake: "), answer)

    def test_metadata_address(self):
        self.assert_fails(
            "AccessDeniedException", self.glue.test_connection, TestConnectionInput=jdbc("169.254.169.254")
        )

    def test_both_and_neither(self):
        for request in ({"ConnectionName": self.create(jdbc()), "TestConnectionInput": jdbc()}, {}):
            answer = self.assert_fails("InvalidInputException", self.glue.test_connection, **request)
            self.assertFalse(answer.get("FromFederationSource"))

    def test_unknown_name(self):
        name = unique()
        answer = self.assert_fails("EntityNotFoundException", self.glue.test_connection, ConnectionName=name)
        self.assertIn(name, answer["Message"])
        self.assertFalse(answer.get("FromFederationSource"))


class Refusals(Case):
    def refused(self, definition):
        """The answer to a definition that is not stored."""
        name = unique()
        answer = self.assert_fails(
            "InvalidInputException", self.glue.create_connection, ConnectionInput={"Name": name, **definition}
        )
        self.assert_fails("EntityNotFoundException", self.glue.get_connection, Name=name)
        return answer

    def test_credentials_that_the_server_refuses(self):
        answer = self.refused(unified(password=wrong_password()))
        self.assertIs(answer["FromFederationSource"], True)
        self.assertRegex(answer["Message"], r"^\w+Exception: auth: ")

    def test_server_that_says_nothing(self):
        definition = {"Name": unique(), **unified(port=BLACK_HOLE_PORT)}
        self.assert_fails("OperationTimeoutException", self.glue.create_connection, ConnectionInput=definition)
        self.assert_fails("EntityNotFoundException", self.glue.get_connection, Name=definition["Name"])

    def test_version_2_without_authentication(self):
        definition = unified()
        del definition["AuthenticationConfiguration"]
        answer = self.refused(definition)
        self.assertIn("AuthenticationConfiguration", answer["Message"])
        self.assertFalse(answer.get("FromFederationSource"))

    def test_missing_property(self):
        definition = {**unified(), "ValidateForComputeEnvironments": ["SPARK"]}
        del definition["ConnectionProperties"]["HOST"]
        answer = self.refused(definition)
        self.assertIn("HOST", answer["Message"])
        self.assertFalse(answer.get("FromFederationSource"))

    def test_name_that_is_taken(self):
        name = self.create(jdbc())
        before = self.get(name)
        answer = self.assert_fails(
            "AlreadyExistsException", self.glue.create_connection, ConnectionInput={"Name": name, **unified()}
        )
        self.assertIn(name, answer["Message"])
        self.assertEqual(self.get(name), before)

    def test_names_that_nothing_has(self):
        name = unique()
        definition = {"Name": name, **jdbc()}
        self.assert_fails("EntityNotFoundException", self.glue.get_connection, Name=name)
        self.assert_fails("EntityNotFoundException", self.glue.delete_connection, ConnectionName=name)
        self.assert_fails("EntityNotFoundException", self.glue.update_connection, Name=name, ConnectionInput=definition)

    def test_what_the_model_forbids(self):
        # As a client would send it that checks nothing.
        glue = client(config=Config(parameter_validation=False))
        long = "n" * 256
        for call, request in (
            (glue.get_connection, {"Name": long}),
            (glue.test_connection, {"ConnectionName": long}),
            (glue.delete_connection, {"ConnectionName": ""}),
            (glue.create_connection, {"ConnectionInput": {"Name": long, **jdbc()}}),
            (glue.create_connection, {"ConnectionInput": {"Name": unique(), "ConnectionType": "JDBC"}}),
            (glue.create_connection, {}),
            (glue.get_connections, {"MaxResults": 0}),
            (glue.get_connections, {"MaxResults": 1001}),
        ):
            with self.subTest(call.__name__, members=list(request)):
                self.assert_invalid(call, **request)


if __name__ == "__main__":
    unittest.main()
