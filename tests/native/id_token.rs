//! ID tokens: what is asked of one at a sign-in, and of one that a refresh brings.

use crate::kept::{Object, Value};
use crate::outside::signed;
use crate::support::{object, with};
use rekindle::protocol::id_token::{check, check_refreshed, check_sign_in, is_same_user};
use rekindle::words::Word;
use serde_json::{Value as Json, json};

const TOLERANCE: f64 = 300.0;

fn settings() -> Object {
    object(json!({ "issuer": "https://as.example", "client_id": "0oa1" }))
}

fn header() -> Json {
    json!({ "alg": "RS256", "kid": "k1" })
}

fn claims() -> Json {
    json!({ "iss": "https://as.example", "sub": "00u1", "aud": "0oa1", "nonce": "n-1", "iat": 1_000, "exp": 4_600, "auth_time": 900 })
}

/// With these members in the place of its own; without those that are `null`.
fn changed(mut of: Json, changes: &Json) -> Json {
    for (name, value) in changes.as_object().expect("it is an object") {
        of[name] = value.clone();
    }
    of.as_object_mut()
        .expect("it is an object")
        .retain(|_, value| !value.is_null());
    of
}

/// An answer or record with an ID token of these claims.
fn holding(claims: &Json) -> Object {
    object(json!({ "id_token": signed(&header(), claims, "k1") }))
}

fn of_header(changes: &Json) -> Result<(), Word> {
    let token = signed(&changed(header(), changes), &claims(), "k1");
    check(&object(json!({ "id_token": token })), &settings()).map(|_| ())
}

fn at_sign_in(changes: &Json) -> Result<(), Word> {
    let sign_in = object(json!({ "nonce": "n-1" }));
    check_sign_in(
        &holding(&changed(claims(), changes)),
        &settings(),
        &sign_in,
        TOLERANCE,
    )
}

fn refreshed(changes: &Json) -> Result<(), Word> {
    check_refreshed(
        &holding(&changed(claims(), changes)),
        &holding(&claims()),
        &settings(),
    )
}

#[test]
fn j01_v09_an_algorithm_of_the_list() {
    for alg in [
        "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519",
    ] {
        assert_eq!(of_header(&json!({ "alg": alg })), Ok(()), "{alg}");
    }
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!(""),
        json!("HS256"),
        json!("HS512"),
        json!("rs256"),
        json!("RS1"),
        json!("ES256K"),
        json!(null),
        json!(["RS256"]),
        json!({}),
    ] {
        assert_eq!(of_header(&json!({ "alg": alg })), Err(Word::Alg), "{alg}");
    }
}

#[test]
fn m04_nothing_in_the_header_says_where_keys_are_and_no_extension_is_understood() {
    let ignored = json!({ "jku": "https://evil.example", "x5u": "https://evil.example", "jwk": { "kty": "RSA" }, "typ": "x" });
    assert_eq!(of_header(&ignored), Ok(()));
    for crit in [json!(["exp"]), json!([]), json!("exp")] {
        assert_eq!(
            of_header(&json!({ "crit": crit })),
            Err(Word::Format),
            "{crit}"
        );
    }
}

#[test]
fn j06_the_compact_form_to_the_letter() {
    let good = signed(&header(), &claims(), "k1");
    let (start, signature) = good.rsplit_once('.').expect("it has three parts");
    let long = "a".repeat(1 << 16);
    for text in [
        "opaque".to_owned(),
        start.to_owned(),
        format!("{good}."),
        format!("{good}.c2ln"),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{start}\n.{signature}"),
        format!("{start}.{signature}+"),
        format!("{start}.{long}"),
        "e30.W10.c2ln".to_owned(),
        "e30.bnVsbA.c2ln".to_owned(),
        "W10.e30.c2ln".to_owned(),
        "e30.e31.c2ln".to_owned(),
    ] {
        let answer = object(json!({ "id_token": text }));
        assert_eq!(
            check(&answer, &settings()).err(),
            Some(Word::Format),
            "{text:.60}"
        );
    }
    assert_eq!(
        check(&Object::of([]), &settings()).err(),
        Some(Word::Format)
    );
}

