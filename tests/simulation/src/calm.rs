//! The end of each world: faults stop, and everything that may still live has to come back to life by itself, within bounds.

use crate::kept::Object;
use crate::network::Endpoint;
use crate::plan::Storage;
use crate::run::pass;
use crate::server::Token;
use crate::sim::{call, recover};
use crate::world::{Life, Ms, Sim, World};
use rekindle::client::Verb;
use rekindle::platform::Kept;

/// In this time all that holds the background back is over: Retry-After, backoff, debt.
const RECOVERY_MS: Ms = 40 * 60_000;
/// Tokens that live shorter are renewed too late at times, and too often for a long wait.
const SHORT_S: f64 = 30.0;
const NEWS_MS: Ms = 3_000;

pub fn calm(sim: &Sim) {
    if sim.borrow().judge.failure.is_some() {
        return;
    }
    stop_faults(sim);
    let sent = sim.borrow().requests.len();
    let ms = sim.borrow().recovery_ms();
    pass(sim, ms, false);
    sim.borrow_mut().judge_pending_calls();
    sim.borrow_mut().judge_recovered(sent);
    all_ask(sim, Verb::GetAccessToken);
    let before = sim.borrow().requests.len();
    all_ask(sim, Verb::Refresh);
    sim.borrow_mut().judge_united(before);
    sim.borrow_mut().judge_pending_calls();
}

fn stop_faults(sim: &Sim) {
    let (tabs, wait) = {
        let mut world = sim.borrow_mut();
        let now = world.now;
        world.story.tell(now, None, || "faults stop".to_owned());
        world.is_calm = true;
        world.ambush = None;
        if world.storage_fault == 1 {
            world.storage_fault = 0;
        }
        let wait = world.asleep_until.map_or(0, |end| end.saturating_sub(now));
        (world.tabs.len(), wait + 1)
    };
    pass(sim, wait, false);
    if !sim.borrow().is_online {
        crate::fate::network_back(sim);
    }
    for tab in 0..tabs {
        sim.borrow_mut().unthrottle(tab);
        sim.borrow_mut().tabs[tab].kill_in = None;
        let (life, page) = (sim.borrow().tabs[tab].life, sim.borrow().tabs[tab].page);
        match life {
            Life::Hung | Life::Hidden => recover(sim, tab, page),
            Life::Crashed => crate::fate::load(sim, tab),
            Life::Running | Life::Closed => {}
        }
        if matches!(life, Life::Hung | Life::Running) {
            // Somebody looks at it: a page whose clock stood still knows of nothing else.
            crate::sim::tell_page(sim, tab, page, "wake");
        }
    }
}

/// The same call in every client at once. It has the time that it needs.
fn all_ask(sim: &Sim, verb: Verb) {
    let clients: Vec<usize> = {
        let world = sim.borrow();
        world
            .live()
            .filter(|&id| !world.contexts[id].is_closed)
            .collect()
    };
    let mut calls = Vec::new();
    for client in clients {
        let held = sim.borrow().judge.held.get(&client).copied();
        let may_live = held.is_some_and(|held| sim.borrow().may_live(client, &held));
        let options = Object::object();
        options.write("timeoutMs", crate::kept::Value::Number(60_000.0));
        if let Some(id) = call(sim, client, verb, &options) {
            calls.push((id, client, may_live));
        }
    }
    pass(sim, 62_000, false);
    for (id, client, may_live) in calls {
        let mut world = sim.borrow_mut();
        let outcome = world.judge.calls[id].outcome.clone();
        let tab = world.contexts[client].tab;
        let is_cleared = world.judge.cleared.iter().any(|(other, _)| *other == tab);
        // Without room for the ID token nobody can say whose the next one has to be.
        let is_stranger = world.judge.storage_failed_at.is_some()
            && outcome == Some(Err("id_token_invalid".to_owned()));
        // Another tab began another session in the storage of all.
        let is_replaced =
            world.plan.storage == Storage::Local && outcome == Some(Err("signed_out".to_owned()));
        let is_well = matches!(outcome, Some(Ok(()))) || is_cleared || is_stranger || is_replaced;
        if may_live && !is_well {
            world.fail_in(
                tab,
                &format!(
                    "{verb:?} ends with {outcome:?} in calm weather, and the session could live"
                ),
            );
        }
    }
}

