//! Everything that the outside gives. Two things implement it: the browser, and the tests.

use crate::words::{Code, Problem, Word};
use core::future::Future;

/// Milliseconds since the epoch, by the device's clock, which may lie and jump.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Wall(pub f64);

/// Milliseconds since some moment of this page load, by a clock that never goes back and may stand still while the device sleeps.
/// Never to be compared with [`Wall`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Mono(pub f64);

/// What a member of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Not there, or `undefined`.
    Absent,
    /// `null`.
    Null,
    /// A string with at least one character.
    Text,
    /// `""`.
    EmptyText,
    /// A number, NaN and infinity included.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// A list of at least one string, each with at least one character.
    TextList,
    /// A list of nothing.
    EmptyList,
    /// Any other list.
    List,
    /// A function.
    Function,
    /// Any other object.
    Object,
}

/// A set of kinds.
pub type Kinds = u16;

impl Kind {
    /// The set of this kind alone.
    pub const fn only(self) -> Kinds {
        1 << self as u8
    }

    pub(crate) fn is_in(self, kinds: Kinds) -> bool {
        kinds & self.only() != 0
    }

    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Text)
    }
}

/// An object that the platform keeps: a record, a form, an answer, a config. The core holds a handle and asks about members;
/// the texts themselves, tokens above all, stay outside.
///
/// A verb that is asked for what is not there (a number of a text, a copy of an absent member) answers "nothing" or does
/// nothing; none fails.
pub trait Kept: Clone + 'static {
    /// A new, empty object.
    fn object() -> Self;
    /// A new, empty list.
    fn list() -> Self;

    /// What the member is.
    fn kind(&self, key: Word) -> Kind;
    /// Whether the member is exactly this text.
    fn is(&self, key: Word, word: Word) -> bool;
    /// Whether the member is this code.
    fn is_code(&self, key: Word, code: Code) -> bool;
    /// Whether the member is a text that begins with this one.
    fn starts(&self, key: Word, word: Word) -> bool;
    /// Whether the member is a text that ends with this one.
    fn ends(&self, key: Word, word: Word) -> bool;
    /// Whether both members are the same text, number or other value, or the same object; two absent ones are. NaN is never
    /// the same as anything.
    fn same(&self, key: Word, other: &Self, other_key: Word) -> bool;
    /// The member as a number; NaN where it is none.
    fn number(&self, key: Word) -> f64;
    /// The UTF-16 code unit at this place of a text.
    fn unit(&self, key: Word, index: u32) -> Option<u16>;
    /// The object or list that the member is.
    fn get(&self, key: Word) -> Option<Self>;
    /// The object at this place of a list: an empty one for what is none.
    fn at(&self, index: u32) -> Option<Self>;

    /// Sets a number.
    fn set(&self, key: Word, number: f64);
    /// Sets `true` or `false`.
    fn flag(&self, key: Word, value: bool);
    /// Sets a text.
    fn put(&self, key: Word, word: Word);
    /// Sets an error's code.
    fn put_code(&self, key: Word, code: Code);
    /// Sets what is wrong with an error's field.
    fn put_problem(&self, key: Word, problem: Problem);
    /// Sets `null`.
    fn put_null(&self, key: Word);
    /// Sets an object.
    fn attach(&self, key: Word, object: &Self);
    /// Sets the error that these members make.
    fn attach_error(&self, key: Word, about: &Self);
    /// Adds an object to the end of a list.
    fn push(&self, object: &Self);
    /// Takes the first object off a list.
    fn shift(&self);
    /// Removes the member.
    fn remove(&self, key: Word);
    /// Copies a member of any kind. An absent one changes nothing.
    fn copy(&self, key: Word, to: &Self, to_key: Word);
    /// Copies a text from this place of a list, of which a text alone is one; whether there is one.
    fn copy_item(&self, key: Word, index: u32, to: &Self, to_key: Word) -> bool;
    /// Copies every member under the name it has; whether all of them are texts.
    fn copy_all(&self, to: &Self) -> bool;
    /// Copies a text, or a list of texts joined by spaces.
    fn copy_joined(&self, key: Word, to: &Self, to_key: Word);
    /// Adds a text to the end of a text.
    fn append(&self, key: Word, word: Word);
    /// Adds a member's text to the end of a text.
    fn append_member(&self, key: Word, from: &Self, from_key: Word);
    /// Adds one UTF-16 code unit to the end of a text; the text begins with the first.
    fn append_unit(&self, key: Word, unit: u16);
    /// Takes one `/` off the end of a text, where there is one.
    fn trim_slash(&self, key: Word);
    /// Replaces each place of a text where the other member's text stands by `[redacted]`.
    fn redact(&self, key: Word, secrets: &Self, secret: Word);
    /// The name of a member that `known` has not, copied; whether there is one.
    fn stray(&self, known: &Self, to: &Self, to_key: Word) -> bool;

    /// The member as an absolute URL in its parts: `href`, `origin`, `protocol`, `username`, `password`, `host`, `hostname`,
    /// `pathname`, `search`, `hash` and `params`, the query as an object (of a repeated one, the last).
    fn url(&self, key: Word) -> Option<Self>;
    /// Makes the member, a URL, one with these parameters set in its query.
    fn add_query(&self, key: Word, params: &Self);
    /// The claims of a compact JWT, unverified; none where it is no such thing: three parts, each base64url without padding or anything
    /// else, 64 KiB at most (RFC 7515 §7.1).
    fn claims(&self, key: Word) -> Option<Self>;
    /// Its JOSE header.
    fn header(&self, key: Word) -> Option<Self>;
    /// Makes the object and the objects in it unchangeable, before the app is given it.
    fn freeze(&self);
}

