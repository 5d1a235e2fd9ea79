//! [`Kept`] natively: what `src/browser/objects.js` does with JavaScript's objects, done with values of our own. The same
//! list of cases, `tests/support/kept_cases.rs`, holds both to the same behaviour.
//!
//! One thing is stricter than a page: a write to a frozen object, or of a named member to a list, panics here.

mod json;
mod text;
mod url;
mod value;

pub use self::url::{form_of, parts};
pub use self::value::Value;

use self::text::Text;
use rekindle::platform::{Kept, Kind};
use rekindle::words::{Code, Problem, Word};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A handle of an object or a list; clones are handles of the same one.
#[derive(Clone)]
pub struct Object(Rc<Inner>);

struct Inner {
    members: RefCell<Members>,
    is_frozen: Cell<bool>,
}

enum Members {
    Named(Named),
    Listed(Vec<Value>),
}

/// In JavaScript's order. There are few, so that looking at each is the quickest.
type Named = Vec<(Cow<'static, str>, Value)>;

/// The text of a name of `words.rs`.
pub fn text_of<T: Copy + PartialEq>(names: &[(T, &'static str)], name: T) -> &'static str {
    let named = names.iter().find(|(other, _)| *other == name);
    named.expect("every name is in its list").1
}

pub fn word_text(word: Word) -> &'static str {
    Word::ALL[word as usize].1
}

impl Object {
    fn new(members: Members) -> Self {
        Self(Rc::new(Inner {
            members: RefCell::new(members),
            is_frozen: Cell::new(false),
        }))
    }

    /// An object of these members, or a list where their names are those of one.
    pub fn of(members: impl IntoIterator<Item = (String, Value)>) -> Self {
        let object = Self::object();
        for (name, value) in members {
            object.write(name, value);
        }
        object
    }

    /// A list of these.
    pub fn list_of(items: impl IntoIterator<Item = Value>) -> Self {
        Self::new(Members::Listed(items.into_iter().collect()))
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Value {
        let found = match &*self.0.members.borrow() {
            Members::Named(members) => find(members, name).map(|index| members[index].1.clone()),
            Members::Listed(items) => {
                let index = name.parse::<usize>().ok();
                index.and_then(|index| items.get(index).cloned())
            }
        };
        found.unwrap_or(Value::Undefined)
    }

    /// Sets the member of this name.
    pub fn write(&self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        match &mut *self.for_writing() {
            Members::Named(members) => insert(members, name, value),
            Members::Listed(_) => panic!("`{name}` was written to a list"),
        }
    }

    /// Another object with the same members, and so on inwards: what storage or a message makes of it.
    pub fn copied(&self) -> Self {
        let is_plain = |value: &&Value| !matches!(value, Value::Undefined | Value::Function);
        let members = match &*self.0.members.borrow() {
            Members::Named(members) => {
                let members = members.iter().filter(|(_, value)| is_plain(&value));
                Members::Named(
                    members
                        .map(|(name, value)| (name.clone(), value.copied()))
                        .collect(),
                )
            }
            Members::Listed(items) => Members::Listed(items.iter().map(Value::copied).collect()),
        };
        Self::new(members)
    }

    /// The members with their names, in JavaScript's order.
    pub fn entries(&self) -> Vec<(String, Value)> {
        match &*self.0.members.borrow() {
            Members::Named(members) => {
                let members = members.iter();
                members
                    .map(|(name, value)| (name.clone().into_owned(), value.clone()))
                    .collect()
            }
            Members::Listed(items) => {
                let named = items.iter().enumerate();
                named
                    .map(|(index, item)| (index.to_string(), item.clone()))
                    .collect()
            }
        }
    }

    /// Whether both are the same object.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it can be changed no more.
    pub fn is_frozen(&self) -> bool {
        self.0.is_frozen.get()
    }

    fn for_writing(&self) -> std::cell::RefMut<'_, Members> {
        assert!(!self.is_frozen(), "a frozen object was written to");
        self.0.members.borrow_mut()
    }

    fn value(&self, key: Word) -> Value {
        self.member(word_text(key))
    }

    fn set_value(&self, key: Word, value: Value) {
        self.write(word_text(key), value);
    }

    fn append_text(&self, key: Word, more: &Text) {
        let text = self.value(key).to_text_or_empty().followed_by(more);
        self.set_value(key, Value::Text(text));
    }

    fn is_text(&self, key: Word, text: &str) -> bool {
        self.value(key).text().is_some_and(|own| own.is(text))
    }
}

fn find(members: &Named, name: &str) -> Option<usize> {
    members.iter().position(|(other, _)| other == name)
}

/// JavaScript lists the members that have a number for a name first, in their order.
fn insert(members: &mut Named, name: Cow<'static, str>, value: Value) {
    let index_of = |name: &str| {
        let index = name.parse::<u32>().ok().filter(|&index| index != u32::MAX);
        index.filter(|index| index.to_string() == name)
    };
    if let Some(place) = find(members, &name) {
        members[place].1 = value;
        return;
    }
    let place = match index_of(&name) {
        Some(index) => {
            let is_before = |name: &str| index_of(name).is_some_and(|other| other < index);
            let before = members.iter().take_while(|(name, _)| is_before(name));
            before.count()
        }
        None => members.len(),
    };
    members.insert(place, (name, value));
}

impl Kept for Object {
    fn object() -> Self {
        Self::new(Members::Named(Vec::new()))
    }
    fn list() -> Self {
        Self::list_of([])
    }

    fn kind(&self, key: Word) -> Kind {
        self.value(key).kind()
    }
    fn is(&self, key: Word, word: Word) -> bool {
        self.is_text(key, word_text(word))
    }
    fn is_code(&self, key: Word, code: Code) -> bool {
        self.is_text(key, text_of(Code::ALL, code))
    }
    fn starts(&self, key: Word, word: Word) -> bool {
        let start = Text::from(word_text(word));
        self.value(key)
            .text()
            .is_some_and(|text| text.starts_with(&start))
    }
    fn ends(&self, key: Word, word: Word) -> bool {
        let end = Text::from(word_text(word));
        self.value(key)
            .text()
            .is_some_and(|text| text.ends_with(&end))
    }
    fn same(&self, key: Word, other: &Self, other_key: Word) -> bool {
        self.value(key).is_same(&other.value(other_key))
    }
    fn number(&self, key: Word) -> f64 {
        match self.value(key) {
            Value::Number(number) => number,
            _ => f64::NAN,
        }
    }
    fn unit(&self, key: Word, index: u32) -> Option<u16> {
        let index = usize::try_from(index).ok()?;
        self.value(key).text()?.unit(index)
    }
    fn get(&self, key: Word) -> Option<Self> {
        self.value(key).object()
    }
    fn at(&self, index: u32) -> Option<Self> {
        match &*self.0.members.borrow() {
            Members::Listed(items) => {
                let item = items.get(usize::try_from(index).ok()?)?;
                Some(item.clone().object().unwrap_or_else(Self::object))
            }
            Members::Named(_) => None,
        }
    }

    fn set(&self, key: Word, number: f64) {
        self.set_value(key, Value::Number(number));
    }
    fn flag(&self, key: Word, value: bool) {
        self.set_value(key, Value::Boolean(value));
    }
    fn put(&self, key: Word, word: Word) {
        self.set_value(key, word_text(word).into());
    }
    fn put_code(&self, key: Word, code: Code) {
        self.set_value(key, text_of(Code::ALL, code).into());
    }
    fn put_problem(&self, key: Word, problem: Problem) {
        self.set_value(key, text_of(Problem::ALL, problem).into());
    }
    fn put_null(&self, key: Word) {
        self.set_value(key, Value::Null);
    }
    fn attach(&self, key: Word, object: &Self) {
        self.set_value(key, Value::Object(object.clone()));
    }
    fn attach_error(&self, key: Word, about: &Self) {
        self.attach(key, &error_of(about));
    }
    fn push(&self, object: &Self) {
        match &mut *self.for_writing() {
            Members::Listed(items) => items.push(Value::Object(object.clone())),
            Members::Named(_) => panic!("only a list can be pushed to"),
        }
    }
    fn shift(&self) {
        match &mut *self.for_writing() {
            Members::Listed(items) if items.is_empty() => {}
            Members::Listed(items) => {
                items.remove(0);
            }
            Members::Named(_) => panic!("only a list can be shifted"),
        }
    }
    fn remove(&self, key: Word) {
        if let Members::Named(members) = &mut *self.for_writing() {
            members.retain(|(name, _)| name != word_text(key));
        }
    }
    fn copy(&self, key: Word, to: &Self, to_key: Word) {
        match self.value(key) {
            Value::Undefined => {}
            value => to.set_value(to_key, value),
        }
    }
    fn copy_item(&self, key: Word, index: u32, to: &Self, to_key: Word) -> bool {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match self.value(key).items().get(index) {
            Some(item @ Value::Text(_)) => {
                to.set_value(to_key, item.clone());
                true
            }
            _ => false,
        }
    }
    fn copy_all(&self, to: &Self) -> bool {
        let entries = self.entries();
        let are_texts = entries.iter().all(|(_, value)| value.text().is_some());
        for (name, value) in entries {
            // A page would set the prototype.
            if name != "__proto__" {
                to.write(name, value);
            }
        }
        are_texts
    }
    fn copy_joined(&self, key: Word, to: &Self, to_key: Word) {
        let value = self.value(key);
        if value.kind() == Kind::Absent {
            return;
        }
        let items = value.items();
        let joined = items
            .iter()
            .map(Value::to_text_or_empty)
            .reduce(|one, next| {
                let spaced = one.followed_by(&" ".into());
                spaced.followed_by(&next)
            });
        to.set_value(to_key, Value::Text(joined.unwrap_or_default()));
    }
    fn append(&self, key: Word, word: Word) {
        self.append_text(key, &word_text(word).into());
    }
    fn append_member(&self, key: Word, from: &Self, from_key: Word) {
        self.append_text(key, &from.value(from_key).to_text_or_empty());
    }
    fn append_unit(&self, key: Word, unit: u16) {
        self.append_text(key, &Text::of_unit(unit));
    }
    fn trim_slash(&self, key: Word) {
        if let Some(trimmed) = self.value(key).text().and_then(Text::without_slash) {
            self.set_value(key, Value::Text(trimmed));
        }
    }
    fn redact(&self, key: Word, secrets: &Self, secret: Word) {
        let (value, hidden) = (self.value(key), secrets.value(secret));
        if let (Some(text), Some(hidden)) = (value.text(), hidden.text())
            && !hidden.is_empty()
        {
            let redacted = text.replaced(hidden, &"[redacted]".into());
            self.set_value(key, Value::Text(redacted));
        }
    }
    fn stray(&self, known: &Self, to: &Self, to_key: Word) -> bool {
        let known = known.entries();
        let is_known = |name: &str| known.iter().any(|(other, _)| other == name);
        let stray = self
            .entries()
            .into_iter()
            .find(|(name, value)| value.kind() != Kind::Absent && !is_known(name));
        match stray {
            Some((name, _)) => {
                to.set_value(to_key, name.as_str().into());
                true
            }
            None => false,
        }
    }

    fn url(&self, key: Word) -> Option<Self> {
        parts(&self.value(key).text()?.to_string(), None)
    }
    fn add_query(&self, key: Word, params: &Self) {
        let url = url::with_query(&self.value(key).to_text().to_string(), params);
        self.set_value(key, url.as_str().into());
    }
    fn claims(&self, key: Word) -> Option<Self> {
        json::claims(&self.value(key).text()?.to_string(), 1)
    }
    fn header(&self, key: Word) -> Option<Self> {
        json::claims(&self.value(key).text()?.to_string(), 0)
    }
    fn freeze(&self) {
        if self.0.is_frozen.replace(true) {
            return;
        }
        for (_, value) in self.entries() {
            if let Value::Object(object) = value {
                object.freeze();
            }
        }
    }
}

/// The members that `RekindleError` in `src/browser/errors.js` has.
fn error_of(about: &Object) -> Object {
    const LONGEST_TEXT: usize = 500;
    let error = Object::object();
    about.copy(Word::Code, &error, Word::Code);
    for flag in [Word::Retryable, Word::SessionLost] {
        error.flag(flag, about.kind(flag) == Kind::True);
    }
    about.copy(Word::Status, &error, Word::Status);
    for key in [
        Word::OutOauthError,
        Word::OutOauthErrorDescription,
        Word::ErrorId,
    ] {
        if let Value::Text(text) = about.value(key) {
            error.set_value(key, Value::Text(text.cut(LONGEST_TEXT)));
        }
    }
    for key in [Word::RetryAfterMs, Word::Reason] {
        about.copy(key, &error, key);
    }
    error
}
