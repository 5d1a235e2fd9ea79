//! The public verbs: each checks its options, hands over to `session`, and is bounded in time.

use crate::config::{
    self, BOOLEAN, Config, MAY_BE_ABSENT, NUMBER, OBJECT, Rule, SIGNAL, TEXT, TEXTS, TIMEOUT,
};
use crate::error::Error;
use crate::platform::{Kept, Kind, Kinds, Platform, Wall};
use crate::protocol::{id_token, token};
use crate::session::flight::{self, Why};
use crate::session::keys::invalid;
use crate::session::sign_ins::SIGN_IN_MS;
use crate::session::{Outcome, Session, introspect, popup, record, sign_in, sign_out, user_info};
use crate::task::{Shared, unless};
use crate::words::{Code, Problem, Word};
use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

/// The longest time that a browser's timer takes: 2^31 − 1 ms.
const LONGEST_TIMER_MS: f64 = 2_147_483_647.0;

const REFRESH: [Rule; 3] = [
    (Word::Scope, MAY_BE_ABSENT | TEXTS, Problem::NotTextOrList),
    SIGNAL,
    TIMEOUT,
];
const GET_ACCESS_TOKEN: [Rule; 3] = [
    (
        Word::MinValiditySeconds,
        MAY_BE_ABSENT | NUMBER,
        Problem::NotSeconds,
    ),
    SIGNAL,
    TIMEOUT,
];
const SET_TOKENS: [Rule; 1] = [(
    Word::OptionReceivedAt,
    MAY_BE_ABSENT | NUMBER,
    Problem::NotTime,
)];
const SIGN_OUT: [Rule; 6] = [
    (Word::Local, MAY_BE_ABSENT | BOOLEAN, Problem::NotBoolean),
    (Word::Revoke, MAY_BE_ABSENT | BOOLEAN, Problem::NotBoolean),
    (
        Word::PostLogoutRedirectUri,
        MAY_BE_ABSENT | TEXT,
        Problem::NotUrl,
    ),
    (Word::State, MAY_BE_ABSENT | TEXT, Problem::NotText),
    SIGNAL,
    TIMEOUT,
];

/// What a client can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// New tokens (RFC 6749 §6).
    Refresh,
    /// The held access token, refreshed first where it is not fresh.
    GetAccessToken,
    /// What the server says of a token (RFC 7662).
    Introspect,
    /// To adopt a token response obtained elsewhere: a member `response`, and `options`.
    SetTokens,
    /// To leave for the server's sign-in page.
    SignIn,
    /// To finish a redirect.
    HandleRedirect,
    /// To end the session.
    SignOut,
    /// To revoke a token (RFC 7009).
    Revoke,
    /// What the server says of the user (OpenID Connect Core §5.3).
    UserInfo,
    /// To take over the session of another tab: at once where none is live, else within 250 ms.
    TakeOver,
    /// To sign in in a window of its own.
    SignInWithPopup,
}

/// What a verb is about to do, its options checked.
pub enum Begun<K> {
    /// It is done, with an object or with nothing to show.
    Done(Option<K>),
    /// It waits for the outside.
    Work(Work<K>),
}

/// A verb's work, bounded in time.
pub struct Work<K> {
    future: Pin<Box<dyn Future<Output = Outcome<K>>>>,
    ms: f64,
    /// Whether it handles the callback of this page load.
    pub is_callback: bool,
    /// Whether the server's sign-out was asked for by name.
    is_asked: bool,
}

/// A client: a config, and the session that it looks after. Clones are the same client.
pub struct Client<P: Platform>(Rc<Session<P>>);

impl<P: Platform> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Platform> Client<P> {
    /// Checks the config and takes up the stored session. Touches no network.
    ///
    /// Errors: `invalid_config`, `insecure_issuer`, `crypto_unavailable`.
    pub fn create(platform: P, config: &P::Kept) -> Result<Self, Error<P::Kept>> {
        let config = Config::check(config)?;
        if !platform.has_random() {
            return Err(Error::new(Code::CryptoUnavailable));
        }
        let session = Session::open(platform, config);
        session.start();
        Ok(Self(session))
    }

    /// Ends what goes on by itself; an exchange under way is finished and stored.
    pub fn close(&self) {
        self.0.close();
    }

    /// How this client is doing, without a secret.
    pub fn diagnostics(&self) -> P::Kept {
        self.0.diagnostics()
    }

