//! Which addresses may be trusted with anything.

use crate::support::{object, url};
use proptest::prelude::*;
use rekindle::platform::Kept;
use rekindle::protocol::text::{digits, has_word, is_bare, is_loopback, is_plain, is_secure};
use rekindle::words::Word;
use serde_json::json;

#[test]
fn m01_this_device_in_any_spelling() {
    for host in [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.0.0.0",
        "127.255.255.255",
        "127.0.0.1:8080",
        "localhost:1",
        "[::1]",
        "[::1]:8080",
        "[0:0:0:0:0:0:0:1]",
        "[::0.0.0.1]",
        // As the URL standard reads IPv4 addresses.
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
    ] {
        let url = url(&format!("http://{host}/"));
        assert!(is_loopback(&url) && is_secure(&url), "{host}: {url:?}");
    }
}

#[test]
fn m01_other_hosts_that_look_like_this_device() {
    for host in [
        "localhost.evil.example",
        "localhost.",
        "sub.localhost",
        "notlocalhost",
        "localhost-",
        "127.0.0.1.nip.example",
        "127.evil.example",
        "127.0.0.1-evil.example",
        "x127.0.0.1.example",
        "128.0.0.1",
        "126.255.255.255",
        "12.7.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "1270.0.0.example",
        "[::]",
        "[::2]",
        "[::ffff:127.0.0.1]",
        "[1::1]",
        "evil.example",
    ] {
        let url = url(&format!("http://{host}/"));
        assert!(!is_loopback(&url) && !is_secure(&url), "{host}: {url:?}");
    }
}

#[test]
fn m01_a_user_name_does_not_stand_for_a_host() {
    let url = url("http://localhost@evil.example/");
    assert!(!is_loopback(&url));
}

#[test]
fn m03_https_to_anyone_and_http_to_this_device() {
    for address in [
        "https://a.example",
        "https://a.example:8443/b?c=d",
        "https://10.0.0.1/",
        "https://localhost/",
        "HTTPS://A.example",
        "http://localhost/b?c",
    ] {
        assert!(is_secure(&url(address)), "{address}");
    }
    for address in [
        "http://a.example",
        "ftp://localhost/",
        "ws://localhost/",
        "wss://a.example/",
        "javascript:alert(1)",
        "data:text/html,a",
        "blob:https://a.example/1",
        "file:///etc/passwd",
        "app://localhost/",
        "about:blank",
    ] {
        assert!(!is_secure(&url(address)), "{address}");
    }
}

#[test]
fn m03_no_user_name_password_or_fragment() {
    for address in [
        "https://user@a.example/",
        "https://user:password@a.example/",
        "https://:password@a.example/",
        "https://a.example/#",
        "https://a.example/#b",
        "https://a.example/?b#c",
        "http://user@localhost/",
    ] {
        let url = url(address);
        assert!(!is_bare(&url) && !is_secure(&url), "{address}");
    }
    // These are none: the parser finds nothing in them.
    for address in [
        "https://@a.example/",
        "https://:@a.example/",
        "https://a.example/%23",
    ] {
        assert!(is_bare(&url(address)), "{address}");
    }
}

#[test]
fn a_plain_text_has_nothing_that_a_parser_drops() {
    let is_plain = |text: &str| is_plain(&object(json!({ "url": text })), Word::Url);
    assert!(is_plain("https://a.example/b?c=%20#d"));
    for text in [
        " a",
        "a ",
        "a b",
        "a\tb",
        "a\nb",
        "a\rb",
        "\u{0}a",
        "a\u{1f}",
        "https:\\\\a.example",
    ] {
        assert!(!is_plain(text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn digits_are_read_as_their_number(text in "[0-9]{1,40}") {
        let object = object(json!({ "token": text }));
        let read = digits(&object, Word::Token).expect("they are digits");
        let number: f64 = text.parse().expect("they are digits");
        prop_assert!((read - number).abs() <= number * 1e-13, "{read} and {number}");
    }

    #[test]
    fn anything_else_is_no_number(text in "\\PC*") {
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let object = object(json!({ "token": text }));
        prop_assert_eq!(digits(&object, Word::Token).is_some(), is_digits);
    }

    #[test]
    fn m01_of_all_ipv4_addresses_only_those_that_begin_with_127(octets: [u8; 4]) {
        let [a, b, c, d] = octets;
        let (any, own) = (format!("http://{a}.{b}.{c}.{d}/"), format!("http://127.{b}.{c}.{d}/"));
        prop_assert_eq!(is_loopback(&url(&any)), a == 127);
        prop_assert!(is_loopback(&url(&own)));
    }

    #[test]
    fn m01_no_name_below_another_domain_is_this_device(name in "(localhost|127(\\.[0-9]{1,3}){0,3}|[0-9.]{1,9}|[a-z0-9-]{1,9})\\.example") {
        if let Some(url) = object(json!({ "url": format!("http://{name}/") })).url(Word::Url) {
            prop_assert!(!is_secure(&url));
        }
    }
}

#[test]
fn a_word_of_a_list_is_found_whole() {
    for (list, word, is_there) in [
        ("a", "a", true),
        ("a b c", "c", true),
        ("ab b", "b", true),
        ("ab", "b", false),
        ("ab", "a", false),
        ("a", "ab", false),
        ("a  b", "", false),
        ("", "", false),
        ("urn:loa:1 urn:loa:2", "urn:loa:2", true),
    ] {
        let kept = object(json!({ "acr_values": list, "acr": word }));
        let found = has_word(&kept, Word::AcrValues, &kept, Word::Acr);
        assert_eq!(found, is_there, "{list:?} {word:?}");
    }
}
