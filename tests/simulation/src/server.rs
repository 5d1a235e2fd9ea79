//! An authorization server: what it remembers of each sign-in, and what it answers. It makes no fault of its own; the network does.

use crate::kept::{Object, Value};
use crate::world::Ms;

/// What the server does with a refresh token that was used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rotation {
    /// A new one each time; the old one again revokes the family, access tokens too.
    Strict,
    /// The same, but for so long the old one brings the same new one again (django-oauth-toolkit).
    SameAgain(Ms),
    /// The same, but for so long the old one brings a further new one (Okta).
    FurtherNew(Ms),
    /// It stays good; the answer has none.
    Never,
    /// There is none.
    NoRefreshToken,
}

impl Rotation {
    pub fn grace(self) -> Ms {
        match self {
            Self::SameAgain(grace) | Self::FurtherNew(grace) => grace,
            Self::Strict | Self::Never | Self::NoRefreshToken => 0,
        }
    }
}

/// How the server says no.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Errors {
    /// RFC 6749 §5.2, with a description that quotes the token.
    Described,
    /// RFC 6749 §5.2, bare.
    Bare,
    /// An empty 400, which says nothing.
    Empty,
}

/// Why no token of a family is good any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Revoked {
    Reuse,
    SignOut,
    /// An administrator did it, or the user changed the password.
    Elsewhere,
}

/// A token by its family and its number there, which only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    pub family: usize,
    pub number: usize,
}

pub struct Family {
    pub user: usize,
    pub revoked: Option<Revoked>,
    refresh: Vec<RefreshToken>,
    access: Vec<Ms>,
}

#[derive(Default)]
struct RefreshToken {
    first_used: Option<Ms>,
    successor: Option<usize>,
    /// With which one it was bought.
    parent: Option<usize>,
}

/// An answer as it leaves the server, with what it did.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub body: Option<Object>,
    pub issued: Option<(Token, Option<Token>)>,
}

pub struct Server {
    pub rotation: Rotation,
    pub errors: Errors,
    pub lifetime_s: f64,
    pub id_tokens: bool,
    pub families: Vec<Family>,
}

const REFRESH: &str = "refresh-secret";
const ACCESS: &str = "access-secret";
/// The signature of an id_token.
const IDENTITY: &str = "identity--secret";

/// Whether an object has a token in it that must not be there.
pub fn has_secret(object: &Object) -> bool {
    has_text(object, &[REFRESH, ACCESS, IDENTITY])
}

/// Whether an object that may hold access tokens has a refresh token in it.
pub fn has_refresh_secret(object: &Object) -> bool {
    has_text(object, &[REFRESH])
}

fn has_text(object: &Object, marks: &[&str]) -> bool {
    object.entries().iter().any(|(_, value)| match value {
        Value::Text(text) => {
            let text = text.to_string();
            marks.iter().any(|mark| text.contains(mark))
        }
        Value::Object(inner) => has_text(inner, marks),
        _ => false,
    })
}

fn text(mark: &str, token: Token) -> String {
    format!("{mark}-{}-{}", token.family, token.number)
}

pub fn refresh_token(text: &str) -> Option<Token> {
    parse(REFRESH, text)
}

pub fn access_token(text: &str) -> Option<Token> {
    parse(ACCESS, text)
}

fn parse(mark: &str, text: &str) -> Option<Token> {
    let rest = text.strip_prefix(mark)?.strip_prefix('-')?;
    let (family, number) = rest.split_once('-')?;
    Some(Token {
        family: family.parse().ok()?,
        number: number.parse().ok()?,
    })
}

impl Server {
    /// The token response of a new sign-in.
    pub fn sign_in(&mut self, user: usize, now: Ms) -> Object {
        self.families.push(Family {
            user,
            revoked: None,
            refresh: Vec::new(),
            access: Vec::new(),
        });
        let family = self.families.len() - 1;
        let has_refresh = self.rotation != Rotation::NoRefreshToken;
        self.issue(family, has_refresh, None, now).0
    }

