//! A handle of an object that stays with the page.

use super::host;
use crate::platform::{Kept, Kind};
use crate::words::{Code, Problem, Word};
use core::num::NonZeroI32;

/// A handle, given up when dropped.
pub struct Object(NonZeroI32);

impl Object {
    /// Takes a handle over; 0 is none.
    pub fn owned(id: i32) -> Option<Self> {
        NonZeroI32::new(id).map(Self)
    }

    /// Takes over a handle that the page never makes 0.
    pub(super) fn made(id: i32) -> Self {
        Self(NonZeroI32::new(id).unwrap_or(NonZeroI32::MAX))
    }

    /// The handle, still ours.
    pub fn id(&self) -> i32 {
        self.0.get()
    }

    /// The handle, given away.
    pub fn into_id(self) -> i32 {
        let id = self.id();
        core::mem::forget(self);
        id
    }
}

impl Clone for Object {
    fn clone(&self) -> Self {
        Self::made(host::again(self.id()))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        host::drop(self.id());
    }
}

const KINDS: [Kind; 12] = [
    Kind::Absent,
    Kind::Null,
    Kind::Text,
    Kind::EmptyText,
    Kind::Number,
    Kind::True,
    Kind::False,
    Kind::TextList,
    Kind::EmptyList,
    Kind::List,
    Kind::Function,
    Kind::Object,
];

impl Kept for Object {
    #[inline(never)]
    fn object() -> Self {
        Self::made(host::object())
    }
    fn list() -> Self {
        Self::made(host::list())
    }

    fn kind(&self, key: Word) -> Kind {
        let kind = host::kind(self.id(), key as i32);
        let kind = usize::try_from(kind).ok().and_then(|at| KINDS.get(at));
        kind.copied().unwrap_or(Kind::List)
    }
    fn is(&self, key: Word, word: Word) -> bool {
        host::is(self.id(), key as i32, word as i32) != 0
    }
    fn is_code(&self, key: Word, code: Code) -> bool {
        host::is_code(self.id(), key as i32, code as i32) != 0
    }
    fn starts(&self, key: Word, word: Word) -> bool {
        host::starts(self.id(), key as i32, word as i32) != 0
    }
    fn ends(&self, key: Word, word: Word) -> bool {
        host::ends(self.id(), key as i32, word as i32) != 0
    }
    fn same(&self, key: Word, other: &Self, other_key: Word) -> bool {
        host::same(self.id(), key as i32, other.id(), other_key as i32) != 0
    }
    fn number(&self, key: Word) -> f64 {
        host::number(self.id(), key as i32)
    }
    fn unit(&self, key: Word, index: u32) -> Option<u16> {
        u16::try_from(host::unit(self.id(), key as i32, index as i32)).ok()
    }
    fn get(&self, key: Word) -> Option<Self> {
        Self::owned(host::get(self.id(), key as i32))
    }
    fn at(&self, index: u32) -> Option<Self> {
        Self::owned(host::at(self.id(), index as i32))
    }

    fn set(&self, key: Word, number: f64) {
        host::set(self.id(), key as i32, number);
    }
    fn flag(&self, key: Word, value: bool) {
        host::flag(self.id(), key as i32, i32::from(value));
    }
    fn put(&self, key: Word, word: Word) {
        host::put(self.id(), key as i32, word as i32);
    }
    fn put_code(&self, key: Word, code: Code) {
        host::put_code(self.id(), key as i32, code as i32);
    }
    fn put_problem(&self, key: Word, problem: Problem) {
        host::put_problem(self.id(), key as i32, problem as i32);
    }
    fn put_null(&self, key: Word) {
        host::put_null(self.id(), key as i32);
    }
    fn attach(&self, key: Word, object: &Self) {
        host::attach(self.id(), key as i32, object.id());
    }
    fn attach_error(&self, key: Word, about: &Self) {
        host::attach_error(self.id(), key as i32, about.id());
    }
    fn push(&self, object: &Self) {
        host::push(self.id(), object.id());
    }
    fn shift(&self) {
        host::shift(self.id());
    }
    fn remove(&self, key: Word) {
        host::remove(self.id(), key as i32);
    }
    fn copy(&self, key: Word, to: &Self, to_key: Word) {
        host::copy(self.id(), key as i32, to.id(), to_key as i32);
    }
    fn copy_item(&self, key: Word, index: u32, to: &Self, to_key: Word) -> bool {
        host::copy_item(self.id(), key as i32, index as i32, to.id(), to_key as i32) != 0
    }
    fn copy_all(&self, to: &Self) -> bool {
        host::copy_all(self.id(), to.id()) != 0
    }
    fn copy_joined(&self, key: Word, to: &Self, to_key: Word) {
        host::copy_joined(self.id(), key as i32, to.id(), to_key as i32);
    }
    fn append(&self, key: Word, word: Word) {
        host::append(self.id(), key as i32, word as i32);
    }
    fn append_member(&self, key: Word, from: &Self, from_key: Word) {
        host::append_member(self.id(), key as i32, from.id(), from_key as i32);
    }
    fn append_unit(&self, key: Word, unit: u16) {
        host::append_unit(self.id(), key as i32, i32::from(unit));
    }
    fn trim_slash(&self, key: Word) {
        host::trim_slash(self.id(), key as i32);
    }
    fn redact(&self, key: Word, secrets: &Self, secret: Word) {
        host::redact(self.id(), key as i32, secrets.id(), secret as i32);
    }
    fn stray(&self, known: &Self, to: &Self, to_key: Word) -> bool {
        host::stray(self.id(), known.id(), to.id(), to_key as i32) != 0
    }

    fn url(&self, key: Word) -> Option<Self> {
        Self::owned(host::url(self.id(), key as i32))
    }
    fn add_query(&self, key: Word, params: &Self) {
        host::add_query(self.id(), key as i32, params.id());
    }
    fn claims(&self, key: Word) -> Option<Self> {
        Self::owned(host::claims(self.id(), key as i32, 1))
    }
    fn header(&self, key: Word) -> Option<Self> {
        Self::owned(host::claims(self.id(), key as i32, 0))
    }
    fn freeze(&self) {
        host::freeze(self.id());
    }
}
