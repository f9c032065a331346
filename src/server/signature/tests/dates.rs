//! What a request says of when it was signed.

use super::*;

#[test]
fn a_date_header_will_do() {
    for date in ["Mon, 12 Jan 2026 10:20:30 GMT", "20260112T102030Z"] {
        let mut sent = Sent::unsigned().header("date", date);
        let scope = "20260112/eu-central-1/glue/aws4_request";
        let signed_headers = ["content-type", "date", "host", "x-amz-target"].map(str::to_owned);
        let request = SignedRequest {
            method: &sent.method,
            path: "/",
            query: None,
            headers: &sent.headers,
            body: &sent.body,
        };
        let canonical = canonical_request(&request, &signed_headers);
        let text = format!("AKIDEXAMPLE/{scope}");
        let credential = Credential::parse(&text).expect("five parts");
        let text = string_to_sign(&credential, "20260112T102030Z", &canonical);
        let signature = hex(credential.sign(SECRET, &text).as_ref());
        sent = sent.header(
            "authorization",
            &format!(
                "{ALGORITHM} Credential=AKIDEXAMPLE/{scope}, SignedHeaders={}, Signature={signature}",
                signed_headers.join(";"),
            ),
        );
        assert_eq!(sent.caller(), "permanent");
        sent.now = at(901);
        assert_refused(
            &sent,
            INVALID,
            "Signature expired: 20260112T102030Z is now earlier than 20260112T102031Z (20260112T103531Z - 15 min.)",
        );
    }
    let sent = Sent::signed().without("x-amz-date").header("date", "yesterday");
    assert_refused(
        &sent,
        INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601",
    );
}

#[test]
fn the_date_is_in_the_basic_format_and_no_other() {
    for date in [
        "2026-01-12T10:20:30Z",
        "20260112",
        "20260112T102030",
        "20260112T102030+0000",
        "20260112T102060Z",
        "20260132T102030Z",
        "2026112T102030Z",
        "Mon, 12 Jan 2026 10:20:30 GMT",
        "",
    ] {
        let expected = format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        );
        // `Date` is not asked where there is an `X-Amz-Date`.
        let sent = Sent::signed().header("x-amz-date", date).header("date", "20260112T102030Z");
        assert_refused(&sent, INCOMPLETE, &expected);
    }
}

#[test]
fn the_clocks_may_differ_by_15_minutes() {
    for seconds in [-900, -899, 0, 899, 900] {
        assert_eq!(Sent { now: at(seconds), ..Sent::signed() }.caller(), "permanent", "{seconds}");
    }
    // Messages and window count whole seconds.
    let now = at(900) + Duration::from_millis(999);
    assert_eq!(Sent { now, ..Sent::signed() }.caller(), "permanent");
    assert_refused(
        &Sent { now: at(901), ..Sent::signed() },
        INVALID,
        "Signature expired: 20260112T102030Z is now earlier than 20260112T102031Z (20260112T103531Z - 15 min.)",
    );
    assert_refused(
        &Sent { now: at(-901), ..Sent::signed() },
        INVALID,
        "Signature not yet current: 20260112T102030Z is still later than 20260112T102029Z (20260112T100529Z + 15 min.)",
    );
}
