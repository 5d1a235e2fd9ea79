//! A text as JavaScript has it: UTF-16 code units, surrogates that have no partner included.

use std::fmt;
use std::rc::Rc;

/// A text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(Rc<[u16]>);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }
}

/// As it goes to a URL or a form: a surrogate that has no partner as U+FFFD.
impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf16_lossy(&self.0))
    }
}

impl Text {
    pub fn of_unit(unit: u16) -> Self {
        Self([unit].into())
    }

    pub fn is(&self, text: &str) -> bool {
        self.0.iter().copied().eq(text.encode_utf16())
    }

    pub fn units(&self) -> &[u16] {
        &self.0
    }

    pub fn unit(&self, index: usize) -> Option<u16> {
        self.0.get(index).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn starts_with(&self, start: &Self) -> bool {
        self.0.starts_with(&start.0)
    }

    pub fn ends_with(&self, end: &Self) -> bool {
        self.0.ends_with(&end.0)
    }

    pub fn followed_by(&self, more: &Self) -> Self {
        Self([&self.0[..], &more.0[..]].concat().into())
    }

    pub fn without_slash(&self) -> Option<Self> {
        let rest = self.0.strip_suffix(&Self::from("/").0[..])?;
        Some(Self(rest.into()))
    }

    pub fn cut(&self, length: usize) -> Self {
        Self(self.0.iter().take(length).copied().collect())
    }

    /// With each place where `hidden` stands, from the left, replaced. `hidden` is not empty.
    pub fn replaced(&self, hidden: &Self, by: &Self) -> Self {
        let mut replaced = Vec::new();
        let mut rest = &self.0[..];
        while let Some((&first, after)) = rest.split_first() {
            if let Some(after) = rest.strip_prefix(&hidden.0[..]) {
                replaced.extend(&*by.0);
                rest = after;
            } else {
                replaced.push(first);
                rest = after;
            }
        }
        Self(replaced.into())
    }
}
