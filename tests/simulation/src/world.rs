//! The world of one seed: a device with a browser and its tabs, a network, a server, and one queue of events.

use crate::coverage::Coverage;
use crate::judge::Judge;
use crate::kept::Object;
use crate::locks::Locks;
use crate::network::{Fault, Request};
use crate::page::Page;
use crate::plan::{Plan, Storage};
use crate::server::Server;
use crate::shelf::Shelf;
use crate::story::Story;
use fastrand::Rng;
use rekindle::client::Client;
use rekindle::task::Tasks;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::rc::Rc;

/// Real time, in milliseconds from the beginning of the world: nobody in it has this clock but the server.
pub type Ms = u64;

/// What the time of day is at the beginning.
pub const EPOCH: f64 = 1_800_000_000_000.0;

pub type Sim = Rc<RefCell<World>>;

/// What the clocks of the browser's pages say at some time.
#[derive(Clone, Copy, Default)]
pub struct Moment {
    at: Ms,
    wall: f64,
    awake: f64,
}

impl Moment {
    /// How much later it is then, by the clock that went further, and not more than it is.
    pub fn until(self, then: Self) -> f64 {
        let by_clock = (then.wall - self.wall).max(then.awake - self.awake);
        by_clock.min(then.at.saturating_sub(self.at) as f64)
    }
}

/// What happens at some time.
#[derive(Debug)]
pub enum Event {
    /// A request reaches the server.
    Arrive {
        request: usize,
    },
    /// Its answer, or its failure, reaches the browser.
    Answer {
        request: usize,
    },
    Timer {
        context: usize,
        operation: u32,
        due: f64,
    },
    /// An operation ends with nothing, or with an object.
    Finish {
        context: usize,
        operation: u32,
        result: Option<Object>,
    },
    /// The lock manager is asked who is there.
    LookAround {
        context: usize,
        operation: u32,
        family: Option<String>,
    },
    Message {
        context: usize,
        message: Object,
    },
    /// The page hears of something.
    News {
        tab: usize,
        page: u32,
        what: &'static str,
    },
    /// Another tab's write to localStorage reaches this one.
    Stored {
        tab: usize,
        slot: usize,
    },
    Abort {
        tab: usize,
        page: u32,
        call: usize,
    },
    /// A tab that hung goes on.
    Recover {
        tab: usize,
        page: u32,
    },
    /// The laptop is opened.
    WakeUp,
    /// The end of an outage.
    NetworkBack,
    /// The next fault or user's action.
    Act,
    /// One that lay in wait for a tab to come to some stage of an exchange.
    Ambush {
        tab: usize,
        action: crate::action::Action,
    },
}

impl Event {
    /// The server's side of the world goes on while the device sleeps.
    fn is_of_device(&self) -> bool {
        !matches!(
            self,
            Self::Arrive { .. }
                | Self::WakeUp
                | Self::NetworkBack
                | Self::Act
                | Self::Ambush { .. }
        )
    }
}

struct Entry {
    at: Ms,
    /// Decides between events of the same moment.
    tie: u16,
    sequence: u64,
    event: Event,
}

