//! Authorization code with PKCE: leaving for the server, by redirect or in a popup, and coming back.
//!
//! A sign-in under way is kept in `sessionStorage`, with no token in it, for 60 minutes and at most five at once. It is used once: what
//! stays of it then (its `state`, and what the app wanted back) answers the same callback seen again after Back or reload.

use super::endpoints::without_secrets;
use super::exchange::not_usable;
use super::keys::invalid;
use super::popup::{self, Source};
use super::sign_ins::{add, find, sign_ins, use_up};
use super::{Outcome, Session, record};
use crate::config::{self, MAY_BE_ABSENT, NUMBER, OBJECT, Rule, SIGNAL, TEXT, TEXTS, TIMEOUT};
use crate::error::Error;
use crate::platform::{Event, Kept, Kind, Platform, StorageFailed, Wall};
use crate::protocol::discovery::Endpoint;
use crate::protocol::text::has_word;
use crate::protocol::{authorization, id_token, pushed_authorization, token};
use crate::task::Shared;
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;
use core::mem::forget;

/// So many sign-ins within this time are no loop yet.
const MOST_IN_A_LOOP: usize = 3;
const LOOP_MS: f64 = 60_000.0;

const RULES: [Rule; 11] = [
    (
        Word::OptionReturnTo,
        MAY_BE_ABSENT | TEXT,
        Problem::NotSameOrigin,
    ),
    (Word::State, !Kind::Function.only(), Problem::NotJson),
    (Word::Scope, MAY_BE_ABSENT | TEXTS, Problem::NotTextOrList),
    (
        Word::OptionLoginHint,
        MAY_BE_ABSENT | TEXT,
        Problem::NotText,
    ),
    (Word::Prompt, MAY_BE_ABSENT | TEXT, Problem::NotText),
    (
        Word::OptionAcrValues,
        MAY_BE_ABSENT | TEXTS,
        Problem::NotTextOrList,
    ),
    (
        Word::OptionMaxAge,
        MAY_BE_ABSENT | NUMBER,
        Problem::NotSeconds,
    ),
    (Word::Idp, MAY_BE_ABSENT | TEXT, Problem::NotText),
    (Word::ExtraParams, MAY_BE_ABSENT | OBJECT, Problem::NotTexts),
    SIGNAL,
    TIMEOUT,
];

/// Checks the options of `signIn`, or of `signInWithPopup`, which comes back to where it was.
pub fn check<K: Kept>(options: &K, is_popup: bool) -> Result<(), Error<K>> {
    let rules = if is_popup { RULES.get(2..) } else { None };
    config::check(options, rules.unwrap_or(&RULES))?;
    if let Some(extra) = options.get(Word::ExtraParams) {
        if !extra.copy_all(&K::object()) {
            return Err(Error::field(Word::ExtraParams, Problem::NotTexts));
        }
        for &name in &authorization::OF_THE_PROTOCOL {
            if !extra.kind(name).is_absent() {
                return Err(Error::field(name, Problem::OfTheProtocol));
            }
        }
    }
    Ok(())
}

/// Whether there is a page to leave, and one to come back to.
pub fn check_page<P: Platform>(session: &Session<P>) -> Result<(), Error<P::Kept>> {
    if session.platform.address().is_none() {
        return Err(Error::new(Code::Unsupported).because(Word::Authorization));
    }
    if session.config.redirect_uri.is_none() {
        return Err(Error::field(Word::ConfigRedirectUri, Problem::Required));
    }
    Ok(())
}

/// Prepares a sign-in: an object whose `url` is the server's page to leave for. In a popup it is led there, and the answer is the tokens.
pub async fn sign_in<P: Platform>(
    session: Rc<Session<P>>,
    options: P::Kept,
    popup: Option<P::Operation>,
) -> Outcome<P::Kept> {
    let config = &session.config;
    let sign_outs = session.sign_outs.get();
    let is_popup = popup.is_some();
    // The browser sees to it that no popup opens without a click.
    if !is_popup && is_looping(&session) {
        return Err(Error::new(Code::LoginLoop));
    }
    let sign_in = begin(&session, &options)?;
    session.is_signed_out.set(false);
    if is_popup {
        sign_in.append(Word::State, Word::OfPopup);
    }
    let (metadata, name) = session.endpoint(Endpoint::Authorization).await?;
    let said = said(&session, &metadata);
    let announced = Word::IssParameterSupported;
    said.copy(announced, &sign_in, announced);
    let mut params = authorization::request(&config.settings, &sign_in, &options);
    if said.kind(Word::RequirePushedAuthorizationRequests) == Kind::True || config.push {
        let endpoint = Endpoint::PushedAuthorizationRequest;
        let endpoint = session.endpoint(endpoint).await?;
        let answer = session.ask(endpoint, &params).await?;
        params = pushed_authorization::reference(&config.settings, &answer)?;
    }

    if session.sign_outs.get() != sign_outs {
        return Err(Error::new(Code::SignedOut));
    }
    let saved = add(&session, &sign_in).map_err(|failed| match failed {
        StorageFailed::NotJson => Error::field(Word::State, Problem::NotJson),
        StorageFailed::Full | StorageFailed::Unavailable => Error::new(Code::StorageUnavailable),
    });
    // This page stays, and knows what storage refused.
    if !is_popup {
        saved?;
    }

    let address = P::Kept::object();
    sign_in.copy(Word::State, &address, Word::State);
    metadata.copy(name, &address, Word::Url);
    address.add_query(Word::Url, &params);
    let Some(popup) = popup else {
        return Ok(address);
    };
    session.platform.lead_popup(&popup, &address);
    let guard = popup::Guard(&session.platform);
    let source = Source::Popup(popup, address, sign_outs);
    let outcome = finish(session.clone(), source).await;
    forget(guard);
    outcome?;
    session.given_tokens()
}

