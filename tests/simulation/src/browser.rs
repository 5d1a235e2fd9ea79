//! What the browser does for a page: operations, locks, the channel, storage.

use crate::kept::{Object, Value, word_text};
use crate::page::family_of;
use crate::plan::Storage;
use crate::shelf;
use crate::world::{Event, Life, What, World};
use rekindle::platform::{Kept, StorageFailed, attention};
use rekindle::words::Word;

impl World {
    /// An operation's result, where it has come: once.
    pub fn take(
        &mut self,
        context: usize,
        id: u32,
    ) -> Option<(What, Result<Option<Object>, Object>)> {
        let context = self.contexts.get_mut(context)?;
        let operation = context.operations.get_mut(&id)?;
        if operation.what == What::News && operation.result.is_none() && !operation.is_taken {
            operation.result = context.news.pop_front().map(|news| Ok(Some(news)));
        }
        let result = operation.result.take()?;
        operation.is_taken = true;
        let what = operation.what;
        if let What::Fetch(request) = what {
            self.taken(request);
        }
        Some((what, result))
    }

    /// The page wants it no more.
    pub fn cancel(&mut self, context: usize, id: u32) {
        let Some(operation) = self.contexts[context].operations.remove(&id) else {
            return;
        };
        match operation.what {
            What::Fetch(request) => self.abandon(request),
            What::RefreshLock | What::Presence => self.release(context, id),
            What::Timer | What::Verify | What::Who | What::News => {}
        }
    }

    fn release(&mut self, context: usize, id: u32) {
        if let Some((context, operation)) = self.locks.release((context, id)) {
            let hop = self.hop();
            self.after(
                hop,
                Event::Finish {
                    context,
                    operation,
                    result: None,
                },
            );
        }
    }

    /// An operation ends; it may have been given up meanwhile.
    pub fn finish(
        &mut self,
        context: usize,
        id: u32,
        result: Result<Option<Object>, Object>,
    ) -> bool {
        let operation = self.contexts[context].operations.get_mut(&id);
        let Some(operation) = operation else {
            return false;
        };
        operation.result = Some(result);
        true
    }

    pub fn request_lock(&mut self, context: usize, operation: u32, record: &Object) {
        let tab = self.contexts[context].tab;
        let name = if self.plan.has_locks {
            family_of(record)
        } else {
            // Those of a page are kept apart all the same.
            format!("{} of page {tab}", family_of(record))
        };
        self.note_exchange(context, operation);
        if self.locks.request(name, (context, operation)) {
            let hop = self.hop();
            self.after(
                hop,
                Event::Finish {
                    context,
                    operation,
                    result: None,
                },
            );
        }
    }

    pub fn take_presence(&mut self, context: usize, operation: u32, record: &Object) {
        if self.plan.has_locks {
            let generation = record.number(Word::Generation);
            let name = format!("{}|{generation}", family_of(record));
            self.locks.share(name, (context, operation));
        }
        let hop = self.hop();
        self.after(
            hop,
            Event::Finish {
                context,
                operation,
                result: None,
            },
        );
    }

    /// What `navigator.locks.query()` says of who is there.
    pub fn look_around(&mut self, family: Option<&str>) -> Option<Object> {
        if !self.plan.has_locks {
            return None;
        }
        let mut highest = 0.0_f64;
        let mut tabs = Vec::new();
        for (name, holders) in self.locks.held() {
            let Some((of, generation)) = name.split_once('|') else {
                continue;
            };
            if family.is_none_or(|family| family == of) {
                highest = highest.max(generation.parse().unwrap_or(0.0));
                tabs.extend(
                    holders
                        .iter()
                        .map(|(context, _)| self.contexts[*context].tab),
                );
            }
        }
        tabs.sort_unstable();
        tabs.dedup();
        let members = [(Word::Generation, highest), (Word::Tabs, tabs.len() as f64)];
        Some(Object::of(members.map(|(word, number)| {
            (word_text(word).to_owned(), Value::Number(number))
        })))
    }

    pub fn post(&mut self, from: usize, message: &Object) {
        if !self.plan.has_channel {
            return;
        }
        let message = message.copied();
        self.posted(from, &message);
        let listening: Vec<usize> = self
            .live()
            .filter(|&to| to != from && self.contexts[to].attends & attention::SIBLINGS != 0)
            .collect();
        for to in listening {
            if !self.is_calm && self.rng.u32(0..100) < self.plan.loss {
                continue;
            }
            let hop = 1 + self.hop();
            // One sender's messages come in their order.
            let earliest = self.contexts[to]
                .heard_until
                .get(&from)
                .copied()
                .unwrap_or(0)
                + 1;
            let at = earliest.max(self.now + hop);
            self.contexts[to].heard_until.insert(from, at);
            self.at(
                at,
                Event::Message {
                    context: to,
                    message: message.copied(),
                },
            );
        }
    }

    pub fn is_in_memory(&self, slot: usize) -> bool {
        slot == shelf::RECORD && self.plan.storage == Storage::Memory
    }

    pub fn save(
        &mut self,
        context: usize,
        slot: usize,
        object: &Object,
    ) -> Result<(), StorageFailed> {
        let tab = self.contexts[context].tab;
        if self.storage_fault != 0 && !self.is_in_memory(slot) {
            // What could not be stored is found by this page all the same.
            self.tabs[tab].unsaved.put(slot, Some(object.copied()));
            return Err(if self.storage_fault == 1 {
                StorageFailed::Full
            } else {
                StorageFailed::Unavailable
            });
        }
        self.tabs[tab].unsaved.put(slot, None);
        let object = object.copied();
        if slot == shelf::RECORD {
            let generation = object.number(Word::Generation);
            self.story.tell(self.now, Some(Self::name(tab)), || {
                format!("client {context}: stores generation {generation}")
            });
            self.judge_save(context, &object);
        }
        self.write(context, slot, Some(object));
        Ok(())
    }

    pub fn remove(&mut self, context: usize, slot: usize) {
        let tab = self.contexts[context].tab;
        self.tabs[tab].unsaved.put(slot, None);
        if self.storage_fault == 2 && !self.is_in_memory(slot) {
            return;
        }
        self.write(context, slot, None);
    }

    fn write(&mut self, context: usize, slot: usize, value: Option<Object>) {
        let shared = slot == shelf::TOMBSTONES
            || (slot == shelf::RECORD && self.plan.storage == Storage::Local);
        self.shelf(context, slot).put(slot, value.clone());
        if !shared {
            return;
        }
        self.local.put(slot, value);
        let own = self.contexts[context].tab;
        for tab in 0..self.tabs.len() {
            let is_there = !matches!(self.tabs[tab].life, Life::Crashed | Life::Closed);
            if tab != own && is_there {
                let hop = self.hop();
                self.after(hop, Event::Stored { tab, slot });
            }
        }
    }
}