    /// Does a verb from beginning to end, unless its time runs out or `aborted` ends.
    pub async fn finish(
        self,
        verb: Verb,
        begun: Result<Begun<P::Kept>, Error<P::Kept>>,
        aborted: impl Future<Output = ()>,
    ) -> Result<Option<P::Kept>, Error<P::Kept>> {
        let Work {
            future,
            ms,
            is_asked,
            ..
        } = match begun {
            Ok(Begun::Done(object)) => return Ok(object),
            Ok(Begun::Work(work)) => work,
            Err(error) => {
                self.0.conclude(&error);
                return Err(error);
            }
        };
        let mut sleep = self.0.platform.sleep(if ms < LONGEST_TIMER_MS {
            ms
        } else {
            LONGEST_TIMER_MS
        });
        let mut aborted = pin!(aborted);
        let mut code = Code::Timeout;
        let end = poll_fn(|context| {
            if aborted.as_mut().poll(context).is_ready() {
                code = Code::Aborted;
                return Poll::Ready(());
            }
            Pin::new(&mut sleep).poll(context).map(|_| ())
        });
        let outcome = unless(future, end).await;
        if let (Verb::SignOut, Some(Ok(goal))) = (verb, &outcome) {
            if goal.kind(Word::Url).is_text() {
                self.0.platform.leave_for(goal, Word::Url);
            }
            return Ok(None);
        }
        let is_done = match verb {
            Verb::TakeOver | Verb::Revoke => matches!(outcome, Some(Ok(_))),
            // What matters was done before anything could take its time.
            Verb::SignOut => outcome.is_none() && code == Code::Timeout && !is_asked,
            _ => false,
        };
        if is_done {
            return Ok(None);
        }
        if let (Verb::SignIn, Some(Ok(address))) = (verb, &outcome) {
            self.0.platform.leave_for(address, Word::Url);
            // The page is being left, however long that takes: nobody is answered who does not give up, or come back to it.
            drop(sleep);
            unless(self.0.return_to_page(), aborted).await;
            return Err(Error::new(Code::Aborted));
        }
        outcome
            .unwrap_or_else(|| Err(Error::new(code)))
            .or_else(|error| match self.valid_record() {
                // A token that is still valid is good for something, whatever its renewal met with.
                Some(_) if verb == Verb::GetAccessToken => self.0.given_tokens(),
                _ => {
                    self.0.conclude(&error);
                    Err(error)
                }
            })
            .map(Some)
    }

    /// Checks a verb's options, and begins it.
    pub fn begin(&self, verb: Verb, options: &P::Kept) -> Result<Begun<P::Kept>, Error<P::Kept>> {
        let session = self.0.clone();
        let mut longest_ms = session.config.timeout_ms;
        let future: Pin<Box<dyn Future<Output = _>>> = match verb {
            Verb::Refresh => {
                config::check(options, &REFRESH)?;
                let narrower = (!options.kind(Word::Scope).is_absent()).then(|| {
                    let asked = P::Kept::object();
                    options.copy_joined(Word::Scope, &asked, Word::Scope);
                    asked
                });
                Box::pin(flight::refresh(session, narrower, Why::Refresh))
            }
            Verb::GetAccessToken => {
                config::check(options, &GET_ACCESS_TOKEN)?;
                session.look_again();
                let needed = config::number(options, Word::MinValiditySeconds, 0.0);
                if self.fresh_record(needed * 1000.0).is_some() {
                    return Ok(Begun::Done(Some(session.given_tokens()?)));
                }
                session.live_record()?;
                Box::pin(flight::refresh(session, None, Why::AccessToken))
            }
            Verb::Introspect => {
                introspect::check(options)?;
                session.look_again();
                Box::pin(introspect::introspect(session, options.clone()))
            }
            Verb::SetTokens => {
                let next = self.given_record(options)?;
                if session.key_for(&next).is_none() {
                    return Ok(Begun::Done(Some(session.replace(next)?)));
                }
                Box::pin(sign_in::adopt(session, next))
            }
            Verb::SignIn => {
                sign_in::check(options, false)?;
                sign_in::check_page(&session)?;
                Box::pin(sign_in::sign_in(session, options.clone(), None))
            }
            Verb::SignInWithPopup => {
                sign_in::check(options, true)?;
                sign_in::check_page(&session)?;
                longest_ms = SIGN_IN_MS;
                let popup = session.platform.open_popup();
                let popup = popup.ok_or_else(|| Error::new(Code::PopupBlocked))?;
                Box::pin(sign_in::sign_in(session, options.clone(), Some(popup)))
            }
            Verb::HandleRedirect => match sign_in::recognise(&session, options)? {
                Some(callback) => {
                    // A popup's page never hears the end of it.
                    if matches!(callback, popup::Source::OwnWindow(..)) {
                        longest_ms = f64::INFINITY;
                    }
                    Box::pin(sign_in::finish(session, callback))
                }
                None => return Ok(Begun::Done(None)),
            },
            Verb::SignOut => {
                // First of all: whatever else is wrong, that is done.
                let held = session.sign_out();
                config::check(options, &SIGN_OUT)?;
                Box::pin(sign_out::leave(session, held, options.clone()))
            }
            Verb::Revoke => {
                let kind = sign_out::kind(options)?;
                session.look_again();
                Box::pin(sign_out::revoke(session, kind))
            }
            Verb::UserInfo => {
                config::check(options, &[SIGNAL, TIMEOUT])?;
                session.look_again();
                Box::pin(user_info::user_info(session))
            }
            Verb::TakeOver => {
                let (done, bring) = (Shared::new(), session.clone());
                let brought = done.clone();
                session.platform.spawn(async move {
                    bring.take_over().await;
                    brought.bring(());
                });
                Box::pin(async move {
                    done.wait().await;
                    Ok(P::Kept::object())
                })
            }
        };
        Ok(Begun::Work(Work {
            future,
            ms: config::timeout_ms(options, longest_ms)?,
            is_callback: verb == Verb::HandleRedirect,
            is_asked: sign_out::is_asked(options),
        }))
    }

