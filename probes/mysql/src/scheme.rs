//! The two drivers.

use probe_contract::Addresses;
use support_jdbc::{Authority, Decoded, Grammar, Path};

/// Whose driver the definition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Mysql,
    Mariadb,
}

impl Scheme {
    /// Which addresses of a host's name the driver dials.
    pub(crate) const fn addresses(self) -> Addresses {
        match self {
            Self::Mysql => Addresses::All,
            Self::Mariadb => Addresses::First,
        }
    }

    /// As MySQL Connector/J 8.0.33 and MariaDB Connector/J 3.4.1 read their URLs. The latter decodes nothing.
    pub(crate) const fn grammar(self) -> Grammar {
        Grammar {
            separators: &['&'],
            decoded: match self {
                Self::Mysql => Decoded::NamesAndValues,
                Self::Mariadb => Decoded::Nothing,
            },
            is_trimmed: matches!(self, Self::Mysql),
            port_may_be_empty: matches!(self, Self::Mysql),
            authority: match self {
                Self::Mysql => Authority::Pairs,
                Self::Mariadb => Authority::Addresses,
            },
            path: Path::Any,
        }
    }
}
