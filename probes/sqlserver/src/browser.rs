//! SQL Server Browser (MS-SQLR): the port of an instance, asked for by UDP.

use std::time::Duration;

use probe_contract::{Code, Endpoint, Failed, Failure, Run};

/// Where the service listens.
pub(crate) const PORT: u16 = 1434;
/// CLNT_UCAST_INST
const ASK_FOR_INSTANCE: u8 = 0x04;
/// SVR_RESP
const ANSWER: u8 = 0x05;
/// In front of the text of an answer: what it is, and its length.
const HEADER_BYTES: usize = 3;
/// What Microsoft's driver reads of an answer.
const MOST_BYTES: usize = 4096;
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
    // As Microsoft's driver reads it: of the bytes in front of the text it looks at none, and takes the port wherever it stands.
    let text = answer.get(HEADER_BYTES..answer.len().min(MOST_BYTES)).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let Some((_, behind)) = text.split_once("tcp;") else {
        if answer.first() != Some(&ANSWER) {
            return Err(unreadable("sent an answer that is none of its protocol"));
        }
        let detail = format!("the instance {instance} at {} has no port for TCP", browser.host);
        return Err(Failure::new(Code::Refused, detail)
            .hint("Enable TCP/IP for the instance in SQL Server Configuration Manager, and restart it"));
    };
    match behind.split_once(';').and_then(|(port, _)| port.parse().ok()) {
        Some(port @ 1..) => Ok(port),
        Some(0) | None => Err(unreadable("names a port that is none")),
    }
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
        assert_eq!(read(&answer("ServerName;DB;np;\\\\DB\\pipe\\sql;;")), Err(Code::Refused));
        assert_eq!(read(&answer("ServerName;DB;TCP;1433;;")), Err(Code::Refused));
    }

    /// mssql-jdbc 10.2.0 connects by each of the first, and by none of the others.
    #[test]
    fn the_bytes_in_front_of_the_text_and_what_is_behind_the_port_do_not_count() {
        let long = answer(&format!("tcp;1433;{}", "x".repeat(60_000)));
        let taken: [&[u8]; 4] =
            [b"\x06\0\0tcp;1433;;", b"\x05\x09\0tcp;1433;", b"\xff\xff\xffxtcp;1433;", &long];
        for answer in taken {
            assert_eq!(read(answer), Ok(1433), "{answer:?}");
        }
        let late = answer(&format!("{};tcp;1433;;", "x".repeat(4096)));
        assert_eq!(read(&late), Err(Code::Refused));
        for refused in [
            "tcp;0;;",
            "tcp;65536;;",
            "tcp;1433",
            "tcp;abc;;",
            "tcp;;",
            "tcp;-1;",
            "Name;tcp;InstanceName;x;tcp;1;;",
        ] {
            assert_eq!(read(&answer(refused)), Err(Code::ResponseUnreadable), "{refused}");
        }
        for other in [&b""[..], b"\x06", b"\x06\0\0http"] {
            assert_eq!(read(other), Err(Code::ResponseUnreadable), "{other:?}");
        }
    }

    #[test]
    fn silence_is_told() {
        let browser = Endpoint { host: "db.example".to_owned(), port: PORT };
        assert_eq!(port(None, "REPORTS", &browser).unwrap_err().code, Code::TimedOut);
    }
}
