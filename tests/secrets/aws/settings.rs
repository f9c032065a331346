//! Whose keys and which region a secret is fetched with, and what is missing for that: as the AWS CLI means it.

use super::*;

#[test]
fn without_credentials_region_or_a_way_to_aws() {
    let environment = environment(ACCOUNT.moto.front());
    let without = |left_out: &[&str]| {
        let mut kept = borrowed(&environment);
        kept.retain(|(name, _)| !left_out.contains(name));
        with_secret("lower").test_in(&kept)
    };
    // As the AWS CLI means them: mistakes in the settings.
    let usage = Failed { exit: 2, ..secrets("invalid_settings", None, INVALID_INPUT) };
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    without(&keys).failed(&usage).says("there are no AWS credentials");
    without(&["AWS_REGION", "AWS_DEFAULT_REGION"]).failed(&usage).says("no AWS region is configured");
    let of_profile = |name: &str, config: &str, left_out: &[&str]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, config).unwrap();
        let file = file.path().display().to_string();
        let mut kept = borrowed(&environment);
        kept.retain(|(name, _)| !left_out.contains(name));
        kept.extend([("AWS_PROFILE", name), ("AWS_CONFIG_FILE", file.as_str())]);
        with_secret("lower").test_in(&kept)
    };
    of_profile("nope", "[default]\n", &[])
        .failed(&usage)
        .says("the config profile (nope) could not be found");
    let elsewhere = "[profile ann]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = ann-too\n";
    of_profile("ann", elsewhere, &keys).failed(&usage).says("there are no AWS credentials");
    of_profile("ann", "[profile ann]\ncredential_process = false\n", &keys)
        .failed(&secrets("aws_access_denied", None, ACCESS_DENIED))
        .says("the AWS credentials to fetch it with can't be loaded: ");

    let refused = fixtures::FaultProxy::start(None, fixtures::Fault::Refuse).unwrap();
    let hole = fixtures::FaultProxy::start(None, fixtures::Fault::BlackHoleAfterAccept).unwrap();
    let at = |port: u16| {
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut elsewhere = borrowed(&environment);
        elsewhere.push(("AWS_ENDPOINT_URL", &endpoint));
        with_secret("lower").test_in(&elsewhere)
    };
    at(refused.port())
        .failed(&Failed { exit: 4, ..secrets("unreachable", None, FS_INTERNAL) })
        .says("Secrets Manager can't be reached; no connection was tested. Check that Secrets Manager can be reached")
        .says("VPC endpoint com.amazonaws.REGION.secretsmanager");
    at(hole.port()).failed(&Failed { exit: 4, ..secrets("timed_out", None, TIMEOUT) });
}

/// A profile that is named in words wins over keys in the environment, one of the environment does not.
#[test]
fn the_keys_that_arrive_are_those_that_the_aws_cli_would_take() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let config = file("config", "[profile ann]\nregion = eu-north-1\n");
    let keys =
        file("credentials", "[ann]\naws_access_key_id = AKIDANN\naws_secret_access_key = c4naRy-Pa55/ann\n");
    let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let own = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    for (left_out, profile, arguments, signed) in [
        ([].as_slice(), "", [].as_slice(), "AKIAMADEUP/"),
        (&[], "ann", &[], "AKIAMADEUP/"),
        (&own, "ann", &[], "AKIDANN/"),
        (&[], "", &["--profile", "ann"], "AKIDANN/"),
        (&[], "", &["--profile", "ann"], "/eu-west-1/secretsmanager/"),
        (&regions, "", &["--profile", "ann"], "/eu-north-1/secretsmanager/"),
        (&regions, "ann", &[], "/eu-north-1/secretsmanager/"),
        (&[], "", &["--region", "us-east-2"], "/us-east-2/secretsmanager/"),
    ] {
        let front = front();
        let environment = environment(&front);
        let mut kept = borrowed(&environment);
        kept.retain(|(name, _)| !left_out.contains(name));
        kept.extend([("AWS_CONFIG_FILE", config.as_str()), ("AWS_SHARED_CREDENTIALS_FILE", keys.as_str())]);
        kept.extend((!profile.is_empty()).then_some(("AWS_PROFILE", profile)));
        let arguments = [&["--timeout", "10s"], arguments].concat();
        with_secret("lower").test_in_with(&kept, &arguments);
        let [request] = &front.requests()[..] else { panic!("{:?}", front.calls()) };
        assert!(asked_for_a_secret(request, signed), "{profile} {arguments:?}: {request:?}");
    }
}
