//! [`Platform`] natively: a browser whose time, network and tabs do what a test says, step by step. What is not about time or the
//! network happens at once. (What may happen in any order, and how a whole browser behaves, is the simulator's.)

mod browser;
mod platform;
mod signature;

pub use browser::Browser;
use signature::verdict;
pub use signature::{at_hash, id_token, keys, signed};

use crate::kept::Object;
use crate::support::object;
use rekindle::client::{Client, Verb};
use rekindle::platform::{Coordination, Kept, Slot, StorageFailed};
use rekindle::task::Tasks;
use rekindle::words::Word;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// What a call ended with: an object or nothing, or the members of an error. An operation ends so too.
pub type Ended = Result<Option<Object>, Object>;

/// One page with one client. Clones are the same page.
#[derive(Clone)]
pub struct Tab(Rc<Page>);

pub struct Page {
    pub browser: Browser,
    pub number: usize,
    tasks: Tasks,
    client: RefCell<Option<Client<Tab>>>,
    /// Records, sign-ins and metadata, by slot, as JSON.
    pub stored: RefCell<BTreeMap<usize, String>>,
    pub refuses: Cell<Option<StorageFailed>>,
    /// How long a text there is room for.
    pub room: Cell<usize>,
    /// What storage refused, by slot: the page knows it as long as it lives.
    pub unsaved: RefCell<HashMap<i32, String>>,
    pub is_lasting: Cell<bool>,
    /// Whether the record is in `localStorage`.
    pub is_local: Cell<bool>,
    operations: RefCell<BTreeMap<u32, Option<Ended>>>,
    last_operation: Cell<u32>,
    /// Whether the user has just clicked.
    pub is_activated: Cell<bool>,
    news: RefCell<VecDeque<Object>>,
    pub attends: Cell<u8>,
    pub address: RefCell<Option<String>>,
    pub log: Object,
    pub chance: Cell<f64>,
    pub has_random: Cell<bool>,
    randoms: Cell<u32>,
    pub is_online: Cell<bool>,
    pub coordination: Cell<Coordination>,
    /// Whether the lock manager keeps the page waiting for the lock that shows its generation.
    pub is_shown_late: Cell<bool>,
    /// Events with the status after them, and an error's code: `signed-out, signed-out, invalid_grant`.
    pub events: RefCell<Vec<String>>,
    pub left_for: RefCell<Vec<String>>,
    pub was_cleaned: Cell<bool>,
    pub blocks_popups: Cell<bool>,
    /// The popups that were opened, and where each was led.
    popups: RefCell<Vec<(u32, Option<String>)>>,
    /// What was given to another page, and the operations of that.
    handed: RefCell<Vec<(u32, String)>>,
}

/// A call that was made.
pub struct Call {
    ended: Rc<RefCell<Option<Ended>>>,
    aborted: Rc<Cell<bool>>,
    tab: Tab,
}

impl Tab {
    /// A page of its own, without a client.
    pub fn open(browser: &Browser) -> Self {
        let log = object(json!({ "exchanges": [], "warnings": [] }));
        let tab = Self(Rc::new(Page {
            browser: browser.clone(),
            number: browser.tabs().len(),
            tasks: Tasks::default(),
            client: RefCell::new(None),
            stored: RefCell::default(),
            refuses: Cell::new(None),
            room: Cell::new(usize::MAX),
            unsaved: RefCell::default(),
            is_lasting: Cell::new(true),
            is_local: Cell::new(false),
            operations: RefCell::default(),
            last_operation: Cell::new(0),
            is_activated: Cell::new(false),
            news: RefCell::default(),
            attends: Cell::new(0),
            address: RefCell::new(Some("https://app.example/page?q=1".to_owned())),
            log,
            chance: Cell::new(0.0),
            has_random: Cell::new(true),
            randoms: Cell::new(0),
            is_online: Cell::new(true),
            coordination: Cell::new(Coordination::Locks),
            is_shown_late: Cell::new(false),
            events: RefCell::default(),
            left_for: RefCell::default(),
            was_cleaned: Cell::new(false),
            blocks_popups: Cell::new(false),
            popups: RefCell::default(),
            handed: RefCell::default(),
        }));
        browser.add(tab.clone());
        tab
    }

    pub fn page(&self) -> &Page {
        &self.0
    }

    /// Makes the page's client; an error's members where that fails.
    pub fn create(&self, config: serde_json::Value) -> Result<(), Object> {
        self.0.is_local.set(config["storage"] == "local");
        let client = Client::create(self.clone(), &object(config)).map_err(|error| error.about)?;
        *self.0.client.borrow_mut() = Some(client);
        self.0.browser.settle();
        Ok(())
    }

