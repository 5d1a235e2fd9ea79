//! When an access token is to be renewed (pure), and the task that sees to it.

use super::{Session, flight, retry};
use crate::platform::{Event, Kept, Mono, Platform, Wall};
use crate::task::unless;
use crate::words::Word;
use alloc::rc::Rc;

/// How long a token counts as just fetched whose lifetime is 0, so that a server that says so is not asked at every call; and how
/// far background requests are apart.
pub(super) const LEAST_USE_MS: f64 = 5_000.0;
/// A browser's timer takes 2^31 − 1 ms at most, and a clock may be set while it runs.
const LONGEST_SLEEP_MS: f64 = 86_400_000.0;
/// Back online, every page of an office would ask at once.
const SPREAD_MS: f64 = 5_000.0;
/// Between attempts while the browser believes that it is offline, which it does wrongly behind some VPNs.
const OFFLINE_MS: f64 = 300_000.0;

/// What both clocks said at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The time of day.
    pub wall: Wall,
    /// The page's own clock.
    pub mono: Mono,
}

impl Moment {
    /// How much later it is now, in ms: what the clock says that went further. One may have been set, the other may have slept.
    pub fn until(self, now: Self) -> f64 {
        (now.wall.0 - self.wall.0).max(now.mono.0 - self.mono.0)
    }
}

/// How old the record's access token is, in ms, where the record was taken up at `held`: old if either clock says so.
pub fn age<K: Kept>(record: &K, held: Moment, now: Moment) -> f64 {
    held.wall.0 - record.number(Word::ReceivedAt) + held.until(now)
}

fn lifetime<K: Kept>(record: &K) -> f64 {
    record.number(Word::ExpiresAt) - record.number(Word::ReceivedAt)
}

/// Whether a resource server would still take an access token of this age.
pub fn is_valid<K: Kept>(record: &K, age: f64) -> bool {
    age < lifetime(record)
}

/// How much of a lifetime is not used: the app's number, at most a tenth.
pub fn margin<K: Kept>(record: &K, renew_before_ms: f64) -> f64 {
    renew_before_ms.min(lifetime(record) / 10.0)
}

/// Whether the access token may be handed out without asking for another: more is left of it than the caller needs
/// and than the margin. One from the future was fetched before the clock was set back: how old it is cannot be told.
pub fn is_fresh<K: Kept>(record: &K, age: f64, renew_before_ms: f64, needed_ms: f64) -> bool {
    if age < -LEAST_USE_MS {
        return false;
    }
    let lifetime = lifetime(record);
    if lifetime <= 0.0 {
        return age < LEAST_USE_MS;
    }
    let left = lifetime - age;
    left > needed_ms && left > margin(record, renew_before_ms)
}

/// How long until the background asks for another: between 1 and 1.5 margins before expiry, and 5 s after the last answer.
pub fn due_in<K: Kept>(record: &K, age: f64, renew_before_ms: f64, chance: f64) -> f64 {
    if age < -LEAST_USE_MS {
        return 0.0;
    }
    if lifetime(record) <= 0.0 {
        // It never was of use: who needs one asks for it.
        return f64::INFINITY;
    }
    let margin = margin(record, renew_before_ms);
    let at = lifetime(record) - margin * (1.0 + 0.5 * chance);
    at.max(LEAST_USE_MS) - age
}

impl<P: Platform> Session<P> {
    /// What both clocks say.
    pub fn moment(&self) -> Moment {
        Moment {
            wall: self.platform.now(),
            mono: self.platform.elapsed(),
        }
    }

    /// How old the held record's access token is.
    pub fn age_of(&self, record: &P::Kept) -> f64 {
        age(record, self.held_at.get(), self.moment())
    }

    /// Whether a resource server would still take the record's access token.
    pub fn is_valid(&self, record: &P::Kept) -> bool {
        is_valid(record, self.age_of(record))
    }

    /// Whether more is left of the record's access token than the margin, and than the caller needs.
    pub fn is_fresh(&self, record: &P::Kept, needed_ms: f64) -> bool {
        is_fresh(
            record,
            self.age_of(record),
            self.config.renew_before_ms,
            needed_ms,
        )
    }

    /// How long the record's access token may be handed out from now on, in ms, by either clock.
    pub fn fresh_ms(&self, record: &P::Kept) -> f64 {
        lifetime(record) - margin(record, self.config.renew_before_ms) - self.age_of(record)
    }

    /// Whether so little is left that there is nothing to lose.
    pub fn is_near_expiry(&self, record: &P::Kept) -> bool {
        let renew_before = self.config.renew_before_ms;
        let margin = 1.5 * margin(record, renew_before);
        let age = self.age_of(record);
        age < -LEAST_USE_MS || age >= lifetime(record) - margin
    }

    /// Waits longer before the next background request: after a failure, here or in another tab.
    pub fn back_off(&self, ahead_ms: f64) {
        let ms = retry::backoff_ms(ahead_ms, self.platform.chance());
        let until = self.platform.elapsed().0 + ms;
        self.backoff_until.set(Mono(until));
    }

