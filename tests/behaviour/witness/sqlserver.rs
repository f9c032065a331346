//! Microsoft's JDBC driver, in the version that Glue 5 loads.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use fixtures::{GlueVersion, JdbcDrivers, JdbcLogin, JdbcVerdict};

use super::Verdict;
use crate::behaviour::sqlserver::url;
use crate::behaviour::{Login, Tls};
use crate::support::harness::PASSWORD;

/// Logs in, and asks for `SELECT 1`.
pub(crate) fn log_in(login: &Login) -> Verdict {
    let properties = match &login.tls {
        Tls::Off | Tls::Preferred => Vec::new(),
        Tls::Verified(authorities) => vec![
            ("trustStore", trust_store(authorities).display().to_string()),
            ("trustStorePassword", PASSWORD.to_owned()),
            ("trustStoreType", "PKCS12".to_owned()),
        ],
    };
    let credentials = (login.user.clone(), login.password.clone());
    let login = JdbcLogin { url: url(login), credentials, properties };
    let drivers = JdbcDrivers::find().unwrap();
    match drivers.judge(GlueVersion::Five, &[login]).unwrap().remove(0) {
        JdbcVerdict::Passed => Verdict::Passed,
        // The driver's own failures have no number.
        JdbcVerdict::Refused { code: 0, message, .. } => Verdict::Failed(message),
        JdbcVerdict::Refused { code, .. } => Verdict::Refused(code.to_string()),
    }
}

/// The authorities of a file as a store of Java's, as Glue gives it to the driver.
pub(crate) fn trust_store(authorities: &Path) -> PathBuf {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let store = authorities.with_extension("sqlserver.p12");
    if !store.exists() {
        let mut keytool = Command::new("keytool");
        keytool.args(["-importcert", "-noprompt", "-alias", "ca", "-storetype", "PKCS12"]);
        keytool.args(["-storepass", PASSWORD, "-file"]).arg(authorities).arg("-keystore").arg(&store);
        assert!(keytool.output().unwrap().status.success(), "keytool makes the store");
    }
    store
}