    pub fn client(&self) -> Client<Self> {
        let client = self.0.client.borrow();
        client.clone().expect("the tab has a client")
    }

    /// Begins a call.
    pub fn call(&self, verb: Verb, options: serde_json::Value) -> Call {
        let call = Call {
            ended: Rc::default(),
            aborted: Rc::default(),
            tab: self.clone(),
        };
        let client = self.client();
        let begun = client.begin(verb, &object(options));
        let (ended, aborted) = (call.ended.clone(), call.aborted.clone());
        self.0.tasks.spawn(async move {
            let aborted = poll_fn(move |_| {
                if aborted.get() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            });
            let outcome = client.finish(verb, begun, aborted).await;
            *ended.borrow_mut() = Some(outcome.map_err(|error| error.about));
        });
        self.0.browser.settle();
        call
    }

    pub fn refresh(&self) -> Call {
        self.call(Verb::Refresh, json!({}))
    }

    pub fn get_access_token(&self) -> Call {
        self.call(Verb::GetAccessToken, json!({}))
    }

    /// What is stored there, as JSON; `null` where nothing is.
    pub fn stored(&self, slot: Slot) -> serde_json::Value {
        let stored = self.0.browser.text_of(self, slot);
        stored.map_or(json!(null), |text| {
            serde_json::from_str(&text).expect("JSON is stored")
        })
    }

    pub fn store(&self, slot: Slot, value: &serde_json::Value) {
        self.0.browser.set_text(self, slot, Some(value.to_string()));
    }

    /// Somebody clears it.
    pub fn remove(&self, slot: Slot) {
        self.0.browser.set_text(self, slot, None);
    }

    /// The refresh token held.
    pub fn refresh_token(&self) -> String {
        let record = self.client().record();
        record.map_or_else(String::new, |record| {
            record.member("refresh_token").to_text().to_string()
        })
    }

    pub fn generation(&self) -> f64 {
        let record = self.client().record();
        record.map_or(f64::NAN, |record| record.number(Word::Generation))
    }

    pub fn status(&self) -> String {
        let snapshot = self.client().snapshot();
        snapshot.member("status").to_text().to_string()
    }

    pub fn diagnostics(&self) -> serde_json::Value {
        let shown = self.client().diagnostics().stringify();
        serde_json::from_str(&shown).expect("it is JSON")
    }

    /// The events since this was last asked.
    pub fn events(&self) -> Vec<String> {
        self.0.events.take()
    }

    /// The popups that are open, each with where it was led.
    pub fn popups(&self) -> Vec<Option<String>> {
        let operations = self.0.operations.borrow();
        let popups = self.0.popups.borrow();
        let open = popups.iter().filter(|(id, _)| operations.contains_key(id));
        open.map(|(_, led)| led.clone()).collect()
    }

    /// The user closes the newest popup.
    pub fn close_popup(&self) {
        self.hears_of_popup(Ok(None));
    }

    /// Somebody says this on the channel of the newest popup.
    pub fn hears_from_popup(&self, said: &serde_json::Value) {
        self.hears_of_popup(Ok(Some(object(json!({ "url": said })))));
    }

    fn hears_of_popup(&self, what: Ended) {
        let id = self.0.popups.borrow().last().expect("a popup was opened").0;
        self.0.browser.end((self.0.number, id), what);
        self.0.browser.settle();
    }

    /// The addresses that the page gave to another one, and still would.
    pub fn handed(&self) -> Vec<String> {
        let operations = self.0.operations.borrow();
        let handed = self.0.handed.borrow();
        let open = handed.iter().filter(|(id, _)| operations.contains_key(id));
        open.map(|(_, url)| url.clone()).collect()
    }

    /// Nobody takes it.
    pub fn take_no_handed(&self) {
        let id = self.0.handed.borrow().last().expect("one was given").0;
        self.0.browser.end((self.0.number, id), Ok(None));
        self.0.browser.settle();
    }

    /// Whether nothing of it is under way outside.
    pub fn is_quiet(&self) -> bool {
        self.0.operations.borrow().is_empty()
    }

    /// The page hears of something: `hide`, `freeze`, `leave`, `show`, `wake`, `online`, `active`, `stored`.
    pub fn hears(&self, event: &str) {
        self.hears_of(object(json!({ "event": event })));
    }

    /// The page hears what a sibling posted.
    pub fn receives(&self, message: &serde_json::Value) {
        self.hears_of(object(json!({ "event": "message", "message": message })));
    }

