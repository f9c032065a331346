use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;

mod decodings;
mod spellings;

fn scrub(secret: &str) -> Scrub {
    Scrub::new([&Secret::new(secret.to_owned())])
}

#[test]
fn masks_a_secret_in_every_spelling() {
    let secret = "p@ss:w/rd?#%'\"\\ü";
    let scrub = scrub(secret);
    for lead in ["", "a", "ab", "abc"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{lead}{secret}tail"));
        let clean = scrub.clean(&format!("x {encoded} y"));
        assert!(clean.contains(MASK), "{lead}: {clean}");
    }
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    assert_eq!(scrub.clean(&format!("a {secret} b {percent} c")), "a *** b *** c");
}

#[test]
fn what_surrounds_a_secret_stays() {
    let scrub = scrub("p@ss w/rd&1");
    for (text, shown) in [
        ("client_secret=p%40ss+w%2Frd%261&grant_type=x", "client_secret=***&grant_type=x"),
        ("the password 'p@ss w/rd&amp;1' is wrong", "the password '***' is wrong"),
        (r#"{"password":"p@ss w\/rd\u00261","user":"ann"}"#, r#"{"password":"***","user":"ann"}"#),
        // One word is masked whole: each of its characters may hold a part of the secret.
        ("Authorization: Basic YW5uOnBAc3Mgdy9yZCYx is wrong", "Authorization: Basic *** is wrong"),
        ("Authorization: Basic YW5uOnBAc3Mgdy9yZCYxIQ== is wrong", "Authorization: Basic *** is wrong"),
        ("it sent \\x704073732077 2f726426 31.", "it sent \\x***."),
        ("p@ss w/rd&1p@ss w/rd&1", "***"),
    ] {
        assert_eq!(scrub.clean(text), shown);
    }
}

#[test]
fn the_signature_of_a_presigned_url_is_a_secret_of_its_own() {
    const URL: &str = "db.example:5432/?Action=connect&X-Amz-Signature=0123456789abcdef0123&x=y";
    let reported = "refused: Action=connect&X-Amz-Signature=0123456789abcdef0123";
    for token in [URL.to_owned(), URL_SAFE_NO_PAD.encode(URL)] {
        assert_eq!(scrub(&token).clean(reported), "refused: Action=connect&X-Amz-Signature=***");
    }
}

#[test]
fn characters_that_another_set_has_not_are_known_by_what_is_left() {
    let scrub = scrub("Straße-für-1");
    let windows: String = "Straße-für-1".bytes().map(char::from).collect();
    for text in
        ["Stra?e-f?r-1", "Stra\u{fffd}e-f\u{fffd}\u{fffd}r-1", "Stra%DFe-f%FCr-1", "STRAßE-FÜR-1", &windows]
    {
        assert_eq!(scrub.clean(&format!("no {text}!")), "no ***!", "{text}");
    }
}

#[test]
fn secrets_that_overlap_are_masked_as_one() {
    let secrets = ["abcdefgh", "efghijkl"].map(|secret| Secret::new(secret.to_owned()));
    assert_eq!(Scrub::new(&secrets).clean("xabcdefghijkly"), "x***y");
}

#[test]
fn ordinary_messages_stay_as_they_are() {
    // From the tables of the probes, where each was seen on a server.
    const MESSAGES: &[&str] = &[
        "password authentication failed for user \"alice\"",
        "no pg_hba.conf entry for host \"192.0.2.7\", user \"alice\", database \"app\", no encryption",
        "sorry, too many clients already",
        "the database system is starting up",
        "unrecognized configuration parameter \"a.b\"",
        "Access denied for user 'alice'@'localhost' (using password: YES)",
        "Host '192.0.2.7' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
        "Your password has expired. To log in you must change it using a client that supports expired passwords",
        "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
        "GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information (Server not found in database)",
        "CN=db.example, O=Company+OU=x, emailAddress=a@b.example",
        "127.0.0.1:8080 answered HTTP 401: {\"error\":\"invalid_client\",\"error_description\":\"Client authentication failed\"}",
        "10.11.19-MariaDB-0+deb12u1",
        "MjU1ZGQ3ZTQtNGE2Zi00",
        "https://api.example/v2/items?filter=name%20eq%20%27a%27&limit=10",
        "C:\\Program Files\\x\\u0041",
    ];
    let secrets = [
        "c4naRy-Pa55-right",
        "correct horse battery staple",
        "Zm9vYmFyYmF6",
        "9f86d081884c7d65",
        "日本語のパスワード",
        "7hK%2B+q",
    ];
    for secret in secrets {
        for message in MESSAGES {
            let words: Vec<_> = message.split_whitespace().collect();
            assert_eq!(scrub(secret).clean(message), words.join(" "));
        }
    }
}

#[test]
fn a_secret_that_is_a_word_is_masked_alone() {
    let message = "password authentication failed for user \"postgres\"";
    assert_eq!(scrub("password").clean(message), "*** authentication failed for user \"postgres\"");
    assert_eq!(scrub("postgres").clean(message), "password authentication failed for user \"***\"");
}

#[test]
fn withholds_a_text_with_a_short_secret() {
    assert_eq!(scrub("cat").clean("concatenate"), "(withheld: it contains the secret)");
    assert_eq!(scrub("cat").clean("a dog"), "a dog");
    assert_eq!(scrub("cat").mask("concatenate"), "concatenate");
    for spelling in ["%63at", "c\0a\0t\0", "Y2F0", "&#99;at", "636174", "\\u0063at", "CAT"] {
        assert_eq!(scrub("cat").clean(spelling), WITHHELD, "{spelling}");
    }
}

#[test]
fn strips_control_characters_and_cuts() {
    assert_eq!(scrub("unused-secret").clean("a\u{1b}[31m\r\nb\u{202e}c"), "a [31m b c");
    assert_eq!(scrub("unused-secret").clean(&"é".repeat(400)).chars().count(), MAX_SHOWN_CHARS + 1);
}

#[test]
fn no_cut_leaves_a_part_of_a_secret() {
    const SECRET: &str = "c4naRy-Pa55-right";
    let escaped: String = SECRET.bytes().map(|byte| format!("%25{byte:02x}")).collect();
    let stretched: String = SECRET.chars().flat_map(|c| [c.to_string(), " ".repeat(300)]).collect();
    for spelling in [SECRET, &escaped, &STANDARD_NO_PAD.encode(&escaped), &stretched] {
        // What comes before is a blank, or a mask: so little is left of it that the end of what is read is shown.
        for filler in [" ", SECRET] {
            for before in (MAX_READ.saturating_sub(spelling.len() + 20)..MAX_READ + 20).step_by(7) {
                let units = before / if filler == SECRET { SECRET.len() } else { 1 };
                let text = filler.repeat(units) + "x".repeat(before % SECRET.len()).as_str() + spelling;
                let clean = scrub(SECRET).clean(&text);
                for part in ["c4naR", "c 4 n", "%25", "JTI1"] {
                    assert!(!clean.contains(part), "{clean}");
                }
            }
        }
    }
}

#[test]
fn a_text_that_takes_too_long_is_withheld() {
    let started = std::time::Instant::now();
    assert_eq!(scrub(&"a".repeat(4000)).clean(&"a".repeat(1 << 20)), WITHHELD);
    let long: String = (0..3000).map(|n| char::from(b'a' + (n * n / 7 % 26) as u8)).collect();
    for hostile in ["%63", "%25%36%33", "Yzc0%2F", "\\x63", "=63"] {
        let _clean = scrub(&long).clean(&hostile.repeat((1 << 20) / hostile.len()));
    }
    for hostile in ["%25", "c+", "&amp;", "\\", "&aaaaaaaaaa", "'", "?", "\\u0063", "%5cx63", "=3D", "Yzc0"] {
        let _clean = scrub("c4naRy-Pa55-right").clean(&hostile.repeat((1 << 20) / hostile.len()));
    }
    // In a build for tests, on a machine that has more to do.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
