use serde_json::json;

use super::*;

fn written(format: Format, operation: &str, answer: &Value) -> String {
    let mut out = Vec::new();
    write(&mut out, format, operation, answer).unwrap();
    String::from_utf8(out).unwrap()
}

fn sales() -> Value {
    json!({
        "Name": "sales",
        "Description": "the store",
        "ConnectionType": "JDBC",
        "MatchCriteria": ["eu", "prod"],
        "ConnectionProperties": {
            "JDBC_CONNECTION_URL": "jdbc:postgresql://db:5432/sales",
            "USERNAME": "glue",
            "JDBC_ENFORCE_SSL": "true",
        },
        "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1", "sg-2"]},
        "CreationTime": "2026-01-02T03:04:05+00:00",
        "Status": "READY",
    })
}

fn connections() -> Value {
    let orders = json!({
        "Name": "orders",
        "ConnectionType": "JDBC",
        "ConnectionProperties": {"USERNAME": "glue"},
        "Status": "FAILED",
    });
    json!({"ConnectionList": [sales(), orders]})
}

#[test]
fn text_is_the_aws_clis() {
    assert_eq!(
        written(Format::Text, "GetConnection", &json!({"Connection": sales()})),
        "\
CONNECTION\tJDBC\t2026-01-02T03:04:05+00:00\tthe store\tsales\tREADY
CONNECTIONPROPERTIES\tjdbc:postgresql://db:5432/sales\ttrue\tglue
MATCHCRITERIA\teu
MATCHCRITERIA\tprod
PHYSICALCONNECTIONREQUIREMENTS\tsubnet-1
SECURITYGROUPIDLIST\tsg-1
SECURITYGROUPIDLIST\tsg-2
"
    );
    assert_eq!(
        written(Format::Text, "GetConnections", &connections()),
        "\
CONNECTIONLIST\tJDBC\t2026-01-02T03:04:05+00:00\tthe store\tsales\tREADY
CONNECTIONPROPERTIES\tjdbc:postgresql://db:5432/sales\ttrue\tglue
MATCHCRITERIA\teu
MATCHCRITERIA\tprod
PHYSICALCONNECTIONREQUIREMENTS\tsubnet-1
SECURITYGROUPIDLIST\tsg-1
SECURITYGROUPIDLIST\tsg-2
CONNECTIONLIST\tJDBC\t\t\torders\tFAILED
CONNECTIONPROPERTIES\tglue
"
    );
    for (answer, expected) in [
        (json!(["sales", "orders"]), "sales\torders\n"),
        (json!("sales"), "sales\n"),
        (json!(null), "None\n"),
        (json!([]), ""),
        (json!([["sales", "JDBC", true], ["orders", null, 1]]), "sales\tJDBC\tTrue\norders\tNone\t1\n"),
        (json!({"a": [[1, [2]], 3]}), "A\t3\nA\t1\nA\t2\n"),
        (json!([{"a": 1}, "sales"]), "1\nsales\n"),
    ] {
        assert_eq!(written(Format::Text, "GetConnections", &answer), expected, "{answer}");
    }
}

