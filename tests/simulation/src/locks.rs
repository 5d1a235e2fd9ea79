//! The browser's lock manager: one for all tabs.

use std::collections::{BTreeMap, VecDeque};

/// Who holds or waits: a context's operation.
pub type Who = (usize, u32);

#[derive(Default)]
pub struct Locks {
    exclusive: BTreeMap<String, VecDeque<Who>>,
    shared: BTreeMap<String, Vec<Who>>,
}

impl Locks {
    /// Whether it is granted at once; else its turn comes.
    pub fn request(&mut self, name: String, who: Who) -> bool {
        let queue = self.exclusive.entry(name).or_default();
        queue.push_back(who);
        queue.len() == 1
    }

    pub fn share(&mut self, name: String, who: Who) {
        self.shared.entry(name).or_default().push(who);
    }

    /// Lets go, or withdraws. Whose turn it is then, if it is another's now.
    pub fn release(&mut self, who: Who) -> Option<Who> {
        self.shared.retain(|_, holders| {
            holders.retain(|holder| *holder != who);
            !holders.is_empty()
        });
        let mut next = None;
        self.exclusive.retain(|_, queue| {
            let was_first = queue.front() == Some(&who);
            queue.retain(|waiting| *waiting != who);
            if was_first {
                next = queue.front().copied();
            }
            !queue.is_empty()
        });
        next
    }

    /// The name of the exclusive lock that it holds.
    pub fn held_by(&self, who: Who) -> Option<&str> {
        let held = self
            .exclusive
            .iter()
            .find(|(_, queue)| queue.front() == Some(&who));
        held.map(|(name, _)| name.as_str())
    }

    pub fn holds(&self, who: Who) -> bool {
        self.exclusive
            .values()
            .any(|queue| queue.front() == Some(&who))
    }

    /// The names of the shared locks that are held, with their holders.
    pub fn held(&self) -> impl Iterator<Item = (&str, &[Who])> {
        self.shared
            .iter()
            .map(|(name, holders)| (name.as_str(), holders.as_slice()))
    }
}