#[test]
fn j02_issuer_audience_and_authorized_party() {
    for (changes, wrong) in [
        (json!({ "iss": "https://as.example/" }), None),
        (json!({ "iss": "https://AS.example" }), Some(Word::Iss)),
        (
            json!({ "iss": "https://as.example.evil.example" }),
            Some(Word::Iss),
        ),
        (json!({ "iss": null }), Some(Word::Iss)),
        (json!({ "iss": ["https://as.example"] }), Some(Word::Iss)),
        (json!({ "aud": ["0oa1"] }), None),
        (json!({ "aud": null }), Some(Word::Aud)),
        (json!({ "aud": [] }), Some(Word::Aud)),
        (json!({ "aud": "0oa" }), Some(Word::Aud)),
        (json!({ "aud": "0oa1 " }), Some(Word::Aud)),
        (json!({ "aud": ["0oa2"] }), Some(Word::Aud)),
        (json!({ "aud": ["0oa2", "0oa1"] }), Some(Word::Azp)),
        (json!({ "aud": ["0oa2", "0oa1"], "azp": "0oa1" }), None),
        (json!({ "aud": ["0oa1", 2] }), Some(Word::Aud)),
        (json!({ "aud": ["0oa1", null, "0oa2"] }), Some(Word::Aud)),
        (json!({ "aud": ["0oa1", ""] }), Some(Word::Aud)),
        (json!({ "aud": { "0": "0oa1" } }), Some(Word::Aud)),
        (
            json!({ "aud": ["0oa2", "0oa1"], "azp": "0oa2" }),
            Some(Word::Azp),
        ),
        (json!({ "azp": "0oa2" }), Some(Word::Azp)),
        (json!({ "azp": "0oa1" }), None),
        (json!({ "sub": null }), Some(Word::Sub)),
        (json!({ "sub": "" }), Some(Word::Sub)),
        (json!({ "sub": 1 }), Some(Word::Sub)),
    ] {
        assert_eq!(at_sign_in(&changes).err(), wrong, "{changes}");
    }
}

#[test]
fn k04_the_nonce_is_the_sign_in_s() {
    for nonce in [
        json!("n-2"),
        json!(""),
        json!(null),
        json!(1),
        json!(["n-1"]),
    ] {
        assert_eq!(
            at_sign_in(&json!({ "nonce": nonce })),
            Err(Word::Nonce),
            "{nonce}"
        );
    }
}

#[test]
fn j03_c05_its_times_agree_with_one_another_whatever_the_device_s_clock_says() {
    for (changes, is_good) in [
        (json!({ "iat": 1e9, "exp": 1e9 + 1.0 }), true),
        (json!({ "exp": null }), false),
        (json!({ "iat": null }), false),
        (json!({ "exp": 1_000 }), false),
        (json!({ "exp": 999 }), false),
        (json!({ "exp": "4600" }), false),
        (json!({ "iat": "1000" }), false),
        (json!({ "nbf": 1_000 }), true),
        (json!({ "nbf": 1_300 }), true),
        (json!({ "nbf": 1_301 }), false),
        (json!({ "nbf": "1000" }), false),
    ] {
        let expected = if is_good { Ok(()) } else { Err(Word::Time) };
        assert_eq!(at_sign_in(&changes), expected, "{changes}");
    }
}

#[test]
fn j09_how_long_ago_the_user_signed_in_where_that_was_asked_for() {
    for (max_age, auth_time, is_good) in [
        (json!(60), json!(940), true),
        (json!(60), json!(640), true),
        (json!(60), json!(639), false),
        (json!(0), json!(1_000), true),
        (json!(0), json!(699), false),
        (json!(60), json!(null), false),
        (json!(60), json!("940"), false),
        (json!(null), json!(1), true),
        (json!(null), json!(null), true),
    ] {
        let answer = holding(&changed(claims(), &json!({ "auth_time": auth_time })));
        let sign_in = object(json!({ "nonce": "n-1", "max_age": max_age }));
        let expected = if is_good { Ok(()) } else { Err(Word::Time) };
        let checked = check_sign_in(&answer, &settings(), &sign_in, TOLERANCE);
        assert_eq!(checked, expected, "{max_age} {auth_time}");
    }
}

