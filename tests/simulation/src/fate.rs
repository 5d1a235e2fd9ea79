//! What happens next, and carrying it out.

use crate::action::Action;
use crate::coverage::Stage;
use crate::kept::Object;
use crate::plan::pick;
use crate::server::Revoked;
use crate::shelf::Shelf;
use crate::sim::{crash, create_client, recover, tell_page};
use crate::world::{Event, Life, Ms, Sim, World};

/// The stages that an action is kept for; the shortest ones come up twice.
const RARE_STAGES: [Stage; 11] = [
    Stage::Discovering,
    Stage::Discovering,
    Stage::Waiting,
    Stage::Waiting,
    Stage::Waiting,
    Stage::Looking,
    Stage::Sent,
    Stage::Answered,
    Stage::Ending,
    Stage::Ending,
    Stage::Ending,
];

/// One more fault or user's action, and when the next one comes.
pub fn act(sim: &Sim) {
    let (tab, action) = {
        let mut world = sim.borrow_mut();
        if let Some(end) = world.asleep_until {
            world.at(end + 1, Event::Act);
            return;
        }
        if world.acts_left == 0 {
            return;
        }
        world.acts_left -= 1;
        let gap = world.gap();
        world.after(gap, Event::Act);
        let Some(tab) = world.some_tab() else { return };
        let lies_in_wait = world.ambush.is_none() && world.rng.u32(0..100) < 50;
        let action = world.some_action(lies_in_wait);
        if lies_in_wait {
            let stage = pick(&mut world.rng, &RARE_STAGES);
            world.ambush = Some((stage, action));
            return;
        }
        (tab, action)
    };
    carry_out(sim, tab, action);
}

impl World {
    /// Some actions come at once, some after a good while.
    fn gap(&mut self) -> Ms {
        let lifetime = self.plan.lifetime_ms() as Ms;
        match self.rng.u32(0..100) {
            0..35 => self.rng.u64(0..300),
            35..65 => self.rng.u64(300..10_000),
            65..85 => self.rng.u64(10_000..120_000),
            _ => self
                .rng
                .u64(0..=lifetime.clamp(60_000, 3 * 86_400_000) * 6 / 5)
                .min(200 * lifetime),
        }
    }

    fn some_tab(&mut self) -> Option<usize> {
        let open: Vec<usize> = (0..self.tabs.len())
            .filter(|&tab| self.tabs[tab].life != Life::Closed)
            .collect();
        (!open.is_empty()).then(|| pick(&mut self.rng, &open))
    }

    fn some_action(&mut self, lies_in_wait: bool) -> Action {
        const PLAIN: [Action; 4] = [
            Action::Refresh,
            Action::GetAccessToken,
            Action::GetAccessToken,
            Action::LookAt,
        ];
        if self.plan.kinds.is_empty() || self.rng.u32(0..100) < 30 {
            return pick(&mut self.rng, &PLAIN);
        }
        let action = pick(&mut self.rng, &self.plan.kinds);
        if action.is_rare() && !lies_in_wait && self.rng.u32(0..100) < 70 {
            return pick(&mut self.rng, &PLAIN);
        }
        action
    }

    /// Timers run as they should again.
    pub fn unthrottle(&mut self, tab: usize) {
        if self.tabs[tab].throttle > 0 {
            self.tabs[tab].throttle = 0;
            self.tabs[tab].throttled_at = self.now;
        }
    }

    /// Lets what lies in wait happen, where a tab has come to its place.
    pub fn spring_ambush(&mut self, tab: usize) {
        let Some((stage, action)) = self.ambush else {
            return;
        };
        if self.tabs[tab].life == Life::Running && self.stage(tab) == stage {
            self.ambush = None;
            let soon = self.rng.u64(0..10);
            self.after(soon, Event::Ambush { tab, action });
        }
    }

    fn any_context(&mut self, tab: usize) -> Option<usize> {
        let contexts = &self.tabs[tab].contexts;
        let open: Vec<usize> = contexts
            .iter()
            .copied()
            .filter(|&id| !self.contexts[id].is_gone && !self.contexts[id].is_closed)
            .collect();
        (!open.is_empty()).then(|| pick(&mut self.rng, &open))
    }
}

