//! What a member may be, and what JavaScript makes of it.

use super::text::Text;
use super::{Members, Object};
use rekindle::platform::Kind;
use std::rc::Rc;

/// What a member may be.
#[derive(Clone)]
pub enum Value {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    Text(Text),
    Function,
    Object(Object),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Value {
    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn object(self) -> Option<Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn copied(&self) -> Self {
        match self {
            Self::Object(object) => Self::Object(object.copied()),
            value => value.clone(),
        }
    }

    /// JavaScript's `===`.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Boolean(one), Self::Boolean(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Object(one), Self::Object(other)) => Rc::ptr_eq(&one.0, &other.0),
            // Functions have no identity here.
            _ => false,
        }
    }

    /// JavaScript's `String(value)`.
    pub fn to_text(&self) -> Text {
        match self {
            Self::Undefined => "undefined".into(),
            Self::Null => "null".into(),
            Self::Boolean(value) => value.to_string().as_str().into(),
            Self::Number(number) => ryu_js::Buffer::new().format(*number).into(),
            Self::Text(text) => text.clone(),
            Self::Function => "function".into(),
            Self::Object(_) => "[object Object]".into(),
        }
    }

    /// JavaScript's `value ?? ""` in a sum or a list that is joined.
    pub(super) fn to_text_or_empty(&self) -> Text {
        match self {
            Self::Undefined | Self::Null => Text::default(),
            value => value.to_text(),
        }
    }

    /// JavaScript's `[].concat(value)`: a list's items, or the value alone.
    pub(super) fn items(&self) -> Vec<Self> {
        if let Self::Object(object) = self
            && let Members::Listed(items) = &*object.0.members.borrow()
        {
            return items.clone();
        }
        vec![self.clone()]
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Undefined => Kind::Absent,
            Self::Null => Kind::Null,
            Self::Boolean(true) => Kind::True,
            Self::Boolean(false) => Kind::False,
            Self::Number(_) => Kind::Number,
            Self::Text(text) if text.is_empty() => Kind::EmptyText,
            Self::Text(_) => Kind::Text,
            Self::Function => Kind::Function,
            Self::Object(object) => match &*object.0.members.borrow() {
                Members::Named(_) => Kind::Object,
                Members::Listed(items) if items.is_empty() => Kind::EmptyList,
                Members::Listed(items) => {
                    if items.iter().all(|item| item.kind() == Kind::Text) {
                        Kind::TextList
                    } else {
                        Kind::List
                    }
                }
            },
        }
    }
}
