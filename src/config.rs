//! The config: every field checked, named in the error where it is wrong, and none silently ignored.

use crate::error::Error;
use crate::platform::{Kept, Kind, Kinds};
use crate::protocol::discovery::{self, Endpoint};
use crate::protocol::text::{is_bare, is_loopback, is_plain, is_secure, units};
use crate::words::{Code, Problem, Word};

const DEFAULT_RENEW_BEFORE_SECONDS: f64 = 30.0;
/// Okta's own.
const DEFAULT_TOLERANCE_SECONDS: f64 = 300.0;
const DEFAULT_TIMEOUT_MS: f64 = 10_000.0;
/// Okta's own default, as its guide on refresh token rotation has it.
const OKTA_GRACE_SECONDS: f64 = 30.0;

/// A config that passed every check.
pub struct Config<K> {
    /// `issuer` (without a slash at its end), `client_id`, `redirect_uri`, `scope` and `resource`, under their wire names.
    pub settings: K,
    /// The issuer in its parts.
    pub issuer: K,
    /// The redirect URI in its parts.
    pub redirect_uri: Option<K>,
    /// What the config and Okta's layout say of the endpoints, as metadata.
    pub metadata: K,
    /// Whether what is missing there is to be discovered.
    pub discover: bool,
    /// Whether authorization requests are pushed where the server does not require it.
    pub push: bool,
    /// How long before its expiry a token is no longer fresh, at most.
    pub renew_before_ms: f64,
    /// The bound of a call.
    pub timeout_ms: f64,
    /// Whether tokens are renewed in the background.
    pub auto_renew: bool,
    /// How long without the user's input until they no longer are.
    pub idle_ms: f64,
    /// How long the server forgives a second use of a refresh token.
    pub grace_ms: f64,
    /// How far apart the times of an ID token may be from what they should be.
    pub tolerance_s: f64,
    /// Whether a new tab is given the session.
    pub share_session: bool,
    /// Whether all tabs have one storage.
    pub is_local: bool,
}

impl<K: Kept> Config<K> {
    /// Whether the config names endpoints.
    pub fn names_endpoints(&self) -> bool {
        Endpoint::ALL
            .iter()
            .any(|endpoint| self.metadata.kind(endpoint.names().metadata).is_text())
    }
}

/// What a member of an app's object may be, and what is said where it is something else.
pub type Rule = (Word, Kinds, Problem);

pub(crate) const MAY_BE_ABSENT: Kinds = Kind::Absent.only();
pub(crate) const TEXT: Kinds = Kind::Text.only();
pub(crate) const TEXTS: Kinds = TEXT | Kind::TextList.only();
pub(crate) const NUMBER: Kinds = Kind::Number.only();
pub(crate) const OBJECT: Kinds = Kind::Object.only();
pub(crate) const FALSE: Kinds = Kind::False.only();
pub(crate) const BOOLEAN: Kinds = FALSE | Kind::True.only();

/// The options that every call has.
pub(crate) const SIGNAL: Rule = (Word::Signal, MAY_BE_ABSENT | OBJECT, Problem::NotSignal);
pub(crate) const TIMEOUT: Rule = (
    Word::TimeoutMs,
    MAY_BE_ABSENT | NUMBER,
    Problem::NotMilliseconds,
);

const RULES: [Rule; 19] = [
    (Word::Issuer, TEXT, Problem::NotUrl),
    (Word::ConfigClientId, TEXT, Problem::NotText),
    (
        Word::ConfigRedirectUri,
        MAY_BE_ABSENT | TEXT,
        Problem::NotUrl,
    ),
    (Word::Scope, MAY_BE_ABSENT | TEXTS, Problem::NotTextOrList),
    (
        Word::Resource,
        MAY_BE_ABSENT | TEXTS,
        Problem::NotTextOrList,
    ),
    (
        Word::Endpoints,
        MAY_BE_ABSENT | TEXT | OBJECT,
        Problem::NotEndpoints,
    ),
    (
        Word::Name,
        MAY_BE_ABSENT | TEXT | Kind::EmptyText.only(),
        Problem::NotString,
    ),
    (
        Word::Storage,
        MAY_BE_ABSENT | TEXT | OBJECT,
        Problem::NotStorage,
    ),
    (
        Word::RenewBeforeSeconds,
        MAY_BE_ABSENT | NUMBER,
        Problem::NotSeconds,
    ),
    TIMEOUT,
    (
        Word::Fetch,
        MAY_BE_ABSENT | Kind::Function.only(),
        Problem::NotFunction,
    ),
    (
        Word::AutoRenew,
        MAY_BE_ABSENT | BOOLEAN,
        Problem::NotBoolean,
    ),
    (
        Word::IdleTimeoutSeconds,
        MAY_BE_ABSENT | NUMBER,
        Problem::NotSeconds,
    ),
    (
        Word::RotationGraceSeconds,
        MAY_BE_ABSENT | NUMBER,
        Problem::NotSeconds,
    ),
    (
        Word::ShareSession,
        MAY_BE_ABSENT | BOOLEAN,
        Problem::NotBoolean,
    ),
    (
        Word::ClockToleranceSeconds,
        MAY_BE_ABSENT | NUMBER,
        Problem::NotSeconds,
    ),
    (
        Word::AllowedOrigins,
        MAY_BE_ABSENT | Kind::TextList.only() | Kind::EmptyList.only(),
        Problem::NotOrigins,
    ),
    (
        Word::ConfigPushedAuthorizationRequests,
        MAY_BE_ABSENT | BOOLEAN,
        Problem::NotBoolean,
    ),
    (Word::Dpop, MAY_BE_ABSENT | FALSE, Problem::NotYet),
];

