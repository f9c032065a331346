//! SQL Server Browser (MS-SQLR): the port of an instance, asked for by UDP.

use std::time::Duration;

use probe_contract::{Code, Endpoint, Failed, Failure, Run};

/// Where the service listens.
pub(crate) const PORT: u16 = 1434;
/// CLNT_UCAST_INST
const ASK_FOR_INSTANCE: u8 = 0x04;
/// SVR_RESP
const ANSWER: u8 = 0x05;
/// How long Microsoft's driver waits for the one answer to its one datagram.
const WAIT: Duration = Duration::from_secs(1);

/// The endpoint of `instance` at the host of `at`: stage `dns`.
pub(crate) async fn find(instance: &str, at: &Endpoint, run: &Run) -> Result<Endpoint, Failed> {
    let browser = Endpoint { host: at.host.clone(), port: PORT };
    let mut request = vec![ASK_FOR_INSTANCE];
    request.extend_from_slice(instance.as_bytes());
    let port = run
        .attempt(browser.clone())
        .look_up(&request, &[WAIT], |answer| port(answer, instance, &browser))
        .await?;
    Ok(Endpoint { port, ..browser })
}

/// The port of TCP in `answer`.
fn port(answer: Option<&[u8]>, instance: &str, browser: &Endpoint) -> Result<u16, Failure> {
    let Some(answer) = answer else {
        let detail = format!(
            "the SQL Server Browser service at {browser} (UDP) did not answer when asked for the port of the instance {instance}"
        );
        return Err(Failure::new(Code::TimedOut, detail).hint(
            "Give the port in the URL in the place of the instance's name, or start the SQL Server Browser service and let UDP port 1434 \
             through; a service that runs does not answer for an instance that does not exist",
        ));
    };
    let unreadable = |what: &str| {
        let detail = format!("the SQL Server Browser service at {browser} (UDP) {what}");
        Failure::new(Code::ResponseUnreadable, detail)
            .hint("Give the port in the URL in the place of the instance's name")
    };
    let [ANSWER, low, high, text @ ..] = answer else {
        return Err(unreadable("sent an answer that is none of its protocol"));
    };
    if usize::from(u16::from_le_bytes([*low, *high])) != text.len() {
        return Err(unreadable("sent an answer of another length than it says"));
    }
    // Names and values in turns; what is no text has no port in it either.
    let text = String::from_utf8_lossy(text);
    let mut words = text.split(';');
    while let Some(name) = words.next() {
        let value = words.next().unwrap_or_default();
        if name.eq_ignore_ascii_case("tcp") {
            return match value.parse() {
                Ok(port @ 1..) => Ok(port),
                Ok(0) | Err(_) => Err(unreadable("names a port that is none")),
            };
        }
    }
    let detail = format!("the instance {instance} at {} has no port for TCP", browser.host);
    Err(Failure::new(Code::Refused, detail)
        .hint("Enable TCP/IP for the instance in SQL Server Configuration Manager, and restart it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &[u8]) -> Result<u16, Code> {
        let browser = Endpoint { host: "db.example".to_owned(), port: PORT };
        port(Some(answer), "REPORTS", &browser).map_err(|failure| failure.code)
    }

    fn answer(text: &str) -> Vec<u8> {
        let mut answer = vec![ANSWER];
        answer.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        answer.extend(text.as_bytes());
        answer
    }

    #[test]
    fn an_answer_has_the_port() {
        let good = "ServerName;DB;InstanceName;REPORTS;IsClustered;No;Version;16.0.1000.6;tcp;50123;np;\\\\DB\\pipe\\sql;;";
        assert_eq!(read(&answer(good)), Ok(50123));
        assert_eq!(read(&answer("ServerName;tcp;InstanceName;REPORTS;tcp;1;;")), Ok(1));
        assert_eq!(read(&answer("ServerName;DB;np;\\\\DB\\pipe\\sql;;")), Err(Code::Refused));
    }

    #[test]
    fn an_answer_that_lies_is_told() {
        let mut cut = answer("tcp;1433;;");
        cut.pop();
        let lies: [&[u8]; 6] = [b"", b"\x05", b"\x06\0\0", &cut, &answer("tcp;0;;"), &answer("tcp;65536;;")];
        for lie in lies {
            assert_eq!(read(lie), Err(Code::ResponseUnreadable), "{lie:?}");
        }
        let browser = Endpoint { host: "db.example".to_owned(), port: PORT };
        assert_eq!(port(None, "REPORTS", &browser).unwrap_err().code, Code::TimedOut);
    }
}