    /// Looks at storage again, since another client of this page has news.
    pub fn look_again(&self) {
        self.0.look_again();
    }

    /// The session at a glance: the same object until something changes.
    pub fn snapshot(&self) -> P::Kept {
        self.0.snapshot()
    }

    /// The record, whose `refresh_token` is asked for.
    pub fn record(&self) -> Option<P::Kept> {
        self.0.record()
    }

    /// For how many ms the access token held may be handed out with no further look, unless something happens: 0 where there is none.
    pub fn fresh_ms(&self) -> f64 {
        self.fresh_record(0.0)
            .map_or(0.0, |record| self.0.fresh_ms(&record))
    }

    /// The record of tokens obtained elsewhere.
    fn given_record(&self, given: &P::Kept) -> Outcome<P::Kept> {
        let session = &self.0;
        let rule = (Word::Options, MAY_BE_ABSENT | OBJECT, Problem::NotObject);
        config::check(
            given,
            &[(Word::Response, Kinds::MAX, Problem::NotObject), rule],
        )?;
        let options = given.get(Word::Options).unwrap_or_else(P::Kept::object);
        config::check(&options, &SET_TOKENS)?;
        let flaw = |field, problem| Error::new(Code::InvalidResponse).naming(field, problem);
        let response = given
            .get(Word::Response)
            .ok_or_else(|| flaw(Word::Response, Problem::NotObject))?;
        let now = session.platform.now();
        let received = Wall(config::number(&options, Word::OptionReceivedAt, now.0));
        let next = record::empty(&session.config.settings);
        let not_usable = |field| flaw(field, Problem::NotUsable);
        // Nothing is lost yet: what the app hands over may be asked to be right in every member.
        let kinds = MAY_BE_ABSENT | Kind::Null.only() | TEXT | Kind::EmptyText.only();
        for &field in &[Word::RefreshToken, Word::IdToken, Word::Scope] {
            if !response.kind(field).is_in(kinds) {
                return Err(not_usable(field));
            }
        }
        token::take(&response, received, &next)
            .map_err(|token::NotUsable(field)| not_usable(field))?;
        if next.kind(Word::IdToken).is_text() {
            id_token::check(&next, &session.config.settings).map_err(invalid)?;
        }
        Ok(next)
    }

    fn fresh_record(&self, needed_ms: f64) -> Option<P::Kept> {
        let session = &self.0;
        let is_fresh = |record: &P::Kept| session.is_fresh(record, needed_ms);
        session.record().filter(is_fresh)
    }

    fn valid_record(&self) -> Option<P::Kept> {
        self.0.record().filter(|record| self.0.is_valid(record))
    }
}
