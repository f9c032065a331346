//! tokio-postgres alone, without dialcheck's tap and stages.

use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Verdict, run, tls};
use crate::behaviour::{Login, Tls};

pub(crate) fn log_in(login: &Login) -> Verdict {
    let mut config = tokio_postgres::Config::new();
    config.host(&login.host).port(login.port).user(&login.user).password(&login.password);
    config.dbname(&login.database).ssl_mode(match login.tls {
        Tls::Off => SslMode::Disable,
        Tls::Preferred => SslMode::Prefer,
        Tls::Verified(_) => SslMode::Require,
    });
    let tls = MakeRustlsConnect::new(tls::client_config(login));
    run(async move {
        let answer = async {
            let (client, connection) = config.connect(tls).await?;
            let session = async {
                let answer = client.simple_query("SELECT 1").await;
                drop(client);
                answer.map(drop)
            };
            // The connection's own error is why a query failed.
            let (answer, ended) = tokio::join!(session, connection);
            ended.and(answer)
        };
        match answer.await {
            Ok(()) => Verdict::Passed,
            Err(error) => match error.code() {
                Some(state) => Verdict::Refused(state.code().to_owned()),
                None => Verdict::Failed(error.to_string()),
            },
        }
    })
}