/// Refuses a member that no rule names, and one that its rule refuses. A number is finite and not negative, unless anything goes.
pub fn check<K: Kept>(object: &K, rules: &[Rule]) -> Result<(), Error<K>> {
    let known = K::object();
    for &(field, kinds, problem) in rules {
        known.put(field, field);
        let kind = object.kind(field);
        let number = object.number(field);
        let is_fit =
            kind != Kind::Number || kinds & OBJECT != 0 || (number.is_finite() && number >= 0.0);
        if !kind.is_in(kinds) || !is_fit {
            let is_missing = kind.is_absent();
            let problem = if is_missing {
                Problem::Required
            } else {
                problem
            };
            return Err(Error::field(field, problem));
        }
    }
    let error = Error::new(Code::InvalidConfig);
    if object.stray(&known, &error.about, Word::Field) {
        error.about.put_problem(Word::Problem, Problem::Unknown);
        return Err(error);
    }
    Ok(())
}

/// A number that may be left out.
pub fn number<K: Kept>(object: &K, field: Word, otherwise: f64) -> f64 {
    let number = object.number(field);
    if number.is_nan() { otherwise } else { number }
}

/// A bound of time, which cannot be 0.
pub fn timeout_ms<K: Kept>(object: &K, otherwise: f64) -> Result<f64, Error<K>> {
    let ms = number(object, Word::TimeoutMs, otherwise);
    if ms > 0.0 {
        Ok(ms)
    } else {
        Err(Error::field(Word::TimeoutMs, Problem::NotMilliseconds))
    }
}

impl<K: Kept> Config<K> {
    /// Checks the app's config object.
    pub fn check(given: &K) -> Result<Self, Error<K>> {
        check(given, &RULES)?;
        let (settings, issuer) = check_issuer(given)?;
        given.copy(Word::ConfigClientId, &settings, Word::ClientId);
        let redirect_uri = given.url(Word::ConfigRedirectUri);
        // Without a host it is no place to come back to: `javascript:`, `data:`.
        let is_place = |url: &K| is_bare(url) && url.kind(Word::Host).is_text();
        if !given.kind(Word::ConfigRedirectUri).is_absent()
            && !redirect_uri.as_ref().is_some_and(is_place)
        {
            return Err(Error::field(Word::ConfigRedirectUri, Problem::NotUrl));
        }
        given.copy(Word::ConfigRedirectUri, &settings, Word::RedirectUri);
        settings.put(Word::Scope, Word::DefaultScope);
        given.copy_joined(Word::Scope, &settings, Word::Scope);
        given.copy(Word::Resource, &settings, Word::Resource);

        let (metadata, discover) = check_endpoints(given, &settings, &issuer)?;
        check_storage(given)?;
        // RFC 8707 §2: an absolute URI without a fragment.
        check_each(given, Word::Resource, Problem::NotUri, |url, _| {
            is_bare(url)
        })?;
        check_each(
            given,
            Word::AllowedOrigins,
            Problem::NotOrigins,
            // A wildcard is a host to the URL standard, and no origin's.
            |url, item| {
                url.same(Word::Origin, item, Word::Url)
                    && units(item, Word::Url).all(|unit| unit != u16::from(b'*'))
            },
        )?;
        let renew_before = number(
            given,
            Word::RenewBeforeSeconds,
            DEFAULT_RENEW_BEFORE_SECONDS,
        );
        let grace = if discovery::is_okta(&issuer) {
            OKTA_GRACE_SECONDS
        } else {
            0.0
        };
        Ok(Self {
            push: given.kind(Word::ConfigPushedAuthorizationRequests) == Kind::True,
            auto_renew: given.kind(Word::AutoRenew) != Kind::False,
            idle_ms: number(given, Word::IdleTimeoutSeconds, f64::INFINITY) * 1000.0,
            grace_ms: number(given, Word::RotationGraceSeconds, grace) * 1000.0,
            tolerance_s: number(
                given,
                Word::ClockToleranceSeconds,
                DEFAULT_TOLERANCE_SECONDS,
            ),
            is_local: given.is(Word::Storage, Word::Local),
            share_session: given.kind(Word::ShareSession) == Kind::True,
            settings,
            issuer,
            redirect_uri,
            metadata,
            discover,
            renew_before_ms: renew_before * 1000.0,
            timeout_ms: timeout_ms(given, DEFAULT_TIMEOUT_MS)?,
        })
    }
}

