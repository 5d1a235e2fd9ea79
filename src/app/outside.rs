//! What the npm package's shell does in JavaScript, as Rust calls it.

use alloc::string::String;

use js_sys::{Array, Function, Map};
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};

#[wasm_bindgen(module = "/src/browser/objects.js")]
extern "C" {
    pub fn keep(object: &JsValue) -> i32;
    pub fn kept(id: i32) -> Context;
    pub fn release(id: i32) -> JsValue;
    /// A URL in its parts, or `undefined`.
    pub fn parts(address: &str, base: &str) -> JsValue;
}

#[wasm_bindgen(module = "/src/browser/context.js")]
extern "C" {
    pub fn open(config: &JsValue, resume: &Closure<dyn Fn()>) -> i32;
    #[wasm_bindgen(js_name = identityOf)]
    pub fn identity_of(config: &JsValue) -> String;
}

#[wasm_bindgen(module = "/src/browser/errors.js")]
extern "C" {
    pub type RekindleError;
    #[wasm_bindgen(constructor)]
    pub fn new(about: &JsValue) -> RekindleError;
}

#[wasm_bindgen(module = "/src/browser/authorized_fetch.js")]
extern "C" {
    #[wasm_bindgen(js_name = authorizedFetch)]
    pub fn authorized_fetch(
        fetch: &Function,
        origins: &Array,
        begin: &Closure<dyn Fn(JsValue) -> JsValue>,
        renew: &Closure<dyn Fn(JsValue, JsValue) -> JsValue>,
    ) -> Function;
}

#[wasm_bindgen]
extern "C" {
    /// What `open` in `context.js` makes.
    pub type Context;
    /// The name of a storage of the page's.
    #[wasm_bindgen(method, getter)]
    pub fn storage(this: &Context) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn outbox(this: &Context) -> Array;
    #[wasm_bindgen(method, getter)]
    pub fn operations(this: &Context) -> Map;
    #[wasm_bindgen(method, getter)]
    pub fn fetch(this: &Context) -> Function;

    /// Something that a context has to say.
    pub type Told;
    #[wasm_bindgen(method, getter)]
    pub fn event(this: &Told) -> usize;
    #[wasm_bindgen(method, getter)]
    pub fn snapshot(this: &Told) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub fn about(this: &Told) -> JsValue;
}
