//! What the tabs of a browser share: time, the network, locks, the channel, `localStorage`.

use super::{Ended, Tab};
use crate::kept::{Object, Value};
use crate::support::object;
use rekindle::platform::{Slot, attention};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the time of day is at first.
pub const EPOCH: f64 = 1_800_000_000_000.0;

/// Clones are the same browser.
#[derive(Clone)]
pub struct Browser(Rc<Shared>);

struct Shared {
    wall: Cell<f64>,
    mono: Cell<f64>,
    tabs: RefCell<Vec<Tab>>,
    timers: RefCell<Vec<Timer>>,
    requests: RefCell<Vec<Rc<Request>>>,
    /// Who has a family's refresh lock, or waits for it, in order.
    locks: RefCell<BTreeMap<String, Vec<Place>>>,
    presence: RefCell<Vec<(Place, String, f64)>>,
    /// What is in `localStorage`, by slot.
    local: RefCell<BTreeMap<usize, String>>,
    posted: RefCell<Vec<serde_json::Value>>,
    /// Whether something happened that a tab may not have seen yet.
    is_moving: Cell<bool>,
}

/// An operation of a tab.
pub type Place = (usize, u32);

struct Timer {
    at: f64,
    place: Place,
}

/// A request that was sent.
pub struct Request {
    browser: Browser,
    pub place: Place,
    pub url: String,
    /// The form, as the members of an object; `null` for a GET.
    pub form: serde_json::Value,
    /// Whether it goes on though the page is left.
    pub is_last: bool,
    pub is_aborted: Cell<bool>,
    is_answered: Cell<bool>,
}

impl Browser {
    pub fn new() -> Self {
        Self(Rc::new(Shared {
            wall: Cell::new(EPOCH),
            mono: Cell::new(1_000.0),
            tabs: RefCell::default(),
            timers: RefCell::default(),
            requests: RefCell::default(),
            locks: RefCell::default(),
            presence: RefCell::default(),
            local: RefCell::default(),
            posted: RefCell::default(),
            is_moving: Cell::new(false),
        }))
    }

    pub fn tabs(&self) -> Vec<Tab> {
        self.0.tabs.borrow().clone()
    }

    pub(super) fn add(&self, tab: Tab) {
        self.0.tabs.borrow_mut().push(tab);
    }

    /// Lets every tab do what it has to do, until none has anything left.
    pub fn settle(&self) {
        self.0.is_moving.set(true);
        while self.0.is_moving.replace(false) {
            for tab in self.tabs() {
                tab.0.tasks.tell();
                tab.0.tasks.run();
            }
        }
    }

    pub fn wall(&self) -> f64 {
        self.0.wall.get()
    }

    pub fn mono(&self) -> f64 {
        self.0.mono.get()
    }

    /// The server refuses the refresh token, and the other tabs have had their time to say something.
    pub fn refuse(&self) {
        self.request()
            .answer(400, json!({ "error": "invalid_grant" }));
        self.advance(200.0);
    }

    /// Time goes by: timers end, each at its time.
    pub fn advance(&self, ms: f64) {
        let end = self.mono() + ms;
        loop {
            let due = {
                let timers = self.0.timers.borrow();
                let times = timers.iter().map(|timer| timer.at);
                times.fold(f64::INFINITY, f64::min)
            };
            if due > end {
                break;
            }
            self.go_to(due.max(self.mono()));
            let mut ended = Vec::new();
            self.0.timers.borrow_mut().retain(|timer| {
                let is_due = timer.at <= due;
                if is_due {
                    ended.push(timer.place);
                }
                !is_due
            });
            for place in ended {
                self.end(place, Ok(None));
            }
            self.settle();
        }
        self.go_to(end);
        self.settle();
    }

    /// Somebody sets the clock.
    pub fn set_clock(&self, by_ms: f64) {
        self.0.wall.set(self.wall() + by_ms);
    }

    /// The device slept: no timer ran, and the page's own clock stood still.
    pub fn sleep(&self, ms: f64) {
        self.set_clock(ms);
    }

    fn go_to(&self, mono: f64) {
        self.set_clock(mono - self.mono());
        self.0.mono.set(mono);
    }

