//! Requests: to the test runner's own server, and through the config's `fetch`, which answers with real `Response` objects.

use rekindle::browser::Operation;
use rekindle::platform::{Kept, Kind, Platform};
use rekindle::words::Word;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{
    Page, assert_same, config, get, handles, js, json, object, promised, replaced, set, text,
    until, value,
};

/// Asks for an address relative to the page's.
fn begin(page: &Page, address: &str, form: Option<&str>) -> Operation {
    let address = object(&format!(
        "{{ url: new URL('{address}', location.href).href }}"
    ));
    let form = form.map(object);
    page.browser.fetch(&address, Word::Url, form.as_ref())
}

/// The answer, or what the failure has.
async fn ask(page: &Page, address: &str, form: Option<&str>) -> Result<JsValue, JsValue> {
    let answer = page.run(address, begin(page, address, form)).await;
    answer
        .map(|answer| value(&answer.expect("an answer")))
        .map_err(|failure| value(&failure))
}

/// A page whose `fetch` does this.
fn page_with(client_id: &str, fetch: &str) -> Page {
    Page::open(client_id, &format!("fetch: {fetch}"))
}

/// A `fetch` that keeps what it was given.
fn recorder(fetch: &str) -> (JsValue, JsValue) {
    let recorder = js(&format!(
        "(() => {{
            const recorder = {{ sent: [] }};
            const next = {fetch};
            recorder.fetch = (address, init) => {{
                recorder.sent.push({{ address, init, request: new Request(address, init) }});
                return next(address, init);
            }};
            return recorder;
        }})()"
    ));
    let fetch = get(&recorder, "fetch");
    (recorder, fetch)
}

fn page_recording(client_id: &str, fetch: &str) -> (Page, JsValue) {
    let (recorder, fetch) = recorder(fetch);
    let config = config(client_id, "");
    set(&config, "fetch", &fetch);
    (Page::with(&config), recorder)
}

#[wasm_bindgen_test]
async fn the_page_s_own_fetch_asks_a_server() {
    let page = Page::open("fetch-real", "");
    let answer = ask(&page, "/package.json", None).await.unwrap();
    assert_eq!(get(&answer, "status"), 200);
    assert_eq!(text(&answer, "body.name"), "rekindle-development");
    assert_eq!(get(&answer, "tooLarge"), false);
    assert_eq!(get(&answer, "isJson"), true);
    assert!(get(&answer, "retryAfter").is_undefined());

    let html = ask(&page, "/", None).await.unwrap();
    assert_same(
        &html,
        "{ status: 200, tooLarge: false, isJson: false, retryAfterDate: null }",
    );
    let gone = ask(&page, "/there-is-no-such-file", None).await.unwrap();
    assert_same(
        &gone,
        "{ status: 404, tooLarge: false, isJson: false, retryAfterDate: null }",
    );
}

#[wasm_bindgen_test]
async fn fetch_is_taken_when_the_context_opens() {
    let page = Page::open("fetch-taken", "");
    let later = "{ value: () => Promise.reject(new Error('patched later')) }";
    let _replaced = replaced("globalThis", "fetch", later);
    let answer = ask(&page, "/package.json", None).await;
    assert_eq!(get(&answer.unwrap(), "status"), 200);
}

#[wasm_bindgen_test]
async fn a_context_that_replaces_another_has_its_fetch() {
    let first = page_with(
        "fetch-handed-on",
        "async () => new Response('', { status: 418 })",
    );
    let page = Page::in_place_of(&first, &config("fetch-handed-on", ""));
    let answer = ask(&page, "/", None).await.unwrap();
    assert_eq!(get(&answer, "status"), 418);
}

