//! The part of the npm package's shell, and an authorization server.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use rekindle::browser::Object;
use rekindle::js::Instance;
use wasm_bindgen::JsValue;

use crate::support::{self, Opened, config, get, js, keep, kept, set, text, until, value};

// In the order of the shell's list.
pub const REFRESH: i32 = 0;
pub const GET_ACCESS_TOKEN: i32 = 1;
pub const INTROSPECT: i32 = 2;
pub const SET_TOKENS: i32 = 3;
pub const SIGN_IN: i32 = 4;
pub const HANDLE_REDIRECT: i32 = 5;
pub const SIGN_OUT: i32 = 6;
pub const TAKE_OVER: i32 = 7;

// In the order of `Event`.
pub const SIGNED_IN: u32 = 0;
pub const RENEWED: u32 = 1;
pub const SIGNED_OUT: u32 = 4;
pub const SESSION_LOST: u32 = 5;

// What can be read.
pub const SNAPSHOT: i32 = 0;
pub const RECORD: i32 = 1;
pub const ERROR: i32 = 2;
pub const DIAGNOSTICS: i32 = 3;

/// The shell's part: it numbers the calls, and reads what the core has to say.
pub struct Shell {
    pub context: Opened,
    instance: Rc<RefCell<Option<Instance>>>,
    last_call: Cell<i32>,
}

impl Shell {
    pub fn open(config: &JsValue) -> Self {
        let context = Opened::new(config);
        let instance = Instance::new(context.id, keep(config));
        let instance = Rc::new(RefCell::new(Some(instance)));
        context.on_resume({
            let instance = instance.clone();
            move || {
                if let Some(instance) = &*instance.borrow() {
                    instance.run(0);
                }
            }
        });
        Self {
            context,
            instance,
            last_call: Cell::new(0),
        }
    }

    pub fn with<T>(&self, ask: impl FnOnce(&Instance) -> T) -> T {
        ask(self.instance.borrow().as_ref().expect("it is open"))
    }

    /// Begins a call.
    pub fn call(&self, verb: i32, options: &str) -> i32 {
        let id = self.last_call.get() + 1;
        self.last_call.set(id);
        let calls = js_sys::Map::from(get(&kept(self.context.id), "calls"));
        calls.set(&id.into(), &js("{}"));
        self.with(|instance| instance.call(verb, id, keep(&js(options))));
        id
    }

    /// What the shell notes about a call.
    pub fn noted(&self, id: i32) -> JsValue {
        js_sys::Map::from(get(&kept(self.context.id), "calls")).get(&id.into())
    }

    pub fn abort(&self, id: i32) {
        set(&self.noted(id), "isAborted", &true.into());
        self.with(|instance| instance.run(0));
    }

    /// Everything that the core said, in its order.
    pub fn said(&self) -> Vec<JsValue> {
        js_sys::Array::from(&get(&kept(self.context.id), "outbox")).to_vec()
    }

    pub fn answer(&self, id: i32) -> Option<Result<JsValue, JsValue>> {
        let said = self.said();
        let settled = said.iter().find(|item| get(item, "call") == id)?;
        let value = get(settled, "value");
        Some(if get(settled, "isError") == 1 {
            Err(value)
        } else {
            Ok(value)
        })
    }

    /// What a call comes to: the object of an answer or of an error.
    pub async fn settled(&self, id: i32) -> Result<JsValue, JsValue> {
        until("the call's end", || self.answer(id).is_some()).await;
        self.answer(id).unwrap()
    }

    pub async fn ask(&self, verb: i32, options: &str) -> Result<JsValue, JsValue> {
        self.settled(self.call(verb, options)).await
    }

    /// The numbers of the events, in their order, and `None` for each answer.
    pub fn events(&self) -> Vec<Option<u32>> {
        let said = self.said();
        let event = |item: &JsValue| get(item, "event").as_f64().map(|event| event as u32);
        said.iter().map(event).collect()
    }

    pub fn read(&self, what: i32) -> Option<JsValue> {
        let object = Object::owned(self.with(|instance| instance.read(what)));
        object.map(|object| value(&object))
    }

    pub fn snapshot(&self) -> JsValue {
        self.read(SNAPSHOT).expect("there always is one")
    }

    pub fn refresh_token(&self) -> Option<String> {
        self.read(RECORD)
            .map(|record| text(&record, "refresh_token"))
    }

    pub fn end(&self) {
        self.with(|instance| instance.run(2));
    }

    /// Ends it, and gives everything back once nothing is under way.
    pub async fn close(self) {
        self.end();
        until("the end", || self.context.operations() == 0.0).await;
        self.instance.take().expect("it is open").close();
    }
}

/// An authorization server of one page, which rotates. It answers when it is let.
const SERVER: &str = "{
    sent: [],
    answers: [],
    isWaiting: false,
    next: (form) => ({ access_token: `access-${server.sent.length}`, refresh_token: `refresh-${server.sent.length}`, token_type: 'Bearer', expires_in: 3600 }),
    status: 200,
    fetch(address, init) {
        const form = Object.fromEntries(new URLSearchParams(init.body));
        server.sent.push({ address, form, signal: init.signal });
        const answer = () => new Response(JSON.stringify(server.next(form)), { status: server.status });
        return server.isWaiting ? new Promise((resolve) => server.answers.push(() => resolve(answer()))) : Promise.resolve(answer());
    },
    goOn() { for (const answer of server.answers.splice(0)) answer(); },
}";

/// A config whose `fetch` asks a server of its own.
pub fn with_server(client_id: &str, members: &str) -> (JsValue, JsValue) {
    let server = js(&format!(
        "(() => {{ const server = {SERVER}; return server; }})()"
    ));
    let config = config(client_id, &format!("endpoints: 'okta', {members}"));
    set(&config, "fetch", &get(&server, "fetch"));
    (config, server)
}

pub const TOKENS: &str = "{ response: { access_token: 'access-0', refresh_token: 'refresh-0', token_type: 'bearer', expires_in: 3600, scope: 'openid' } }";

pub async fn signed_in(client_id: &str) -> (Shell, JsValue) {
    let (config, server) = with_server(client_id, "");
    let shell = Shell::open(&config);
    shell.ask(SET_TOKENS, TOKENS).await.unwrap();
    (shell, server)
}

pub fn stored(client_id: &str) -> Option<String> {
    support::stored("sessionStorage", "session", client_id)
}
