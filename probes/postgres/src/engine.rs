//! The two products that speak the protocol.

use probe_contract::UrlAddress;
use support_jdbc::{self as jdbc, Authority, Decoded, Grammar, Path};

/// Which of the two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgresql,
    Redshift,
}

impl Engine {
    /// What its URLs begin with.
    pub(crate) const fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Postgresql => &["jdbc:postgresql:"],
            Self::Redshift => &["jdbc:redshift:"],
        }
    }

    pub(crate) const fn usual_port(self) -> u16 {
        match self {
            Self::Postgresql => 5432,
            Self::Redshift => 5439,
        }
    }

    /// As pgjdbc 42.7.3 and Amazon's driver 2.1.0.29 read their URLs.
    pub(crate) const fn grammar(self) -> Grammar {
        let (separators, path): (&[char], _) = match self {
            Self::Postgresql => (&['&'], Path::OneSlash),
            Self::Redshift => (&['&', ';'], Path::Slash),
        };
        Grammar {
            separators,
            decoded: Decoded::Values,
            is_trimmed: false,
            port_may_be_empty: false,
            authority: Authority::Plain,
            path,
        }
    }

    /// What JDBC_ENGINE calls it.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Postgresql => &["postgresql", "postgres"],
            Self::Redshift => &["redshift"],
        }
    }

    /// What is in a URL behind its scheme.
    pub(crate) fn after_scheme(self, url: &UrlAddress) -> Option<&str> {
        self.prefixes().iter().find_map(|prefix| jdbc::strip_prefix_ignore_case(url.url.marked(), prefix))
    }
}
