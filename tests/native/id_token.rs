//! The ID token of a refresh, beside the one before.

use crate::kept::{Object, Value};
use crate::support::{object, with};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rekindle::protocol::id_token::{check_continuity, is_same_user};
use rekindle::words::Word;
use serde_json::json;

/// An answer or record with an ID token of these claims.
fn holding(claims: &serde_json::Value) -> Object {
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    object(json!({ "id_token": format!("e30.{payload}.c2ln") }))
}

fn claims() -> serde_json::Value {
    json!({ "iss": "https://as.example", "sub": "00u1", "aud": "0oa1", "nonce": "n-1", "iat": 1, "exp": 2 })
}

/// What is said of an ID token with one claim changed, or absent where it is `null`.
fn changed(name: &str, value: serde_json::Value) -> Result<(), Word> {
    let mut changed = claims();
    changed[name] = value.clone();
    if let (true, Some(claims)) = (value.is_null(), changed.as_object_mut()) {
        claims.remove(name);
    }
    check_continuity(&holding(&changed), &holding(&claims()))
}

#[test]
fn v07_the_id_token_is_about_the_same_sign_in() {
    for (claim, values, word) in [
        (
            "iss",
            [
                json!("https://evil.example"),
                json!("https://as.example/"),
                json!(null),
            ],
            Word::Iss,
        ),
        (
            "sub",
            [json!("00u2"), json!("00U1"), json!(null)],
            Word::Sub,
        ),
        (
            "aud",
            [json!("0oa2"), json!(["0oa1", "0oa2"]), json!(null)],
            Word::Aud,
        ),
        (
            "nonce",
            [json!("n-2"), json!("N-1"), json!("n-1 ")],
            Word::Nonce,
        ),
    ] {
        for value in values {
            assert_eq!(changed(claim, value.clone()), Err(word), "{claim}: {value}");
        }
    }
}

#[test]
fn v07_what_may_differ_between_two_id_tokens() {
    for (claim, value) in [
        ("nonce", json!(null)),
        ("nonce", json!("")),
        ("aud", json!(["0oa1"])),
        ("iat", json!(5)),
        ("exp", json!(null)),
        ("auth_time", json!(1)),
        ("name", json!("Ann")),
    ] {
        assert_eq!(changed(claim, value.clone()), Ok(()), "{claim}: {value}");
    }
}

#[test]
fn v07_every_audience_counts_in_its_place() {
    let with_aud = |aud: serde_json::Value| {
        let mut claims = claims();
        claims["aud"] = aud;
        holding(&claims)
    };
    let check = |new: serde_json::Value, old: serde_json::Value| {
        check_continuity(&with_aud(new), &with_aud(old))
    };
    let two = || json!(["0oa1", "0oa2"]);
    assert_eq!(check(two(), two()), Ok(()));
    for other in [
        json!(["0oa1"]),
        json!(["0oa2"]),
        json!(["0oa1", "0oa3"]),
        json!(["0oa1", "0oa2", "0oa3"]),
        json!(["0oa1", "0oa2", "0oa2"]),
        json!("0oa1"),
        json!([]),
    ] {
        assert_eq!(check(other.clone(), two()), Err(Word::Aud), "{other}");
        assert_eq!(check(two(), other.clone()), Err(Word::Aud), "{other}");
    }
}

#[test]
fn v07_what_is_no_id_token_does_not_follow_one() {
    for text in ["opaque", "e30.W10.c2ln", "a.b", "e30.e30"] {
        let answer = with(Object::of([]), "id_token", text);
        let checked = check_continuity(&answer, &holding(&claims()));
        assert_eq!(checked, Err(Word::Format), "{text}");
    }
}

#[test]
fn v06_without_two_id_tokens_there_is_nothing_to_compare() {
    for value in [Value::Undefined, Value::Null, "".into(), Value::Number(1.0)] {
        let none = || with(Object::of([]), "id_token", value.clone());
        assert_eq!(check_continuity(&none(), &holding(&claims())), Ok(()));
        assert_eq!(check_continuity(&holding(&claims()), &none()), Ok(()));
        assert_eq!(is_same_user(&none(), &holding(&claims())), None);
        assert_eq!(is_same_user(&holding(&claims()), &none()), None);
    }
}

#[test]
fn l11_users_are_the_same_where_their_id_tokens_say_so() {
    let of = |sub: serde_json::Value| holding(&json!({ "sub": sub }));
    for (one, other, is_same) in [
        (json!("00u1"), json!("00u1"), Some(true)),
        (json!("00u1"), json!("00u2"), Some(false)),
        (json!(null), json!(null), None),
        (json!(""), json!(""), None),
        (json!(1), json!(1), None),
        (json!("00u1"), json!(null), None),
    ] {
        assert_eq!(is_same_user(&of(one.clone()), &of(other)), is_same, "{one}");
    }
}
