//! Objects by their handles: the verbs, which are the same for every implementation, and what is of handles alone.

use js_sys::JSON;
use rekindle::browser::Object;
use rekindle::platform::Kept;
use rekindle::words::Word;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::kept_cases::Testable;
use crate::support::{handles, js, keep, kept, object, owned, set, value};

impl Testable for Object {
    fn from_json(text: &str) -> Self {
        owned(keep(&JSON::parse(text).unwrap()))
    }

    fn to_json(&self) -> String {
        JSON::stringify(&value(self)).unwrap().into()
    }

    fn put_undefined(&self, key: Word) {
        set(&value(self), text_of(key), &JsValue::UNDEFINED);
    }

    fn put_function(&self, key: Word) {
        set(&value(self), text_of(key), &js("() => {}"));
    }

    fn is_frozen(&self) -> bool {
        js_sys::Object::is_frozen(value(self).unchecked_ref::<js_sys::Object>())
    }
}

fn text_of(key: Word) -> &'static str {
    let named = Word::ALL.iter().find(|(word, _)| *word == key);
    named.expect("every name is in its list").1
}

kept_cases!(#[wasm_bindgen_test] for Object);

#[wasm_bindgen_test]
fn every_handle_is_given_back() {
    let before = handles();
    let mut highest = Vec::new();
    for _ in 0..1_000 {
        let made =
            object("{ url: 'https://a.example/?b=c', id_token: 'e30.eyJhIjp7fX0.e30', error: {} }");
        let list = Object::list();
        list.push(&made);
        let url = made.url(Word::Url).unwrap();
        let all = [
            url.get(Word::Params).unwrap(),
            made.claims(Word::IdToken).unwrap(),
            made.get(Word::Error).unwrap(),
            list.at(0).unwrap(),
            made.clone(),
            made,
            list,
            url,
        ];
        highest.push(all.iter().map(Object::id).max().unwrap());
    }
    assert_eq!(handles(), before);
    assert!(highest.iter().all(|id| *id <= highest[0]), "the table grew");
}

#[wasm_bindgen_test]
fn what_is_not_there_makes_no_handle() {
    let before = handles();
    let made = object("{ url: 'no URL', id_token: 'no token', error: null, code: 'text' }");
    assert!(made.url(Word::Url).is_none());
    assert!(made.claims(Word::IdToken).is_none());
    assert!(made.get(Word::Error).is_none());
    assert!(made.get(Word::Code).is_none());
    assert!(made.get(Word::State).is_none());
    assert!(Object::list().at(0).is_none());
    drop(made);
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
fn a_clone_is_another_handle_of_the_same_object() {
    let first = Object::object();
    let second = first.clone();
    assert_ne!(first.id(), second.id());
    first.put(Word::Code, Word::Okta);
    let id = first.id();
    drop(first);
    assert!(second.is(Word::Code, Word::Okta));
    assert!(kept(id).is_undefined());
}

#[wasm_bindgen_test]
fn a_handle_that_is_given_away_stays() {
    let id = object("{ code: 'okta' }").into_id();
    let taken = owned(id);
    assert!(taken.is(Word::Code, Word::Okta));
    drop(taken);
    assert!(kept(id).is_undefined());
}

#[wasm_bindgen_test]
fn there_is_no_handle_0() {
    assert!(Object::owned(0).is_none());
    assert!(keep(&js("{}")) > 0);
}

#[wasm_bindgen_test]
fn an_error_is_one_of_ours_and_has_its_members() {
    let about = object(
        "{ code: 'server', retryable: true, sessionLost: false, status: 503, oauthError: 'x'.repeat(501), cause: 'c' }",
    );
    let made = Object::object();
    made.attach_error(Word::Error, &about);
    let checks = js("({ error }) => [
            error instanceof Error,
            error.name === 'RekindleError',
            error.code === 'server',
            error.retryable === true,
            error.sessionLost === false,
            error.status === 503,
            error.oauthError === 'x'.repeat(500),
            error.cause === 'c',
            !('reason' in error),
            error.message.includes('503'),
        ].indexOf(false)");
    let failed = js_sys::Function::from(checks).call1(&value(&made), &value(&made));
    assert_eq!(failed.unwrap(), -1);
}
