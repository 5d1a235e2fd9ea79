//! What the tests share: contexts, JavaScript written beside its test, and waiting.

use core::cell::{Cell, OnceCell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::rc::Rc;

use js_sys::futures::JsFuture;
use js_sys::{Function, JSON, Promise, Reflect};
use rekindle::browser::{Browser, Object, Operation};
use rekindle::platform::Platform;
use wasm_bindgen::prelude::*;

// The very modules that the crate imports: a module is known by its path in the package, whichever crate of it names it.
#[wasm_bindgen(module = "/src/browser/objects.js")]
extern "C" {
    pub fn keep(object: &JsValue) -> i32;
    pub fn kept(id: i32) -> JsValue;
    fn release(id: i32) -> JsValue;
}

#[wasm_bindgen(module = "/src/browser/context.js")]
extern "C" {
    fn open(config: &JsValue, resume: &Closure<dyn Fn()>, outside: &JsValue) -> i32;
}

/// The value of a JavaScript expression.
pub fn js(expression: &str) -> JsValue {
    js_sys::eval(&format!("({expression})")).unwrap_or_else(|error| {
        panic!("{expression}: {error:?}");
    })
}

/// What a promise brings.
pub async fn promised(what: &str, promise: JsValue) -> Result<JsValue, JsValue> {
    soon(what, JsFuture::from(promise.unchecked_into::<Promise>())).await
}

/// A member, or a member of a member: `"sent.0.address"`.
pub fn get(value: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(value.clone(), |value, name| {
        Reflect::get(&value, &name.into()).unwrap_or_else(|_| panic!("{path}: no {name}"))
    })
}

pub fn text(value: &JsValue, path: &str) -> String {
    let member = get(value, path);
    member
        .as_string()
        .unwrap_or_else(|| panic!("{path} is {member:?}"))
}

pub fn set(value: &JsValue, name: &str, member: &JsValue) {
    Reflect::set(value, &name.into(), member).unwrap();
}

/// A property of the page that is another one until this is dropped.
#[must_use]
pub struct Replaced(JsValue);

/// `property` is a descriptor: `"{ value: undefined }"`, `"{ get() { throw 1; } }"`.
pub fn replaced(object: &str, name: &str, property: &str) -> Replaced {
    Replaced(js(&format!(
        "(() => {{
            const before = Object.getOwnPropertyDescriptor({object}, '{name}');
            // WebKit's compiled code may not notice that an accessor of its own becomes another property; that it is gone, it does.
            delete {object}['{name}'];
            Object.defineProperty({object}, '{name}', {{ ...{property}, configurable: true }});
            return {{ restore: () => before ? Object.defineProperty({object}, '{name}', before) : delete {object}['{name}'] }};
        }})()"
    )))
}

impl Drop for Replaced {
    fn drop(&mut self) {
        call(&self.0, "restore");
    }
}

/// Calls a method without arguments.
pub fn call(value: &JsValue, name: &str) -> JsValue {
    let method = Function::from(get(value, name));
    method
        .call0(value)
        .unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// As JSON, with the members in alphabetical order; those that are `undefined` are left out.
pub fn json(value: &JsValue) -> String {
    let sorted = js(
        "(key, value) => value?.constructor === Object ? Object.fromEntries(Object.entries(value).sort()) : value",
    );
    let text = JSON::stringify_with_replacer(value, &sorted).unwrap();
    text.as_string().unwrap_or_else(|| "undefined".into())
}

#[track_caller]
pub fn assert_same(value: &JsValue, expected: &str) {
    assert_eq!(json(value), json(&js(expected)));
}

/// The object of an expression.
pub fn object(expression: &str) -> Object {
    owned(keep(&js(expression)))
}

pub fn owned(id: i32) -> Object {
    Object::owned(id).expect("a handle")
}

pub fn value(object: &Object) -> JsValue {
    kept(object.id())
}

/// The key under which a storage has something of the client with this id: `"session"`, `"sign-ins"`, `"metadata"`.
pub fn key(storage: &str, kind: &str, client_id: &str) -> Option<String> {
    let keys = format!(
        "Object.keys({storage}).filter((key) => key.startsWith('rekindle:{kind}:') && key.includes('{client_id}'))"
    );
    let keys = js(&keys);
    assert!(get(&keys, "length").as_f64().unwrap() <= 1.0, "{keys:?}");
    get(&keys, "0").as_string()
}

/// What a storage has of the client with this id.
pub fn stored(storage: &str, kind: &str, client_id: &str) -> Option<String> {
    let key = key(storage, kind, client_id)?;
    js(&format!("{storage}[{key:?}]")).as_string()
}

/// How many handles there are.
pub fn handles() -> usize {
    (1..5_000).filter(|&id| !kept(id).is_undefined()).count()
}

/// Nothing here takes so long, on however busy a machine: a test that waits for longer has failed, and says for what it waited.
const LONGEST_MS: u32 = 15_000;

fn timer(ms: u32) -> JsFuture {
    let promise = js(&format!(
        "new Promise((resolve) => setTimeout(resolve, {ms}))"
    ));
    JsFuture::from(promise.unchecked_into::<Promise>())
}

pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let (mut work, mut late) = (pin!(work), timer(LONGEST_MS));
    poll_fn(move |context| {
        if Pin::new(&mut late).poll(context).is_ready() {
            panic!("still waiting for {what}");
        }
        work.as_mut().poll(context)
    })
    .await
}

