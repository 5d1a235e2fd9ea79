//! [`Platform`] as one client of a simulated page sees it.

use crate::kept::{self, Object, word_text};
use crate::network::Endpoint;
use crate::world::{Event as WorldEvent, Life, Operation as Entry, Sim, What};
use rekindle::platform::{Coordination, Event, Mono, Platform, Slot, StorageFailed, Wall};
use rekindle::task::Tasks;
use rekindle::words::Word;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

/// What a killed tab unwinds with: its code ends between one step and the next.
pub struct Killed;

#[derive(Clone)]
pub struct Page(Rc<Inner>);

struct Inner {
    sim: Sim,
    context: usize,
    tasks: Weak<Tasks>,
    /// What another clone of a killed page still does has no effect.
    is_silent: Cell<bool>,
}

impl Page {
    pub fn new(sim: Sim, context: usize, tasks: &Rc<Tasks>) -> Self {
        Self(Rc::new(Inner {
            sim,
            context,
            tasks: Rc::downgrade(tasks),
            is_silent: Cell::new(false),
        }))
    }

    /// One step of the tab's code, before or after something that the outside can see. It may be the last one.
    fn step(&self) {
        let is_last = {
            let mut world = self.0.sim.borrow_mut();
            let context = &world.contexts[self.0.context];
            let (tab, is_gone) = (context.tab, context.is_gone);
            let tab = &mut world.tabs[tab];
            tab.steps += 1;
            match &mut tab.kill_in {
                Some(0) if !is_gone => {
                    tab.kill_in = None;
                    tab.life = Life::Crashed;
                    true
                }
                Some(left) => {
                    *left = left.saturating_sub(1);
                    false
                }
                None => false,
            }
        };
        if is_last {
            self.0.is_silent.set(true);
            std::panic::resume_unwind(Box::new(Killed));
        }
    }

    fn begin(&self, what: What) -> Operation {
        let mut world = self.0.sim.borrow_mut();
        let context = &mut world.contexts[self.0.context];
        context.last_operation += 1;
        let id = context.last_operation;
        context.operations.insert(
            id,
            Entry {
                what,
                result: None,
                is_taken: false,
            },
        );
        Operation {
            page: self.clone(),
            id,
        }
    }

    fn send(&self, address: &Object, url: Word, form: Option<&Object>) -> Operation {
        self.step();
        let address = address.member(word_text(url)).to_text().to_string();
        let endpoint = match address.rsplit('/').next() {
            Some("token") => Endpoint::Token,
            Some("introspection") => Endpoint::Introspection,
            Some("revocation") => Endpoint::Revocation,
            Some("keys") => Endpoint::Keys,
            _ => Endpoint::Metadata,
        };
        let form = form.map_or_else(Vec::new, |form| {
            let members = form.entries().into_iter();
            members
                .map(|(name, value)| (name, value.to_text().to_string()))
                .collect()
        });
        let operation = self.begin(What::Fetch(0));
        self.0
            .sim
            .borrow_mut()
            .send(self.0.context, operation.id, endpoint, form);
        self.step();
        operation
    }
}

/// Something that goes on outside; given up when dropped.
pub struct Operation {
    page: Page,
    id: u32,
}

impl Future for Operation {
    type Output = Result<Option<Object>, Object>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = &self.page.0;
        let taken = inner.sim.borrow_mut().take(inner.context, self.id);
        let Some((what, result)) = taken else {
            return Poll::Pending;
        };
        if let Some(tasks) = inner.tasks.upgrade() {
            tasks.tell();
        }
        if what != What::News {
            self.page.step();
        }
        Poll::Ready(result)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let inner = &self.page.0;
        inner.sim.borrow_mut().cancel(inner.context, self.id);
    }
}

impl Platform for Page {
    type Kept = Object;
    type Operation = Operation;

    fn fetch(&self, address: &Object, url: Word, form: Option<&Object>) -> Operation {
        self.send(address, url, form)
    }

    fn fetch_last(&self, address: &Object, url: Word, form: &Object) -> Operation {
        self.send(address, url, Some(form))
    }

    fn fetch_with(&self, address: &Object, url: Word, _: &Object) -> Operation {
        self.send(address, url, None)
    }

    fn verify(&self, answer: &Object, _: &Object, _: Word) -> Operation {
        self.step();
        let operation = self.begin(What::Verify);
        let result = Some(crate::server::verdict(answer));
        let (context, operation_id) = (self.0.context, operation.id);
        let mut world = self.0.sim.borrow_mut();
        let hop = world.hop();
        world.after(
            hop,
            WorldEvent::Finish {
                context,
                operation: operation_id,
                result,
            },
        );
        drop(world);
        operation
    }

    fn sleep(&self, ms: f64) -> Operation {
        let operation = self.begin(What::Timer);
        let mut world = self.0.sim.borrow_mut();
        let tab = world.contexts[self.0.context].tab;
        let due = world.mono(tab) + ms.clamp(0.0, 2_147_483_647.0);
        let (context, late) = (self.0.context, world.rng.u64(0..4));
        let wait = ms.clamp(0.0, 2_147_483_647.0).ceil() as u64 + late;
        world.after(
            wait,
            WorldEvent::Timer {
                context,
                operation: operation.id,
                due,
            },
        );
        drop(world);
        operation
    }

