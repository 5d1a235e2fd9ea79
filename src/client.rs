//! One method per public verb. It checks the options, bounds the time, and hands over to `session`.

use crate::config::{Config, number, only, optional};
use crate::error::Error;
use crate::platform::{Kept, Kind, Platform};
use crate::protocol::token;
use crate::session::{Outcome, Session, exchange, introspect, record, renewal, sign_in};
use crate::task::unless;
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;
use core::future::Future;

/// The longest time that a browser's timer takes: 2^31 − 1 ms.
const LONGEST_TIMER_MS: f64 = 2_147_483_647.0;

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
        Ok(Self(Session::open(platform, config)))
    }

    /// Asks the token endpoint for new tokens (RFC 6749 §6). Options: `scope`, `timeoutMs`.
    pub async fn refresh(&self, options: P::Kept) -> Outcome<P::Kept> {
        only(&options, &[Word::Scope, Word::Signal, Word::TimeoutMs])?;
        let kinds = [Kind::Text, Kind::TextList];
        optional(&options, Word::Scope, &kinds, Problem::NotTextOrList)?;
        let narrower = (!options.kind(Word::Scope).is_absent()).then(|| {
            let asked = P::Kept::object();
            options.copy_joined(Word::Scope, &asked, Word::Scope);
            asked
        });
        self.within(&options, exchange::refresh(self.0.clone(), narrower))
            .await
    }

    /// The held access token's record (its `access_token` is the answer), refreshed first where it is not fresh.
    /// Options: `minValiditySeconds`, `timeoutMs`.
    pub async fn access_token(&self, options: P::Kept) -> Outcome<P::Kept> {
        only(
            &options,
            &[Word::MinValiditySeconds, Word::Signal, Word::TimeoutMs],
        )?;
        let needed = number(&options, Word::MinValiditySeconds, 0.0, Problem::NotSeconds)?;
        let needed_ms = needed.unwrap_or(0.0) * 1000.0;
        let session = &self.0;
        let held = session
            .record()
            .ok_or_else(|| Error::new(Code::NoSession))?;
        let now = session.platform.now();
        if renewal::is_fresh(&held, now, session.config.renew_before_ms, needed_ms) {
            return Ok(record::tokens(&held));
        }
        session.live_record()?;
        let refreshed = self
            .within(&options, exchange::refresh(session.clone(), None))
            .await;
        let still_valid = || {
            session
                .record()
                .filter(|record| renewal::is_valid(record, session.platform.now()))
        };
        refreshed.or_else(|error| match still_valid() {
            Some(record) => Ok(record::tokens(&record)),
            None => Err(error),
        })
    }

    /// Asks the introspection endpoint (RFC 7662). Options: `token`, `tokenTypeHint`, `timeoutMs`.
    pub async fn introspect(&self, options: P::Kept) -> Outcome<P::Kept> {
        introspect::check(&options)?;
        let work = introspect::introspect(self.0.clone(), options.clone());
        self.within(&options, work).await
    }

    /// Adopts a token response. Options: `receivedAt`.
    pub fn set_tokens(&self, response: Option<P::Kept>, options: &P::Kept) -> Outcome<P::Kept> {
        only(options, &[Word::OptionReceivedAt])?;
        let received = number(options, Word::OptionReceivedAt, 0.0, Problem::NotTime)?;
        let flaw = || Error::new(Code::InvalidResponse);
        let response = response.ok_or_else(|| flaw().naming(Word::Response, Problem::NotObject))?;
        let session = &self.0;
        let received = received.map_or_else(|| session.platform.now(), crate::platform::Wall);
        let next = record::empty(&session.config.settings);
        token::take(&response, received, &next)
            .map_err(|token::NotUsable(field)| flaw().naming(field, Problem::NotUsable))?;
        session.replace(next)
    }

    /// Leaves for the server's sign-in page; ends only where it cannot.
    pub async fn sign_in(&self, options: P::Kept) -> Result<(), Error<P::Kept>> {
        sign_in::check(&options)?;
        let work = sign_in::leave(self.0.clone(), options.clone());
        self.within(&options, work).await
    }

    /// The parameters of a callback; see [`sign_in::recognise`].
    pub fn recognise(&self, options: &P::Kept) -> Result<Option<P::Kept>, Error<P::Kept>> {
        sign_in::recognise(&self.0, options)
    }

    /// Exchanges a callback's code for tokens.
    pub async fn finish_sign_in(&self, callback: P::Kept) -> Outcome<P::Kept> {
        let none = P::Kept::object();
        self.within(&none, sign_in::finish(self.0.clone(), callback))
            .await
    }

    /// Clears the session here. Options: `local`; anything but `{ local: true }` is `unsupported`, after that.
    pub fn sign_out(&self, options: &P::Kept) -> Result<(), Error<P::Kept>> {
        self.0.sign_out();
        only(
            options,
            &[
                Word::Local,
                Word::Revoke,
                Word::PostLogoutRedirectUri,
                Word::State,
                Word::Signal,
                Word::TimeoutMs,
            ],
        )?;
        if options.kind(Word::Local) == Kind::True {
            Ok(())
        } else {
            Err(Error::new(Code::Unsupported).because(Word::Local))
        }
    }

    /// The session at a glance: the same object until something changes.
    pub fn snapshot(&self) -> P::Kept {
        self.0.snapshot()
    }

    /// The record whose `refresh_token` is the answer.
    pub fn record(&self) -> Option<P::Kept> {
        self.0.record()
    }

    /// Completes an error for the app.
    pub fn conclude(&self, error: &Error<P::Kept>) {
        self.0.conclude(error);
    }

    async fn within<T>(
        &self,
        options: &P::Kept,
        work: impl Future<Output = Result<T, Error<P::Kept>>>,
    ) -> Result<T, Error<P::Kept>> {
        let given = number(options, Word::TimeoutMs, 1.0, Problem::NotMilliseconds)?;
        let ms = given.unwrap_or(self.0.config.timeout_ms);
        let sleep = self.0.platform.sleep(ms.min(LONGEST_TIMER_MS));
        unless(work, sleep)
            .await
            .unwrap_or_else(|| Err(Error::new(Code::Timeout)))
    }
}
