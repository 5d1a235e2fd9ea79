//! One client's part: its context, the way into its core, and what is handed out of it.

use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use js_sys::Reflect;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::call::Answer;
use super::error::{self, Error};
use super::json::read;
use super::outside::{self, Told};
use super::results::{EventKind, SessionEvent, Snapshot};
use crate::browser::{Browser, Object, host};
use crate::client::{Begun, Client as Core, Verb, Work};
use crate::error::Error as CoreError;
use crate::platform::{Kept, Platform};
use crate::task::Place;

type Listener = Rc<dyn Fn(&SessionEvent)>;

std::thread_local! {
    /// Every client's part that has not been given back. Those of one session tell each other of news.
    static ENGINES: Place<Vec<Rc<Engine>>> = const { Place::new(None) };
}

pub(super) struct Engine {
    pub identity: String,
    context: i32,
    browser: Browser,
    /// Until it is given back.
    core: Place<Core<Browser>>,
    /// What the page calls when an operation ended.
    _resume: Closure<dyn Fn()>,
    listeners: Place<Vec<(u32, Listener)>>,
    last_listener: Cell<u32>,
    /// What `close` ends.
    calls: Place<Vec<Rc<Answer>>>,
    depth: Cell<u32>,
    is_handing_out: Cell<bool>,
    is_closed: Cell<bool>,
    /// Closed, and something is under way still.
    is_closing: Cell<bool>,
    /// What a closed client still answers with.
    last: Place<Held>,
}

/// What can be asked for without a call.
#[derive(Clone)]
pub(super) struct Held {
    pub snapshot: JsValue,
    pub record: JsValue,
    pub diagnostics: JsValue,
}

impl Engine {
    /// Checks the config and takes up the stored session.
    pub fn open(config: &JsValue) -> Result<Rc<Self>, Error> {
        let engine = Rc::new_cyclic(|weak: &Weak<Self>| {
            let weak = weak.clone();
            let resume = Closure::<dyn Fn()>::new(move || {
                if let Some(engine) = weak.upgrade() {
                    engine.run();
                }
            });
            let context = outside::open(config, &resume);
            Self {
                identity: outside::identity_of(config),
                context,
                browser: Browser::new(context),
                core: Place::new(None),
                _resume: resume,
                listeners: Place::new(None),
                last_listener: Cell::new(0),
                calls: Place::new(None),
                depth: Cell::new(0),
                is_handing_out: Cell::new(false),
                is_closed: Cell::new(false),
                is_closing: Cell::new(false),
                last: Place::new(None),
            }
        });
        match Core::create(engine.browser.clone(), &object(config)) {
            Ok(core) => engine.core.set(Some(core)),
            Err(problem) => {
                let error = error::from_core(problem);
                host::drop(engine.context);
                return Err(Error::of(&error));
            }
        }
        let mut engines = engines();
        engines.push(engine.clone());
        ENGINES.with(|all| all.set(Some(engines)));
        engine.run();
        Ok(engine)
    }

    /// Something happened: runs what waits for it, and hands out what comes of that.
    pub fn run(&self) {
        self.enter(|| {});
    }

    /// The one way into the core.
    fn enter<T>(&self, what: impl FnOnce() -> T) -> T {
        self.depth.set(self.depth.get() + 1);
        let result = what();
        self.browser.run();
        self.depth.set(self.depth.get() - 1);
        self.hand_out();
        result
    }

    /// Tells the listeners, only from outside: what the core calls may call a method from within. Who waits for an answer is
    /// woken by then, and polled later.
    fn hand_out(&self) {
        if self.depth.get() > 0 || self.last.get().is_some() || self.is_handing_out.replace(true) {
            return;
        }
        let context = outside::kept(self.context);
        while context.outbox().length() > 0 {
            self.tell(&context.outbox().shift().unchecked_into());
            for other in self.others() {
                if let Some(core) = other.core.get() {
                    other.enter(|| core.look_again());
                }
            }
        }
        self.is_handing_out.set(false);
        if self.is_closing.get() && context.operations().size() == 0 {
            self.is_closing.set(false);
            self.give_back();
        }
    }

    fn tell(&self, told: &Told) {
        let listeners = self.listeners.get().unwrap_or_default();
        let Some(&kind) = EventKind::ALL.get(told.event()) else {
            return;
        };
        if listeners.is_empty() || self.is_closed() {
            return;
        }
        let about = told.about();
        let event = SessionEvent {
            kind,
            snapshot: read::<Snapshot>(&told.snapshot()).unwrap_or_default(),
            // 0 stands for none.
            error: about
                .is_object()
                .then(|| Error::of(&error::from_about(&about))),
        };
        for (id, listener) in listeners {
            // One before it may have ended this one, or closed the client.
            if self.listens(id) {
                listener(&event);
            }
        }
    }

    fn listens(&self, id: u32) -> bool {
        let listeners = self.listeners.get().unwrap_or_default();
        listeners.iter().any(|(other, _)| *other == id)
    }