#[wasm_bindgen_test]
async fn a_form_is_posted_as_one_string_and_nothing_more() {
    let (page, recorder) = page_recording("fetch-form", "fetch");
    let form = "{ grant_type: 'refresh_token', scope: 'a b&c=d', resource: ['https://a.example/', 'https://b.example/é'] }";
    let answer = ask(&page, "/package.json", Some(form)).await.unwrap();
    assert_eq!(get(&answer, "status"), 200);

    let sent = get(&recorder, "sent.0");
    assert!(text(&sent, "address").ends_with("/package.json"));
    assert_eq!(
        text(&sent, "init.body"),
        "grant_type=refresh_token&scope=a+b%26c%3Dd&resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F%C3%A9"
    );
    // What the browser makes of it.
    let request = get(&sent, "request");
    for (member, expected) in [
        ("method", "POST"),
        ("mode", "cors"),
        ("credentials", "omit"),
        ("cache", "no-store"),
        ("redirect", "error"),
        ("referrerPolicy", "no-referrer"),
    ] {
        assert_eq!(text(&request, member), expected, "{member}");
    }
    // The server might otherwise get it a second time, after the page.
    assert_eq!(get(&request, "keepalive"), false);
    let headers = js("(request) => [...request.headers]");
    let headers = js_sys::Function::from(headers).call1(&request, &request);
    assert_same(
        &headers.unwrap(),
        "[['accept', 'application/json'], ['content-type', 'application/x-www-form-urlencoded']]",
    );
}

#[wasm_bindgen_test]
async fn a_last_request_outlives_the_page() {
    let (page, recorder) = page_recording("fetch-last", "fetch");
    let address = object("{ url: new URL('/package.json', location.href).href }");
    let form = object("{ token: 'a' }");
    let request = page.browser.fetch_last(&address, Word::Url, &form);
    let answer = page.run("the last request", request).await;
    assert!(matches!(answer, Ok(Some(_))));
    let request = get(&recorder, "sent.0.request");
    assert_eq!(get(&request, "keepalive"), true);
    assert_eq!(text(&recorder, "sent.0.init.body"), "token=a");
}

#[wasm_bindgen_test]
async fn json_is_known_by_its_content_type() {
    for (content_type, expected) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("application/problem+json", true),
        ("text/html", false),
        ("text/plain; about=json", false),
        ("application/json5", false),
    ] {
        let fetch = format!(
            "async () => new Response('{{}}', {{ headers: {{ 'Content-Type': '{content_type}' }} }})"
        );
        let answer = ask(&page_with("fetch-type", &fetch), "/", None).await;
        let is_json = get(&answer.unwrap(), "isJson");
        assert_eq!(is_json, expected, "{content_type}");
    }
}

#[wasm_bindgen_test]
async fn without_a_form_it_is_a_get_without_a_body() {
    let (page, recorder) = page_recording("fetch-get", "fetch");
    ask(&page, "/package.json", None).await.unwrap();
    let request = get(&recorder, "sent.0.request");
    assert_eq!(text(&request, "method"), "GET");
    // Firefox has no such member.
    assert!(get(&request, "body").is_falsy());
    let headers = js("(request) => [...request.headers]");
    let headers = js_sys::Function::from(headers).call1(&request, &request);
    assert_same(&headers.unwrap(), "[['accept', 'application/json']]");
}

#[wasm_bindgen_test]
async fn a_body_is_what_is_a_json_object() {
    let with_body = [
        r#"new Response('{"a":{"b":[1]}}')"#,
        r#"new Response('\n {"a":{"b":[1]}} \n')"#,
        r#"new Response('\ufeff{"a":{"b":[1]}}')"#,
        r#"new Response('{"a":{"b":[1]}}', { headers: { "Content-Type": "text/html" } })"#,
        // A polyfill has no stream.
        r#"({ status: 200, headers: new Headers(), text: async () => '{"a":{"b":[1]}}' })"#,
    ];
    for response in with_body {
        let page = page_with("fetch-body", &format!("async () => {response}"));
        let answer = ask(&page, "/", None).await.unwrap();
        assert_same(
            &answer,
            "{ status: 200, body: { a: { b: [1] } }, tooLarge: false, isJson: false, retryAfterDate: null }",
        );
    }
    for text in [
        "",
        "null",
        "1",
        "true",
        "\"text\"",
        "[{}]",
        "{\"a\":",
        "{\"a\":1} x",
        "a=1",
        "<html></html>",
    ] {
        let fetch = format!("async () => new Response({text:?}, {{ status: 503 }})");
        let answer = ask(&page_with("fetch-none", &fetch), "/", None).await;
        let expected = "{ status: 503, tooLarge: false, isJson: false, retryAfterDate: null }";
        assert_eq!(json(&answer.unwrap()), json(&js(expected)), "{text}");
    }
}

