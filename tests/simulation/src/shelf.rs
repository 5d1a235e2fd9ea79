//! What a storage holds of ours, by `Slot`: objects that nobody else has a handle of, as their JSON would be.

use crate::kept::Object;

pub const RECORD: usize = 0;
pub const TOMBSTONES: usize = 3;

#[derive(Clone, Default)]
pub struct Shelf([Option<Object>; 5]);

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
