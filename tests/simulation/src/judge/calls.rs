//! Calls and events: settled once, in time, with a listed code, and with no secret in what is told.

use crate::kept::Object;
use crate::server::{access_token, has_refresh_secret, has_secret};
use crate::world::{Life, Ms, World};
use rekindle::client::Verb;
use rekindle::error::Error;
use rekindle::platform::{Event, Kept};
use rekindle::words::Word;
use std::cell::Cell;
use std::rc::Rc;

pub struct Call {
    pub context: usize,
    pub verb: Verb,
    pub began_mono: f64,
    pub timeout_ms: f64,
    pub aborted: Rc<Cell<bool>>,
    pub is_aborted: bool,
    pub is_closed: bool,
    pub is_immediate: bool,
    /// Its time ran out, or its caller's patience: the work goes on.
    pub is_given_up: bool,
    pub settled_at: Ms,
    pub outcome: Option<Result<(), String>>,
}

impl Call {
    /// Whether the app's word stands behind an exchange that goes on now.
    pub fn is_pending(&self) -> bool {
        self.outcome.is_none()
    }
}

impl World {
    pub fn called(
        &mut self,
        context: usize,
        verb: Verb,
        options: &Object,
        aborted: Rc<Cell<bool>>,
    ) -> usize {
        let tab = self.contexts[context].tab;
        let given = options.number(Word::TimeoutMs);
        let timeout_ms = if given.is_nan() {
            self.plan.timeout_ms
        } else {
            given
        };
        let call = Call {
            context,
            verb,
            began_mono: self.mono(tab),
            timeout_ms,
            aborted,
            is_aborted: false,
            is_closed: false,
            is_immediate: false,
            is_given_up: false,
            settled_at: 0,
            outcome: None,
        };
        let now = self.now;
        let id = self.judge.calls.len();
        self.story.tell(now, Some(Self::name(tab)), || {
            format!("client {context}: {verb:?} (call {id})")
        });
        self.judge.calls.push(call);
        id
    }

    /// The client's callers hear at once that it is closed, which is the shell's business.
    pub fn closed(&mut self, context: usize) -> Vec<Rc<Cell<bool>>> {
        let open = self
            .judge
            .calls
            .iter_mut()
            .filter(|call| call.context == context && call.is_pending());
        open.map(|call| {
            call.is_closed = true;
            call.aborted.clone()
        })
        .collect()
    }

    /// The context is no more: nobody waits for its calls.
    pub fn gone(&mut self, context: usize) {
        for call in self
            .judge
            .calls
            .iter_mut()
            .filter(|call| call.context == context)
        {
            call.outcome.get_or_insert(Ok(()));
        }
        self.judge.held.remove(&context);
    }

    pub fn settled(&mut self, id: usize, outcome: Result<Option<Object>, Error<Object>>) {
        let (context, verb) = (self.judge.calls[id].context, self.judge.calls[id].verb);
        let tab = self.contexts[context].tab;
        let now = self.now;
        let said = match &outcome {
            Ok(_) => Ok(()),
            Err(error) => Err(error.about.member("code").to_text().to_string()),
        };
        let told = said.clone();
        self.story.tell(now, Some(Self::name(tab)), || {
            format!("call {id} ({verb:?}) settles: {told:?}")
        });
        if self.judge.calls[id].outcome.is_some() {
            self.fail_in(tab, "a call settled twice");
        }
        let took = self.mono(tab) - self.judge.calls[id].began_mono;
        let call = &mut self.judge.calls[id];
        call.is_given_up = call.is_aborted || call.is_closed || took >= call.timeout_ms - 1.0;
        call.settled_at = now;
        call.outcome = Some(said.clone());
        match &outcome {
            Ok(object) => self.judge_tokens(id, object.as_ref()),
            Err(error) => self.judge_error(id, &error.about, &said.err().unwrap_or_default()),
        }
        self.judge_time(id);
    }

    /// A call may be late only by as long as its page stood still, or as its timers are.
    fn judge_time(&mut self, id: usize) {
        let call = &self.judge.calls[id];
        let (tab, verb, timeout_ms) = (self.contexts[call.context].tab, call.verb, call.timeout_ms);
        let late = self.mono(tab) - call.began_mono - timeout_ms;
        let running = self
            .now
            .saturating_sub(self.tabs[tab].changed_at.max(self.woke_at));
        let was_throttled =
            self.tabs[tab].throttle > 0 || self.now - self.tabs[tab].throttled_at < 60_000;
        let slack = if was_throttled { 60_100.0 } else { 100.0 };
        if late.min(running as f64) > slack {
            self.fail_in(tab, &format!("call {id} ({verb:?}) is {late} ms late"));
        }
    }

