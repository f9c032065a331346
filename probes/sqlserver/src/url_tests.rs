use probe_contract::{Properties, Reader};

use super::*;

const SEED: u64 = 0x0053_514c_5345_5256;

/// What is read, and the mistakes.
fn read(url: &str) -> (Url, Vec<String>) {
    read_template(Template::plain(url))
}

fn read_template(url: Template) -> (Url, Vec<String>) {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let url = Url::parse(&UrlAddress { property: "JDBC_CONNECTION_URL", url }, &mut reader);
    let mistakes = reader.mistakes().iter().map(ToString::to_string).collect();
    (url, mistakes)
}

fn values(url: &str) -> Vec<(&'static str, String)> {
    let (url, mistakes) = read(url);
    assert_eq!(mistakes, Vec::<String>::new());
    url.values().map(|(name, value)| (name, value.to_owned())).collect()
}

/// Where it leads, or what is wrong with that.
fn place(url: &str) -> Result<(String, Option<String>), Vec<String>> {
    let (url, mistakes) = read(url);
    assert_eq!(mistakes, Vec::<String>::new());
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let place = url.endpoint(1433, &mut reader);
    let mistakes: Vec<String> = reader.mistakes().iter().map(ToString::to_string).collect();
    match place {
        Some((endpoint, instance)) if mistakes.is_empty() => Ok((endpoint.to_string(), instance)),
        Some(_) | None => Err(mistakes),
    }
}

/// mssql-jdbc dialed each of them there.
#[test]
fn every_form_leads_to_its_host_and_port() {
    for (url, endpoint, instance) in [
        ("jdbc:sqlserver://db.example:1444;databaseName=x", "db.example:1444", None),
        ("jdbc:sqlserver://db.example", "db.example:1433", None),
        ("jdbc:sqlserver://db.example;", "db.example:1433", None),
        ("jdbc:sqlserver:// db.example : 1444 ", "db.example:1444", None),
        ("jdbc:sqlserver://db.example: 1444 ;databaseName=x", "db.example:1444", None),
        ("jdbc:sqlserver://db.example:+1444", "db.example:1444", None),
        ("jdbc:sqlserver://db.example:0", "db.example:1433", None),
        ("jdbc:sqlserver://;serverName=db.example;port=1444", "db.example:1444", None),
        ("jdbc:sqlserver://;server=db.example;portNumber=1444", "db.example:1444", None),
        ("jdbc:sqlserver://a.example:1;SERVERNAME=db.example;Port=1444", "db.example:1444", None),
        ("jdbc:sqlserver://db.example:1;port=2;portNumber=1444", "db.example:1444", None),
        ("jdbc:sqlserver://;serverName=::1;port=1444", "[::1]:1444", None),
        ("jdbc:sqlserver://;serverName=[::1];port=1444", "[::1]:1444", None),
        ("jdbc:sqlserver://;serverName={::1};port=1444", "[::1]:1444", None),
        ("jdbc:sqlserver://db.example\\inst", "db.example:1433", Some("inst")),
        ("jdbc:sqlserver://db.example\\Inst", "db.example:1433", Some("Inst")),
        ("jdbc:sqlserver://db.example\\Inst;", "db.example:1433", Some("inst")),
        ("jdbc:sqlserver://db.example;instanceName=Inst;", "db.example:1433", Some("Inst")),
        ("jdbc:sqlserver://db.example\\inst:0", "db.example:1433", Some("inst")),
        ("jdbc:sqlserver://db.example\\inst:1444", "db.example:1444", None),
        ("jdbc:sqlserver://db.example\\:1444", "db.example:1444", None),
        ("jdbc:sqlserver://db.example:1444;instanceName=inst", "db.example:1444", None),
        ("jdbc:sqlserver://db.example;instanceName=inst", "db.example:1433", Some("inst")),
        ("jdbc:sqlserver://db.example\\one;instanceName=two", "db.example:1433", Some("two")),
        ("jdbc:sqlserver://;serverName=db.example\\inst", "db.example:1433", Some("inst")),
        ("jdbc:sqlserver://;serverName=db.example\\one;instanceName=two", "db.example:1433", Some("two")),
        ("jdbc:sqlserver://;serverName=db.example\\inst;port=1444", "db.example:1444", None),
    ] {
        assert_eq!(place(url), Ok((endpoint.to_owned(), instance.map(str::to_owned))), "{url}");
    }
}

