//! mysql_async, which dials, greets, encrypts and logs in by one call.

use mysql_async::prelude::Queryable as _;
use mysql_async::{ClientIdentity, Conn, DriverError, Error, Opts, OptsBuilder, SslOpts};

use super::{Verdict, run};
use crate::behaviour::{Login, Tls};

pub(crate) fn log_in(login: &Login) -> Verdict {
    run(async {
        match session(options(login, login.tls != Tls::Off)).await {
            Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if login.tls == Tls::Preferred => {
                verdict(session(options(login, false)).await)
            }
            ended => verdict(ended),
        }
    })
}

async fn session(options: Opts) -> Result<(), Error> {
    let mut connection = Conn::new(options).await?;
    connection.query_drop("SELECT 1").await?;
    connection.disconnect().await
}

fn options(login: &Login, encrypted: bool) -> Opts {
    OptsBuilder::default()
        .ip_or_hostname(&login.host)
        .tcp_port(login.port)
        // It would otherwise leave TCP for the socket that the server names.
        .prefer_socket(false)
        .user(Some(&login.user))
        .pass(Some(&login.password))
        .db_name(Some(&login.database))
        .ssl_opts(encrypted.then(|| ssl_options(login)))
        .into()
}

fn ssl_options(login: &Login) -> SslOpts {
    let options = SslOpts::default();
    let options = match &login.tls {
        Tls::Verified(authorities) => {
            options.with_disable_built_in_roots(true).with_root_certs(vec![authorities.clone().into()])
        }
        Tls::Off | Tls::Preferred => options.with_danger_accept_invalid_certs(true),
    };
    options.with_client_identity(
        login
            .client
            .as_ref()
            .map(|client| ClientIdentity::new(client.certificate.clone().into(), client.key.clone().into())),
    )
}

fn verdict(ended: Result<(), Error>) -> Verdict {
    match ended {
        Ok(()) => Verdict::Passed,
        Err(Error::Server(error)) => Verdict::Refused(error.code.to_string()),
        Err(error) => Verdict::Failed(error.to_string()),
    }
}
