//! Requests that nobody asked for: how many, how often, and when.

use super::NEWS_MS;
use super::{Held, Limit};
use crate::plan::Storage;
use crate::server::Token;
use crate::world::{Ms, World};

/// A request that nobody asked for.
pub struct Background {
    pub at: Ms,
    pub family: usize,
    pub context: usize,
    pub request: usize,
    /// What it costs could be written down.
    pub is_noted: bool,
    pub is_failed: bool,
}

/// The least distance of background requests, as an app may rely on it.
const LEAST_MS: Ms = 5_000;
const MOST_FAILING: usize = 20;
const HOUR: Ms = 3_600_000;
impl World {
    pub fn judge_background(&mut self, id: usize, token: Token, held: &Held, attempt: usize) {
        let context = self.requests[id].context;
        let tab = self.contexts[context].tab;
        let (now, family) = (self.now, token.family);
        let is_near = self.is_near_expiry(held);
        let is_resumed = self.is_forgiven(token) || self.is_of_two(token);
        if !is_near && !is_resumed {
            self.fail_in(
                tab,
                &format!("sent {token:?} by itself, far from its expiry"),
            );
        }
        // A tab that cannot hear the others knows of its own attempts alone.
        let knows = self.plan.is_coordinated() || self.tabs.len() == 1;
        if !is_resumed && !self.plan.auto_renew && knows {
            self.fail_in(tab, "sent by itself, and autoRenew is false");
        }
        if attempt == 1 {
            self.judge_pace(context, token, is_resumed);
        }
        let failing = self
            .judge
            .background
            .iter()
            .rev()
            .take_while(|other| now - other.at < HOUR);
        let failing = failing.filter(|other| other.is_failed && other.family == family);
        let own = failing
            .clone()
            .filter(|other| other.context == context)
            .count();
        // Of what found no room in storage nobody knows once its page is gone.
        let known = failing.filter(|other| other.is_noted || !self.contexts[other.context].is_gone);
        let all = known.count();
        if own >= MOST_FAILING && !self.judge.has_jumped {
            self.fail_in(
                tab,
                &format!("{} failing requests in an hour, by itself", own + 1),
            );
        }
        if all >= MOST_FAILING
            && self.plan.is_coordinated()
            && !self.judge.has_jumped
            && !self.judge.was_deaf
        {
            self.fail_in(
                tab,
                &format!("{} failing requests of all tabs in an hour", all + 1),
            );
        }
        self.judge.background.push(Background {
            at: now,
            family,
            context,
            request: id,
            is_noted: self.storage_fault == 0,
            is_failed: true,
        });
        if let Some(back) = self.judge.network_back_at
            && now - back < 20_000
            && self.judge.spread.insert(context)
        {
            self.coverage.after_outage.push(now - back);
        }
    }

    fn judge_pace(&mut self, context: usize, token: Token, is_resumed: bool) {
        let tab = self.contexts[context].tab;
        let now = self.now;
        let last_own = self
            .judge
            .background
            .iter()
            .rev()
            .find(|other| other.context == context)
            .map(|last| last.at);
        if last_own.is_some_and(|last| now - last < LEAST_MS - 100) && !is_resumed {
            self.fail_in(tab, "two background requests within 5 s");
        }
        self.judge_limit(context, token);
        let began = self
            .exchange_of(context)
            .and_then(|key| Some(self.judge.exchanges.get(&key)?.began))
            .unwrap_or(self.moment());
        let idle = self.judge.last_used.until(began);
        if self
            .plan
            .idle_timeout_s
            .is_some_and(|limit| idle > limit * 1000.0 + 2_000.0)
            && !is_resumed
        {
            self.fail_in(tab, "sent by itself, and nobody is there");
        }
        if !self.is_online && !is_resumed && last_own.is_some_and(|last| now - last < 299_000) {
            self.fail_in(
                tab,
                "two background requests within 5 minutes of being offline",
            );
        }
    }

    /// `Retry-After` holds for all tabs.
    fn judge_limit(&mut self, context: usize, token: Token) {
        let tab = self.contexts[context].tab;
        let now = self.now;
        let limit = self
            .judge
            .attempts
            .get(&token)
            .and_then(|entry| entry.limit);
        let Some(Limit {
            told_at,
            until,
            context: from,
        }) = limit
        else {
            return;
        };
        // Who dies with the answer in its hands tells nobody.
        let from_gone_at = self.contexts[from].gone_at;
        let is_posted = !self.contexts[from].is_gone || from_gone_at > told_at + NEWS_MS;
        let was_there = self.contexts[context].created_at < told_at
            && told_at > self.tabs[tab].changed_at.max(self.woke_at) + NEWS_MS
            && now > told_at + NEWS_MS;
        // Nor does who has no session any more.
        let from_tab = self.contexts[from].tab;
        let is_cleared = |&(other, at): &(usize, Ms)| other == from_tab && at <= told_at;
        let has_none = self.judge.cleared.iter().any(is_cleared);
        // What one client of a page could not store where all tabs read it hides from the others of that page what they were told.
        let is_hidden = self.plan.storage == Storage::Local
            && self.judge.storage_failed_at.is_some()
            && self.tabs[tab].contexts.len() > 1;
        let is_told =
            self.plan.is_coordinated() && is_posted && was_there && !has_none && !is_hidden;
        // Tabs that share one record, and nothing else, write over each other's notes.
        let is_own =
            from == context && (self.plan.storage != Storage::Local || self.plan.has_locks);
        if now + 1_000 < until && (is_told || is_own) && !self.judge.has_jumped {
            self.fail_in(
                tab,
                &format!(
                    "sent by itself {} ms before Retry-After is over",
                    until - now
                ),
            );
        }
    }
}
