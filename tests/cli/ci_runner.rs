//! What a CI runner makes of the output: it obeys no name, no host, no key and no server, in any form and on either stream.

use fixtures::{Fault, FaultProxy, Provider, ProviderAnswer};
use serde_json::{Value, json};

use crate::support::harness::{Connection, PASSWORD, Ran, dialcheck, dialcheck_with};

/// What other people may call something. Each is a command to some runner.
const COMMANDS: [&str; 7] = [
    "::stop-commands::made-up",
    "::error file=a.rs,line=1::made-up",
    "##[add-mask]made-up",
    "a ##[set-env name=PATH]made-up",
    "a ##vso[task.setvariable variable=PATH]made-up",
    "a ##teamcity[buildStatus text='made-up']",
    "a\r\n::set-output name=a::made-up\u{1b}[0Ksection_start:1:a\r\u{1b}[0K",
];

const FORMS: [&str; 5] = ["human", "json", "yaml", "junit", "github"];

/// The commands in `output`, as the runners find them.
///
/// Sources: `ActionCommand.TryParseV2` and `TryParse` of GitHub's runner, `Command.TryParse` of the agent of Azure Pipelines,
/// TeamCity's documentation of service messages, GitLab's of collapsible sections.
fn commands(output: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in output.split(['\n', '\r']) {
        let text = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let is_command = text.strip_prefix("::").is_some_and(|rest| rest.contains("::"));
        let opens = |prefix: &str| line.find(prefix).is_some_and(|at| line[at..].contains(']'));
        if is_command || ["##[", "##vso[", "##teamcity["].into_iter().any(opens) || line.contains('\u{1b}') {
            found.push(line.to_owned());
        }
    }
    found
}

/// Asserts that a runner obeys nothing in `ran` but what the form `github` means.
#[track_caller]
fn obeys_nothing(ran: &Ran, form: &str) {
    assert_eq!(commands(&ran.stderr), Vec::<String>::new(), "{form}");
    let meant = |command: &String| {
        let annotation =
            ["::error title=", "::warning title="].iter().find_map(|begin| command.strip_prefix(begin));
        // Its title ends at the first colon that is none of the text's, and nothing of it is a property of another name.
        let parts = annotation.and_then(|rest| rest.split_once("::"));
        let is_whole = parts.is_some_and(|(title, _)| !title.contains([',', ':', '\n']));
        form == "github" && is_whole && !command.contains("##[") && !command.contains("##vso[")
    };
    let not_meant: Vec<_> = commands(&ran.stdout).into_iter().filter(|command| !meant(command)).collect();
    assert_eq!(not_meant, Vec::<String>::new(), "{form}:\n{}", ran.stdout);
}

#[test]
fn the_runner_here_obeys_what_runners_obey() {
    for command in COMMANDS {
        assert_ne!(commands(command), Vec::<String>::new(), "{command}");
    }
    for harmless in ["a::b::c", "::", "## [a]", "std::io::Error ##", "# #[x]"] {
        assert_eq!(commands(harmless), Vec::<String>::new(), "{harmless}");
    }
}

/// A server of MySQL's that refuses with these words instead of greeting.
fn refusing(words: &str) -> FaultProxy {
    let error = [b"\xff\x88\x13".as_slice(), words.as_bytes()].concat();
    let length = u8::try_from(error.len()).unwrap();
    FaultProxy::start(None, Fault::Greet(vec![[&[length, 0, 0, 0], &error[..]].concat()])).unwrap()
}

/// A connection with `text` in each place that somebody else writes, and who must be there for its test.
fn connections(text: &str) -> (Vec<Value>, (FaultProxy, Provider)) {
    let server = refusing(text);
    let said = json!({ "error": text, "error_description": format!("{text} {text}") });
    let provider = Provider::answering(move |request| {
        let path = request.path.split('?').next().unwrap_or_default();
        ProviderAnswer::json(&request.method, path, 400, &said)
    });
    let provider = provider.unwrap();
    let url = provider.url();
    let mut refused = Connection::to(format!("jdbc:mysql://127.0.0.1:{}/{text}", server.port())).input();
    // A definition's own texts have no control characters.
    let name = text.replace(char::is_control, " ");
    refused["Name"] = name.as_str().into();
    let mut of_no_type = Connection::to("jdbc:mysql://127.0.0.1:1/x").input();
    of_no_type["ConnectionType"] = name.as_str().into();
    let mistaken = Connection::to("jdbc:mysql://127.0.0.1:99999/x").with("JDBC_ENFORCE_SSL", text).input();
    let by_rest = json!({
        "Name": format!("{name} again"),
        "ConnectionType": "SERVICENOW",
        "ConnectionProperties": { "INSTANCE_URL": url, text: "an unknown property" },
        "AuthenticationConfiguration": {
            "AuthenticationType": "BASIC",
            "BasicAuthenticationCredentials": { "Username": text.split_whitespace().collect::<String>(), "Password": PASSWORD },
        },
    });
    (vec![refused, of_no_type, mistaken, by_rest], (server, provider))
}

