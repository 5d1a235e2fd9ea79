//! The page's address, and the random source.

use std::collections::BTreeSet;

use rekindle::browser::Object;
use rekindle::platform::{Kept, Platform};
use rekindle::words::Word;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Page, assert_same, get, js, object, replaced, set, text, value};

#[wasm_bindgen_test]
fn random_texts_have_43_characters_and_are_never_the_same() {
    let page = Page::open("page-random", "");
    assert!(page.browser.has_random());
    let mut seen = BTreeSet::new();
    for _ in 0..1_000 {
        let to = Object::object();
        page.browser.random(&to, Word::State);
        let random = text(&value(&to), "state");
        assert_eq!(random.len(), 43);
        let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(random.chars().all(is_base64url), "{random}");
        seen.insert(random);
    }
    assert_eq!(seen.len(), 1_000);
    // Of 32 random bytes each character comes up, the last aside: it stands for 4 bits.
    let characters: BTreeSet<char> = seen.iter().flat_map(|text| text.chars()).collect();
    assert_eq!(characters.len(), 64);
}

#[wasm_bindgen_test]
fn without_a_random_source_there_is_none() {
    let page = Page::open("page-no-random", "");
    for crypto in ["undefined", "{}"] {
        let crypto = format!("{{ value: {crypto} }}");
        let _replaced = replaced("globalThis", "crypto", &crypto);
        assert!(!page.browser.has_random(), "{crypto}");
    }
    assert!(page.browser.has_random());
}

#[wasm_bindgen_test]
fn chances_are_from_0_to_below_1_and_differ() {
    let page = Page::open("page-chance", "");
    let chances: Vec<f64> = (0..100).map(|_| page.browser.chance()).collect();
    assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)));
    assert!(chances.iter().any(|chance| *chance < 0.5));
    assert!(chances.iter().any(|chance| *chance >= 0.5));
}

/// The page at another address of its own while `work` runs.
fn at<T>(address: &str, work: impl FnOnce() -> T) -> T {
    js("globalThis.home = [location.href, history.state]");
    js(&format!(
        "history.replaceState({{ app: 1 }}, '', '{address}')"
    ));
    let result = work();
    js("history.replaceState(home[1], '', home[0])");
    result
}

#[wasm_bindgen_test]
fn the_address_comes_in_its_parts() {
    let page = Page::open("page-address", "");
    let url = at("/a%20b?code=c&state=1&state=2#there", || {
        value(&page.browser.address().unwrap())
    });
    let origin = js("location.origin").as_string().unwrap();
    let host = js("location.host").as_string().unwrap();
    for (part, expected) in [
        (
            "href",
            &*format!("{origin}/a%20b?code=c&state=1&state=2#there"),
        ),
        ("origin", &*origin),
        ("protocol", "http:"),
        ("username", ""),
        ("password", ""),
        ("host", &*host),
        ("hostname", "127.0.0.1"),
        ("pathname", "/a%20b"),
        ("search", "?code=c&state=1&state=2"),
        ("hash", "#there"),
    ] {
        assert_eq!(text(&url, part), expected, "{part}");
    }
    assert_same(&get(&url, "params"), "{ code: 'c', state: '2' }");
}

#[wasm_bindgen_test]
fn an_address_is_relative_to_the_page_s() {
    let page = Page::open("page-relative", "");
    let origin = js("location.origin").as_string().unwrap();
    let href = |given: &str| {
        let object = object("{}");
        set(&value(&object), "url", &given.into());
        let url = page.browser.relative(&object, Word::Url);
        url.map(|url| text(&value(&url), "href").replace(&origin, "origin:"))
    };
    at("/folder/page?query#hash", || {
        for (given, expected) in [
            ("/x?y=1#z", Some("origin:/x?y=1#z")),
            ("other", Some("origin:/folder/other")),
            ("?only", Some("origin:/folder/page?only")),
            ("//other.example/x", Some("http://other.example/x")),
            ("/\\\\other.example", Some("http://other.example/")),
            ("https://other.example/", Some("https://other.example/")),
            ("javascript:alert(1)", Some("javascript:alert(1)")),
            ("https://", None),
            ("http://a:b/", None),
        ] {
            assert_eq!(href(given).as_deref(), expected, "{given}");
        }
    });
}

#[wasm_bindgen_test]
fn the_response_s_parameters_leave_the_address_bar() {
    let page = Page::open("page-clean", "");
    let entries = js("history.length");
    let callback = "/callback?first=1&code=c&state=s&keep=a%20b&iss=https%3A%2F%2Fa.example&error=e&error_description=d&error_uri=u&error_code=1&c%6Fde=again&flag&keep=b%26c#part";
    let (address, state) = at(callback, || {
        page.browser.clean_address();
        (
            js("location.pathname + location.search + location.hash"),
            js("history.state"),
        )
    });
    assert_eq!(
        address.as_string().unwrap(),
        "/callback?first=1&keep=a%20b&flag&keep=b%26c#part"
    );
    // A router's state stays, and Back leads where it did.
    assert_same(&state, "{ app: 1 }");
    assert_eq!(js("history.length"), entries);
}

#[wasm_bindgen_test]
fn an_address_with_nothing_else_has_no_query_left() {
    let page = Page::open("page-clean-all", "");
    let href = at("/callback?code=c&state=s", || {
        page.browser.clean_address();
        js("location.href.replace(location.origin, '')")
    });
    assert_eq!(href.as_string().unwrap(), "/callback");
}

#[wasm_bindgen_test]
fn a_browser_that_allows_no_more_changes_is_no_failure() {
    let page = Page::open("page-clean-limit", "");
    let href = at("/callback?code=c&state=s", || {
        let throwing = "{ value() { throw new DOMException('too often', 'SecurityError'); } }";
        let _replaced = replaced("history", "replaceState", throwing);
        page.browser.clean_address();
        js("location.search")
    });
    assert_eq!(href.as_string().unwrap(), "?code=c&state=s");
}

#[wasm_bindgen_test]
fn the_page_leaves_for_an_address() {
    let page = Page::open("page-leave", "");
    js("globalThis.home = [location.href, history.state]");
    // To a place in the same document, or the tests would be over.
    let address =
        object("{ url: location.origin + location.pathname + location.search + '#left' }");
    page.browser.leave_for(&address, Word::Url);
    let hash = get(&js("location"), "hash");
    js("history.replaceState(home[1], '', home[0])");
    assert_eq!(hash.as_string().unwrap(), "#left");
}
