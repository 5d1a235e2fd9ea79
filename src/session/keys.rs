//! The issuer's keys, and whether an ID token was signed with one of them.

use super::retry::LONGEST_MS;
use super::{Outcome, Session};
use crate::error::Error;
use crate::platform::{Kept, Kind, Mono, Platform, Slot};
use crate::protocol::discovery::Endpoint;
use crate::protocol::oauth_error::judge;
use crate::protocol::{jwks, token};
use crate::task::{Shared, unless};
use crate::words::{Code, Word};
use alloc::rc::Rc;

/// How long keys are used without asking again: a day.
const KEYS_MS: f64 = 86_400_000.0;
const KEYS_VERSION: f64 = 1.0;
/// How far requests for them are apart, whatever came of the last.
const APART_MS: f64 = 60_000.0;
/// How long a refresh that has its tokens waits for them.
const PATIENCE_MS: f64 = 5_000.0;

/// A request for the keys, when it was made, and whether there were some already.
pub struct Fetch<K> {
    at: Mono,
    is_again: bool,
    keys: Shared<Outcome<K>>,
}

impl<K> Clone for Fetch<K> {
    fn clone(&self) -> Self {
        Self {
            at: self.at,
            is_again: self.is_again,
            keys: self.keys.clone(),
        }
    }
}

/// An ID token that is not taken, for this reason.
pub fn invalid<K: Kept>(reason: Word) -> Error<K> {
    Error::new(Code::IdTokenInvalid).because(reason)
}

impl<P: Platform> Session<P> {
    /// Begins to fetch the keys where none are at hand and nothing has to be discovered for it. Nobody waits for them yet.
    pub(super) fn prepare_keys(self: &Rc<Self>) {
        let endpoint = self.known_endpoint(Endpoint::Jwks);
        if let (None, Some(endpoint)) = (self.known_keys(), endpoint) {
            self.fetch_keys(endpoint);
        }
    }

    /// The key at hand that fits the answer's ID token.
    pub fn key_for(&self, answer: &P::Kept) -> Option<P::Kept> {
        jwks::pick(&self.known_keys()?, &answer.header(Word::IdToken)?)
    }

    /// Whether the answer's ID token was signed with one of the issuer's keys: fetched, at most once a minute, where none at hand fits. A
    /// refresh neither discovers their address nor waits for long.
    ///
    /// An error of another code than `id_token_invalid` says that nobody can tell.
    pub(super) async fn verify(
        self: &Rc<Self>,
        answer: &P::Kept,
        is_refresh: bool,
    ) -> Result<(), Error<P::Kept>> {
        let is_unknown = match self.try_key(answer).await {
            Some(Err(error)) if error.about.is(Word::Reason, Word::Signature) => false,
            Some(verdict) => return verdict,
            None => true,
        };
        match self.newest_keys(answer, is_refresh).await {
            Ok(()) => {}
            Err(error) if is_unknown => return Err(error),
            Err(_) => return Err(invalid(Word::Signature)),
        }
        self.try_key(answer)
            .await
            .unwrap_or_else(|| Err(invalid(Word::Signature)))
    }

