//! What a storage holds of ours, by `Slot`: objects that nobody else has a handle of, as their JSON would be.

use crate::kept::{Object, Value};

pub const RECORD: usize = 0;
pub const TOMBSTONES: usize = 3;

#[derive(Clone, Default)]
pub struct Shelf([Option<Object>; 4]);

impl Shelf {
    pub fn get(&self, slot: usize) -> Option<&Object> {
        self.0[slot].as_ref()
    }

    pub fn put(&mut self, slot: usize, value: Option<Object>) {
        self.0[slot] = value;
    }

    pub fn clear(&mut self) {
        self.0 = Default::default();
    }
}

/// A copy of an object and all that is in it, as `structuredClone` and JSON make one of what we keep.
pub fn copy(object: &Object) -> Object {
    let entries = object.entries();
    let copied = entries.into_iter().filter_map(|(name, value)| {
        let value = match value {
            Value::Undefined | Value::Function => return None,
            Value::Object(inner) => Value::Object(copy_inner(&inner)),
            value => value,
        };
        Some((name, value))
    });
    Object::of(copied)
}

fn copy_inner(inner: &Object) -> Object {
    let entries = inner.entries();
    let is_list = entries.first().is_none_or(|(name, _)| name == "0");
    if is_list {
        // Only a list's own text says that it is one; lists are rare.
        Object::parse(&inner.stringify()).unwrap_or_else(|| inner.clone())
    } else {
        copy(inner)
    }
}
