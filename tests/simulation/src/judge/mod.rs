//! What must hold, looked at when it happens: at each send, answer, write and settled call, and after each run of a page's code.

mod calls;
mod records;
mod sends;

pub use calls::Call;
pub use records::Held;
pub use sends::{Attempt, Exchange};

use crate::kept::Object;
use crate::server::Token;
use crate::world::{Ms, World};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Judge {
    /// The first thing that was wrong.
    pub failure: Option<String>,
    pub calls: Vec<Call>,
    /// Each time a client asked for its refresh lock.
    pub exchanges: BTreeMap<(usize, u32), Exchange>,
    /// What became of each refresh token that was sent.
    pub attempts: BTreeMap<Token, Attempt>,
    /// What each context held at the last look.
    pub held: BTreeMap<usize, Held>,
    /// Families that somebody signed out of, and when.
    pub signed_out: BTreeMap<usize, Ms>,
    /// Tabs where another session was put in the place of the one before.
    pub replaced: Vec<(usize, Ms)>,
    /// Families that gave way to another user's.
    pub ended: BTreeSet<usize>,
    /// Tabs whose storage somebody cleared.
    pub cleared: Vec<(usize, Ms)>,
    pub storage_failed_at: Option<Ms>,
    pub last_input: Ms,
    pub last_response: Option<(usize, Object, Ms)>,
    /// The device's clock was set back: when, and what it said before.
    pub set_back: Vec<(Ms, f64)>,
    /// Which families the server refused a refresh token of, in an answer that a tab had in its hands.
    pub refused: BTreeMap<usize, Ms>,
    pub background: Vec<(Ms, usize)>,
}

impl World {
    pub fn fail(&mut self, what: String) {
        let now = self.now;
        self.story.tell(now, None, || format!("WRONG: {what}"));
        if self.judge.failure.is_none() {
            self.judge.failure = Some(what);
        }
    }

    pub fn fail_in(&mut self, tab: usize, what: &str) {
        self.fail(format!("{}: {what}", Self::name(tab)));
    }

    pub fn jump_wall(&mut self, by: f64) {
        if by < 0.0 {
            let now = self.now;
            let wall = self.wall();
            self.judge.set_back.push((now, wall));
        }
        self.wall_offset += by;
        let now = self.now;
        self.story
            .tell(now, None, || format!("the device's clock jumps by {by}"));
    }
}
