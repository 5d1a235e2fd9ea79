//! The verbs that read a text's own format: URLs and tokens.

use super::{Testable, assert_json, with};
use rekindle::words::Word;

/// The parts of a URL, without its parameters. (What `url` gives may have other members too.)
fn parts<K: Testable>(address: &str) -> Vec<String> {
    let object = with::<K>(&format!(r#""{address}""#));
    let url = object.url(Word::Token).unwrap();
    let part = |part| {
        let copy = K::object();
        url.copy(part, &copy, Word::Token);
        let json = copy.to_json();
        let text = json.strip_prefix(r#"{"token":""#).unwrap();
        text.strip_suffix(r#""}"#).unwrap().to_owned()
    };
    [
        Word::Href,
        Word::Origin,
        Word::Protocol,
        Word::Username,
        Word::Password,
        Word::Host,
        Word::Hostname,
        Word::Pathname,
        Word::Search,
        Word::Hash,
    ]
    .map(part)
    .to_vec()
}

pub fn url_gives_the_parts<K: Testable>() {
    assert_eq!(
        parts::<K>("https://us%65r:p@Example.com:8443/a/../b%20c?x=1&y=2+3#f"),
        [
            "https://us%65r:p@example.com:8443/b%20c?x=1&y=2+3#f",
            "https://example.com:8443",
            "https:",
            "us%65r",
            "p",
            "example.com:8443",
            "example.com",
            "/b%20c",
            "?x=1&y=2+3",
            "#f",
        ]
    );
    assert_eq!(
        parts::<K>("http://[::1]:80"),
        [
            "http://[::1]/",
            "http://[::1]",
            "http:",
            "",
            "",
            "[::1]",
            "[::1]",
            "/",
            "",
            ""
        ]
    );
    assert_eq!(
        parts::<K>("javascript:alert(1)"),
        [
            "javascript:alert(1)",
            "null",
            "javascript:",
            "",
            "",
            "",
            "",
            "alert(1)",
            "",
            ""
        ]
    );
}

pub fn url_tells_empty_queries_and_fragments_by_its_end_alone<K: Testable>() {
    for address in [
        "https://example.com/#",
        "https://example.com/?",
        "https://example.com/?#",
    ] {
        let parts = parts::<K>(address);
        assert_eq!((&*parts[0], &*parts[8], &*parts[9]), (address, "", ""));
    }
    let url = with::<K>(r#""https://example.com/?a#""#)
        .url(Word::Token)
        .unwrap();
    assert!(url.ends(Word::Href, Word::NumberSign));
}

pub fn url_writes_hosts_in_one_way<K: Testable>() {
    for (address, host) in [
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://127.1./", "127.0.0.1"),
        ("http://[0:0:0:0:0:0:0:1]/", "[::1]"),
        ("http://LOCALHOST/", "localhost"),
        ("http://localhost./", "localhost."),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://ex%61mple.com/", "example.com"),
    ] {
        let url = with::<K>(&format!(r#""{address}""#))
            .url(Word::Token)
            .unwrap();
        let expected = K::from_json(&format!(r#"{{"host":"{host}"}}"#));
        assert!(
            url.same(Word::Hostname, &expected, Word::Host),
            "{}",
            url.to_json()
        );
    }
}

pub fn url_gives_the_last_of_repeated_parameters<K: Testable>() {
    let url = with::<K>(r#""https://example.com/?state=1&code=a+b%2B&state=2&__proto__=x&=y""#);
    let params = url.url(Word::Token).unwrap().get(Word::Params).unwrap();
    assert_json(
        &params,
        r#"{"state":"2","code":"a b+","__proto__":"x","":"y"}"#,
    );
}

pub fn url_of_what_is_no_absolute_url<K: Testable>() {
    for value in [
        r#""""#,
        r#""example.com""#,
        r#""/path""#,
        r#""//example.com""#,
        r#""https://""#,
        r#""https://[::1""#,
        r#""https://1.2.3.4.5""#,
        r#""http://a:99999""#,
        "5",
        "null",
        r#"["https://example.com"]"#,
    ] {
        assert!(with::<K>(value).url(Word::Token).is_none(), "{value}");
    }
    assert!(K::object().url(Word::Token).is_none());
}

/// The URL after parameters were set in its query.
fn with_query<K: Testable>(address: &str, params: &str) -> String {
    let object = with::<K>(&format!(r#""{address}""#));
    object.add_query(Word::Token, &K::from_json(params));
    object.to_json()
}

pub fn add_query_sets_parameters<K: Testable>() {
    assert_eq!(
        with_query::<K>(
            "https://example.com",
            r#"{"scope":"openid a","state":"~-_.*+/é"}"#
        ),
        r#"{"token":"https://example.com/?scope=openid+a&state=%7E-_.*%2B%2F%C3%A9"}"#
    );
    assert_eq!(
        with_query::<K>("https://example.com/a?b=1#f", r#"{"c":""}"#),
        r#"{"token":"https://example.com/a?b=1&c=#f"}"#
    );
    assert_eq!(
        with_query::<K>("https://example.com?a=~", "{}"),
        r#"{"token":"https://example.com/?a=~"}"#
    );
}

pub fn add_query_replaces_every_earlier_one<K: Testable>() {
    assert_eq!(
        with_query::<K>("https://example.com/?a=1&b=2&a=3", r#"{"a":"4"}"#),
        r#"{"token":"https://example.com/?b=2&a=4"}"#
    );
    assert_eq!(
        with_query::<K>("https://example.com/?a=1", r#"{"a":[]}"#),
        r#"{"token":"https://example.com/"}"#
    );
}

pub fn add_query_repeats_the_items_of_a_list<K: Testable>() {
    assert_eq!(
        with_query::<K>(
            "https://example.com/",
            r#"{"resource":["https://a","https://b"]}"#
        ),
        r#"{"token":"https://example.com/?resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb"}"#
    );
}

pub fn add_query_writes_numbers_as_texts<K: Testable>() {
    assert_eq!(
        with_query::<K>(
            "https://example.com/",
            r#"{"max_age":3600,"a":0.5,"b":1e21}"#
        ),
        r#"{"token":"https://example.com/?max_age=3600&a=0.5&b=1e%2B21"}"#
    );
}

pub fn claims_reads_the_payload<K: Testable>() {
    // {"sub":"jörg","n":"??>>"}, whose base64 has the letters that base64url writes otherwise.
    let token = with::<K>(r#""e30.eyJzdWIiOiJqw7ZyZyIsIm4iOiI_Pz4-In0.c2ln""#);
    assert_json(
        &token.claims(Word::Token).unwrap(),
        r#"{"sub":"jörg","n":"??>>"}"#,
    );
}

pub fn claims_of_what_is_no_jwt<K: Testable>() {
    for value in [
        r#""""#,
        r#""opaque""#,
        // Two parts, and four; no payload.
        r#""e30.e30""#,
        r#""e30.e30.c2ln.c2ln""#,
        r#""e30..c2ln""#,
        // Other letters, padding, white space, a length that no bytes have, and bits beyond the last byte.
        r#""e30.!!!!.c2ln""#,
        r#""e30.e30=.c2ln""#,
        r#""e30.e30.c2ln\n""#,
        r#""e30.e30.+A""#,
        r#""e.e30.c2ln""#,
        r#""e30.e31.c2ln""#,
        // Not JSON; not UTF-8; a byte order mark; a text, a number, null and a list.
        r#""e30.e3s.c2ln""#,
        r#""e30.eyJhIjoi_yJ9.c2ln""#,
        r#""e30.77u_e30.c2ln""#,
        r#""e30.ImEi.c2ln""#,
        r#""e30.MTI.c2ln""#,
        r#""e30.bnVsbA.c2ln""#,
        r#""e30.W10.c2ln""#,
        "5",
        r#"["e30.e30.e30"]"#,
    ] {
        assert!(with::<K>(value).claims(Word::Token).is_none(), "{value}");
    }
    let long = |length: usize| with::<K>(&format!(r#""e30.e30.{}""#, "A".repeat(length)));
    assert!(long(65_528).claims(Word::Token).is_some());
    assert!(long(65_532).claims(Word::Token).is_none());
    assert!(K::object().claims(Word::Token).is_none());
}

pub fn header_is_read_as_the_claims_are<K: Testable>() {
    // {"alg":"ES256"}, and claims that are no JSON.
    let token = with::<K>(r#""eyJhbGciOiJFUzI1NiJ9.e3s.c2ln""#);
    assert_json(&token.header(Word::Token).unwrap(), r#"{"alg":"ES256"}"#);
    for value in [
        r#""W10.e30.c2ln""#,
        r#""bnVsbA.e30.c2ln""#,
        r#""e3s.e30.c2ln""#,
        r#""e30.e30""#,
    ] {
        assert!(with::<K>(value).header(Word::Token).is_none(), "{value}");
    }
}
