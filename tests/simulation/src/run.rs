//! One seed from its beginning to its end.

use crate::coverage::Coverage;
use crate::kept::{Object, Value};
use crate::plan::Plan;
use crate::shelf::Shelf;
use crate::sim::{call, create_client, discard, happen};
use crate::story::Story;
use crate::world::{Event, Ms, Sim, World};
use fastrand::Rng;
use rekindle::client::Verb;
use std::cell::RefCell;
use std::rc::Rc;

pub struct Report {
    pub seed: u64,
    pub failure: Option<String>,
    pub story: String,
    pub coverage: Coverage,
}

pub fn seed(seed: u64, is_told: bool) -> Report {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::draw(&mut rng);
    let mut story = if is_told {
        Story::told()
    } else {
        Story::default()
    };
    story.tell(0, None, || format!("{plan:?}"));
    let sim = Rc::new(RefCell::new(World::new(plan, rng, story)));
    begin(&sim);
    sim.borrow_mut().after(10, Event::Act);
    pass(&sim, Ms::MAX / 2, true);
    crate::calm::calm(&sim);
    finish(seed, sim)
}

/// A tab with a session.
pub fn begin(sim: &Sim) {
    let tab = sim.borrow_mut().open_tab(Shelf::default());
    sim.borrow_mut().load_page(tab);
    create_client(sim, tab);
    let response = {
        let mut world = sim.borrow_mut();
        let now = world.now;
        let response = world.server.sign_in(0, now);
        world.judge.last_response = Some((0, response.clone(), now));
        response
    };
    let given = Object::of([("response".to_owned(), Value::Object(response))]);
    call(sim, 0, Verb::SetTokens, &given);
}

/// Lets time pass, until something is wrong; with `is_acting` only until the last action.
pub fn pass(sim: &Sim, ms: Ms, is_acting: bool) {
    let until = sim.borrow().now + ms;
    loop {
        let event = {
            let mut world = sim.borrow_mut();
            let is_over = is_acting && world.acts_left == 0;
            if world.judge.failure.is_some() || is_over {
                return;
            }
            world.next(until)
        };
        let Some(event) = event else { return };
        happen(sim, event);
    }
}

/// Takes the world apart: what is left then holds itself alive.
pub fn finish(seed: u64, sim: Sim) -> Report {
    let count = sim.borrow().contexts.len();
    for context in 0..count {
        discard(&sim, context);
    }
    let handles = Rc::strong_count(&sim);
    let mut world = sim.borrow_mut();
    if handles > 1 {
        world.fail(format!("{} things outlive their clients", handles - 1));
    }
    world.coverage.tabs = world.tabs.len();
    Report {
        seed,
        failure: world.judge.failure.take(),
        story: world.story.text(),
        coverage: std::mem::take(&mut world.coverage),
    }
}
