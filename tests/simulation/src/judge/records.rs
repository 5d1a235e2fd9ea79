//! What is held and what is stored: nothing is lost but for a listed reason, and nothing old replaces what is newer.

use super::NEWS_MS;
use crate::kept::Object;
use crate::network::Request;
use crate::plan::Storage;
use crate::server::{Rotation, Token, access_token, refresh_token};
use crate::world::{Life, Ms, Tab, What, World};
use rekindle::platform::{Event, Kept};
use rekindle::words::Word;

/// A client's tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    pub access: Option<Token>,
    pub refresh: Option<Token>,
    pub expires_at: f64,
    pub received_at: f64,
    pub generation: f64,
    /// When the client first had them.
    pub since: Ms,
    /// When it first had the access token, and how old that was then, by its clock.
    pub access_since: Ms,
    pub age_at_first: f64,
}

impl Held {
    pub fn of(record: &Object, world: &World) -> Self {
        let text = |name| record.member(name).to_text().to_string();
        Self {
            access: access_token(&text("access_token")),
            refresh: refresh_token(&text("refresh_token")),
            expires_at: record.number(Word::ExpiresAt),
            received_at: record.number(Word::ReceivedAt),
            generation: record.number(Word::Generation),
            since: world.now,
            access_since: world.now,
            age_at_first: world.wall() - record.number(Word::ReceivedAt),
        }
    }

    /// With what is known of the tokens since an earlier look.
    fn after(mut self, before: &Self) -> Self {
        if self.access == before.access {
            self.access_since = before.access_since;
            self.age_at_first = before.age_at_first;
            if self.refresh == before.refresh {
                self.since = before.since;
            }
        }
        self
    }

    pub fn family(&self) -> Option<usize> {
        self.access.or(self.refresh).map(|token| token.family)
    }
}

impl World {
    /// Looks at what the page's clients hold now.
    pub fn look_over(&mut self, tab: usize) {
        if matches!(self.tabs[tab].life, Life::Crashed | Life::Closed) {
            return;
        }
        let contexts = self.tabs[tab].contexts.clone();
        for context in contexts {
            let Some(client) = &self.contexts[context].client else {
                continue;
            };
            let record = client.record();
            if self.is_known(context, record.as_ref()) {
                continue;
            }
            let now = record.map(|record| Held::of(&record, self));
            let before = self.judge.held.get(&context).copied();
            match (before, now) {
                (Some(before), Some(now)) => {
                    let now = now.after(&before);
                    self.judge_change(tab, &before, &now);
                    self.judge.held.insert(context, now);
                }
                (Some(before), None) => {
                    self.judge.held.remove(&context);
                    self.judge_gone(tab, &before);
                }
                (None, Some(now)) => {
                    self.judge.held.insert(context, now);
                }
                (None, None) => {}
            }
        }
        self.judge_stored(tab);
        self.spring_ambush(tab);
    }

    /// Rule D: what came is stored before anything else can go wrong, in the same run of the tab's code.
    fn judge_stored(&mut self, tab: usize) {
        for (of, context, token) in std::mem::take(&mut self.judge.must_store) {
            let is_over = self.contexts[context].is_gone || of != tab;
            let held = self.judge.held.get(&context).copied();
            let is_ended = self.judge.signed_out.contains_key(&token.family)
                || self.judge.ended.contains(&token.family)
                || self.server.families[token.family].revoked.is_some();
            let is_weak = !self.plan.is_coordinated() && self.tabs.len() > 1;
            // Who finds the storage of all empty asks the others first.
            let is_in_doubt = self.plan.storage == Storage::Local
                && self.tabs[tab].local.get(crate::shelf::RECORD).is_none();
            if is_over
                || is_ended
                || is_weak
                || is_in_doubt
                || self
                    .judge
                    .cleared
                    .iter()
                    .any(|(cleared, _)| *cleared == tab)
            {
                continue;
            }
            // One that was bought with the same token, and that somebody else stored first, is as good.
            let held = held.and_then(|held| held.refresh);
            if held.is_none() || self.is_spent(held, Some(token)) {
                self.fail_in(tab, &format!("{token:?} came and is not held"));
            }
            // What found no room is known to this page load.
            let unsaved = self.tabs[tab].unsaved.get(crate::shelf::RECORD).cloned();
            let shelf = self.shelf(context, crate::shelf::RECORD);
            let stored = unsaved.or_else(|| shelf.get(crate::shelf::RECORD).cloned());
            let stored = stored.and_then(|record| Held::of(&record, self).refresh);
            if (stored.is_none() || self.is_spent(stored, Some(token))) && self.storage_fault == 0 {
                self.fail_in(tab, &format!("{token:?} came and is not stored"));
            }
        }
    }