/// Does it to this tab, as far as that is possible; a tab that is not there comes back first.
pub fn carry_out(sim: &Sim, tab: usize, action: Action) {
    let life = {
        let mut world = sim.borrow_mut();
        if world.asleep_until.is_some() {
            return;
        }
        let (stage, now) = (world.stage(tab), world.now);
        world.coverage.met(action, stage);
        world.story.tell(now, Some(World::name(tab)), || {
            format!("{action:?} ({stage:?})")
        });
        world.tabs[tab].life
    };
    let is_of_device = matches!(
        action,
        Action::Sleep
            | Action::JumpWall
            | Action::LoseNetwork
            | Action::Cut
            | Action::RevokeAtServer
            | Action::FillStorage
    );
    match life {
        _ if is_of_device => on_device(sim, tab, action),
        Life::Closed => {}
        Life::Crashed => match action {
            Action::CloseWindow => close_window(sim, tab),
            _ => load(sim, tab),
        },
        Life::Hidden => match action {
            Action::Kill | Action::Reload | Action::KillAtStep => crash(sim, tab),
            Action::CloseWindow => close_window(sim, tab),
            _ => {
                let page = sim.borrow().tabs[tab].page;
                recover(sim, tab, page);
            }
        },
        Life::Hung => match action {
            Action::Kill | Action::KillAtStep => crash(sim, tab),
            Action::CloseWindow => close_window(sim, tab),
            _ => {}
        },
        Life::Running => on_page(sim, tab, action),
    }
}

fn on_device(sim: &Sim, tab: usize, action: Action) {
    let mut world = sim.borrow_mut();
    match action {
        Action::Sleep => {
            let ms = match world.rng.u32(0..3) {
                0 => world.rng.u64(1_000..60_000),
                1 => world.rng.u64(60_000..8 * 3_600_000),
                _ => (world.plan.lifetime_ms() * world.rng.f64() * 2.0) as Ms + 1_000,
            };
            world.fall_asleep(ms);
        }
        Action::JumpWall => {
            let by = pick(
                &mut world.rng,
                &[
                    -3_600_000.0,
                    -300_000.0,
                    -60_000.0,
                    -5_000.0,
                    5_000.0,
                    60_000.0,
                    300_000.0,
                    3_600_000.0,
                ],
            );
            world.jump_wall(by);
        }
        Action::LoseNetwork if world.is_online => {
            world.is_online = false;
            world.cut();
            let ms = pick(&mut world.rng, &[500, 5_000, 60_000, 900_000]);
            world.after(ms, Event::NetworkBack);
        }
        Action::Cut => world.cut(),
        Action::RevokeAtServer => {
            if let Some(family) = world.family_in(tab) {
                world.server.end(family, Revoked::Elsewhere);
            }
        }
        Action::FillStorage if world.storage_fault < 2 => {
            world.storage_fault ^= 1;
            world.judge.storage_failed_at = Some(world.now);
        }
        _ => {}
    }
}

fn tell_all(sim: &Sim, what: &'static str) {
    let mut world = sim.borrow_mut();
    for tab in 0..world.tabs.len() {
        let page = world.tabs[tab].page;
        let hop = world.hop();
        world.after(hop, Event::News { tab, page, what });
    }
}

/// The end of an outage.
pub fn network_back(sim: &Sim) {
    {
        let mut world = sim.borrow_mut();
        world.is_online = true;
        let now = world.now;
        world.judge.network_back_at = Some(now);
        world.judge.spread.clear();
        world
            .story
            .tell(now, None, || "the network is back".to_owned());
    }
    tell_all(sim, "online");
}

/// The laptop is opened again: the page hears of it in one way or several.
pub fn wake_up(sim: &Sim) {
    {
        let mut world = sim.borrow_mut();
        world.asleep_until = None;
        let now = world.now;
        world
            .story
            .tell(now, None, || "the device wakes up".to_owned());
    }
    let count = sim.borrow_mut().rng.usize(0..3);
    for _ in 0..count {
        tell_all(sim, "wake");
    }
    if sim.borrow_mut().rng.bool() {
        tell_all(sim, "online");
    }
}

pub fn load(sim: &Sim, tab: usize) {
    sim.borrow_mut().load_page(tab);
    create_client(sim, tab);
}

/// A new tab with a copy of this one's sessionStorage.
pub fn duplicate(sim: &Sim, tab: usize) {
    let session = sim.borrow().tabs[tab].session.clone();
    open_tab(sim, tab, session);
}

