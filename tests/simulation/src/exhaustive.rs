//! A tab is killed at every step of an exchange, against each server, each fate of the request, and each way back.

use crate::calm::calm;
use crate::fate;
use crate::kept::Object;
use crate::network::Fault;
use crate::plan::Plan;
use crate::run::{Report, begin, finish, pass};
use crate::server::{Revoked, Rotation};
use crate::sim::call;
use crate::story::Story;
use crate::world::{Life, Ms, Sim, World};
use fastrand::Rng;
use rekindle::client::Verb;
use rekindle::platform::Kept;
use std::cell::RefCell;
use std::rc::Rc;

const GRACE: Ms = 30_000;
const ROTATIONS: [Rotation; 4] = [
    Rotation::Strict,
    Rotation::SameAgain(GRACE),
    Rotation::FurtherNew(GRACE),
    Rotation::Never,
];

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Meets(Option<Fault>),
    /// The server knows the refresh token no more.
    Refused,
}

const FATES: [Fate; 12] = [
    Fate::Meets(None),
    Fate::Meets(Some(Fault::DropBefore)),
    Fate::Meets(Some(Fault::DropAfter)),
    Fate::Meets(Some(Fault::Truncated)),
    Fate::Meets(Some(Fault::Unavailable)),
    Fate::Meets(Some(Fault::BadGateway)),
    Fate::Meets(Some(Fault::LimitedSeconds)),
    Fate::Meets(Some(Fault::OauthError)),
    Fate::Meets(Some(Fault::HangBefore)),
    Fate::Meets(Some(Fault::HangAfter)),
    Fate::Meets(Some(Fault::NoAccessToken)),
    Fate::Refused,
];

/// Who takes the session up again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Recovery {
    Reload,
    Sibling,
    Both,
}

const RECOVERIES: [Recovery; 3] = [Recovery::Reload, Recovery::Sibling, Recovery::Both];

/// One world: everything but the step at which the tab is killed.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub rotation: Rotation,
    pub fate: Fate,
    pub recovery: Recovery,
    /// How long nothing happens then.
    pub pause: Ms,
    pub schedule: u64,
}

pub fn cases(schedules: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    for rotation in ROTATIONS {
        for fate in FATES {
            for recovery in RECOVERIES {
                for pause in [0, 3_000, 40_000] {
                    for schedule in 0..schedules {
                        cases.push(Case {
                            rotation,
                            fate,
                            recovery,
                            pause,
                            schedule,
                        });
                    }
                }
            }
        }
    }
    cases
}

/// Kills at each step, until there is none left; how many runs there were, and the first failure.
pub fn every_step(case: Case) -> (u32, Option<(u32, String)>) {
    for step in 0.. {
        let (report, was_killed) = run(case, step, false);
        if let Some(failure) = report.failure {
            return (step + 1, Some((step, failure)));
        }
        if !was_killed {
            return (step + 1, None);
        }
    }
    (0, None)
}

/// One run; whether the tab came as far as that step.
pub fn run(case: Case, step: u32, is_told: bool) -> (Report, bool) {
    let mut story = if is_told {
        Story::told()
    } else {
        Story::default()
    };
    story.tell(0, None, || format!("{case:?}, killed at step {step}"));
    let plan = Plan::plain(case.rotation);
    let sim = Rc::new(RefCell::new(World::new(
        plan,
        Rng::with_seed(case.schedule),
        story,
    )));
    begin(&sim);
    pass(&sim, 1_000, false);
    if case.recovery != Recovery::Reload {
        fate::duplicate(&sim, 0);
    }
    pass(&sim, 10_000, false);
    {
        let mut world = sim.borrow_mut();
        match case.fate {
            Fate::Meets(fault) => world.forced.push_back(fault),
            Fate::Refused => world.server.end(0, Revoked::Elsewhere),
        }
        world.tabs[0].kill_in = Some(step);
    }
    call(&sim, 0, Verb::Refresh, &Object::object());
    // As long as an exchange may take that hangs, retries and all.
    let mut waited = 0;
    while sim.borrow().tabs[0].life == Life::Running && waited < 70_000 {
        pass(&sim, 100, false);
        waited += 100;
    }
    let was_killed = sim.borrow().tabs[0].life == Life::Crashed;
    sim.borrow_mut().tabs[0].kill_in = None;
    if was_killed {
        recover(&sim, case);
        judge(&sim, case);
    }
    calm(&sim);
    (finish(step.into(), sim), was_killed)
}

