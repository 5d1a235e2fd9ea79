//! The trait, for one tab.

use super::{Ended, Tab, verdict};
use crate::kept::{Object, parts, word_text};
use rekindle::platform::{Coordination, Event, Kept, Mono, Platform, Slot, StorageFailed, Wall};
use rekindle::words::Word;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Something that goes on outside; given up when dropped.
pub struct Operation {
    tab: Tab,
    id: u32,
    is_news: bool,
}

impl Future for Operation {
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let page = &self.tab.0;
        let mut operations = page.operations.borrow_mut();
        let place = operations.get_mut(&self.id).expect("it is under way");
        if self.is_news && place.is_none() {
            *place = page
                .news
                .borrow_mut()
                .pop_front()
                .map(|news| Ok(Some(news)));
        }
        match place.take() {
            Some(result) => {
                page.tasks.tell();
                Poll::Ready(result)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.tab.0.operations.borrow_mut().remove(&self.id);
        self.tab.0.browser.give_up((self.tab.0.number, self.id));
    }
}

impl Tab {
    fn begin(&self, result: Option<Ended>) -> Operation {
        let id = self.0.last_operation.get() + 1;
        self.0.last_operation.set(id);
        self.0.operations.borrow_mut().insert(id, result);
        Operation {
            tab: self.clone(),
            id,
            is_news: false,
        }
    }

    fn place(&self, operation: &Operation) -> (usize, u32) {
        (self.0.number, operation.id)
    }

    fn send(&self, address: &Object, url: Word, form: Option<&Object>, is_last: bool) -> Operation {
        let operation = self.begin(None);
        let url = address.member(word_text(url)).to_text().to_string();
        let place = self.place(&operation);
        self.0.browser.send(place, url, form, is_last);
        operation
    }

    fn own(&self) -> bool {
        self.0.coordination.get() == Coordination::Locks
    }
}

fn family_of(record: &Object) -> String {
    record.member("family").to_text().to_string()
}

impl Platform for Tab {
    type Kept = Object;
    type Operation = Operation;

    fn fetch(&self, address: &Object, url: Word, form: Option<&Object>) -> Operation {
        self.send(address, url, form, false)
    }
    fn fetch_last(&self, address: &Object, url: Word, form: &Object) -> Operation {
        self.send(address, url, Some(form), true)
    }
    fn fetch_with(&self, address: &Object, url: Word, record: &Object) -> Operation {
        let bearer = Object::of([("bearer".to_owned(), record.member("access_token"))]);
        self.send(address, url, Some(&bearer), false)
    }
    fn sleep(&self, ms: f64) -> Operation {
        let operation = self.begin(None);
        self.0.browser.set_timer(self.place(&operation), ms);
        operation
    }

    fn verify(&self, answer: &Object, key: &Object, alg: Word) -> Operation {
        self.begin(Some(Ok(Some(verdict(answer, key, alg)))))
    }

    fn lock(&self, record: &Object) -> Operation {
        let operation = self.begin(None);
        let place = self.place(&operation);
        let family = family_of(record);
        let name = if self.own() {
            family
        } else {
            format!("{family} of page {}", self.0.number)
        };
        if self.0.browser.lock(place, &name) {
            self.0.browser.end(place, Ok(None));
        }
        operation
    }
    fn presence(&self, record: &Object) -> Operation {
        if self.0.is_shown_late.get() {
            return self.begin(None);
        }
        let operation = self.begin(Some(Ok(None)));
        if self.own() {
            let generation = record.number(Word::Generation);
            let place = self.place(&operation);
            self.0.browser.show(place, family_of(record), generation);
        }
        operation
    }
    fn who(&self, record: Option<&Object>) -> Operation {
        let family = record.map(family_of);
        let who = self.own().then(|| self.0.browser.who(family.as_deref()));
        self.begin(Some(Ok(who)))
    }
    fn coordination(&self) -> Coordination {
        self.0.coordination.get()
    }
    fn post(&self, message: &Object) {
        if self.0.coordination.get() != Coordination::None {
            self.0.browser.post(self.0.number, message);
        }
    }
    fn attend(&self, to: u8) {
        self.0.attends.set(to);
    }
    fn news(&self) -> Operation {
        let mut operation = self.begin(None);
        operation.is_news = true;
        operation
    }

