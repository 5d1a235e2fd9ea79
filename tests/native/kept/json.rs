//! Objects from JSON and as JSON: `JSON.parse` and `JSON.stringify`.

use super::text::Text;
use super::{Members, Object, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Boolean(value),
            Json::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => text.as_str().into(),
            Json::Array(items) => Self::Object(Object::list_of(items.into_iter().map(Self::from))),
            Json::Object(members) => {
                let members = members.into_iter();
                let members = members.map(|(name, value)| (name, Self::from(value)));
                Self::Object(Object::of(members))
            }
        }
    }
}

impl Object {
    /// The object or list that this text is.
    pub fn parse(text: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        Value::from(value).object()
    }

    /// Its text, without what JSON has no text for.
    pub fn stringify(&self) -> String {
        match &*self.0.members.borrow() {
            Members::Named(members) => {
                let members = members.iter().filter_map(|(name, value)| {
                    let value = value.stringify()?;
                    Some(format!("{}:{value}", quoted(&(&**name).into())))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Members::Listed(items) => {
                let items = items
                    .iter()
                    .map(|item| item.stringify().unwrap_or_else(|| "null".to_owned()));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The text of a member.
    pub fn stringify_member(&self, name: &str) -> String {
        self.member(name).stringify().unwrap_or_default()
    }
}

impl Value {
    fn stringify(&self) -> Option<String> {
        Some(match self {
            Self::Undefined | Self::Function => return None,
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(number) if !number.is_finite() => "null".to_owned(),
            Self::Number(number) => ryu_js::Buffer::new().format_finite(*number).to_owned(),
            Self::Text(text) => quoted(text),
            Self::Object(object) => object.stringify(),
        })
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.stringify())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => formatter.write_str("undefined"),
            Self::Function => formatter.write_str("function"),
            Self::Number(number) => number.fmt(formatter),
            value => formatter.write_str(&value.stringify().unwrap_or_default()),
        }
    }
}

fn quoted(text: &Text) -> String {
    let mut quoted = String::new();
    for character in char::decode_utf16(text.units().iter().copied()) {
        match character {
            Ok(character) => {
                let text = serde_json::Value::from(character.to_string()).to_string();
                quoted.push_str(&text[1..text.len() - 1]);
            }
            Err(lone) => quoted.push_str(&format!("\\u{:04x}", lone.unpaired_surrogate())),
        }
    }
    format!("\"{quoted}\"")
}

/// What one of the parts of a compact JWT says: 0, the header; 1, the claims.
pub fn claims(token: &str, part: usize) -> Option<Object> {
    const LONGEST: usize = 1 << 16;
    let parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let parts: Vec<_> = parts.collect::<Option<_>>()?;
    if parts.len() != 3 || token.len() > LONGEST {
        return None;
    }
    let text = str::from_utf8(&parts[part]).ok()?;
    Object::parse(text).filter(|claims| matches!(*claims.0.members.borrow(), Members::Named(_)))
}
