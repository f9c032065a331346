use probe_contract::Properties;

use super::*;

const REDSHIFT: Grammar = Grammar {
    separators: &['&', ';'],
    decoded: Decoded::Values,
    is_trimmed: false,
    port_may_be_empty: false,
    authority: Authority::Plain,
    path: Path::Any,
};
const CONNECTOR_J: Grammar = Grammar {
    separators: &['&'],
    decoded: Decoded::NamesAndValues,
    is_trimmed: true,
    port_may_be_empty: true,
    authority: Authority::Pairs,
    path: Path::Any,
};

fn given(url: &str) -> UrlAddress {
    UrlAddress { property: "JDBC_CONNECTION_URL", url: Template::plain(url) }
}

fn parse(rest: &str) -> Url {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let url = Url::parse(rest, &given(rest), &REDSHIFT, &mut reader);
    assert_eq!(reader.mistakes(), [], "{rest}");
    url
}

fn mistakes(rest: &str) -> Vec<String> {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    Url::parse(rest, &given(rest), &REDSHIFT, &mut reader);
    reader.mistakes().iter().map(ToString::to_string).collect()
}

/// A database of schema version 2.
fn parts(host: &str, port: Option<&str>, database: &str, parameters: &str) -> Parts {
    let part = |property, value: &str| Part { property, value: Some(Secret::new(value.to_owned())) };
    Parts {
        host: part("HOST", host),
        port: Part { property: "PORT", value: port.map(|port| Secret::new(port.to_owned())) },
        usual_port: Some(5432),
        engine: None,
        database: Some(part("DATABASE", database)),
        parameters: Some(part("JDBC_PARAMS", parameters)),
    }
}

#[test]
fn parts_are_read_as_they_stand() {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let given = parts(" ::1 ", None, "d b/ü%3F", "?sslmode=require&user=a%40b");
    let url = Url::of_parts(&given, &CONNECTOR_J, &mut reader);
    assert_eq!((url.hosts[0].host.as_deref(), url.hosts[0].port), (Some("::1"), Some(5432)));
    assert_eq!(url.database.as_deref(), Some("d b/ü%3F"));
    assert_eq!(url.parameters[1].1.expose(), "a@b");
    assert_eq!(reader.mistakes(), []);
}

#[test]
fn a_mistake_in_a_part_names_its_property() {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let given = parts("db.example/x?sslmode=disable", Some("1/2"), "d", "password=p&x=%zz");
    Url::of_parts(&given, &REDSHIFT, &mut reader);
    let mistakes: Vec<String> = reader.mistakes().iter().map(ToString::to_string).collect();
    assert_eq!(
        mistakes,
        [
            "HOST: expected a host name or an IP address",
            "PORT: expected a port from 1 to 65535",
            "JDBC_PARAMS?password: expected a percent-encoded value",
        ]
    );
    let mut reader = Reader::new(&properties);
    Url::of_parts(&parts("db:5432", Some("5432"), "d", ""), &CONNECTOR_J, &mut reader);
    let twice = "HOST: expected a host without a port, which is given apart";
    assert_eq!(reader.mistakes().iter().map(ToString::to_string).collect::<Vec<_>>(), [twice]);
    let mut reader = Reader::new(&properties);
    let nothing = |property| Part { property, value: None };
    let given = Parts {
        host: nothing("HOST"),
        port: nothing("PORT"),
        usual_port: None,
        engine: Some(nothing("JDBC_ENGINE")),
        database: None,
        parameters: None,
    };
    Url::of_parts(&given, &CONNECTOR_J, &mut reader);
    let keys: Vec<&str> = reader.mistakes().iter().map(|mistake| mistake.property.as_str()).collect();
    assert_eq!(keys, ["HOST", "PORT"]);
}

#[test]
fn a_value_of_a_placeholder_stays_in_its_part() {
    let text = "//${host}:${port}/${db}?user=${user}&password=x${Password}";
    let mut template = Template::parse(text).unwrap();
    let member = |key: &str, value: &str| (key.to_owned(), Secret::new(value.to_owned()));
    let members = [
        member("host", "db.example"),
        member("port", "5433"),
        member("db", "d b/?ü"),
        member("user", "alice"),
        member("Password", "a&b=c/?%+"),
    ];
    template.fill(&members).unwrap();
    let address = UrlAddress { property: "CONNECTION_URL", url: template };
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let url = Url::parse(address.url.marked(), &address, &REDSHIFT, &mut reader);
    assert_eq!((url.hosts[0].host.as_deref(), url.hosts[0].port), (Some("db.example"), Some(5433)));
    assert_eq!(url.database.as_deref(), Some("d b/?ü"));
    let values: Vec<&str> = url.parameters.iter().map(|(_, value)| value.expose()).collect();
    assert_eq!(values, ["alice", "xa&b=c/?%+"]);
    assert_eq!(url.parameter("user"), "CONNECTION_URL?user");
    assert_eq!(reader.mistakes(), []);
}