    pub(super) fn set_timer(&self, place: Place, ms: f64) {
        let at = self.mono() + ms;
        self.0.timers.borrow_mut().push(Timer { at, place });
    }

    /// How long until the next timer of this tab that is no call's limit of time.
    pub fn next_timer(&self, tab: &Tab) -> f64 {
        let timers = self.0.timers.borrow();
        let own = timers.iter().filter(|timer| timer.place.0 == tab.0.number);
        own.map(|timer| timer.at - self.mono())
            .fold(f64::INFINITY, f64::min)
    }

    pub(super) fn send(&self, place: Place, url: String, form: Option<&Object>, is_last: bool) {
        let form = form.map_or(json!(null), |form| {
            serde_json::from_str(&form.stringify()).expect("it is JSON")
        });
        self.0.requests.borrow_mut().push(Rc::new(Request {
            browser: self.clone(),
            place,
            url,
            form,
            is_last,
            is_aborted: Cell::new(false),
            is_answered: Cell::new(false),
        }));
    }

    /// The one request that is open.
    #[track_caller]
    pub fn request(&self) -> Rc<Request> {
        let open = self.open_requests();
        assert_eq!(open.len(), 1, "one request is open");
        open[0].clone()
    }

    /// All that have neither an answer nor been given up.
    pub fn open_requests(&self) -> Vec<Rc<Request>> {
        let requests = self.0.requests.borrow();
        let open = requests
            .iter()
            .filter(|request| !request.is_answered.get() && !request.is_aborted.get());
        open.cloned().collect()
    }

    /// Answers the one request for keys that is open.
    pub fn answer_keys(&self, keys: serde_json::Value) {
        let mut open = self.open_requests();
        open.retain(|request| request.url == "https://as.example/keys");
        assert_eq!(open.len(), 1, "one request for keys is open");
        open[0].answer(200, keys);
    }

    /// How many were sent.
    pub fn sent(&self) -> usize {
        self.0.requests.borrow().len()
    }

    pub(super) fn lock(&self, place: Place, family: &str) -> bool {
        let mut locks = self.0.locks.borrow_mut();
        let line = locks.entry(family.to_owned()).or_default();
        line.push(place);
        line.len() == 1
    }

    /// Who has or awaits a lock.
    pub fn locked(&self) -> Vec<usize> {
        let locks = self.0.locks.borrow();
        locks.values().flatten().map(|place| place.0).collect()
    }

    pub(super) fn show(&self, place: Place, family: String, generation: f64) {
        self.0
            .presence
            .borrow_mut()
            .push((place, family, generation));
    }

    /// The tabs that show a generation, and which.
    pub fn shown(&self) -> Vec<(usize, f64)> {
        let presence = self.0.presence.borrow();
        presence
            .iter()
            .map(|(place, _, generation)| (place.0, *generation))
            .collect()
    }

    /// A tab that shows a generation and says nothing, as one in the back/forward cache may.
    pub fn show_silent(&self, family: &str, generation: f64) {
        let place = (usize::MAX, u32::MAX);
        self.show(place, family.to_owned(), generation);
    }

    pub fn hide_silent(&self) {
        self.0
            .presence
            .borrow_mut()
            .retain(|(place, ..)| place.0 != usize::MAX);
    }

    /// Somebody who says nothing has a refresh lock, and keeps it.
    pub fn lock_silent(&self, family: &str) {
        self.lock((usize::MAX, u32::MAX), family);
    }

    pub fn free_silent(&self) {
        self.give_up((usize::MAX, u32::MAX));
        self.settle();
    }

    pub(super) fn who(&self, family: Option<&str>) -> Object {
        let presence = self.0.presence.borrow();
        let seen = presence
            .iter()
            .filter(|(_, of, _)| family.is_none_or(|family| family == of));
        let (mut generation, mut tabs) = (0.0_f64, 0);
        for (_, _, shown) in seen {
            generation = generation.max(*shown);
            tabs += 1;
        }
        object(json!({ "generation": generation, "tabs": tabs }))
    }

