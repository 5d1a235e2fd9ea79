//! Ending the session: here first, whatever the network does; then in the other tabs, and at the server as well as can be.

use super::{Outcome, Session, record, retry};
use crate::config::{self, MAY_BE_ABSENT, SIGNAL, TEXT, TIMEOUT};
use crate::error::Error;
use crate::platform::{Event, Kept, Kind, Platform, Slot};
use crate::protocol::discovery::Endpoint;
use crate::protocol::{end_session, revocation};
use crate::task::{Shared, unless};
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;

/// How long leaving waits for the revocation.
const FAREWELL_MS: f64 = 300.0;

impl<P: Platform> Session<P> {
    /// Clears everything of this client in every tab, and answers those who wait for a refresh. Gives what was held.
    pub fn sign_out(&self) -> Option<P::Kept> {
        self.sign_outs.set(self.sign_outs.get().wrapping_add(1));
        self.look_again();
        self.is_signed_out.set(true);
        // What was discovered is needed to revoke and to leave, and is in memory from here on.
        let _ = self.known_metadata();
        let held = self.record();
        if let Some(held) = &held {
            self.bury(held, true);
            self.tell_signed_out(held);
        }
        for &slot in &[Slot::SignIns, Slot::Metadata, Slot::Keys, Slot::Record] {
            self.platform.remove(slot);
        }
        self.platform.close_popups();
        self.begin_epoch(false);
        if held.is_some() {
            self.end(Event::SignedOut, None);
        }
        self.land(None, Err(Error::new(Code::SignedOut)));
        held
    }

    /// Revokes the refresh token of a record or an answer, where there is one and where the endpoint is known: one attempt, which
    /// outlives the page. Ends when the server has answered; nobody has to wait for that.
    pub(super) fn revoke(self: &Rc<Self>, held: &P::Kept) -> Shared<()> {
        let done = Shared::new();
        let endpoint = self.known_endpoint(Endpoint::Revocation);
        let endpoint = endpoint.filter(|_| held.kind(Word::RefreshToken).is_text());
        let Some((metadata, name)) = endpoint else {
            done.bring(());
            return done;
        };
        let form = revocation::request(&self.config.settings, held, Word::RefreshToken);
        let (session, bring) = (self.clone(), done.clone());
        self.platform.spawn(async move {
            let _ = session
                .revoked(&(metadata, name), &form, Word::SignedOut)
                .await;
            bring.bring(());
        });
        done
    }

    /// Asks for a revocation by a request that outlives the page. An answer without a body is as good as any here (RFC 7009 §2.2).
    async fn revoked(
        &self,
        (metadata, name): &(P::Kept, Word),
        form: &P::Kept,
        why: Word,
    ) -> Outcome<P::Kept> {
        let sent = self.moment();
        let request = self.platform.fetch_last(metadata, *name, form);
        let answer = self.answer_to(request, retry::LONGEST_MS).await;
        let is_done = |answer: &P::Kept| (200.0..300.0).contains(&answer.number(Word::Status));
        if let Ok(answer) = &answer
            && is_done(answer)
            && answer.get(Word::Body).is_none()
        {
            answer.attach(Word::Body, &P::Kept::object());
        }
        self.judged(answer, form, *name, why, sent)
    }
}

/// Checks the options of `revoke`: which token is meant.
pub fn kind<K: Kept>(options: &K) -> Result<Word, Error<K>> {
    let hint = Word::OptionTokenTypeHint;
    config::check(
        options,
        &[
            (hint, MAY_BE_ABSENT | TEXT, Problem::NotKind),
            SIGNAL,
            TIMEOUT,
        ],
    )?;
    if options.is(hint, Word::AccessToken) {
        Ok(Word::AccessToken)
    } else if options.kind(hint).is_absent() || options.is(hint, Word::RefreshToken) {
        Ok(Word::RefreshToken)
    } else {
        Err(Error::field(hint, Problem::NotKind))
    }
}

/// Revokes the token held of this kind, which then leaves the record, in every tab.
pub async fn revoke<P: Platform>(session: Rc<Session<P>>, kind: Word) -> Outcome<P::Kept> {
    let held = || {
        session
            .live_record()
            .ok()
            .filter(|record| record::has(record, kind))
            .ok_or_else(|| Error::new(Code::NoSession))
    };
    held()?;
    let endpoint = session.endpoint(Endpoint::Revocation).await?;
    // An exchange under way brings another token in its place.
    session.until(|session| !session.has_flight()).await;
    let record = held()?;
    let form = revocation::request(&session.config.settings, &record, kind);
    let answer = session.revoked(&endpoint, &form, Word::Call).await?;
    if let Some(held) = session.record()
        && held.same(kind, &record, kind)
    {
        let rest = record::again(&session.config.settings, &held);
        rest.set(Word::Generation, held.number(Word::Generation) + 1.0);
        if kind == Word::RefreshToken {
            rest.remove(kind);
        } else {
            // A record is never without one; this is none that anybody is given.
            rest.put(kind, Word::Revoke);
            rest.set(Word::ReceivedAt, 0.0);
            rest.set(Word::ExpiresAt, 1.0);
        }
        session.store(rest.clone());
        if session.live_record().is_ok() {
            session.hand_over(&rest, 0.0);
            if !session.page {
                // In a page this is seen by what renews.
                session.watch_expiry();
            }
        } else {
            // Nothing usable is left, in any tab.
            session.bury(&rest, true);
            session.tell_signed_out(&rest);
            session.end(Event::SignedOut, None);
        }
    }
    Ok(answer)
}

/// Ends the session at the server too: revokes the refresh token, and leaves for the end-session endpoint unless `local` says otherwise.
/// The answer is an object whose `url` is to be left for, where there is one.
pub async fn leave<P: Platform>(
    session: Rc<Session<P>>,
    held: Option<P::Kept>,
    options: P::Kept,
) -> Outcome<P::Kept> {
    let goal = P::Kept::object();
    // Without a page there is nobody to go anywhere.
    let is_local = options.kind(Word::Local) == Kind::True || !session.page;
    let to_revoke = held.clone();
    if let Some(held) = to_revoke.filter(|_| options.kind(Word::Revoke) != Kind::False) {
        let done = Shared::new();
        let (own, bring) = (session.clone(), done.clone());
        session.platform.spawn(async move {
            // It may have to be looked for first, in both documents.
            let _ = own.endpoint(Endpoint::Revocation).await;
            own.revoke(&held).wait().await;
            bring.bring(());
        });
        if !is_local {
            unless(done.wait(), session.platform.sleep(FAREWELL_MS)).await;
        }
    }
    if is_local {
        return Ok(goal);
    }
    match session.endpoint(Endpoint::EndSession).await {
        Ok((metadata, name)) => {
            metadata.copy(name, &goal, Word::Url);
            let held = held.unwrap_or_else(P::Kept::object);
            let params = end_session::request(&session.config.settings, &held, &options);
            goal.add_query(Word::Url, &params);
            Ok(goal)
        }
        // Another sign-out has overtaken this one, and leaves.
        Err(error) if error.is(Code::SignedOut) => Ok(goal),
        // Only who asks for the server's sign-out is told that there is none.
        Err(error) if is_asked(&options) => Err(error),
        Err(_) => Ok(goal),
    }
}

/// Whether the server's sign-out was asked for by name.
pub fn is_asked<K: Kept>(options: &K) -> bool {
    [Word::Local, Word::PostLogoutRedirectUri, Word::State]
        .iter()
        .any(|&option| !options.kind(option).is_absent())
}