    fn lock(&self, record: &Object) -> Operation {
        self.step();
        let operation = self.begin(What::RefreshLock);
        self.0
            .sim
            .borrow_mut()
            .request_lock(self.0.context, operation.id, record);
        self.step();
        operation
    }

    fn presence(&self, record: &Object) -> Operation {
        self.step();
        let operation = self.begin(What::Presence);
        self.0
            .sim
            .borrow_mut()
            .take_presence(self.0.context, operation.id, record);
        self.step();
        operation
    }

    fn who(&self, record: Option<&Object>) -> Operation {
        self.step();
        let operation = self.begin(What::Who);
        let family = record.map(family_of);
        let mut world = self.0.sim.borrow_mut();
        let (context, hop) = (self.0.context, world.hop());
        world.after(
            hop,
            WorldEvent::LookAround {
                context,
                operation: operation.id,
                family,
            },
        );
        drop(world);
        operation
    }

    fn coordination(&self) -> Coordination {
        let world = self.0.sim.borrow();
        match (world.plan.has_locks, world.plan.has_channel) {
            (true, true) => Coordination::Locks,
            (false, true) => Coordination::Channel,
            (_, false) => Coordination::None,
        }
    }

    fn post(&self, message: &Object) {
        self.step();
        self.0.sim.borrow_mut().post(self.0.context, message);
        self.step();
    }

    fn attend(&self, to: u8) {
        let mut world = self.0.sim.borrow_mut();
        world.contexts[self.0.context].attends = to;
    }

    fn news(&self) -> Operation {
        self.begin(What::News)
    }

    fn load(&self, slot: Slot) -> Result<Option<Object>, StorageFailed> {
        let mut world = self.0.sim.borrow_mut();
        let tab = world.contexts[self.0.context].tab;
        if let Some(unsaved) = world.tabs[tab].unsaved.get(slot as usize) {
            return Ok(Some(unsaved.copied()));
        }
        if world.storage_fault == 2 && !world.is_in_memory(slot as usize) {
            return Err(StorageFailed::Unavailable);
        }
        let shelf = world.shelf(self.0.context, slot as usize);
        Ok(shelf.get(slot as usize).map(Object::copied))
    }

    fn save(&self, slot: Slot, object: &Object) -> Result<(), StorageFailed> {
        self.step();
        let saved = self
            .0
            .sim
            .borrow_mut()
            .save(self.0.context, slot as usize, object);
        self.step();
        saved
    }

    fn remove(&self, slot: Slot) {
        self.step();
        self.0
            .sim
            .borrow_mut()
            .remove(self.0.context, slot as usize);
        self.step();
    }

    fn forget(&self, slot: Slot) {
        let mut sim = self.0.sim.borrow_mut();
        let tab = sim.contexts[self.0.context].tab;
        sim.tabs[tab].unsaved.put(slot as usize, None);
    }

    fn is_lasting(&self) -> bool {
        self.0.sim.borrow().plan.storage != crate::plan::Storage::Memory
    }

    fn log(&self) -> Object {
        self.0.sim.borrow().contexts[self.0.context].log.clone()
    }

    fn now(&self) -> Wall {
        Wall(self.0.sim.borrow().wall())
    }

    fn elapsed(&self) -> Mono {
        let world = self.0.sim.borrow();
        Mono(world.mono(world.contexts[self.0.context].tab))
    }

    fn chance(&self) -> f64 {
        self.0.sim.borrow_mut().rng.f64()
    }

    fn has_random(&self) -> bool {
        true
    }

    fn random(&self, to: &Object, key: Word) {
        let mut world = self.0.sim.borrow_mut();
        let text: String = (0..43).map(|_| world.rng.alphanumeric()).collect();
        to.write(word_text(key), text.as_str().into());
    }

    fn is_online(&self) -> bool {
        self.0.sim.borrow().is_online
    }

    fn is_activated(&self) -> bool {
        false
    }

    fn address(&self) -> Option<Object> {
        kept::parts("https://app.example/", None)
    }

    fn relative(&self, to: &Object, key: Word) -> Option<Object> {
        kept::parts(
            &to.member(word_text(key)).to_text().to_string(),
            Some("https://app.example/"),
        )
    }

    fn clean_address(&self) {}

    fn leave_for(&self, _: &Object, _: Word) {}

    fn open_popup(&self) -> Option<Operation> {
        None
    }

    fn close_popups(&self) {}

    fn lead_popup(&self, _: &Operation, _: &Object) {}

    fn hand_over(&self, _: &Object) -> Operation {
        self.sleep(f64::INFINITY)
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        if let Some(tasks) = self.0.tasks.upgrade() {
            tasks.spawn(task);
        }
    }

    fn emit(&self, event: Event, snapshot: &Object, error: Option<&Object>) {
        self.step();
        self.0
            .sim
            .borrow_mut()
            .emitted(self.0.context, event, snapshot, error);
        self.step();
    }
}

/// The record's family, as locks are named after it.
pub fn family_of(record: &Object) -> String {
    record.member(word_text(Word::Family)).to_text().to_string()
}
