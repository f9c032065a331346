//! The operations as commands, as `aws glue` spells them.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::harness::{Connection, PASSWORD, Ran, WRONG_PASSWORD, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::postgres::SERVER as POSTGRES;

/// A catalog of its own for one test.
struct Embedded {
    folder: tempfile::TempDir,
}

impl Embedded {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With the catalog in the user's folder for data, which is this test's alone.
    fn run(&self, arguments: &[&str]) -> Ran {
        let data = self.folder.path().display().to_string();
        dialcheck_with(&[("XDG_DATA_HOME", &data)], arguments, b"")
    }

    /// Runs what must succeed, and gives back its answer.
    #[track_caller]
    fn answer(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        if ran.stdout.is_empty() { json!({}) } else { serde_json::from_str(&ran.stdout).unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    fn create(&self, name: &str) {
        let mut input = Connection::postgres(POSTGRES.port(), "app").input();
        input["Name"] = name.into();
        self.answer(&["create-connection", "--connection-input", &input.to_string()]);
    }
}

#[test]
fn a_connection_lives_from_create_to_delete_in_the_embedded_catalog() {
    let embedded = Embedded::new();
    let url = format!("jdbc:postgresql://localhost:{}/app", POSTGRES.port());
    // Shorthand, with a list, a map and a quoted comma.
    let shorthand = format!(
        "Name=orders,Description='by day, in euros',ConnectionType=JDBC,MatchCriteria=[orders,daily],\
         ConnectionProperties={{JDBC_CONNECTION_URL={url},USERNAME=alice,PASSWORD={PASSWORD}}}"
    );
    let created = embedded.answer(&["create-connection", "--connection-input", &shorthand]);
    assert_eq!(created, json!({ "CreateConnectionStatus": "READY" }));
    let got =
        embedded.answer(&["get-connection", "--name", "orders", "--hide-password"])["Connection"].clone();
    assert_eq!(got["MatchCriteria"], json!(["orders", "daily"]));
    assert_eq!(got["Description"], "by day, in euros");
    assert_eq!(got["ConnectionProperties"], json!({ "JDBC_CONNECTION_URL": url, "USERNAME": "alice" }));
    assert!(got["CreationTime"].as_str().unwrap().ends_with("+00:00"), "{got}");

    assert_eq!(embedded.run(&["test-connection", "--connection-name", "orders"]).stdout, "");
    // The same catalog under dialcheck's own command.
    assert_eq!(embedded.run(&["test", "orders"]).code, 0);
    assert_eq!(embedded.run(&["test", "--all"]).code, 0);

    let update = embedded.file(
        "update.yaml",
        &format!(
            "Name: orders\nConnectionInput:\n  Name: orders\n  ConnectionType: JDBC\n  ValidateCredentials: false\n  \
             ConnectionProperties:\n    JDBC_CONNECTION_URL: {url}\n    USERNAME: alice\n    PASSWORD: {WRONG_PASSWORD}-cli\n"
        ),
    );
    embedded.answer(&["update-connection", "--cli-input-yaml", &format!("file://{update}")]);
    let ran = embedded.run(&["test-connection", "--connection-name", "orders"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (254, ""));
    assert!(
        ran.stderr.starts_with("\nAn error occurred (FederationSourceException) when calling the TestConnection operation: auth: "),
        "{}",
        ran.stderr
    );
    let deleted = embedded.answer(&["batch-delete-connection", "--connection-name-list", "orders", "none"]);
    assert_eq!(deleted["Succeeded"], json!(["orders"]));
    assert_eq!(deleted["Errors"]["none"]["ErrorCode"], "EntityNotFoundException");
    let ran = embedded.run(&["get-connection", "--name", "orders"]);
    assert_eq!(ran.code, 254);
    assert_eq!(
        ran.stderr,
        "\nAn error occurred (EntityNotFoundException) when calling the GetConnection operation: Connection orders not found.\n"
    );
}

#[test]
fn pages_are_put_together_and_cut_as_the_aws_cli_does() {
    let embedded = Embedded::new();
    for name in ["a", "b", "c", "d", "e"] {
        embedded.create(name);
    }
    let names = |arguments: &[&str]| {
        let answer = embedded.answer(&[&["get-connections", "--hide-password"], arguments].concat());
        let names: Vec<_> =
            answer["ConnectionList"].as_array().unwrap().iter().map(|found| found["Name"].clone()).collect();
        (json!(names), answer["NextToken"].as_str().map(str::to_owned))
    };
    assert_eq!(names(&[]), (json!(["a", "b", "c", "d", "e"]), None));
    assert_eq!(names(&["--page-size", "2"]), (json!(["a", "b", "c", "d", "e"]), None));
    let (first, token) = names(&["--max-items", "3", "--page-size", "2"]);
    assert_eq!(first, json!(["a", "b", "c"]));
    assert_eq!(names(&["--starting-token", &token.unwrap()]), (json!(["d", "e"]), None));
    let (first, token) = names(&["--no-paginate", "--max-results", "4"]);
    assert_eq!(first, json!(["a", "b", "c", "d"]));
    assert_eq!(names(&["--next-token", &token.unwrap()]), (json!(["e"]), None));
    assert_eq!(embedded.run(&["get-connections", "--no-paginate", "--max-items", "1"]).code, 252);
    let ran = embedded.run(&["get-connections", "--next-token", "!"]);
    assert_eq!(ran.code, 254, "{}", ran.stderr);

    let query = |arguments: &[&str]| embedded.run(&[&["get-connections"], arguments].concat()).stdout;
    assert_eq!(query(&["--query", "ConnectionList[].Name", "--output", "text"]), "a\tb\tc\td\te\n");
    assert_eq!(query(&["--query", "length(ConnectionList)"]), "5\n");
    assert_eq!(
        query(&["--query", "ConnectionList[0].[Name,ConnectionType]", "--output", "yaml"]),
        "- a\n- JDBC\n"
    );
    assert_eq!(query(&["--query", "None"]), "null\n");
    assert_eq!(embedded.run(&["get-connections", "--query", "["]).code, 252);
}

#[test]
fn mistakes_on_the_command_line_end_before_anything_is_done() {
    let embedded = Embedded::new();
    for (arguments, expected) in [
        (
            vec!["create-connection"],
            "Value null at 'connectionInput' failed to satisfy constraint: Member must not be null",
        ),
        (
            vec!["create-connection", "--connection-input", "Name=a,Name=b"],
            "Error parsing parameter '--connection-input': ",
        ),
        (
            vec!["create-connection", "--connection-input", "{\"Name\": }"],
            "Invalid JSON at line 1, column 10",
        ),
        (
            vec!["create-connection", "--connection-input", "file:///no/such/file"],
            "Unable to load paramfile /no/such/file",
        ),
        (vec!["get-connections", "--max-results", "many"], "maxResults: expected an integer"),
        (vec!["get-connection", "--name", "a", "--cli-auto-prompt"], "--cli-auto-prompt"),
        (vec!["get-connection", "--cli-input-json", "[]"], "expected a map"),
        (
            vec!["get-connections", "--endpoint-url", "ftp://x"],
            "--endpoint-url: expected http:// or https://",
        ),
    ] {
        let ran = embedded.run(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (252, ""), "{arguments:?} {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{arguments:?}: {}", ran.stderr);
    }
    // What clap itself refuses.
    assert_eq!(embedded.run(&["get-connection", "--nam", "a"]).code, 252);
    assert!(!embedded.folder.path().join("dialcheck").exists(), "nothing was made");
}

#[test]
fn with_an_endpoint_the_call_goes_there_signed() {
    let keys = tempfile::NamedTempFile::new().unwrap();
    let text = "[ann]\naws_access_key_id = AKIDMADEUPCLI\naws_secret_access_key = c4naRy-Pa55/secret+of+ann=\ndialcheck_operations = *\n";
    std::fs::write(keys.path(), text).unwrap();
    let file = keys.path().display().to_string();
    let server = Server::start(&["--auth", "sigv4", "--keys", &file]);
    let endpoint = server.endpoint();
    let embedded = Embedded::new();
    let data = embedded.folder.path().display().to_string();
    let call = |environment: &[(&str, &str)], arguments: &[&str]| {
        let environment = [
            &[
                ("XDG_DATA_HOME", data.as_str()),
                ("AWS_CONFIG_FILE", "/nonexistent"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ],
            environment,
        ];
        dialcheck_with(&environment.concat(), &[arguments, &["--endpoint-url", &endpoint]].concat(), b"")
    };
    let ann =
        [("AWS_ACCESS_KEY_ID", "AKIDMADEUPCLI"), ("AWS_SECRET_ACCESS_KEY", "c4naRy-Pa55/secret+of+ann=")];
    let input = "Name=remote,ConnectionType=JDBC,ConnectionProperties={HOST=h}";
    let ran = call(&ann, &["create-connection", "--connection-input", input, "--region", "eu-central-1"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let ran =
        call(&ann, &["get-connection", "--name", "remote", "--query", "Connection.LastUpdatedBy", "--debug"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "\"ann\"\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("debug: calling AWSGlue.GetConnection at 127.0.0.1:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("debug: 200 OK, request id "), "{}", ran.stderr);
    // From a profile of the credentials file.
    let profile = [("AWS_SHARED_CREDENTIALS_FILE", file.as_str())];
    let ran = call(&profile, &["delete-connection", "--connection-name", "remote", "--profile", "ann"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));

    let forged = [("AWS_ACCESS_KEY_ID", "AKIDMADEUPCLI"), ("AWS_SECRET_ACCESS_KEY", "c4naRy-Pa55/guessed")];
    let ran = call(&forged, &["get-connections"]);
    assert_eq!(ran.code, 254);
    assert!(
        ran.stderr.contains("(InvalidSignatureException) when calling the GetConnections operation"),
        "{}",
        ran.stderr
    );
    let ran = call(&ann, &["get-connections", "--no-sign-request"]);
    assert!(ran.stderr.contains("(MissingAuthenticationTokenException)"), "{}", ran.stderr);
    let ran = call(&[], &["get-connections"]);
    assert_eq!(
        (ran.code, ran.stderr.contains("Unable to locate credentials")),
        (253, true),
        "{}",
        ran.stderr
    );
    // Nothing was written here.
    assert!(!embedded.folder.path().join("dialcheck").exists());
}

#[test]
fn an_endpoint_that_is_none_is_reported_as_what_it_is() {
    let refused = fixtures::FaultProxy::start(None, fixtures::Fault::Refuse).unwrap();
    let foreign = fixtures::FaultProxy::start(None, fixtures::Fault::Speak(fixtures::Foreign::Http)).unwrap();
    let hole = fixtures::FaultProxy::start(None, fixtures::Fault::BlackHoleAfterAccept).unwrap();
    let call = |port: u16, arguments: &[&str]| {
        let endpoint = format!("http://127.0.0.1:{port}");
        let arguments =
            [&["get-connections", "--no-sign-request", "--endpoint-url", &endpoint], arguments].concat();
        let ran = dialcheck_with(&[], &arguments, b"");
        assert_eq!((ran.code, ran.stdout.as_str()), (255, ""), "{}", ran.stderr);
        ran.stderr
    };
    assert!(call(refused.port(), &[]).contains("can't be reached"));
    assert!(call(foreign.port(), &[]).contains("answers with something else than AWS JSON"));
    assert!(call(hole.port(), &["--cli-read-timeout", "1"]).contains("does not answer in time"));
}

#[test]
fn a_folder_of_documents_can_be_read_and_not_written() {
    let embedded = Embedded::new();
    let folder = embedded.folder.path().join("documents");
    std::fs::create_dir(&folder).unwrap();
    let mut input = Connection::postgres(POSTGRES.port(), "app").input();
    input["Description"] = "from a document".into();
    let request = json!({ "ConnectionInput": input, "Tags": { "team": "a", "empty": "" } });
    std::fs::write(folder.join("a.json"), request.to_string()).unwrap();
    let catalog = folder.display().to_string();
    let answer =
        embedded.answer(&["get-connection", "--name", "case", "--hide-password", "--catalog", &catalog]);
    assert_eq!(answer["Connection"]["Description"], "from a document");
    assert_eq!(
        embedded.run(&["test-connection", "--connection-name", "case", "--catalog", &catalog]).code,
        0
    );
    let arn = "arn:aws:glue:us-east-1:123456789012:connection/case";
    let tags = embedded.answer(&["get-tags", "--resource-arn", arn, "--catalog", &catalog]);
    assert_eq!(tags, json!({ "Tags": { "team": "a", "empty": "" } }));
    for arguments in [
        ["delete-connection", "--connection-name", "case"].as_slice(),
        &["tag-resource", "--resource-arn", arn, "--tags-to-add", "team=b"],
        &["untag-resource", "--resource-arn", arn, "--tags-to-remove", "team"],
    ] {
        let ran = embedded.run(&[arguments, &["--catalog", &catalog]].concat());
        assert_eq!(ran.code, 254, "{arguments:?}");
        assert!(ran.stderr.contains("(InvalidInputException)"), "{}", ran.stderr);
        assert!(ran.stderr.contains("a folder of documents, which dialcheck only reads"), "{}", ran.stderr);
    }
    let none = format!("{arn}-none");
    let ran = embedded.run(&["get-tags", "--resource-arn", &none, "--catalog", &catalog]);
    assert_eq!(ran.code, 254);
    assert!(ran.stderr.contains("(EntityNotFoundException)"), "{}", ran.stderr);
}

#[test]
fn many_processes_write_one_catalog() {
    let embedded = Embedded::new();
    let data = embedded.folder.path().display().to_string();
    let children: Vec<_> = (0..12)
        .map(|index| {
            let input = format!(
                "Name=c{index:02},ConnectionType=JDBC,ConnectionProperties={{PASSWORD={PASSWORD}-{index}}}"
            );
            Command::new(env!("CARGO_BIN_EXE_dialcheck"))
                .args(["create-connection", "--connection-input", &input])
                .env("XDG_DATA_HOME", &data)
                .env_remove("DIALCHECK_CATALOG")
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let passwords = embedded.run(&[
        "get-connections",
        "--query",
        "length(ConnectionList[?ConnectionProperties.PASSWORD])",
    ]);
    assert_eq!(passwords.stdout, "12\n");
}