/// It refused the ports, found no such hosts, and took an absent host for its own machine, where no job has a server.
#[test]
fn what_leads_nowhere_is_a_mistake() {
    const HOST: &str = "JDBC_CONNECTION_URL: expected a host name or an IP address";
    const PORT: &str = "JDBC_CONNECTION_URL: expected a port from 1 to 65535";
    for (url, expected) in [
        ("jdbc:sqlserver://", HOST),
        ("jdbc:sqlserver://;", HOST),
        ("jdbc:sqlserver://;databaseName=x", HOST),
        ("jdbc:sqlserver://:1444", HOST),
        ("jdbc:sqlserver://\\inst:1444", HOST),
        ("jdbc:sqlserver:///db.example:1444", HOST),
        ("jdbc:sqlserver://db example:1444", HOST),
        ("jdbc:sqlserver://db.example,1444", HOST),
        ("jdbc:sqlserver://b\u{fc}cher:1444", HOST),
        ("jdbc:sqlserver://db.example=x:1444", HOST),
        (
            "jdbc:sqlserver://db.example;serverName=",
            "JDBC_CONNECTION_URL;serverName: expected a host name or an IP address",
        ),
        ("jdbc:sqlserver://db.example:70000", PORT),
        ("jdbc:sqlserver://db.example:abc", PORT),
        ("jdbc:sqlserver://db.example:-1", PORT),
        ("jdbc:sqlserver://db.example:", PORT),
        ("jdbc:sqlserver://db.example:;databaseName=x", PORT),
        ("jdbc:sqlserver://db.example:1444/db", PORT),
        ("jdbc:sqlserver://db.example:1444?x=y", PORT),
        ("jdbc:sqlserver://db.example:1444\\inst", PORT),
        (
            "jdbc:sqlserver://db.example:1444;port=",
            "JDBC_CONNECTION_URL;portNumber: expected a port from 1 to 65535",
        ),
        ("jdbc:sqlserver://db.example\\", "JDBC_CONNECTION_URL: expected the name of an instance, or a port"),
        (
            "jdbc:sqlserver://db.example;instanceName=",
            "JDBC_CONNECTION_URL;instanceName: expected the name of an instance, or a port",
        ),
    ] {
        assert_eq!(place(url), Err(vec![expected.to_owned()]), "{url}");
    }
    let long = format!("jdbc:sqlserver://db.example:1444;instanceName={}", "x".repeat(129));
    let expected =
        "JDBC_CONNECTION_URL;instanceName: expected at most 128 characters: the driver takes no more";
    assert_eq!(place(&long), Err(vec![expected.to_owned()]));
    assert!(place(&long.replace("xx", "x")).is_ok());
}

#[test]
fn values_are_read_as_the_driver_does() {
    let of = |parameters: &str| -> Option<String> {
        let values = values(&format!("jdbc:sqlserver://h:1;{parameters}"));
        values.into_iter().find(|(name, _)| *name == DATABASE).map(|(_, value)| value)
    };
    for (parameters, expected) in [
        ("databaseName=x", Some("x")),
        ("DATABASENAME=x", Some("x")),
        ("database=x", Some("x")),
        (";;;databaseName=x;;", Some("x")),
        (" ;databaseName=x", Some("x")),
        (" databaseName = x ; ", Some("x")),
        ("databaseName=\tx\u{b}", Some("x")),
        ("databaseName=\u{a0}x", Some("\u{a0}x")),
        ("databaseName=", Some("")),
        ("databaseName={x}", Some("x")),
        ("databaseName={x};", Some("x")),
        ("databaseName={x} ;", Some("x")),
        ("databaseName= {x}", Some("x")),
        ("databaseName={ x }", Some(" x ")),
        ("databaseName={}", Some("")),
        ("databaseName={x}}}", Some("x}")),
        ("databaseName={{x}", Some("{x")),
        ("databaseName={a;b=c}", Some("a;b=c")),
        ("databaseName=x}", Some("x}")),
        ("databaseName=a=b", Some("a=b")),
        ("databaseName=a%3Bb", Some("a%3Bb")),
        ("databaseName=x;database=y", Some("y")),
        ("databaseName={x};DATABASE=y;databasename={z}", Some("z")),
        ("nosuch=1", None),
        ("{databaseName}=1", None),
    ] {
        assert_eq!(of(parameters).as_deref(), expected, "{parameters}");
    }
}

/// `The connection string contains a badly formed name or value.`
#[test]
fn what_the_driver_can_not_take_apart_is_one_mistake() {
    let mistakes = |parameters: &str| read(&format!("jdbc:sqlserver://h:1;{parameters}")).1;
    let no_value = format!("JDBC_CONNECTION_URL: {NO_VALUE}");
    let unclosed = format!("JDBC_CONNECTION_URL;databaseName: {UNCLOSED}");
    let behind = "JDBC_CONNECTION_URL;databaseName: expected a semicolon behind the } of a value: one } in it is written }}";
    let whole =
        "JDBC_CONNECTION_URL;databaseName: expected a value with { in it to stand in braces as a whole";
    for (parameters, expected) in [
        ("databaseName", &*no_value),
        ("databaseName;", &no_value),
        ("password=c4n;4ry;user=a", &no_value),
        ("=x", "JDBC_CONNECTION_URL: expected a name in front of each ="),
        (" =x", "JDBC_CONNECTION_URL: expected a name in front of each ="),
        ("databaseName={x", &unclosed),
        ("databaseName={x}}", &unclosed),
        ("databaseName={", &unclosed),
        ("databaseName={x}y", behind),
        ("databaseName={x}\t;", behind),
        ("databaseName={x}{y}", behind),
        ("databaseName=x{y}", whole),
    ] {
        assert_eq!(mistakes(parameters), [expected], "{parameters}");
    }
}