impl World {
    fn recovery_ms(&self) -> Ms {
        if self.plan.lifetime_s < SHORT_S {
            2 * 60_000
        } else {
            RECOVERY_MS
        }
    }

    /// Whether the server has something left for the client, and some tab has the key to it.
    fn may_live(&self, client: usize, held: &crate::judge::Held) -> bool {
        let Some(family) = held.family() else {
            return false;
        };
        if self.server.families[family].revoked.is_some()
            || self.judge.signed_out.contains_key(&family)
            || self.judge.ended.contains(&family)
        {
            return false;
        }
        let usable = |token: Option<Token>| {
            token.is_some_and(|token| self.server.is_usable(token, self.now))
        };
        if self.plan.is_coordinated() {
            self.judge
                .held
                .values()
                .any(|other| other.family() == Some(family) && usable(other.refresh))
                && !self.is_outrun(client, held)
        } else {
            usable(held.refresh) && self.tabs.len() == 1
        }
    }

    /// Whether it is behind, and whoever was ahead of it has gone.
    fn is_outrun(&self, client: usize, held: &crate::judge::Held) -> bool {
        self.saw_ahead(self.contexts[client].tab, held)
    }

    /// Every tab that renews by itself has done so.
    fn judge_recovered(&mut self, sent: usize) {
        if self.judge.failure.is_some() {
            return;
        }
        let clients: Vec<usize> = self
            .live()
            .filter(|&id| !self.contexts[id].is_closed)
            .collect();
        for client in clients {
            let Some(held) = self.judge.held.get(&client).copied() else {
                continue;
            };
            let Some(family) = held.family() else {
                continue;
            };
            let tab = self.contexts[client].tab;
            let is_paused = self.judge.paused.contains(&family);
            let renews = self.plan.auto_renew
                && self.plan.idle_timeout_s.is_none()
                && held.refresh.is_some();
            // With no margin a token is renewed when it is over.
            let is_short = self.plan.lifetime_s < SHORT_S || self.plan.renew_before_s == 0.0;
            if !renews
                || is_paused
                || is_short
                || !self.may_live(client, &held)
                || self.judge.has_jumped
            {
                continue;
            }
            let is_valid = held
                .access
                .is_some_and(|token| self.server.is_access_valid(token, self.now));
            if !is_valid {
                self.fail_in(
                    tab,
                    "no valid token by itself, long after the faults stopped",
                );
            }
        }
        let tokens = self.requests[sent..]
            .iter()
            .filter(|request| request.endpoint == Endpoint::Token)
            .count();
        let families = self.server.families.len();
        let each = self.recovery_ms() as f64 / (self.plan.lifetime_ms() * 0.8).max(5_000.0);
        let most = (each * 1.3 + 16.0) * families as f64 + self.tabs.len() as f64;
        if self.plan.is_coordinated() && tokens as f64 > most {
            self.fail(format!(
                "{tokens} token requests after the faults stopped; {most} would do"
            ));
        }
    }

    /// All tabs of a session end up with the same, newest tokens, for one request.
    fn judge_united(&mut self, before: usize) {
        if self.judge.failure.is_some() || !self.plan.is_coordinated() {
            return;
        }
        for family in 0..self.server.families.len() {
            if self.server.families[family].revoked.is_some() {
                continue;
            }
            let held: Vec<(usize, crate::judge::Held)> = self
                .judge
                .held
                .iter()
                .filter(|(id, held)| {
                    held.family() == Some(family) && !self.contexts[**id].is_closed
                })
                .map(|(id, held)| (*id, *held))
                .collect();
            let newest = held.iter().filter_map(|(_, held)| held.refresh).max();
            let behind = held
                .iter()
                .find(|(id, held)| held.refresh < newest && self.may_live(*id, held));
            if let Some((id, old)) = behind {
                let tab = self.contexts[*id].tab;
                let what = format!("{:?} is held, and the newest is {newest:?}", old.refresh);
                self.fail_in(tab, &what);
            }
            let sent = self.requests[before..].iter();
            let sent = sent
                .filter(|request| request.token.is_some_and(|token| token.family == family))
                .count();
            let window = 62_000.0 + NEWS_MS as f64;
            let renewals = (window / (self.plan.lifetime_ms() * 0.8).max(5_000.0)) as usize;
            if sent > 1 + renewals + self.judge.replaced.len() {
                self.fail(format!(
                    "{sent} requests for one family, all tabs asking at once"
                ));
            }
        }
    }
}
