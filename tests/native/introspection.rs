//! RFC 7662: the form and its answer.

use crate::kept::{Object, Value, form_of};
use crate::strategies::any_object;
use crate::support::{assert_members, object, settings, with};
use proptest::prelude::*;
use rekindle::platform::{Kept, Kind};
use rekindle::protocol::introspection::{check, request};
use rekindle::words::Word;
use serde_json::json;

fn record() -> Object {
    object(
        json!({ "client_id": "another", "access_token": "at 1", "refresh_token": "rt-1", "id_token": "id-1" }),
    )
}

fn hint(kind: &str) -> Object {
    object(json!({ "token_type_hint": kind }))
}

#[test]
fn q02_introspection_has_the_fields_of_the_guide_in_its_order() {
    let form = request(
        &settings(),
        &record(),
        Word::AccessToken,
        &hint("access_token"),
    );
    assert_eq!(
        form_of(&form),
        "token=at+1&client_id=0oa1example&token_type_hint=access_token"
    );
    let form = request(
        &settings(),
        &record(),
        Word::RefreshToken,
        &hint("refresh_token"),
    );
    assert_eq!(
        form_of(&form),
        "token=rt-1&client_id=0oa1example&token_type_hint=refresh_token"
    );
}

#[test]
fn q02_without_a_hint_none_is_sent() {
    let given = object(json!({ "token": "t-1" }));
    let form = request(&settings(), &given, Word::Token, &Object::object());
    assert_eq!(form_of(&form), "token=t-1&client_id=0oa1example");
}

#[test]
fn v10_an_answer_is_handed_over_as_it_came() {
    for active in [true, false] {
        let members = json!({ "uid": "00u1", "active": active, "aud": ["a"], "odd": { "a": null }, "exp": "soon" });
        let answer = check(object(members.clone())).ok().expect("it is taken");
        assert_members(&answer, &members);
    }
}

#[test]
fn v11_q13_only_a_boolean_active_counts() {
    for active in [
        Value::Undefined,
        Value::Null,
        "true".into(),
        "false".into(),
        "".into(),
        Value::Number(1.0),
        Value::Number(0.0),
        Value::Number(f64::NAN),
        Value::Function,
        json!([true]).into(),
        json!([]).into(),
        json!(["true"]).into(),
        json!({}).into(),
    ] {
        let answer = with(object(json!({ "sub": "00u1" })), "active", active);
        let error = check(answer).expect_err("it is refused");
        assert_members(
            &error.about,
            &json!({ "code": "invalid_response", "retryable": false, "field": "active", "problem": "is missing from the answer, of the wrong type, or not what it has to be" }),
        );
    }
}

proptest! {
    #[test]
    fn q09_any_answer_is_refused_or_handed_over_untouched(answer in any_object(&[Word::Active, Word::Scope, Word::Error])) {
        let before = answer.stringify();
        let is_boolean = matches!(answer.kind(Word::Active), Kind::True | Kind::False);
        match check(answer.clone()) {
            Ok(given) => prop_assert!(is_boolean && given.stringify() == before),
            Err(_) => prop_assert!(!is_boolean),
        }
        prop_assert_eq!(answer.stringify(), before);
    }
}
