//! Carrying out events: entering a page's code, and what the shell around a client does there.

use crate::kept::Object;
use crate::page::{Killed, Page};
use crate::shelf::Shelf;
use crate::world::{Context, Event, Life, Sim};
use rekindle::client::{Begun, Client, Verb};
use rekindle::platform::{Kept, attention};
use rekindle::task::Tasks;
use rekindle::words::Word;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;

/// Runs code of a tab's page: the one way in. It may be the tab's end.
pub fn enter(sim: &Sim, tab: usize, code: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(code)) else {
        return;
    };
    if panic.is::<Killed>() {
        let now = sim.borrow().now;
        let name = crate::world::World::name(tab);
        sim.borrow_mut()
            .story
            .tell(now, Some(name), || "is killed".to_owned());
        crash(sim, tab);
        return;
    }
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    sim.borrow_mut()
        .fail(format!("the code panicked: {}", text.unwrap_or_default()));
    crash(sim, tab);
}

/// The tab's process is gone, with all that it had in memory.
pub fn crash(sim: &Sim, tab: usize) {
    sim.borrow_mut().set_life(tab, Life::Crashed);
    let contexts = sim.borrow().tabs[tab].contexts.clone();
    for context in contexts {
        discard(sim, context);
    }
    let mut world = sim.borrow_mut();
    world.tabs[tab].kill_in = None;
    world.tabs[tab].backlog.clear();
}

/// Ends a context. What is dropped asks the world, so the world is not borrowed meanwhile.
pub fn discard(sim: &Sim, context: usize) {
    let (tasks, client) = {
        let mut world = sim.borrow_mut();
        if !world.contexts[context].is_gone {
            world.contexts[context].is_gone = true;
            world.contexts[context].gone_at = world.now;
        }
        world.contexts[context].attends = 0;
        world.gone(context);
        let context = &mut world.contexts[context];
        (context.tasks.take(), context.client.take())
    };
    drop(tasks);
    drop(client);
    let left: Vec<u32> = sim.borrow().contexts[context]
        .operations
        .keys()
        .copied()
        .collect();
    for operation in left {
        sim.borrow_mut().cancel(context, operation);
    }
}

/// Polls what a context has to do, then lets the page's other clients know.
pub fn run(sim: &Sim, context: usize) {
    let tab = sim.borrow().contexts[context].tab;
    poll(sim, context);
    for _ in 0..20 {
        let told = {
            let mut world = sim.borrow_mut();
            let contexts = world.tabs[tab].contexts.clone();
            contexts
                .into_iter()
                .find(|&id| std::mem::take(&mut world.contexts[id].has_told))
        };
        let Some(told) = told else { break };
        let others: Vec<usize> = {
            let world = sim.borrow();
            world.tabs[tab]
                .contexts
                .iter()
                .copied()
                .filter(|&id| id != told && !world.contexts[id].is_gone)
                .collect()
        };
        for other in others {
            let client = sim.borrow().contexts[other].client.clone();
            if let Some(client) = client {
                enter(sim, tab, || client.look_again());
                poll(sim, other);
            }
        }
    }
    sim.borrow_mut().look_over(tab);
}

fn poll(sim: &Sim, context: usize) {
    let (tab, tasks) = {
        let world = sim.borrow();
        (
            world.contexts[context].tab,
            world.contexts[context].tasks.clone(),
        )
    };
    let Some(tasks) = tasks else { return };
    enter(sim, tab, || {
        tasks.tell();
        tasks.run();
    });
    give_back(sim, context);
}

/// A closed client goes when nothing of it is under way.
fn give_back(sim: &Sim, context: usize) {
    let is_done = {
        let world = sim.borrow();
        let context = &world.contexts[context];
        context.is_closed && !context.is_gone && context.operations.is_empty()
    };
    if is_done {
        discard(sim, context);
    }
}