/// Why storage did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageFailed {
    /// It is full: the old value is still stored.
    Full,
    /// It is blocked, broken or not there.
    Unavailable,
    /// The value cannot be written as JSON.
    NotJson,
}

/// The places in storage that a client has, each under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Slot {
    /// The session's record, in the storage that the config names.
    Record,
    /// Sign-ins under way, always in `sessionStorage`.
    SignIns,
    /// The issuer's metadata, in `sessionStorage`.
    Metadata,
    /// The sessions that were ended in this browser, without a secret, always in `localStorage`.
    Tombstones,
    /// The issuer's public keys, in `sessionStorage`.
    Keys,
}

/// What `subscribe`'s listeners hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Event {
    /// A session began.
    SignedIn,
    /// The session has newer tokens.
    Renewed,
    /// A refresh that no caller hears of failed.
    RenewFailed,
    /// The access token ran out and was not renewed.
    Expired,
    /// The session ended as someone wished.
    SignedOut,
    /// The server refused the refresh token.
    SessionLost,
}

/// How the tabs of this browser keep out of each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Coordination {
    /// Web Locks, which know who is ahead, and a channel to ask them.
    Locks,
    /// A channel alone.
    Channel,
    /// Neither.
    None,
}

/// What a client listens to: a set of these.
pub mod attention {
    /// The page's own events.
    pub const PAGE: u8 = 1;
    /// The channel: it is open while this is in the set.
    pub const SIBLINGS: u8 = 2;
    /// The user's input: a key, a pointer.
    pub const INPUT: u8 = 4;
}

