//! The config: every field checked, named in the error where it is wrong, and none silently ignored.

use crate::error::Error;
use crate::platform::{Kept, Kind};
use crate::protocol::discovery::{self, Endpoint};
use crate::protocol::text::{is_bare, is_secure};
use crate::words::{Code, Problem, Word};

const DEFAULT_RENEW_BEFORE_SECONDS: f64 = 30.0;
const DEFAULT_TIMEOUT_MS: f64 = 10_000.0;

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
    /// How long before its expiry a token is no longer fresh, at most.
    pub renew_before_ms: f64,
    /// The bound of a call.
    pub timeout_ms: f64,
}

const FIELDS: [Word; 19] = [
    Word::Issuer,
    Word::ConfigClientId,
    Word::ConfigRedirectUri,
    Word::Scope,
    Word::Resource,
    Word::Endpoints,
    Word::ConfigPushedAuthorizationRequests,
    Word::Name,
    Word::Storage,
    Word::AutoRenew,
    Word::IdleTimeoutSeconds,
    Word::ShareSession,
    Word::RenewBeforeSeconds,
    Word::RotationGraceSeconds,
    Word::TimeoutMs,
    Word::ClockToleranceSeconds,
    Word::AllowedOrigins,
    Word::Dpop,
    Word::Fetch,
];

/// Refuses a member that is none of `known`.
pub fn only<K: Kept>(object: &K, known: &[Word]) -> Result<(), Error<K>> {
    let list = K::object();
    for &name in known {
        list.put(name, name);
    }
    let error = Error::new(Code::InvalidConfig);
    if object.stray(&list, &error.about, Word::Field) {
        error.about.put_problem(Word::Problem, Problem::Unknown);
        return Err(error);
    }
    Ok(())
}

/// A field that may be left out, or must be of one of these kinds.
pub fn optional<K: Kept>(
    object: &K,
    field: Word,
    kinds: &[Kind],
    problem: Problem,
) -> Result<(), Error<K>> {
    let kind = object.kind(field);
    if kind.is_absent() || kinds.contains(&kind) {
        Ok(())
    } else {
        Err(Error::field(field, problem))
    }
}

/// A number of at least `least` that may be left out.
pub fn number<K: Kept>(
    object: &K,
    field: Word,
    least: f64,
    problem: Problem,
) -> Result<Option<f64>, Error<K>> {
    if object.kind(field).is_absent() {
        return Ok(None);
    }
    let number = object.number(field);
    if number.is_finite() && number >= least {
        Ok(Some(number))
    } else {
        Err(Error::field(field, problem))
    }
}

impl<K: Kept> Config<K> {
    /// Checks the app's config object.
    pub fn check(given: &K) -> Result<Self, Error<K>> {
        only(given, &FIELDS)?;
        let (settings, issuer) = check_issuer(given)?;
        if !given.kind(Word::ConfigClientId).is_text() {
            return Err(required(given, Word::ConfigClientId, Problem::NotText));
        }
        given.copy(Word::ConfigClientId, &settings, Word::ClientId);
        optional(
            given,
            Word::ConfigRedirectUri,
            &[Kind::Text],
            Problem::NotUrl,
        )?;
        let redirect_uri = given.url(Word::ConfigRedirectUri);
        if !given.kind(Word::ConfigRedirectUri).is_absent()
            && !redirect_uri.as_ref().is_some_and(is_bare)
        {
            return Err(Error::field(Word::ConfigRedirectUri, Problem::NotUrl));
        }
        given.copy(Word::ConfigRedirectUri, &settings, Word::RedirectUri);
        for field in [Word::Scope, Word::Resource] {
            optional(
                given,
                field,
                &[Kind::Text, Kind::TextList],
                Problem::NotTextOrList,
            )?;
        }
        settings.put(Word::Scope, Word::DefaultScope);
        given.copy_joined(Word::Scope, &settings, Word::Scope);
        given.copy(Word::Resource, &settings, Word::Resource);

        let (metadata, discover) = check_endpoints(given, &settings, &issuer)?;
        optional(
            given,
            Word::Name,
            &[Kind::Text, Kind::EmptyText],
            Problem::NotText,
        )?;
        check_storage(given)?;
        optional(given, Word::Fetch, &[Kind::Function], Problem::NotFunction)?;
        check_later_fields(given)?;

        let seconds = |field| number(given, field, 0.0, Problem::NotSeconds);
        let renew_before = seconds(Word::RenewBeforeSeconds)?;
        let timeout = number(given, Word::TimeoutMs, 1.0, Problem::NotMilliseconds)?;
        Ok(Self {
            settings,
            issuer,
            redirect_uri,
            metadata,
            discover,
            renew_before_ms: renew_before.unwrap_or(DEFAULT_RENEW_BEFORE_SECONDS) * 1000.0,
            timeout_ms: timeout.unwrap_or(DEFAULT_TIMEOUT_MS),
        })
    }
}

