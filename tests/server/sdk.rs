//! Amazon's own clients against `dialcheck serve`, and Amazon's own model against ours.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use dialcheck::glue::{GlueException, Operation, Shape};
use fixtures::{Fault, FaultProxy, Sdk};
use probe_contract::{Partition, Region};
use regex_lite::Regex;
use serde_json::Value;

use crate::support::harness::{PASSWORD, WRONG_PASSWORD, no_canary};
use crate::support::running_server::Server;
use crate::support::servers::postgres::SERVER as POSTGRES;

const KEY_ID: &str = "AKIDMADEUPSDK";
const SECRET_KEY: &str = "c4naRy-Pa55/secret+of+an+sdk=";

static SDK: LazyLock<Sdk> = LazyLock::new(|| Sdk::find().unwrap());

/// What the suites are run against.
struct Stage {
    open: Server,
    signed: Server,
    black_hole: FaultProxy,
    refused: FaultProxy,
}

/// One for all: the Python suites put the same encryption settings back, so they go one after the other.
static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| {
    let keys = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "[sdk]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET_KEY}\ndialcheck_operations = *\n"
    );
    std::fs::write(keys.path(), text).unwrap();
    let keys = keys.path().display().to_string();
    Mutex::new(Stage {
        open: Server::start(&["--timeout", "2s", "--reveal-passwords"]),
        signed: Server::start(&["--timeout", "2s", "--auth", "sigv4", "--keys", &keys]),
        black_hole: FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap(),
        refused: FaultProxy::start(None, Fault::Refuse).unwrap(),
    })
});

/// Runs a suite, and fails as it does.
pub(crate) fn run(mut suite: Command) {
    let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let suite = suite
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk"))
        .env("DIALCHECK_ENDPOINT", stage.open.endpoint())
        .env("DIALCHECK_SIGNED_ENDPOINT", stage.signed.endpoint())
        .env("POSTGRES_PORT", POSTGRES.port().to_string())
        .env("BLACK_HOLE_PORT", stage.black_hole.port().to_string())
        .env("REFUSED_PORT", stage.refused.port().to_string())
        .env("DIALCHECK_PASSWORD", PASSWORD)
        .env("DIALCHECK_WRONG_PASSWORD", WRONG_PASSWORD)
        .env("DIALCHECK_BIN", env!("CARGO_BIN_EXE_dialcheck"))
        .env("XDG_DATA_HOME", "/nonexistent")
        .env_remove("DIALCHECK_CATALOG")
        .env("AWS_ACCESS_KEY_ID", KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    let ran = suite.output().unwrap();
    let reported =
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{reported}");
    no_canary(&reported);
}

pub(crate) fn python(file: &str) -> Command {
    let mut command = Command::new(SDK.python());
    command.args(["-B", file]);
    command
}

#[test]
fn boto3() {
    run(python("test_glue.py"));
    run(python("test_service.py"));
}

#[test]
fn the_aws_cli() {
    run(python("test_cli.py"));
}

#[test]
fn the_sdk_for_javascript() {
    let mut node = Command::new(SDK.node());
    node.args(["--test", "glue.mjs"]).env("NODE_PATH", SDK.node_path());
    run(node);
}

#[test]
fn the_sdk_for_go() {
    let mut go = SDK.go();
    go.args(["test", "-count=1", "."]);
    run(go);
}

/// What botocore ships of what AWS is.
static DATA: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut python = Command::new(SDK.python());
    python.args(["-c", "import botocore; print(botocore.__path__[0])"]);
    let folder = String::from_utf8(python.output().unwrap().stdout).unwrap();
    Path::new(folder.trim()).join("data")
});

