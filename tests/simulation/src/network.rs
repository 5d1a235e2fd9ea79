//! What lies between the browser and the server, and what goes wrong there.

use crate::kept::{Object, Value};
use crate::plan::pick;
use crate::server::{Reply, Token};
use crate::world::{EPOCH, Ms};
use fastrand::Rng;

/// What happens to one request. A failure here is always told to the page, but for `Hang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    DropBefore,
    DropAfter,
    /// The server answers 200, and the body is cut off.
    Truncated,
    /// A captive portal's page, 200; the server hears nothing.
    Portal,
    /// A gateway's 503; the server hears nothing.
    Unavailable,
    /// A gateway's 502 with a body like an OAuth error, after the server did what it was asked.
    BadGateway,
    /// 429 with `Retry-After` in seconds.
    LimitedSeconds,
    /// 429 with `Retry-After` as a date.
    LimitedDate,
    /// 429 with Okta's `X-Rate-Limit-Reset` and Okta's body.
    LimitedReset,
    /// 429 whose headers the page may not read.
    LimitedMute,
    /// An empty 401 of a gateway.
    EmptyError,
    /// Another OAuth error, RFC 6749 §5.2.
    OauthError,
    /// Okta's gateway says no.
    OktaError,
    /// The server gets the request twice; the first answer comes back.
    Twice,
    /// No answer, ever; the server got the request.
    HangAfter,
    /// No answer, ever; the server never got the request.
    HangBefore,
    /// The answer comes after half a minute.
    Late,
    /// The answer without an access token.
    NoAccessToken,
    /// The answer with an access token of a type that nobody knows.
    OddType,
    /// `expires_in` is nonsense.
    OddLifetime,
    /// The id_token of another user.
    WrongIdToken,
}

impl Fault {
    pub const ALL: &[Self] = &[
        Self::DropBefore,
        Self::DropAfter,
        Self::Truncated,
        Self::Portal,
        Self::Unavailable,
        Self::BadGateway,
        Self::LimitedSeconds,
        Self::LimitedDate,
        Self::LimitedReset,
        Self::LimitedMute,
        Self::EmptyError,
        Self::OauthError,
        Self::OktaError,
        Self::Twice,
        Self::HangAfter,
        Self::HangBefore,
        Self::Late,
        Self::NoAccessToken,
        Self::OddType,
        Self::OddLifetime,
        Self::WrongIdToken,
    ];

