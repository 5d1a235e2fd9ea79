//! Each request to the token endpoint: was it legal now?

use super::{Held, Limit};
use crate::network::{Endpoint, Fault, Wait};
use crate::server::{Rotation, Token};
use crate::world::{Life, Moment, Ms, What, World};
use rekindle::client::Verb;

/// One hold of the refresh lock, or the wait for it.
#[derive(Default)]
pub struct Exchange {
    /// The app's word stands behind it.
    pub is_explicit: bool,
    pub sends: usize,
    token: Option<Token>,
    first_sent: Moment,
    pub began: Moment,
}

/// What news needs to get around in the browser, generously.
pub const NEWS_MS: Ms = 2_000;

impl World {
    pub fn note_exchange(&mut self, context: usize, operation: u32) {
        let is_explicit = self.is_asked_for(context);
        self.judge.exchanges.insert(
            (context, operation),
            Exchange {
                is_explicit,
                began: self.moment(),
                ..Exchange::default()
            },
        );
    }

    /// Whether the app's word stands behind what the client does: somebody waits for tokens, or gave up waiting since the last answer.
    pub fn is_asked_for(&self, context: usize) -> bool {
        let since = self.judge.last_answer.get(&context).copied().unwrap_or(0);
        let calls = self.judge.calls.iter().rev().take(200);
        calls
            .filter(|call| call.context == context && !call.is_immediate)
            .filter(|call| call.is_pending() || (call.is_given_up && call.settled_at >= since))
            .any(|call| matches!(call.verb, Verb::Refresh | Verb::GetAccessToken))
    }

    /// The refresh lock that the client holds, of the session that it has now.
    pub fn exchange_of(&self, context: usize) -> Option<(usize, u32)> {
        let record = self.contexts[context].client.as_ref()?.record()?;
        let family = crate::page::family_of(&record);
        let operations = self.contexts[context].operations.iter();
        let locks = operations.filter(|(_, entry)| entry.what == What::RefreshLock);
        locks.map(|(&id, _)| (context, id)).find(|&who| {
            self.locks
                .held_by(who)
                .is_some_and(|name| name.starts_with(&family))
        })
    }

    pub fn judge_send(&mut self, id: usize) {
        let (context, token) = (self.requests[id].context, self.requests[id].token);
        let tab = self.contexts[context].tab;
        let (now, moment) = (self.now, self.moment());
        let fault = self.requests[id].fault;
        let Some(token) = token else {
            return self.fail_in(tab, "a refresh without a refresh token was sent");
        };
        let Some(key) = self.exchange_of(context) else {
            return self.fail_in(tab, "sent without the refresh lock");
        };
        let is_asked_for = self.is_asked_for(context);
        let exchange = self.judge.exchanges.entry(key).or_default();
        exchange.is_explicit |= is_asked_for;
        if exchange.token != Some(token) {
            // Somebody brought another one: it begins anew.
            exchange.token = Some(token);
            exchange.first_sent = moment;
            exchange.sends = 0;
        }
        exchange.sends += 1;
        let first_sent = exchange.first_sent;
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
        let Some(held) = self.held_now(context) else {
            return self.fail_in(tab, "sent with no session held");
        };
        if held.refresh != Some(token) {
            self.fail_in(tab, "sent a refresh token that is not the one held");
        }
        self.judge_flight(id, token);
        if attempt > 1 {
            self.judge_retry(tab, token, attempt, first_sent);
        }
        self.judge_behind(context, token, &held, is_explicit);
        if !is_explicit {
            self.judge_background(id, token, &held, attempt);
        }
        self.note_send(tab, token);
        self.judge.last_send.insert(token.family, now);
    }

    /// At most one request with a refresh token is open. A page that was put away with one is waited for for a minute, by who has heard
    /// of that, and not where the server forgives another use.
    fn judge_flight(&mut self, id: usize, token: Token) {
        let tab = self.contexts[self.requests[id].context].tab;
        let is_open = |other: &crate::network::Request| {
            let holder = self.contexts[other.context].tab;
            let is_same_page = self.plan.has_locks || holder == tab;
            let (away, own) = (&self.tabs[holder], &self.tabs[tab]);
            let has_heard = self.plan.is_coordinated()
                && self.plan.rotation != Rotation::Never
                // Who was opened later has not heard of it.
                && own.contexts.len() == 1
                && own.changed_at < away.hidden_at
                && (away.hidden_at + NEWS_MS..away.hidden_at + 60_000).contains(&self.now);
            let is_waited_for = has_heard && self.plan.grace_s <= 0.0;
            other.endpoint == Endpoint::Token
                && other.token == Some(token)
                && !other.is_over
                && is_same_page
                && (is_waited_for || away.life != Life::Hidden && away.hidden_at < other.sent)
        };
        let must_hold = (self.plan.is_coordinated() || self.tabs.len() == 1)
            // Nobody lives on it any more.
            && !self.judge.ended.contains(&token.family);
        if must_hold && self.requests[..id].iter().rev().take(50).any(is_open) {
            self.fail_in(
                tab,
                &format!("a second request with {token:?} while the first one is open"),
            );
        }
    }

