//! What became of each refresh token that was sent, and who may know of it.

use super::NEWS_MS;
use crate::plan::Storage;
use crate::server::Token;
use crate::world::{Ms, World};

/// What became of a refresh token's sends.
#[derive(Default)]
pub struct Attempt {
    first_sent: Ms,
    /// The same by the device's clock.
    first_wall: f64,
    /// Which tab sent it then, and whether storage had room for a note of that.
    first_by: usize,
    is_stored: bool,
    /// Sends without a definite answer, yet or for good: the server may have spent it.
    doubtful: usize,
    /// The last one was announced, to the siblings or in storage: a tab may die before it is made.
    is_announced: bool,
    /// When the last request with it was answered or given up.
    pub last_over: Ms,
    /// Which client was answered last, and when.
    pub heard: Option<(usize, Ms)>,
    /// The server wants no request before this, as it said at that time.
    pub limit: Option<Limit>,
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
        let is_stored = self.storage_fault == 0;
        let known = self.judge.attempts.get(&token);
        let is_known =
            known.is_some_and(|attempt| attempt.is_doubtful() && self.may_know(tab, attempt));
        let attempt = self.judge.attempts.entry(token).or_default();
        if !is_known {
            attempt.first_sent = now;
            attempt.first_wall = wall;
            attempt.first_by = tab;
            attempt.is_stored = is_stored;
        }
        attempt
    }

    /// Whether a tab may know when it was first sent: another's word gets lost, and what found no room in storage is known to the pages of
    /// that time alone.
    fn may_know(&self, tab: usize, attempt: &Attempt) -> bool {
        let was_there = self.tabs[tab].loaded_at <= attempt.first_sent;
        let slept = self.tabs[tab].was_away(attempt.first_sent);
        let is_heard = self.plan.is_coordinated() && !slept;
        let hears = is_heard || self.plan.storage == Storage::Local;
        (attempt.is_stored || was_there) && (tab == attempt.first_by || hears)
    }

    /// Whether the one that was answered last died, or went to sleep, before it could say so.
    fn is_untold(&self, attempt: &Attempt) -> bool {
        attempt.heard.is_some_and(|(context, at)| {
            let context = &self.contexts[context];
            let slept_at = self.tabs[context.tab].hidden_at;
            let is_soon = |then| (at..at + NEWS_MS).contains(&then);
            (context.is_gone && is_soon(context.gone_at)) || is_soon(slept_at)
        })
    }

    /// Whether a second use would still be taken for the first one's, as far as the config knows, by a clock that the tab has.
    pub fn is_forgiven(&self, token: Token) -> bool {
        let grace = self.plan.grace_s * 1000.0;
        self.judge.attempts.get(&token).is_some_and(|entry| {
            let by_wall = self.wall() - entry.first_wall;
            (entry.is_doubtful() || self.is_untold(entry) || !self.plan.is_coordinated())
                && (((self.now - entry.first_sent) as f64) < grace
                    || (0.0..grace).contains(&by_wall))
        })
    }

    /// Whether another token of the family was sent inside the grace by a tab that died, or went to sleep, before it could say how that
    /// ended. A server that forgives may have given two tabs one token each of one generation, and what the one has noted of its own is
    /// taken for a note about the other.
    pub fn is_of_two(&self, token: Token) -> bool {
        let grace = self.plan.grace_s * 1000.0;
        self.judge.attempts.iter().any(|(&other, entry)| {
            other != token
                && other.family == token.family
                && ((self.now - entry.first_sent) as f64) < grace
                && self.is_untold(entry)
        })
    }
}