    fn hears_of(&self, news: Object) {
        self.0.news.borrow_mut().push_back(news);
        self.0.browser.settle();
    }
}

impl Call {
    /// What it ended with, if it did.
    pub fn ended(&self) -> Option<Ended> {
        self.ended.borrow().clone()
    }

    pub fn is_open(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// What it brought.
    #[track_caller]
    pub fn brought(&self) -> Object {
        match self.ended() {
            Some(Ok(Some(object))) => object,
            other => panic!("the call ended with {other:?}"),
        }
    }

    /// The access token that it brought.
    #[track_caller]
    pub fn token(&self) -> String {
        self.brought().member("accessToken").to_text().to_string()
    }

    /// The error that it was rejected with.
    #[track_caller]
    pub fn error(&self) -> Object {
        match self.ended() {
            Some(Err(about)) => about,
            other => panic!("the call ended with {other:?}"),
        }
    }

    /// Its code.
    #[track_caller]
    pub fn code(&self) -> String {
        self.error().member("code").to_text().to_string()
    }

    /// The caller gives up.
    pub fn abort(&self) {
        self.aborted.set(true);
        self.tab.0.tasks.tell();
        self.tab.0.browser.settle();
    }
}

/// A config with every endpoint, no grace and no renewal by itself; `more` replaces its members, `null` removes them.
pub fn config(more: serde_json::Value) -> serde_json::Value {
    let mut config = json!({
        "issuer": "https://as.example",
        "clientId": "app",
        "redirectUri": "https://app.example/callback",
        "rotationGraceSeconds": 0,
        "autoRenew": false,
        "scope": "offline_access",
        "endpoints": {
            "token": "https://as.example/token",
            "authorization": "https://as.example/authorize",
            "introspection": "https://as.example/introspect",
            "revocation": "https://as.example/revoke",
            "endSession": "https://as.example/logout",
            "jwks": "https://as.example/keys",
            "userinfo": "https://as.example/userinfo",
            "pushedAuthorizationRequest": "https://as.example/par",
        },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        let members = config.as_object_mut().expect("it is an object");
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    config
}

/// A token response that lasts an hour.
pub fn response(number: u32) -> serde_json::Value {
    json!({
        "access_token": format!("at-{number}"),
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": format!("rt-{number}"),
        "scope": "openid offline_access",
    })
}

/// What `setTokens` is given: a token response with an ID token, whose user is always the same.
pub fn given_of_user(number: u32) -> serde_json::Value {
    let mut answer = response(number);
    answer["id_token"] = json!(id_token(json!({})));
    json!({ "response": answer })
}

/// A tab with a session: the first tokens.
pub fn signed_in(browser: &Browser, more: serde_json::Value) -> Tab {
    let tab = Tab::open(browser);
    tab.create(config(more)).expect("the config is right");
    let adopted = tab.call(Verb::SetTokens, json!({ "response": response(1) }));
    assert_eq!(adopted.token(), "at-1");
    tab.events();
    tab
}

/// A duplicate of a tab: its storage is a copy.
pub fn duplicate(tab: &Tab, more: serde_json::Value) -> Tab {
    let copy = Tab::open(&tab.page().browser);
    *copy.page().stored.borrow_mut() = tab.page().stored.borrow().clone();
    copy.create(config(more)).expect("the config is right");
    copy.events();
    copy
}

/// The name of the session that a tab has stored.
pub fn family(tab: &Tab) -> String {
    let stored = tab.stored(Slot::Record);
    stored["family"]
        .as_str()
        .expect("there is a record")
        .to_owned()
}

/// Two tabs with the same first tokens.
pub fn twins(browser: &Browser, more: serde_json::Value) -> (Tab, Tab) {
    let one = signed_in(browser, more.clone());
    let other = duplicate(&one, more);
    browser.advance(0.0);
    browser.posted();
    (one, other)
}

/// A message about the tokens that a tab holds.
pub fn message(tab: &Tab, what: &str, more: serde_json::Value) -> serde_json::Value {
    let stored = tab.stored(Slot::Record);
    let mut message =
        json!({ "what": what, "family": stored["family"], "generation": stored["generation"] });
    for (name, value) in more.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    message
}

/// The record of a later generation.
pub fn later(tab: &Tab, number: u32) -> serde_json::Value {
    let mut record = tab.stored(Slot::Record);
    record["access_token"] = json!(format!("at-{number}"));
    record["refresh_token"] = json!(format!("rt-{number}"));
    record["generation"] = json!(number);
    record
}

/// A time as it stands in a record.
pub fn time(ms: f64) -> serde_json::Value {
    json!(ms as u64)
}