    fn judge_retry(&mut self, tab: usize, token: Token, attempt: usize, first_sent: Moment) {
        let Some(entry) = self.judge.attempts.get(&token) else {
            return;
        };
        let (is_doubtful, over) = (entry.is_doubtful(), entry.last_over);
        if attempt > 3 {
            self.fail_in(tab, &format!("{token:?} was sent {attempt} times in a row"));
        }
        if !is_doubtful && self.plan.is_coordinated() {
            self.fail_in(
                tab,
                &format!("{token:?} was sent again after a definite answer"),
            );
        }
        // As far as a page can know: while the device slept one clock may have stood still, and the other been set back.
        if first_sent.until(self.moment()) >= self.plan.grace_s * 1000.0 {
            self.fail_in(tab, &format!("{token:?} was sent again after the grace"));
        }
        if self.now < over + 300 && self.plan.is_coordinated() {
            self.fail_in(tab, &format!("{token:?} was sent again without a pause"));
        }
    }

    /// The requests with a refresh token that a client has under way.
    pub fn open_refreshes(&self, context: usize) -> Vec<usize> {
        let requests = self.requests.iter().enumerate();
        requests
            .filter(|(_, request)| request.context == context && request.token.is_some())
            .filter(|(_, request)| !request.is_over)
            .map(|(id, _)| id)
            .collect()
    }

    /// A client that was closed gives up no request that it had open: the answer may be the only place where the next token is.
    pub fn judge_closed(&mut self, context: usize, open: &[usize]) {
        let tab = self.contexts[context].tab;
        let is_given_up = open.iter().any(|&id| self.requests[id].is_over);
        if is_given_up && self.tabs[tab].life == Life::Running {
            self.fail_in(tab, "closing a client gave its request up");
        }
    }

    /// A tab that could see that another is ahead does not send.
    fn judge_behind(&mut self, context: usize, token: Token, own: &Held, is_explicit: bool) {
        let tab = self.contexts[context].tab;
        if !self.plan.has_locks || !self.plan.has_channel || self.plan.rotation == Rotation::Never {
            return;
        }
        let ahead = self.judge.held.iter().find(|&(&other, held)| {
            let other = &self.contexts[other];
            let life = self.tabs[other.tab].life;
            let is_shown = match life {
                Life::Running => {
                    self.now > self.tabs[other.tab].changed_at.max(self.woke_at) + NEWS_MS
                }
                Life::Hung => true,
                Life::Hidden | Life::Crashed | Life::Closed => false,
            };
            let is_newer = held
                .refresh
                .is_some_and(|refresh| self.server.descends(refresh, token));
            is_newer
                && is_shown
                && !other.is_closed
                && !other.is_gone
                && self.now > held.since + NEWS_MS
        });
        if let Some((&other, held)) = ahead {
            let (other, newer) = (Self::name(self.contexts[other].tab), held.refresh);
            self.fail_in(
                tab,
                &format!("sent the spent {token:?} while {other} holds {newer:?}"),
            );
        }
        if self.saw_ahead(tab, own) && !self.is_forgiven(token) && !self.is_near_expiry(own) {
            let why = if is_explicit {
                "on the app's word"
            } else {
                "by itself"
            };
            self.fail_in(
                tab,
                &format!("sent {token:?} {why} though a later one was seen"),
            );
        }
    }

    /// Whether so little is left of the access token, by any clock that the tab may go by, that a renewal is due.
    pub fn is_near_expiry(&self, held: &Held) -> bool {
        let lifetime = held.expires_at - held.received_at;
        let margin = (self.plan.renew_before_s * 1000.0).min(lifetime / 10.0) * 1.5;
        let by_wall = self.wall() - held.received_at;
        let by_age = held.age_at_first + (self.now - held.access_since) as f64;
        let before_set_back = self
            .judge
            .set_back
            .iter()
            .filter(|(at, _)| *at >= held.access_since);
        let highest = before_set_back
            .map(|(_, wall)| wall - held.received_at)
            .fold(by_wall.max(by_age), f64::max);
        by_wall < -4_900.0 || lifetime - highest <= margin + 50.0
    }