#[test]
fn urls_of_another_form_are_mistakes() {
    let form = format!("JDBC_CONNECTION_URL: {FORM}");
    let case = "JDBC_CONNECTION_URL: expected jdbc:sqlserver: in lower case: the driver takes no other";
    let user =
        "JDBC_CONNECTION_URL: expected no user or password in front of the host: give USERNAME and PASSWORD";
    let ipv6 = "JDBC_CONNECTION_URL: expected a name or an IPv4 address in front of the first semicolon: the driver takes an IPv6 address as \
                jdbc:sqlserver://;serverName=address;portNumber=port";
    for (url, expected) in [
        ("jdbc:sqlserver:h:1", &*form),
        ("jdbc:sqlserver:", &form),
        ("jdbc:SQLServer:h:1", &form),
        ("JDBC:sqlserver://h:1", case),
        ("jdbc:SQLServer://h:1", case),
        ("jdbc:sqlserver://alice:c4n4ry@h:1", user),
        ("jdbc:sqlserver://[::1]:1", ipv6),
        ("jdbc:sqlserver://[::1]", ipv6),
        ("jdbc:sqlserver://::1", ipv6),
    ] {
        assert_eq!(read(url).1, [expected], "{url}");
    }
}

#[test]
fn names_behind_a_password_are_not_shown() {
    let (url, mistakes) = read("jdbc:sqlserver://h:1;one=1;password=c4n;4ry=x;encrypt=true;two=2");
    assert_eq!(mistakes.len(), 0);
    assert_eq!((url.unknown.as_slice(), url.behind_password), (&["one".to_owned()][..], 2));
    assert_eq!(url.text("encrypt"), Some("true"));
}

#[test]
fn a_placeholder_stays_in_its_place() {
    let mut template = Template::parse(
        "jdbc:sqlserver://${host}:${port};user=${user};password={${password}};database=x${db}",
    )
    .unwrap();
    let secret = |text: &str| Secret::new(text.to_owned());
    let members = [
        ("host", "db.example"),
        ("port", "1444"),
        ("user", "alice;password=x"),
        ("password", " a;b}c{d"),
        ("db", "y;encrypt=false"),
    ];
    template.fill(&members.map(|(key, value)| (key.to_owned(), secret(value)))).unwrap();
    let (url, mistakes) = read_template(template);
    assert_eq!(mistakes, Vec::<String>::new());
    for (name, expected) in [
        (SERVER, "db.example"),
        (PORT, "1444"),
        (USER, "alice;password=x"),
        (PASSWORD, " a;b}c{d"),
        (DATABASE, "xy;encrypt=false"),
    ] {
        assert_eq!(url.text(name), Some(expected));
    }
    assert_eq!(url.text("encrypt"), None);
}

/// Whatever is in a URL, reading it ends, and no mistake shows a value.
#[test]
fn no_mutation_panics() {
    const TURNS: usize = 1_000_000;
    println!("seed {SEED}");
    let mut random = fastrand::Rng::with_seed(SEED);
    let pieces = [
        "jdbc:sqlserver://",
        ";",
        "=",
        "{",
        "}",
        "}}",
        "\\",
        ":",
        " ",
        "\t",
        "@",
        "[",
        "]",
        "serverName",
        "server",
        "databaseName",
        "password=c4n4ry",
        "port",
        "portNumber=1444",
        "instanceName",
        "user",
        "encrypt",
        "\u{10_0000}",
        "\u{fc}",
        "\u{1f600}",
        "\0",
        "%3B",
        "nosuch",
    ];
    let mut taken = 0;
    let mut text = String::new();
    for _ in 0..TURNS {
        text.clear();
        text.push_str("jdbc:sqlserver://h:1");
        for _ in 0..random.usize(..10) {
            text.push_str(pieces[random.usize(..pieces.len())]);
        }
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let address = UrlAddress { property: "JDBC_CONNECTION_URL", url: Template::plain(&text) };
        let url = Url::parse(&address, &mut reader);
        let place = url.endpoint(1433, &mut reader);
        let mistakes = reader.mistakes();
        assert!(place.is_some() || !mistakes.is_empty(), "{text}");
        assert!(
            mistakes.iter().all(|mistake| !mistake.to_string().contains("c4n4ry")),
            "{text}: {mistakes:?}"
        );
        taken += usize::from(mistakes.is_empty());
    }
    assert!((TURNS / 100..TURNS).contains(&taken), "{taken} of {TURNS} were taken");
}
