//! Values that a server, a storage or an app may come up with.

use crate::kept::{Object, Value, word_text};
use proptest::prelude::*;
use proptest::sample::select;
use rekindle::words::Word;

/// Any value: of JSON, and what JSON has not.
pub fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Undefined),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any_number().prop_map(Value::Number),
        any_text().prop_map(|text| text.as_str().into()),
        Just(Value::Function),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let named = prop::collection::vec((any_text(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4)
                .prop_map(|items| Value::Object(Object::list_of(items))),
            named.prop_map(|members| Value::Object(Object::of(members))),
        ]
    })
}

/// Any number, those that are none too.
pub fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY,
        any::<i32>().prop_map(f64::from),
        select(
            &[
                0.0,
                -0.0,
                1e300,
                -1e300,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY
            ][..]
        ),
    ]
}

/// Any text; now and then one that means something somewhere.
pub fn any_text() -> impl Strategy<Value = String> {
    let words: Vec<&str> = Word::ALL.iter().map(|(_, text)| *text).collect();
    prop_oneof![
        any::<String>(),
        "[0-9]{0,30}",
        "[ -~]{0,12}",
        select(words).prop_map(str::to_owned),
    ]
}

/// An object that has some of these members, of any kind, and some others.
pub fn any_object(names: &'static [Word]) -> impl Strategy<Value = Object> {
    let named = prop_oneof![
        4 => select(names).prop_map(|word| word_text(word).to_owned()),
        1 => any_text(),
    ];
    prop::collection::vec((named, any_value()), 0..8).prop_map(Object::of)
}
