//! What is stored, and what is made of what was.

use crate::kept::{Object, Value};
use crate::strategies::any_object;
use crate::support::{assert_members, object, settings, with};
use proptest::prelude::*;
use rekindle::platform::{Kept, Kind, Wall};
use rekindle::protocol::token;
use rekindle::session::record::{
    again, begin_family, copy_notes, empty, has_same_notes, is_ours, is_same_family,
    is_same_generation, noted, read, tokens, without_id_token,
};
use rekindle::words::Word;
use serde_json::json;

fn record() -> Object {
    object(json!({
        "version": 2,
        "issuer": "https://example.okta.com/oauth2/default",
        "client_id": "0oa1example",
        "family": "family-1",
        "generation": 3,
        "signed_in_at": 1_699_990_000_000_u64,
        "access_token": "at-1",
        "token_type": "Bearer",
        "scope": "openid offline_access",
        "refresh_token": "rt-1",
        "id_token": "e30.eyJzdWIiOiIwMHUxIn0.c2ln",
        "received_at": 1_700_000_000_000_u64,
        "expires_at": 1_700_003_600_000_u64,
    }))
}

#[test]
fn s03_a_whole_record_of_this_client_is_ours() {
    assert!(is_ours(&record(), &settings()));
    for optional in ["scope", "refresh_token", "id_token"] {
        assert!(
            is_ours(&with(record(), optional, Value::Undefined), &settings()),
            "{optional}"
        );
    }
    assert!(is_ours(
        &with(record(), "of_a_later_version", "a"),
        &settings()
    ));
}

#[test]
fn s03_a_record_with_a_member_missing_or_of_another_type_is_not() {
    let no_text = || {
        [
            Value::Null,
            "".into(),
            Value::Number(1.0),
            Value::Boolean(true),
            Value::Boolean(false),
            json!(["a"]).into(),
            json!([]).into(),
            json!({}).into(),
        ]
    };
    let no_time = || {
        [
            Value::Null,
            "1700000000000".into(),
            Value::Boolean(true),
            Value::Number(f64::NAN),
            Value::Number(f64::INFINITY),
            json!([1]).into(),
        ]
    };
    let assert_not_ours = |name: &str, value: Value| {
        let record = with(record(), name, value);
        assert!(!is_ours(&record, &settings()), "{record:?}");
    };
    for name in [
        "access_token",
        "token_type",
        "scope",
        "refresh_token",
        "id_token",
        "issuer",
        "client_id",
        "family",
    ] {
        no_text()
            .into_iter()
            .for_each(|value| assert_not_ours(name, value));
    }
    for name in ["received_at", "expires_at", "generation", "signed_in_at"] {
        no_time()
            .into_iter()
            .for_each(|value| assert_not_ours(name, value));
    }
    for required in [
        "version",
        "issuer",
        "client_id",
        "access_token",
        "token_type",
        "received_at",
        "expires_at",
        "family",
        "generation",
        "signed_in_at",
    ] {
        assert_not_ours(required, Value::Undefined);
    }
}

#[test]
fn s03_a_record_of_another_version_is_not() {
    for version in [
        json!(0),
        json!(1),
        json!(3),
        json!(1.5),
        json!(-1),
        json!("1"),
        json!(true),
        json!(null),
        json!([1]),
    ] {
        assert!(
            !is_ours(&with(record(), "version", version.clone()), &settings()),
            "{version}"
        );
    }
}

#[test]
fn s03_a_record_of_the_first_version_becomes_one_of_this() {
    let first = [
        ("version", Value::Number(1.0)),
        ("family", Value::Undefined),
        ("generation", Value::Undefined),
        ("signed_in_at", Value::Undefined),
    ];
    let first = first
        .into_iter()
        .fold(record(), |record, (name, value)| with(record, name, value));
    let migrated = read(&first, &settings()).expect("it is this client's");
    assert!(is_ours(&migrated, &settings()));
    assert_eq!(migrated.number(Word::Generation), 1.0);
    // SHA-256 of "rt-1": every tab with a copy of the record makes the same name.
    assert_eq!(
        migrated.stringify_member("family"),
        r#""oz2MYlgzQp30ZYqm9pQGdcqCkFGmIO05hRcDnUofx-w""#
    );
    assert!(migrated.same(Word::RefreshToken, &first, Word::RefreshToken));
    for (name, value) in [
        ("version", json!(0)),
        ("client_id", json!("another")),
        ("issuer", json!("https://evil.example")),
        ("access_token", json!(null)),
    ] {
        assert!(read(&with(first.clone(), name, value), &settings()).is_none());
    }
}

