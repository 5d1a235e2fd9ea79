//! What became of each refresh token that was sent, and who may know of it.

use crate::plan::Storage;
use crate::server::Token;
use crate::world::{Ms, World};

/// What became of a refresh token's sends.
#[derive(Default)]
pub struct Attempt {
    first_sent: Ms,
    /// The same by the device's clock.
    first_wall: f64,
    /// Who sent it then.
    first_by: Witness,
    /// Sends without a definite answer, yet or for good: the server may have spent it.
    doubtful: usize,
    /// The last one was announced, to the siblings or in storage: a tab may die before it is made.
    is_announced: bool,
    /// When the last request with it was answered or given up.
    pub last_over: Ms,
    /// The server wants no request before this, as it said at that time.
    pub limit: Option<Limit>,
}

/// A page load, and whether what it knows is in storage.
#[derive(Clone, Copy, Default)]
struct Witness {
    tab: usize,
    page: u32,
    is_stored: bool,
}

/// The server wants to be left alone.
#[derive(Clone, Copy)]
pub struct Limit {
    pub told_at: Ms,
    pub until: Ms,
    /// Who heard of it.
    pub context: usize,
}

impl Attempt {
    /// It came to a good end.
    pub fn settle(&mut self) {
        self.doubtful = 0;
        self.is_announced = false;
    }

    /// One send of it did not spend it.
    pub fn refused(&mut self) {
        self.doubtful = self.doubtful.saturating_sub(1);
        self.is_announced = self.doubtful > 0;
    }

    pub fn is_doubtful(&self) -> bool {
        self.doubtful > 0 || self.is_announced
    }
}

impl World {
    /// A tab is about to send the refresh token, as it notes or tells; or that is noted no more.
    pub fn announce(&mut self, tab: usize, token: Token, is_noted: bool) {
        let attempt = if is_noted {
            self.begin_attempt(tab, token)
        } else {
            self.judge.attempts.entry(token).or_default()
        };
        attempt.is_announced = is_noted;
    }

    pub fn note_send(&mut self, tab: usize, token: Token) {
        self.begin_attempt(tab, token).doubtful += 1;
    }

    /// The first one counts, but for a tab that cannot know of it.
    fn begin_attempt(&mut self, tab: usize, token: Token) -> &mut Attempt {
        let (now, wall) = (self.now, self.wall());
        let by = Witness {
            tab,
            page: self.tabs[tab].page,
            is_stored: self.storage_fault == 0,
        };
        let known = self.judge.attempts.get(&token);
        let is_known = known
            .is_some_and(|attempt| attempt.is_doubtful() && self.may_know(tab, attempt.first_by));
        let attempt = self.judge.attempts.entry(token).or_default();
        if !is_known {
            attempt.first_sent = now;
            attempt.first_wall = wall;
            attempt.first_by = by;
        }
        attempt
    }

    /// Whether a tab may know what was sent from there: another's word gets lost, and what found no room in storage is gone with the page.
    fn may_know(&self, tab: usize, from: Witness) -> bool {
        if tab == from.tab {
            from.is_stored || self.tabs[tab].page == from.page
        } else {
            self.plan.is_coordinated() || self.plan.storage == Storage::Local
        }
    }

    /// Whether a second use would still be taken for the first one's, as far as the config knows, by a clock that the tab has.
    pub fn is_forgiven(&self, token: Token) -> bool {
        let grace = self.plan.grace_s * 1000.0;
        self.judge.attempts.get(&token).is_some_and(|entry| {
            let by_wall = self.wall() - entry.first_wall;
            (entry.is_doubtful() || !self.plan.is_coordinated())
                && (((self.now - entry.first_sent) as f64) < grace
                    || (0.0..grace).contains(&by_wall))
        })
    }
}