    /// What the client holds at this moment, with the time since when.
    pub fn held_now(&self, context: usize) -> Option<Held> {
        let record = self.contexts[context].client.as_ref()?.record()?;
        let now = Held::of(&record, self);
        let before = self.judge.held.get(&context);
        Some(before.map_or(now, |before| now.after(before)))
    }

    /// Whether it is the very object that was seen at the last look.
    fn is_known(&mut self, context: usize, record: Option<&Object>) -> bool {
        let look = Object::object();
        if let Some(record) = record {
            look.attach(Word::Record, record);
        }
        let is_known = look.same(Word::Record, &self.contexts[context].seen, Word::Record);
        self.contexts[context].seen = look;
        is_known
    }

    fn judge_change(&mut self, tab: usize, before: &Held, now: &Held) {
        if before.family() != now.family() {
            let is_meant = self.judge.replaced.iter().any(|(other, _)| *other == tab)
                || self.plan.storage != Storage::Session;
            if !is_meant && !self.plan.share_session {
                self.fail_in(
                    tab,
                    &format!(
                        "{:?} gave way to {:?} for no reason",
                        before.refresh, now.refresh
                    ),
                );
            }
            return;
        }
        if self.is_spent(now.refresh, before.refresh) {
            let what = format!(
                "{:?} was replaced by the older {:?}",
                before.refresh, now.refresh
            );
            self.fail_in(tab, &what);
        }
        // Of two that were bought with the same token, the later write stays where nobody takes turns.
        let takes_turns = self.plan.is_coordinated() || self.plan.storage != Storage::Local;
        // Without rotation a tab may have gone on from an earlier generation while nobody who was ahead was there.
        let is_other_line =
            self.plan.rotation == Rotation::Never && now.generation > before.generation;
        if now.refresh == before.refresh
            && now.access < before.access
            && takes_turns
            && !is_other_line
            && !self.came_after_sleep(now.access)
        {
            let what = format!(
                "{:?} was replaced by the older {:?}",
                before.access, now.access
            );
            self.fail_in(tab, &what);
        }
    }

    /// Whether the page slept while the request was open that brought this.
    fn came_after_sleep(&self, access: Option<Token>) -> bool {
        let brought = |request: &&Request| {
            let reply = request.reply.as_ref();
            let issued = reply.and_then(|reply| reply.issued);
            issued.is_some_and(|(token, _)| Some(token) == access)
        };
        let request = self.requests.iter().rev().find(brought);
        request.is_some_and(|request| {
            self.tabs[self.contexts[request.context].tab].hidden_at >= request.sent
        })
    }

    /// Whether the one was given for the other.
    fn is_spent(&self, one: Option<Token>, other: Option<Token>) -> bool {
        one.zip(other)
            .is_some_and(|(one, other)| self.server.descends(other, one))
    }

    /// Why a session may end: the server refused it, somebody signed out, or storage was cleared.
    fn judge_gone(&mut self, tab: usize, before: &Held) {
        let Some(family) = before.family() else {
            return;
        };
        let is_cleared = self.judge.cleared.iter().any(|(other, _)| *other == tab);
        let is_listed = self.judge.refused.contains_key(&family)
            || self.judge.signed_out.contains_key(&family)
            || self.judge.ended.contains(&family)
            || self.judge.replaced.iter().any(|(other, _)| *other == tab)
            || is_cleared
            || before.refresh.is_none()
            || self.was_emptied(tab)
            || self.was_no_room(tab);
        if !is_listed {
            self.fail_in(
                tab,
                &format!(
                    "{:?} was lost for no reason",
                    before.refresh.or(before.access)
                ),
            );
        }
    }

