//! PRELOGIN (MS-TDS 2.2.6.5): who the server is, and what is to be encrypted.

use std::fmt;

use crate::settings::Encryption;

/// Options of a PRELOGIN message.
const VERSION: u8 = 0x00;
const ENCRYPTION: u8 = 0x01;
const TERMINATOR: u8 = 0xff;
const OPTION_BYTES: u16 = 5;

/// What one side says of encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encrypt {
    /// ENCRYPT_OFF: the login alone.
    Off,
    /// ENCRYPT_ON.
    On,
    /// ENCRYPT_NOT_SUP.
    NotSupported,
    /// ENCRYPT_REQ.
    Required,
}

impl Encrypt {
    /// What the client says for this encryption.
    pub(crate) const fn requested(encryption: Encryption) -> Self {
        match encryption {
            Encryption::Login => Self::Off,
            Encryption::All => Self::On,
            // TLS is there already.
            Encryption::Strict => Self::NotSupported,
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::NotSupported => 2,
            Self::Required => 3,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Off),
            1 => Some(Self::On),
            2 => Some(Self::NotSupported),
            3 => Some(Self::Required),
            _ => None,
        }
    }

    /// As a report has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::NotSupported => "not supported",
            Self::Required => "required",
        }
    }
}

/// The server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prelogin {
    pub(crate) version: Version,
    pub(crate) encrypt: Encrypt,
}

/// The version of a server: major, minor, build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) build: u16,
}

/// The client's message.
pub(crate) fn request(encrypt: Encrypt) -> Vec<u8> {
    // Ours; no server does anything with it.
    const CLIENT_VERSION: [u8; 6] = [0, 1, 0, 0, 0, 0];
    let values: [(u8, &[u8]); 2] = [(VERSION, &CLIENT_VERSION), (ENCRYPTION, &[encrypt.byte()])];
    let mut message = Vec::with_capacity(32);
    let mut offset = 2 * OPTION_BYTES + 1;
    for (option, value) in values {
        // Of a few bytes each.
        let length = u16::try_from(value.len()).unwrap_or(0);
        message.push(option);
        message.extend_from_slice(&offset.to_be_bytes());
        message.extend_from_slice(&length.to_be_bytes());
        offset += length;
    }
    message.push(TERMINATOR);
    values.iter().for_each(|(_, value)| message.extend_from_slice(value));
    message
}

impl Prelogin {
    /// Reads the server's `message`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(crate) fn read(message: &[u8]) -> Result<Self, &'static str> {
        let value = |option: u8| -> Result<&[u8], &'static str> {
            let mut rest = message;
            while let [kind, a, b, c, d, ..] = *rest
                && kind != TERMINATOR
            {
                if kind == option {
                    let (offset, length) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                    let value = message.get(usize::from(offset)..);
                    let value = value.and_then(|value| value.get(..usize::from(length)));
                    return value.ok_or("an option of its PRELOGIN lies outside of it");
                }
                rest = &rest[usize::from(OPTION_BYTES)..];
            }
            Err("its PRELOGIN lacks its version, or what it says of encryption")
        };
        let [major, minor, high, low, ..] = *value(VERSION)? else {
            return Err("its PRELOGIN has a version that can't be read");
        };
        let encrypt = match *value(ENCRYPTION)? {
            [byte, ..] => Encrypt::of(byte),
            [] => None,
        };
        let encrypt = encrypt.ok_or("its PRELOGIN says something of encryption that does not exist")?;
        Ok(Self { version: Version { major, minor, build: u16::from_be_bytes([high, low]) }, encrypt })
    }
}

