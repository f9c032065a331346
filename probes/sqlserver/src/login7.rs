//! LOGIN7 (MS-TDS 2.2.6.4): who logs in, and to which database.

use probe_contract::Login;
use zeroize::Zeroizing;

use crate::packet::MAX_PACKET_BYTES;

/// The fixed part of the message.
const FIXED_BYTES: usize = 94;
/// TDS 7.4: SQL Server 2012 and later; older ones answer with theirs.
const TDS_7_4: u32 = 0x7400_0004;
const TDS_8_0: u32 = 0x0800_0000;
/// fUseDB, fDatabase and fSetLang: the login fails where the database can't be opened, as by Microsoft's driver.
const OPTION_FLAGS_1: u8 = 0xe0;
/// fLanguage and fODBC.
const OPTION_FLAGS_2: u8 = 0x03;
/// fReadOnlyIntent.
const READ_ONLY_INTENT: u8 = 0x20;
/// English as in the United States.
const LCID: u32 = 0x0409;
const NAME: &str = "dialcheck";
/// What a name may have in UTF-16. Settings see to it for those of the definition; of a server's the driver sends so much. So a login is one packet.
const MAX_NAME_CHARACTERS: usize = 128;

/// What a login says.
pub(crate) struct Request<'a> {
    pub(crate) login: &'a Login,
    /// The server, as whoever names it spells it.
    pub(crate) server: &'a str,
    pub(crate) database: Option<&'a str>,
    pub(crate) read_only: bool,
    /// Whether it goes by TDS 8.0.
    pub(crate) strict: bool,
}

impl Request<'_> {
    /// The message. Of what it holds nothing else is left in memory.
    pub(crate) fn message(&self) -> Zeroizing<Vec<u8>> {
        let Self { login, server, database, read_only, strict } = self;
        let user = utf16(&login.user);
        let password = Zeroizing::new(obfuscated(login.secret.expose()));
        let (application, mut server) = (utf16(NAME), utf16(server));
        server.truncate(2 * MAX_NAME_CHARACTERS);
        let (database, none) = (utf16(database.unwrap_or_default()), Vec::new());
        // Host, user, password, application, server, extension, library, language, database.
        let texts: [&[u8]; 9] =
            [&none, &user, &password, &application, &server, &none, &application, &none, &database];
        let length = FIXED_BYTES + texts.iter().map(|text| text.len()).sum::<usize>();

        let mut message = Zeroizing::new(Vec::with_capacity(length));
        let numbers = [
            size(length),
            if *strict { TDS_8_0 } else { TDS_7_4 },
            u32::from(MAX_PACKET_BYTES),
            // ClientProgVer, ClientPID, ConnectionID.
            0,
            std::process::id(),
            0,
        ];
        numbers.iter().for_each(|number| message.extend_from_slice(&number.to_le_bytes()));
        let type_flags = if *read_only { READ_ONLY_INTENT } else { 0 };
        message.extend_from_slice(&[OPTION_FLAGS_1, OPTION_FLAGS_2, type_flags, 0]);
        // The time zone is UTC.
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&LCID.to_le_bytes());
        let mut offset = FIXED_BYTES;
        for text in texts {
            place(&mut message, offset, text.len() / 2);
            offset += text.len();
        }
        // ClientID, a MAC address.
        message.extend_from_slice(&[0; 6]);
        // SSPI, AttachDBFile, ChangePassword.
        (0..3).for_each(|_| place(&mut message, offset, 0));
        // SSPILong.
        message.extend_from_slice(&[0; 4]);
        texts.iter().for_each(|text| message.extend_from_slice(text));
        message
    }
}

/// Where a text is, and of how many characters.
fn place(message: &mut Vec<u8>, offset: usize, characters: usize) {
    for number in [offset, characters] {
        // Settings bound each text to 128 characters.
        message.extend_from_slice(&u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes());
    }
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The password as the message has it: this hides it from nobody.
fn obfuscated(password: &str) -> Vec<u8> {
    let bytes = password.encode_utf16().flat_map(u16::to_le_bytes);
    let mut obfuscated = Vec::with_capacity(password.len() * 2);
    obfuscated.extend(bytes.map(|byte| byte.rotate_left(4) ^ 0xa5));
    obfuscated
}

#[cfg(test)]
mod tests {
    use probe_contract::{Endpoint, Secret};

    use super::*;
    use crate::packet::HEADER_BYTES;

    /// The text at a place of the fixed part.
    fn text(message: &[u8], place: usize) -> Vec<u8> {
        let number = |at: usize| usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
        message[number(place)..][..2 * number(place + 2)].to_vec()
    }

    fn message(read_only: bool, strict: bool) -> Zeroizing<Vec<u8>> {
        let endpoint = Endpoint { host: "db.example".to_owned(), port: 1433 };
        let login = Login { endpoint, user: "alice".to_owned(), secret: Secret::new("a\u{e9}".to_owned()) };
        Request { login: &login, server: "db.example", database: Some("orders"), read_only, strict }.message()
    }

    /// With login-only encryption, SQL Server decrypts the first packet.
    #[test]
    fn the_longest_login_is_one_packet() {
        let long = "\u{20ac}".repeat(MAX_NAME_CHARACTERS);
        let endpoint = Endpoint { host: "x".repeat(1024), port: 1433 };
        let login = Login { endpoint, user: long.clone(), secret: Secret::new(long.clone()) };
        let server = &login.endpoint.host;
        let request =
            Request { login: &login, server, database: Some(&long), read_only: true, strict: false };
        let message = request.message();
        assert!(message.len() <= usize::from(MAX_PACKET_BYTES) - HEADER_BYTES, "{}", message.len());
        assert_eq!(text(&message, 52).len(), 2 * MAX_NAME_CHARACTERS);
        assert_eq!(text(&message, 68), utf16(&long));
    }

    #[test]
    fn each_text_is_where_the_message_says() {
        let message = message(false, false);
        assert_eq!(message[..4], size(message.len()).to_le_bytes());
        assert_eq!(message[4..8], [4, 0, 0, 0x74]);
        let expected = [(40, "alice"), (48, NAME), (52, "db.example"), (60, NAME), (68, "orders")];
        for (place, expected) in expected {
            assert_eq!(text(&message, place), utf16(expected), "{expected}");
        }
        // `a` is 0x61 0x00, `é` 0xe9 0x00: nibbles swapped, then xor with 0xa5.
        assert_eq!(text(&message, 44), [0xb3, 0xa5, 0x3b, 0xa5]);
        for place in [36, 56, 64, 78, 82, 86] {
            assert_eq!(text(&message, place), b"", "{place}");
        }
    }

    #[test]
    fn intent_and_version_are_flags() {
        assert_eq!(message(false, false)[26], 0);
        assert_eq!(message(true, false)[26], READ_ONLY_INTENT);
        assert_eq!(message(false, true)[4..8], [0, 0, 0, 8]);
    }
}
