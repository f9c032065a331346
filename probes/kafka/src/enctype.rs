//! Encryption types of Kerberos, as Java 17 has them (`sun.security.krb5.internal.crypto.EType`).

/// One that Java has. All others, whoever names them, are passed over there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enctype {
    Aes256,
    Aes128,
    Aes256Sha2,
    Aes128Sha2,
    TripleDes,
    Rc4,
    DesCrc,
    DesMd5,
}

impl Enctype {
    /// In the order in which Java asks for them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Aes256,
        Self::Aes128,
        Self::Aes256Sha2,
        Self::Aes128Sha2,
        Self::TripleDes,
        Self::Rc4,
        Self::DesCrc,
        Self::DesMd5,
    ];

    /// That of a name in a `krb5.conf`, which counts no case. Java knows no families, and no salt behind a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let has = |one: &Self| one.names().iter().any(|known| known.eq_ignore_ascii_case(name));
        Self::ALL.into_iter().find(has)
    }

    /// The number that a key of it has in a keytab (IANA, "Kerberos Encryption Type Numbers").
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Aes256 => 18,
            Self::Aes128 => 17,
            Self::Aes256Sha2 => 20,
            Self::Aes128Sha2 => 19,
            Self::TripleDes => 16,
            Self::Rc4 => 23,
            Self::DesCrc => 1,
            Self::DesMd5 => 3,
        }
    }

    /// The name by which MIT's library knows it too.
    pub(crate) fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Whether Java passes it over unless `allow_weak_crypto` is true.
    pub(crate) fn is_weak(self) -> bool {
        match self {
            Self::Aes256 | Self::Aes128 | Self::Aes256Sha2 | Self::Aes128Sha2 => false,
            Self::TripleDes | Self::Rc4 | Self::DesCrc | Self::DesMd5 => true,
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Aes256 => &["aes256-cts-hmac-sha1-96", "aes256-cts", "aes256-sha1"],
            Self::Aes128 => &["aes128-cts-hmac-sha1-96", "aes128-cts", "aes128-sha1"],
            Self::Aes256Sha2 => &["aes256-cts-hmac-sha384-192", "aes256-sha2"],
            Self::Aes128Sha2 => &["aes128-cts-hmac-sha256-128", "aes128-sha2"],
            Self::TripleDes => &["des3-cbc-sha1", "des3-hmac-sha1", "des3-cbc-sha1-kd"],
            Self::Rc4 => &["arcfour-hmac", "rc4-hmac", "arcfour-hmac-md5"],
            Self::DesCrc => &["des-cbc-crc"],
            Self::DesMd5 => &["des-cbc-md5"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `sun.security.krb5.Config.getType` and `EType.isSupported` of Java 17 answered.
    #[test]
    fn names_and_numbers_are_those_of_java() {
        for (name, number) in [
            ("aes256-cts-hmac-sha1-96", 18),
            ("aes256-cts", 18),
            ("AES256-sha1", 18),
            ("aes128-cts-hmac-sha1-96", 17),
            ("aes128-cts", 17),
            ("aes128-sha1", 17),
            ("aes256-cts-hmac-sha384-192", 20),
            ("aes256-sha2", 20),
            ("aes128-cts-hmac-sha256-128", 19),
            ("aes128-sha2", 19),
            ("des3-cbc-sha1", 16),
            ("des3-hmac-sha1", 16),
            ("des3-cbc-sha1-kd", 16),
            ("arcfour-hmac", 23),
            ("Rc4-Hmac", 23),
            ("arcfour-hmac-md5", 23),
            ("des-cbc-crc", 1),
            ("des-cbc-md5", 3),
        ] {
            assert_eq!(Enctype::named(name).map(Enctype::number), Some(number), "{name}");
            assert_eq!(Enctype::named(name).unwrap().is_weak(), ![17, 18, 19, 20].contains(&number));
        }
        for name in [
            "aes",
            "rc4",
            "des3",
            "DEFAULT",
            "camellia256-cts-cmac",
            "aes256-cts:normal",
            "-rc4-hmac",
            "18",
            "des-cbc-md4",
            "arcfour-hmac-exp",
            "\taes256-cts",
            "",
        ] {
            assert_eq!(Enctype::named(name), None, "{name}");
        }
        for one in Enctype::ALL {
            assert_eq!(Enctype::named(one.name()), Some(one));
        }
    }
}