/// A new client in a tab's page.
pub fn create_client(sim: &Sim, tab: usize) {
    let tasks = Rc::new(Tasks::default());
    let (id, config) = {
        let mut world = sim.borrow_mut();
        let created_at = world.now;
        world.judge.last_used = world.moment();
        let log = Object::of(
            ["exchanges", "warnings"]
                .map(|name| (name.to_owned(), crate::kept::Value::Object(Object::list()))),
        );
        world.contexts.push(Context {
            tab,
            is_gone: false,
            gone_at: 0,
            is_closed: false,
            created_at,
            attends: 0,
            operations: BTreeMap::new(),
            last_operation: 0,
            news: VecDeque::new(),
            log,
            memory: Shelf::default(),
            seen: Object::object(),
            heard_until: BTreeMap::new(),
            has_told: false,
            tasks: Some(tasks.clone()),
            client: None,
        });
        let id = world.contexts.len() - 1;
        world.tabs[tab].contexts.push(id);
        (id, world.plan.config())
    };
    let page = Page::new(sim.clone(), id, &tasks);
    drop(tasks);
    enter(sim, tab, || match Client::create(page, &config) {
        Ok(client) => sim.borrow_mut().contexts[id].client = Some(client),
        Err(error) => {
            let text = error.about.stringify();
            sim.borrow_mut()
                .fail(format!("createClient failed: {text}"));
        }
    });
    run(sim, id);
    let must_share = sim.borrow().plan.share_session;
    if must_share {
        call(sim, id, Verb::TakeOver, &Object::object());
    }
}

/// Begins a call of the app.
pub fn call(sim: &Sim, context: usize, verb: Verb, options: &Object) -> Option<usize> {
    let (tab, client, tasks) = {
        let world = sim.borrow();
        let context = &world.contexts[context];
        (context.tab, context.client.clone()?, context.tasks.clone()?)
    };
    let aborted = Rc::new(Cell::new(false));
    let call = sim
        .borrow_mut()
        .called(context, verb, options, aborted.clone());
    let own = sim.clone();
    enter(sim, tab, move || {
        let begun = client.begin(verb, options);
        let is_done = matches!(begun, Ok(Begun::Done(_)));
        if is_done {
            own.borrow_mut().judge.calls[call].is_immediate = true;
        }
        tasks.spawn(async move {
            let aborted = poll_fn(move |_| {
                if aborted.get() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            });
            let outcome = client.finish(verb, begun, aborted).await;
            own.borrow_mut().settled(call, outcome);
        });
    });
    run(sim, context);
    Some(call)
}

/// As the shell does it: callers hear at once, what is under way goes on.
pub fn close_client(sim: &Sim, context: usize) {
    let aborted = sim.borrow_mut().closed(context);
    for aborted in aborted {
        aborted.set(true);
    }
    let (client, open) = {
        let mut world = sim.borrow_mut();
        world.contexts[context].is_closed = true;
        let open = world.open_refreshes(context);
        (world.contexts[context].client.clone(), open)
    };
    let tab = sim.borrow().contexts[context].tab;
    if let Some(client) = client {
        enter(sim, tab, || client.close());
    }
    run(sim, context);
    sim.borrow_mut().judge_closed(context, &open);
}

/// Carries out one event.
pub fn happen(sim: &Sim, event: Event) {
    let Some(event) = postponed(sim, event) else {
        return;
    };
    match event {
        Event::Arrive { request } => sim.borrow_mut().arrive(request),
        Event::Answer { request } => {
            let context = sim.borrow_mut().answer(request);
            if let Some(context) = context {
                run(sim, context);
            }
        }
        Event::Timer {
            context,
            operation,
            due,
        } => {
            let is_due = sim.borrow_mut().timer(context, operation, due);
            if is_due {
                run(sim, context);
            }
        }
        Event::Finish {
            context,
            operation,
            result,
        } => {
            let is_wanted = sim.borrow_mut().finish(context, operation, Ok(result));
            if is_wanted {
                run(sim, context);
            }
        }
        Event::LookAround {
            context,
            operation,
            family,
        } => {
            let mut world = sim.borrow_mut();
            let result = world.look_around(family.as_deref());
            if let (Some(who), Some(family)) = (&result, &family) {
                world.judge_who(context, family, who.number(Word::Generation));
            }
            let hop = world.hop();
            world.after(
                hop,
                Event::Finish {
                    context,
                    operation,
                    result,
                },
            );
        }
        Event::Message { context, message } => {
            let is_heard = sim.borrow_mut().hear_message(context, message);
            if is_heard {
                run(sim, context);
            }
        }
        Event::News { tab, page, what } => tell_page(sim, tab, page, what),
        Event::Stored { tab, slot } => {
            let page = {
                let mut world = sim.borrow_mut();
                let value = world.local.get(slot).cloned();
                world.tabs[tab].local.put(slot, value);
                world.tabs[tab].page
            };
            tell_page(sim, tab, page, "stored");
        }
        Event::Abort { tab, page, call } => {
            let aborted = {
                let world = sim.borrow();
                let call = &world.judge.calls[call];
                (world.tabs[tab].page == page && call.outcome.is_none())
                    .then(|| (call.context, call.aborted.clone()))
            };
            if let Some((context, aborted)) = aborted {
                sim.borrow_mut().judge.calls[call].is_aborted = true;
                aborted.set(true);
                run(sim, context);
            }
        }
        Event::Recover { tab, page } => recover(sim, tab, page),
        Event::WakeUp => crate::fate::wake_up(sim),
        Event::NetworkBack => crate::fate::network_back(sim),
        Event::Act => crate::fate::act(sim),
        Event::Ambush { tab, action } => {
            if !sim.borrow().is_calm {
                crate::fate::carry_out(sim, tab, action);
            }
        }
    }
}

