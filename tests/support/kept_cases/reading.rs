//! The verbs that ask.

use super::{Testable, assert_json, with};
use rekindle::platform::Kind;
use rekindle::words::{Code, Word};

pub fn kind_tells_what_a_member_is<K: Testable>() {
    for (json, kind) in [
        ("null", Kind::Null),
        (r#""a""#, Kind::Text),
        (r#"" ""#, Kind::Text),
        (r#""""#, Kind::EmptyText),
        ("0", Kind::Number),
        ("-1.5", Kind::Number),
        ("true", Kind::True),
        ("false", Kind::False),
        (r#"["a"]"#, Kind::TextList),
        (r#"["a","b"]"#, Kind::TextList),
        ("[]", Kind::EmptyList),
        (r#"[""]"#, Kind::List),
        (r#"["a",""]"#, Kind::List),
        (r#"["a",1]"#, Kind::List),
        (r#"[["a"]]"#, Kind::List),
        ("[null]", Kind::List),
        ("{}", Kind::Object),
        (r#"{"length":0}"#, Kind::Object),
    ] {
        assert_eq!(with::<K>(json).kind(Word::Token), kind, "{json}");
    }
    assert_eq!(K::object().kind(Word::Token), Kind::Absent);
}

pub fn kind_of_what_json_has_not<K: Testable>() {
    let object = K::object();
    object.put_undefined(Word::Token);
    assert_eq!(object.kind(Word::Token), Kind::Absent);
    object.put_function(Word::Token);
    assert_eq!(object.kind(Word::Token), Kind::Function);
    object.set(Word::Token, f64::NAN);
    assert_eq!(object.kind(Word::Token), Kind::Number);
    object.set(Word::Token, f64::INFINITY);
    assert_eq!(object.kind(Word::Token), Kind::Number);
}

pub fn is_compares_the_whole_text<K: Testable>() {
    assert!(with::<K>(r#""okta""#).is(Word::Token, Word::Okta));
    assert!(with::<K>(r#""""#).is(Word::Token, Word::Empty));
    for other in [
        r#""Okta""#,
        r#""okta ""#,
        r#""""#,
        r#"["okta"]"#,
        "null",
        "0",
    ] {
        assert!(!with::<K>(other).is(Word::Token, Word::Okta), "{other}");
    }
    assert!(!K::object().is(Word::Token, Word::Empty));
}

pub fn is_code_compares_with_a_code<K: Testable>() {
    let object = with::<K>(r#""invalid_grant""#);
    assert!(object.is_code(Word::Token, Code::InvalidGrant));
    assert!(!object.is_code(Word::Token, Code::Oauth));
    assert!(!K::object().is_code(Word::Token, Code::Oauth));
}

pub fn starts_and_ends_look_at_texts_only<K: Testable>() {
    let path = with::<K>(r#""/oauth2/v1/token""#);
    assert!(path.starts(Word::Token, Word::Oauth2Slash));
    assert!(!path.starts(Word::Token, Word::PathToken));
    assert!(path.starts(Word::Token, Word::Empty));
    assert!(path.ends(Word::Token, Word::PathToken));
    assert!(!path.ends(Word::Token, Word::Oauth2));
    let list = with::<K>(r#"["/oauth2/v1/token"]"#);
    assert!(!list.starts(Word::Token, Word::Oauth2Slash));
    assert!(!list.ends(Word::Token, Word::PathToken));
    assert!(!K::object().starts(Word::Token, Word::Empty));
    assert!(!K::object().ends(Word::Token, Word::Empty));
}

pub fn same_compares_texts_and_numbers_by_value<K: Testable>() {
    let is_same = |one: &str, other: &str| {
        with::<K>(one).same(
            Word::Token,
            &K::from_json(&format!(r#"{{"code":{other}}}"#)),
            Word::Code,
        )
    };
    for value in [r#""a""#, r#""""#, "0", "1.5", "true", "null"] {
        assert!(is_same(value, value), "{value}");
    }
    for (one, other) in [
        (r#""a""#, r#""A""#),
        (r#""1""#, "1"),
        ("0", "false"),
        (r#""""#, "null"),
    ] {
        assert!(!is_same(one, other), "{one} and {other}");
    }
    let number = K::object();
    number.set(Word::Token, f64::NAN);
    assert!(!number.same(Word::Token, &number, Word::Token));
}

pub fn same_compares_objects_by_identity<K: Testable>() {
    let one = with::<K>("{}");
    let other = with::<K>("{}");
    assert!(one.same(Word::Token, &one, Word::Token));
    assert!(!one.same(Word::Token, &other, Word::Token));
}

pub fn same_finds_two_absent_members_the_same<K: Testable>() {
    let object = K::from_json(r#"{"code":null,"token":""}"#);
    assert!(object.same(Word::State, &K::object(), Word::Nonce));
    assert!(!object.same(Word::State, &object, Word::Code));
    assert!(!object.same(Word::State, &object, Word::Token));
}

pub fn number_reads_numbers_only<K: Testable>() {
    assert_eq!(with::<K>("-1.5e3").number(Word::Token), -1500.0);
    for other in [r#""5""#, "true", "null", "[5]", "{}"] {
        assert!(with::<K>(other).number(Word::Token).is_nan(), "{other}");
    }
    assert!(K::object().number(Word::Token).is_nan());
}

pub fn unit_reads_utf_16<K: Testable>() {
    let text = with::<K>(r#""aé😀""#);
    let units = [0, 1, 2, 3, 4, 5].map(|index| text.unit(Word::Token, index));
    assert_eq!(
        units,
        [
            Some(0x61),
            Some(0xe9),
            Some(0xd83d),
            Some(0xde00),
            None,
            None
        ]
    );
    for other in [r#""""#, "5", r#"["a"]"#, "null"] {
        assert_eq!(with::<K>(other).unit(Word::Token, 0), None, "{other}");
    }
    assert_eq!(K::object().unit(Word::Token, 0), None);
}

pub fn get_gives_objects_and_lists<K: Testable>() {
    let object = with::<K>(r#"{"code":"a"}"#);
    assert_json(&object.get(Word::Token).unwrap(), r#"{"code":"a"}"#);
    object
        .get(Word::Token)
        .unwrap()
        .put(Word::State, Word::Okta);
    assert_json(&object, r#"{"token":{"code":"a","state":"okta"}}"#);
    assert_json(&with::<K>("[1]").get(Word::Token).unwrap(), "[1]");
    for other in [r#""a""#, "5", "true", "null"] {
        assert!(with::<K>(other).get(Word::Token).is_none(), "{other}");
    }
    let function = K::object();
    function.put_function(Word::Token);
    assert!(function.get(Word::Token).is_none());
    assert!(K::object().get(Word::Token).is_none());
}

pub fn at_gives_the_objects_of_a_list<K: Testable>() {
    let list = K::from_json(r#"[{"code":"a"},"b",null,["c"]]"#);
    assert_json(&list.at(0).unwrap(), r#"{"code":"a"}"#);
    assert_json(&list.at(3).unwrap(), r#"["c"]"#);
    for index in [1, 2] {
        assert_json(&list.at(index).unwrap(), "{}");
    }
    assert!(list.at(4).is_none());
    for no_list in ["{}", r#"{"0":{},"length":1}"#] {
        assert!(K::from_json(no_list).at(0).is_none(), "{no_list}");
    }
}