    /// The other clients of this page with this session: the same issuer, client id and name, in the same storage.
    pub fn others(&self) -> Vec<Rc<Self>> {
        let storage = |engine: &Self| outside::kept(engine.context).storage();
        let own = storage(self);
        let mut engines = engines();
        engines.retain(|other| {
            !core::ptr::eq(Rc::as_ptr(other), self)
                && other.identity == self.identity
                && own != "memory"
                && storage(other) == own
        });
        engines
    }

    /// Begins a call, and says whether it handles the callback of this page load.
    pub fn begin(self: &Rc<Self>, verb: Verb, options: &JsValue) -> (Rc<Answer>, bool) {
        let core = self.core.get().filter(|_| !self.is_closed.get());
        let Some(core) = core else {
            return (Answer::new(Some(Err(error::closed()))), false);
        };
        let answer = Answer::new(None);
        let is_callback = self.enter(|| {
            let begun = core.begin(verb, &object(options));
            let is_callback = matches!(
                begun,
                Ok(Begun::Work(Work {
                    is_callback: true,
                    ..
                }))
            );
            // A callback belongs to the page load, not to this client: closing the one leaves it to the next.
            if !is_callback {
                self.keep(&answer);
            }
            let (engine, answer) = (self.clone(), answer.clone());
            self.browser.spawn(async move {
                let outcome = core.finish(verb, begun, answer.aborted()).await;
                answer.bring(value_of(outcome));
                engine.forget(&answer);
            });
            is_callback
        });
        (answer, is_callback)
    }

    /// Has `close` end what is answered here.
    pub fn keep(&self, answer: &Rc<Answer>) {
        let mut calls = self.calls.take().unwrap_or_default();
        calls.push(answer.clone());
        self.calls.set(Some(calls));
    }

    pub fn forget(&self, answer: &Rc<Answer>) {
        let mut calls = self.calls.take().unwrap_or_default();
        calls.retain(|other| !Rc::ptr_eq(other, answer));
        self.calls.set(Some(calls));
    }

    pub fn held(&self) -> Held {
        if let Some(last) = self.last.get() {
            return last;
        }
        let held = self.core.get().map(|core| {
            self.enter(|| Held {
                snapshot: released(Some(core.snapshot())),
                record: released(core.record()),
                diagnostics: released(Some(core.diagnostics())),
            })
        });
        held.unwrap_or(Held {
            snapshot: JsValue::UNDEFINED,
            record: JsValue::UNDEFINED,
            diagnostics: JsValue::UNDEFINED,
        })
    }

    /// Ends what goes on by itself, and gives everything back as soon as nothing is under way.
    pub fn close(&self) {
        if self.is_closed.replace(true) {
            return;
        }
        self.listeners.set(None);
        for call in self.calls.take().unwrap_or_default() {
            call.bring(Err(error::closed()));
            call.abort();
        }
        self.is_closing.set(true);
        if let Some(core) = self.core.get() {
            self.enter(|| core.close());
        }
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    pub fn context(&self) -> outside::Context {
        outside::kept(self.context)
    }

    fn give_back(&self) {
        self.last.set(Some(self.held()));
        // Before its context, of which it lets go.
        drop(self.core.take());
        host::drop(self.context);
        let mut engines = engines();
        engines.retain(|other| !core::ptr::eq(Rc::as_ptr(other), self));
        ENGINES.with(|all| all.set(Some(engines)));
    }

    pub fn subscribe(self: &Rc<Self>, listener: Listener) -> Subscription {
        let id = self.last_listener.get().wrapping_add(1);
        self.last_listener.set(id);
        if !self.is_closed() {
            let mut listeners = self.listeners.take().unwrap_or_default();
            listeners.push((id, listener));
            self.listeners.set(Some(listeners));
        }
        Subscription {
            engine: self.clone(),
            id,
        }
    }
}

fn engines() -> Vec<Rc<Engine>> {
    ENGINES.with(Place::get).unwrap_or_default()
}

/// A handle for a copy of these members.
fn object(value: &JsValue) -> Object {
    let copy = js_sys::Object::assign(&js_sys::Object::new(), value.unchecked_ref());
    Object::owned(outside::keep(&copy)).unwrap_or_else(Object::object)
}

fn released(object: Option<Object>) -> JsValue {
    object.map_or(JsValue::UNDEFINED, |object| {
        outside::release(object.into_id())
    })
}

fn value_of(outcome: Result<Option<Object>, CoreError<Object>>) -> Result<JsValue, JsValue> {
    outcome.map(released).map_err(error::from_core)
}

/// The text of a member.
pub(super) fn text(value: &JsValue, name: &str) -> Option<String> {
    Reflect::get(value, &name.into()).ok()?.as_string()
}

/// A listener's place, until this is dropped.
#[must_use = "the subscription ends when this is dropped"]
pub struct Subscription {
    engine: Rc<Engine>,
    id: u32,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut listeners = self.engine.listeners.take().unwrap_or_default();
        let at = listeners.iter().position(|(id, _)| *id == self.id);
        let own = at.map(|at| listeners.remove(at));
        self.engine.listeners.set(Some(listeners));
        // Only now: what it owns ends with it, and may be another subscription.
        drop(own);
    }
}