#[test]
fn no_text_of_others_is_obeyed_in_any_form() {
    for command in COMMANDS {
        let (inputs, _peers) = connections(command);
        for form in FORMS {
            let arguments = ["test", "--input", "-", "--output", form, "--timeout", "10s"];
            let ran = dialcheck(&arguments, Value::from(inputs.clone()).to_string().as_bytes());
            assert!(ran.stdout.contains("made-up"), "{form}: {}{}", ran.stdout, ran.stderr);
            obeys_nothing(&ran, form);
        }
    }
}

#[test]
fn data_is_broken_without_being_changed() {
    let command = "a ##[set-env name=PATH]made-up";
    let (inputs, _peers) = connections(command);
    let test = |form| {
        dialcheck(
            &["test", "--input", "-", "--output", form],
            Value::from(inputs.clone()).to_string().as_bytes(),
        )
    };
    let json: Value = serde_json::from_str(&test("json").stdout).unwrap();
    let yaml: Value = serde_norway::from_str(&test("yaml").stdout).unwrap();
    for report in [&json, &yaml] {
        crate::support::schema::check(report);
        assert_eq!(report["results"][0]["connection"], command);
        assert_eq!(report["results"][0]["failure"]["message"], command);
        assert_eq!(report["results"][1]["type"], command);
    }
    let junit = test("junit").stdout;
    assert!(junit.contains("name=\"a #&#35;[set-env name=PATH]made-up\""), "{junit}");
}

#[test]
fn waiting_is_reported_without_commands() {
    for command in COMMANDS {
        let (inputs, _peers) = connections(command);
        for input in inputs {
            let ran =
                dialcheck(&["wait", "--input", "-", "--timeout", "300ms"], input.to_string().as_bytes());
            assert_ne!(ran.stderr, "");
            obeys_nothing(&ran, "wait");
        }
    }
}

#[test]
fn what_is_wrong_with_an_input_is_reported_without_commands() {
    let folder = tempfile::tempdir().unwrap();
    for command in COMMANDS {
        let file = folder.path().join(format!("{}.json", command.replace(['/', '\r', '\n'], " ")));
        std::fs::write(&file, json!({ command: [1], "ConnectionType": { command: 1 } }).to_string()).unwrap();
        let file = file.display().to_string();
        for arguments in [
            vec!["test", "--input", &file],
            vec!["test", "--input", command],
            vec!["test", command],
            vec!["test", "--all", "--catalog", command],
            vec!["test", "--output", command],
            vec![command],
            vec!["get-connection", "--name", command, "--endpoint-url", command],
            vec!["create-connection", "--connection-input", command],
            vec!["create-connection", "--cli-input-json", command],
            vec!["get-connections", "--query", command],
        ] {
            let ran = dialcheck(&arguments, b"");
            assert_ne!(ran.code, 0, "{arguments:?}");
            obeys_nothing(&ran, "usage");
        }
    }
}

#[test]
fn answers_of_a_catalog_are_data_that_a_runner_does_not_obey() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = format!("sqlite:{}", folder.path().join("catalog.sqlite").display());
    let run = |arguments: &[&str]| {
        let ran = dialcheck_with(&[("DIALCHECK_CATALOG", &catalog)], arguments, b"");
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran
    };
    for (number, command) in COMMANDS[..6].iter().enumerate() {
        let mut input = Connection::to("jdbc:mysql://127.0.0.1:1/x").with(command, *command).input();
        input["Name"] = format!("orders-{number}").into();
        input["Description"] = (*command).into();
        run(&["create-connection", "--connection-input", &input.to_string()]);
    }
    for form in ["json", "yaml", "yaml-stream", "table"] {
        let ran = run(&["get-connections", "--hide-password", "--output", form]);
        assert!(ran.stdout.contains("made-up"), "{form}: {}", ran.stdout);
        obeys_nothing(&ran, form);
    }
    let query = "ConnectionList[].[Description, ConnectionProperties]";
    let json: Value =
        serde_json::from_str(&run(&["get-connections", "--hide-password", "--query", query]).stdout).unwrap();
    let yaml = run(&["get-connections", "--hide-password", "--query", query, "--output", "yaml"]).stdout;
    assert_eq!(json, serde_norway::from_str::<Value>(&yaml).unwrap());
    for (reported, command) in json.as_array().unwrap().iter().zip(COMMANDS) {
        assert_eq!((reported[0].as_str(), reported[1][command].as_str()), (Some(command), Some(command)));
    }
    // A script takes this one apart; the AWS CLI escapes nothing in it either.
    let text =
        run(&["get-connections", "--query", "ConnectionList[].[Description]", "--output", "text"]).stdout;
    assert_eq!(text.lines().collect::<Vec<_>>(), COMMANDS[..6]);
}

#[test]
fn a_server_of_the_api_commands_nothing() {
    for command in COMMANDS {
        let error = json!({ "__type": command, "Message": command });
        let provider = Provider::start(vec![ProviderAnswer::json("POST", "/", 400, &error)]).unwrap();
        let ran = dialcheck(
            &["get-connections", "--endpoint-url", &provider.url(), "--no-sign-request", "--debug"],
            b"",
        );
        assert_eq!(ran.code, 254, "{}", ran.stderr);
        obeys_nothing(&ran, "json");
    }
}
