//! A request's way to the server and back.

use crate::kept::{Object, Value};
use crate::network::{Answer, Endpoint, Fault, Request, answer_of};
use crate::plan::{ISSUER, pick};
use crate::server::{Reply, keys, refresh_token};
use crate::world::{Event, What, World};

/// How many retries of a hundred meet a fault.
const RETRY_RATE: u32 = 85;

impl World {
    pub fn send(
        &mut self,
        context: usize,
        operation: u32,
        endpoint: Endpoint,
        form: Vec<(String, String)>,
    ) {
        let id = self.requests.len();
        let token = form
            .iter()
            .find(|(name, _)| name == "refresh_token")
            .and_then(|(_, text)| refresh_token(text));
        let is_retry = self
            .exchange_of(context)
            .and_then(|key| self.judge.exchanges.get(&key))
            .is_some_and(|exchange| exchange.sends > 0);
        let fault = if endpoint == Endpoint::Keys {
            self.draw_key_fault()
        } else {
            self.draw_fault(is_retry)
        };
        self.contexts[context]
            .operations
            .entry(operation)
            .and_modify(|entry| entry.what = What::Fetch(id));
        self.requests.push(Request {
            context,
            operation,
            endpoint,
            token,
            form,
            sent: self.now,
            fault,
            reply: None,
            is_over: false,
            is_served: false,
        });
        match endpoint {
            Endpoint::Token => self.judge_send(id),
            Endpoint::Metadata => self.judge_metadata(context),
            Endpoint::Introspection | Endpoint::Revocation | Endpoint::Keys => {}
        }
        let delay = self.network_delay();
        self.after(delay, Event::Arrive { request: id });
        if fault == Some(Fault::Twice) {
            let later = delay + self.rng.u64(1..3_000);
            self.after(later, Event::Arrive { request: id });
        }
    }

    fn draw_fault(&mut self, is_retry: bool) -> Option<Fault> {
        if let Some(fault) = self.forced.pop_front() {
            return fault;
        }
        if self.is_calm {
            return None;
        }
        if !self.is_online {
            return Some(Fault::DropBefore);
        }
        if let Some(limit) = self.plan.rate_limit {
            let since = self.now.saturating_sub(60_000);
            self.recent.retain(|&at| at > since);
            self.recent.push(self.now);
            if self.recent.len() > limit {
                return Some(Fault::LimitedSeconds);
            }
        }
        // Few requests are sent again, and what those meet is worth knowing.
        let rate = if is_retry {
            self.plan.fault_rate.max(RETRY_RATE)
        } else {
            self.plan.fault_rate
        };
        let is_met = !self.plan.faults.is_empty() && self.rng.u32(0..100) < rate;
        is_met.then(|| pick(&mut self.rng, &self.plan.faults))
    }

    /// Keys are not what a seed is about: they come, or they do not.
    fn draw_key_fault(&mut self) -> Option<Fault> {
        let is_met = !self.is_online || self.rng.u32(0..100) < self.plan.fault_rate;
        (is_met && !self.is_calm).then(|| {
            let faults = [Fault::DropBefore, Fault::Unavailable, Fault::HangBefore];
            pick(&mut self.rng, &faults)
        })
    }

    fn network_delay(&mut self) -> u64 {
        let slowness = if self.is_calm {
            self.plan.slowness.min(400)
        } else {
            self.plan.slowness
        };
        self.rng.u64(1..=slowness)
    }

    /// The request reaches the place where its fault waits for it, or the server.
    pub fn arrive(&mut self, id: usize) {
        let request = &self.requests[id];
        let (fault, is_again) = (request.fault, request.is_served);
        // A request that was given up on its way may still get there, or not.
        let is_lost = request.is_over && !is_again && self.rng.bool();
        let request = &self.requests[id];
        let what = request.endpoint;
        let is_reached = !is_lost && fault.is_none_or(Fault::reaches_server);
        let reply = is_reached.then(|| {
            let request = self.requests[id].clone();
            self.serve(&request)
        });
        if let Some(reply) = &reply {
            let status = reply.status;
            let issued = reply.issued.and_then(|(_, refresh)| refresh);
            self.story.tell(self.now, None, || {
                format!("server answers {what:?} #{id} with {status} {issued:?}")
            });
        }
        if is_again {
            return;
        }
        self.requests[id].is_served = true;
        if let (Some(Fault::OddLifetime), Some((access, _))) =
            (fault, reply.as_ref().and_then(|reply| reply.issued))
        {
            self.server.outlive(access);
        }
        let now = self.now;
        let answer = answer_of(fault, reply.as_ref(), &mut self.rng, now);
        self.requests[id].reply = Some(answer);
        match fault {
            Some(Fault::HangBefore | Fault::HangAfter) => {}
            Some(Fault::Late) => {
                let late = self.rng.u64(5_000..70_000);
                self.after(late, Event::Answer { request: id });
            }
            _ => {
                let delay = self.network_delay();
                self.after(delay, Event::Answer { request: id });
            }
        }
    }

    fn serve(&mut self, request: &Request) -> Reply {
        let now = self.now;
        let given = |name: &str| {
            let found = request.form.iter().find(|(other, _)| other == name);
            found.map_or("", |(_, text)| text.as_str())
        };
        match request.endpoint {
            Endpoint::Token => self.server.refresh(request.token, now),
            Endpoint::Introspection => self.server.introspect(given("token"), now),
            Endpoint::Revocation => self.server.revoke(given("token")),
            Endpoint::Keys => Reply {
                status: 200,
                body: Some(keys()),
                issued: None,
            },
            Endpoint::Metadata => {
                let endpoints = [
                    ("jwks_uri", format!("{ISSUER}/keys")),
                    ("issuer", ISSUER.to_owned()),
                    ("token_endpoint", format!("{ISSUER}/token")),
                    ("introspection_endpoint", format!("{ISSUER}/introspection")),
                    ("revocation_endpoint", format!("{ISSUER}/revocation")),
                    ("authorization_endpoint", format!("{ISSUER}/authorize")),
                ];
                let members =
                    endpoints.map(|(name, value)| (name.to_owned(), Value::from(value.as_str())));
                Reply {
                    status: 200,
                    body: Some(Object::of(members)),
                    issued: None,
                }
            }
        }
    }

    /// An answer, or the word that none came, reaches the page.
    pub fn answer(&mut self, id: usize) -> Option<usize> {
        let (context, operation) = (self.requests[id].context, self.requests[id].operation);
        let Answer { answer, .. } = self.requests[id].reply.clone()?;
        self.finish(context, operation, answer.map(Some))
            .then_some(context)
    }

    /// The page has the answer in its hands.
    pub fn taken(&mut self, id: usize) {
        self.requests[id].is_over = true;
        let request = &self.requests[id];
        let tab = Self::name(self.contexts[request.context].tab);
        let (what, reply) = (request.endpoint, request.reply.clone());
        self.story.tell(self.now, Some(tab), || {
            format!("hears of {what:?} #{id}: {reply:?}")
        });
        self.judge_answer(id);
    }

    /// The page gave the request up, or is no more.
    pub fn abandon(&mut self, id: usize) {
        if !self.requests[id].is_over {
            self.requests[id].is_over = true;
            let now = self.now;
            if let Some(attempt) = self.requests[id]
                .token
                .and_then(|token| self.judge.attempts.get_mut(&token))
            {
                attempt.last_over = now;
            }
            let tab = Self::name(self.contexts[self.requests[id].context].tab);
            self.story
                .tell(self.now, Some(tab), || format!("gives up #{id}"));
        }
    }
}
