//! How what a witness says compares with what must come of a case.

use serde_json::Value;

use super::case::{Case, Encrypt, Outcome};
use super::witness::{Said, Witness};

/// Whether `witness` says what the case has it say, and `result` what follows for a Glue that has it.
///
/// # Errors
/// What is wrong, as text.
pub(super) fn settle(case: &Case, witness: Witness, said: &Said, result: &Value) -> Result<(), String> {
    let agrees = agree(case.expected, witness, said);
    let Some(difference) = case.difference(witness) else {
        return if agrees { Ok(()) } else { Err(format!("expected {:?}, it says {said:?}", case.expected)) };
    };
    let is_as_declared = match said {
        Said::Passed => difference.says.is_none(),
        Said::Failed(message) => difference.says.is_some_and(|says| message.contains(says)),
        Said::Number(_) => false,
    };
    if agrees || !is_as_declared {
        return Err(format!("it is not as declared ({}): it says {said:?}", difference.why));
    }
    let hints = result["failure"]["hints"].to_string();
    if witness == Witness::Jdbc9 && case.encrypt == Encrypt::Unsaid && !hints.contains("Glue 4.0") {
        return Err(format!("no hint says that Glue 4.0 differs: {hints}"));
    }
    Ok(())
}

fn agree(expected: Outcome<'_>, witness: Witness, said: &Said) -> bool {
    match (expected, said) {
        (Outcome::Passes, Said::Passed) => true,
        (Outcome::Fails { native, .. }, Said::Number(number)) => native == Some(&*number.to_string()),
        (Outcome::Fails { code, .. }, Said::Failed(message)) => {
            reason(witness, code).is_some_and(|reason| message.contains(reason))
        }
        (Outcome::Passes, Said::Number(_) | Said::Failed(_)) | (Outcome::Fails { .. }, Said::Passed) => false,
    }
}

/// What a witness that fails by itself says where the test fails with `code`.
fn reason(witness: Witness, code: &str) -> Option<&'static str> {
    match witness {
        Witness::Jdbc10 | Witness::Jdbc9 | Witness::Jdbc13 => match code {
            "certificate_untrusted" => Some("PKIX path building failed"),
            "certificate_expired" | "certificate_not_yet_valid" => Some("validity check failed"),
            "certificate_wrong_name" => Some("Failed to validate the server name"),
            "tls_not_offered" => Some("not configured to support SSL"),
            "refused" => Some("Connection refused"),
            "connection_reset" => Some("Remote host terminated the handshake"),
            _ => None,
        },
        Witness::Go => match code {
            "certificate_untrusted" => Some("certificate signed by unknown authority"),
            "certificate_expired" | "certificate_not_yet_valid" => {
                Some("certificate has expired or is not yet valid")
            }
            "certificate_wrong_name" => Some("certificate is valid for"),
            "tls_not_offered" => Some("does not support encryption"),
            "refused" => Some("connection refused"),
            "connection_reset" => Some("TLS Handshake failed: EOF"),
            _ => None,
        },
        // It gives no reason, but whether it had a connection.
        Witness::FreeTds if code == "refused" => Some("Unable to connect"),
        Witness::FreeTds => Some("Adaptive Server connection failed"),
    }
}
