//! Finding an endpoint, and asking it.

use super::renewal::Moment;
use super::retry::LONGEST_MS;
use super::{Outcome, Session};
use crate::error::Error;
use crate::platform::{Kept, Kind, Platform, Slot};
use crate::protocol::discovery::{self, Document, Endpoint};
use crate::protocol::oauth_error::judge;
use crate::task::{Shared, unless};
use crate::words::{Code, Word};
use alloc::rc::Rc;

/// How long discovered metadata are used without asking again.
const METADATA_MS: f64 = 3_600_000.0;
/// Those of version 1 had the config's endpoints among them.
const METADATA_VERSION: f64 = 2.0;

/// Members of a form that must not come back in an error, should the server quote them.
const SECRETS: [Word; 7] = [
    Word::AccessToken,
    Word::RefreshToken,
    Word::State,
    Word::Nonce,
    Word::Token,
    Word::Code,
    Word::CodeVerifier,
];

impl<P: Platform> Session<P> {
    /// The metadata, and the name under which they have the endpoint: the config's, Okta's layout's or the discovered ones.
    pub async fn endpoint(
        self: &Rc<Self>,
        endpoint: Endpoint,
    ) -> Result<(P::Kept, Word), Error<P::Kept>> {
        let name = endpoint.names().metadata;
        let mut metadata = self.config.metadata.clone();
        if !metadata.kind(name).is_text() && self.config.discover {
            let sign_outs = self.sign_outs.get();
            metadata = match self.discovered(name).await {
                // A server without metadata has what the config names, and no more.
                Err(error) if is_not_there(&error) && self.config.names_endpoints() => metadata,
                found => found?,
            };
            // What was asked for before a sign-out is not sent after it.
            if self.sign_outs.get() != sign_outs {
                return Err(Error::new(Code::SignedOut));
            }
        }
        if metadata.kind(name).is_text() {
            return Ok((metadata, name));
        }
        Err(Error::new(Code::Unsupported).at(name))
    }

    /// The same where nothing has to be asked for first.
    pub(super) fn known_endpoint(&self, endpoint: Endpoint) -> Option<(P::Kept, Word)> {
        let name = endpoint.names().metadata;
        let has_it = |metadata: &P::Kept| metadata.kind(name).is_text();
        let configured = Some(self.config.metadata.clone()).filter(has_it);
        let metadata = configured.or_else(|| self.known_metadata().filter(has_it))?;
        Some((metadata, name))
    }

    /// Sends a form to an endpoint, on a caller's word, and judges the answer.
    pub async fn ask(&self, endpoint: (P::Kept, Word), form: &P::Kept) -> Outcome<P::Kept> {
        self.ask_for(&endpoint, form, Word::Call, LONGEST_MS).await
    }

    /// The same, for this reason, and giving up after so many milliseconds.
    pub(super) async fn ask_for(
        &self,
        (metadata, name): &(P::Kept, Word),
        form: &P::Kept,
        why: Word,
        patience_ms: f64,
    ) -> Outcome<P::Kept> {
        let sent = self.moment();
        let request = self.platform.fetch(metadata, *name, Some(form));
        let answer = self.answer_to(request, patience_ms).await;
        self.judged(answer, form, *name, why, sent)
    }

    /// Asks a resource server's question with the record's access token.
    pub(super) async fn ask_with(
        &self,
        (metadata, name): &(P::Kept, Word),
        record: &P::Kept,
    ) -> Outcome<P::Kept> {
        let sent = self.moment();
        let request = self.platform.fetch_with(metadata, *name, record);
        let answer = self.answer_to(request, LONGEST_MS).await;
        self.judged(answer, record, *name, Word::Call, sent)
    }

