//! Against a file that `ktutil` of MIT Kerberos 1.20 wrote, and others made here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const DAMAGED: &str = "the keytab is truncated or damaged";

/// Keys of the passwords `canary-1` to `canary-5`: alice@EXAMPLE.COM (versions 3 and 300, of two encryption types),
/// kafka/b-1.example@EXAMPLE.COM, alice@OTHER.EXAMPLE, bob@EXAMPLE.COM.
fn genuine() -> Vec<u8> {
    let base64 = "BQIAAABHAAEAC0VYQU1QTEUuQ09NAAVhbGljZQAAAAFrB1dtAwASACBJFpXjyF2bPGgWxXWk75f+qJ5hA6/h5QjBiBdOXK8SJAAA\
                  AAMAAAA3AAEAC0VYQU1QTEUuQ09NAAVhbGljZQAAAAFrB1dtLAATABAqoM+ie59UritaBF7mvwj9AAABLAAAAFQAAgALRVhBTVBM\
                  RS5DT00ABWthZmthAAtiLTEuZXhhbXBsZQAAAAFrB1dtAQAUACDBK/tgiGK8JMhFTyspwr1KLQATBtuj/hUSJrEnpTae/wAAAAEA\
                  AABJAAEADU9USEVSLkVYQU1QTEUABWFsaWNlAAAAAWsHV20BABIAIHJBS+AYWhWuP5Hhh3KmTg2Y/Z9RoWVtMNks/PwHfVA3AAAA\
                  AQAAAEUAAQALRVhBTVBMRS5DT00AA2JvYgAAAAFrB1dtAQASACCTt5CEMnuIUrWEaEPxG/h1Zm0+HlqGsmkSRwlAK9a9WAAAAAE=";
    STANDARD.decode(base64).unwrap()
}

/// Where each entry of [`genuine`] begins, and the file ends.
const PLACES: [usize; 6] = [2, 77, 136, 224, 301, 374];

/// The genuine entries at these places of the file, under its first two bytes.
fn genuine_entries(which: &[usize]) -> Vec<u8> {
    let file = genuine();
    let entries = which.iter().flat_map(|&place| &file[PLACES[place]..PLACES[place + 1]]);
    [MAGIC, 2].iter().chain(entries).copied().collect()
}