/// Whether this tab has begun so many sign-ins of late that the app seems to begin another one after each, and nobody has just asked for
/// this one.
fn is_looping<P: Platform>(session: &Session<P>) -> bool {
    let now = session.platform.now().0;
    let list = sign_ins(session);
    let recent = (0..)
        .map_while(|at| list.at(at))
        .filter(|sign_in| !is_of_popup(sign_in) && now - sign_in.number(Word::CreatedAt) < LOOP_MS);
    !session.platform.is_activated() && recent.count() >= MOST_IN_A_LOOP
}

fn begin<P: Platform>(session: &Session<P>, options: &P::Kept) -> Outcome<P::Kept> {
    let settings = &session.config.settings;
    let sign_in = P::Kept::object();
    for &secret in &[Word::State, Word::Nonce, Word::CodeVerifier] {
        session.platform.random(&sign_in, secret);
    }
    sign_in.set(Word::CreatedAt, session.platform.now().0);
    for &key in &[Word::Issuer, Word::RedirectUri, Word::Scope] {
        settings.copy(key, &sign_in, key);
    }
    options.copy_joined(Word::Scope, &sign_in, Word::Scope);
    options.copy_joined(Word::OptionAcrValues, &sign_in, Word::AcrValues);
    options.copy(Word::OptionMaxAge, &sign_in, Word::MaxAge);
    options.copy(Word::State, &sign_in, Word::AppState);
    if options.kind(Word::OptionReturnTo).is_text() {
        let page = session.platform.address();
        let url = session
            .platform
            .relative(options, Word::OptionReturnTo)
            .filter(|url| page.is_some_and(|page| url.same(Word::Origin, &page, Word::Origin)))
            // A path that begins so would be read as a host.
            .filter(|url| !url.starts(Word::Pathname, Word::TwoSlashes))
            .ok_or_else(|| Error::field(Word::OptionReturnTo, Problem::NotSameOrigin))?;
        for &part in &[Word::Pathname, Word::Search, Word::Hash] {
            sign_in.append_member(Word::ReturnTo, &url, part);
        }
    }
    Ok(sign_in)
}

/// Whether a sign-in, or its callback, belongs to a popup.
pub fn is_of_popup<K: Kept>(it: &K) -> bool {
    it.ends(Word::State, Word::OfPopup)
}

/// A callback, whose parameters are taken out of the address bar at once; `None` where the URL (the page's own, where `options` has no
/// `url`) is none.
pub fn recognise<P: Platform>(
    session: &Session<P>,
    options: &P::Kept,
) -> Result<Option<Source<P>>, Error<P::Kept>> {
    let rule = (Word::Url, MAY_BE_ABSENT | TEXT, Problem::NotUrl);
    config::check(options, &[rule])?;
    let page = session.platform.address();
    let url = if options.kind(Word::Url).is_absent() {
        page.clone()
    } else {
        let url = session.platform.relative(options, Word::Url);
        Some(url.ok_or_else(|| Error::field(Word::Url, Problem::NotUrl))?)
    };
    let Some((url, callback)) = url.and_then(|url| {
        let callback = callback(session, &url)?;
        Some((url, callback))
    }) else {
        return Ok(None);
    };
    let is_page = page.is_some_and(|page| {
        [Word::Origin, Word::Pathname, Word::Search]
            .iter()
            .all(|&part| page.same(part, &url, part))
    });
    if is_page {
        session.platform.clean_address();
    }
    Ok(Some(if is_page && is_of_popup(&callback) {
        Source::OwnWindow(callback, url)
    } else {
        Source::Callback(callback)
    }))
}