    /// The page is online again.
    pub fn come_back(&self) {
        let now = self.platform.elapsed().0;
        let spread = now + SPREAD_MS * self.platform.chance();
        let last = self.sent_at.get().0 + LEAST_USE_MS;
        self.backoff_until.set(Mono(spread.max(last)));
    }

    /// How long until a background request, by everything that holds it back; `None` where none is to be.
    pub fn next_renewal(&self) -> Option<f64> {
        let record = self.record()?;
        let may = !self.is_hidden.get()
            && !self.has_flight()
            && record.kind(Word::RefreshToken).is_text();
        may.then(|| self.waits(&record))
            .filter(|&ms| ms < f64::INFINITY)
    }

    /// How long the background holds back.
    pub(super) fn waits(&self, record: &P::Kept) -> f64 {
        if record.number(Word::Paused) > 0.0 {
            return f64::INFINITY;
        }
        let now = self.moment();
        let is_resumed = self.is_resumed(record);
        let due = if is_resumed {
            0.0
        } else if !self.config.auto_renew || self.is_idle() {
            f64::INFINITY
        } else {
            due_in(
                record,
                self.age_of(record),
                self.config.renew_before_ms,
                self.jitter.get(),
            )
        };
        let wall_left = record.number(Word::WaitUntil) - now.wall.0;
        let mono_left = self.wait_until.get().0 - now.mono.0;
        let wait = due
            .max(wall_left.min(mono_left))
            .max(self.debt_wait(record))
            .max(0.0);
        // So that a clock that jumps does not make a token old that has just come.
        let wait = wait.max(self.sent_at.get().0 + LEAST_USE_MS - now.mono.0);
        if is_resumed {
            return wait;
        }
        let wait = wait.max(self.backoff_until.get().0 - now.mono.0);
        let wait = if self.is_forgiven(record) {
            wait
        } else {
            // A sibling's request may still be answered, though it sleeps.
            wait.max(self.busy_until.get().0 - now.mono.0)
        };
        if self.platform.is_online() {
            return wait;
        }
        // While the access token serves, there is no harm in waiting.
        let left = lifetime(record) - self.age_of(record);
        wait.max(left)
            .max(self.sent_at.get().0 + OFFLINE_MS - now.mono.0)
    }

    /// How long until background requests are paid off far enough for another.
    pub(super) fn debt_wait(&self, record: &P::Kept) -> f64 {
        let now = self.moment();
        let by_wall = retry::wait_ms(record.number(Word::Debt) - now.wall.0);
        by_wall.max(retry::wait_ms(self.debt.get().0 - now.mono.0))
    }

    /// An attempt that an earlier page load noted, or one from before this page slept, is this one's to finish.
    pub(super) fn resume_attempt(&self) {
        let noted = self
            .record()
            .is_some_and(|record| record.number(Word::SentAt).is_finite());
        self.resume.set(noted);
    }

    /// Whether an attempt that nobody will finish is to be repeated.
    fn is_resumed(&self, record: &P::Kept) -> bool {
        self.resume.get() && self.is_forgiven(record)
    }

    /// Whether the record notes an attempt that the server still forgives to be repeated.
    pub(super) fn is_forgiven(&self, record: &P::Kept) -> bool {
        let elapsed = self.platform.now().0 - record.number(Word::SentAt);
        retry::is_forgiven(self.config.grace_ms, elapsed)
    }

    fn is_idle(&self) -> bool {
        let idle = self.active_at.get().until(self.moment());
        idle >= self.config.idle_ms
    }

    /// Tells once that the access token ran out; how long until it does.
    pub(super) fn watch_expiry(&self) -> f64 {
        let Some(record) = self.record().filter(|record| lifetime(record) > 0.0) else {
            return f64::INFINITY;
        };
        let left = lifetime(&record) - self.age_of(&record);
        if left > 0.0 {
            self.is_expiry_told.set(false);
            return left;
        }
        if self.is_expiry_told.get() {
            return f64::INFINITY;
        }
        // A renewal under way may still prevent it, but not for ever.
        let patience = left + self.config.timeout_ms;
        if self.has_flight() && patience > 0.0 {
            return patience;
        }
        self.is_expiry_told.set(true);
        self.emit(Event::Expired, None);
        f64::INFINITY
    }

    /// Renews the session as long as the client is open. It works from deadlines: timers come late, and clocks are set.
    pub(super) async fn keep_fresh(self: Rc<Self>) {
        // Nothing is sent before `createClient` has resolved.
        let closed = self.until(|session| session.is_closed.get());
        unless(closed, self.platform.sleep(0.0)).await;
        while !self.is_closed.get() {
            let changes = self.changes.get();
            let mut wait = self.next_renewal().unwrap_or(f64::INFINITY);
            if wait <= 0.0 {
                flight::renew(&self);
                wait = f64::INFINITY;
            }
            wait = wait.min(self.watch_expiry());
            let changed = self.until(|session| session.changes.get() != changes);
            if wait.is_finite() && !self.is_hidden.get() {
                unless(changed, self.platform.sleep(wait.min(LONGEST_SLEEP_MS))).await;
            } else {
                changed.await;
            }
        }
    }
}