/// An entry of one key, `canary`, as `version` has it.
fn entry(version: Version, realm: &str, components: &[&str], vno: u8, behind: &[u8]) -> Vec<u8> {
    let short = |number: usize| {
        let number = u16::try_from(number).unwrap();
        if matches!(version, Version::One(Order::Little)) {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    };
    let long = |number: usize| {
        let number = u32::try_from(number).unwrap();
        if matches!(version, Version::One(Order::Little)) {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    };
    let counted = |text: &str| [&short(text.len()), text.as_bytes()].concat();
    let is_first = matches!(version, Version::One(_));
    let content = [
        short(components.len() + usize::from(is_first)).to_vec(),
        counted(realm),
        components.iter().flat_map(|component| counted(component)).collect(),
        if is_first { Vec::new() } else { long(1).to_vec() },
        long(0x6b07_576d).to_vec(),
        vec![vno],
        short(18).to_vec(),
        counted("canary"),
        behind.to_vec(),
    ]
    .concat();
    [&long(content.len()), content.as_slice()].concat()
}

fn refused(file: &[u8], principal: &str) -> (String, Option<String>) {
    let failure = read(file, principal).unwrap_err();
    assert_eq!(failure.code, Code::FileInvalid);
    assert!(!format!("{failure:?}").contains("canary"));
    (failure.detail, failure.hints.into_iter().next().map(Into::into))
}

#[test]
fn a_principal_has_its_keys_alone_and_all_of_them() {
    for (principal, entries) in [
        ("alice@EXAMPLE.COM", [0, 1].as_slice()),
        ("kafka/b-1.example@EXAMPLE.COM", &[2]),
        ("kafka/b-1.example", &[2]),
        ("alice@OTHER.EXAMPLE", &[3]),
        ("bob", &[4]),
    ] {
        let keytab = read(&genuine(), principal).unwrap();
        assert_eq!(keytab.expose(), genuine_entries(entries), "{principal}");
        assert_eq!(format!("{keytab:?}"), "<keytab>");
    }
}

#[test]
fn without_its_realm_a_principal_must_be_one() {
    let (detail, hint) = refused(&genuine(), "alice");
    assert_eq!(
        detail,
        "the keytab contains keys of several principals of that name: alice@EXAMPLE.COM, alice@OTHER.EXAMPLE"
    );
    assert_eq!(hint.as_deref(), Some("add @REALM to the principal"));
    assert_eq!(read(&genuine_entries(&[0, 1, 2]), "alice").unwrap().expose(), genuine_entries(&[0, 1]));
}

#[test]
fn whose_keys_there_are_is_reported() {
    for principal in
        ["Alice@EXAMPLE.COM", "alice@example.com", "alice/admin@EXAMPLE.COM", "kafka@EXAMPLE.COM"]
    {
        let (detail, hint) = refused(&genuine(), principal);
        assert_eq!(
            detail,
            "the keytab does not contain a key of the principal; it contains keys of alice@EXAMPLE.COM, kafka/b-1.example@EXAMPLE.COM, \
             alice@OTHER.EXAMPLE, bob@EXAMPLE.COM"
        );
        assert!(hint.unwrap().starts_with("correct the principal, which counts upper and lower case"));
    }
    let many: Vec<u8> =
        (0..9).flat_map(|number| entry(Version::Two, "R", &[&format!("user{number}")], 1, b"")).collect();
    assert_eq!(
        refused(&[&[MAGIC, 2], many.as_slice()].concat(), "alice").0,
        "the keytab does not contain a key of the principal; it contains keys of user0@R, user1@R, user2@R, user3@R and others"
    );
    assert_eq!(
        refused(&[MAGIC, 2], "alice").0,
        "the keytab does not contain a key of the principal; it contains keys of nobody"
    );
}

#[test]
fn a_malformed_principal_is_reported() {
    for principal in ["", "alice@", "a@B@C", r"alice\"] {
        let (detail, hint) = refused(&genuine(), principal);
        assert_eq!(detail, "the principal whose keys are looked for is malformed");
        assert_eq!(hint.as_deref(), Some("spell it as name@REALM or service/host@REALM"));
    }
}

#[test]
fn separators_in_a_name_are_escaped() {
    let file = [&[MAGIC, 2], entry(Version::Two, "R", &["a/b", "c@d"], 7, b"").as_slice()].concat();
    assert!(read(&file, r"a\/b/c\@d@R").is_ok());
    assert_eq!(
        refused(&file, "a/b").0,
        r"the keytab does not contain a key of the principal; it contains keys of a\/b/c\@d@R"
    );
}

#[test]
fn both_byte_orders_of_the_first_version_are_read() {
    let expected = entry(Version::Two, "EXAMPLE.COM", &["kafka", "b-1"], 7, &[0, 0, 0, 7]);
    for order in [Order::Little, Order::Big] {
        let own = entry(Version::One(order), "EXAMPLE.COM", &["kafka", "b-1"], 7, b"");
        let other = entry(Version::One(order), "EXAMPLE.COM", &["alice"], 7, b"");
        let file = [&[MAGIC, 1], other.as_slice(), &own].concat();
        let keytab = read(&file, "kafka/b-1@EXAMPLE.COM").unwrap();
        assert_eq!(keytab.expose(), [&[MAGIC, 2], expected.as_slice()].concat());
    }
}

#[test]
fn a_key_has_its_whole_version_where_the_file_does() {
    let expected = |version: u32| {
        let low = version.to_be_bytes()[3];
        [&[MAGIC, 2], entry(Version::Two, "R", &["alice"], low, &version.to_be_bytes()).as_slice()].concat()
    };
    for (behind, version) in [
        (b"".as_slice(), 7),
        (&[0, 0, 0, 0], 7),
        (&[1, 2, 3], 7),
        (&[0, 0, 1, 7], 0x107),
        // Flags, which no login needs.
        (&[0, 0, 0, 7, 0, 0, 0, 1], 7),
    ] {
        let file = [&[MAGIC, 2], entry(Version::Two, "R", &["alice"], 7, behind).as_slice()].concat();
        assert_eq!(read(&file, "alice@R").unwrap().expose(), expected(version), "{behind:?}");
    }
}

#[test]
fn deleted_entries_and_unused_room_are_passed_over() {
    let mut file = genuine();
    // As ktutil and kadmin delete: the size in the negative, the rest overwritten.
    let length = PLACES[1] - PLACES[0] - 4;
    file[2..6].copy_from_slice(&(-i32::try_from(length).unwrap()).to_be_bytes());
    file[6..6 + length].fill(0);
    file.extend([0; 64]);
    assert_eq!(read(&file, "alice@EXAMPLE.COM").unwrap().expose(), genuine_entries(&[1]));
}

#[test]
fn a_key_of_no_bytes_is_none() {
    let mut file = genuine_entries(&[0, 4]);
    // Its length, and the key out.
    let place = PLACES[1] - 4 - 32;
    file[place - 1] = 0;
    file.drain(place..place + 32);
    file[5] -= 32;
    assert_eq!(
        refused(&file, "alice@EXAMPLE.COM").0,
        "the keytab does not contain a key of the principal; it contains keys of bob@EXAMPLE.COM"
    );
}

#[test]
fn what_is_not_a_keytab_is_named() {
    let named = |file: &[u8]| refused(file, "alice@R").0;
    assert_eq!(named(b""), "expected a keytab, and found an empty file");
    assert_eq!(named(STANDARD.encode(genuine()).as_bytes()), "expected a keytab, and found base64");
    assert_eq!(named(&[5, 4, 0, 12, 0, 1]), "expected a keytab, and found a cache of tickets");
    assert_eq!(named(b"[libdefaults]\n"), "expected a keytab, and found a text");
    for other in [[5, 0].as_slice(), &[0xfe, 0xed, 0xfe, 0xed], &[5]] {
        let found = named(other);
        assert!(found == "expected a keytab, and found something else" || other == [5], "{found}");
    }
    let hint = |file: &[u8]| refused(file, "alice@R").1.unwrap();
    assert_eq!(hint(b"BQIAAABH"), "a keytab is binary: decode it (base64 -d)");
    assert!(hint(&[5, 4, 0, 12]).starts_with("tickets expire: export the principal's keys instead"));
}

#[test]
fn a_truncated_keytab_is_damaged_wherever_it_ends() {
    let file = genuine();
    for length in 2..file.len() {
        let read = read(&file[..length], "bob@EXAMPLE.COM");
        let detail = read.unwrap_err().detail;
        // Between two entries nothing shows.
        let expected = if PLACES.contains(&length) { "the keytab does not contain a key" } else { DAMAGED };
        assert!(detail.starts_with(expected), "up to {length}: {detail}");
    }
}

#[test]
fn no_size_is_believed() {
    for size in [i32::MAX, i32::MIN, -1, 1, -0x7fff_ffff] {
        for version in [1, 2] {
            for behind in [b"".as_slice(), &[0xff; 32]] {
                let file = [&[MAGIC, version], size.to_be_bytes().as_slice(), behind].concat();
                let (detail, _) = refused(&file, "alice@R");
                assert!(detail == DAMAGED || detail.ends_with("nobody"), "{size}: {detail}");
            }
        }
    }
}

#[test]
fn no_mutation_panics_or_shows_a_key() {
    let mut random = fixtures::Mutations::default();
    let first =
        [&[MAGIC, 1], entry(Version::One(Order::Little), "R", &["alice"], 1, b"").as_slice()].concat();
    for file in [genuine(), first] {
        let mut read_anyway = 0;
        for _ in 0..20_000 {
            match read(&random.mutate(&file), "alice@R") {
                // What is written can be read again, and is the same.
                Ok(keytab) => {
                    read_anyway += 1;
                    assert_eq!(read(keytab.expose(), "alice@R").unwrap().expose(), keytab.expose());
                }
                Err(failure) => {
                    assert_eq!(failure.code, Code::FileInvalid);
                    assert!(!failure.detail.contains("canary"), "{}", failure.detail);
                }
            }
            let mut bytes = random.bytes();
            let _whatever = read(&bytes, "alice@R");
            bytes.splice(..0, [MAGIC, 2]);
            let _whatever = read(&bytes, "alice@R");
        }
        assert!(read_anyway < 20_000);
    }
}