#[wasm_bindgen_test]
async fn a_character_may_come_in_pieces() {
    let fetch = r#"async () => new Response(new ReadableStream({
        start(controller) {
            for (const byte of new TextEncoder().encode('{"a":"é€😀"}')) controller.enqueue(new Uint8Array([byte]));
            controller.close();
        },
    }))"#;
    let answer = ask(&page_with("fetch-pieces", fetch), "/", None).await;
    assert_eq!(text(&answer.unwrap(), "body.a"), "é€😀");
}

#[wasm_bindgen_test]
async fn one_mebibyte_is_read_and_a_byte_more_is_not() {
    // Bytes of UTF-8 are counted, not characters.
    for (inside, is_too_large) in [
        ("'x'.repeat((1 << 20) - 8)", false),
        ("'x'.repeat((1 << 20) - 7)", true),
        ("'é'.repeat((1 << 19) - 4)", false),
        ("'é'.repeat((1 << 19) - 4) + 'x'", true),
    ] {
        let fetch = format!("async () => new Response('{{\"a\":\"' + {inside} + '\"}}')");
        let page = page_with("fetch-large", &fetch);
        let answer = page.run("the answer", begin(&page, "/", None)).await;
        let answer = answer.ok().flatten().unwrap();
        let large = if is_too_large {
            Kind::True
        } else {
            Kind::False
        };
        assert_eq!(answer.kind(Word::TooLarge), large, "{inside}");
        let body = if is_too_large {
            Kind::Absent
        } else {
            Kind::Object
        };
        assert_eq!(answer.kind(Word::Body), body, "{inside}");
        assert_eq!(answer.number(Word::Status), 200.0);
    }
}

#[wasm_bindgen_test]
async fn the_rest_of_a_body_that_is_too_large_is_not_fetched() {
    let stream = js("{
        pulled: 0,
        isCancelled: false,
        fetch: async () => new Response(new ReadableStream({
            pull(controller) { stream.pulled += 1; controller.enqueue(new Uint8Array(1 << 18)); },
            cancel() { stream.isCancelled = true; },
        })),
    }");
    set(&js_sys::global(), "stream", &stream);
    let page = page_with("fetch-endless", "stream.fetch");
    let answer = ask(&page, "/", None).await.unwrap();
    assert_eq!(get(&answer, "tooLarge"), true);
    until("the stream's end", || get(&stream, "isCancelled") == true).await;
    assert!(get(&stream, "pulled").as_f64().unwrap() < 10.0);
}

#[wasm_bindgen_test]
async fn headers_are_handed_over_where_they_can_be_read() {
    for (headers, expected) in [
        (
            "'Retry-After': '120'",
            "retryAfter: '120', retryAfterDate: Date.parse('120')",
        ),
        (
            "'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT'",
            "retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT', retryAfterDate: Date.UTC(2026, 9, 21, 7, 28)",
        ),
        (
            "'X-Rate-Limit-Reset': '1790000000'",
            "rateLimitReset: '1790000000', retryAfterDate: null",
        ),
    ] {
        let fetch =
            format!("async () => new Response('', {{ status: 429, headers: {{ {headers} }} }})");
        let answer = ask(&page_with("fetch-headers", &fetch), "/", None).await;
        assert_same(
            &answer.unwrap(),
            &format!("{{ status: 429, tooLarge: false, isJson: false, {expected} }}"),
        );
    }
}