/// The parameters of a URL that is a callback of this client's.
pub(super) fn callback<P: Platform>(session: &Session<P>, url: &P::Kept) -> Option<P::Kept> {
    authorization::callback(url, session.config.redirect_uri.as_ref()?)
}

/// Finishes a sign-in: the answer is `{ tokens, returnTo, state }`. The exchange of the code goes on whoever waits for it.
pub async fn finish<P: Platform>(session: Rc<Session<P>>, source: Source<P>) -> Outcome<P::Kept> {
    let outcome = Shared::new();
    let (own, bring) = (session.clone(), outcome.clone());
    session.platform.spawn(async move {
        if let Some(callback) = source.callback(&own, &bring).await {
            bring.bring(exchange(&own, &callback).await);
        }
    });
    outcome.wait().await
}

async fn exchange<P: Platform>(session: &Rc<Session<P>>, callback: &P::Kept) -> Outcome<P::Kept> {
    let list = sign_ins(session);
    let mismatch = |reason| Err(Error::new(Code::StateMismatch).because(reason));
    let Some(sign_in) = find(&list, callback) else {
        let has_others = list.at(0).is_some();
        return mismatch(if has_others {
            Word::State
        } else {
            Word::NoTransaction
        });
    };
    if sign_in.kind(Word::Used) == Kind::True {
        let is_there = session
            .live_record()
            .is_ok_and(|held| record::is_same_family(&held, &sign_in));
        return if is_there {
            result(session, &sign_in)
        } else {
            mismatch(Word::NoTransaction)
        };
    }
    if let Err(error) = authorization::check(callback, &sign_in) {
        use_up(session, &sign_in, None);
        return Err(without_secrets(error, &sign_in));
    }
    // Before anything is sent or waited for: a code is sent once, whatever comes of it (RFC 6749 §4.1.2).
    use_up(session, &sign_in, None);
    let sign_outs = session.sign_outs.get();
    let endpoint = session.endpoint(Endpoint::Token).await?;
    // What the metadata announce may be known only now.
    let said = said(session, &endpoint.0);
    let announced = Word::IssParameterSupported;
    said.copy(announced, &sign_in, announced);
    authorization::check(callback, &sign_in).map_err(|error| without_secrets(error, &sign_in))?;
    if is_openid(&sign_in) {
        session.prepare_keys();
    }
    let settings = &session.config.settings;
    let form = token::code_request(settings, callback, &sign_in);
    let sent = session.moment();
    let answer = session.ask(endpoint, &form).await?;
    let is_over =
        || session.sign_outs.get() != sign_outs || find(&sign_ins(session), callback).is_none();
    let mut next = Err(Error::new(Code::SignedOut));
    if !is_over() {
        next = accept(session, &answer, sent.wall, &sign_in).await;
    }
    if is_over() {
        // A sign-out, by another client of this page too, removes every sign-in.
        next = Err(Error::new(Code::SignedOut));
    }
    let next = next.inspect_err(|_| drop(session.revoke(&answer)))?;
    session.estimate_offset(&answer, sent);
    use_up(session, &sign_in, Some(&next));
    session.replace(next)?;
    result(session, &sign_in)
}

/// The record that an answer makes: nothing of one whose ID token fails a check, or that has none where `openid` was asked for.
async fn accept<P: Platform>(
    session: &Rc<Session<P>>,
    answer: &P::Kept,
    sent: Wall,
    sign_in: &P::Kept,
) -> Outcome<P::Kept> {
    let config = &session.config;
    let next = record::empty(&config.settings);
    sign_in.copy(Word::Scope, &next, Word::Scope);
    session.platform.random(&next, Word::Family);
    token::take(answer, sent, &next).map_err(not_usable)?;
    if answer.kind(Word::IdToken).is_text() || is_openid(sign_in) {
        id_token::check_sign_in(answer, &config.settings, sign_in, config.tolerance_s)
            .map_err(invalid)?;
        session.verify(answer, false).await.map_err(|error| {
            if error.is(Code::IdTokenInvalid) || error.is(Code::CryptoUnavailable) {
                return error;
            }
            let unknown: Error<P::Kept> = invalid(Word::Signature);
            unknown.about.attach_error(Word::Cause, &error.about);
            unknown
        })?;
    }
    if has_context(&next, sign_in) {
        Ok(next)
    } else {
        Err(step_up(sign_in))
    }
}

/// What the server's metadata say, where they are known: it counts whoever named the endpoint.
fn said<P: Platform>(session: &Session<P>, named: &P::Kept) -> P::Kept {
    session.known_metadata().unwrap_or_else(|| named.clone())
}

