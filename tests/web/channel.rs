//! The channel to the other tabs.

use rekindle::browser::Operation;
use rekindle::platform::{Platform, attention};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{
    Page, assert_same, call, ended, get, goes_on, js, object, replaced, set, tab, until, value,
};

/// A page whose client listens.
fn listening(client_id: &str, members: &str) -> Page {
    let page = Page::open(client_id, members);
    page.browser.attend(attention::SIBLINGS);
    page
}

/// The next thing heard.
async fn heard(news: &mut Operation) -> JsValue {
    ended("news", news).await.expect("something")
}

#[wasm_bindgen_test]
async fn a_message_reaches_the_others_as_it_was_when_it_was_posted() {
    let [one, two, three] = [(); 3].map(|()| listening("channel", ""));
    let message = object("{ what: 'tokens', record: { generation: 2 } }");
    one.browser.post(&message);
    set(&get(&value(&message), "record"), "generation", &9.into());
    for page in [&two, &three] {
        let mut news = page.browser.news();
        assert_same(
            &heard(&mut news).await,
            "{ event: 'message', message: { what: 'tokens', record: { generation: 2 } } }",
        );
    }
    assert!(goes_on(&mut one.browser.news()), "not to itself");
}

#[wasm_bindgen_test]
async fn another_tab_hears_and_is_heard() {
    let page = listening("channel-tab", "");
    let tab = tab();
    let peer = js(
        "(tab) => { const peer = new tab.contentWindow.BroadcastChannel('rekindle:https://issuer.example|channel-tab|');
            peer.onmessage = ({ data }) => { peer.heard = data; peer.postMessage({ what: 'ask' }); }; return peer; }",
    );
    let peer = js_sys::Function::from(peer).call1(&tab, &tab).unwrap();
    page.browser.post(&object("{ what: 'notes' }"));
    let mut news = page.browser.news();
    assert_same(
        &heard(&mut news).await,
        "{ event: 'message', message: { what: 'ask' } }",
    );
    assert_same(&get(&peer, "heard"), "{ what: 'notes' }");
    call(&tab, "remove");
}

#[wasm_bindgen_test]
async fn clients_apart_do_not_hear_each_other() {
    let others = [
        listening("channel-apart", "name: 'second'"),
        listening("channel-apart-2", ""),
        listening("channel-apart", "issuer: 'https://other.example'"),
    ];
    let [one, two] = [(); 2].map(|()| listening("channel-apart", ""));
    one.browser.post(&object("{ what: 'ask' }"));
    heard(&mut two.browser.news()).await;
    for other in &others {
        assert!(goes_on(&mut other.browser.news()));
    }
}

#[wasm_bindgen_test]
async fn who_does_not_listen_hears_nothing_and_can_still_post() {
    let [one, two] = [(); 2].map(|()| listening("channel-deaf", ""));
    one.browser.attend(0);
    two.browser.post(&object("{ what: 'ask' }"));
    one.browser.attend(attention::SIBLINGS);
    one.browser.attend(0);
    one.browser.post(&object("{ what: 'tokens' }"));
    let mut news = two.browser.news();
    assert_same(
        &heard(&mut news).await,
        "{ event: 'message', message: { what: 'tokens' } }",
    );
    drop(news);
    assert!(goes_on(&mut one.browser.news()));
    assert_eq!(one.context.resumed(), 0);
}

#[wasm_bindgen_test]
async fn messages_wait_in_their_order_until_they_are_taken() {
    let [one, two] = [(); 2].map(|()| listening("channel-order", ""));
    for number in 0..3 {
        one.browser
            .post(&object(&format!("{{ number: {number} }}")));
    }
    until("three messages", || two.context.resumed() == 3).await;
    // Given up before it was looked at: nothing is lost.
    drop(two.browser.news());
    for number in 0..3 {
        let mut news = two.browser.news();
        assert_eq!(get(&heard(&mut news).await, "message.number"), number);
    }
    let mut waiting = two.browser.news();
    assert!(goes_on(&mut waiting));
    one.browser.post(&object("{ number: 3 }"));
    assert_eq!(get(&heard(&mut waiting).await, "message.number"), 3);
}

#[wasm_bindgen_test]
fn what_cannot_be_sent_is_not() {
    let page = listening("channel-function", "");
    page.browser.post(&object("{ fetch() {} }"));
    for property in [
        "{ value: undefined }",
        "{ value: class { constructor() { throw new DOMException('', 'SecurityError'); } } }",
    ] {
        let _replaced = replaced("globalThis", "BroadcastChannel", property);
        let page = listening("channel-none", "");
        page.browser.post(&object("{ what: 'ask' }"));
        page.browser.attend(0);
    }
}
