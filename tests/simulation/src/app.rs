//! What the app asks of its clients.

use crate::action::Action;
use crate::kept::{Object, Value};
use crate::plan::{Storage, pick};
use crate::sim::{call, close_client};
use crate::world::{Event, Life, Sim};
use rekindle::client::Verb;
use rekindle::platform::Kept;
use rekindle::words::Word;

/// All tabs at once, as after a wake-up.
pub fn refresh_everywhere(sim: &Sim) {
    let clients: Vec<usize> = {
        let world = sim.borrow();
        let is_open = |id: &usize| {
            let context = &world.contexts[*id];
            !context.is_closed && world.tabs[context.tab].life == Life::Running
        };
        world.live().filter(is_open).collect()
    };
    for client in clients {
        call(sim, client, Verb::Refresh, &Object::object());
    }
}

pub fn on_client(sim: &Sim, tab: usize, context: usize, action: Action) {
    let options = Object::object();
    let verb = match action {
        Action::Refresh => Verb::Refresh,
        Action::RefreshNarrower => {
            options.write("scope", "openid".into());
            Verb::Refresh
        }
        Action::RefreshBriefly => {
            let ms = pick(&mut sim.borrow_mut().rng, &[1.0, 50.0, 400.0]);
            options.set(Word::TimeoutMs, ms);
            Verb::Refresh
        }
        Action::GetAccessToken => Verb::GetAccessToken,
        Action::GetLongAccessToken => {
            let needed = sim.borrow().plan.lifetime_ms() / 2_000.0;
            options.set(Word::MinValiditySeconds, needed);
            Verb::GetAccessToken
        }
        Action::GiveUp => {
            if let Some(call) = call(sim, context, Verb::Refresh, &options) {
                let mut world = sim.borrow_mut();
                let page = world.tabs[tab].page;
                let ms = pick(&mut world.rng, &[0, 5, 50, 500, 3_000]);
                world.after(ms, Event::Abort { tab, page, call });
            }
            return;
        }
        Action::Introspect => Verb::Introspect,
        Action::SetTokens | Action::SetSameTokens => return set_tokens(sim, tab, context, action),
        Action::SignOut | Action::SignOutLocally => {
            options.flag(Word::Local, action == Action::SignOutLocally);
            // With "memory" each client has a session of its own.
            let is_shared = sim.borrow().plan.storage != Storage::Memory;
            let clients = if is_shared {
                sim.borrow().tabs[tab].contexts.clone()
            } else {
                vec![context]
            };
            let families = sim.borrow_mut().signing_out(&clients);
            for other in clients.into_iter().filter(|&other| other != context) {
                // A closed one too, as long as something of it is under way: the shell's `callOthers` knows it till then.
                let is_there = !sim.borrow().contexts[other].is_gone;
                if is_there {
                    let local = Object::object();
                    local.flag(Word::Local, true);
                    call(sim, other, Verb::SignOut, &local);
                }
            }
            call(sim, context, Verb::SignOut, &options);
            let mut world = sim.borrow_mut();
            let is_cleared = world.judge.cleared.iter().any(|(other, _)| *other == tab);
            if world.tabs[tab].life == Life::Running && !is_cleared {
                world.signed_out(&families);
            }
            return;
        }
        Action::CloseClient => {
            close_client(sim, context);
            return;
        }
        _ => return,
    };
    call(sim, context, verb, &options);
}

fn set_tokens(sim: &Sim, tab: usize, context: usize, action: Action) {
    let response = {
        let mut world = sim.borrow_mut();
        let now = world.now;
        match world.judge.last_response.clone() {
            Some((family, response, at))
                if action == Action::SetSameTokens
                    && now - at < 5_000
                    && world.server.families[family].revoked.is_none()
                    && !world.judge.signed_out.contains_key(&family)
                    && !world.judge.ended.contains(&family)
                    // Who puts spent tokens in the place of newer ones has lost the newer ones.
                    && !world.holds_family(tab, family) =>
            {
                response
            }
            _ => {
                let user = world.rng.usize(0..3);
                let response = world.server.sign_in(user, now);
                let family = world.server.families.len() - 1;
                world.judge.last_response = Some((family, response.clone(), now));
                response
            }
        }
    };
    {
        let mut world = sim.borrow_mut();
        world.replacing(tab);
        // The app says that they have come just now, which the client has to believe.
        let now = world.now;
        let given = response.member("access_token").to_text().to_string();
        if let Some(access) = crate::server::access_token(&given) {
            world.judge.fetched.insert(access, now);
        }
    }
    let given = Object::of([("response".to_owned(), Value::Object(response))]);
    call(sim, context, Verb::SetTokens, &given);
}