/// Whether an ID token was asked for.
fn is_openid<K: Kept>(sign_in: &K) -> bool {
    let openid = K::object();
    openid.put(Word::Scope, Word::Openid);
    has_word(sign_in, Word::Scope, &openid, Word::Scope)
}

/// Begins a session with tokens obtained elsewhere, once it is seen who signed the ID token.
pub async fn adopt<P: Platform>(session: Rc<Session<P>>, record: P::Kept) -> Outcome<P::Kept> {
    let sign_outs = session.sign_outs.get();
    session.verify_refreshed(&record).await?;
    if session.sign_outs.get() != sign_outs {
        return Err(Error::new(Code::SignedOut));
    }
    session.replace(record)
}

/// Whether the user signed in in one of the ways that were asked for, if any (OpenID Connect Core §3.1.2.1, RFC 9470 §5). Where no ID token
/// was asked for, only the access token says.
fn has_context<K: Kept>(next: &K, sign_in: &K) -> bool {
    !sign_in.kind(Word::AcrValues).is_text()
        || !(next.kind(Word::IdToken).is_text() || is_openid(sign_in))
        || next
            .claims(Word::IdToken)
            .is_some_and(|claims| has_word(sign_in, Word::AcrValues, &claims, Word::Acr))
}

fn step_up<K: Kept>(sign_in: &K) -> Error<K> {
    let error = Error::new(Code::LoginRequired).because(Word::StepUp);
    sign_in.copy(Word::AcrValues, &error.about, Word::OptionAcrValues);
    sign_in.copy(Word::MaxAge, &error.about, Word::OptionMaxAge);
    error
}

impl<P: Platform> Session<P> {
    /// Begins a session with these tokens in the place of any other. The tabs that held the earlier one drop it, unless it is known to be
    /// the same user's.
    pub fn replace(self: &Rc<Self>, record: P::Kept) -> Outcome<P::Kept> {
        record::begin_family(&record);
        self.look_around();
        let old = self.record();
        if let Some(held) = &old
            && record::is_same_family(held, &record)
        {
            let is_same = |key| held.same(key, &record, key);
            let is_known = is_same(Word::Adopted) && record::has(held, Word::AccessToken);
            if is_same(Word::RefreshToken) && !is_same(Word::AccessToken) && !is_known {
                return self.take_access(held, &record);
            }
            if held.number(Word::Generation) > record.number(Word::Generation)
                || (is_same(Word::AccessToken) && held.number(Word::SentAt).is_finite())
            {
                // An app that adopts the same tokens at each start means the session that has come of them since.
                return self.given_tokens();
            }
        }
        let is_same_user = old
            .as_ref()
            .and_then(|old| id_token::is_same_user(old, &record));
        let goes_on = is_same_user == Some(true);
        if let Some(old) = old
            && !goes_on
            && !record::is_same_family(&old, &record)
        {
            self.bury(&old, true);
            self.tell_signed_out(&old);
            // Where it may be the same grant, these would go too.
            if is_same_user == Some(false) {
                drop(self.revoke(&old));
            }
        }
        self.bury(&record, false);
        record.set(Word::SignedInAt, self.platform.now().0);
        self.begin_epoch(goes_on);
        self.store(record);
        self.ask_siblings();
        self.emit(Event::SignedIn, None);
        self.land(None, self.valid_tokens());
        self.given_tokens()
    }

    /// Another access token for the same refresh token, from a server that does not rotate: the session goes on with it.
    fn take_access(&self, held: &P::Kept, given: &P::Kept) -> Outcome<P::Kept> {
        let next = record::noted(&self.config.settings, held);
        token::copy_access(given, &next);
        given.copy(Word::Adopted, &next, Word::Adopted);
        next.set(Word::Generation, held.number(Word::Generation) + 1.0);
        self.store(next.clone());
        self.hand_over(&next, self.age_of(&next));
        self.emit(Event::SignedIn, None);
        self.given_tokens()
    }

    /// Whether nobody has a use for the tokens of an earlier session: there is none now, or another user's.
    pub(super) fn is_of_nobody(&self, earlier: &P::Kept) -> bool {
        self.record()
            .is_none_or(|held| id_token::is_same_user(earlier, &held) == Some(false))
    }
}

fn result<P: Platform>(session: &Session<P>, sign_in: &P::Kept) -> Outcome<P::Kept> {
    let result = P::Kept::object();
    result.attach(Word::Tokens, &session.given_tokens()?);
    sign_in.copy(Word::ReturnTo, &result, Word::OptionReturnTo);
    sign_in.copy(Word::AppState, &result, Word::State);
    Ok(result)
}