#[test]
fn a_table_is_the_aws_clis() {
    assert_eq!(
        written(Format::Table, "GetConnection", &json!({"Connection": sales()})),
        "\
----------------------------------------------------------------
|                         GetConnection                        |
+--------------------------------------------------------------+
||                         Connection                         ||
|+----------------------+-------------------------------------+|
||  ConnectionType      |  JDBC                               ||
||  CreationTime        |  2026-01-02T03:04:05+00:00          ||
||  Description         |  the store                          ||
||  Name                |  sales                              ||
||  Status              |  READY                              ||
|+----------------------+-------------------------------------+|
|||                   ConnectionProperties                   |||
||+----------------------+-----------------------------------+||
|||  JDBC_CONNECTION_URL |  jdbc:postgresql://db:5432/sales  |||
|||  JDBC_ENFORCE_SSL    |  true                             |||
|||  USERNAME            |  glue                             |||
||+----------------------+-----------------------------------+||
|||                       MatchCriteria                      |||
||+----------------------------------------------------------+||
|||  eu                                                      |||
|||  prod                                                    |||
||+----------------------------------------------------------+||
|||              PhysicalConnectionRequirements              |||
||+----------------------------+-----------------------------+||
|||  SubnetId                  |  subnet-1                   |||
||+----------------------------+-----------------------------+||
||||                   SecurityGroupIdList                  ||||
|||+--------------------------------------------------------+|||
||||  sg-1                                                  ||||
||||  sg-2                                                  ||||
|||+--------------------------------------------------------+|||
"
    );
    assert_eq!(
        written(Format::Table, "GetConnections", &connections()),
        "\
----------------------------------------------------------------
|                        GetConnections                        |
+--------------------------------------------------------------+
||                       ConnectionList                       ||
|+----------------------+-------------------------------------+|
||  ConnectionType      |  JDBC                               ||
||  CreationTime        |  2026-01-02T03:04:05+00:00          ||
||  Description         |  the store                          ||
||  Name                |  sales                              ||
||  Status              |  READY                              ||
|+----------------------+-------------------------------------+|
|||                   ConnectionProperties                   |||
||+----------------------+-----------------------------------+||
|||  JDBC_CONNECTION_URL |  jdbc:postgresql://db:5432/sales  |||
|||  JDBC_ENFORCE_SSL    |  true                             |||
|||  USERNAME            |  glue                             |||
||+----------------------+-----------------------------------+||
|||                       MatchCriteria                      |||
||+----------------------------------------------------------+||
|||  eu                                                      |||
|||  prod                                                    |||
||+----------------------------------------------------------+||
|||              PhysicalConnectionRequirements              |||
||+----------------------------+-----------------------------+||
|||  SubnetId                  |  subnet-1                   |||
||+----------------------------+-----------------------------+||
||||                   SecurityGroupIdList                  ||||
|||+--------------------------------------------------------+|||
||||  sg-1                                                  ||||
||||  sg-2                                                  ||||
|||+--------------------------------------------------------+|||
||                       ConnectionList                       ||
|+--------------------------------------+---------------------+|
||  ConnectionType                      |  JDBC               ||
||  CreationTime                        |                     ||
||  Description                         |                     ||
||  Name                                |  orders             ||
||  Status                              |  FAILED             ||
|+--------------------------------------+---------------------+|
|||                   ConnectionProperties                   |||
||+----------------------------------+-----------------------+||
|||  USERNAME                        |  glue                 |||
||+----------------------------------+-----------------------+||
"
    );
    for (answer, expected) in [
        (
            json!(["sales", "orders"]),
            "\
---------------
|GetConnection|
+-------------+
|  sales      |
|  orders     |
+-------------+
",
        ),
        (
            json!("sales"),
            "\
---------------
|GetConnection|
+-------------+
",
        ),
        (
            json!([["sales", "JDBC", true], ["orders", null, 1]]),
            "\
----------------------------
|       GetConnection      |
+--------+--------+--------+
|  sales |  JDBC  |  True  |
|  orders|  None  |  1     |
+--------+--------+--------+
",
        ),
        (json!(null), ""),
        (json!([]), ""),
        // The AWS CLI refuses lists of unequal length.
        (
            json!([["名前", "JDBC"], ["orders"]]),
            "\
--------------------
|   GetConnection  |
+---------+--------+
|  名前   |  JDBC  |
|  orders |        |
+---------+--------+
",
        ),
    ] {
        assert_eq!(written(Format::Table, "GetConnection", &answer), expected, "{answer}");
    }
}