    fn issue(
        &mut self,
        id: usize,
        has_refresh: bool,
        again: Option<usize>,
        now: Ms,
    ) -> (Object, Token, Option<Token>) {
        let lifetime = (self.lifetime_s * 1000.0) as Ms;
        let family = &mut self.families[id];
        family.access.push(now + lifetime);
        let access = Token {
            family: id,
            number: family.access.len() - 1,
        };
        let refresh = has_refresh.then(|| {
            let number = again.unwrap_or_else(|| {
                family.refresh.push(RefreshToken::default());
                family.refresh.len() - 1
            });
            Token { family: id, number }
        });
        let body = Object::of([
            ("token_type".to_owned(), "Bearer".into()),
            ("expires_in".to_owned(), Value::Number(self.lifetime_s)),
            (
                "access_token".to_owned(),
                text(ACCESS, access).as_str().into(),
            ),
            ("scope".to_owned(), "openid profile offline_access".into()),
        ]);
        if let Some(token) = refresh {
            body.write("refresh_token", text(REFRESH, token).as_str().into());
        }
        if self.id_tokens {
            let user = self.families[id].user;
            body.write("id_token", id_token(user, now).as_str().into());
        }
        (body, access, refresh)
    }

    /// Answers a refresh (RFC 6749 §6).
    pub fn refresh(&mut self, given: Option<Token>, now: Ms) -> Reply {
        let Some(token) = given.filter(|token| self.knows(*token)) else {
            return self.invalid_grant(given);
        };
        if self.families[token.family].revoked.is_some() {
            return self.invalid_grant(given);
        }
        let used = &self.families[token.family].refresh[token.number];
        let (first_used, successor) = (used.first_used, used.successor);
        let again = match (self.rotation, first_used) {
            (Rotation::Never, _) => {
                let (body, access, _) = self.issue(token.family, false, None, now);
                return Reply {
                    status: 200,
                    body: Some(body),
                    issued: Some((access, None)),
                };
            }
            (_, None) => None,
            (rotation, Some(first)) if now - first <= rotation.grace() => {
                // Only the token before the newest one is forgiven.
                let is_successor_used = successor.is_some_and(|next| {
                    self.families[token.family].refresh[next]
                        .first_used
                        .is_some()
                });
                if is_successor_used {
                    return self.reused(token);
                }
                match rotation {
                    Rotation::SameAgain(_) => successor,
                    _ => None,
                }
            }
            (_, Some(_)) => return self.reused(token),
        };
        let (body, access, refresh) = self.issue(token.family, true, again, now);
        let used = &mut self.families[token.family].refresh[token.number];
        used.first_used.get_or_insert(now);
        used.successor = refresh.map(|token| token.number);
        if let Some(new) = refresh {
            self.families[token.family].refresh[new.number].parent = Some(token.number);
        }
        Reply {
            status: 200,
            body: Some(body),
            issued: Some((access, refresh)),
        }
    }

    fn reused(&mut self, token: Token) -> Reply {
        self.families[token.family].revoked = Some(Revoked::Reuse);
        self.invalid_grant(Some(token))
    }

