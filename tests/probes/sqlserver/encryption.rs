//! What the definition asks for and what the server says of encryption, and what then is sent in clear text.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use fixtures::sqlserver::{Bridge, Encryption, Peer, Reply};

use super::{alice, failed, server, unnumbered};
use crate::support::harness::exception::{FS_RESPONSE, FS_UNSUPPORTED, INVALID_INPUT};
use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::sqlserver::{LONG, prepared};

const NOT_OFFERED: Failed<'_> = unnumbered("tls", "tls_not_offered", FS_UNSUPPORTED, 1);
const UNTRUSTED: Failed<'_> =
    failed("tls", "certificate_untrusted", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", FS_RESPONSE, 1);

#[test]
fn a_server_that_does_not_encrypt_is_sent_no_login() {
    for said in [Encryption::Off, Encryption::NotSupported] {
        for rest in ["", ";encrypt=true", ";encrypt=true;trustServerCertificate=true"] {
            let peer = server().encryption(said).start().unwrap();
            alice(peer.port(), rest).test().failed(&NOT_OFFERED).says("the definition requires it");
            assert_eq!((peer.logins(), peer.connections()), (vec![], 1), "{said:?} {rest}");
        }
    }
}

#[test]
fn a_password_is_not_sent_in_clear_text_though_the_definition_allows_it() {
    let said_so = Peer::options().start().unwrap();
    let peers = [said_so, server().encryption(Encryption::NotSupported).start().unwrap()];
    for peer in peers {
        let tested = alice(peer.port(), ";encrypt=false").test();
        tested.failed(&NOT_OFFERED).says("the password was not sent");
        assert_eq!((peer.logins(), peer.encryption_asked()), (vec![], vec![0]));
    }
}

/// Microsoft's driver checks the certificate wherever more than the login is encrypted.
#[test]
fn a_server_that_insists_has_its_certificate_checked() {
    for said in [Encryption::On, Encryption::Required] {
        let good = server().encryption(said).start().unwrap();
        alice(good.port(), ";encrypt=false").test().passed();
        assert!(good.logins()[0].encrypted);
        let untrusted = Peer::options().tls(&CERTIFICATES.untrusted).encryption(said).start().unwrap();
        for rest in ["", ";encrypt=true", ";encrypt=false"] {
            alice(untrusted.port(), rest).test().failed(&UNTRUSTED);
        }
        assert_eq!(untrusted.logins(), []);
        let tested = alice(untrusted.port(), ";encrypt=false;trustServerCertificate=true").test();
        tested.passed().warns("certificate_not_checked");
    }
}

/// Any certificate will do then, as for the driver.
#[test]
fn the_login_alone_is_encrypted_where_both_want_no_more() {
    for shown in
        [&CERTIFICATES.good, &CERTIFICATES.untrusted, &CERTIFICATES.expired, &CERTIFICATES.wrong_name]
    {
        let bridge = prepared(Bridge::options().tls(shown)).start().unwrap();
        alice(bridge.port(), ";encrypt=false").test().passed();
        let logins = bridge.logins();
        let [login] = &logins[..] else { panic!("{logins:?}") };
        assert_eq!((login.encrypted, login.session_encrypted), (true, false));
        alice(bridge.port(), "").test_with(&["--timeout", "10s"]);
        // With encryption of everything, only the good one comes as far as the login.
        let all = bridge.logins().len() - 1;
        assert_eq!(all, usize::from(std::ptr::eq(shown, &CERTIFICATES.good)));
    }
}

#[test]
fn what_is_no_word_on_encryption_ends_it() {
    let unreadable = unnumbered("handshake", "response_unreadable", FS_RESPONSE, 1);
    for rest in [";encrypt=true", ";encrypt=false"] {
        let peer = server().encryption(Encryption::Byte(9)).start().unwrap();
        alice(peer.port(), rest).test().failed(&unreadable);
        assert_eq!(peer.logins(), []);
    }
}

#[test]
fn sql_server_2000_is_too_old() {
    let too_old = unnumbered("handshake", "mechanism_unsupported", INVALID_INPUT, 2);
    let peer = server().version(8, 0, 2039).start().unwrap();
    alice(peer.port(), "").test().failed(&too_old).says("version 8.0.2039");
    assert_eq!(peer.logins(), []);
    let oldest = server().version(9, 0, 5000).start().unwrap();
    alice(oldest.port(), "").test().passed();
}

#[test]
fn a_server_without_tls_1_2_is_told_by_its_version() {
    for (reply, native) in [(Reply::tls_1_0_hello(), None), (Reply::tls_alert(70), Some("protocol_version"))]
    {
        let peer = server().version(10, 50, 1600).handshake(reply).start().unwrap();
        let tested = alice(peer.port(), "").test();
        let expected = Failed { native, ..unnumbered("tls", "tls_version_mismatch", FS_RESPONSE, 1) };
        tested.failed(&expected).says("is of version 10.50.1600 (SQL Server 2008 R2)").says("TLS 1.2");
        assert_eq!(peer.logins(), []);
    }
}

#[test]
fn pysqlbridge_of_tls_1_0_is_told_too() {
    let bridge = prepared(Bridge::options().tls(&CERTIFICATES.good).tls_1_0_only()).start().unwrap();
    let tested = alice(bridge.port(), "").test();
    assert_eq!(tested.result["failure"]["code"], "tls_version_mismatch", "{:#}", tested.result);
    tested.says("is of version 16.0.1000");
    assert_eq!(bridge.logins(), []);
}

/// The longest login there is, 128 characters of each name: it is a single packet, and all of it is encrypted.
#[test]
fn nothing_of_a_login_is_in_clear_text_where_it_alone_is_encrypted() {
    let peer = server().start().unwrap();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let relay = relay(peer.port(), sent.clone());
    let long = "ü".repeat(128);
    let login = Connection::to(format!(
        "jdbc:sqlserver://localhost:{};databaseName={long};encrypt=false",
        relay.port()
    ));
    login.user(&long, LONG).test().passed();
    let logins = peer.logins();
    let [received] = &logins[..] else { panic!("{logins:?}") };
    assert_eq!((&*received.user, &*received.password, &*received.database), (&*long, LONG, &*long));
    assert!(received.encrypted);

    let sent = sent.lock().unwrap();
    let utf_16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let is_sent = |bytes: &[u8]| sent.windows(bytes.len()).any(|window| window == bytes);
    let hidden: Vec<u8> = utf_16(LONG).iter().map(|byte| byte.rotate_left(4) ^ 0xa5).collect();
    for part in [&hidden[..16], &hidden[240..], &utf_16(LONG)[..16], &utf_16(&long)[..16]] {
        assert!(!is_sent(part), "a part of the login is in clear text");
    }
    // What follows is.
    assert!(is_sent(&utf_16("SUSER_SNAME()")));
}

/// Keeps what the client sends to the server at `port`.
#[expect(clippy::disallowed_methods, reason = "dials the peer of the test")]
fn relay(port: u16, sent: Arc<Mutex<Vec<u8>>>) -> fixtures::Peer {
    fixtures::Peer::start(move |client| {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let back = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let (mut client, mut server) = (client, &server);
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            sent.lock().unwrap().extend_from_slice(&buffer[..count]);
            if server.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = back.join();
    })
    .unwrap()
}
