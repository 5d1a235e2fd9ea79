//! One error type: an object with a stable code, and with what else is known.

use crate::platform::Kept;
use crate::words::{Code, Problem, Word};

/// Why a call was rejected.
///
/// `about` holds the members of the app's error (`status`, `oauthError`, `reason`, …) and those that its message is made of
/// (`field`, `problem`, `endpoint`). No token, code or verifier is ever among them.
#[derive(Clone)]
pub struct Error<K> {
    /// `code`, `retryable`, and the other members.
    pub about: K,
}

impl<K: Kept> Error<K> {
    #[inline(never)]
    pub(crate) fn new(code: Code) -> Self {
        Self::with(code, K::object())
    }

    #[inline(never)]
    pub(crate) fn with(code: Code, about: K) -> Self {
        about.put_code(Word::Code, code);
        about.flag(Word::Retryable, code.is_retryable());
        if !code.concerns_session() {
            about.flag(Word::SessionLost, false);
        }
        Self { about }
    }

    /// Whether the error is of this code.
    pub fn is(&self, code: Code) -> bool {
        self.about.is_code(Word::Code, code)
    }

    /// A field of the config or of an option is wrong.
    #[inline(never)]
    pub(crate) fn field(field: Word, problem: Problem) -> Self {
        Self::new(Code::InvalidConfig).naming(field, problem)
    }

    #[inline(never)]
    pub(crate) fn naming(self, field: Word, problem: Problem) -> Self {
        self.about.put(Word::Field, field);
        self.about.put_problem(Word::Problem, problem);
        self
    }

    pub(crate) fn at(self, endpoint: Word) -> Self {
        self.about.put(Word::Endpoint, endpoint);
        self
    }

    pub(crate) fn because(self, reason: Word) -> Self {
        self.about.put(Word::Reason, reason);
        self
    }
}

impl Code {
    /// Whether the same call may succeed later with no one signing in.
    fn is_retryable(self) -> bool {
        match self {
            Self::Network
            | Self::Timeout
            | Self::Aborted
            | Self::Server
            | Self::RateLimited
            | Self::PopupBlocked
            | Self::PopupClosed => true,
            Self::InvalidGrant
            | Self::Oauth
            | Self::InvalidResponse
            | Self::IdTokenInvalid
            | Self::NoSession
            | Self::NoRefreshToken
            | Self::SignedOut
            | Self::StateMismatch
            | Self::LoginRequired
            | Self::LoginLoop
            | Self::StorageUnavailable
            | Self::StorageFull
            | Self::CryptoUnavailable
            | Self::InsecureIssuer
            | Self::InvalidConfig
            | Self::Unsupported => false,
        }
    }

    /// Whether it says something of the session, so that the app wants to know if anything usable is left.
    fn concerns_session(self) -> bool {
        match self {
            Self::Network
            | Self::Timeout
            | Self::Server
            | Self::RateLimited
            | Self::InvalidGrant
            | Self::Oauth
            | Self::InvalidResponse
            | Self::IdTokenInvalid
            | Self::NoSession
            | Self::NoRefreshToken
            | Self::SignedOut
            | Self::StateMismatch
            | Self::LoginRequired => true,
            Self::Aborted
            | Self::LoginLoop
            | Self::PopupBlocked
            | Self::PopupClosed
            | Self::StorageUnavailable
            | Self::StorageFull
            | Self::CryptoUnavailable
            | Self::InsecureIssuer
            | Self::InvalidConfig
            | Self::Unsupported => false,
        }
    }
}
