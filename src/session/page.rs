//! What the page tells: it may sleep and come back, it is looked at, it is online again; and what the siblings say.

use super::Session;
use super::siblings::{ASK_MS, Attempt};
use crate::platform::{Kept, Platform, attention};
use crate::task::unless;
use crate::words::Word;
use alloc::rc::Rc;

impl<P: Platform> Session<P> {
    /// Whether the page is neither asleep nor done with.
    pub(super) fn is_awake(&self) -> bool {
        !self.is_hidden.get() && !self.is_closed.get()
    }

    /// Listens to what matters now.
    pub(super) fn attend(&self) {
        let mut to = attention::PAGE;
        if self.config.idle_ms.is_finite() {
            to |= attention::INPUT;
        }
        if !self.is_cached.get() {
            to |= attention::SIBLINGS;
        }
        self.platform.attend(to);
    }

    /// Hears of everything, one thing after the other, and waits for nothing.
    pub(super) async fn listen(self: Rc<Self>) {
        loop {
            let closed = self.until(Self::is_done);
            let Some(Ok(Some(news))) = unless(self.platform.news(), closed).await else {
                return;
            };
            self.hear(&news);
        }
    }

    fn hear(self: &Rc<Self>, news: &P::Kept) {
        let is = |event| news.is(Word::Event, event);
        if is(Word::Message) {
            if let Some(message) = news.get(Word::Message) {
                self.heard(&message);
            }
            return;
        }
        if is(Word::Hide) || is(Word::Freeze) || is(Word::Leave) {
            self.is_cached.set(!is(Word::Freeze));
            self.hide(!is(Word::Leave));
        } else if is(Word::Show) {
            self.show();
        } else if is(Word::Online) {
            self.come_back();
        } else if is(Word::Active) {
            self.active_at.set(self.moment());
        } else if is(Word::Stored) {
            self.look_around();
        }
        self.change();
    }

    /// The page may sleep from here on: it lets go of all that would keep it out of the back/forward cache, or keep others waiting. What
    /// it has sent was announced when it was sent; where the page may come back, its request stays open.
    fn hide(&self, may_come_back: bool) {
        if self.is_verifying.get()
            && let Some(record) = self.record()
        {
            // The refresh token that has come is nobody else's yet, and nobody can ask for it from here on.
            self.hand_over(&record, 0.0);
        } else if self.is_sending.get() {
            if may_come_back {
                self.said_asleep.set(true);
                self.tell_notes(Attempt::Asleep);
            } else {
                self.tell_awake();
            }
        }
        self.is_hidden.set(true);
        self.hide_generation();
        if let Some(lock) = self.lock.get() {
            lock.free();
        }
        self.attend();
    }

    /// Who was told that this page sleeps with its request open need not wait for that any more.
    fn tell_awake(&self) {
        if self.said_asleep.replace(false) {
            self.tell_notes(Attempt::Over);
        }
    }

    /// It is back: the others may have gone on without it.
    fn show(self: &Rc<Self>) {
        self.is_hidden.set(false);
        self.is_cached.set(false);
        self.attend();
        self.look_around();
        if !self.is_sending.get() {
            self.tell_awake();
        }
        // Whose request is still open takes its lock up again first.
        let session = self.clone();
        self.platform.spawn(async move {
            let _ = session.platform.sleep(ASK_MS).await;
            session.resume_attempt();
            session.change();
        });
        self.ask_siblings();
    }

    /// Ends when the page was left, and is back as it was.
    pub async fn return_to_page(&self) {
        self.until(|session| session.is_hidden.get()).await;
        self.until(|session| !session.is_hidden.get()).await;
    }

    /// Ends what goes on by itself. An exchange under way is finished, for the next client.
    pub fn close(&self) {
        self.is_closed.set(true);
        self.hide_generation();
        self.platform.close_popups();
        self.rest();
        self.change();
    }

    /// Stops listening, once a closed client has nothing under way.
    pub(super) fn rest(&self) {
        if self.page && self.is_done() {
            self.platform.attend(0);
        }
    }

    /// Whether the client is closed, and no exchange is under way.
    pub(super) fn is_done(&self) -> bool {
        self.is_closed.get() && self.exchanges.get() == 0
    }
}