    pub(super) fn give_up(&self, place: Place) {
        self.0
            .timers
            .borrow_mut()
            .retain(|timer| timer.place != place);
        self.0
            .presence
            .borrow_mut()
            .retain(|(other, ..)| *other != place);
        for request in self.0.requests.borrow().iter() {
            if request.place == place && !request.is_answered.get() {
                request.is_aborted.set(true);
            }
        }
        let mut next = None;
        for line in self.0.locks.borrow_mut().values_mut() {
            let had = line.first() == Some(&place);
            line.retain(|other| *other != place);
            if had {
                next = line.first().copied();
            }
        }
        if let Some(place) = next {
            self.end(place, Ok(None));
        }
    }

    pub(super) fn post(&self, from: usize, message: &Object) {
        self.0.is_moving.set(true);
        let posted = serde_json::from_str(&message.stringify()).expect("it is JSON");
        self.0.posted.borrow_mut().push(posted);
        for tab in self.tabs() {
            if tab.0.number != from && tab.0.attends.get() & attention::SIBLINGS != 0 {
                let news = object(json!({ "event": "message" }));
                news.write("message", Value::Object(message.copied()));
                tab.0.news.borrow_mut().push_back(news);
            }
        }
    }

    /// What was posted since this was last asked.
    pub fn posted(&self) -> Vec<serde_json::Value> {
        self.0.posted.take()
    }

    /// What was posted: the kinds of message alone.
    pub fn said(&self) -> Vec<String> {
        let posted = self.posted().into_iter();
        posted
            .map(|message| message["what"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    pub(super) fn text_of(&self, tab: &Tab, slot: Slot) -> Option<String> {
        self.place_of(tab, slot)
            .borrow()
            .get(&(slot as usize))
            .cloned()
    }

    pub(super) fn set_text(&self, tab: &Tab, slot: Slot, text: Option<String>) {
        let mut stored = self.place_of(tab, slot).borrow_mut();
        match text {
            Some(text) => stored.insert(slot as usize, text),
            None => stored.remove(&(slot as usize)),
        };
    }

    /// Where a slot is: with the tab, or with the browser.
    fn place_of<'a>(&'a self, tab: &'a Tab, slot: Slot) -> &'a RefCell<BTreeMap<usize, String>> {
        let is_local = slot == Slot::Record && tab.0.is_local.get();
        if slot == Slot::Tombstones || is_local {
            &self.0.local
        } else {
            &tab.0.stored
        }
    }

    pub(super) fn end(&self, (tab, operation): Place, result: Ended) {
        self.0.is_moving.set(true);
        let tabs = self.tabs();
        let Some(tab) = tabs.get(tab) else { return };
        if let Some(place) = tab.0.operations.borrow_mut().get_mut(&operation) {
            *place = Some(result);
        }
    }

    /// Kills the tab: what it had under way is gone, and its storage stays.
    pub fn kill(&self, tab: &Tab) {
        let operations: Vec<u32> = tab.0.operations.borrow().keys().copied().collect();
        tab.0.attends.set(0);
        for operation in operations {
            self.give_up((tab.0.number, operation));
        }
        self.settle();
    }
}

impl Request {
    /// The server answers.
    pub fn answer(&self, status: u16, body: serde_json::Value) {
        self.answer_with(status, body, &[]);
    }

    /// With these members too: `retryAfter`, `rateLimitReset`, `tooLarge`.
    pub fn answer_with(
        &self,
        status: u16,
        body: serde_json::Value,
        more: &[(&'static str, Value)],
    ) {
        let answer = object(json!({ "status": status, "tooLarge": false, "isJson": true }));
        if !body.is_null() {
            answer.write("body", body.into());
        }
        for &(name, ref value) in more {
            answer.write(name, value.clone());
        }
        self.finish(Ok(Some(answer)));
    }

    /// The connection breaks.
    pub fn fail(&self) {
        self.finish(Err(object(json!({ "cause": "broken" }))));
    }

    fn finish(&self, result: Ended) {
        assert!(!self.is_aborted.get(), "nobody waits for the answer");
        self.is_answered.set(true);
        self.browser.end(self.place, result);
        self.browser.settle();
    }
}