    /// Judges an answer, writes it down, and takes out of an error what the server quotes of these members.
    pub(super) fn judged(
        &self,
        answer: Result<P::Kept, P::Kept>,
        secrets: &P::Kept,
        name: Word,
        why: Word,
        sent: Moment,
    ) -> Outcome<P::Kept> {
        let outcome = judge(answer, self.platform.now()).map_err(|error| {
            let error = without_secrets(error, secrets).at(name);
            if error.is(Code::InvalidGrant) && name != Endpoint::Token.names().metadata {
                // The code or refresh token that was sent is for the token endpoint to judge.
                Error::with(Code::Oauth, error.about)
            } else {
                error
            }
        });
        self.log_exchange(name, why, sent, outcome.as_ref().err());
        outcome
    }

    /// Whether the issuer answers at all.
    pub(super) async fn can_reach_issuer(&self) -> bool {
        let metadata = P::Kept::object();
        let read = self.read(Document::OpenidConfiguration, &metadata);
        read.await.is_ok()
    }

    /// Metadata that have `wanted`, as far as the server's documents say it. However many calls need them, each document is
    /// fetched once.
    async fn discovered(self: &Rc<Self>, wanted: Word) -> Outcome<P::Kept> {
        loop {
            let found = self.found();
            let is_enough = |metadata: &P::Kept| {
                metadata.kind(wanted).is_text() || metadata.kind(Word::Complete) == Kind::True
            };
            let known = found.as_ref().map(|found| self.with_config(found));
            if let Some(metadata) = known.filter(is_enough) {
                return Ok(metadata);
            }
            let open = self.discovery.get();
            let discovery = open.unwrap_or_else(|| {
                let discovery = Shared::new();
                self.discovery.set(Some(discovery.clone()));
                let (session, bring) = (self.clone(), discovery.clone());
                self.platform.spawn(async move {
                    let outcome = session.discover(found).await;
                    session.discovery.set(None);
                    bring.bring(outcome);
                });
                discovery
            });
            let metadata = self.with_config(&discovery.wait().await?);
            if is_enough(&metadata) {
                return Ok(metadata);
            }
        }
    }