#[test]
fn j04_v07_the_id_token_of_a_refresh_is_about_the_same_sign_in() {
    for (claim, values, word) in [
        (
            "iss",
            vec![
                json!("https://evil.example"),
                json!("https://as.example/"),
                json!(null),
            ],
            Word::Iss,
        ),
        (
            "sub",
            vec![json!("00u2"), json!("00U1"), json!(null)],
            Word::Sub,
        ),
        (
            "aud",
            vec![
                json!("0oa2"),
                json!(["0oa1", "0oa2"]),
                json!(null),
                json!([]),
            ],
            Word::Aud,
        ),
        (
            "nonce",
            vec![json!("n-2"), json!("N-1"), json!("n-1 ")],
            Word::Nonce,
        ),
        (
            "auth_time",
            vec![json!(899), json!(0), json!(1_001)],
            Word::Time,
        ),
        ("azp", vec![json!("0oa2")], Word::Azp),
    ] {
        for value in values {
            assert_eq!(
                refreshed(&json!({ claim: value })),
                Err(word),
                "{claim}: {value}"
            );
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
        ("exp", json!(1)),
        ("auth_time", json!(null)),
        ("auth_time", json!("1")),
        // django-oauth-toolkit says when the user last signed in, on whatever device.
        ("auth_time", json!(950)),
        ("auth_time", json!(1_000)),
        ("name", json!("Ann")),
    ] {
        assert_eq!(
            refreshed(&json!({ claim: value })),
            Ok(()),
            "{claim}: {value}"
        );
    }
}

#[test]
fn v07_every_audience_counts_and_their_order_does_not() {
    let with_aud = |aud: Json| holding(&changed(claims(), &json!({ "aud": aud, "azp": "0oa1" })));
    let check = |new: Json, old: Json| check_refreshed(&with_aud(new), &with_aud(old), &settings());
    let two = || json!(["0oa1", "0oa2"]);
    assert_eq!(check(two(), two()), Ok(()));
    assert_eq!(check(json!(["0oa2", "0oa1"]), two()), Ok(()));
    for other in [
        json!(["0oa1"]),
        json!(["0oa2"]),
        json!(["0oa1", "0oa3"]),
        json!(["0oa1", "0oa2", "0oa3"]),
        json!("0oa1"),
        json!([]),
    ] {
        assert_eq!(check(other.clone(), two()), Err(Word::Aud), "{other}");
        assert_eq!(check(two(), other.clone()), Err(Word::Aud), "{other}");
    }
}

#[test]
fn v07_what_is_no_id_token_does_not_follow_one() {
    for text in ["opaque", "e30.W10.c2ln", "a.b"] {
        let answer = with(Object::of([]), "id_token", text);
        let checked = check_refreshed(&answer, &holding(&claims()), &settings());
        assert_eq!(checked, Err(Word::Format), "{text}");
    }
}

#[test]
fn v06_without_two_id_tokens_there_is_nothing_to_compare() {
    for value in [Value::Undefined, Value::Null, "".into(), Value::Number(1.0)] {
        let none = || with(Object::of([]), "id_token", value.clone());
        assert_eq!(
            check_refreshed(&none(), &holding(&claims()), &settings()),
            Ok(())
        );
        assert_eq!(
            check_refreshed(&holding(&claims()), &none(), &settings()),
            Ok(())
        );
        assert_eq!(is_same_user(&none(), &holding(&claims())), None);
        assert_eq!(is_same_user(&holding(&claims()), &none()), None);
        // It is for this client all the same.
        let other = holding(&changed(claims(), &json!({ "aud": "0oa2" })));
        assert_eq!(
            check_refreshed(&other, &none(), &settings()),
            Err(Word::Aud)
        );
    }
}

#[test]
fn l11_users_are_the_same_where_their_id_tokens_say_so() {
    let of = |sub: Json| holding(&json!({ "sub": sub }));
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
