//! The little of ASN.1 that PKCS#12 needs: DER, and what of BER other programs write (indefinite lengths, octet strings
//! in pieces), as Java reads it too.

use std::borrow::Cow;

use super::unreadable::Unreadable;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, of an implicit type that is primitive.
pub(super) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
/// `[0]`, explicit, or of an implicit type that is constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

const CONSTRUCTED: u8 = 0x20;
/// A tag number that does not fit the first byte; nothing here has one.
const LONG_TAG: u8 = 0x1f;
const INDEFINITE: u8 = 0x80;

/// A value with its tag.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// What is inside.
    pub(super) fn elements(self) -> Elements<'a> {
        Elements { rest: self.content }
    }

    /// The bytes of an octet string, whichever tag it has.
    pub(super) fn octets(self) -> Result<Cow<'a, [u8]>, Unreadable> {
        if self.tag & CONSTRUCTED == 0 {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut pieces = self.elements();
        let mut whole = Vec::with_capacity(self.content.len());
        while !pieces.is_empty() {
            whole.extend_from_slice(pieces.expect(OCTET_STRING)?.content);
        }
        Ok(Cow::Owned(whole))
    }
}

/// Values that stand one after the other.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Reads `bytes`; what follows the last value that is asked for is ignored.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is inside the first value of `bytes`, whose end may be missing.
    pub(super) fn inside(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        header(bytes).map(|(_, _, rest)| Self { rest })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn next(&mut self) -> Result<Element<'a>, Unreadable> {
        let (tag, length, rest) = header(self.rest)?;
        let (content, rest) = match length {
            Some(length) => rest.split_at_checked(length).ok_or(Unreadable::Damaged)?,
            None => split_indefinite(rest)?,
        };
        self.rest = rest;
        Ok(Element { tag, content })
    }

    /// The next value, which must have `tag`.
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Unreadable> {
        self.optional(tag)?.ok_or(Unreadable::Damaged)
    }

    /// The next value where it has `tag`.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Unreadable> {
        if self.rest.first() == Some(&tag) { self.next().map(Some) } else { Ok(None) }
    }

    /// The next value, an octet string.
    pub(super) fn octets(&mut self) -> Result<Cow<'a, [u8]>, Unreadable> {
        match self.optional(OCTET_STRING | CONSTRUCTED)? {
            Some(element) => element.octets(),
            None => self.expect(OCTET_STRING)?.octets(),
        }
    }

    /// The next value, an integer that is not negative.
    pub(super) fn unsigned(&mut self) -> Result<u64, Unreadable> {
        unsigned(self.expect(INTEGER)?)
    }

    /// The next value, an integer that is not negative, where it is one.
    pub(super) fn optional_unsigned(&mut self) -> Result<Option<u64>, Unreadable> {
        self.optional(INTEGER)?.map(unsigned).transpose()
    }
}

/// A number larger than 64 bits hold becomes the largest: every caller that asks for one has a limit.
fn unsigned(integer: Element<'_>) -> Result<u64, Unreadable> {
    let first = integer.content.first().ok_or(Unreadable::Damaged)?;
    if first & 0x80 != 0 {
        return Err(Unreadable::Damaged);
    }
    let digits = integer.content.iter().skip_while(|digit| **digit == 0);
    let number =
        digits.copied().try_fold(0_u64, |number, digit| Some(number.checked_mul(256)? + u64::from(digit)));
    Ok(number.unwrap_or(u64::MAX))
}

/// A tag, its length (none where it is indefinite), and what follows them.
fn header(bytes: &[u8]) -> Result<(u8, Option<usize>, &[u8]), Unreadable> {
    let [tag, first, rest @ ..] = bytes else {
        return Err(Unreadable::Damaged);
    };
    if tag & LONG_TAG == LONG_TAG {
        return Err(Unreadable::Damaged);
    }
    if *first < INDEFINITE {
        return Ok((*tag, Some(usize::from(*first)), rest));
    }
    if *first == INDEFINITE {
        return if tag & CONSTRUCTED == 0 { Err(Unreadable::Damaged) } else { Ok((*tag, None, rest)) };
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(Unreadable::Damaged)?;
    if digits.len() > 4 {
        return Err(Unreadable::Damaged);
    }
    let length = digits.iter().fold(0, |length, digit| length << 8 | u64::from(*digit));
    Ok((*tag, Some(usize::try_from(length).map_err(|_| Unreadable::Damaged)?), rest))
}

/// Finds where a value of indefinite length ends. It counts instead of calling itself, since the depth is the file's.
fn split_indefinite(bytes: &[u8]) -> Result<(&[u8], &[u8]), Unreadable> {
    let mut rest = bytes;
    let mut open = 1_usize;
    loop {
        let (tag, length, inner) = header(rest)?;
        rest = match (tag, length) {
            (0, Some(0)) => {
                open -= 1;
                if open == 0 {
                    let content = &bytes[..bytes.len() - rest.len()];
                    return Ok((content, inner));
                }
                inner
            }
            (_, Some(length)) => inner.get(length..).ok_or(Unreadable::Damaged)?,
            (_, None) => {
                open += 1;
                inner
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_every_form() {
        let content = |bytes: &[u8]| Elements::new(bytes).next().map(|element| element.content.to_vec()).ok();
        assert_eq!(content(&[4, 1, 7]), Some(vec![7]));
        assert_eq!(content(&[4, 0x82, 0, 1, 7, 9]), Some(vec![7]));
        assert_eq!(
            content(&[0x30, 0x80, 0x24, 0x80, 4, 1, 7, 0, 0, 0, 0]),
            Some(vec![0x24, 0x80, 4, 1, 7, 0, 0])
        );
        for refused in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x85, 0, 0, 0, 0, 0],
            &[4, 0xff],
            &[4, 0x84, 255, 255, 255, 255, 1],
            &[0x1f, 1, 7],
            &[0x30, 0x80, 4, 1, 7, 0],
        ] {
            assert_eq!(content(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn an_octet_string_in_pieces_is_joined() {
        let joined = Elements::new(&[0x24, 0x80, 4, 1, 1, 4, 2, 2, 3, 0, 0]).octets();
        assert_eq!(joined.ok().as_deref(), Some(&[1, 2, 3][..]));
        assert!(Elements::new(&[0x24, 3, 2, 1, 1]).octets().is_err());
    }

    #[test]
    fn a_number_beyond_64_bits_is_the_largest() {
        let number = |bytes: &[u8]| Elements::new(bytes).unsigned().ok();
        assert_eq!(number(&[2, 2, 39, 16]), Some(10_000));
        assert_eq!(number(&[2, 2, 0, 255]), Some(255));
        assert_eq!(number(&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Some(u64::MAX));
        assert_eq!(number(&[2, 1, 255]), None);
        assert_eq!(number(&[2, 0]), None);
    }
}