    fn load(&self, slot: Slot) -> Result<Option<Object>, StorageFailed> {
        let unsaved = self.0.unsaved.borrow().get(&(slot as i32)).cloned();
        if unsaved.is_none() && self.0.refuses.get() == Some(StorageFailed::Unavailable) {
            return Err(StorageFailed::Unavailable);
        }
        let text = unsaved.or_else(|| self.0.browser.text_of(self, slot));
        Ok(text.map(|text| Object::parse(&text).unwrap_or_else(Object::object)))
    }
    fn save(&self, slot: Slot, object: &Object) -> Result<(), StorageFailed> {
        let text = object.stringify();
        let is_full = text.len() > self.0.room.get();
        let failed = self.0.refuses.get();
        if let Some(failed) = failed.or(is_full.then_some(StorageFailed::Full)) {
            self.0.unsaved.borrow_mut().insert(slot as i32, text);
            return Err(failed);
        }
        self.forget(slot);
        self.0.browser.set_text(self, slot, Some(text));
        Ok(())
    }
    fn remove(&self, slot: Slot) {
        self.forget(slot);
        if self.0.refuses.get() != Some(StorageFailed::Unavailable) {
            self.0.browser.set_text(self, slot, None);
        }
    }
    fn forget(&self, slot: Slot) {
        self.0.unsaved.borrow_mut().remove(&(slot as i32));
    }
    fn is_lasting(&self) -> bool {
        self.0.is_lasting.get()
    }
    fn log(&self) -> Object {
        self.0.log.clone()
    }

    fn now(&self) -> Wall {
        Wall(self.0.browser.wall())
    }
    fn elapsed(&self) -> Mono {
        Mono(self.0.browser.mono())
    }
    fn chance(&self) -> f64 {
        self.0.chance.get()
    }
    fn has_random(&self) -> bool {
        self.0.has_random.get()
    }
    fn random(&self, to: &Object, key: Word) {
        let number = self.0.randoms.get() + 1;
        self.0.randoms.set(number);
        let text = format!("random-{}-{number:035}", self.0.number);
        to.write(word_text(key), text.as_str().into());
    }

    fn is_online(&self) -> bool {
        self.0.is_online.get()
    }
    fn is_activated(&self) -> bool {
        self.0.is_activated.get()
    }
    fn address(&self) -> Option<Object> {
        parts(self.0.address.borrow().as_deref()?, None)
    }
    fn relative(&self, to: &Object, key: Word) -> Option<Object> {
        let text = to.member(word_text(key)).to_text().to_string();
        parts(&text, self.0.address.borrow().as_deref())
    }
    fn clean_address(&self) {
        self.0.was_cleaned.set(true);
    }
    fn leave_for(&self, address: &Object, url: Word) {
        let url = address.member(word_text(url)).to_text().to_string();
        self.0.left_for.borrow_mut().push(url);
    }

    fn open_popup(&self) -> Option<Operation> {
        if self.0.blocks_popups.get() {
            return None;
        }
        self.close_popups();
        let popup = self.begin(None);
        self.0.popups.borrow_mut().push((popup.id, None));
        Some(popup)
    }
    fn close_popups(&self) {
        for (id, _) in self.0.popups.take() {
            let gone = Err(Object::object());
            self.0.browser.end((self.0.number, id), gone);
        }
    }
    fn lead_popup(&self, popup: &Operation, address: &Object) {
        let [url, state] = ["url", "state"].map(|name| address.member(name).to_text().to_string());
        assert!(state.ends_with(".popup"));
        for (id, led) in self.0.popups.borrow_mut().iter_mut() {
            if *id == popup.id {
                *led = Some(url.clone());
            }
        }
    }
    fn hand_over(&self, url: &Object) -> Operation {
        let operation = self.begin(None);
        let href = url.member("href").to_text().to_string();
        self.0.handed.borrow_mut().push((operation.id, href));
        operation
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.tasks.spawn(task);
    }
    fn emit(&self, event: Event, snapshot: &Object, error: Option<&Object>) {
        let status = snapshot.member("status").to_text();
        let code = error.map_or_else(String::new, |error| {
            format!(", {}", error.member("code").to_text())
        });
        let line = format!("{event:?}: {status}{code}");
        self.0.events.borrow_mut().push(line);
    }
}
