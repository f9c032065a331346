//! The driver for Rust, which dials, encrypts and logs in by itself, and monitors the server meanwhile.

use std::error::Error as _;
use std::time::Duration;

use mongodb::Client;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::ClientOptions;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Verdict, run};
use crate::behaviour::mongodb::{client_file, url};
use crate::behaviour::{Login, Tls};

/// How long a server is waited for, which the driver tries again and again until then.
const SELECTION: Duration = Duration::from_secs(2);

/// Logs in, and lists the collections.
pub(crate) fn log_in(login: &Login) -> Verdict {
    let mut url = url(login);
    if let Tls::Verified(authorities) = &login.tls {
        url += &format!("&tlsCAFile={}", authorities.display());
    }
    if let Some(client) = &login.client {
        url += &format!("&tlsCertificateKeyFile={}", client_file(client).display());
    }
    log_in_by(&url, Some(&login.user), Some(&login.password))
}

/// Logs in by the connection string `url`, which names no user, and lists the collections of its database, or the databases.
pub(crate) fn log_in_by(url: &str, user: Option<&str>, password: Option<&str>) -> Verdict {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let mut scheme = "mongodb://".to_owned();
    if let Some(user) = user {
        let password = password.map(|password| format!(":{}", encoded(password)));
        scheme += &format!("{}{}@", encoded(user), password.unwrap_or_default());
    }
    let url = url.replacen("mongodb://", &scheme, 1);
    run(async {
        match session(&url).await {
            Ok(()) => Verdict::Passed,
            Err(error) => match code(&error) {
                Some(code) => Verdict::Refused(code.to_string()),
                None => Verdict::Failed(error.kind.to_string()),
            },
        }
    })
}

async fn session(url: &str) -> Result<(), Error> {
    let mut options = ClientOptions::parse(url).await?;
    // As dialcheck, which tests the only host of a definition alone.
    options.direct_connection = Some(true);
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(SELECTION);
    let client = Client::with_options(options)?;
    let names = match client.default_database() {
        Some(database) => database.list_collection_names().authorized_collections(true).await,
        None => client.list_database_names().await,
    };
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