/// Everything that the outside gives. An operation may be dropped at any await: a request is aborted then, a timer cancelled,
/// a lock withdrawn or let go.
///
/// Locks and the channel are named after the client's issuer, client id and name; locks after the record's `family` too.
pub trait Platform: Clone + 'static {
    /// The handles.
    type Kept: Kept;
    /// Something that goes on outside: it brings an object or none, or fails with one.
    type Operation: Future<Output = Result<Option<Self::Kept>, Self::Kept>> + Unpin + 'static;

    /// POSTs a form, or GETs where there is none. The answer has `status`, `body` (where it is a JSON object), `tooLarge`
    /// (over 1 MiB), `isJson` (by its content type), and from the headers `retryAfter` (a text), `retryAfterDate` (ms since the
    /// epoch), `rateLimitReset` (a text). A failure, after which the request may have reached the server all the same, has `cause`.
    fn fetch(&self, address: &Self::Kept, url: Word, form: Option<&Self::Kept>) -> Self::Operation;
    /// The same for a request that goes on though the page is left (`keepalive`).
    fn fetch_last(&self, address: &Self::Kept, url: Word, form: &Self::Kept) -> Self::Operation;
    /// GETs with the record's `access_token` in the header `Authorization` (RFC 6750 §2.1).
    fn fetch_with(&self, address: &Self::Kept, url: Word, record: &Self::Kept) -> Self::Operation;
    /// Ends after so many milliseconds, or later.
    fn sleep(&self, ms: f64) -> Self::Operation;

    /// Looks at `id_token`'s signature: brings `signature`, whether it was made with this JWK by this algorithm, and `at_hash`, what an ID
    /// token says of the answer's `access_token` (OpenID Connect Core §3.1.3.6). It brings nothing where there is no WebCrypto, and fails,
    /// with `cause`, where that lacks the algorithm. The key is made ready once, as long as its object lives.
    fn verify(&self, answer: &Self::Kept, key: &Self::Kept, alg: Word) -> Self::Operation;

    /// Ends when the refresh lock of the record's family is this client's alone. It is held until the operation is dropped.
    /// Where the browser has no locks, those of this page are kept apart.
    fn lock(&self, record: &Self::Kept) -> Self::Operation;
    /// Ends when it can be seen that this client has the record's `generation` of its family, which is until the operation is
    /// dropped; at once where there are no locks.
    fn presence(&self, record: &Self::Kept) -> Self::Operation;
    /// Who can be seen: `generation`, the highest that any tab shows of the record's family, and `tabs`, how many show one; without a
    /// record, how many show one of any family. Nothing where there are no locks.
    fn who(&self, record: Option<&Self::Kept>) -> Self::Operation;
    /// How this client keeps out of others' way.
    fn coordination(&self) -> Coordination;
    /// Sends the object as it is now to the other tabs' clients of the same issuer, client id and name.
    fn post(&self, message: &Self::Kept);
    /// Begins and ends listening, to a set of [`attention`].
    fn attend(&self, to: u8);
    /// Ends with the next thing heard; none is lost in between. It has `event`: `hide` (the page may go into the back/forward cache with its
    /// requests), `freeze` (it is frozen where it is), `leave` (it is left, and its requests end), `show` (it is back), `wake` (it is
    /// looked at, or has the focus), `online`, `active` (the user did something), `stored` (another tab wrote to a storage of ours),
    /// `message` (with `message`, what a sibling posted: input like any other).
    fn news(&self) -> Self::Operation;

    /// The object stored there, or the one that could not be, for as long as the page lives: an empty one for what is no JSON
    /// object, `None` where there is nothing.
    fn load(&self, slot: Slot) -> Result<Option<Self::Kept>, StorageFailed>;
    /// Stores the object in one write.
    fn save(&self, slot: Slot, object: &Self::Kept) -> Result<(), StorageFailed>;
    /// Removes what is stored there, as well as can be.
    fn remove(&self, slot: Slot);
    /// Removes what could not be stored there, which the platform keeps as long as the page lives; what is stored stays.
    fn forget(&self, slot: Slot);
    /// Whether the record's storage outlives the page: false for "memory".
    fn is_lasting(&self) -> bool;
    /// What is written down for `diagnostics()`: an object with the lists `exchanges` and `warnings`, which outlives an instance that
    /// traps.
    fn log(&self) -> Self::Kept;

    /// The time of day.
    fn now(&self) -> Wall;
    /// The page's own clock.
    fn elapsed(&self) -> Mono;
    /// A number from 0 to below 1, for jitter; not for secrets.
    fn chance(&self) -> f64;
    /// Whether there is a random source fit for secrets.
    fn has_random(&self) -> bool;
    /// Sets a text of 32 random bytes in base64url (43 characters).
    fn random(&self, to: &Self::Kept, key: Word);

    /// Whether the browser thinks that it is online, which is wrong at times.
    fn is_online(&self) -> bool;
    /// Whether the user has just done something in the page: a click, a key.
    fn is_activated(&self) -> bool;
    /// The page's own URL in its parts, as [`Kept::url`]; none where there is no page.
    fn address(&self) -> Option<Self::Kept>;
    /// A URL relative to the page's, in its parts.
    fn relative(&self, to: &Self::Kept, key: Word) -> Option<Self::Kept>;
    /// Takes an authorization response's parameters out of the address bar.
    fn clean_address(&self);
    /// Leaves for this URL.
    fn leave_for(&self, address: &Self::Kept, url: Word);

    /// Opens an empty window, at once, in the place of the one before; `None` where the browser lets the page have none. It is closed when
    /// the operation is dropped, which brings nothing when the user has closed it, as far as can be seen, and then goes on; and, each time
    /// that something is said on the popup's channel, what: `url`, input like any other.
    fn open_popup(&self) -> Option<Self::Operation>;
    /// Closes every such window and its channel; the operations fail.
    fn close_popups(&self);
    /// Sends that window to `address`, whose `state` names its channel. Who waits there for an answer has it when the operation is
    /// dropped.
    fn lead_popup(&self, popup: &Self::Operation, address: &Self::Kept);
    /// Says `url`, the page's own, on the channel that the `state` in it names. Where it is answered there this window is closed, and the
    /// operation goes on; it ends where it is not answered.
    fn hand_over(&self, url: &Self::Kept) -> Self::Operation;

    /// Runs the task until it is done, whoever waits for it.
    fn spawn(&self, task: impl Future<Output = ()> + 'static);
    /// Tells the listeners, after this and before any answer that is given later.
    fn emit(&self, event: Event, snapshot: &Self::Kept, error: Option<&Self::Kept>);
}
