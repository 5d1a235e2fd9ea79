//! The sign-ins under way, and those that are used: in `sessionStorage`, without tokens.

use super::Session;
use crate::platform::{Kept, Platform, Slot, StorageFailed};
use crate::words::Word;

/// How long a sign-in may take.
pub const SIGN_IN_MS: f64 = 3_600_000.0;
/// The clock may be set back meanwhile, by so much at most.
const SET_BACK_MS: f64 = 24.0 * SIGN_IN_MS;
const MOST_SIGN_INS: u32 = 5;
const VERSION: f64 = 1.0;

/// Adds one. The oldest make room for it.
pub(super) fn add<P: Platform>(
    session: &Session<P>,
    sign_in: &P::Kept,
) -> Result<(), StorageFailed> {
    let list = sign_ins(session);
    list.push(sign_in);
    while list.at(MOST_SIGN_INS).is_some() {
        list.shift();
    }
    save(session, &list)
}

pub(super) fn find<K: Kept>(list: &K, callback: &K) -> Option<K> {
    (0..)
        .map_while(|at| list.at(at))
        .find(|sign_in| sign_in.same(Word::State, callback, Word::State))
}

/// The sign-ins under way or used, without those that are too old.
pub(super) fn sign_ins<P: Platform>(session: &Session<P>) -> P::Kept {
    let live = P::Kept::list();
    let stored = session.platform.load(Slot::SignIns).ok().flatten();
    let stored = stored.filter(|stored| stored.number(Word::Version) == VERSION);
    if let Some(list) = stored.and_then(|stored| stored.get(Word::SignIns)) {
        let now = session.platform.now().0;
        for sign_in in (0..).map_while(|at| list.at(at)) {
            let age = now - sign_in.number(Word::CreatedAt);
            if (-SET_BACK_MS..SIGN_IN_MS).contains(&age) {
                live.push(&sign_in);
            }
        }
    }
    live
}

/// Leaves of a sign-in what answers its callback seen again, and which session it brought, if any: no verifier, no nonce.
pub(super) fn use_up<P: Platform>(session: &Session<P>, used: &P::Kept, brought: Option<&P::Kept>) {
    let list = P::Kept::list();
    for sign_in in (0..).map_while({
        let stored = sign_ins(session);
        move |at| stored.at(at)
    }) {
        if !sign_in.same(Word::State, used, Word::State) {
            list.push(&sign_in);
            continue;
        }
        let rest = P::Kept::object();
        for &key in &[Word::State, Word::CreatedAt, Word::ReturnTo, Word::AppState] {
            sign_in.copy(key, &rest, key);
        }
        rest.flag(Word::Used, true);
        if let Some(brought) = brought {
            brought.copy(Word::Family, &rest, Word::Family);
        }
        list.push(&rest);
    }
    // Where storage is gone, the callback cannot be seen again either.
    let _ = save(session, &list);
}

fn save<P: Platform>(session: &Session<P>, list: &P::Kept) -> Result<(), StorageFailed> {
    let stored = P::Kept::object();
    stored.set(Word::Version, VERSION);
    stored.attach(Word::SignIns, list);
    session.platform.save(Slot::SignIns, &stored)
}

impl<P: Platform> Session<P> {
    /// Removes the sign-ins that are too old, with their secrets.
    pub(super) fn forget_sign_ins(&self) {
        let stored = self.platform.load(Slot::SignIns).ok().flatten();
        let stored = stored.and_then(|stored| stored.get(Word::SignIns));
        let live = sign_ins(self);
        let first = |list: &P::Kept| {
            list.at(0)
                .map_or(f64::NAN, |first| first.number(Word::CreatedAt))
        };
        if stored.is_none_or(|stored| first(&stored) == first(&live)) {
            return;
        }
        if live.at(0).is_some() {
            let _ = save(self, &live);
        } else {
            self.platform.remove(Slot::SignIns);
        }
    }
}
