//! A token that is hashed goes through linear memory a block at a time, and is not left there.

use js_sys::{Array, Function};
use rekindle::platform::Kept;
use rekindle::protocol::digest::digest;
use rekindle::words::Word;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{js, object, value};

/// Which pieces of eight bytes of a text are in memory, as they are or as SHA-256 takes them: by words, their first byte last.
/// The text itself stays with JavaScript, and so does what is looked for.
fn pieces_in_memory(text: &JsValue) -> Vec<String> {
    let search = js("({ buffer }, { token }) => {
            const memory = new TextDecoder('latin1').decode(new Uint8Array(buffer));
            const turned = (word) => [...word].reverse().join('');
            const found = [];
            for (let at = 0; at + 8 <= token.length; at++) {
                const piece = token.slice(at, at + 8);
                if (memory.includes(piece)) found.push(`${at}`);
                if (memory.includes(turned(piece.slice(0, 4)) + turned(piece.slice(4)))) found.push(`${at} turned`);
            }
            return found;
        }");
    let found = Function::from(search).call2(&JsValue::NULL, &wasm_bindgen::memory(), text);
    let found = Array::from(&found.unwrap());
    found
        .iter()
        .map(|piece| piece.as_string().unwrap())
        .collect()
}

#[wasm_bindgen_test]
fn p03_nothing_of_a_text_that_was_hashed_stays_in_memory() {
    for length in [43, 55, 56, 64, 100, 128, 1_500] {
        let text = object(&format!(
            "{{ token: Array.from(crypto.getRandomValues(new Uint8Array({length})), (byte) => String.fromCharCode(33 + byte % 94)).join('') }}"
        ));
        let to = rekindle::browser::Object::object();
        digest(&text, Word::Token, &to, Word::CodeChallenge);
        let left = pieces_in_memory(&value(&text));
        assert!(left.is_empty(), "{length}: {left:?}");
        assert!(to.unit(Word::CodeChallenge, 42).is_some());
    }
}

#[wasm_bindgen_test]
fn the_search_finds_what_is_there() {
    let text = object("{ token: ['one ', 'pi', 'ece', 'dcba', 'hgfe'].join('') }");
    let here = [*b"ne piece", *b"abcdefgh"];
    let found = pieces_in_memory(&value(&text));
    assert_eq!(found, ["1", "9 turned"], "{here:?}");
}
