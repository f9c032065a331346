//! The driver for Rust, which dials, encrypts and logs in by itself, and monitors the server meanwhile.

use std::error::Error as _;
use std::time::Duration;

use fixtures::mongodb::User;
use mongodb::Client;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, Credential, TlsOptions};

use super::{Verdict, run};
use crate::behaviour::mongodb::{client_file, url};
use crate::behaviour::{Login, Tls};

/// How long a server is waited for, which the driver tries again and again until then.
const SELECTION: Duration = Duration::from_secs(2);

/// Logs in, and lists the collections.
pub(crate) fn log_in(login: &Login) -> Verdict {
    run(async {
        match session(login).await {
            Ok(()) => Verdict::Passed,
            Err(error) => match code(&error) {
                Some(code) => Verdict::Refused(code.to_string()),
                None => Verdict::Failed(error.kind.to_string()),
            },
        }
    })
}

async fn session(login: &Login) -> Result<(), Error> {
    let mut options = ClientOptions::parse(url(login)).await?;
    // As dialcheck, which tests the only host of a definition alone.
    options.direct_connection = Some(true);
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(SELECTION);
    // A connection string that has no user has no credential, and loses what it says of one.
    let credential = Credential::builder().source(User::DATABASE.to_owned());
    options.credential =
        Some(credential.username(login.user.clone()).password(login.password.clone()).build());
    if let Tls::Verified(authorities) = &login.tls {
        let tls = TlsOptions::builder().ca_file_path(authorities.clone());
        options.tls = Some(tls.cert_key_file_path(login.client.as_ref().map(client_file)).build().into());
    }
    let client = Client::with_options(options)?;
    let names = client.database(&login.database).list_collection_names().authorized_collections(true).await;
    client.shutdown().await;
    names.map(drop)
}

/// The server's code, which stands behind a refused login.
fn code(error: &Error) -> Option<i32> {
    if let ErrorKind::Command(refused) = &*error.kind {
        return Some(refused.code);
    }
    code(error.source()?.downcast_ref::<Box<Error>>()?)
}