/// What happens to a page that does not run waits, or is lost.
fn postponed(sim: &Sim, event: Event) -> Option<Event> {
    let mut world = sim.borrow_mut();
    let tab = match &event {
        Event::Answer { request } => world.contexts[world.requests[*request].context].tab,
        Event::Timer { context, .. }
        | Event::Finish { context, .. }
        | Event::Message { context, .. } => world.contexts[*context].tab,
        Event::News { tab, .. } | Event::Stored { tab, .. } | Event::Abort { tab, .. } => *tab,
        Event::Arrive { .. }
        | Event::LookAround { .. }
        | Event::Recover { .. }
        | Event::WakeUp
        | Event::NetworkBack
        | Event::Act
        | Event::Ambush { .. } => return Some(event),
    };
    match world.tabs[tab].life {
        Life::Running => Some(event),
        Life::Hung | Life::Hidden => {
            world.tabs[tab].backlog.push_back(event);
            None
        }
        // Storage is the browser's, and loaded anew with the page.
        Life::Crashed | Life::Closed => None,
    }
}

/// The page's own events, to each client that attends to them.
pub fn tell_page(sim: &Sim, tab: usize, page: u32, what: &'static str) {
    if sim.borrow().tabs[tab].page != page {
        return;
    }
    let part = if what == "active" {
        attention::INPUT
    } else {
        attention::PAGE
    };
    let contexts = sim.borrow().tabs[tab].contexts.clone();
    for context in contexts {
        let hears = {
            let mut world = sim.borrow_mut();
            let context = &mut world.contexts[context];
            let hears = !context.is_gone && context.attends & part != 0;
            if hears {
                context
                    .news
                    .push_back(Object::of([("event".to_owned(), what.into())]));
            }
            hears
        };
        if hears {
            run(sim, context);
        }
    }
}

/// A tab that hung, or was hidden, goes on with what waited for it.
pub fn recover(sim: &Sim, tab: usize, page: u32) {
    let backlog = {
        let mut world = sim.borrow_mut();
        if world.tabs[tab].page != page
            || !matches!(world.tabs[tab].life, Life::Hung | Life::Hidden)
        {
            return;
        }
        let was_hidden = world.tabs[tab].life == Life::Hidden;
        world.set_life(tab, Life::Running);
        let name = crate::world::World::name(tab);
        let now = world.now;
        world.story.tell(now, Some(name), || "goes on".to_owned());
        let mut backlog = std::mem::take(&mut world.tabs[tab].backlog);
        if was_hidden {
            backlog.push_front(Event::News {
                tab,
                page,
                what: "show",
            });
        }
        backlog
    };
    for event in backlog {
        happen(sim, event);
    }
}

impl crate::world::World {
    /// Whether the timer is due: its page's clock may have stood still, and timers of pages that nobody sees are late.
    fn timer(&mut self, context: usize, operation: u32, due: f64) -> bool {
        if !self.contexts[context].operations.contains_key(&operation) {
            return false;
        }
        let tab = self.contexts[context].tab;
        let left = due - self.mono(tab);
        if left > 0.0 {
            self.after(
                left.ceil() as u64,
                Event::Timer {
                    context,
                    operation,
                    due,
                },
            );
            return false;
        }
        let throttle = self.tabs[tab].throttle;
        if throttle > 0 && !self.now.is_multiple_of(throttle) {
            let wait = throttle - self.now % throttle;
            self.after(
                wait,
                Event::Timer {
                    context,
                    operation,
                    due,
                },
            );
            return false;
        }
        self.finish(context, operation, Ok(None))
    }

    fn hear_message(&mut self, context: usize, message: Object) -> bool {
        let tab = self.contexts[context].tab;
        if self.contexts[context].is_gone
            || self.contexts[context].attends & attention::SIBLINGS == 0
        {
            return false;
        }
        let what = message.member("what").to_text();
        self.story.tell(self.now, Some(Self::name(tab)), || {
            format!("is told: {what}")
        });
        let news = Object::of([("event".to_owned(), "message".into())]);
        news.attach(Word::Message, &message);
        self.contexts[context].news.push_back(news);
        true
    }
}