    /// A tab has an answer in its hands.
    pub fn judge_answer(&mut self, id: usize) {
        let request = &self.requests[id];
        let context = request.context;
        let tab = self.contexts[context].tab;
        let now = self.now;
        let (Some(token), Some(reply)) = (request.token, request.reply.clone()) else {
            return;
        };
        if request.endpoint != Endpoint::Token {
            return;
        }
        let fault = request.fault;
        // An answer for a session that was replaced meanwhile settles nothing of this one.
        let held = self.held_now(context).and_then(|held| held.family());
        if held.is_none_or(|family| family == token.family) {
            self.judge.last_answer.insert(context, now);
        }
        let is_refused = reply.is_definite && reply.answer.as_ref().is_ok_and(is_invalid_grant);
        if let Some(attempt) = self.judge.attempts.get_mut(&token) {
            attempt.last_over = now;
            attempt.heard = Some((context, now));
            // A tab that dies with a new token in its hands leaves the others in doubt about the old one.
            let is_success = reply.issued.is_some();
            if reply.is_definite && !is_success {
                attempt.refused();
            }
            if is_success {
                attempt.limit = None;
            }
            if let Some(wait) = reply.wait {
                let until = match wait {
                    Wait::For(ms) => now + ms,
                    Wait::Until(at) => at,
                };
                attempt.limit = Some(Limit {
                    told_at: now,
                    until,
                    context,
                });
            }
        }
        if is_refused {
            self.judge.refused_at.insert((context, token), now);
            let refused = self.judge.refused.entry(token.family).or_insert(token);
            *refused = token.max(*refused);
        }
        let is_paused = matches!(fault, Some(Fault::OauthError | Fault::OktaError));
        if is_paused {
            self.judge.paused.insert(token.family);
        } else if reply.issued.is_some() {
            self.judge.paused.remove(&token.family);
        }
        if reply.issued.is_some() {
            for sent in self
                .judge
                .background
                .iter_mut()
                .rev()
                .take(20)
                .filter(|sent| sent.request == id)
            {
                sent.is_failed = false;
            }
        }
        if let Some((access, _)) = reply.issued {
            self.judge.fetched.entry(access).or_insert(now);
        }
        if let Some((_, None)) = reply.issued
            && let Some(attempt) = self.judge.attempts.get_mut(&token)
        {
            attempt.settle();
        }
        if let Some((_, Some(refresh))) = reply.issued {
            self.judge.must_store.push((tab, context, refresh));
        }
    }

    /// A tab is told who is there.
    pub fn judge_who(&mut self, context: usize, family: &str, highest: f64) {
        let Some(client) = &self.contexts[context].client else {
            return;
        };
        let Some(record) = client.record() else {
            return;
        };
        use rekindle::platform::Kept;
        if crate::page::family_of(&record) == family
            && highest > record.number(rekindle::words::Word::Generation)
            && let Some(token) = Held::of(&record, self).refresh
        {
            let tab = self.contexts[context].tab;
            let seen = self.judge.saw_ahead.entry((tab, token)).or_default();
            *seen = seen.max(highest);
        }
    }

    /// Whether the tab has seen that somebody is ahead of what its client has, and heard nothing of that.
    pub fn saw_ahead(&self, tab: usize, own: &Held) -> bool {
        let seen = own
            .refresh
            .and_then(|token| self.judge.saw_ahead.get(&(tab, token)));
        seen.is_some_and(|&seen| seen > own.generation)
    }

    /// A client that asks for documents without end is as bad as one that asks for tokens.
    pub fn judge_metadata(&mut self, context: usize) {
        let tab = self.contexts[context].tab;
        if self
            .judge
            .calls
            .iter()
            .rev()
            .take(200)
            .any(|call| call.context == context && call.is_pending())
        {
            return;
        }
        let now = self.now;
        let recent = self
            .requests
            .iter()
            .rev()
            .take_while(|other| now - other.sent < 60_000);
        let recent =
            recent.filter(|other| other.endpoint == Endpoint::Metadata && other.context == context);
        if recent.count() > 24 {
            self.fail_in(tab, "a storm of requests for metadata");
        }
    }

    /// The newest refresh token of a family that a live tab has.
    pub fn newest_held(&self, family: usize) -> Option<Token> {
        self.judge
            .held
            .values()
            .filter_map(|held| held.refresh)
            .filter(|token| token.family == family)
            .max()
    }
}

fn is_invalid_grant(answer: &crate::kept::Object) -> bool {
    let status = rekindle::platform::Kept::number(answer, rekindle::words::Word::Status);
    (400.0..429.0).contains(&status) && answer.stringify().contains("\"invalid_grant\"")
}
