//! The one connection, from the first byte to the goodbye.

use probe_contract::{Failed, ResolvedSecrets, Run};

use crate::settings::Settings;

pub(crate) async fn probe(_settings: Settings, _run: Run, _secrets: ResolvedSecrets) -> Result<(), Failed> {
    Ok(())
}