    fn invalid_grant(&self, token: Option<Token>) -> Reply {
        let said = |members: &[(&str, &str)]| {
            Some(Object::of(
                members
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).into())),
            ))
        };
        let body = match self.errors {
            Errors::Described => {
                // Servers have been seen that quote the token.
                let quoted = token.map_or_else(String::new, |token| text(REFRESH, token));
                let described = format!("The refresh token {quoted} is invalid or expired.");
                said(&[
                    ("error", "invalid_grant"),
                    ("error_description", &described),
                ])
            }
            Errors::Bare => said(&[("error", "invalid_grant")]),
            Errors::Empty => None,
        };
        Reply {
            status: 400,
            body,
            issued: None,
        }
    }

    /// Answers an introspection (RFC 7662).
    pub fn introspect(&self, token: &str, now: Ms) -> Reply {
        let active = access_token(token).map_or_else(
            || refresh_token(token).is_some_and(|token| self.is_usable(token, now)),
            |token| self.is_access_valid(token, now),
        );
        let body = Object::of([("active".to_owned(), Value::Boolean(active))]);
        Reply {
            status: 200,
            body: Some(body),
            issued: None,
        }
    }

    /// Answers a revocation (RFC 7009).
    pub fn revoke(&mut self, token: &str) -> Reply {
        if let Some(token) = refresh_token(token).or_else(|| access_token(token)) {
            self.end(token.family, Revoked::SignOut);
        }
        Reply {
            status: 200,
            body: None,
            issued: None,
        }
    }

    pub fn end(&mut self, family: usize, why: Revoked) {
        self.families[family].revoked.get_or_insert(why);
    }

    /// An answer said nonsense of the token's lifetime: whatever the client makes of it is right.
    pub fn outlive(&mut self, token: Token) {
        self.families[token.family].access[token.number] = Ms::MAX;
    }

    /// Whether one was bought with the other, by however many steps: then that one is spent.
    pub fn descends(&self, token: Token, from: Token) -> bool {
        let mut parent = Some(token.number);
        while let Some(number) = parent.filter(|_| token.family == from.family && token != from) {
            if number == from.number {
                return true;
            }
            parent = self.families[token.family].refresh[number].parent;
        }
        false
    }

    fn knows(&self, token: Token) -> bool {
        self.families
            .get(token.family)
            .is_some_and(|family| token.number < family.refresh.len())
    }

    /// Whether the server would still take this refresh token, and not as one that was stolen.
    pub fn is_usable(&self, token: Token, now: Ms) -> bool {
        if !self.knows(token) || self.families[token.family].revoked.is_some() {
            return false;
        }
        let refresh = &self.families[token.family].refresh;
        let used = &refresh[token.number];
        let is_successor_used = used
            .successor
            .is_some_and(|next| refresh[next].first_used.is_some());
        self.rotation == Rotation::Never
            || used
                .first_used
                .is_none_or(|first| now - first <= self.rotation.grace() && !is_successor_used)
    }

    /// Whether a resource server would take this access token.
    pub fn is_access_valid(&self, token: Token, now: Ms) -> bool {
        self.families.get(token.family).is_some_and(|family| {
            family.revoked.is_none()
                && family
                    .access
                    .get(token.number)
                    .is_some_and(|&end| now < end)
        })
    }
}

/// A compact JWT, whose signature stands for one.
pub fn id_token(user: usize, now: Ms) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let iat = (crate::world::EPOCH + now as f64) / 1000.0;
    let claims = format!(
        r#"{{"iss":"{}","sub":"user-{user}","aud":"{}","iat":{},"exp":{}}}"#,
        crate::plan::ISSUER,
        crate::plan::CLIENT_ID,
        iat.floor(),
        iat.floor() + 3600.0,
    );
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"1"}"#);
    format!("{header}.{}.{IDENTITY}", URL_SAFE_NO_PAD.encode(claims))
}

/// The issuer's keys.
pub fn keys() -> Object {
    let key = [("kty", "EC"), ("crv", "P-256"), ("kid", "1")];
    let key = key.map(|(name, text)| (name.to_owned(), text.into()));
    let list = Object::list_of([Value::Object(Object::of(key))]);
    Object::of([("keys".to_owned(), Value::Object(list))])
}

/// What WebCrypto says of an answer's id_token.
pub fn verdict(answer: &Object) -> Object {
    let token = answer.member("id_token").to_text().to_string();
    let is_signed = token.ends_with(IDENTITY);
    Object::of([("signature".to_owned(), Value::Boolean(is_signed))])
}