fn required<K: Kept>(given: &K, field: Word, otherwise: Problem) -> Error<K> {
    let absent = given.kind(field).is_absent();
    Error::field(field, if absent { Problem::Required } else { otherwise })
}

fn check_issuer<K: Kept>(given: &K) -> Result<(K, K), Error<K>> {
    let wrong = |problem| Error::field(Word::Issuer, problem);
    if !given.kind(Word::Issuer).is_text() {
        return Err(required(given, Word::Issuer, Problem::NotUrl));
    }
    let settings = K::object();
    given.copy(Word::Issuer, &settings, Word::Issuer);
    settings.trim_slash(Word::Issuer);
    let issuer = settings
        .url(Word::Issuer)
        .ok_or_else(|| wrong(Problem::NotUrl))?;
    if !is_bare(&issuer) {
        return Err(wrong(Problem::NotUrl));
    }
    if !is_secure(&issuer) {
        return Err(if issuer.is(Word::Protocol, Word::Http) {
            Error::new(Code::InsecureIssuer).naming(Word::Issuer, Problem::NotHttps)
        } else {
            wrong(Problem::NotHttps)
        });
    }
    // RFC 8414 §2: an issuer has no query.
    if issuer.kind(Word::Search).is_text() {
        return Err(wrong(Problem::HasQuery));
    }
    if discovery::is_okta_admin(&issuer) {
        let error = wrong(Problem::AdminHost);
        issuer.copy(Word::Hostname, &error.about, Word::Host);
        return Err(error);
    }
    Ok((settings, issuer))
}

fn check_endpoints<K: Kept>(given: &K, settings: &K, issuer: &K) -> Result<(K, bool), Error<K>> {
    let wrong = || Error::field(Word::Endpoints, Problem::NotEndpoints);
    optional(
        given,
        Word::Endpoints,
        &[Kind::Text, Kind::Object],
        Problem::NotEndpoints,
    )?;
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
        only(
            &endpoints,
            &Endpoint::ALL.map(|endpoint| endpoint.names().config),
        )?;
        for endpoint in Endpoint::ALL {
            let names = endpoint.names();
            if endpoints.kind(names.config).is_absent() {
                continue;
            }
            let url = endpoints
                .url(names.config)
                .filter(is_bare)
                .ok_or_else(|| member_of_endpoints(names.config, Problem::NotUrl))?;
            if !is_secure(&url) {
                return Err(member_of_endpoints(names.config, Problem::NotHttps));
            }
            endpoints.copy(names.config, &metadata, names.metadata);
        }
    }
    Ok((metadata, !has_layout))
}

fn member_of_endpoints<K: Kept>(name: Word, problem: Problem) -> Error<K> {
    let error: Error<K> = Error::field(Word::Endpoints, problem);
    error.about.append(Word::Field, Word::Dot);
    error.about.append(Word::Field, name);
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

/// Fields that a later version brings to life. Those that would promise something that is not kept yet are refused.
fn check_later_fields<K: Kept>(given: &K) -> Result<(), Error<K>> {
    const BOOLEAN: [Kind; 2] = [Kind::True, Kind::False];
    optional(given, Word::AutoRenew, &BOOLEAN, Problem::NotBoolean)?;
    for field in [
        Word::ConfigPushedAuthorizationRequests,
        Word::ShareSession,
        Word::Dpop,
    ] {
        optional(given, field, &BOOLEAN, Problem::NotBoolean)?;
        optional(given, field, &[Kind::False], Problem::NotYet)?;
    }
    for field in [
        Word::IdleTimeoutSeconds,
        Word::RotationGraceSeconds,
        Word::ClockToleranceSeconds,
    ] {
        number(given, field, 0.0, Problem::NotSeconds)?;
    }
    optional(
        given,
        Word::AllowedOrigins,
        &[Kind::TextList, Kind::EmptyList],
        Problem::NotOrigins,
    )?;
    let item = K::object();
    let mut at = 0;
    while given.copy_item(Word::AllowedOrigins, at, &item, Word::Origin) {
        let is_origin = item
            .url(Word::Origin)
            .is_some_and(|url| url.same(Word::Origin, &item, Word::Origin));
        if !is_origin {
            return Err(Error::field(Word::AllowedOrigins, Problem::NotOrigins));
        }
        at += 1;
    }
    Ok(())
}