    /// Whether a storage that all tabs share was emptied by a sign-out, of whichever session it held, while this tab slept.
    fn was_emptied(&self, tab: usize) -> bool {
        let own = &self.tabs[tab];
        let mut sign_outs = self.judge.signed_out.values();
        self.plan.storage == Storage::Local && sign_outs.any(|&at| own.was_away(at))
    }

    /// Whether a storage that all tabs share was too full for what a tab had, which could not hand it over to this one: its word was lost,
    /// it slept or it died, lately or while this one slept.
    fn was_no_room(&self, own: usize) -> bool {
        let own = &self.tabs[own];
        let is_mute = |tab: &Tab| match tab.life {
            Life::Running => {
                let is_again = tab.page > 1;
                is_again && (self.now < tab.loaded_at + NEWS_MS || own.was_away(tab.loaded_at))
            }
            Life::Hung | Life::Hidden => true,
            Life::Crashed | Life::Closed => {
                self.now < tab.changed_at + NEWS_MS || own.was_away(tab.changed_at)
            }
        };
        self.plan.storage == Storage::Local
            && self.judge.storage_failed_at.is_some()
            && (!self.plan.is_coordinated() || self.tabs.iter().any(is_mute))
    }

    /// A session ended, as the client says.
    pub fn judge_loss(&mut self, context: usize, event: Event) {
        let tab = self.contexts[context].tab;
        let Some(held) = self.judge.held.get(&context).copied() else {
            return;
        };
        let Some(family) = held.family() else { return };
        if event != Event::SessionLost {
            return;
        }
        let refused = self.judge.refused.get(&family).copied();
        // Where words get lost, or a tab dies with a rotation in its hands, a family goes on in two lines, and the generations do not say
        // whose token is newer. Once the server has revoked the family it takes neither.
        let is_over = self.server.families[family].revoked.is_some();
        if refused.is_none() || (refused < held.refresh && !is_over) {
            let what = format!(
                "{:?} was given up for lost; the server refused {refused:?}",
                held.refresh
            );
            self.fail_in(tab, &what);
        }
        let Some(&refused_at) = held
            .refresh
            .and_then(|token| self.judge.refused_at.get(&(context, token)))
        else {
            return;
        };
        // Whoever had newer tokens then, and can speak, would have said so.
        let is_awake = |tab: usize| {
            let tab = &self.tabs[tab];
            tab.life == Life::Running && refused_at > tab.changed_at.max(self.woke_at)
        };
        let successor = self.judge.held.iter().find(|&(&other, newer)| {
            let other = &self.contexts[other];
            self.is_spent(held.refresh, newer.refresh)
                && newer.since <= refused_at
                && is_awake(other.tab)
                && !other.is_closed
        });
        let can_ask = self.plan.has_channel && self.plan.loss == 0 && is_awake(tab);
        if let Some((&other, newer)) = successor
            && can_ask
        {
            let (other, newer) = (Self::name(self.contexts[other].tab), newer.refresh);
            let what = format!("the session was given up though {other} holds {newer:?}");
            self.fail_in(tab, &what);
        }
    }

    /// A record is about to be stored.
    pub fn judge_save(&mut self, context: usize, record: &Object) {
        let tab = self.contexts[context].tab;
        let new = Held::of(record, self);
        let Some(family) = new.family() else { return };
        if let Some(token) = new.refresh {
            let is_noted = record.number(Word::SentAt).is_finite();
            self.announce(tab, token, is_noted);
        }
        if let Some(&at) = self.judge.signed_out.get(&family)
            && self.now > at + 1_000
            && self.judge.storage_failed_at.is_none()
            // Without storage there is no tombstone: who slept never hears of it, and may hand the session on.
            && !(self.plan.is_storage_blocked
                && (!self.plan.is_coordinated() || self.tabs.iter().any(|tab| tab.hidden_at > 0)))
            // A tab that hung learns of things in the order in which they wait for it.
            && self.now > self.tabs[tab].changed_at
        {
            self.fail_in(
                tab,
                &format!(
                    "{:?} was stored after the sign-out",
                    new.refresh.or(new.access)
                ),
            );
        }
        let stored = self
            .shelf(context, crate::shelf::RECORD)
            .get(crate::shelf::RECORD)
            .cloned();
        let stored = stored.map(|record| Held::of(&record, self));
        // What a page could not store when there was no room hides from it what others have stored since.
        let is_hidden =
            self.plan.storage == Storage::Local && self.judge.storage_failed_at.is_some();
        let stored = stored.filter(|stored| stored.family() == Some(family) && !is_hidden);
        if let Some(stored) = stored
            && self.is_spent(new.refresh, stored.refresh)
        {
            self.fail_in(
                tab,
                &format!(
                    "{:?} was stored over the newer {:?}",
                    new.refresh, stored.refresh
                ),
            );
        }
    }

