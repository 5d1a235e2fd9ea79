//! The verbs that change something.

use super::{Testable, assert_json, with};
use rekindle::platform::Kind;
use rekindle::words::{Code, Problem, Word};

pub fn setting_writes_what_it_says<K: Testable>() {
    let object = K::object();
    object.set(Word::Status, 503.0);
    object.set(Word::RetryAfterMs, 1e21);
    object.flag(Word::Retryable, true);
    object.flag(Word::SessionLost, false);
    object.put(Word::Scope, Word::DefaultScope);
    object.put_code(Word::Code, Code::RateLimited);
    object.put_problem(Word::Problem, Problem::Required);
    object.put_null(Word::Tokens);
    assert_json(
        &object,
        r#"{"status":503,"retryAfterMs":1e+21,"retryable":true,"sessionLost":false,"scope":"openid profile offline_access","code":"rate_limited","problem":"is required","tokens":null}"#,
    );
}

pub fn setting_again_keeps_the_place<K: Testable>() {
    let object = K::from_json(r#"{"code":1,"state":2}"#);
    object.put(Word::Code, Word::Okta);
    assert_json(&object, r#"{"code":"okta","state":2}"#);
}

pub fn attach_shares_the_object<K: Testable>() {
    let (object, inner) = (K::object(), K::object());
    object.attach(Word::Body, &inner);
    inner.put(Word::Error, Word::ServerError);
    assert_json(&object, r#"{"body":{"error":"server_error"}}"#);
    object.attach(Word::Body, &K::list());
    assert_json(&object, r#"{"body":[]}"#);
}

pub fn attach_error_gives_the_members_of_an_error<K: Testable>() {
    let about = K::from_json(
        r#"{"code":"server","retryable":true,"status":503,"oauthError":"a","oauthErrorDescription":"b","errorId":"c","retryAfterMs":5,"reason":"iss","endpoint":"token_endpoint"}"#,
    );
    let object = K::object();
    object.attach_error(Word::Error, &about);
    assert_json(
        &object,
        r#"{"error":{"code":"server","retryable":true,"sessionLost":false,"status":503,"oauthError":"a","oauthErrorDescription":"b","errorId":"c","retryAfterMs":5,"reason":"iss"}}"#,
    );
    object.attach_error(Word::Error, &K::from_json(r#"{"code":"storage_full"}"#));
    assert_json(
        &object,
        r#"{"error":{"code":"storage_full","retryable":false,"sessionLost":false}}"#,
    );
}

pub fn attach_error_cuts_what_the_server_says<K: Testable>() {
    let long = "é".repeat(501);
    let about = K::from_json(&format!(
        r#"{{"code":"oauth","oauthErrorDescription":"{long}"}}"#
    ));
    let object = K::object();
    object.attach_error(Word::Error, &about);
    let error = object.get(Word::Error).unwrap();
    assert_eq!(error.unit(Word::OutOauthErrorDescription, 499), Some(0xe9));
    assert_eq!(error.unit(Word::OutOauthErrorDescription, 500), None);
}

pub fn push_and_shift_are_a_queue<K: Testable>() {
    let list = K::list();
    list.shift();
    assert_json(&list, "[]");
    list.push(&with::<K>("1"));
    list.push(&with::<K>("2"));
    assert_json(&list, r#"[{"token":1},{"token":2}]"#);
    list.shift();
    assert_json(&list, r#"[{"token":2}]"#);
}

pub fn remove_forgets_the_place<K: Testable>() {
    let object = K::from_json(r#"{"code":1,"state":2,"nonce":3}"#);
    object.remove(Word::Code);
    object.remove(Word::Token);
    assert_json(&object, r#"{"state":2,"nonce":3}"#);
    object.set(Word::Code, 4.0);
    assert_json(&object, r#"{"state":2,"nonce":3,"code":4}"#);
}

pub fn copy_takes_any_kind<K: Testable>() {
    for value in ["null", r#""""#, "5", "false", r#"["a",1]"#, r#"{"a":{}}"#] {
        let to = K::object();
        with::<K>(value).copy(Word::Token, &to, Word::Code);
        assert_json(&to, &format!(r#"{{"code":{value}}}"#));
    }
    let function = K::object();
    function.put_function(Word::Token);
    function.copy(Word::Token, &function, Word::Code);
    assert_eq!(function.kind(Word::Code), Kind::Function);
}

pub fn copy_of_what_is_absent_changes_nothing<K: Testable>() {
    let to = with::<K>(r#""a""#);
    K::object().copy(Word::Code, &to, Word::Token);
    let from = K::object();
    from.put_undefined(Word::Code);
    from.copy(Word::Code, &to, Word::Token);
    assert_json(&to, r#"{"token":"a"}"#);
}

pub fn copy_shares_objects<K: Testable>() {
    let (from, to) = (with::<K>("{}"), K::object());
    from.copy(Word::Token, &to, Word::Code);
    assert!(from.same(Word::Token, &to, Word::Code));
}

pub fn copy_item_takes_texts_of_a_list<K: Testable>() {
    let list = with::<K>(r#"["a",5,"",["b"]]"#);
    let to = K::object();
    assert!(list.copy_item(Word::Token, 0, &to, Word::Code));
    assert_json(&to, r#"{"code":"a"}"#);
    for index in [1, 3, 4, u32::MAX] {
        assert!(
            !list.copy_item(Word::Token, index, &to, Word::Code),
            "{index}"
        );
    }
    assert_json(&to, r#"{"code":"a"}"#);
    assert!(list.copy_item(Word::Token, 2, &to, Word::Code));
    assert_json(&to, r#"{"code":""}"#);
}

pub fn copy_item_takes_a_text_alone_as_a_list_of_one<K: Testable>() {
    let (text, to) = (with::<K>(r#""ab""#), K::object());
    assert!(text.copy_item(Word::Token, 0, &to, Word::Code));
    assert!(!text.copy_item(Word::Token, 1, &to, Word::Code));
    for other in ["5", "null", "[]", r#"{"0":"a"}"#] {
        let other = with::<K>(other);
        assert!(!other.copy_item(Word::Token, 0, &to, Word::Code));
    }
    assert!(!K::object().copy_item(Word::Token, 0, &to, Word::Code));
    assert_json(&to, r#"{"code":"ab"}"#);
}

pub fn copy_all_takes_every_member<K: Testable>() {
    let to = K::from_json(r#"{"state":"old","nonce":"n"}"#);
    let from = K::from_json(r#"{"ui_locales":"de","state":"new","display":"page"}"#);
    assert!(from.copy_all(&to));
    assert_json(
        &to,
        r#"{"state":"new","nonce":"n","ui_locales":"de","display":"page"}"#,
    );
}

pub fn copy_all_says_whether_all_are_texts<K: Testable>() {
    assert!(K::object().copy_all(&K::object()));
    assert!(with::<K>(r#""""#).copy_all(&K::object()));
    for other in ["5", "null", r#"["a"]"#, "{}", "true"] {
        assert!(!with::<K>(other).copy_all(&K::object()), "{other}");
    }
    let odd = K::object();
    odd.put_undefined(Word::Token);
    assert!(!odd.copy_all(&K::object()));
}

pub fn copy_all_leaves_prototypes_alone<K: Testable>() {
    let to = K::object();
    K::from_json(r#"{"__proto__":"a","constructor":"b"}"#).copy_all(&to);
    assert_json(&to, r#"{"constructor":"b"}"#);
}

pub fn members_named_by_numbers_come_first<K: Testable>() {
    let to = K::object();
    K::from_json(r#"{"b":"1","10":"2","a":"3","9":"4","01":"5"}"#).copy_all(&to);
    assert_json(&to, r#"{"9":"4","10":"2","b":"1","a":"3","01":"5"}"#);
}

pub fn copy_joined_joins_by_spaces<K: Testable>() {
    let to = K::object();
    for (value, joined) in [
        (r#""a b""#, "a b"),
        (r#"["a","b","c"]"#, "a b c"),
        (r#"["a"]"#, "a"),
        ("[]", ""),
    ] {
        with::<K>(value).copy_joined(Word::Token, &to, Word::Scope);
        assert_json(&to, &format!(r#"{{"scope":"{joined}"}}"#));
    }
    let to = with::<K>(r#""a""#);
    K::object().copy_joined(Word::Scope, &to, Word::Token);
    assert_json(&to, r#"{"token":"a"}"#);
}

pub fn append_begins_a_text_or_goes_on<K: Testable>() {
    let object = K::object();
    object.append(Word::Url, Word::Oauth2);
    object.append(Word::Url, Word::PathToken);
    assert_json(&object, r#"{"url":"/oauth2/v1/token"}"#);

    let from = with::<K>(r#""/a""#);
    object.append_member(Word::Url, &from, Word::Token);
    object.append_member(Word::Url, &from, Word::Code);
    object.append_member(Word::State, &from, Word::Token);
    assert_json(&object, r#"{"url":"/oauth2/v1/token/a","state":"/a"}"#);
}

pub fn append_unit_puts_surrogates_together<K: Testable>() {
    let object = K::object();
    for unit in [0x61, 0xd83d, 0xde00] {
        object.append_unit(Word::Token, unit);
    }
    assert_json(&object, r#"{"token":"a😀"}"#);
    object.append_unit(Word::Token, 0xd83d);
    assert_eq!(object.unit(Word::Token, 3), Some(0xd83d));
    assert_json(&object, r#"{"token":"a😀\ud83d"}"#);
}

pub fn trim_slash_takes_one<K: Testable>() {
    for (text, trimmed) in [
        ("a//", "a/"),
        ("a/", "a"),
        ("/", ""),
        ("a", "a"),
        ("", ""),
        ("/a", "/a"),
    ] {
        let object = with::<K>(&format!(r#""{text}""#));
        object.trim_slash(Word::Token);
        assert_json(&object, &format!(r#"{{"token":"{trimmed}"}}"#));
    }
    let list = with::<K>(r#"["a/"]"#);
    list.trim_slash(Word::Token);
    list.trim_slash(Word::Code);
    assert_json(&list, r#"{"token":["a/"]}"#);
}

pub fn redact_hides_each_place<K: Testable>() {
    for (text, secret, redacted) in [
        (
            "a s3cret, the s3cret",
            "s3cret",
            "a [redacted], the [redacted]",
        ),
        ("s3cret", "s3cret", "[redacted]"),
        ("aaa", "aa", "[redacted]a"),
        ("S3CRET", "s3cret", "S3CRET"),
        ("1+1", "+", "1[redacted]1"),
        ("$&", "&", "$[redacted]"),
    ] {
        let object = with::<K>(&format!(r#""{text}""#));
        let secrets = K::from_json(&format!(r#"{{"code":"{secret}"}}"#));
        object.redact(Word::Token, &secrets, Word::Code);
        assert_json(&object, &format!(r#"{{"token":"{redacted}"}}"#));
    }
}

pub fn redact_hides_nothing_where_there_is_no_secret<K: Testable>() {
    let secrets = K::from_json(r#"{"code":"","state":5,"nonce":["a"]}"#);
    let object = with::<K>(r#""a 5""#);
    for secret in [Word::Code, Word::State, Word::Nonce, Word::Scope] {
        object.redact(Word::Token, &secrets, secret);
    }
    object.redact(Word::Url, &object, Word::Token);
    assert_json(&object, r#"{"token":"a 5"}"#);
}

pub fn stray_names_the_first_unknown_member<K: Testable>() {
    let known = K::from_json(r#"{"issuer":1,"scope":null}"#);
    known.put_undefined(Word::Name);
    let to = K::object();
    let fine = K::from_json(r#"{"scope":1,"name":2}"#);
    assert!(!fine.stray(&known, &to, Word::Field));
    assert_json(&to, "{}");
    let odd = K::from_json(r#"{"issuer":1,"clientSecret":null,"toString":2}"#);
    assert!(odd.stray(&known, &to, Word::Field));
    assert_json(&to, r#"{"field":"clientSecret"}"#);
    assert!(K::from_json(r#"{"toString":2}"#).stray(&known, &to, Word::Field));
    assert_json(&to, r#"{"field":"toString"}"#);
}

pub fn stray_overlooks_undefined<K: Testable>() {
    let odd = K::object();
    odd.put_undefined(Word::Token);
    assert!(!odd.stray(&K::object(), &K::object(), Word::Field));
}

pub fn freeze_is_deep<K: Testable>() {
    let object = K::from_json(r#"{"tokens":{"claims":[{"sub":"a"}]},"error":null}"#);
    let tokens = object.get(Word::Tokens).unwrap();
    let claims = tokens.get(Word::Claims).unwrap();
    let first = claims.at(0).unwrap();
    assert!(
        ![&object, &tokens, &claims, &first]
            .iter()
            .any(|part| part.is_frozen())
    );
    object.freeze();
    assert!(
        [&object, &tokens, &claims, &first]
            .iter()
            .all(|part| part.is_frozen())
    );
}

pub fn clones_are_the_same_object<K: Testable>() {
    let object = K::object();
    let clone = object.clone();
    drop(object.clone());
    clone.put(Word::State, Word::Okta);
    assert_json(&object, r#"{"state":"okta"}"#);
    drop(object);
    assert_json(&clone, r#"{"state":"okta"}"#);
}