impl Entry {
    fn key(&self) -> (Ms, u16, u64) {
        (self.at, self.tie, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Running,
    /// Stopped without a word, until it recovers.
    Hung,
    /// Frozen, or in the back/forward cache: it was told.
    Hidden,
    /// Killed: nothing of it runs until it is loaded again.
    Crashed,
    /// The window is gone for good.
    Closed,
}

pub struct Tab {
    pub life: Life,
    /// Counts its page loads.
    pub page: u32,
    pub loaded_at: Ms,
    /// What the page's clock had lost to sleep when it began.
    stopped_before: Ms,
    /// The clients of this page load.
    pub contexts: Vec<usize>,
    pub session: Shelf,
    /// What could not be stored: this page load knows it.
    pub unsaved: Shelf,
    /// What this tab's process has seen of localStorage.
    pub local: Shelf,
    pub backlog: VecDeque<Event>,
    /// Its timers come at multiples of this only.
    pub throttle: Ms,
    /// When they last did.
    pub throttled_at: Ms,
    /// It is killed at this step of its code.
    pub kill_in: Option<u32>,
    pub steps: u32,
    pub changed_at: Ms,
    /// When it was last told that it may sleep.
    pub hidden_at: Ms,
}

impl Tab {
    /// Whether it slept then, or may have.
    pub fn was_away(&self, at: Ms) -> bool {
        (self.hidden_at..self.changed_at).contains(&at)
    }
}

/// One client's outside, as `src/browser/context.js` has it.
pub struct Context {
    pub tab: usize,
    pub is_gone: bool,
    pub gone_at: Ms,
    pub is_closed: bool,
    pub created_at: Ms,
    pub attends: u8,
    pub operations: BTreeMap<u32, Operation>,
    pub last_operation: u32,
    pub news: VecDeque<Object>,
    pub log: Object,
    pub memory: Shelf,
    /// The record at the last look.
    pub seen: Object,
    /// A message is not overtaken by the next one: when the last one of each sender comes.
    pub heard_until: BTreeMap<usize, Ms>,
    /// Whether it told the page of something since the last look.
    pub has_told: bool,
    pub tasks: Option<Rc<Tasks>>,
    pub client: Option<Client<Page>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Timer,
    Fetch(usize),
    Verify,
    RefreshLock,
    Presence,
    Who,
    News,
}

pub struct Operation {
    pub what: What,
    pub result: Option<Result<Option<Object>, Object>>,
    /// Whether its result was taken.
    pub is_taken: bool,
}

pub struct World {
    pub plan: Plan,
    pub rng: Rng,
    pub now: Ms,
    queue: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    pub wall_offset: f64,
    stopped: Ms,
    pub asleep_until: Option<Ms>,
    pub woke_at: Ms,
    pub is_online: bool,
    /// What storage does: 0 works, 1 full, 2 blocked.
    pub storage_fault: u8,
    pub tabs: Vec<Tab>,
    pub contexts: Vec<Context>,
    pub locks: Locks,
    pub local: Shelf,
    pub server: Server,
    pub requests: Vec<Request>,
    pub recent: Vec<Ms>,
    /// What the next requests meet, in their order.
    pub forced: VecDeque<Option<Fault>>,
    /// Faults are over.
    pub is_calm: bool,
    pub acts_left: usize,
    pub ambush: Option<(crate::coverage::Stage, crate::action::Action)>,
    pub story: Story,
    pub judge: Judge,
    pub coverage: Coverage,
}

impl World {
    pub fn new(plan: Plan, rng: Rng, story: Story) -> Self {
        Self {
            server: Server {
                rotation: plan.rotation,
                errors: plan.errors,
                lifetime_s: plan.lifetime_s,
                id_tokens: plan.id_tokens,
                families: Vec::new(),
            },
            acts_left: plan.actions,
            rng,
            now: 1,
            queue: BinaryHeap::new(),
            sequence: 0,
            wall_offset: 0.0,
            stopped: 0,
            asleep_until: None,
            woke_at: 0,
            is_online: true,
            storage_fault: if plan.is_storage_blocked { 2 } else { 0 },
            plan,
            tabs: Vec::new(),
            contexts: Vec::new(),
            locks: Locks::default(),
            local: Shelf::default(),
            requests: Vec::new(),
            recent: Vec::new(),
            forced: VecDeque::new(),
            is_calm: false,
            ambush: None,
            story,
            judge: Judge::default(),
            coverage: Coverage::default(),
        }
    }

    pub fn after(&mut self, ms: Ms, event: Event) {
        self.at(self.now + ms, event);
    }

    pub fn at(&mut self, at: Ms, event: Event) {
        let tie = self.rng.u16(..);
        self.sequence += 1;
        self.queue.push(Reverse(Entry {
            at,
            tie,
            sequence: self.sequence,
            event,
        }));
    }

    /// The next event, its time having come; none where there is none before `until`.
    pub fn next(&mut self, until: Ms) -> Option<Event> {
        loop {
            if self
                .queue
                .peek()
                .is_none_or(|Reverse(entry)| entry.at > until)
            {
                self.now = until.max(self.now);
                return None;
            }
            let Reverse(entry) = self.queue.pop()?;
            self.now = self.now.max(entry.at);
            match self.asleep_until {
                // In its order, since nothing else of the device happens before.
                Some(end) if entry.event.is_of_device() && end > self.now => {
                    self.queue.push(Reverse(Entry { at: end, ..entry }));
                }
                _ => return Some(entry.event),
            }
        }
    }

    /// The laptop is shut for so long. What the pages' clocks lose depends on the world.
    pub fn fall_asleep(&mut self, ms: Ms) {
        let end = self.now + ms;
        self.asleep_until = Some(end);
        self.woke_at = end;
        if self.plan.mono_stops {
            self.stopped += ms;
        }
        self.at(end, Event::WakeUp);
    }

    /// What a page's clocks say of now.
    pub fn moment(&self) -> Moment {
        Moment {
            at: self.now,
            wall: self.wall(),
            awake: self.now.saturating_sub(self.stopped) as f64,
        }
    }

    pub fn wall(&self) -> f64 {
        EPOCH + self.now as f64 + self.wall_offset
    }

    pub fn mono(&self, tab: usize) -> f64 {
        let tab = &self.tabs[tab];
        // While the device sleeps nobody looks at this clock, so that it may already have lost what it will.
        (self.now + tab.stopped_before).saturating_sub(tab.loaded_at + self.stopped) as f64
    }

    /// How long a message between the browser's processes takes.
    pub fn hop(&mut self) -> Ms {
        if self.rng.u8(0..50) == 0 {
            self.rng.u64(0..60)
        } else {
            self.rng.u64(0..3)
        }
    }

    pub fn open_tab(&mut self, session: Shelf) -> usize {
        let local = self.local.clone();
        self.tabs.push(Tab {
            life: Life::Running,
            page: 0,
            loaded_at: self.now,
            stopped_before: self.stopped,
            contexts: Vec::new(),
            session,
            unsaved: Shelf::default(),
            local,
            backlog: VecDeque::new(),
            throttle: 0,
            throttled_at: 0,
            kill_in: None,
            steps: 0,
            changed_at: self.now,
            hidden_at: 0,
        });
        self.tabs.len() - 1
    }

    pub fn load_page(&mut self, tab: usize) {
        let local = self.local.clone();
        let (now, stopped) = (self.now, self.stopped);
        let tab = &mut self.tabs[tab];
        tab.life = Life::Running;
        tab.page += 1;
        tab.loaded_at = now;
        tab.stopped_before = stopped;
        tab.local = local;
        tab.contexts.clear();
        tab.unsaved = Shelf::default();
        tab.backlog.clear();
        tab.throttle = 0;
        tab.changed_at = now;
        self.judge.last_used = self.moment();
    }

    pub fn set_life(&mut self, tab: usize, life: Life) {
        self.tabs[tab].life = life;
        self.judge.was_deaf |= matches!(life, Life::Hung | Life::Hidden);
        self.tabs[tab].changed_at = self.now;
    }

    /// The contexts that live, by number.
    pub fn live(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.contexts.len()).filter(|&context| !self.contexts[context].is_gone)
    }

    /// Where a client's slot is.
    pub fn shelf(&mut self, context: usize, slot: usize) -> &mut Shelf {
        let tab = self.contexts[context].tab;
        match (slot, self.plan.storage) {
            (crate::shelf::TOMBSTONES, _) | (crate::shelf::RECORD, Storage::Local) => {
                &mut self.tabs[tab].local
            }
            (crate::shelf::RECORD, Storage::Memory) => &mut self.contexts[context].memory,
            _ => &mut self.tabs[tab].session,
        }
    }

    /// A letter for a tab.
    pub fn name(tab: usize) -> char {
        char::from(b'A' + u8::try_from(tab % 26).unwrap_or(0))
    }
}
