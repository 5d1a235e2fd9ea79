//! What must hold, looked at when it happens: at each send, answer, write and settled call, and after each run of a page's code.

mod attempts;
mod background;
mod calls;
mod records;
mod sends;

pub use attempts::{Attempt, Limit};
pub use background::Background;
pub use calls::Call;
pub use records::Held;
pub use sends::{Exchange, NEWS_MS};

use crate::kept::Object;
use crate::server::Token;
use crate::world::{Moment, Ms, World};
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
    /// Somebody used a tab, or loaded one.
    pub last_used: Moment,
    pub last_response: Option<(usize, Object, Ms)>,
    /// The device's clock was set back: when, and what it said before.
    pub set_back: Vec<(Ms, f64)>,
    /// Which families the server refused a refresh token of, in an answer that a tab had in its hands.
    pub refused: BTreeMap<usize, Token>,
    /// When each client heard that its refresh token is refused.
    pub refused_at: BTreeMap<(usize, Token), Ms>,
    /// Requests that nobody asked for.
    pub background: Vec<Background>,
    /// When a refresh token of the family was last sent.
    pub last_send: BTreeMap<usize, Ms>,
    /// Which generation a tab has seen somewhere while it had this refresh token.
    pub saw_ahead: BTreeMap<(usize, Token), f64>,
    /// Families of which an answer said that the request itself is wrong: nothing goes on by itself.
    pub paused: BTreeSet<usize>,
    /// What an answer brought, and who has to have stored it when its code has run.
    pub must_store: Vec<(usize, usize, Token)>,
    /// The device's clock was set.
    pub has_jumped: bool,
    /// Some tab could not hear the others for a while.
    pub was_deaf: bool,
    /// When each access token came to the browser.
    pub fetched: BTreeMap<Token, Ms>,
    /// When each client last had an answer of the token endpoint.
    pub last_answer: BTreeMap<usize, Ms>,
    pub network_back_at: Option<Ms>,
    /// Who has asked since.
    pub spread: BTreeSet<usize>,
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
        self.judge.has_jumped = true;
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
