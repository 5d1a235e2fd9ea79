//! What the tests share.

use crate::kept::{Object, Value, word_text};
use crate::kept_cases::Testable;
use rekindle::platform::Kept;
use rekindle::words::Word;
use serde_json::json;

impl Testable for Object {
    fn from_json(text: &str) -> Self {
        Self::parse(text).expect("the text is a JSON object or list")
    }
    fn to_json(&self) -> String {
        self.stringify()
    }
    fn put_undefined(&self, key: Word) {
        self.write(word_text(key), Value::Undefined);
    }
    fn put_function(&self, key: Word) {
        self.write(word_text(key), Value::Function);
    }
    fn is_frozen(&self) -> bool {
        Self::is_frozen(self)
    }
}

/// The object that `json!` describes.
pub fn object(json: serde_json::Value) -> Object {
    Object::from_json(&json.to_string())
}

/// The parsed URL.
pub fn url(address: &str) -> Object {
    let object = object(json!({ "url": address }));
    object.url(Word::Url).expect("the address is a URL")
}

/// `object` with this member instead of its own; `Undefined` leaves it out.
pub fn with(object: Object, name: &str, value: impl Into<Value>) -> Object {
    let others = object.entries().into_iter();
    let others = others.filter(|(other, _)| other != name);
    let other = Object::of(others);
    other.write(name.to_owned(), value.into());
    other
}

/// Compares the members, their order too.
#[track_caller]
pub fn assert_members(object: &Object, expected: &serde_json::Value) {
    assert_eq!(object.stringify(), expected.to_string());
}

/// The settings that `Config::check` makes of a config.
pub fn settings() -> Object {
    object(json!({
        "issuer": "https://example.okta.com/oauth2/default",
        "client_id": "0oa1example",
        "redirect_uri": "https://app.example/callback",
        "scope": "openid profile offline_access",
    }))
}
