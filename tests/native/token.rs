//! The token endpoint's answer.

use crate::kept::{Object, Value};
use crate::strategies::{any_object, any_text, any_value};
use crate::support::{assert_members, object, with};
use proptest::prelude::*;
use rekindle::platform::{Kept, Kind, Wall};
use rekindle::protocol::token::{
    DEFAULT_LIFETIME, LONGEST_LIFETIME, NotUsable, copy_access, lifetime, take, take_refresh_token,
    warn,
};
use rekindle::words::Word;
use serde_json::json;

const SENT: Wall = Wall(1_700_000_000_000.0);

/// The members of an answer that anything is taken from.
const ANSWER: &[Word] = &[
    Word::AccessToken,
    Word::TokenType,
    Word::ExpiresIn,
    Word::RefreshToken,
    Word::Scope,
    Word::IdToken,
];

/// What was held before.
fn held() -> Object {
    object(json!({
        "access_token": "at-1",
        "token_type": "Bearer",
        "received_at": 1_600_000_000_000_u64,
        "expires_at": 1_600_000_300_000_u64,
        "scope": "openid profile offline_access",
        "refresh_token": "rt-1",
        "id_token": "id-1",
    }))
}

/// A complete answer.
fn granted() -> Object {
    object(json!({
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": "at-2",
        "scope": "openid profile",
        "refresh_token": "rt-2",
        "id_token": "id-2",
    }))
}

/// What is held after an answer, and whether its access token is of use.
fn after(answer: &Object) -> (Result<(), NotUsable>, Object) {
    let next = held();
    (take(answer, SENT, &next), next)
}

/// Values that are no text with at least one character.
fn no_texts() -> [Value; 10] {
    [
        Value::Undefined,
        Value::Null,
        "".into(),
        Value::Number(5.0),
        Value::Boolean(true),
        Value::Boolean(false),
        Value::Function,
        json!(["at-2"]).into(),
        json!([]).into(),
        json!({ "a": "b" }).into(),
    ]
}

#[test]
fn r01_a_new_refresh_token_takes_the_place_of_the_old_one() {
    let (taken, next) = after(&granted());
    assert_eq!(taken, Ok(()));
    assert_members(
        &next,
        &json!({
            "access_token": "at-2",
            "token_type": "Bearer",
            "received_at": 1_700_000_000_000_u64,
            "expires_at": 1_700_003_600_000_u64,
            "scope": "openid profile",
            "refresh_token": "rt-2",
            "id_token": "id-2",
        }),
    );
}

#[test]
fn r02_without_a_new_refresh_token_the_old_one_stays() {
    for value in no_texts() {
        let (taken, next) = after(&with(granted(), "refresh_token", value.clone()));
        assert_eq!(taken, Ok(()), "{value:?}");
        assert_eq!(
            next.stringify_member("refresh_token"),
            r#""rt-1""#,
            "{value:?}"
        );
        assert_eq!(
            next.stringify_member("access_token"),
            r#""at-2""#,
            "{value:?}"
        );
    }
}

