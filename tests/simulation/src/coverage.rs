//! What the seeds met: each kind of fault at each stage of an exchange.

use crate::action::Action;
use crate::network::Fault;
use crate::world::{What, World};
use std::collections::BTreeMap;

/// How far a tab's exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Idle,
    /// The endpoint is being discovered.
    Discovering,
    /// The refresh lock is another's.
    Waiting,
    /// The lock is held; siblings are looked for and asked.
    Looking,
    /// The request is on its way.
    Sent,
    /// The server has seen it; the answer is on its way.
    Answered,
    /// The lock is held after a request: a pause before the next try, or the end.
    Ending,
}

impl Stage {
    pub const ALL: &[Self] = &[
        Self::Idle,
        Self::Discovering,
        Self::Waiting,
        Self::Looking,
        Self::Sent,
        Self::Answered,
        Self::Ending,
    ];
}

#[derive(Default)]
pub struct Coverage {
    pub actions: BTreeMap<(Action, Stage), u64>,
    /// A network fault, and which request of its exchange met it: the first one, or one that is sent again.
    pub faults: BTreeMap<(Fault, usize), u64>,
    /// Actions and faults of this seed.
    pub steps: usize,
    pub tabs: usize,
    /// How long after the end of an outage each tab asked.
    pub after_outage: Vec<u64>,
}

impl Coverage {
    pub fn met(&mut self, action: Action, stage: Stage) {
        self.steps += 1;
        *self.actions.entry((action, stage)).or_default() += 1;
    }

    /// `attempt`: 1 for an exchange's first request, 2 for one that is sent again.
    pub fn met_fault(&mut self, fault: Fault, attempt: usize) {
        self.steps += 1;
        *self.faults.entry((fault, attempt.min(2))).or_default() += 1;
    }
}

impl World {
    /// The furthest that any exchange of the tab is.
    pub fn stage(&self, tab: usize) -> Stage {
        let mut stage = Stage::Idle;
        for &id in &self.tabs[tab].contexts {
            let context = &self.contexts[id];
            for (&operation, entry) in &context.operations {
                let now = match entry.what {
                    What::Fetch(request) => match self.requests[request].endpoint {
                        crate::network::Endpoint::Metadata => Stage::Discovering,
                        crate::network::Endpoint::Token if self.requests[request].is_served => {
                            Stage::Answered
                        }
                        crate::network::Endpoint::Token => Stage::Sent,
                        _ => continue,
                    },
                    What::RefreshLock if !self.locks.holds((id, operation)) => Stage::Waiting,
                    What::RefreshLock => match self.judge.exchanges.get(&(id, operation)) {
                        Some(exchange) if exchange.sends > 0 => Stage::Ending,
                        _ => Stage::Looking,
                    },
                    _ => continue,
                };
                // A request says more than the lock that is held meanwhile.
                let is_more = match (stage, now) {
                    (Stage::Sent | Stage::Answered, Stage::Ending | Stage::Looking) => false,
                    (Stage::Ending | Stage::Looking, Stage::Sent | Stage::Answered) => true,
                    _ => now > stage,
                };
                if is_more {
                    stage = now;
                }
            }
        }
        stage
    }
}
