//! The first request of a login, which holds nothing secret (RFC 4120, 5.4.1): whether a KDC answers by UDP is seen by its answer.

use crate::enctype::Enctype;

/// `AS-REQ` by the principal of these name components for a ticket of `realm`, in DER.
pub(super) fn as_req(components: &[Vec<u8>], realm: &str, types: &[Enctype]) -> Vec<u8> {
    let components: Vec<&[u8]> = components.iter().map(Vec::as_slice).collect();
    let types: Vec<u8> = types.iter().flat_map(|one| integer(&one.number().to_be_bytes()[1..])).collect();
    let body = [
        // renewable-ok, as Java has it.
        field(0, &der(BIT_STRING, &[0, 0, 0, 0, 0x10])),
        field(1, &name(NAME_OF_A_PRINCIPAL, &components)),
        field(2, &der(GENERAL_STRING, realm.as_bytes())),
        field(3, &name(NAME_OF_A_SERVICE, &[b"krbtgt", realm.as_bytes()])),
        field(5, &der(GENERALIZED_TIME, b"20370913024805Z")),
        // The answer is of no use to anybody; it is as long as Java's.
        field(7, &integer(&[1, 0, 0, 0])),
        field(8, &der(SEQUENCE, &types)),
    ];
    let request =
        [field(1, &integer(&[5])), field(2, &integer(&[10])), field(4, &der(SEQUENCE, &body.concat()))];
    der(AS_REQ, &der(SEQUENCE, &request.concat()))
}

/// Whether `datagram` is what a KDC says to that: a ticket, or an error, such as one that asks for the proof of the key.
pub(super) fn is_answer(datagram: &[u8]) -> bool {
    matches!(datagram, [AS_REP | KRB_ERROR, ..])
}

const AS_REQ: u8 = 0x6a;
const AS_REP: u8 = 0x6b;
const KRB_ERROR: u8 = 0x7e;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const GENERALIZED_TIME: u8 = 0x18;
const GENERAL_STRING: u8 = 0x1b;
const SEQUENCE: u8 = 0x30;

const NAME_OF_A_PRINCIPAL: u8 = 1;
const NAME_OF_A_SERVICE: u8 = 2;

fn name(kind: u8, components: &[&[u8]]) -> Vec<u8> {
    let components: Vec<u8> =
        components.iter().flat_map(|component| der(GENERAL_STRING, component)).collect();
    der(SEQUENCE, &[field(0, &integer(&[kind])), field(1, &der(SEQUENCE, &components))].concat())
}

/// One that is not negative, and below 128 in its first byte.
fn integer(bytes: &[u8]) -> Vec<u8> {
    der(INTEGER, bytes)
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    der(0xa0 | number, content)
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes() {
        [0, short @ ..0x80] => vec![short],
        [0, long] => vec![0x81, long],
        // Names of principals are shorter than 64 KiB, or make a request that no KDC answers.
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], length.as_slice(), content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Java 17 sent as many bytes to the KDC of that realm, and what is longer than `udp_preference_limit` goes by TCP.
    #[test]
    fn a_request_is_as_long_as_javas() {
        let types = [Enctype::Aes256, Enctype::Aes128, Enctype::Aes256Sha2];
        assert_eq!(as_req(&[b"alice".to_vec()], "TEST.LOCAL", &types).len(), 136);
    }

    #[test]
    fn lengths_are_written_in_the_fewest_bytes() {
        for (length, expected) in [
            (127, [4, 127].as_slice()),
            (128, &[4, 0x81, 128]),
            (255, &[4, 0x81, 255]),
            (256, &[4, 0x82, 1, 0]),
        ] {
            assert!(der(4, &vec![0; length]).starts_with(expected), "{length}");
        }
    }
}
