//! Reading the few texts that decide something, one code unit at a time.

use crate::platform::Kept;
use crate::words::Word;

const ZERO: u16 = 0x30;
const NINE: u16 = 0x39;
const DOT: u16 = 0x2e;

/// The units of a text, from the first.
pub fn units<K: Kept>(kept: &K, key: Word) -> impl Iterator<Item = u16> {
    (0..).map_while(move |at| kept.unit(key, at))
}

/// Whether one of the words of a list, which spaces part, is the other text.
pub fn has_word<K: Kept>(list: &K, key: Word, kept: &K, word: Word) -> bool {
    const SPACE: u16 = 0x20;
    let mut place = Some(0);
    for unit in units(list, key).chain([SPACE]) {
        if unit == SPACE {
            if place.is_some_and(|at| at > 0 && kept.unit(word, at).is_none()) {
                return true;
            }
            place = Some(0);
        } else {
            place = place
                .filter(|&at| kept.unit(word, at) == Some(unit))
                .map(|at| at + 1);
        }
    }
    false
}

/// A text of ASCII digits only, as a number; `None` for any other, the empty one too.
pub fn digits<K: Kept>(kept: &K, key: Word) -> Option<f64> {
    let mut number = None;
    for unit in units(kept, key) {
        match unit {
            ZERO..=NINE => number = Some(number.unwrap_or(0.0) * 10.0 + f64::from(unit - ZERO)),
            _ => return None,
        }
    }
    number
}

/// Whether a list, of which a text alone is one, has the text that `of` has.
pub fn has_item<K: Kept>(kept: &K, key: Word, of: &K, of_key: Word) -> bool {
    let item = K::object();
    (0..)
        .take_while(|&at| kept.copy_item(key, at, &item, key))
        .any(|_| item.same(key, of, of_key))
}

/// Whether the text is this ASCII word in lower case, whatever the text's case.
pub fn is_ignoring_case<K: Kept>(kept: &K, key: Word, lower: &[u8]) -> bool {
    units(kept, key)
        .map(|unit| u8::try_from(unit).map_or(0, |byte| byte.to_ascii_lowercase()))
        .eq(lower.iter().copied())
}

/// Whether a parsed URL's `hostname` is this device: `localhost`, `127.0.0.0/8` or `[::1]` (RFC 8252 §8.3). Not all browsers keep names below
/// `localhost` to it.
///
/// The URL standard's parser has written any spelling of an IPv4 address as four decimal numbers, and refuses a name that ends
/// in a number and is no address, so digits and dots alone are an address.
pub fn is_loopback<K: Kept>(url: &K) -> bool {
    url.is(Word::Hostname, Word::Localhost)
        || url.is(Word::Hostname, Word::LoopbackV6)
        || (units(url, Word::Hostname)
            .take(4)
            .eq(b"127.".iter().map(|&byte| u16::from(byte)))
            && units(url, Word::Hostname).all(|unit| matches!(unit, ZERO..=NINE | DOT)))
}

/// Whether a parsed URL may carry anything of ours: https, or http to this device; no user name, password or fragment
/// (RFC 6749 §3.1, §3.1.2.1, §3.2).
pub fn is_secure<K: Kept>(url: &K) -> bool {
    (url.is(Word::Protocol, Word::Https)
        || (url.is(Word::Protocol, Word::Http) && is_loopback(url)))
        && is_bare(url)
}

/// Whether a URL's text holds nothing that its parser drops or turns: no space or control character, no backslash.
pub fn is_plain<K: Kept>(kept: &K, key: Word) -> bool {
    const SPACE: u16 = 0x20;
    const BACKSLASH: u16 = 0x5c;
    units(kept, key).all(|unit| unit > SPACE && unit != BACKSLASH)
}

/// Whether a parsed URL has no user name, password or fragment, not even an empty one, which `hash` does not tell.
pub fn is_bare<K: Kept>(url: &K) -> bool {
    !url.kind(Word::Username).is_text()
        && !url.kind(Word::Password).is_text()
        && !url.kind(Word::Hash).is_text()
        && !url.ends(Word::Href, Word::NumberSign)
}
