// @aws-sdk/client-glue against `dialcheck serve --auth sigv4`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

// `import` looks for packages beside this file only, `require` also where NODE_PATH says.
const {
  CreateConnectionCommand,
  DeleteConnectionCommand,
  EntityNotFoundException,
  FederationSourceException,
  GetConnectionCommand,
  GlueClient,
  TestConnectionCommand,
  paginateGetConnections,
} = createRequire(import.meta.url)("@aws-sdk/client-glue");

const { DIALCHECK_SIGNED_ENDPOINT, DIALCHECK_PASSWORD, DIALCHECK_WRONG_PASSWORD, POSTGRES_PORT } = process.env;
// Without it the client would call Glue itself.
assert.ok(DIALCHECK_SIGNED_ENDPOINT && DIALCHECK_PASSWORD && DIALCHECK_WRONG_PASSWORD && POSTGRES_PORT);

const glue = new GlueClient({
  endpoint: DIALCHECK_SIGNED_ENDPOINT,
  region: "us-east-1",
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  },
});

const unique = () => `sdk-${randomUUID()}`;

const criterion = unique();
const names = [unique(), unique(), unique()];
const url = `jdbc:postgresql://localhost:${POSTGRES_PORT}/app`;

const jdbc = (password) => ({
  ConnectionType: "JDBC",
  ConnectionProperties: { JDBC_CONNECTION_URL: url, USERNAME: "alice", PASSWORD: password },
});

before(async () => {
  for (const Name of names) {
    const ConnectionInput = { Name, MatchCriteria: [criterion], ...jdbc(DIALCHECK_PASSWORD) };
    const answer = await glue.send(new CreateConnectionCommand({ ConnectionInput }));
    assert.equal(answer.CreateConnectionStatus, "READY");
  }
});

after(async () => {
  for (const ConnectionName of names) {
    await glue.send(new DeleteConnectionCommand({ ConnectionName }));
  }
});

/** Asserts that `command` is answered by `Exception`, at the first call and without a password; gives the exception. */
async function fails(command, Exception) {
  let caught;
  await assert.rejects(glue.send(command), (error) => {
    assert.ok(error instanceof Exception, String(error));
    assert.equal(error.name, Exception.name);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.equal(error.$metadata.attempts, 1);
    const told = `${error} ${JSON.stringify(error)}`;
    assert.ok(!told.includes(DIALCHECK_PASSWORD) && !told.includes(DIALCHECK_WRONG_PASSWORD));
    caught = error;
    return true;
  });
  return caught;
}

test("a connection comes back as it was created", async () => {
  const [Name] = names;
  const { Connection } = await glue.send(new GetConnectionCommand({ Name, HidePassword: true }));
  const { CreationTime, LastUpdatedTime } = Connection;
  assert.ok(CreationTime instanceof Date && LastUpdatedTime instanceof Date);
  assert.ok(Math.abs(Date.now() - CreationTime) < 600_000);
  assert.equal(Connection.Name, Name);
  assert.equal(Connection.ConnectionType, "JDBC");
  assert.equal(Connection.Status, "READY");
  assert.equal(Connection.ConnectionSchemaVersion, 1);
  assert.deepEqual(Connection.MatchCriteria, [criterion]);
  assert.deepEqual(Connection.ConnectionProperties, { JDBC_CONNECTION_URL: url, USERNAME: "alice" });
});

test("a right password passes, by name and inline", async () => {
  for (const request of [{ ConnectionName: names[0] }, { TestConnectionInput: jdbc(DIALCHECK_PASSWORD) }]) {
    const { $metadata, ...answer } = await glue.send(new TestConnectionCommand(request));
    assert.deepEqual(answer, {});
    assert.equal($metadata.httpStatusCode, 200);
    assert.match($metadata.requestId, /^[0-9a-f-]{36}$/);
  }
});

test("a wrong password is an exception of the source, and costs one call", async () => {
  const wrong = jdbc(`${DIALCHECK_WRONG_PASSWORD}-${randomUUID()}`);
  const error = await fails(new TestConnectionCommand({ TestConnectionInput: wrong }), FederationSourceException);
  assert.equal(error.FederationSourceErrorCode, "InvalidCredentialsException");
  assert.ok(error.message.startsWith("auth: "), error.message);
  assert.ok(error.message.endsWith(`(report ${error.$metadata.requestId})`), error.message);
});

test("pages hold every connection once", async () => {
  const found = [];
  const filter = { Filter: { MatchCriteria: [criterion] } };
  for await (const page of paginateGetConnections({ client: glue, pageSize: 1 }, filter)) {
    assert.equal(page.ConnectionList.length, 1);
    found.push(page.ConnectionList[0].Name);
  }
  assert.deepEqual(found.sort(), [...names].sort());
});

test("a deleted connection is not found", async () => {
  const Name = unique();
  const ConnectionInput = { Name, ...jdbc(DIALCHECK_PASSWORD) };
  await glue.send(new CreateConnectionCommand({ ConnectionInput }));
  await glue.send(new DeleteConnectionCommand({ ConnectionName: Name }));
  await fails(new GetConnectionCommand({ Name }), EntityNotFoundException);
  await fails(new DeleteConnectionCommand({ ConnectionName: Name }), EntityNotFoundException);
  await fails(new TestConnectionCommand({ ConnectionName: Name }), EntityNotFoundException);
});