fn recover(sim: &Sim, case: Case) {
    pass(sim, case.pause, false);
    if case.recovery != Recovery::Sibling {
        fate::load(sim, 0);
    }
    if case.recovery != Recovery::Reload {
        let sibling = sim.borrow().tabs[1].contexts[0];
        call(sim, sibling, Verb::GetAccessToken, &Object::object());
    }
    pass(sim, 100_000, false);
}

/// What the tab left behind is a session that can be used, as far as the server allows.
fn judge(sim: &Sim, case: Case) {
    let mut world = sim.borrow_mut();
    let is_in_time = case.recovery != Recovery::Reload || case.pause < GRACE - 10_000;
    let is_forgiving =
        case.rotation == Rotation::Never || (case.rotation.grace() > 0 && is_in_time);
    let newest = world.newest_held(0);
    let is_alive = newest.is_some_and(|token| world.server.is_usable(token, world.now));
    if is_forgiving && case.fate != Fate::Refused && !is_alive {
        world.fail(format!(
            "the session is lost, and the server would have forgiven; {newest:?} is held"
        ));
    }
    // A session that the server gave up ends once in each tab, without a storm.
    let sent = world
        .requests
        .iter()
        .filter(|request| request.token.is_some())
        .count();
    if sent > 5 {
        world.fail(format!("{sent} requests for one refresh and its recovery"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::close_client;

    /// Symptom: closing a client while it refreshed lost the session in another tab. Cause: it let go of the refresh lock when nobody showed the
    /// new generation, and the tokens were still on their way to the tab whose turn it was, which sent the spent token.
    #[test]
    fn who_waits_for_a_client_that_goes_has_what_that_brings() {
        for is_closed in [true, false] {
            let mut tried = 0;
            for schedule in 0..2_000 {
                let story = Story::default();
                let mut plan = Plan::plain(Rotation::Strict);
                plan.id_tokens = true;
                let rng = Rng::with_seed(schedule);
                let sim = Rc::new(RefCell::new(World::new(plan, rng, story)));
                begin(&sim);
                pass(&sim, 1_000, false);
                fate::duplicate(&sim, 0);
                pass(&sim, 10_000, false);
                call(&sim, 0, Verb::Refresh, &Object::object());
                pass(&sim, 20, false);
                let sibling = sim.borrow().tabs[1].contexts[0];
                call(&sim, sibling, Verb::Refresh, &Object::object());
                pass(&sim, 5, false);
                if sim.borrow().open_refreshes(0).is_empty() {
                    // It has been answered: what it has is shown.
                    continue;
                }
                if is_closed {
                    close_client(&sim, 0);
                } else {
                    // The same user signs in again: the sibling goes on with the earlier session.
                    let response = {
                        let mut world = sim.borrow_mut();
                        world.judge.replaced.push((0, 0));
                        let now = world.now;
                        world.server.sign_in(0, now)
                    };
                    let given =
                        Object::of([("response".to_owned(), crate::kept::Value::Object(response))]);
                    call(&sim, 0, Verb::SetTokens, &given);
                }
                pass(&sim, 20_000, false);
                let world = sim.borrow();
                let is_lost = world.server.families[0].revoked.is_some();
                assert!(
                    !is_lost && world.judge.failure.is_none(),
                    "{schedule}, closed: {is_closed}: {:?}",
                    world.judge.failure
                );
                tried += 1;
            }
            assert!(tried > 500, "{tried} schedules left before the answer");
        }
    }
}