static MODEL: LazyLock<Value> = LazyLock::new(|| {
    let file = DATA.join("glue/2017-03-31/service-2.json.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
});

#[test]
fn every_shape_is_that_of_amazons_model() {
    let mut compared = BTreeSet::new();
    for operation in Operation::ALL {
        let model = operation.model();
        let theirs = &MODEL["operations"][model.name];
        for (ours, theirs) in [(model.input, &theirs["input"]), (model.output, &theirs["output"])] {
            compare(ours, theirs["shape"].as_str().unwrap(), &mut compared);
        }
        let declares_validation =
            theirs["errors"].as_array().unwrap().iter().any(|error| error["shape"] == "ValidationException");
        assert_eq!(model.invalid == GlueException::Validation, declares_validation, "{}", model.name);
    }
    assert!(compared.len() > 150, "{}", compared.len());
}

/// A region is in the partition that the SDKs have it in, and its endpoints end as theirs do.
#[test]
fn every_partition_is_that_of_amazons_sdks() {
    let text = std::fs::read_to_string(DATA.join("partitions.json")).unwrap();
    let theirs: Value = serde_json::from_str(&text).unwrap();
    let theirs = theirs["partitions"].as_array().unwrap();
    assert_eq!(theirs.len(), Partition::ALL.len());
    let mut patterns = Vec::new();
    for partition in theirs {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let ours = Partition::of_id(partition["id"].as_str().unwrap()).unwrap();
        let outputs = &partition["outputs"];
        assert_eq!(ours.dns_suffix(), text(&outputs["dnsSuffix"]));
        assert_eq!(ours.dual_stack_dns_suffix(), text(&outputs["dualStackDnsSuffix"]));
        patterns.push((ours, Regex::new(&text(&partition["regionRegex"])).unwrap()));
        // `aws-global` and its like are none that anything is in.
        let regions = partition["regions"].as_object().unwrap().keys();
        for region in regions.filter(|region| !region.ends_with("-global")) {
            assert_eq!(Region::parse(region).unwrap().partition(), ours, "{region}");
        }
    }
    // Regions that are not there yet.
    let firsts: Vec<&str> =
        "us eu ap sa ca me af il mx cn eusc xx us-gov eu-gov us-iso us-isob us-isof eu-isoe eu-iso eusc-de \
                             eusc-fr us-x-y"
            .split_ascii_whitespace()
            .collect();
    for first in firsts {
        for last in ["gov-1", "east-1", "north-99"] {
            let region = format!("{first}-{last}");
            let theirs = patterns.iter().find(|(_, pattern)| pattern.is_match(&region));
            let ours = Region::parse(&region).ok().map(|region| region.partition());
            assert_eq!(ours, theirs.map(|(partition, _)| *partition), "{region}");
        }
    }
}

/// Lists that Glue adds to faster than it documents.
const OPEN: [&str; 2] = ["ConnectionType", "ConnectionPropertyKey"];

fn compare(ours: &Shape, name: &str, compared: &mut BTreeSet<String>) {
    if !compared.insert(name.to_owned()) {
        return;
    }
    let theirs = &MODEL["shapes"][name];
    let number = |key: &str| theirs[key].as_u64().map(|number| usize::try_from(number).unwrap());
    let kind = theirs["type"].as_str().unwrap();
    match ours {
        Shape::Text(text) => {
            assert_eq!(kind, "string", "{name}");
            assert_eq!(
                (text.min, text.max),
                (number("min").unwrap_or(0), number("max").unwrap_or(usize::MAX)),
                "{name}"
            );
            assert_eq!(text.sensitive, theirs["sensitive"] == true, "{name}");
            // Their patterns are Java's, of UTF-16.
            let theirs = theirs["pattern"].as_str().filter(|pattern| *pattern != ".*").map(|pattern| {
                let mut pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\x{10000}-\x{10FFFF}");
                while let Some(at) = pattern.find(r"\u") {
                    let code = pattern[at + 2..at + 6].to_owned();
                    pattern.replace_range(at..at + 6, &format!(r"\x{{{code}}}"));
                }
                pattern
            });
            assert_eq!(text.pattern.map(str::to_owned), theirs, "{name}");
        }
        Shape::Choice(choices) => {
            let theirs: Vec<_> =
                theirs["enum"].as_array().unwrap().iter().map(|choice| choice.as_str().unwrap()).collect();
            assert_eq!(*choices, theirs, "{name}");
        }
        Shape::OpenChoice(example) => {
            assert!(OPEN.contains(&name) && theirs["enum"][0] == **example, "{name}");
        }
        Shape::Boolean => assert_eq!(kind, "boolean", "{name}"),
        Shape::Timestamp => assert_eq!(kind, "timestamp", "{name}"),
        Shape::Integer { min, max } => {
            assert_eq!((theirs["min"].as_i64(), theirs["max"].as_i64()), (Some(*min), Some(*max)), "{name}");
        }
        Shape::List { element, max } => {
            assert_eq!((kind, number("max").unwrap_or(usize::MAX)), ("list", *max), "{name}");
            compare(element, theirs["member"]["shape"].as_str().unwrap(), compared);
        }
        Shape::Map { key, value, max } => {
            assert_eq!((kind, number("max").unwrap_or(usize::MAX)), ("map", *max), "{name}");
            compare(key, theirs["key"]["shape"].as_str().unwrap(), compared);
            compare(value, theirs["value"]["shape"].as_str().unwrap(), compared);
        }
        Shape::Structure(members) => {
            assert_eq!(kind, "structure", "{name}");
            let required: Vec<_> = theirs["required"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|member| member.as_str().unwrap())
                .collect();
            let theirs = theirs["members"].as_object().unwrap();
            let names: Vec<_> = members.iter().map(|member| member.name).collect();
            assert_eq!(names, theirs.keys().collect::<Vec<_>>(), "{name}");
            for member in *members {
                assert_eq!(member.required, required.contains(&member.name), "{name}.{}", member.name);
                compare(member.shape, theirs[member.name]["shape"].as_str().unwrap(), compared);
            }
        }
    }
}