#[wasm_bindgen_test]
async fn a_failure_has_its_cause() {
    let page = Page::open("fetch-refused", "");
    // No server listens there, and no browser would ask one that did.
    let failure = ask(&page, "http://127.0.0.1:1/", None).await.unwrap_err();
    assert_eq!(text(&failure, "cause.name"), "TypeError");

    let broken = "new Response(new ReadableStream({ start(controller) { controller.error(new Error('mine')); } }))";
    for fetch in [
        "() => Promise.reject(new Error('mine'))",
        "() => { throw new Error('mine'); }",
        &format!("async () => {broken}"),
        "async () => ({ text: () => Promise.reject(new Error('mine')) })",
    ] {
        let page = page_with("fetch-failing", fetch);
        let failure = ask(&page, "/", Some("{}")).await.unwrap_err();
        assert_eq!(text(&failure, "cause.message"), "mine", "{fetch}");
        assert_same(&failure, "{ cause: {} }");
    }
    // What these say is in their status and headers.
    for status in ["429", "500", "503"] {
        let answered = broken.replace(
            "}))",
            &format!("}}), {{ status: {status}, headers: {{ 'Retry-After': '7' }} }})"),
        );
        let page = page_with("fetch-broken", &format!("async () => {answered}"));
        let answer = ask(&page, "/", None).await.unwrap();
        assert_eq!(get(&answer, "status"), js(status));
        assert_eq!(text(&answer, "retryAfter"), "7");
        assert!(get(&answer, "body").is_undefined());
    }
    // Whatever is thrown.
    for thrown in ["undefined", "null", "0", "'text'"] {
        let fetch = format!("() => Promise.reject({thrown})");
        let page = page_with("fetch-thrown", &fetch);
        let failure = ask(&page, "/", None).await.unwrap_err();
        assert_eq!(get(&failure, "cause"), js(thrown));
    }
    for answer in ["undefined", "null", "{}"] {
        let fetch = format!("async () => ({answer})");
        let failure = ask(&page_with("fetch-junk", &fetch), "/", None).await;
        assert_eq!(text(&failure.unwrap_err(), "cause.name"), "TypeError");
    }
}

#[wasm_bindgen_test]
async fn dropping_the_operation_aborts_the_request() {
    let (page, recorder) = page_recording(
        "fetch-abort",
        "(address, init) => recorder.answer = fetch(address, init)",
    );
    let before = handles();
    let asked = begin(&page, "/package.json", None);
    assert_eq!(page.context.operations(), 1.0);
    drop(asked);
    assert_eq!(get(&recorder, "sent.0.init.signal.aborted"), true);
    assert_eq!(page.context.operations(), 0.0);
    let answer = promised("the aborted request", get(&recorder, "answer")).await;
    assert_eq!(text(&answer.unwrap_err(), "name"), "AbortError");
    // Nobody hears of it.
    let next = ask(&page, "/package.json", None).await;
    assert_eq!(get(&next.unwrap(), "status"), 200);
    assert_eq!(page.context.resumed(), 1);
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
async fn dropping_the_operation_aborts_an_answer_that_is_half_there() {
    let (page, recorder) = page_recording(
        "fetch-abort-body",
        "async () => new Response(new ReadableStream({ pull() { recorder.isRead = true; return new Promise(() => {}); } }, { highWaterMark: 0 }))",
    );
    let asked = begin(&page, "/", None);
    until("the body to be read", || get(&recorder, "isRead") == true).await;
    assert_eq!(get(&recorder, "sent.0.init.signal.aborted"), false);
    drop(asked);
    assert_eq!(get(&recorder, "sent.0.init.signal.aborted"), true);
}

#[wasm_bindgen_test]
async fn an_answer_after_the_operation_was_dropped_is_let_go() {
    let (page, recorder) = page_recording(
        "fetch-late",
        "() => new Promise((resolve) => { recorder.resolve = () => resolve(new Response('{}')); })",
    );
    let before = handles();
    drop(begin(&page, "/", None));
    js_sys::Function::from(get(&recorder, "resolve"))
        .call0(&JsValue::UNDEFINED)
        .unwrap();
    // An answer that comes later than this one.
    let next = begin(&page, "/", None);
    js_sys::Function::from(get(&recorder, "resolve"))
        .call0(&JsValue::UNDEFINED)
        .unwrap();
    assert!(page.run("the next answer", next).await.is_ok());
    assert_eq!(page.context.resumed(), 1);
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
async fn an_answer_that_came_and_was_not_taken_is_let_go() {
    let page = page_with("fetch-untaken", "async () => new Response('{}')");
    let before = handles();
    let asked = begin(&page, "/", None);
    until("the answer", || page.context.resumed() == 1).await;
    assert_eq!(handles(), before + 1);
    drop(asked);
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
async fn an_answered_request_is_not_aborted() {
    let (page, recorder) = page_recording("fetch-answered", "async () => new Response('{}')");
    ask(&page, "/", None).await.unwrap();
    assert_eq!(page.context.operations(), 0.0);
    assert_eq!(get(&recorder, "sent.0.init.signal.aborted"), false);
}