fn check_issuer<K: Kept>(given: &K) -> Result<(K, K), Error<K>> {
    let wrong = |problem| Error::field(Word::Issuer, problem);
    let settings = K::object();
    given.copy(Word::Issuer, &settings, Word::Issuer);
    settings.trim_slash(Word::Issuer);
    // The endpoints' addresses begin with this text as it stands.
    let issuer = settings
        .url(Word::Issuer)
        .filter(|_| is_plain(&settings, Word::Issuer))
        .ok_or_else(|| wrong(Problem::NotUrl))?;
    if issuer.is(Word::Protocol, Word::Http) && !is_loopback(&issuer) {
        let insecure = Error::new(Code::InsecureIssuer);
        return Err(insecure.naming(Word::Issuer, Problem::NotHttps));
    }
    if !is_bare(&issuer) {
        return Err(wrong(Problem::NotUrl));
    }
    if !is_secure(&issuer) {
        return Err(wrong(Problem::NotHttps));
    }
    // RFC 8414 §2: an issuer has no query, not even an empty one, which would swallow the paths behind it.
    if units(&settings, Word::Issuer).any(|unit| unit == u16::from(b'?')) {
        return Err(wrong(Problem::HasQuery));
    }
    if discovery::is_okta_admin(&issuer) {
        let error = wrong(Problem::AdminHost);
        issuer.copy(Word::Href, &error.about, Word::Url);
        return Err(error);
    }
    Ok((settings, issuer))
}

fn check_endpoints<K: Kept>(given: &K, settings: &K, issuer: &K) -> Result<(K, bool), Error<K>> {
    let wrong = || Error::field(Word::Endpoints, Problem::NotEndpoints);
    let named_okta = given.is(Word::Endpoints, Word::Okta);
    if given.kind(Word::Endpoints).is_text() && !named_okta {
        return Err(wrong());
    }
    let has_layout = named_okta || discovery::is_okta(issuer);
    let metadata = if has_layout {
        discovery::okta_layout(settings, issuer)
    } else {
        K::object()
    };
    if let Some(endpoints) = given.get(Word::Endpoints) {
        let rule = |endpoint: Endpoint| {
            let name = endpoint.names().config;
            (name, MAY_BE_ABSENT | TEXT, Problem::NotUrl)
        };
        check(&endpoints, &Endpoint::ALL.map(rule)).map_err(of_endpoints)?;
        for &endpoint in &Endpoint::ALL {
            let names = endpoint.names();
            if endpoints.kind(names.config).is_absent() {
                continue;
            }
            let url = endpoints
                .url(names.config)
                .filter(is_bare)
                .ok_or_else(|| of_endpoints(Error::field(names.config, Problem::NotUrl)))?;
            if !is_secure(&url) {
                let error = Error::field(names.config, Problem::NotHttps);
                return Err(of_endpoints(error));
            }
            endpoints.copy(names.config, &metadata, names.metadata);
        }
    }
    Ok((metadata, !has_layout))
}

/// The error with its field as a member of `endpoints`.
fn of_endpoints<K: Kept>(error: Error<K>) -> Error<K> {
    let name = K::object();
    name.put(Word::Field, Word::Endpoints);
    name.append(Word::Field, Word::Dot);
    name.append_member(Word::Field, &error.about, Word::Field);
    name.copy(Word::Field, &error.about, Word::Field);
    error
}

fn check_storage<K: Kept>(given: &K) -> Result<(), Error<K>> {
    let known = [Word::Session, Word::Local, Word::Memory]
        .iter()
        .any(|&word| given.is(Word::Storage, word));
    let custom = given.get(Word::Storage).is_some_and(|storage| {
        [Word::GetItem, Word::SetItem, Word::RemoveItem]
            .iter()
            .all(|&function| storage.kind(function) == Kind::Function)
    });
    if known || custom || given.kind(Word::Storage).is_absent() {
        Ok(())
    } else {
        Err(Error::field(Word::Storage, Problem::NotStorage))
    }
}

/// Checks each text of a list, or the one text: as a URL in its parts, and as it stands in `url`.
fn check_each<K: Kept>(
    given: &K,
    field: Word,
    problem: Problem,
    is_fit: impl Fn(&K, &K) -> bool,
) -> Result<(), Error<K>> {
    let item = K::object();
    let mut at = 0;
    while given.copy_item(field, at, &item, Word::Url) {
        if !item.url(Word::Url).is_some_and(|url| is_fit(&url, &item)) {
            return Err(Error::field(field, problem));
        }
        at += 1;
    }
    Ok(())
}
