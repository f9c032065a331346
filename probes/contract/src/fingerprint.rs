//! Whom one reached instead.

/// First bytes that give a protocol away: where they stand, the bytes, who sends them.
const GREETINGS: &[(usize, &[u8], &str)] = &[
    (0, b"HTTP/", "an HTTP server"),
    (0, b"SSH-", "an SSH server"),
    (0, b"220 ", "a mail or FTP server"),
    (0, b"220-", "a mail or FTP server"),
    (0, b"+OK ", "a POP3 server"),
    (0, b"* OK", "an IMAP server"),
    (0, b"-ERR", "a Redis server"),
    (0, b"-NOAUTH", "a Redis server"),
    (0, b"INFO {", "a NATS server"),
    (0, b"RFB ", "a VNC server"),
    (0, b"\x15\x03", "a server that expects TLS from the first byte"),
    (0, b"\x16\x03", "a server that speaks TLS from the first byte"),
    (0, b"AMQP", "an AMQP broker"),
    // A MySQL packet: three bytes of length, number 0, then protocol version 10 or an error.
    (3, b"\x00\x0a", "a MySQL or MariaDB server"),
    (3, b"\x00\xff", "a MySQL or MariaDB server"),
];

/// Names the server that sent `first`, the first bytes of its answer, where they give it away.
#[must_use]
pub fn identify(first: &[u8]) -> Option<&'static str> {
    GREETINGS
        .iter()
        .find(|(at, bytes, _)| first.get(*at..).is_some_and(|rest| rest.starts_with(bytes)))
        .map(|(.., who)| *who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_their_greeting() {
        assert_eq!(identify(b"HTTP/1.1 400 Bad Request\r\n"), Some("an HTTP server"));
        assert_eq!(identify(b"SSH-2.0-OpenSSH_9.2"), Some("an SSH server"));
        assert_eq!(
            identify(b"\x15\x03\x03\x00\x02\x02\x46"),
            Some("a server that expects TLS from the first byte")
        );
        assert_eq!(identify(b"\x4a\x00\x00\x00\x0a8.0.36"), Some("a MySQL or MariaDB server"));
        assert_eq!(identify(b"R\x00\x00\x00\x08"), None);
        assert_eq!(identify(b""), None);
    }
}
