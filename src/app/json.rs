use alloc::string::{String, ToString};
use core::fmt::{self, Debug};

use js_sys::{Array, JSON, Number, Object};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wasm_bindgen::{JsCast, JsValue};

use super::error::Error;
use crate::words::{Problem, Word};

/// A JSON value that this crate does not look into: claims, a server's answer, what an app hands on through a sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Of a value of the app's; what JSON cannot hold is `invalid_config`.
    pub fn of(value: &impl Serialize) -> Result<Self, Error> {
        let text = object_of(value, Word::State)
            .ok()
            .and_then(|value| text_of(&value));
        text.map(Self)
            .ok_or_else(|| Error::field(Word::State, Problem::NotJson))
    }

    /// Into a type of the app's. What does not fit it is `invalid_response`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.value())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn value(&self) -> JsValue {
        JSON::parse(&self.0).unwrap_or(JsValue::NULL)
    }
}

/// Claims are personal data: they are for the app's eyes, not for its log.
impl Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Json(…)")
    }
}

/// From an object of JavaScript, as this crate's results are read: with [`Json::read`], and not under `#[serde(flatten)]`.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value: JsValue = serde_wasm_bindgen::preserve::deserialize(deserializer)?;
        text_of(&value)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no JSON"))
    }
}

/// By whatever serializer, up to 128 levels deep.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Level(self.value(), MOST_LEVELS).serialize(serializer)
    }
}

/// Each takes room on the stack. As many as serde_json reads.
const MOST_LEVELS: u32 = 128;

/// A value, and how many levels it may have.
struct Level(JsValue, u32);

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, levels) = self;
        let Some(below) = levels.checked_sub(1) else {
            return Err(serde::ser::Error::custom("nested too deep"));
        };
        if let Some(text) = value.as_string() {
            serializer.serialize_str(&text)
        } else if let Some(number) = value.as_f64() {
            if Number::is_safe_integer(value) {
                serializer.serialize_i64(number as i64)
            } else {
                serializer.serialize_f64(number)
            }
        } else if let Some(flag) = value.as_bool() {
            serializer.serialize_bool(flag)
        } else if let Some(items) = value.dyn_ref::<Array>() {
            serializer.collect_seq(items.iter().map(|item| Level(item, below)))
        } else if let Some(object) = value.dyn_ref::<Object>() {
            let members = Object::entries(object);
            let members = members.iter().map(|member| {
                let member: Array = member.unchecked_into();
                let name = member.get(0).as_string().unwrap_or_default();
                (name, Level(member.get(1), below))
            });
            serializer.collect_map(members)
        } else {
            serializer.serialize_unit()
        }
    }
}

/// The very value of JavaScript, which only this crate's own serializer takes.
pub(super) fn as_it_is<S: Serializer>(
    json: &Option<Json>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let value = json.as_ref().map_or(JsValue::NULL, Json::value);
    serde_wasm_bindgen::preserve::serialize(&value, serializer)
}

fn text_of(value: &JsValue) -> Option<String> {
    JSON::stringify(value).ok()?.as_string()
}

/// A value as JavaScript has it: members that are `None` are left out where they say so, maps are objects.
pub(super) fn object_of(value: &impl Serialize, field: Word) -> Result<JsValue, Error> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|_| Error::field(field, Problem::NotJson))
}

pub(super) fn read<T: DeserializeOwned>(value: &JsValue) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(value.clone())
        .map_err(|problem| Error::unreadable(problem.to_string()))
}

/// A member of another type than the RFC has it is one that is not there: the answer is the server's, and `Json` has all of it.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value: JsValue = serde_wasm_bindgen::preserve::deserialize(deserializer)?;
    Ok(serde_wasm_bindgen::from_value(value).ok())
}
