//! [`Platform`] in the browser: one JavaScript file per browser API, no decision in them, and here the Rust side of it.
//!
//! Only numbers cross: a handle for an object, a number for a name. So wasm-bindgen has nothing to convert, and no text, no
//! token above all, is ever in linear memory.

pub(crate) mod host;
mod kept;

pub use kept::Object;

use crate::platform::{Coordination, Event, Mono, Platform, Slot, StorageFailed, Wall};
use crate::task::Tasks;
use crate::words::Word;
use alloc::rc::Rc;
use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// A page, as one client sees it.
#[derive(Clone)]
pub struct Browser(Rc<Inner>);

struct Inner {
    context: i32,
    tasks: Tasks,
    last_operation: Cell<i32>,
}

impl Browser {
    /// Over the context with this handle, which `open` in `context.js` made.
    pub fn new(context: i32) -> Self {
        Self(Rc::new(Inner {
            context,
            tasks: Tasks::default(),
            last_operation: Cell::new(0),
        }))
    }

    /// The context's handle.
    pub fn context(&self) -> i32 {
        self.0.context
    }

    /// Runs every task that has news: an operation ended, a call began or was aborted.
    pub fn run(&self) {
        self.0.tasks.tell();
        self.0.tasks.run();
    }

    fn begin(&self, begin: impl FnOnce(i32, i32)) -> Operation {
        let id = self.0.last_operation.get().wrapping_add(1);
        self.0.last_operation.set(id);
        begin(self.0.context, id);
        Operation {
            browser: self.clone(),
            id,
        }
    }
}

/// What `take` in `context.js` answers while an operation goes on.
const GOES_ON: i32 = i32::MIN;

/// Something that the page does for us; given up when dropped.
pub struct Operation {
    browser: Browser,
    id: i32,
}

impl Future for Operation {
    /// The object, or that of a failure.
    type Output = Result<Option<Object>, Object>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let result = host::take(self.browser.0.context, self.id);
        if result == GOES_ON {
            return Poll::Pending;
        }
        self.browser.0.tasks.tell();
        Poll::Ready(match Object::owned(result.wrapping_abs()) {
            Some(failure) if result < 0 => Err(failure),
            object => Ok(object),
        })
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        host::cancel(self.browser.0.context, self.id);
    }
}

impl Platform for Browser {
    type Kept = Object;
    type Operation = Operation;

    fn fetch(&self, address: &Object, url: Word, form: Option<&Object>) -> Operation {
        let form = form.map_or(0, Object::id);
        self.begin(|context, id| host::send(context, id, address.id(), url as i32, form, 0, 0))
    }

    fn fetch_last(&self, address: &Object, url: Word, form: &Object) -> Operation {
        self.begin(|context, id| host::send(context, id, address.id(), url as i32, form.id(), 1, 0))
    }

    fn fetch_with(&self, address: &Object, url: Word, record: &Object) -> Operation {
        self.begin(|context, id| {
            host::send(context, id, address.id(), url as i32, 0, 0, record.id())
        })
    }

    fn sleep(&self, ms: f64) -> Operation {
        self.begin(|context, id| host::sleep(context, id, ms))
    }

    fn verify(&self, answer: &Object, key: &Object, alg: Word) -> Operation {
        self.begin(|context, id| {
            host::verify(context, id, answer.id(), key.id(), alg as i32);
        })
    }

    fn lock(&self, record: &Object) -> Operation {
        self.begin(|context, id| host::lock(context, id, record.id()))
    }

    fn presence(&self, record: &Object) -> Operation {
        self.begin(|context, id| host::presence(context, id, record.id()))
    }

    fn who(&self, record: Option<&Object>) -> Operation {
        let record = record.map_or(0, Object::id);
        self.begin(|context, id| host::who(context, id, record))
    }

    fn coordination(&self) -> Coordination {
        match host::coordination(self.0.context) {
            0 => Coordination::Locks,
            1 => Coordination::Channel,
            _ => Coordination::None,
        }
    }

    fn post(&self, message: &Object) {
        host::post(self.0.context, message.id());
    }

    fn attend(&self, to: u8) {
        host::attend(self.0.context, i32::from(to));
    }

    fn news(&self) -> Operation {
        self.begin(host::news)
    }

    fn load(&self, slot: Slot) -> Result<Option<Object>, StorageFailed> {
        match host::load(self.0.context, slot as i32) {
            -1 => Err(StorageFailed::Unavailable),
            id => Ok(Object::owned(id)),
        }
    }

    fn save(&self, slot: Slot, object: &Object) -> Result<(), StorageFailed> {
        match host::save(self.0.context, slot as i32, object.id()) {
            0 => Ok(()),
            1 => Err(StorageFailed::Full),
            3 => Err(StorageFailed::NotJson),
            _ => Err(StorageFailed::Unavailable),
        }
    }

    fn remove(&self, slot: Slot) {
        host::erase(self.0.context, slot as i32);
    }

    fn forget(&self, slot: Slot) {
        host::forget(self.0.context, slot as i32);
    }

    fn is_lasting(&self) -> bool {
        host::is_lasting(self.0.context) != 0
    }

    fn log(&self) -> Object {
        Object::made(host::log(self.0.context))
    }

    fn now(&self) -> Wall {
        Wall(host::now())
    }

    fn elapsed(&self) -> Mono {
        Mono(host::elapsed())
    }

    fn chance(&self) -> f64 {
        host::chance()
    }

    fn has_random(&self) -> bool {
        host::has_random() != 0
    }

    fn random(&self, to: &Object, key: Word) {
        host::random(to.id(), key as i32);
    }

    fn is_online(&self) -> bool {
        host::is_online() != 0
    }

    fn is_activated(&self) -> bool {
        host::is_activated() != 0
    }

    fn address(&self) -> Option<Object> {
        Object::owned(host::address(self.0.context))
    }

    fn relative(&self, to: &Object, key: Word) -> Option<Object> {
        Object::owned(host::relative(to.id(), key as i32))
    }

    fn clean_address(&self) {
        host::clean_address();
    }

    fn leave_for(&self, address: &Object, url: Word) {
        host::leave_for(address.id(), url as i32);
    }

    fn open_popup(&self) -> Option<Operation> {
        let mut is_open = 0;
        let popup = self.begin(|context, id| is_open = host::open_popup(context, id));
        (is_open != 0).then_some(popup)
    }

    fn close_popups(&self) {
        host::close_popups(self.0.context);
    }

    fn lead_popup(&self, popup: &Operation, address: &Object) {
        host::lead_popup(self.0.context, popup.id, address.id());
    }

    fn hand_over(&self, url: &Object) -> Operation {
        self.begin(|context, id| host::hand_over(context, id, url.id()))
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.tasks.spawn(task);
    }

    fn emit(&self, event: Event, snapshot: &Object, error: Option<&Object>) {
        let error = error.map_or(0, Object::id);
        host::emit(self.0.context, event as i32, snapshot.id(), error);
    }
}