    /// Whether the server gets the request.
    pub fn reaches_server(self) -> bool {
        use Fault::*;
        match self {
            DropAfter | Truncated | BadGateway | Twice | HangAfter | Late | NoAccessToken
            | OddType | OddLifetime | WrongIdToken => true,
            DropBefore | Portal | Unavailable | LimitedSeconds | LimitedDate | LimitedReset
            | LimitedMute | EmptyError | OauthError | OktaError | HangBefore => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Token,
    Introspection,
    Revocation,
    Metadata,
    Keys,
}

/// What a token request asks for.
#[derive(Clone, Debug)]
pub struct Request {
    pub context: usize,
    pub operation: u32,
    pub endpoint: Endpoint,
    pub token: Option<Token>,
    pub form: Vec<(String, String)>,
    pub sent: Ms,
    pub fault: Option<Fault>,
    pub reply: Option<Answer>,
    /// The browser waits for it no more.
    pub is_over: bool,
    /// The server has had its say.
    pub is_served: bool,
}

/// How long the server wants the browser to wait, as far as that can be read.
#[derive(Clone, Copy)]
pub enum Wait {
    For(Ms),
    Until(Ms),
}

/// What comes back: nothing but a failure, or an answer, with what the server issued.
#[derive(Clone)]
pub struct Answer {
    pub answer: Result<Object, Object>,
    pub is_definite: bool,
    pub wait: Option<Wait>,
    pub issued: Option<(Token, Option<Token>)>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match &self.answer {
            Ok(answer) => answer.stringify(),
            Err(_) => "no answer".to_owned(),
        };
        formatter.write_str(&what)
    }
}

fn object(members: &[(&str, Value)]) -> Object {
    Object::of(
        members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    )
}

fn response(status: f64, body: Option<Object>, headers: &[(&'static str, Value)]) -> Object {
    let answer = object(&[
        ("status", Value::Number(status)),
        ("tooLarge", Value::Boolean(false)),
    ]);
    answer.write("isJson", Value::Boolean(body.is_some()));
    if let Some(body) = body {
        answer.write("body", Value::Object(body));
    }
    for &(name, ref value) in headers {
        answer.write(name, value.clone());
    }
    answer
}

/// The page's view of a request that met this fault, the server having said this.
pub fn answer_of(fault: Option<Fault>, reply: Option<&Reply>, rng: &mut Rng, now: Ms) -> Answer {
    use Fault::*;
    let is = |answer, is_definite| Answer {
        answer: Ok(answer),
        is_definite,
        wait: None,
        issued: None,
    };
    let failed = || Answer {
        answer: Err(object(&[("cause", "TypeError".into())])),
        is_definite: false,
        wait: None,
        issued: None,
    };
    let wait_s = pick(rng, &[1.0, 7.0, 30.0, 120.0]);
    let until = EPOCH + now as f64 + wait_s * 1000.0;
    let okta = |code: &str| {
        object(&[
            ("errorCode", code.into()),
            ("errorSummary", "the gateway says no".into()),
            ("errorId", "oae1".into()),
            ("errorCauses", Value::Object(Object::list_of([]))),
        ])
    };
    let oauth = |error: &str| object(&[("error", error.into())]);
    let mut answer = match fault {
        Some(DropBefore | DropAfter | HangBefore | HangAfter) => failed(),
        Some(Truncated) => is(response(200.0, None, &[]), false),
        Some(Portal) => is(response(200.0, None, &[]), false),
        Some(Unavailable) => is(response(503.0, None, &[]), false),
        Some(BadGateway) => is(response(502.0, Some(oauth("invalid_grant")), &[]), false),
        Some(EmptyError) => is(response(401.0, None, &[]), false),
        Some(LimitedSeconds) => {
            let seconds = wait_s.to_string();
            is(
                response(429.0, None, &[("retryAfter", seconds.as_str().into())]),
                true,
            )
        }
        Some(LimitedDate) => {
            let headers = [
                ("retryAfter", "Tue, 24 Nov 2026 01:56:26 GMT".into()),
                ("retryAfterDate", Value::Number(until)),
            ];
            is(response(429.0, Some(oauth("slow_down")), &headers), true)
        }
        Some(LimitedReset) => {
            let seconds = (until / 1000.0).ceil().to_string();
            let headers = [("rateLimitReset", seconds.as_str().into())];
            is(response(429.0, Some(okta("E0000047")), &headers), true)
        }
        Some(LimitedMute) => is(response(429.0, None, &[]), true),
        Some(OauthError) => {
            let error = pick(
                rng,
                &[
                    "invalid_client",
                    "invalid_request",
                    "invalid_scope",
                    "unauthorized_client",
                ],
            );
            let status = pick(rng, &[400.0, 401.0, 403.0]);
            is(response(status, Some(oauth(error)), &[]), true)
        }
        Some(OktaError) => is(response(403.0, Some(okta("E0000006")), &[]), true),
        None | Some(Twice | Late | NoAccessToken | OddType | OddLifetime | WrongIdToken) => {
            let Some(reply) = reply else { return failed() };
            let body = reply.body.as_ref().map(|body| Object::of(body.entries()));
            if let (Some(body), Some(_)) = (&body, reply.issued) {
                match fault {
                    Some(NoAccessToken) => body.write("access_token", Value::Null),
                    Some(OddType) => body.write("token_type", "mac".into()),
                    Some(OddLifetime) => {
                        let odd = [
                            Value::Undefined,
                            Value::Number(0.0),
                            Value::Number(-5.0),
                            "60".into(),
                            "soon".into(),
                            Value::Number(1e12),
                        ];
                        body.write("expires_in", odd[rng.usize(0..odd.len())].clone());
                    }
                    Some(WrongIdToken) => {
                        body.write("id_token", crate::server::id_token(99, now).as_str().into())
                    }
                    _ => {}
                }
            }
            // An empty 4xx says nothing that could be relied upon.
            let is_definite = body.is_some();
            Answer {
                answer: Ok(response(f64::from(reply.status), body, &[])),
                is_definite,
                wait: None,
                issued: reply.issued,
            }
        }
    };
    let wait_ms = (wait_s * 1000.0) as Ms;
    answer.wait = match fault {
        Some(LimitedSeconds) => Some(Wait::For(wait_ms)),
        Some(LimitedDate | LimitedReset) => Some(Wait::Until(now + wait_ms)),
        _ => None,
    };
    answer
}