/// Waits for a condition that no promise tells of.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    soon(what, async {
        while !condition() {
            timer(0).await.unwrap();
        }
    })
    .await;
}

/// Whether the operation goes on.
pub fn goes_on(operation: &mut Operation) -> bool {
    Pin::new(operation)
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

/// Another tab, as far as locks, channels and storage events go: an element with `contentWindow` and `remove()`.
pub fn tab() -> JsValue {
    js("document.body.appendChild(document.createElement('iframe'))")
}

/// What the operation has brought, where it has ended.
pub fn brought(operation: &mut Operation) -> Option<Option<JsValue>> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(operation).poll(&mut context) {
        Poll::Ready(Ok(object)) => Some(object.map(|object| value(&object))),
        Poll::Ready(Err(failure)) => panic!("{:?}", value(&failure)),
        Poll::Pending => None,
    }
}

/// What the operation brings.
pub async fn ended(what: &str, operation: &mut Operation) -> Option<JsValue> {
    soon(what, async {
        loop {
            if let Some(object) = brought(operation) {
                return object;
            }
            timer(0).await.unwrap();
        }
    })
    .await
}

/// A config of the client with this id, with further members.
pub fn config(client_id: &str, members: &str) -> JsValue {
    js(&format!(
        "{{ issuer: 'https://issuer.example', clientId: '{client_id}', {members} }}"
    ))
}

type Listener = Box<dyn Fn()>;

/// A context, open until it is dropped.
pub struct Opened {
    pub id: i32,
    resumed: Rc<Cell<u32>>,
    listener: Rc<OnceCell<Listener>>,
    _resume: Closure<dyn Fn()>,
}

impl Opened {
    pub fn new(config: &JsValue) -> Self {
        Self::in_place_of(&JsValue::UNDEFINED, config)
    }

    /// In the place of an earlier context.
    fn in_place_of(earlier: &JsValue, config: &JsValue) -> Self {
        let listener = Rc::new(OnceCell::<Listener>::new());
        let resumed = Rc::new(Cell::new(0));
        let resume = Closure::new({
            let (listener, resumed) = (listener.clone(), resumed.clone());
            move || {
                resumed.set(resumed.get() + 1);
                if let Some(listener) = listener.get() {
                    listener();
                }
            }
        });
        Self {
            id: open(config, &resume, earlier),
            resumed,
            listener,
            _resume: resume,
        }
    }

    /// Calls this whenever an operation ended.
    pub fn on_resume(&self, listener: impl Fn() + 'static) {
        assert!(self.listener.set(Box::new(listener)).is_ok());
    }

    /// How often an operation has ended.
    pub fn resumed(&self) -> u32 {
        self.resumed.get()
    }

    /// How many operations there are.
    pub fn operations(&self) -> f64 {
        get(&kept(self.id), "operations.size").as_f64().unwrap()
    }
}

impl Drop for Opened {
    /// As the shell does it where an instance trapped: nothing outside is this one's any more.
    fn drop(&mut self) {
        let stop = "({ attention, operations }) => {
            for (const stop of [...attention, ...operations.values()]) stop?.();
            operations.clear();
        }";
        let context = release(self.id);
        Function::from(js(stop)).call1(&context, &context).unwrap();
    }
}

/// A client's outside, without the client.
pub struct Page {
    pub browser: Browser,
    pub context: Opened,
}

impl Page {
    pub fn open(client_id: &str, members: &str) -> Self {
        Self::with(&config(client_id, members))
    }

    pub fn with(config: &JsValue) -> Self {
        Self::over(Opened::new(config))
    }

    /// As a new instance has it after a trap.
    pub fn in_place_of(earlier: &Self, config: &JsValue) -> Self {
        let earlier = kept(earlier.context.id);
        Self::over(Opened::in_place_of(&earlier, config))
    }

    fn over(context: Opened) -> Self {
        let browser = Browser::new(context.id);
        context.on_resume({
            let browser = browser.clone();
            move || browser.run()
        });
        Self { browser, context }
    }

    /// What a task of the client comes to.
    pub async fn run<T: 'static>(&self, what: &str, task: impl Future<Output = T> + 'static) -> T {
        let place = Rc::new(RefCell::new(None));
        self.browser.spawn({
            let place = place.clone();
            async move {
                let result = task.await;
                place.replace(Some(result));
            }
        });
        self.browser.run();
        until(what, || place.borrow().is_some()).await;
        place.take().unwrap()
    }
}
