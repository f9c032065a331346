//! What the server says to a login and to a query, token by token (MS-TDS 2.2.7).

use bytes::Bytes;
use tds_protocol::TypeId;
use tds_protocol::token::{ColMetaData, EnvChangeType, EnvChangeValue, Token, TokenParser};

use crate::classify::ServerError;

/// So many errors of an answer are kept: those that explain come first.
const MAX_ERRORS: usize = 16;

/// An answer, as far as a test needs it.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// In the order of the server.
    pub(crate) errors: Vec<ErrorToken>,
    /// The program that accepts the login, in its own words.
    pub(crate) accepted_by: Option<String>,
    /// ENVCHANGE: the database that the session is in now.
    pub(crate) database: Option<String>,
    /// ENVCHANGE: who has the database when this server fails.
    pub(crate) failover_partner: Option<String>,
    /// ENVCHANGE: host and port where the login is to go instead.
    pub(crate) routing: Option<(String, u16)>,
    /// The first row.
    pub(crate) row: Option<Vec<Option<String>>>,
    /// Whether all of it could be read.
    pub(crate) is_whole: bool,
}

/// An ERROR token.
#[derive(Debug)]
pub(crate) struct ErrorToken {
    number: i32,
    state: u8,
    message: String,
}

impl Answer {
    /// Reads `message`, as far as it can be read.
    pub(crate) fn read(message: Vec<u8>) -> Self {
        let mut answer = Self::default();
        let mut parser = TokenParser::new(Bytes::from(message));
        let mut columns: Option<ColMetaData> = None;
        loop {
            match parser.next_token_with_metadata(columns.as_ref()) {
                Ok(Some(Token::ColMetaData(metadata))) => columns = Some(metadata),
                Ok(Some(Token::Row(row))) => answer.take_row(columns.as_ref(), &row.data, &[]),
                Ok(Some(Token::NbcRow(row))) => {
                    answer.take_row(columns.as_ref(), &row.data, &row.null_bitmap);
                }
                Ok(Some(token)) => answer.take(token),
                Ok(None) => {
                    answer.is_whole = true;
                    return answer;
                }
                // What comes behind it can't be found.
                Err(_) => return answer,
            }
        }
    }

    /// Its errors, as the table of errors distinguishes them.
    pub(crate) fn server_errors(&self) -> Vec<ServerError<'_>> {
        let errors = self.errors.iter();
        errors
            .map(|token| {
                let &ErrorToken { number, state, ref message } = token;
                ServerError { number, state, message }
            })
            .collect()
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "information, what ends an answer, and what no test depends on"
    )]
    fn take(&mut self, token: Token) {
        match token {
            Token::Error(error) if self.errors.len() < MAX_ERRORS => self.errors.push(ErrorToken {
                number: error.number,
                state: error.state,
                message: error.message,
            }),
            Token::LoginAck(acknowledgement) => self.accepted_by = Some(acknowledgement.prog_name),
            Token::EnvChange(change) => match (change.env_type, change.new_value) {
                (EnvChangeType::Database, EnvChangeValue::String(name)) => self.database = Some(name),
                (EnvChangeType::RealTimeLogShipping, EnvChangeValue::String(name)) if !name.is_empty() => {
                    self.failover_partner = Some(name);
                }
                (EnvChangeType::Routing, EnvChangeValue::Routing { host, port }) => {
                    self.routing = Some((host, port));
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Keeps the first row. `nulls` has a bit for each column without a value, where the row has such bits.
    fn take_row(&mut self, columns: Option<&ColMetaData>, data: &[u8], nulls: &[u8]) {
        let (None, Some(columns)) = (&self.row, columns) else { return };
        let mut values = Vec::new();
        let mut rest = data;
        for (place, column) in columns.columns.iter().enumerate() {
            if nulls.get(place / 8).is_some_and(|bits| bits & (1 << (place % 8)) != 0) {
                values.push(None);
                continue;
            }
            let Some((value, behind)) = value(column.type_id, column.type_info.max_length, rest) else {
                return;
            };
            values.push(value);
            rest = behind;
        }
        self.row = Some(values);
    }
}

/// The value of this type at the beginning of `data`, and what is behind it. None for types that the query does not ask for.
#[expect(clippy::wildcard_enum_match_arm, reason = "the types of TDS that no column of the query has")]
fn value(kind: TypeId, max_length: Option<u32>, data: &[u8]) -> Option<(Option<String>, &[u8])> {
    const NULL: u16 = 0xffff;
    const PLP: u32 = 0xffff;
    match kind {
        TypeId::Int4 => {
            let (number, behind) = data.split_first_chunk()?;
            Some((Some(i32::from_le_bytes(*number).to_string()), behind))
        }
        TypeId::IntN => {
            let (length, rest) = data.split_first()?;
            let (number, behind) = rest.split_at_checked(usize::from(*length))?;
            let number = match *number {
                [] => None,
                [a, b, c, d] => Some(i32::from_le_bytes([a, b, c, d]).to_string()),
                _ => return None,
            };
            Some((number, behind))
        }
        TypeId::NVarChar | TypeId::NChar if max_length == Some(PLP) && kind == TypeId::NVarChar => plp(data),
        TypeId::NVarChar | TypeId::NChar => {
            let (length, rest) = data.split_first_chunk()?;
            let length = u16::from_le_bytes(*length);
            if length == NULL {
                return Some((None, rest));
            }
            let (text, behind) = rest.split_at_checked(usize::from(length))?;
            Some((Some(text_of(text)), behind))
        }
        _ => None,
    }
}

/// A value in parts (MS-TDS 2.2.5.2.3).
fn plp(data: &[u8]) -> Option<(Option<String>, &[u8])> {
    let (length, mut rest) = data.split_first_chunk()?;
    if u64::from_le_bytes(*length) == u64::MAX {
        return Some((None, rest));
    }
    let mut text = Vec::new();
    loop {
        let (length, behind) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if length == 0 {
            return Some((Some(text_of(&text)), behind));
        }
        let (part, behind) = behind.split_at_checked(length)?;
        text.extend_from_slice(part);
        rest = behind;
    }
}

fn text_of(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
