use super::*;

const CANARY: &str = "c4n4ry-s3cr3t";

/// A node in one line; texts are shown, for these tests alone.
fn shown(item: &Item) -> String {
    match &item.node {
        Node::Null => "null".to_owned(),
        Node::Boolean(_) => "bool".to_owned(),
        Node::Number(_) => "number".to_owned(),
        Node::PlainScalar(_) => "bare".to_owned(),
        Node::String(text) => format!("{:?}", text.expose()),
        Node::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Node::Map(members) => {
            let members = members.iter().map(|(key, item)| format!("{key}@{}={}", item.line, shown(item)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(" "))
        }
    }
}

fn json(text: &str) -> String {
    reported(Document::parse(text.as_bytes(), Syntax::Json))
}

fn yaml(text: &str) -> String {
    reported(Document::parse(text.as_bytes(), Syntax::Yaml))
}

fn reported(document: Result<Document, DocumentError>) -> String {
    document.map_or_else(|error| error.to_string(), |document| shown(document.root()))
}

#[test]
fn json_keeps_order_duplicates_and_lines() {
    let text = "\u{feff}{\n \"b\": 1,\n \"a\": [\n  true, null, -1.5e3, 18446744073709551615\n ],\n \"b\": {\"c\": \"ä\\n\"},\r\n \"d\":\n\
                2\n}\n";
    assert_eq!(json(text), r#"{b@2=number a@3=[bool null number number] b@6={c@6="ä\n"} d@8=number}"#);
}

#[test]
fn json_mistakes_are_reported_in_words_of_our_own() {
    for (text, expected) in [
        ("{\"a\" 1}", "line 1, column 6: expected a colon after the key"),
        ("[1 2]", "line 1, column 4: expected a comma or the end of the list"),
        ("{\"a\": \"b\"\n \"c\": 1}", "line 2, column 2: expected a comma or the end of the map"),
        ("{\"a\": b}", "line 1, column 7: expected a value"),
        ("{\"a\": nul}", "line 1, column 10: expected true, false or null"),
        ("{a: 1}", "line 1, column 2: expected a key in double quotes"),
        ("[\"\\q\"]", "line 1, column 4: there is no such escape: a backslash in a string is written \\\\"),
        ("[1e999]", "line 1, column 7: the number is out of range: quote it"),
        ("[\"ä\tb\"]", "line 1, column 4: a line break or tab is not allowed in a string: write \\n or \\t"),
        ("[1,]", "line 1, column 4: a comma is not allowed before the end of a list or map"),
        ("{} {}", "line 1, column 4: expected nothing more after the end of the value"),
        ("{\"a\": [\"b", "line 1, column 9: the file ends in the middle of a value"),
        ("[\"\\ud800\"]", "line 1, column 9: this is not valid JSON"),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
}

#[test]
fn yaml_reports_strings_from_bare_words() {
    let text = "a: no\nb: 'no'\nc: \"0123\"\nd: 0123\ne: ~\nf:\ng: |\n  1\nh: !!str 1\ni: 10.0.0.1\nj: {k: [x, null, 1e3]}\n? l\n: m\n";
    assert_eq!(
        yaml(text),
        "{a@1=bare b@2=\"no\" c@3=\"0123\" d@4=bare e@5=null f@6=null g@8=\"1\\n\" h@9=\"1\" i@10=\"10.0.0.1\" \
         j@11={k@11=[\"x\" null bare]} l@13=\"m\"}"
    );
    assert_eq!(yaml("a: {\n  \"b\": \"c\"\n  }\n"), r#"{a@1={b@2="c"}}"#);
    assert_eq!(yaml("{\n\"b\": \"c\"\n}\n"), r#"{b@2="c"}"#);
}

#[test]
fn several_yaml_documents_are_a_list() {
    assert_eq!(yaml("%YAML 1.2\n---\na: b\n"), r#"{a@3="b"}"#);
    assert_eq!(yaml("---\na: b\n---\n- c\n...\n---\n"), r#"[{a@2="b"} ["c"]]"#);
    assert_eq!(yaml("a: b\n---\n"), r#"{a@1="b"}"#);
}

#[test]
fn anchors_stand_for_what_they_name() {
    assert_eq!(
        yaml("a: &x {b: &y c}\nd: *x\ne: [*y, *x]\n*y : f\n"),
        r#"{a@1={b@1="c"} d@1={b@1="c"} e@3=["c" {b@1="c"}] c@4="f"}"#
    );
    assert_eq!(yaml("a: &x [*x]"), "line 1, column 8: the alias is inside the value that it refers to");
    assert_eq!(
        yaml("a: *x"),
        "line 1, column 4: the alias names no anchor before it: a text that begins with * is quoted"
    );
}

#[test]
fn aliases_are_bounded() {
    let laughs = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let nine = vec![format!("*a{}", n - 1); 9].join(", ");
        format!("{text}a{n}: &a{n} [{nine}]\n")
    });
    let tail = ": the aliases expand to more than 100,000 values or 32 MiB";
    assert_eq!(yaml(&laughs), format!("line 6, column 10{tail}"));

    let large = format!("a: &a {}\nb: [{}]\n", "x".repeat(1024 * 1024), ["*a"; 40].join(", "));
    assert_eq!(yaml(&large), format!("line 2, column 133{tail}"));
    let keys = format!("a: &a {}\nb:\n{}", "x".repeat(1000), "  - {*a : 1}\n".repeat(40_000));
    assert!(yaml(&keys).ends_with(tail));

    let chain =
        (1..70).fold("a0: &a0 [x]\n".to_owned(), |text, n| format!("{text}a{n}: &a{n} [*a{}]\n", n - 1));
    assert_eq!(yaml(&chain), "line 64, column 12: lists and maps are nested too deep, more than 64 levels");
}

#[test]
fn nesting_is_bounded() {
    let deep = "[".repeat(100_000);
    assert_eq!(json(&deep), "line 1, column 128: lists and maps are nested too deep, more than 127 levels");
    let tail = ": lists and maps are nested too deep, more than 64 levels";
    assert_eq!(yaml(&deep), format!("line 1, column 256{tail}"));
    assert_eq!(yaml(&"- ".repeat(100_000)), format!("line 1, column 129{tail}"));
    assert_eq!(yaml(&"? ".repeat(100_000)), format!("line 1, column 129{tail}"));
    assert_eq!(yaml(&format!("{}{}", "[".repeat(65), "]".repeat(65))), format!("line 1, column 65{tail}"));
    assert!(yaml(&format!("{}{}", "[".repeat(64), "]".repeat(64))).starts_with("[["));
}

#[test]
fn values_are_bounded() {
    let many = format!("[{}0]", "0,".repeat(1_000_000));
    assert!(json(&many).ends_with("there are more than 1,000,000 values: split the file"));
}

#[test]
fn yaml_mistakes_are_reported_in_words_of_our_own() {
    let tab = "a tab is not allowed here: indent with spaces";
    let colon = "a colon is not allowed here: quote the value, or check the indentation";
    let bracket = "a bracket is not allowed here: quote the value";
    let indented = "this line is not indented like those it belongs to";
    let between =
        "between brackets every line is indented deeper than the key before them, the closing one too";
    let quoted = "the quoted text that begins here has no end, or goes on with less indentation";
    let key = "expected a key that is a string: a value that begins with a bracket is quoted";
    let escape =
        r"there is no such escape: in double quotes a backslash is written \\, in single quotes as it is";
    let tag = "the only YAML tag here is !!str: remove the tag";
    for (text, place, reason) in [
        ("a:\n\tb: c\n", (2, 1), tab),
        ("a:\n  b: c\n\td: e\n", (3, 1), tab),
        ("a:\n  - b\n \t- c\n", (3, 2), tab),
        ("a: b: c\n", (1, 5), colon),
        ("a: b\n c: d\n", (2, 3), colon),
        ("a: [1, 2\nb: c\n", (2, 2), "a colon is not allowed here: is a bracket before it not closed?"),
        ("a: \"b\nc: d\n", (1, 4), quoted),
        ("a: 'b\n", (1, 4), quoted),
        ("a: \"b\" c\n", (1, 8), "expected nothing more behind the quoted text"),
        ("a: @b\n", (1, 4), "a bare text can't begin with @, ` or %: quote it"),
        ("a: \"\\q\"\n", (1, 4), escape),
        ("a: &\n", (1, 4), "expected the name of an anchor: a text that begins with & or * is quoted"),
        ("a: ]\n", (1, 4), bracket),
        ("a: {b: c]\n", (1, 9), "expected a comma or the end of the map"),
        ("a: ,\n", (1, 4), "expected a value: one that begins with a comma or bracket is quoted"),
        ("a: {b: c\n", (1, 9), "the file ends in the middle of a list or map"),
        ("a: - b\n", (1, 4), "a list can't begin on this line: put it on the next one"),
        ("a: b\nc\n", (2, 2), "expected a colon and a space after the key"),
        ("a: b #c\n d\n", (1, 6), "a comment is not allowed in the middle of a text"),
        ("a:\n  - b\n c: d\n", (3, 2), indented),
        ("- a\nb: c\n", (2, 1), indented),
        ("  a: b\nc: d\n", (2, 1), indented),
        ("a: {\n  \"b\": \"c\"\n}\n", (3, 1), between),
        ("- a: [\n  b\n    ]\n", (2, 3), between),
        ("a: !foo b\n", (1, 4), tag),
        ("a: !!int 3\n", (1, 4), tag),
        ("a: !!map {}\n", (1, 4), tag),
        ("a: !x!y b\n", (1, 4), tag),
        ("a: !!str []\n", (1, 4), tag),
        ("a: &a {}\nb:\n  <<: *a\n", (3, 3), "merge keys are not supported: write the members out"),
        ("a: b\nno: c\n", (2, 1), "expected a key that is a string: quote it"),
        ("[a]: b\n", (1, 1), key),
        ("a: {{b}}\n", (1, 5), key),
    ] {
        let (line, column) = place;
        assert_eq!(yaml(text), format!("line {line}, column {column}: {reason}"), "{text:?}");
    }
    assert_eq!(yaml("'<<': a"), r#"{<<@1="a"}"#);
}

#[test]
fn nothing_is_an_empty_file() {
    for text in ["", " \n\t\n", "\u{feff}", "# only a comment\n", "---\n", "---\n...\n---\n# nothing\n"] {
        assert_eq!(yaml(text), "the file is empty", "{text:?}");
    }
    assert_eq!(json("\n"), "the file is empty");
}

#[test]
fn what_is_no_text_is_reported_with_its_place() {
    for syntax in [Syntax::Json, Syntax::Yaml] {
        let parse = |text: &[u8]| reported(Document::parse(text, syntax));
        assert_eq!(
            parse(b"\"\xc3\xa4\n\xe2\x82\xac\xff"),
            "line 2, column 2: the file is not UTF-8: save it as UTF-8"
        );
        assert_eq!(parse(b"\xff\xfe{\0}\0"), "line 1, column 1: the file is UTF-16: save it as UTF-8");
        assert_eq!(
            parse(b"{\n \0}"),
            "line 2, column 2: there is a NUL character: is it a text file in UTF-8?"
        );
    }
}

#[test]
fn debug_shows_no_text() {
    let text = format!("[\"{CANARY}\", {{\"a\": \"{CANARY}\"}}]");
    for syntax in [Syntax::Json, Syntax::Yaml] {
        let document = Document::parse(text.as_bytes(), syntax).expect("a document");
        assert!(!format!("{document:?}").contains(CANARY));
    }
}

/// A generator with a fixed seed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % below
    }
}

#[test]
fn no_input_makes_it_panic_or_tell_a_value() {
    const SEEDS: [&str; 5] = [
        "{\"ConnectionType\": \"JDBC\", \"ConnectionProperties\": {\"PASSWORD\": \"c4n4ry-s3cr3t\", \"PORT\": [1.5e3, null, \
         true]}}",
        "- ConnectionType: JDBC\n  ConnectionProperties:\n    PASSWORD: 'c4n4ry-s3cr3t'\n    X: &a \"c4n4ry-s3cr3t\\n\"\n    Y: *a\n",
        "%YAML 1.2\n---\n? a\n: |+\n  c4n4ry-s3cr3t\n...\n---\n- !!str b\n- >-\n c4n4ry-s3cr3t\n# c\n",
        "{a: [c4n4ry-s3cr3t, {b: &x ~}], *x : c4n4ry-s3cr3t, \"c\": <<}\r\n",
        "\u{feff}a:\n\t- c4n4ry-s3cr3t: c4n4ry-s3cr3t\n  - c4n4ry-s3cr3t\n",
    ];
    const PIECES: [&str; 24] = [
        "{", "}", "[", "]", ",", ":", ": ", "- ", "? ", "\"", "'", "\\", "\n", "\r", "\t", "#", "&a ", "*a ",
        "!", "|\n", ">", "%", "---\n", "\u{85}é",
    ];
    let mut dice = Dice(7);
    for _ in 0..6_000 {
        let mut text = SEEDS[dice.roll(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(text.len() + 1);
            match dice.roll(4) {
                0 => text.truncate(at),
                1 => drop(text.drain(at..(at + dice.roll(9)).min(text.len()))),
                2 => drop(text.splice(at..at, PIECES[dice.roll(PIECES.len())].bytes())),
                _ => text.insert(at, u8::try_from(dice.roll(256)).expect("a byte")),
            }
        }
        for syntax in [Syntax::Json, Syntax::Yaml] {
            match Document::parse(&text, syntax) {
                Ok(document) => {
                    if let Err(mistakes) = crate::glue::read(&document) {
                        assert!(!mistakes.is_empty());
                    }
                }
                Err(error) => {
                    assert!(
                        !format!("{error:?}{error}").contains("c4n4ry"),
                        "{:?}",
                        String::from_utf8_lossy(&text)
                    );
                }
            }
        }
    }
}

#[test]
fn noise_does_not_make_it_panic() {
    let mut dice = Dice(11);
    let alphabet = b"{}[],:-?\"'\\\n\r\t #&*!|>%@`~<=.0123abe\xc3\xa4\xff\0";
    for _ in 0..6_000 {
        let text: Vec<u8> = (0..dice.roll(60)).map(|_| alphabet[dice.roll(alphabet.len())]).collect();
        for syntax in [Syntax::Json, Syntax::Yaml] {
            if let Ok(document) = Document::parse(&text, syntax) {
                match crate::glue::read(&document) {
                    Ok(read) => assert!(!read.requests.is_empty()),
                    Err(mistakes) => assert!(!mistakes.is_empty()),
                }
            }
        }
    }
}
