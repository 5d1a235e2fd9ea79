//! Each request to the token endpoint: was it legal now?

use crate::network::Endpoint;
use crate::server::Token;
use crate::world::{Ms, What, World};
use rekindle::client::Verb;

/// One hold of the refresh lock, or the wait for it.
#[derive(Default)]
pub struct Exchange {
    /// The app's word stands behind it.
    pub is_explicit: bool,
    pub sends: usize,
    pub granted: Option<Ms>,
}

/// What became of a refresh token's sends.
#[derive(Default)]
pub struct Attempt {
    pub first_sent: Ms,
    pub last_sent: Ms,
    pub sends: usize,
    /// No definite answer came.
    pub is_open: bool,
}

impl World {
    pub fn note_exchange(&mut self, context: usize, operation: u32) {
        let is_explicit = self.is_asked_for(context);
        self.judge.exchanges.insert(
            (context, operation),
            Exchange {
                is_explicit,
                ..Exchange::default()
            },
        );
    }

    /// Whether the app waits for tokens.
    fn is_asked_for(&self, context: usize) -> bool {
        let calls = self.judge.calls.iter().rev();
        calls
            .filter(|call| call.context == context && call.is_pending())
            .any(|call| matches!(call.verb, Verb::Refresh | Verb::GetAccessToken))
    }

    fn exchange_of(&self, context: usize) -> Option<(usize, u32)> {
        let operations = self.contexts[context].operations.iter();
        operations
            .filter(|(_, entry)| entry.what == What::RefreshLock)
            .map(|(&id, _)| (context, id))
            .find(|&who| self.locks.holds(who))
    }

    pub fn judge_send(&mut self, id: usize) {
        let (context, token) = (self.requests[id].context, self.requests[id].token);
        let tab = self.contexts[context].tab;
        let now = self.now;
        let fault = self.requests[id].fault;
        let Some(token) = token else {
            self.fail_in(tab, "a refresh without a refresh token was sent");
            return;
        };
        let Some(key) = self.exchange_of(context) else {
            self.fail_in(tab, "sent without the refresh lock");
            return;
        };
        let is_asked_for = self.is_asked_for(context);
        let exchange = self.judge.exchanges.entry(key).or_default();
        exchange.is_explicit |= is_asked_for;
        exchange.sends += 1;
        let (is_explicit, attempt) = (exchange.is_explicit, exchange.sends);
        self.story.tell(now, Some(Self::name(tab)), || {
            let why = if is_explicit {
                "asked for"
            } else {
                "by itself"
            };
            format!("sends #{id} with {token:?}, try {attempt}, {why}; fate: {fault:?}")
        });
        if let Some(fault) = fault {
            self.coverage.met_fault(fault, attempt);
        }
        let is_open = |other: &crate::network::Request| {
            other.endpoint == Endpoint::Token && other.token == Some(token) && !other.is_over
        };
        if self.requests[..id].iter().any(is_open) && self.plan.has_locks {
            self.fail_in(
                tab,
                &format!("a second request with {token:?} while the first one is open"),
            );
        }
        let entry = self.judge.attempts.entry(token).or_default();
        entry.sends += 1;
        if !entry.is_open {
            entry.first_sent = now;
        }
        entry.last_sent = now;
        entry.is_open = true;
    }

    /// A tab has an answer in its hands.
    pub fn judge_answer(&mut self, id: usize) {
        let request = &self.requests[id];
        let (Some(token), Some(reply)) = (request.token, &request.reply) else {
            return;
        };
        let is_definite = reply.is_definite;
        let is_refused = reply
            .answer
            .as_ref()
            .is_ok_and(|answer| answer.stringify().contains("invalid_grant"));
        if is_definite && let Some(attempt) = self.judge.attempts.get_mut(&token) {
            attempt.is_open = false;
        }
        if is_definite && is_refused {
            self.judge.refused.entry(token.family).or_insert(self.now);
        }
    }

    /// The refresh token that a live tab has, of this family: the newest one.
    pub fn newest_held(&self, family: usize) -> Option<Token> {
        self.judge
            .held
            .values()
            .filter_map(|held| held.refresh)
            .filter(|token| token.family == family)
            .max()
    }
}
