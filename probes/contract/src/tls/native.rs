//! What goes wrong in a handshake, as others call it: alerts as TLS does, certificates as OpenSSL does. No report holds a name of rustls.

use std::borrow::Cow;

use rustls::AlertDescription;

/// The registry "TLS Alerts" (RFC 8446, section 11, and the RFCs that it goes back to).
const ALERTS: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];

/// `unknown_ca`; by its number where the registry has no name for it.
pub(super) fn alert_name(alert: AlertDescription) -> Cow<'static, str> {
    let number = u8::from(alert);
    let found = ALERTS.iter().find(|(known, _)| *known == number);
    found.map_or_else(|| format!("alert {number}").into(), |(_, name)| Cow::Borrowed(*name))
}

// Of OpenSSL's x509_vfy.h.
pub(super) const UNKNOWN_ISSUER: &str = "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
pub(super) const SELF_SIGNED: &str = "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT";
pub(super) const EXPIRED: &str = "X509_V_ERR_CERT_HAS_EXPIRED";
pub(super) const NOT_YET_VALID: &str = "X509_V_ERR_CERT_NOT_YET_VALID";
pub(super) const WRONG_NAME: &str = "X509_V_ERR_HOSTNAME_MISMATCH";
pub(super) const WRONG_ADDRESS: &str = "X509_V_ERR_IP_ADDRESS_MISMATCH";
pub(super) const REVOKED: &str = "X509_V_ERR_CERT_REVOKED";
pub(super) const WRONG_SIGNATURE: &str = "X509_V_ERR_CERT_SIGNATURE_FAILURE";
pub(super) const SMALL_KEY: &str = "X509_V_ERR_EE_KEY_TOO_SMALL";
pub(super) const WEAK_SIGNATURE: &str = "X509_V_ERR_CA_MD_TOO_WEAK";
pub(super) const WRONG_PURPOSE: &str = "X509_V_ERR_INVALID_PURPOSE";
pub(super) const CRITICAL_EXTENSION: &str = "X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_has_the_name_of_the_registry_and_an_unknown_one_its_number() {
        for (number, expected) in
            [(48, "unknown_ca"), (40, "handshake_failure"), (112, "unrecognized_name"), (200, "alert 200")]
        {
            assert_eq!(alert_name(AlertDescription::from(number)), expected);
        }
        // Each that rustls knows has one.
        for number in 0..=u8::MAX {
            let alert = AlertDescription::from(number);
            let is_named = !alert_name(alert).starts_with("alert ");
            assert_eq!(is_named, alert.as_str().is_some(), "{number}");
        }
    }
}
