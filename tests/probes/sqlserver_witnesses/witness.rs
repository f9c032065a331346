//! The witnesses, and what they say.

use fixtures::JdbcVerdict;
use fixtures::sqlserver::{GoVerdict, TsqlVerdict};

/// Somebody else's client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Witness {
    /// Microsoft's driver as Glue 5 has it.
    Jdbc10,
    /// The same as Glue 4 has it.
    Jdbc9,
    /// The newest, for what the two do not know.
    Jdbc13,
    FreeTds,
    Go,
}

/// What a witness made of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It logged in and had an answer.
    Passed,
    /// The server refused it with this number, before any other.
    Number(i64),
    /// It failed by itself, with this message.
    Failed(String),
}

impl Witness {
    pub(super) const ALL: [Self; 5] = [Self::Jdbc10, Self::Jdbc9, Self::Jdbc13, Self::FreeTds, Self::Go];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Jdbc10 => "mssql-jdbc 10.2 (Glue 5)",
            Self::Jdbc9 => "mssql-jdbc 9.4 (Glue 4)",
            Self::Jdbc13 => "mssql-jdbc 13.6",
            Self::FreeTds => "FreeTDS",
            Self::Go => "go-mssqldb",
        }
    }
}

impl Said {
    pub(super) fn of_jdbc(verdict: JdbcVerdict) -> Self {
        match verdict {
            JdbcVerdict::Passed => Self::Passed,
            // The driver's own failures have no number.
            JdbcVerdict::Refused { code: 0, message, .. } => Self::Failed(message),
            JdbcVerdict::Refused { code, .. } => Self::Number(code.into()),
        }
    }

    pub(super) fn of_tsql(verdict: TsqlVerdict) -> Self {
        match verdict {
            TsqlVerdict::Passed { .. } => Self::Passed,
            TsqlVerdict::Refused { numbers, output } => Self::refused(&numbers, output),
        }
    }

    pub(super) fn of_go(verdict: GoVerdict) -> Self {
        match verdict {
            GoVerdict::Passed { .. } => Self::Passed,
            GoVerdict::Refused { numbers, message, .. } => Self::refused(&numbers, message),
        }
    }

    fn refused(numbers: &[i64], message: String) -> Self {
        numbers.first().map_or(Self::Failed(message), |number| Self::Number(*number))
    }
}