#[test]
fn r11_the_granted_scope_is_kept_and_an_absent_one_means_no_change() {
    let (_, next) = after(&with(granted(), "scope", "openid"));
    assert_eq!(next.stringify_member("scope"), r#""openid""#);
    for value in no_texts() {
        let (taken, next) = after(&with(granted(), "scope", value.clone()));
        assert_eq!(taken, Ok(()), "{value:?}");
        let kept = r#""openid profile offline_access""#;
        assert_eq!(next.stringify_member("scope"), kept, "{value:?}");
    }
}

#[test]
fn v03_an_answer_without_a_usable_access_token_brings_only_its_refresh_token() {
    for value in no_texts() {
        let (taken, next) = after(&with(granted(), "access_token", value.clone()));
        assert_eq!(taken, Err(NotUsable(Word::AccessToken)), "{value:?}");
        let expected = with_refresh_token(held(), "rt-2");
        assert_eq!(next.stringify(), expected.stringify(), "{value:?}");
    }
}

fn with_refresh_token(held: Object, refresh_token: &str) -> Object {
    held.write("refresh_token", refresh_token.into());
    held
}

#[test]
fn v04_bearer_in_any_case_is_bearer_and_so_is_no_type_at_all() {
    for value in [
        "Bearer".into(),
        "bearer".into(),
        "BEARER".into(),
        "bEaReR".into(),
        Value::Undefined,
        Value::Null,
    ] {
        let (taken, next) = after(&with(granted(), "token_type", value.clone()));
        assert_eq!(taken, Ok(()), "{value:?}");
        assert_eq!(
            next.stringify_member("token_type"),
            r#""Bearer""#,
            "{value:?}"
        );
    }
}

#[test]
fn v04_q08_a_token_of_another_type_is_not_handed_out_and_its_refresh_token_is_kept() {
    for value in [
        "DPoP".into(),
        "mac".into(),
        "N_A".into(),
        "".into(),
        "Bearer ".into(),
        " bearer".into(),
        "beare".into(),
        "bearers".into(),
        // Letters that look alike, or that another script's rules make one of "bearer".
        "ｂearer".into(),
        "bea\u{211b}er".into(),
        Value::Number(5.0),
        Value::Boolean(true),
        Value::Boolean(false),
        json!(["Bearer"]).into(),
        json!({}).into(),
    ] {
        let (taken, next) = after(&with(granted(), "token_type", value.clone()));
        assert_eq!(taken, Err(NotUsable(Word::TokenType)), "{value:?}");
        let expected = with_refresh_token(held(), "rt-2");
        assert_eq!(next.stringify(), expected.stringify(), "{value:?}");
    }
}

fn lifetime_of(expires_in: impl Into<Value>) -> f64 {
    lifetime(&with(granted(), "expires_in", expires_in))
}

#[test]
fn v05_expires_in_is_a_number_of_seconds() {
    for (number, seconds) in [
        (3600.0, 3600.0),
        (0.5, 0.5),
        (0.0, 0.0),
        (-0.0, 0.0),
        (-1.0, 0.0),
        (-1e300, 0.0),
        (f64::NEG_INFINITY, 0.0),
        (2_592_000.0, LONGEST_LIFETIME),
        (2_592_000.5, LONGEST_LIFETIME),
        (1e300, LONGEST_LIFETIME),
        (f64::INFINITY, LONGEST_LIFETIME),
        (f64::NAN, DEFAULT_LIFETIME),
    ] {
        assert_eq!(lifetime_of(Value::Number(number)), seconds, "{number}");
    }
}

#[test]
fn v05_expires_in_is_read_from_digits_in_a_string() {
    for (text, seconds) in [
        ("3600".to_owned(), 3600.0),
        ("0".to_owned(), 0.0),
        ("0060".to_owned(), 60.0),
        ("9".repeat(400), LONGEST_LIFETIME),
        ("0".repeat(400), 0.0),
    ] {
        assert_eq!(lifetime_of(&*text), seconds, "{text}");
    }
}

#[test]
fn v05_expires_in_that_says_nothing_means_300_seconds() {
    for value in [
        "",
        " ",
        "NaN",
        "Infinity",
        "-1",
        "+1",
        "3600.0",
        "1e3",
        "0x10",
        " 3600",
        "3600 ",
        "3600s",
        "3,600",
        "٣٦٠٠",
        "３６００",
        "null",
    ] {
        assert_eq!(lifetime_of(value), 300.0, "{value:?}");
    }
    for value in [
        Value::Undefined,
        Value::Null,
        Value::Boolean(true),
        Value::Function,
        json!([3600]).into(),
        json!(["3600"]).into(),
        json!({ "seconds": 3600 }).into(),
    ] {
        assert_eq!(lifetime_of(value.clone()), 300.0, "{value:?}");
    }
}

#[test]
fn c01_v05_the_expiry_counts_from_when_the_request_was_sent() {
    let answer = with(granted(), "expires_in", Value::Number(-5.0));
    let (taken, next) = after(&answer);
    assert_eq!(taken, Ok(()));
    assert_eq!(next.number(Word::ReceivedAt), SENT.0);
    assert_eq!(next.number(Word::ExpiresAt), SENT.0);
}

#[test]
fn v06_without_an_id_token_the_old_one_stays() {
    for value in no_texts() {
        let (taken, next) = after(&with(granted(), "id_token", value.clone()));
        assert_eq!(taken, Ok(()), "{value:?}");
        assert_eq!(next.stringify_member("id_token"), r#""id-1""#, "{value:?}");
    }
}

/// What of an answer is written down, where this was held before.
fn warnings(answer: &Object, before: &Object) -> Vec<Word> {
    let mut said = Vec::new();
    warn(answer, before, |word| said.push(word));
    said
}

#[test]
fn v04_a_missing_token_type_is_written_down() {
    for (token_type, said) in [
        (Value::Undefined, vec![Word::NoTokenType]),
        ("Bearer".into(), vec![]),
        ("bearer".into(), vec![]),
    ] {
        let answer = with(granted(), "token_type", token_type);
        assert_eq!(warnings(&answer, &held()), said);
    }
}

#[test]
fn r11_a_scope_that_grew_is_written_down() {
    let long = "a ".repeat(513);
    for (before, granted_now, is_wider) in [
        ("openid", json!("openid profile"), true),
        ("openid profile", json!("a b c"), true),
        ("openid profile", json!("profile openid"), false),
        ("openid a", json!("openid b"), true),
        ("openid a", json!(" openid  "), false),
        ("openid profile", json!("openid"), false),
        ("openid profile", json!(null), false),
        ("openid profile", json!(["a", "b", "c"]), false),
        ("", json!("openid profile"), false),
        // A list that nobody reads is not gone through: that takes the product of both.
        ("openid", json!(long), false),
        (&long, json!("openid"), false),
    ] {
        let answer = with(granted(), "scope", granted_now.clone());
        let before = with(held(), "scope", before);
        let said = warnings(&answer, &before);
        assert_eq!(said.contains(&Word::WiderScope), is_wider, "{granted_now}");
        assert_eq!(said.len(), usize::from(is_wider));
    }
}

#[test]
fn v07_of_an_answer_that_is_refused_the_refresh_token_is_kept_alone() {
    let next = held();
    take_refresh_token(&granted(), &next);
    let expected = with(held(), "refresh_token", "rt-2");
    assert_eq!(
        with(next, "refresh_token", "rt-2").stringify(),
        expected.stringify()
    );
    for none in no_texts() {
        let next = held();
        take_refresh_token(&with(granted(), "refresh_token", none), &next);
        assert_eq!(next.stringify(), held().stringify());
    }
}

#[test]
fn an_access_token_is_copied_with_all_that_goes_with_it() {
    let (_, from) = after(&granted());
    let to = with(held(), "refresh_token", "rt-of-its-own");
    copy_access(&from, &to);
    let expected = with(from, "refresh_token", "rt-of-its-own");
    for (name, _) in expected.entries() {
        assert_eq!(
            to.stringify_member(&name),
            expected.stringify_member(&name),
            "{name}"
        );
    }
}

proptest! {
    #[test]
    fn v05_the_lifetime_is_finite_and_at_most_30_days(value in any_value()) {
        let seconds = lifetime_of(value);
        prop_assert!(seconds.is_finite() && (0.0..=2_592_000.0).contains(&seconds), "{seconds}");
    }

    #[test]
    fn v05_digits_mean_their_number(seconds in 0_u32..=2_592_000) {
        prop_assert_eq!(lifetime_of(seconds.to_string().as_str()), f64::from(seconds));
        prop_assert_eq!(lifetime_of(Value::Number(f64::from(seconds))), f64::from(seconds));
    }

    #[test]
    fn q11_an_access_token_is_any_text(token in any_text().prop_filter("empty", |text| !text.is_empty())) {
        let answer = with(granted(), "access_token", token.as_str());
        let (taken, next) = after(&answer);
        prop_assert_eq!(taken, Ok(()));
        prop_assert!(next.same(Word::AccessToken, &answer, Word::AccessToken));
    }

    #[test]
    fn q09_any_answer_leaves_whole_tokens(answer in any_object(ANSWER)) {
        let (taken, next) = after(&answer);
        let is_new = |key| answer.kind(key) == Kind::Text;
        let is_from = |key, is_new: bool| {
            let source = if is_new { answer.clone() } else { held() };
            next.same(key, &source, key)
        };
        // With rotation the old refresh token is spent, whatever else is wrong with the answer.
        prop_assert!(is_from(Word::RefreshToken, is_new(Word::RefreshToken)));
        prop_assert!(is_from(Word::AccessToken, taken.is_ok()));
        for key in [Word::Scope, Word::IdToken] {
            prop_assert!(is_from(key, taken.is_ok() && is_new(key)));
        }
        prop_assert!(next.is(Word::TokenType, Word::Bearer));
        let expires = next.number(Word::ExpiresAt);
        if taken.is_ok() {
            prop_assert!(is_new(Word::AccessToken));
            prop_assert_eq!(next.number(Word::ReceivedAt), SENT.0);
            prop_assert!((SENT.0..=SENT.0 + 2_592_000_000.0).contains(&expires));
        } else {
            prop_assert!(is_from(Word::ReceivedAt, false) && is_from(Word::ExpiresAt, false));
        }
        prop_assert_eq!(next.entries().len(), held().entries().len());
    }
}