    pub fn holds_valid_token(&self, context: usize) -> bool {
        self.judge.held.get(&context).is_some_and(|held| {
            let lifetime = held.expires_at - held.received_at;
            let is_fresh_by_age =
                self.now.saturating_sub(held.access_since) as f64 <= lifetime - 1_000.0;
            held.expires_at > self.wall() + 1_000.0
                && is_fresh_by_age
                && held.access.is_some()
                && self.judge.set_back.is_empty()
        })
    }

    /// Somebody signs out of what these clients have; their tab may die before that is done.
    pub fn signing_out(&mut self, clients: &[usize]) -> Vec<usize> {
        let families = self.families_held(clients);
        self.judge.ended.extend(&families);
        families
    }

    /// Somebody has signed out of these.
    pub fn signed_out(&mut self, families: &[usize]) {
        for &family in families {
            self.judge.signed_out.entry(family).or_insert(self.now);
        }
    }

    /// Another session is put in the place of this tab's.
    pub fn replacing(&mut self, tab: usize) {
        self.judge.replaced.push((tab, self.now));
        self.judge.ended.extend(self.families_of(tab));
    }

    pub fn holds_family(&self, tab: usize, family: usize) -> bool {
        self.families_of(tab).contains(&family)
    }

    pub fn families_of(&self, tab: usize) -> Vec<usize> {
        self.families_held(&self.tabs[tab].contexts)
    }

    fn families_held(&self, clients: &[usize]) -> Vec<usize> {
        clients
            .iter()
            .filter_map(|client| self.judge.held.get(client)?.family())
            .collect()
    }

    pub fn family_in(&self, tab: usize) -> Option<usize> {
        self.families_of(tab).first().copied()
    }

    pub fn posted(&mut self, from: usize, message: &Object) {
        let tab = self.contexts[from].tab;
        // Whoever dies after this has told the others of an attempt, made or not; if there are others.
        let is_alone = |tab: usize| {
            let mut others = self.tabs.iter().enumerate();
            others.all(|(other, entry)| other == tab || entry.life != Life::Running)
        };
        if !is_alone(tab)
            && message.number(Word::SentAt).is_finite()
            && let Some(token) = self.held_now(from).and_then(|held| held.refresh)
        {
            self.announce(tab, token, true);
        }
        self.story.tell(self.now, Some(Self::name(tab)), || {
            format!("client {from}: posts {}", said(message))
        });
    }

    pub fn duplicated(&mut self, from: usize, new: usize) {
        self.judge.was_deaf = true;
        if self.judge.replaced.iter().any(|(other, _)| *other == from) {
            self.judge.replaced.push((new, self.now));
        }
        self.story.tell(self.now, Some(Self::name(new)), || {
            format!("opened from {}", Self::name(from))
        });
    }

    /// Promise 9: a page that may go into the back/forward cache holds no lock and listens to no channel; a frozen one holds no lock.
    pub fn judge_hidden(&mut self, tab: usize, is_frozen: bool) {
        let contexts = self.tabs[tab].contexts.clone();
        for context in contexts {
            let context = &self.contexts[context];
            if context.is_gone {
                continue;
            }
            let is_open =
                !is_frozen && context.attends & rekindle::platform::attention::SIBLINGS != 0;
            let holds = context
                .operations
                .values()
                .any(|entry| matches!(entry.what, What::RefreshLock | What::Presence));
            if is_open || holds {
                self.fail_in(tab, "hidden with a lock or the channel open");
                return;
            }
        }
    }
}

/// A message's own members, without the record that it may carry.
fn said(message: &Object) -> String {
    let members = message
        .entries()
        .into_iter()
        .filter(|(name, _)| name != "family" && name != "record");
    members
        .map(|(name, value)| format!("{name} {}", value.to_text()))
        .collect::<Vec<_>>()
        .join(", ")
}