impl Version {
    /// What the product of this version is called; of Azure's services no name can be told by it.
    pub(crate) const fn product(self) -> Option<&'static str> {
        match (self.major, self.minor) {
            (8, _) => Some("SQL Server 2000"),
            (9, _) => Some("SQL Server 2005"),
            (10, 0..50) => Some("SQL Server 2008"),
            (10, _) => Some("SQL Server 2008 R2"),
            (11, _) => Some("SQL Server 2012"),
            (12, _) => Some("SQL Server 2014, Azure SQL or Synapse"),
            (13, _) => Some("SQL Server 2016"),
            (14, _) => Some("SQL Server 2017"),
            (15, _) => Some("SQL Server 2019"),
            (16, _) => Some("SQL Server 2022"),
            (17, _) => Some("SQL Server 2025"),
            _ => None,
        }
    }
}

/// With the product's name, where it has one.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, build } = self;
        match self.product() {
            Some(product) => write!(f, "{major}.{minor}.{build} ({product})"),
            None => write!(f, "{major}.{minor}.{build}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 16.0.4135, and this byte of encryption.
    fn answer(encryption: u8) -> Vec<u8> {
        let mut answer = vec![VERSION, 0, 11, 0, 6, ENCRYPTION, 0, 17, 0, 1, TERMINATOR];
        answer.extend([16, 0, 0x10, 0x27, 0, 0, encryption]);
        answer
    }

    #[test]
    fn the_request_is_as_the_specification_has_it() {
        let expected = [
            [VERSION, 0, 11, 0, 6].as_slice(),
            &[ENCRYPTION, 0, 17, 0, 1, TERMINATOR],
            &[0, 1, 0, 0, 0, 0, 1],
        ];
        assert_eq!(request(Encrypt::On), expected.concat());
        assert_eq!(request(Encrypt::requested(Encryption::Login)).last(), Some(&0));
        assert_eq!(request(Encrypt::requested(Encryption::Strict)).last(), Some(&2));
    }

    #[test]
    fn the_answer_has_version_and_encryption() {
        let expected = [Encrypt::Off, Encrypt::On, Encrypt::NotSupported, Encrypt::Required];
        for (byte, encrypt) in (0..).zip(expected) {
            let read = Prelogin::read(&answer(byte)).unwrap();
            assert_eq!(read, Prelogin { version: Version { major: 16, minor: 0, build: 4135 }, encrypt });
        }
        let version = Prelogin::read(&answer(0)).unwrap().version;
        assert_eq!(version.to_string(), "16.0.4135 (SQL Server 2022)");
        assert_eq!(Version { major: 99, minor: 1, build: 2 }.to_string(), "99.1.2");
        assert_eq!(Version { major: 10, minor: 50, build: 0 }.product(), Some("SQL Server 2008 R2"));
    }

    #[test]
    fn an_answer_that_lies_is_told() {
        let mut outside = answer(0);
        outside[7] = 200;
        let mut short = answer(0);
        short[4] = 3;
        let cases: [(&[u8], &str); 5] = [
            (b"", "its PRELOGIN lacks its version, or what it says of encryption"),
            (&[TERMINATOR], "its PRELOGIN lacks its version, or what it says of encryption"),
            (&answer(9), "its PRELOGIN says something of encryption that does not exist"),
            (&outside, "an option of its PRELOGIN lies outside of it"),
            (&short, "its PRELOGIN has a version that can't be read"),
        ];
        for (message, expected) in cases {
            assert_eq!(Prelogin::read(message), Err(expected), "{message:?}");
        }
    }

    /// A million answers, each a good one with bytes changed, cut off or added.
    #[test]
    fn no_answer_makes_it_panic() {
        const SEED: u64 = 21;
        println!("seed {SEED}");
        let mut random = fastrand::Rng::with_seed(SEED);
        let good = answer(1);
        for _ in 0..1_000_000 {
            let mut message = good.clone();
            for _ in 0..random.usize(1..6) {
                match random.u8(0..3) {
                    0 if !message.is_empty() => {
                        let place = random.usize(..message.len());
                        message[place] = random.u8(..);
                    }
                    1 => message.truncate(random.usize(..=message.len())),
                    _ => message.push(random.u8(..)),
                }
            }
            // Whether it can be read is its own affair.
            let _read = Prelogin::read(&message);
        }
    }
}