#[test]
fn every_documented_form_is_read() {
    let url = parse("//db.example:5433/orders?sslmode=require&user=a%40b");
    assert_eq!((url.hosts[0].host.as_deref(), url.hosts[0].port), (Some("db.example"), Some(5433)));
    assert_eq!(url.database.as_deref(), Some("orders"));
    assert_eq!(url.parameters[1].1.expose(), "a@b");
    assert_eq!(parse("//[::1]:5433/x").hosts[0].host.as_deref(), Some("::1"));
    assert_eq!(parse("//[::1]/x").hosts[0].port, None);
    assert_eq!(parse("orders").database.as_deref(), Some("orders"));
    assert_eq!(parse("/").database, None);
    let redshift = parse("//c.example:5439/dev;UID=u;PWD=p;ssl=true");
    assert_eq!(redshift.parameters.len(), 3);
    assert_eq!(redshift.database.as_deref(), Some("dev"));
}

/// As `ConnectionUrlParser` of MySQL Connector/J 8.0.33 read the same.
#[test]
fn connector_j_trims_and_cuts_a_fragment() {
    let read = |rest: &str| {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let url = Url::parse(rest, &given(rest), &CONNECTOR_J, &mut reader);
        assert_eq!(reader.mistakes(), [], "{rest}");
        let parameters: Vec<(String, String)> =
            url.parameters.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
        (url.hosts[0].host.clone(), url.hosts[0].port, url.database, parameters)
    };
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let db = || Some("db".to_owned());
    let app = || Some("app".to_owned());
    for spelling in [
        "//db:3306/app?sslMode = VERIFY_CA",
        "//db: 3306 / app ? sslMode=VERIFY_CA ",
        "//db:3306/app?&& sslMode=VERIFY_CA&",
        "//db:3306/app?sslMode=VERIFY_CA #x",
        "//db:3306/app?sslMode=VERIFY_CA#&sslMode=DISABLED",
        "//db:3306/app?%73slMode=VERIFY_CA",
    ] {
        assert_eq!(read(spelling), (db(), Some(3306), app(), one("sslMode", "VERIFY_CA")), "{spelling}");
    }
    assert_eq!(read("//db:/app#?sslMode=REQUIRED"), (db(), None, app(), Vec::new()));
    // What is encoded is not trimmed.
    assert_eq!(read("//db?a=%20b").3, one("a", " b"));
}

/// `Driver.parseURL` of pgjdbc 42.7.3 rejects each of these URLs.
#[test]
fn pgjdbc_wants_one_slash_and_a_port_behind_a_colon() {
    let grammar = Grammar { separators: &['&'], path: Path::OneSlash, ..REDSHIFT };
    for rest in ["//db", "//db?sslmode=disable", "//db:/app", "//db/app/more"] {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        Url::parse(rest, &given(rest), &grammar, &mut reader);
        assert_eq!(reader.mistakes().len(), 1, "{rest}");
    }
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let url = Url::parse("//db/a%2Fb", &given("//db/a%2Fb"), &grammar, &mut reader);
    assert_eq!((url.database.as_deref(), reader.mistakes()), (Some("a/b"), &[][..]));
}

#[test]
fn mistakes_name_the_place_and_never_the_value() {
    assert_eq!(
        mistakes("//a,b:99999/x?password=%zz"),
        [
            "JDBC_CONNECTION_URL: expected a port from 1 to 65535 behind the host",
            "JDBC_CONNECTION_URL?password: expected a percent-encoded value",
        ]
    );
    assert_eq!(
        mistakes("//u:hunter2@db/x"),
        [
            "JDBC_CONNECTION_URL: expected no user or password in front of the host, which the driver takes for a part of its name: \
             give USERNAME and PASSWORD"
        ]
    );
    assert_eq!(
        mistakes("//db:99999/x"),
        ["JDBC_CONNECTION_URL: expected a port from 1 to 65535 behind the host"]
    );
}

#[test]
fn no_input_makes_it_panic() {
    for rest in
        ["", "//", "///", "//]", "//[", "//[]:", "?", ";", "//:/", "%", "//a/%f", "?=&=;;", "//a/%ff", "é"]
    {
        mistakes(rest);
    }
}
