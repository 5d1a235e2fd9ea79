use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt::{self, Display};

use js_sys::{Object, Reflect};
use serde::{Deserialize, Deserializer};
use wasm_bindgen::{JsCast, JsValue};

use super::outside::{RekindleError, release};
use crate::browser;
use crate::error::Error as CoreError;
use crate::words::{Code, Problem, Word};

/// What every call fails with. No token, code or verifier is in any of its members.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<About>);

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    code: ErrorCode,
    message: String,
    retryable: bool,
    session_lost: bool,
    status: Option<u16>,
    oauth_error: Option<String>,
    oauth_error_description: Option<String>,
    error_id: Option<String>,
    retry_after_ms: Option<f64>,
    acr_values: Option<String>,
    max_age: Option<f64>,
    reason: Option<String>,
    #[serde(skip)]
    cause: Option<String>,
}

/// The stable codes of an [`Error`], written as in the npm package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// No answer: offline, refused, dropped, or not allowed by CORS.
    Network,
    /// No answer within `timeout_ms`.
    Timeout,
    /// The call was given up, or the user came back from the page that it left for.
    Aborted,
    /// 5xx, a body that is no JSON object, or OAuth's `server_error` and `temporarily_unavailable`.
    Server,
    /// 429. See `retry_after_ms`.
    RateLimited,
    /// The refresh token or the code is spent, revoked or expired.
    InvalidGrant,
    /// Any other error answer below 500. See `oauth_error`, `error_id`.
    Oauth,
    /// A JSON object under 2xx that breaks its RFC, a body of more than 1 MiB, or an answer that does not fit the app's own type.
    InvalidResponse,
    /// The ID token failed a check. See `reason`.
    IdTokenInvalid,
    /// Nobody is signed in.
    NoSession,
    /// The session has no refresh token.
    NoRefreshToken,
    /// A sign-out overtook the call.
    SignedOut,
    /// A callback that this tab did not begin, or one that is used up. See `reason`.
    StateMismatch,
    /// The server needs the user.
    LoginRequired,
    /// A fourth sign-in within a minute, and no click.
    LoginLoop,
    /// The browser let no window open.
    PopupBlocked,
    /// The window was closed before the sign-in was done.
    PopupClosed,
    /// No storage for a sign-in that has to survive a redirect; otherwise only in a snapshot.
    StorageUnavailable,
    /// The storage is full; only in a snapshot.
    StorageFull,
    /// No cryptographic random numbers.
    CryptoUnavailable,
    /// The issuer, or its metadata, is not what may be trusted.
    InsecureIssuer,
    /// A field of the config, or an option, is wrong. The message names it, as the npm package spells it.
    InvalidConfig,
    /// The server, or this version, does not have what the call needs.
    Unsupported,
    /// No access token goes to this origin. See `allowed_origins`.
    OriginNotAllowed,
    /// The client was closed.
    Closed,
}

impl Error {
    /// What to tell failures apart by.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What happened and what to do, in one sentence; for developers, and not stable.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later, with no one signing in.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether nothing usable is left: the user has to sign in again.
    pub fn is_session_lost(&self) -> bool {
        self.0.session_lost
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The `error` of the server's answer (RFC 6749 §5.2), or Okta's `errorCode`.
    pub fn oauth_error(&self) -> Option<&str> {
        self.0.oauth_error.as_deref()
    }

    /// The `error_description` of the server's answer, or Okta's `errorSummary`. Text from the server: never use it as HTML.
    pub fn oauth_error_description(&self) -> Option<&str> {
        self.0.oauth_error_description.as_deref()
    }

    /// Okta's `errorId`, for their support.
    pub fn error_id(&self) -> Option<&str> {
        self.0.error_id.as_deref()
    }

    /// With `rate_limited`: how long the server asks to wait, where the page may read that.
    pub fn retry_after_ms(&self) -> Option<f64> {
        self.0.retry_after_ms
    }

    /// What to pass to `sign_in`, where the reason is `step_up`. (RFC 9470 §3)
    pub fn acr_values(&self) -> Option<&str> {
        self.0.acr_values.as_deref()
    }

    /// The same, in seconds.
    pub fn max_age(&self) -> Option<f64> {
        self.0.max_age
    }

    /// Which check failed, where a code covers several.
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What the browser said, where it did.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    pub(super) fn field(field: Word, problem: Problem) -> Self {
        Self::of(&from_core(CoreError::field(field, problem)))
    }

    /// An answer that does not fit the type that it is read into.
    pub(super) fn unreadable(cause: String) -> Self {
        let error =
            CoreError::new(Code::InvalidResponse).naming(Word::Response, Problem::NotUsable);
        let mut error = Self::of(&from_core(error));
        error.0.cause = Some(cause);
        error
    }

    /// Of a `RekindleError`.
    pub(super) fn of(error: &JsValue) -> Self {
        let mut about: About = serde_wasm_bindgen::from_value(error.clone())
            // Nothing else is ever thrown by what is called here.
            .unwrap_or_else(|problem| About::unknown(problem.to_string()));
        let cause = Reflect::get(error, &"cause".into()).unwrap_or(JsValue::UNDEFINED);
        about.cause = (!cause.is_undefined()).then(|| spoken(&cause));
        Self(Box::new(about))
    }
}

/// From a `RekindleError` in an object of JavaScript.
impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let error: JsValue = serde_wasm_bindgen::preserve::deserialize(deserializer)?;
        Ok(Self::of(&error))
    }
}

impl About {
    fn unknown(message: String) -> Self {
        Self {
            code: ErrorCode::Unsupported,
            message,
            retryable: false,
            session_lost: false,
            status: None,
            oauth_error: None,
            oauth_error_description: None,
            error_id: None,
            retry_after_ms: None,
            acr_values: None,
            max_age: None,
            reason: None,
            cause: None,
        }
    }
}

fn spoken(value: &JsValue) -> String {
    match value.dyn_ref::<Object>() {
        Some(object) => object.to_string().into(),
        None => alloc::format!("{value:?}"),
    }
}

/// The error of JavaScript, whose sentence is made there.
pub(super) fn from_core(error: CoreError<browser::Object>) -> JsValue {
    from_about(&release(error.about.into_id()))
}

pub(super) fn from_about(about: &JsValue) -> JsValue {
    RekindleError::new(about).into()
}

pub(super) fn closed() -> JsValue {
    of_code("closed")
}

pub(super) fn aborted() -> JsValue {
    of_code("aborted")
}

fn of_code(code: &str) -> JsValue {
    let about = Object::new();
    // A new object takes a member.
    let _ = Reflect::set(&about, &"code".into(), &code.into());
    from_about(&about)
}

impl Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl core::error::Error for Error {}

/// Why a request of the app's own brought no response.
#[derive(Debug)]
pub enum FetchError {
    /// It was not sent, or there are no tokens for it.
    Session(Error),
    /// It failed as it would have without this crate.
    Request(gloo_net::Error),
}

impl FetchError {
    pub(super) fn of(error: JsValue) -> Self {
        if error.is_instance_of::<RekindleError>() {
            return Self::Session(Error::of(&error));
        }
        Self::Request(match error.dyn_into::<js_sys::Error>() {
            Ok(error) => gloo_net::Error::JsError(error.into()),
            Err(thrown) => gloo_net::Error::GlooError(spoken(&thrown)),
        })
    }
}

impl Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => Display::fmt(error, formatter),
            Self::Request(error) => Display::fmt(error, formatter),
        }
    }
}

impl core::error::Error for FetchError {}