fn open_tab(sim: &Sim, from: usize, session: Shelf) {
    if sim.borrow().tabs.len() < 8 {
        let new = sim.borrow_mut().open_tab(session);
        sim.borrow_mut().duplicated(from, new);
        load(sim, new);
    }
}

fn close_window(sim: &Sim, tab: usize) {
    hide(sim, tab, "leave");
    crash(sim, tab);
    let mut world = sim.borrow_mut();
    world.set_life(tab, Life::Closed);
    world.tabs[tab].session = Shelf::default();
}

/// The page is told that it may sleep from here on, or is left, and does what it does about it at once.
fn hide(sim: &Sim, tab: usize, event: &'static str) {
    let (life, page) = {
        let mut world = sim.borrow_mut();
        world.tabs[tab].hidden_at = world.now;
        (world.tabs[tab].life, world.tabs[tab].page)
    };
    if life == Life::Running {
        tell_page(sim, tab, page, event);
    }
}

fn on_page(sim: &Sim, tab: usize, action: Action) {
    let page = sim.borrow().tabs[tab].page;
    match action {
        Action::Reload => {
            hide(sim, tab, "leave");
            crash(sim, tab);
            load(sim, tab);
        }
        Action::CloseWindow => {
            let open = sim
                .borrow()
                .tabs
                .iter()
                .filter(|tab| tab.life != Life::Closed)
                .count();
            if open > 1 {
                close_window(sim, tab);
            }
        }
        Action::RefreshEverywhere => crate::app::refresh_everywhere(sim),
        Action::OpenTab => open_tab(sim, tab, Shelf::default()),
        Action::Duplicate => duplicate(sim, tab),
        Action::LookAt | Action::Type => {
            let count = {
                let mut world = sim.borrow_mut();
                world.unthrottle(tab);
                world.rng.usize(1..4)
            };
            let what = if action == Action::Type {
                "active"
            } else {
                "wake"
            };
            if action == Action::Type {
                let mut world = sim.borrow_mut();
                world.judge.last_used = world.moment();
            }
            for _ in 0..count {
                tell_page(sim, tab, page, what);
            }
        }
        Action::ClearStorage => {
            let mut world = sim.borrow_mut();
            world.tabs[tab].session.clear();
            let now = world.now;
            world.judge.cleared.push((tab, now));
        }
        Action::Freeze | Action::Cache => {
            let is_frozen = action == Action::Freeze;
            hide(sim, tab, if is_frozen { "freeze" } else { "hide" });
            let mut world = sim.borrow_mut();
            if world.tabs[tab].life == Life::Running {
                world.set_life(tab, Life::Hidden);
                world.judge_hidden(tab, is_frozen);
            }
        }
        Action::Hang => {
            let mut world = sim.borrow_mut();
            world.set_life(tab, Life::Hung);
            let ms = pick(&mut world.rng, &[300, 5_000, 40_000, 100_000]);
            world.after(ms, Event::Recover { tab, page });
        }
        Action::Kill => {
            crash(sim, tab);
            if sim.borrow_mut().rng.bool() {
                load(sim, tab);
            }
        }
        Action::KillAtStep => {
            let mut world = sim.borrow_mut();
            let steps = world.rng.u32(0..40);
            world.tabs[tab].kill_in = Some(steps);
        }
        Action::Throttle => {
            let mut world = sim.borrow_mut();
            let throttle = pick(&mut world.rng, &[1_000, 60_000]);
            world.tabs[tab].throttle = throttle;
        }
        Action::OpenClient => {
            if sim.borrow().tabs[tab].contexts.len() < 6 {
                create_client(sim, tab);
            }
        }
        _ => {
            let context = sim.borrow_mut().any_context(tab);
            match context {
                Some(context) => crate::app::on_client(sim, tab, context, action),
                None => create_client(sim, tab),
            }
        }
    }
}

impl World {
    /// Nothing that is under way arrives, in either direction.
    fn cut(&mut self) {
        for id in 0..self.requests.len() {
            if self.requests[id].is_over {
                continue;
            }
            if !self.requests[id].is_served {
                self.requests[id].fault = Some(crate::network::Fault::DropBefore);
            } else if let Some(reply) = &mut self.requests[id].reply {
                reply.answer = Err(Object::of([("cause".to_owned(), "TypeError".into())]));
                reply.is_definite = false;
                reply.issued = None;
                reply.wait = None;
                self.requests[id].fault = Some(crate::network::Fault::DropAfter);
            }
        }
    }
}
