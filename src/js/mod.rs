//! What the npm package's shell calls: exports, with no decision in them.

use crate::browser::{Browser, Object, host};
use crate::client::{Begun, Client, Verb, Work};
use crate::platform::{Kept, Platform};
use core::future::poll_fn;
use core::task::Poll;
use wasm_bindgen::prelude::wasm_bindgen;

/// In the order of the shell's list.
const VERBS: [Verb; 11] = [
    Verb::Refresh,
    Verb::GetAccessToken,
    Verb::Introspect,
    Verb::SetTokens,
    Verb::SignIn,
    Verb::HandleRedirect,
    Verb::SignOut,
    Verb::TakeOver,
    Verb::Revoke,
    Verb::UserInfo,
    Verb::SignInWithPopup,
];

/// A client, for the shell; or why there is none.
#[wasm_bindgen]
pub struct Instance {
    browser: Browser,
    client: Result<Client<Browser>, Object>,
}

#[wasm_bindgen]
impl Instance {
    /// Over the context with this handle. Checks the config, an object whose handle is taken over, and takes up the stored session.
    #[wasm_bindgen(constructor)]
    pub fn new(context: i32, config: i32) -> Self {
        let browser = Browser::new(context);
        let config = Object::owned(config).unwrap_or_else(Object::object);
        let client = Client::create(browser.clone(), &config).map_err(|error| error.about);
        // What goes on by itself begins to listen; it asks nothing of the network yet.
        browser.run();
        Self { browser, client }
    }

    /// Gives everything back. The pointer is of no use after this.
    pub fn close(self) {}

    /// Begins a call. `options` is an object whose handle is taken over; the call is settled through the context.
    pub fn call(&self, verb: i32, id: i32, options: i32) {
        let verb = usize::try_from(verb).ok().and_then(|at| VERBS.get(at));
        let (Some(&verb), Ok(client), Some(options)) = (verb, &self.client, Object::owned(options))
        else {
            return;
        };
        let client = client.clone();
        let context = self.browser.context();
        let begun = client.begin(verb, &options);
        if let Ok(Begun::Work(Work {
            is_callback: true, ..
        })) = begun
        {
            host::claim(context, id);
        }
        self.browser.spawn(async move {
            let aborted = poll_fn(|_| match host::is_aborted(context, id) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            });
            let outcome = client.finish(verb, begun, aborted).await;
            let (is_error, object) = match outcome {
                Ok(object) => (0, object.map_or(0, Object::into_id)),
                Err(error) => (1, error.about.into_id()),
            };
            host::settle(context, id, is_error, object);
        });
        self.browser.run();
    }

    /// Something happened outside: 0, an operation of the context ended, or a call was aborted; 1, another client of this page, with the
    /// same issuer, client id and name, has news; 2, the client is closed: what goes on by itself ends, what is under way does not.
    pub fn run(&self, what: i32) {
        match (&self.client, what) {
            (Ok(client), 1) => client.look_again(),
            (Ok(client), 2) => client.close(),
            (Ok(_) | Err(_), _) => {}
        }
        self.browser.run();
    }

    /// A handle: 0, the snapshot; 1, the record, whose `refresh_token` the shell reads; 2, the error that there is in the place of a
    /// client; 3, diagnostics. 0 where there is none. And 4, which is no handle: for how many ms the access token held may be handed out, unless
    /// the instance is entered again.
    pub fn read(&self, what: i32) -> i32 {
        let object = match (&self.client, what) {
            (Ok(client), 0) => Some(client.snapshot()),
            (Ok(client), 1) => client.record(),
            (Ok(client), 3) => Some(client.diagnostics()),
            (Err(about), 2) => Some(about.clone()),
            (Ok(client), 4) => return client.fresh_ms() as i32,
            (Ok(_) | Err(_), _) => None,
        };
        object.map_or(0, Object::into_id)
    }
}
