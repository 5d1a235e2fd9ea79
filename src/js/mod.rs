//! What the npm package's shell calls: exports, with no decision in them. An instance of the wasm serves one client.

use crate::browser::{Browser, Object, host};
use crate::client::Client;
use crate::error::Error;
use crate::platform::{Kept, Platform};
use crate::task::unless;
use crate::words::{Code, Word};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use wasm_bindgen::prelude::wasm_bindgen;

/// The verbs, in the order of `VERBS` in the shell.
#[derive(Clone, Copy)]
enum Verb {
    Refresh,
    GetAccessToken,
    Introspect,
    SetTokens,
    SignIn,
    HandleRedirect,
    SignOut,
}

const VERBS: [Verb; 7] = [
    Verb::Refresh,
    Verb::GetAccessToken,
    Verb::Introspect,
    Verb::SetTokens,
    Verb::SignIn,
    Verb::HandleRedirect,
    Verb::SignOut,
];

/// What a call's promise is given.
enum Answer {
    Nothing,
    Null,
    Object(Object),
    Member(Object, Word),
}

/// A call that is not settled yet.
struct Call {
    id: i32,
    is_aborted: Cell<bool>,
}

/// A client, for the shell.
#[wasm_bindgen]
pub struct Instance {
    browser: Browser,
    client: RefCell<Option<Client<Browser>>>,
    calls: Rc<RefCell<Vec<Rc<Call>>>>,
}

#[wasm_bindgen]
impl Instance {
    /// Over the context with this handle.
    #[wasm_bindgen(constructor)]
    pub fn new(context: i32) -> Self {
        Self {
            browser: Browser::new(context),
            client: RefCell::new(None),
            calls: Rc::default(),
        }
    }

    /// Checks the config, an object whose handle is taken over, and takes up the stored session. 0, or an error's handle.
    pub fn create(&self, config: i32) -> i32 {
        let config = Object::owned(config).unwrap_or_else(Object::object);
        match Client::create(self.browser.clone(), &config) {
            Ok(client) => {
                *self.client.borrow_mut() = Some(client);
                0
            }
            Err(error) => error.about.into_id(),
        }
    }

    /// Begins a call. `options` is an object whose handle is taken over; the call is settled through the context.
    pub fn call(&self, verb: i32, id: i32, options: i32) {
        let verb = usize::try_from(verb).ok().and_then(|at| VERBS.get(at));
        let client = self.client.borrow().clone();
        let (Some(&verb), Some(client)) = (verb, client) else {
            return;
        };
        let options = Object::owned(options).unwrap_or_else(Object::object);
        let call = Rc::new(Call {
            id,
            is_aborted: Cell::new(false),
        });
        self.calls.borrow_mut().push(call.clone());
        let calls = self.calls.clone();
        let context = self.browser.context();
        self.browser.spawn(async move {
            let aborted = poll_fn(|_| {
                if call.is_aborted.get() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            });
            let outcome = unless(answer(&client, verb, context, id, options), aborted).await;
            let outcome = outcome.unwrap_or_else(|| Err(Error::new(Code::Aborted)));
            calls.borrow_mut().retain(|open| open.id != id);
            settle(&client, context, id, outcome);
        });
        self.browser.run();
    }

    /// Ends a call with `aborted`. What it shares with others goes on.
    pub fn abort(&self, id: i32) {
        for call in self.calls.borrow().iter() {
            if call.id == id {
                call.is_aborted.set(true);
            }
        }
        self.browser.run();
    }

    /// An operation of the context ended.
    pub fn resume(&self, operation: i32, result: i32) {
        self.browser.resume(operation, result);
    }

    /// A handle of the snapshot.
    pub fn snapshot(&self) -> i32 {
        let client = self.client.borrow().clone();
        client.map_or(0, |client| client.snapshot().into_id())
    }

    /// A handle of the record, whose `refresh_token` the shell reads; 0 where there is no session.
    pub fn record(&self) -> i32 {
        let client = self.client.borrow().clone();
        let record = client.and_then(|client| client.record());
        record.map_or(0, Object::into_id)
    }
}

async fn answer(
    client: &Client<Browser>,
    verb: Verb,
    context: i32,
    id: i32,
    options: Object,
) -> Result<Answer, Error<Object>> {
    Ok(match verb {
        Verb::Refresh => Answer::Object(client.refresh(options).await?),
        Verb::GetAccessToken => {
            Answer::Member(client.access_token(options).await?, Word::OutAccessToken)
        }
        Verb::Introspect => Answer::Object(client.introspect(options).await?),
        Verb::SetTokens => {
            let response = options.get(Word::Response);
            let rest = options.get(Word::Options).unwrap_or_else(Object::object);
            Answer::Object(client.set_tokens(response, &rest)?)
        }
        Verb::SignIn => {
            client.sign_in(options).await?;
            // The page is being left: the call is answered by no one.
            core::future::pending().await
        }
        Verb::HandleRedirect => match client.recognise(&options)? {
            Some(callback) => {
                host::claim(context, id);
                Answer::Object(client.finish_sign_in(callback).await?)
            }
            None => Answer::Null,
        },
        Verb::SignOut => {
            client.sign_out(&options)?;
            Answer::Nothing
        }
    })
}

fn settle(client: &Client<Browser>, context: i32, id: i32, outcome: Result<Answer, Error<Object>>) {
    let (how, object, key) = match outcome {
        Ok(Answer::Nothing) => (0, 0, 0),
        Ok(Answer::Null) => (1, 0, 0),
        Ok(Answer::Object(object)) => (2, object.into_id(), 0),
        Ok(Answer::Member(object, key)) => (3, object.into_id(), key as i32),
        Err(error) => {
            client.conclude(&error);
            (4, error.about.into_id(), 0)
        }
    };
    host::settle(context, id, how, object, key);
}