#[test]
fn s05_a_record_of_another_issuer_or_client_is_not() {
    for (name, value) in [
        ("issuer", "https://example.okta.com/oauth2/default/"),
        ("issuer", "https://example.okta.com/oauth2/Default"),
        ("issuer", "https://evil.example"),
        ("client_id", "0oa1Example"),
        ("client_id", "another"),
        ("token_type", "bearer"),
        ("token_type", "DPoP"),
    ] {
        assert!(
            !is_ours(&with(record(), name, value), &settings()),
            "{name}: {value}"
        );
    }
}

#[test]
fn s03_what_is_no_object_is_not() {
    assert!(!is_ours(&Object::object(), &settings()));
    assert!(!is_ours(&Object::list(), &settings()));
    assert!(!is_ours(
        &Object::list_of([Value::Object(record())]),
        &settings()
    ));
}

#[test]
fn a_record_begins_with_whose_it_is() {
    assert_members(
        &empty(&settings()),
        &json!({ "version": 2, "issuer": "https://example.okta.com/oauth2/default", "client_id": "0oa1example" }),
    );
}

#[test]
fn a_copy_has_the_same_tokens_and_nothing_else() {
    let old = with(record(), "of_another_version", "a");
    old.set(Word::SentAt, 1.0);
    let copy = again(&settings(), &old);
    assert_members(
        &copy,
        &serde_json::from_str(&record().stringify()).expect("it is JSON"),
    );
    copy.put(Word::AccessToken, Word::Okta);
    assert_eq!(old.stringify_member("access_token"), r#""at-1""#);
}

#[test]
fn s02_what_is_left_where_storage_is_full_is_enough_to_refresh() {
    let smaller = without_id_token(&settings(), &record());
    assert_eq!(smaller.kind(Word::IdToken), Kind::Absent);
    assert!(is_ours(&smaller, &settings()));
    assert!(smaller.same(Word::RefreshToken, &record(), Word::RefreshToken));
    assert_eq!(record().kind(Word::IdToken), Kind::Text);
}

#[test]
fn the_app_s_tokens_have_no_refresh_token() {
    assert_members(
        &tokens(&record()),
        &json!({
            "accessToken": "at-1",
            "tokenType": "Bearer",
            "expiresAt": 1_700_003_600_000_u64,
            "scope": "openid offline_access",
            "idToken": "e30.eyJzdWIiOiIwMHUxIn0.c2ln",
            "claims": { "sub": "00u1" },
        }),
    );
    let least = with(
        with(record(), "scope", Value::Undefined),
        "id_token",
        Value::Undefined,
    );
    assert_members(
        &tokens(&least),
        &json!({ "accessToken": "at-1", "tokenType": "Bearer", "expiresAt": 1_700_003_600_000_u64, "scope": "" }),
    );
    let opaque = with(record(), "id_token", "opaque");
    assert_eq!(tokens(&opaque).kind(Word::Claims), Kind::Absent);
}

/// The record with a note of each kind.
fn with_notes() -> Object {
    let notes = object(json!({ "sent_at": 1, "seen": 2, "wait_until": 3, "paused": 1, "debt": 4 }));
    let record = record();
    copy_notes(&notes, &record);
    record
}

#[test]
fn t09_tabs_that_are_given_the_same_tokens_make_the_same_family_of_them() {
    let given = |refresh_token: &str| {
        let given = with(record(), "family", Value::Undefined);
        let given = with(given, "signed_in_at", Value::Undefined);
        let given = with(given, "refresh_token", refresh_token);
        begin_family(&given);
        given
    };
    let (one, other) = (given("rt-1"), given("rt-1"));
    assert!(is_same_family(&one, &other) && is_same_generation(&one, &other));
    assert!(one.unit(Word::Family, 42).is_some() && one.unit(Word::Family, 43).is_none());
    assert!(!is_same_family(&one, &given("rt-2")));
    // Without a refresh token it is the access token that is the same in all.
    let one = given("");
    assert!(is_same_family(&one, &given("")) && !is_same_family(&one, &other));
    let another = with(given(""), "access_token", "at-2");
    let another = with(another, "family", Value::Undefined);
    begin_family(&another);
    assert!(!is_same_family(&one, &another));
}

#[test]
fn a_sign_in_keeps_the_name_that_it_was_given() {
    let record = record();
    begin_family(&record);
    assert_members(
        &record,
        &json!({
            "version": 2,
            "issuer": "https://example.okta.com/oauth2/default",
            "client_id": "0oa1example",
            "family": "family-1",
            "generation": 1,
            "signed_in_at": 1_700_000_000_000_u64,
            "access_token": "at-1",
            "token_type": "Bearer",
            "scope": "openid offline_access",
            "refresh_token": "rt-1",
            "id_token": "e30.eyJzdWIiOiIwMHUxIn0.c2ln",
            "received_at": 1_700_000_000_000_u64,
            "expires_at": 1_700_003_600_000_u64,
        }),
    );
}

#[test]
fn t02_a_generation_is_one_of_its_family() {
    assert!(is_same_generation(&record(), &with_notes()));
    let later = with(record(), "generation", Value::Number(4.0));
    assert!(is_same_family(&record(), &later) && !is_same_generation(&record(), &later));
    let other = with(record(), "family", "family-2");
    assert!(!is_same_family(&record(), &other) && !is_same_generation(&record(), &other));
}

/// What was noted about one refresh token says nothing of the next.
#[test]
fn t07_notes_are_of_one_generation() {
    let old = with_notes();
    assert!(has_same_notes(&again(&settings(), &old), &record()));
    assert!(has_same_notes(&noted(&settings(), &old), &old));
    assert_eq!(noted(&settings(), &old).stringify(), old.stringify());
    assert!(is_ours(&old, &settings()));
    let smaller = without_id_token(&settings(), &old);
    assert!(has_same_notes(&smaller, &old) && !has_same_notes(&smaller, &record()));
    assert_eq!(again(&settings(), &old).stringify(), record().stringify());
}

#[test]
fn t07_each_note_counts() {
    for note in ["sent_at", "seen", "wait_until", "paused", "debt"] {
        for other in [Value::Undefined, Value::Number(9.0)] {
            let other = with(with_notes(), note, other);
            assert!(!has_same_notes(&with_notes(), &other), "{note}");
        }
        for rubbish in [
            Value::Null,
            "1".into(),
            Value::Number(f64::NAN),
            Value::Number(f64::INFINITY),
            json!({}).into(),
        ] {
            let stored = with(with_notes(), note, rubbish);
            let read = read(&stored, &settings()).expect("the tokens are whole");
            let word = Word::ALL.iter().find(|(_, text)| *text == note);
            let note = word.expect("it is a word").0;
            assert!(!noted(&settings(), &read).number(note).is_finite());
            assert!(read.same(Word::RefreshToken, &record(), Word::RefreshToken));
        }
    }
}

/// The members of a record.
const RECORD: &[Word] = &[
    Word::Version,
    Word::Issuer,
    Word::ClientId,
    Word::AccessToken,
    Word::TokenType,
    Word::Scope,
    Word::RefreshToken,
    Word::IdToken,
    Word::ReceivedAt,
    Word::ExpiresAt,
    Word::Family,
    Word::Generation,
    Word::SignedInAt,
    Word::SentAt,
    Word::Seen,
];

proptest! {
    #[test]
    fn s03_any_stored_object_is_judged(stored in any_object(RECORD)) {
        // A random object is a whole record once in a lifetime: laid over one, it may be.
        let over = record();
        for (name, value) in stored.entries() {
            over.write(name, value);
        }
        for record in [stored, over] {
            if let Some(read) = read(&record, &settings()) {
                prop_assert!(is_ours(&read, &settings()), "{read:?}");
                prop_assert!(read.same(Word::AccessToken, &record, Word::AccessToken));
            }
            if is_ours(&record, &settings()) {
                prop_assert!(record.kind(Word::AccessToken) == Kind::Text);
                prop_assert!(record.number(Word::ExpiresAt).is_finite());
                prop_assert!(record.same(Word::Issuer, &settings(), Word::Issuer));
                prop_assert!(is_ours(&again(&settings(), &record), &settings()));
                prop_assert!(tokens(&record).kind(Word::OutAccessToken) == Kind::Text);
            }
        }
    }

    #[test]
    fn a_record_that_was_stored_is_ours_again(answer in any_object(&[
        Word::TokenType, Word::ExpiresIn, Word::RefreshToken, Word::Scope, Word::IdToken,
    ])) {
        answer.write("access_token", "at-1".into());
        let next = empty(&settings());
        if token::take(&answer, Wall(1_700_000_000_000.0), &next).is_ok() {
            begin_family(&next);
            let stored = Object::parse(&next.stringify()).expect("it is JSON");
            prop_assert!(is_ours(&stored, &settings()), "{stored:?}");
        }
    }
}
