//! Whose keys and which region: as the AWS CLI has them, which is asked the same beside dialcheck. What arrives decides.

use std::process::Command;

use fixtures::Sdk;
use serde_json::json;

use super::{Environment, settings};
use crate::support::aws_service::{Answer, AwsService};
use crate::support::harness::exception::*;

const CONFIG: &str =
    "[default]\nregion = eu-north-1\n[profile ann]\nregion = eu-west-1\n[profile bare]\nregion = eu-west-2\n";
const KEYS: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = c4naRy-Pa55/default\n\
                    [ann]\naws_access_key_id = AKIDANN\naws_secret_access_key = c4naRy-Pa55/ann\n";

/// What becomes of a call.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// It arrives, signed with this access key id for this region.
    Arrives(String, String),
    /// It is not made.
    NotMade,
}

fn arrives(key: &str, region: &str) -> Call {
    Call::Arrives(key.to_owned(), region.to_owned())
}

/// What is configured, beside the files.
struct Case {
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    call: Call,
    /// What is said where none is made.
    says: &'static str,
}

const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT");
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "c4naRy-Pa55/environment");
const REGION: (&str, &str) = ("AWS_DEFAULT_REGION", "ap-south-1");
const NOPE: &str = "the config profile (nope) could not be found";

fn cases() -> Vec<Case> {
    let made = |arguments, environment, key, region| Case {
        arguments,
        environment,
        call: arrives(key, region),
        says: "",
    };
    let not_made = |arguments, environment, says| Case { arguments, environment, call: Call::NotMade, says };
    vec![
        made(&[], &[], "AKIDDEFAULT", "eu-north-1"),
        made(&[], &[KEY, SECRET], "AKIDENVIRONMENT", "eu-north-1"),
        made(&[], &[KEY, SECRET, REGION], "AKIDENVIRONMENT", "ap-south-1"),
        // A profile of the environment says where keys are looked for after the environment itself.
        made(&[], &[("AWS_PROFILE", "ann")], "AKIDANN", "eu-west-1"),
        made(&[], &[("AWS_PROFILE", "ann"), KEY, SECRET], "AKIDENVIRONMENT", "eu-west-1"),
        // One that is named in words wins over keys in the environment, and not over its region.
        made(&["--profile", "ann"], &[], "AKIDANN", "eu-west-1"),
        made(&["--profile", "ann"], &[KEY, SECRET], "AKIDANN", "eu-west-1"),
        made(&["--profile", "ann"], &[KEY, SECRET, REGION], "AKIDANN", "ap-south-1"),
        made(&["--profile", "ann"], &[("AWS_PROFILE", "nope"), KEY, SECRET], "AKIDANN", "eu-west-1"),
        made(&["--region", "us-west-2"], &[REGION], "AKIDDEFAULT", "us-west-2"),
        made(&["--profile", "ann", "--region", "us-west-2"], &[KEY, SECRET, REGION], "AKIDANN", "us-west-2"),
        not_made(&["--profile", "nope"], &[KEY, SECRET, REGION], NOPE),
        not_made(&[], &[("AWS_PROFILE", "nope"), KEY, SECRET, REGION], NOPE),
        not_made(&["--profile", "bare"], &[KEY, SECRET], "there are no AWS credentials"),
        not_made(&[], &[("AWS_PROFILE", "bare")], "there are no AWS credentials"),
    ]
}

/// The calls that have arrived.
fn arrived(service: &AwsService) -> Vec<Call> {
    let of = |authorization: &str| {
        let (_, credential) = authorization.split_once("Credential=").unwrap();
        let parts: Vec<&str> = credential.split('/').collect();
        arrives(parts[0], parts[2])
    };
    service.requests().iter().map(|request| of(&request.authorization)).collect()
}

#[test]
fn keys_and_region_are_found_where_the_aws_cli_finds_them() {
    let folder = tempfile::tempdir().unwrap();
    let (config, keys) = (folder.path().join("config"), folder.path().join("credentials"));
    std::fs::write(&config, CONFIG).unwrap();
    std::fs::write(&keys, KEYS).unwrap();
    for Case { arguments, environment, call, says } in cases() {
        let service = || AwsService::start(|_| Answer::json(200, &json!({ "ConnectionList": [] })));
        let (ours, theirs) = (service(), service());
        let at = |service: &AwsService| {
            let files = Environment::nothing()
                .with("AWS_CONFIG_FILE", &config.display().to_string())
                .with("AWS_SHARED_CREDENTIALS_FILE", &keys.display().to_string())
                .with("AWS_ENDPOINT_URL_GLUE", &service.endpoint());
            environment.iter().fold(files, |files, (name, value)| files.with(name, value))
        };
        let case = format!("{arguments:?} {environment:?}");

        let ran = Command::new(Sdk::find().unwrap().aws())
            .args([&["glue", "get-connections"], arguments].concat())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(at(&theirs).borrowed())
            .output()
            .unwrap();
        let their_call = arrived(&theirs).pop().unwrap_or(Call::NotMade);
        assert_eq!(their_call, call, "the AWS CLI, {case}: {}", String::from_utf8_lossy(&ran.stderr));

        let ran = at(&ours).run(&[&["get-connections"], arguments].concat());
        assert_eq!(arrived(&ours).pop().unwrap_or(Call::NotMade), call, "{case}: {}", ran.stderr);
        if call != Call::NotMade {
            assert_eq!((ran.code, arrived(&ours).len()), (0, 1), "{case}: {}", ran.stderr);
            continue;
        }
        assert_eq!(ran.code, 254, "{case}");
        assert!(ran.stderr.contains(says), "{case}: {}", ran.stderr);
        let ran = at(&ours).run(&[&["test", "--all"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{case}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{case}: {}", ran.stderr);
        assert!(arrived(&ours).is_empty(), "{case}");
    }
}

#[test]
fn what_lacks_is_a_mistake_of_the_settings() {
    let nothing = Environment::nothing();
    let usage = settings("invalid_settings", None, INVALID_INPUT, 2);
    nothing
        .clone()
        .with("AWS_REGION", "eu-west-1")
        .test("a")
        .failed(&usage)
        .says("there are no AWS credentials");
    let keys = nothing.clone().with(KEY.0, KEY.1).with(SECRET.0, SECRET.1);
    keys.test("a").failed(&usage).says("no AWS region is configured");
    // The same of a server that is named, in the AWS CLI's words and with its exit code for a configuration.
    let at = ["get-connections", "--endpoint-url", "http://127.0.0.1:1"];
    for (environment, says) in [
        (nothing.clone(), "Unable to locate credentials"),
        (keys.with("AWS_PROFILE", "nope"), "The config profile (nope) could not be found"),
    ] {
        let ran = crate::support::harness::dialcheck_with(&environment.borrowed(), &at, b"");
        assert_eq!((ran.code, ran.stdout.as_str()), (253, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}