    /// Reads the first document; or the second, where the first is known and lacks something, or is not there. What is found says by
    /// `complete` whether there is nothing more to find; false where the first could not be read, and is worth another look.
    async fn discover(&self, known: Option<P::Kept>) -> Outcome<P::Kept> {
        let epoch = self.epoch();
        let is_second_look = known
            .as_ref()
            .is_some_and(|known| known.kind(Word::Complete) == Kind::False);
        let has_first = known.is_some() && !is_second_look;
        let found = known.unwrap_or_else(P::Kept::object);
        let mut failure = None;
        if !has_first {
            match self.read(Document::OpenidConfiguration, &found).await {
                Ok(()) => {
                    if is_second_look {
                        found.flag(Word::Complete, true);
                    }
                    self.remember(&found, epoch);
                    return Ok(found);
                }
                Err(error) if may_be_absent(&error) => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        // A first document that could not be read may be there all the same.
        let is_settled = failure.as_ref().is_none_or(is_not_there);
        if is_second_look {
            found.flag(Word::Complete, true);
            // Unreadable still: it is enough for now.
            if is_settled {
                self.remember(&found, epoch);
            }
            return Ok(found);
        }
        let second = self.read(Document::OauthAuthorizationServer, &found);
        let second = second.await;
        found.flag(Word::Complete, is_settled);
        match (second, failure) {
            (Ok(()), _) => self.remember(&found, epoch),
            // Where neither is there, the first is the one that people know.
            (Err(error), Some(first)) if may_be_absent(&error) => return Err(first),
            (Err(error), None) if is_not_there(&error) => self.remember(&found, epoch),
            // Unreadable, as a page without CORS headers is: it is enough for now, and not remembered.
            (Err(error), None) if error.is(Code::Network) => {}
            (Err(error), _) => return Err(error),
        }
        Ok(found)
    }

    fn remember(&self, found: &P::Kept, epoch: u32) {
        let settings = &self.config.settings;
        settings.copy(Word::Issuer, found, Word::Issuer);
        found.set(Word::Version, METADATA_VERSION);
        found.set(Word::FetchedAt, self.platform.now().0);
        self.metadata.set(Some(found.clone()));
        // After a sign-out storage stays empty. Without storage they are discovered again by the next page load.
        if self.epoch() == epoch && !self.is_signed_out.get() {
            let _ = self.platform.save(Slot::Metadata, found);
        }
    }

    /// What the server's documents said.
    fn found(&self) -> Option<P::Kept> {
        let held = self.metadata.get();
        let stored = held.or_else(|| self.platform.load(Slot::Metadata).ok().flatten())?;
        let age = self.platform.now().0 - stored.number(Word::FetchedAt);
        let is_usable =
            stored.number(Word::Version) == METADATA_VERSION && (0.0..METADATA_MS).contains(&age);
        let found = P::Kept::object();
        stored.copy(Word::Complete, &found, Word::Complete);
        // What is stored is input like any other: its issuer and addresses are looked at again.
        let is_ours = discovery::take(&stored, &self.config.settings, &found).is_ok();
        (is_usable && is_ours).then(|| {
            // A sign-out removes them from storage, and then needs them.
            self.metadata.set(Some(stored));
            found
        })
    }

    /// The same, and the config's.
    pub(super) fn known_metadata(&self) -> Option<P::Kept> {
        Some(self.with_config(&self.found()?))
    }

    /// What the config names wins.
    fn with_config(&self, found: &P::Kept) -> P::Kept {
        let metadata = P::Kept::object();
        for &flag in &[
            Word::Complete,
            Word::RequirePushedAuthorizationRequests,
            Word::IssParameterSupported,
        ] {
            found.copy(flag, &metadata, flag);
        }
        for &endpoint in &Endpoint::ALL {
            let name = endpoint.names().metadata;
            found.copy(name, &metadata, name);
            self.config.metadata.copy(name, &metadata, name);
        }
        metadata
    }

    async fn read(&self, document: Document, metadata: &P::Kept) -> Result<(), Error<P::Kept>> {
        let settings = &self.config.settings;
        let address = discovery::address(document, settings, &self.config.issuer);
        let request = self.platform.fetch(&address, Word::Url, None);
        let answer = self.answer_to(request, LONGEST_MS).await;
        let read = judge(answer, self.platform.now())
            .map_err(|error| {
                // A document that is not there is no OAuth error, in whatever words the server says so.
                let is_oauth = [Code::Oauth, Code::InvalidGrant, Code::LoginRequired]
                    .iter()
                    .any(|&code| error.is(code));
                if is_oauth {
                    Error::with(Code::Server, error.about)
                } else {
                    error
                }
            })
            .and_then(|document| discovery::take(&document, settings, metadata));
        read.map_err(|error| error.at(Word::Issuer))
    }

    /// The answer, or the object of a failure.
    pub(super) async fn answer_to(
        &self,
        request: P::Operation,
        patience_ms: f64,
    ) -> Result<P::Kept, P::Kept> {
        let answer = unless(request, self.platform.sleep(patience_ms)).await;
        let answer = answer.unwrap_or(Ok(None))?.ok_or_else(P::Kept::object)?;
        if answer.kind(Word::IsJson) == Kind::False && answer.get(Word::Body).is_some() {
            self.warn(Word::NoJsonType);
        }
        Ok(answer)
    }
}

/// Takes out of an error what the server quotes of these members.
pub(super) fn without_secrets<K: Kept>(error: Error<K>, secrets: &K) -> Error<K> {
    for &key in &[
        Word::OutOauthError,
        Word::OutOauthErrorDescription,
        Word::ErrorId,
    ] {
        for &secret in &SECRETS {
            error.about.redact(key, secrets, secret);
        }
    }
    error
}

/// The server is there and the document is not: an answer below 500 that is no JSON object.
fn is_not_there<K: Kept>(error: &Error<K>) -> bool {
    error.is(Code::Server) && error.about.number(Word::Status) < 500.0
}

/// The same, or an answer that the page may not read: most servers that lack a document say so without CORS headers.
fn may_be_absent<K: Kept>(error: &Error<K>) -> bool {
    is_not_there(error) || error.is(Code::Network)
}