    /// Nobody waits for ever.
    pub fn judge_pending_calls(&mut self) {
        for id in 0..self.judge.calls.len() {
            let call = &self.judge.calls[id];
            let tab = self.contexts[call.context].tab;
            if call.is_pending()
                && self.tabs[tab].life == Life::Running
                && self.asleep_until.is_none()
            {
                self.judge_time(id);
            }
        }
    }

    fn judge_tokens(&mut self, id: usize, object: Option<&Object>) {
        let call = &self.judge.calls[id];
        let (context, verb) = (call.context, call.verb);
        let tab = self.contexts[context].tab;
        let Some(object) = object else { return };
        if has_refresh_secret(object) {
            self.fail_in(tab, "a call resolved with a refresh token in it");
        }
        let token = object.member("accessToken").to_text().to_string();
        if let (Verb::GetAccessToken, Some(token)) = (verb, access_token(&token)) {
            let is_dead = self.server.families[token.family].revoked.is_some();
            // The keys that its ID token is verified with are waited for as long.
            let fetched = self.judge.fetched.get(&token);
            let is_just_fetched = fetched.is_some_and(|&at| self.now - at < 5_100);
            if !is_dead
                && !is_just_fetched
                && !self.server.is_access_valid(token, self.now)
                && !self.may_think_valid(tab, object)
            {
                self.fail_in(
                    tab,
                    &format!("getAccessToken gave {token:?}, which has expired"),
                );
            }
        }
    }

    /// Whether the page's clocks were both wrong: then it cannot know better.
    fn may_think_valid(&self, tab: usize, tokens: &Object) -> bool {
        let wall_left = tokens.number(Word::OutExpiresAt) - self.wall();
        let is_wall_wrong = wall_left > 0.0 && !self.judge.set_back.is_empty();
        let is_late = |context: &usize| {
            let held = self.judge.held.get(context);
            held.is_some_and(|held| {
                self.judge
                    .set_back
                    .iter()
                    .any(|(at, _)| *at <= held.access_since)
            })
        };
        let is_mono_wrong = self.plan.mono_stops || self.tabs[tab].contexts.iter().any(is_late);
        is_wall_wrong && is_mono_wrong
    }

    fn judge_error(&mut self, id: usize, about: &Object, code: &str) {
        let verb = self.judge.calls[id].verb;
        let tab = self.contexts[self.judge.calls[id].context].tab;
        if has_secret(about) {
            let text = about.stringify();
            self.fail_in(tab, &format!("a secret is in an error: {text}"));
        }
        const TRANSPORT: &[&str] = &[
            "network",
            "timeout",
            "aborted",
            "server",
            "rate_limited",
            "oauth",
            "invalid_response",
            "unsupported",
            "insecure_issuer",
        ];
        const REFRESH: &[&str] = &[
            "no_session",
            "no_refresh_token",
            "invalid_grant",
            "signed_out",
            "id_token_invalid",
        ];
        const INTROSPECT: &[&str] = &[
            "no_session",
            "no_refresh_token",
            "invalid_grant",
            "signed_out",
        ];
        let listed: &[&str] = match verb {
            Verb::Refresh | Verb::GetAccessToken => REFRESH,
            Verb::Introspect => INTROSPECT,
            Verb::SetTokens => &[
                "invalid_response",
                "id_token_invalid",
                "signed_out",
                "aborted",
            ],
            Verb::SignOut => &["unsupported"],
            _ => &[],
        };
        let may_travel = !matches!(verb, Verb::SetTokens);
        if !(listed.contains(&code) || may_travel && TRANSPORT.contains(&code)) {
            self.fail_in(tab, &format!("{verb:?} rejected with {code}"));
        }
        if code == "aborted" && !self.judge.calls[id].is_aborted && !self.judge.calls[id].is_closed
        {
            self.fail_in(tab, "a call was aborted by nobody");
        }
        let is_own_end = ["invalid_grant", "no_session", "signed_out", "aborted"].contains(&code);
        if verb == Verb::GetAccessToken
            && !is_own_end
            && self.holds_valid_token(self.judge.calls[id].context)
        {
            self.fail_in(
                tab,
                &format!("getAccessToken rejected with {code} though the token held is valid"),
            );
        }
    }

    /// A client told the app of something.
    pub fn emitted(
        &mut self,
        context: usize,
        event: Event,
        snapshot: &Object,
        error: Option<&Object>,
    ) {
        let tab = self.contexts[context].tab;
        self.contexts[context].has_told = true;
        let now = self.now;
        self.story.tell(now, Some(Self::name(tab)), || {
            format!("client {context}: event {event:?}")
        });
        if has_refresh_secret(snapshot) || error.is_some_and(has_secret) {
            self.fail_in(tab, &format!("a secret is in the event {event:?}"));
        }
        match event {
            Event::SignedOut | Event::SessionLost => self.judge_loss(context, event),
            Event::SignedIn | Event::Renewed | Event::RenewFailed | Event::Expired => {}
        }
    }
}
