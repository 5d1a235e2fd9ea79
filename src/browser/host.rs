//! The JavaScript beside this file, as the core calls it. Numbers only.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/browser/objects.js")]
extern "C" {
    pub fn drop(id: i32);
    pub fn again(id: i32) -> i32;
    pub fn object() -> i32;
    pub fn list() -> i32;
    pub fn kind(id: i32, key: i32) -> i32;
    pub fn is(id: i32, key: i32, word: i32) -> i32;
    pub fn is_code(id: i32, key: i32, code: i32) -> i32;
    pub fn starts(id: i32, key: i32, word: i32) -> i32;
    pub fn ends(id: i32, key: i32, word: i32) -> i32;
    pub fn same(id: i32, key: i32, other: i32, other_key: i32) -> i32;
    pub fn number(id: i32, key: i32) -> f64;
    pub fn unit(id: i32, key: i32, index: i32) -> i32;
    pub fn get(id: i32, key: i32) -> i32;
    pub fn at(id: i32, index: i32) -> i32;
    pub fn set(id: i32, key: i32, number: f64);
    pub fn flag(id: i32, key: i32, value: i32);
    pub fn put(id: i32, key: i32, word: i32);
    pub fn put_code(id: i32, key: i32, code: i32);
    pub fn put_problem(id: i32, key: i32, problem: i32);
    pub fn put_null(id: i32, key: i32);
    pub fn attach(id: i32, key: i32, other: i32);
    pub fn attach_error(id: i32, key: i32, about: i32);
    pub fn push(id: i32, other: i32);
    pub fn shift(id: i32);
    pub fn remove(id: i32, key: i32);
    pub fn copy(id: i32, key: i32, to: i32, to_key: i32);
    pub fn copy_item(id: i32, key: i32, index: i32, to: i32, to_key: i32) -> i32;
    pub fn copy_all(id: i32, to: i32) -> i32;
    pub fn copy_joined(id: i32, key: i32, to: i32, to_key: i32);
    pub fn append(id: i32, key: i32, word: i32);
    pub fn append_member(id: i32, key: i32, from: i32, from_key: i32);
    pub fn append_unit(id: i32, key: i32, unit: i32);
    pub fn trim_slash(id: i32, key: i32);
    pub fn redact(id: i32, key: i32, secrets: i32, secret: i32);
    pub fn stray(id: i32, known: i32, to: i32, to_key: i32) -> i32;
    pub fn url(id: i32, key: i32) -> i32;
    pub fn add_query(id: i32, key: i32, params: i32);
    pub fn claims(id: i32, key: i32, part: i32) -> i32;
    pub fn freeze(id: i32);
}

#[wasm_bindgen(module = "/src/browser/context.js")]
extern "C" {
    pub fn take(context: i32, operation: i32) -> i32;
    pub fn is_aborted(context: i32, call: i32) -> i32;
    pub fn cancel(context: i32, operation: i32);
    pub fn is_lasting(context: i32) -> i32;
    pub fn log(context: i32) -> i32;
    pub fn emit(context: i32, event: i32, snapshot: i32, about: i32);
    pub fn settle(context: i32, call: i32, is_error: i32, object: i32);
    pub fn claim(context: i32, call: i32);
}

#[wasm_bindgen(module = "/src/browser/fetch.js")]
extern "C" {
    pub fn send(
        context: i32,
        operation: i32,
        address: i32,
        key: i32,
        form: i32,
        is_last: i32,
        record: i32,
    );
}

#[wasm_bindgen(module = "/src/browser/signature.js")]
extern "C" {
    pub fn verify(context: i32, operation: i32, answer: i32, key: i32, alg: i32);
}

#[wasm_bindgen(module = "/src/browser/storage.js")]
extern "C" {
    pub fn load(context: i32, slot: i32) -> i32;
    pub fn save(context: i32, slot: i32, object: i32) -> i32;
    pub fn erase(context: i32, slot: i32);
    pub fn forget(context: i32, slot: i32);
}

#[wasm_bindgen(module = "/src/browser/clock.js")]
extern "C" {
    pub fn now() -> f64;
    pub fn elapsed() -> f64;
    pub fn sleep(context: i32, operation: i32, ms: f64);
}

#[wasm_bindgen(module = "/src/browser/locks.js")]
extern "C" {
    pub fn lock(context: i32, operation: i32, record: i32);
    pub fn presence(context: i32, operation: i32, record: i32);
    pub fn who(context: i32, operation: i32, record: i32);
    pub fn coordination(context: i32) -> i32;
}

#[wasm_bindgen(module = "/src/browser/channel.js")]
extern "C" {
    pub fn post(context: i32, message: i32);
}

#[wasm_bindgen(module = "/src/browser/news.js")]
extern "C" {
    pub fn attend(context: i32, to: i32);
    pub fn news(context: i32, operation: i32);
}

#[wasm_bindgen(module = "/src/browser/events.js")]
extern "C" {
    pub fn is_online() -> i32;
    pub fn is_activated() -> i32;
}

#[wasm_bindgen(module = "/src/browser/page.js")]
extern "C" {
    pub fn address(context: i32) -> i32;
    pub fn relative(object: i32, key: i32) -> i32;
    pub fn clean_address();
    pub fn leave_for(object: i32, key: i32);
    pub fn chance() -> f64;
    pub fn has_random() -> i32;
    pub fn random(object: i32, key: i32);
}

#[wasm_bindgen(module = "/src/browser/popup.js")]
extern "C" {
    pub fn open_popup(context: i32, operation: i32) -> i32;
    pub fn close_popups(context: i32);
    pub fn lead_popup(context: i32, operation: i32, address: i32);
    pub fn hand_over(context: i32, operation: i32, url: i32);
}

// Files that the ones above import by themselves: wasm-bindgen carries only those along that are named here. The bundler of the npm
// package needs no such help.
#[cfg(not(feature = "npm"))]
#[wasm_bindgen(module = "/src/browser/errors.js")]
extern "C" {
    fn RekindleError();
}

#[cfg(not(feature = "npm"))]
#[wasm_bindgen(module = "/src/browser/base64url.js")]
extern "C" {
    fn encode();
}

#[cfg(not(feature = "npm"))]
#[wasm_bindgen(module = "/src/browser/words.js")]
extern "C" {
    fn WORDS();
}