#[test]
fn json_is_the_aws_clis() {
    for (answer, expected) in [
        (
            json!({"Name": "Zürich", "List": [1, {}], "No": []}),
            "{
    \"Name\": \"Zürich\",
    \"List\": [
        1,
        {}
    ],
    \"No\": []
}
",
        ),
        (json!([]), "[]\n"),
        (json!(null), "null\n"),
        (json!("sales"), "\"sales\"\n"),
    ] {
        assert_eq!(written(Format::Json, "GetConnection", &answer), expected, "{answer}");
    }
}

#[test]
fn yaml_is_sorted_and_a_page_is_a_list() {
    let answer = json!({"Connection": sales()});
    assert_eq!(
        written(Format::Yaml, "GetConnection", &answer),
        "\
Connection:
  ConnectionProperties:
    JDBC_CONNECTION_URL: jdbc:postgresql://db:5432/sales
    JDBC_ENFORCE_SSL: 'true'
    USERNAME: glue
  ConnectionType: JDBC
  CreationTime: '2026-01-02T03:04:05+00:00'
  Description: the store
  MatchCriteria:
  - eu
  - prod
  Name: sales
  PhysicalConnectionRequirements:
    SecurityGroupIdList:
    - sg-1
    - sg-2
    SubnetId: subnet-1
  Status: READY
"
    );
    let page = json!({"B": [{"b": 1, "a": []}, [true, "x"]], "A": {"c": {}}});
    assert_eq!(
        written(Format::YamlStream, "GetConnections", &page),
        "\
- A:
    c: {}
  B:
  - a: []
    b: 1
  - - true
    - x
"
    );
    for (answer, expected) in [
        (json!([]), "[]\n"),
        (json!(null), "null\n"),
        (json!("sales"), "\"sales\"\n"),
        (json!(["sales", null]), "- sales\n- null\n"),
    ] {
        assert_eq!(written(Format::Yaml, "GetConnection", &answer), expected, "{answer}");
    }
}

#[test]
fn yaml_reads_back_as_what_was_written() {
    for text in [
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "# a",
        "- a",
        "? a",
        "a:",
        "'",
        "\"",
        "it's",
        "\\",
        "%a",
        "@a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "[",
        "{",
        "null",
        "Null",
        "~",
        "yes",
        "No",
        "y",
        "true",
        "1",
        "-1",
        "1.5",
        "0x1f",
        "0o7",
        "1_000",
        "1:30",
        ".inf",
        "2026-01-02",
        "2026-01-02T03:04:05+00:00",
        "=",
        "<<",
        "---",
        "a\nb\n",
        "\t",
        "\u{1b}[0m",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "😀",
    ] {
        let answer = json!({text: [text, {text: text}]});
        let yaml = written(Format::Yaml, "GetConnection", &answer);
        assert_eq!(serde_norway::from_str::<Value>(&yaml).unwrap(), answer, "{yaml}");
    }
}

/// What readers of YAML 1.1 would take for a boolean, a number in base 60, a number and a date.
#[test]
fn yaml_quotes_what_some_reader_takes_for_something_else() {
    let answer = json!(["yes", "1:30", "1_000", "2026-01-02"]);
    let expected = "- 'yes'\n- '1:30'\n- '1_000'\n- '2026-01-02'\n";
    assert_eq!(written(Format::Yaml, "GetConnections", &answer), expected);
}

#[test]
fn nothing_is_written_of_an_answer_without_members() {
    for format in [Format::Json, Format::Yaml, Format::YamlStream, Format::Text, Format::Table, Format::Off] {
        assert_eq!(written(format, "TestConnection", &json!({})), "");
    }
    assert_eq!(written(Format::Off, "GetConnection", &json!({"Connection": sales()})), "");
}

#[test]
fn no_control_character_reaches_a_terminal() {
    let answer = json!({"\u{1b}[1m": {"\u{7}a": "\u{1b}[2J\u{9b}1m", "b": "\r\tc"}, "d": ["\u{8}"]});
    for format in [Format::Text, Format::Table, Format::Yaml] {
        let written = written(format, "GetConnection", &answer);
        assert!(!written.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n')), "{written:?}");
    }
}
