use super::*;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text behind its length in one byte.
fn short(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.encode_utf16().count()).unwrap();
    [vec![length], utf16(text)].concat()
}

/// A text behind its length in two bytes.
fn long(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.encode_utf16().count()).unwrap();
    [length.to_le_bytes().to_vec(), utf16(text)].concat()
}

/// A token with its length in two bytes.
fn token(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    [&[kind], &length.to_le_bytes()[..], body].concat()
}

fn error(number: i32, class: u8, message: &str) -> Vec<u8> {
    let head = [&number.to_le_bytes()[..], &[1, class]].concat();
    token(0xaa, &[head, long(message), short("DB"), short(""), 1_i32.to_le_bytes().to_vec()].concat())
}

fn accepted() -> Vec<u8> {
    let head = vec![1, 0x74, 0, 0, 4];
    token(0xad, &[head, short("Microsoft SQL Server"), vec![16, 0, 0x10, 0x27]].concat())
}

fn change(kind: u8, new: &str, old: &str) -> Vec<u8> {
    token(0xe3, &[vec![kind], short(new), short(old)].concat())
}

fn routing(host: &str, port: u16) -> Vec<u8> {
    let value = [vec![0], port.to_le_bytes().to_vec(), long(host)].concat();
    let length = u16::try_from(value.len()).unwrap().to_le_bytes();
    token(0xe3, &[vec![20], length.to_vec(), value, vec![0, 0]].concat())
}

fn done() -> Vec<u8> {
    [vec![0xfd], vec![0; 12]].concat()
}

/// COLMETADATA and ROW of `SELECT 1, user, NULL, version`, the last of type nvarchar(max).
fn rows() -> Vec<u8> {
    let column = |kind: &[u8]| [&[0; 6], kind, &[0]].concat();
    let nvarchar = |length: u16| [&[0xe7], &length.to_le_bytes()[..], &[9, 4, 0xd0, 0, 0x34]].concat();
    let columns =
        [column(&[0x38]), column(&nvarchar(256)), column(&nvarchar(256)), column(&nvarchar(0xffff))];
    let user = utf16("alice");
    let version = utf16("Microsoft SQL Server 2022");
    let length = u64::try_from(version.len()).unwrap();
    let part = u32::try_from(version.len()).unwrap();
    [
        vec![0x81, 4, 0],
        columns.concat(),
        vec![0xd1, 1, 0, 0, 0],
        u16::try_from(user.len()).unwrap().to_le_bytes().to_vec(),
        user,
        vec![0xff, 0xff],
        length.to_le_bytes().to_vec(),
        part.to_le_bytes().to_vec(),
        version,
        vec![0; 4],
    ]
    .concat()
}

#[test]
fn an_accepted_login_says_where_the_session_is() {
    let information = token(0xab, &error(5701, 0, "Changed database context")[3..]);
    let parts = [
        change(1, "orders", "master"),
        information,
        accepted(),
        change(13, "DB2", ""),
        change(4, "4096", "4096"),
        done(),
    ];
    let answer = Answer::read(parts.concat());
    assert!(answer.is_whole && answer.errors.is_empty());
    assert_eq!(answer.accepted_by.as_deref(), Some("Microsoft SQL Server"));
    assert_eq!(answer.database.as_deref(), Some("orders"));
    assert_eq!(answer.failover_partner.as_deref(), Some("DB2"));
    assert_eq!(answer.routing, None);
}

#[test]
fn a_login_may_be_routed() {
    let answer = Answer::read([accepted(), routing("node7.example", 11000), done()].concat());
    assert!(answer.is_whole);
    assert_eq!(answer.routing, Some(("node7.example".to_owned(), 11000)));
}

#[test]
fn all_errors_count_also_where_the_rest_is_cut_off() {
    let whole = [error(4060, 11, "Cannot open"), error(18456, 14, "Login failed"), done()].concat();
    let cut = whole[..whole.len() - 5].to_vec();
    for (message, is_whole) in [(whole, true), (cut, false)] {
        let answer = Answer::read(message);
        let errors = answer.server_errors();
        let errors: Vec<_> = errors.iter().map(|error| (error.number, error.state)).collect();
        assert_eq!(errors, [(4060, 1), (18456, 1)]);
        assert_eq!(answer.is_whole, is_whole);
    }
}

#[test]
fn the_first_row_is_read() {
    let answer = Answer::read([rows(), done()].concat());
    assert!(answer.is_whole);
    let expected = ["1", "alice", "", "Microsoft SQL Server 2022"];
    let expected = expected.map(|value| Some(value.to_owned()).filter(|value| !value.is_empty()));
    assert_eq!(answer.row, Some(expected.to_vec()));
}

#[test]
fn errors_without_end_are_not_all_kept() {
    let message = error(18456, 14, "Login failed").repeat(1000);
    assert_eq!(Answer::read(message).errors.len(), MAX_ERRORS);
}

/// A million answers, each a good one with bytes changed, cut off or added.
#[test]
fn no_answer_makes_it_panic() {
    const SEED: u64 = 21;
    println!("seed {SEED}");
    let mut random = fastrand::Rng::with_seed(SEED);
    let good = [
        [change(1, "orders", "master"), accepted(), done()].concat(),
        [error(4060, 11, "Cannot open"), error(18456, 14, "Login failed"), done()].concat(),
        [accepted(), routing("node7.example", 11000), done()].concat(),
        [rows(), done()].concat(),
    ];
    for round in 0..1_000_000 {
        let mut message = good[round % good.len()].clone();
        for _ in 0..random.usize(1..5) {
            match random.u8(0..4) {
                0 | 1 if !message.is_empty() => {
                    let place = random.usize(..message.len());
                    message[place] = random.u8(..);
                }
                2 => message.truncate(random.usize(..=message.len())),
                _ => message.insert(random.usize(..=message.len()), random.u8(..)),
            }
        }
        // Whether it can be read is its own affair.
        let _answer = Answer::read(message);
    }
}