    /// The same for an answer whose refresh token is spent already: what nobody can tell is told another time.
    pub(super) async fn verify_refreshed(
        self: &Rc<Self>,
        answer: &P::Kept,
    ) -> Result<(), Error<P::Kept>> {
        match self.verify(answer, true).await {
            Err(error) if error.is(Code::IdTokenInvalid) => Err(error),
            Err(_) => {
                self.warn(Word::NotVerified);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What the key at hand says of the answer's ID token, where one fits.
    async fn try_key(&self, answer: &P::Kept) -> Option<Result<(), Error<P::Kept>>> {
        let key = self.key_for(answer)?;
        let alg = jwks::algorithm(&answer.header(Word::IdToken)?)?;
        let verdict = match self.platform.verify(answer, &key, alg).await {
            Ok(Some(verdict)) => verdict,
            Ok(None) => {
                let lacking = Error::new(Code::CryptoUnavailable);
                return Some(Err(lacking.because(Word::Signature)));
            }
            Err(failure) => {
                let lacking = Error::with(Code::IdTokenInvalid, failure);
                return Some(Err(lacking.because(Word::Alg)));
            }
        };
        let claims = answer.claims(Word::IdToken)?;
        Some(if verdict.kind(Word::Signature) != Kind::True {
            Err(invalid(Word::Signature))
        } else if claims.kind(Word::AtHash).is_absent()
            || claims.same(Word::AtHash, &verdict, Word::AtHash)
        {
            Ok(())
        } else {
            Err(invalid(Word::AtHash))
        })
    }

    /// Ends when the keys held are those that the issuer has, or had less than a minute ago.
    async fn newest_keys(
        self: &Rc<Self>,
        answer: &P::Kept,
        is_refresh: bool,
    ) -> Result<(), Error<P::Kept>> {
        let known = self.known_endpoint(Endpoint::Jwks);
        let endpoint = match known {
            None if !is_refresh => self.endpoint(Endpoint::Jwks).await?,
            known => known.ok_or_else(|| Error::new(Code::Unsupported).at(Word::JwksUri))?,
        };
        let patience = if is_refresh {
            // Half of what it is good for, where that is less.
            PATIENCE_MS.min(token::lifetime(answer) * 500.0)
        } else {
            LONGEST_MS
        };
        let fetched = self.fetch_keys(endpoint);
        let keys = unless(fetched.wait(), self.platform.sleep(patience)).await;
        keys.unwrap_or_else(|| Err(Error::new(Code::Timeout)))
            .map(|_| ())
    }

    fn fetch_keys(self: &Rc<Self>, endpoint: (P::Kept, Word)) -> Shared<Outcome<P::Kept>> {
        let at = self.platform.elapsed();
        let last = self.key_fetch.get();
        // The issuer may change its keys right after they were first fetched.
        let is_again = self.known_keys().is_some();
        let is_enough =
            |last: &Fetch<P::Kept>| at.0 - last.at.0 < APART_MS && (last.is_again || !is_again);
        if let Some(last) = last.filter(is_enough) {
            return last.keys;
        }
        let keys = Shared::new();
        self.key_fetch.set(Some(Fetch {
            at,
            is_again,
            keys: keys.clone(),
        }));
        let (session, bring) = (self.clone(), keys.clone());
        self.platform.spawn(async move {
            bring.bring(session.read_keys(endpoint).await);
        });
        keys
    }

    async fn read_keys(&self, (metadata, name): (P::Kept, Word)) -> Outcome<P::Kept> {
        let sign_outs = self.sign_outs.get();
        let request = self.platform.fetch(&metadata, name, None);
        let answer = self.answer_to(request, LONGEST_MS).await;
        let read = judge(answer, self.platform.now()).and_then(|set| {
            let keys = set.get(Word::Keys);
            keys.ok_or_else(|| Error::new(Code::Server))
        });
        let list = read.map_err(|error| error.at(name))?;
        let keys = P::Kept::object();
        keys.set(Word::Version, KEYS_VERSION);
        self.config.settings.copy(Word::Issuer, &keys, Word::Issuer);
        keys.set(Word::FetchedAt, self.platform.now().0);
        keys.attach(Word::Keys, &list);
        self.keys.set(Some(keys.clone()));
        // After a sign-out storage stays empty.
        if self.sign_outs.get() == sign_outs && !self.is_signed_out.get() {
            let _ = self.platform.save(Slot::Keys, &keys);
        }
        Ok(keys)
    }

    /// The keys in memory, or in storage.
    fn known_keys(&self) -> Option<P::Kept> {
        let held = self.keys.get();
        let keys = held.or_else(|| self.platform.load(Slot::Keys).ok().flatten())?;
        let age = self.platform.now().0 - keys.number(Word::FetchedAt);
        let is_usable = keys.number(Word::Version) == KEYS_VERSION
            && keys.same(Word::Issuer, &self.config.settings, Word::Issuer)
            && (0.0..KEYS_MS).contains(&age);
        is_usable.then(|| {
            self.keys.set(Some(keys.clone()));
            keys
        })
    }
}
