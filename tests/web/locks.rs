//! Locks in this browser: the lock manager itself says who has them and who waits.

use rekindle::browser::{Object, Operation};
use rekindle::platform::{Coordination, Platform};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{
    Page, assert_same, call, ended, goes_on, js, object, promised, replaced, soon, tab, until,
};

fn record(family: &str, generation: u32) -> Object {
    object(&format!(
        "{{ family: '{family}', generation: {generation} }}"
    ))
}

/// A page's refresh lock of one family.
fn lock(page: &Page) -> Operation {
    page.browser.lock(&record("one", 1))
}

/// Waits until so many have the lock of this client, and so many wait for it.
async fn until_asked_for(client_id: &str, [held, pending]: [u32; 2]) {
    let query = format!(
        "navigator.locks.query().then(({{ held, pending }}) => [held, pending].map(
            (list) => list.filter(({{ name }}) => name.includes('{client_id}')).length).join())"
    );
    let what = format!("{held} to have the lock and {pending} to wait for it");
    soon(&what, async {
        while promised("the lock manager", js(&query)).await.unwrap()
            != format!("{held},{pending}").as_str()
        {}
    })
    .await;
}

#[wasm_bindgen_test]
async fn one_has_it_at_a_time() {
    let [one, two] = [(); 2].map(|()| Page::open("lock-exclusive", ""));
    let mut first = lock(&one);
    until("the first grant", || one.context.resumed() == 1).await;
    assert!(!goes_on(&mut first));

    let mut second = lock(&two);
    until_asked_for("lock-exclusive", [1, 1]).await;
    assert!(goes_on(&mut second));
    assert_eq!(two.context.resumed(), 0);

    drop(first);
    until("the second grant", || two.context.resumed() == 1).await;
    assert!(!goes_on(&mut second));
    until_asked_for("lock-exclusive", [1, 0]).await;
    drop(second);
    until_asked_for("lock-exclusive", [0, 0]).await;
    assert_eq!(one.context.operations() + two.context.operations(), 0.0);
}

#[wasm_bindgen_test]
async fn one_client_asks_twice_and_waits_for_itself() {
    let page = Page::open("lock-twice", "");
    let first = lock(&page);
    let mut second = lock(&page);
    until("the first grant", || page.context.resumed() == 1).await;
    assert!(goes_on(&mut second));
    drop(first);
    until("the second grant", || page.context.resumed() == 2).await;
    assert!(!goes_on(&mut second));
}

#[wasm_bindgen_test]
async fn who_is_dropped_before_the_grant_waits_no_longer() {
    let [one, two, three] = [(); 3].map(|()| Page::open("lock-withdrawn", ""));
    let first = lock(&one);
    until("the first grant", || one.context.resumed() == 1).await;
    let second = lock(&two);
    let mut third = lock(&three);
    until_asked_for("lock-withdrawn", [1, 2]).await;
    drop(second);
    until_asked_for("lock-withdrawn", [1, 1]).await;
    drop(first);
    until("the third grant", || three.context.resumed() == 1).await;
    assert!(!goes_on(&mut third));
    assert_eq!(two.context.resumed(), 0);
}

#[wasm_bindgen_test]
async fn a_grant_that_nobody_saw_is_let_go() {
    let [one, two] = [(); 2].map(|()| Page::open("lock-unseen", ""));
    // Asked for and dropped in one go, and dropped after the grant without a look at it.
    drop(lock(&one));
    let unseen = lock(&one);
    until("the grant", || one.context.resumed() == 1).await;
    drop(unseen);
    let mut next = lock(&two);
    until("the next grant", || two.context.resumed() == 1).await;
    assert!(!goes_on(&mut next));
    drop(next);
    until_asked_for("lock-unseen", [0, 0]).await;
}

#[wasm_bindgen_test]
async fn clients_apart_do_not_wait_for_each_other() {
    let base = Page::open("lock-apart", "");
    let held = lock(&base);
    until("the grant", || base.context.resumed() == 1).await;
    let mut others = Vec::new();
    for (client_id, members) in [
        ("lock-apart", "name: 'second'"),
        ("lock-apart-2", ""),
        ("lock-apart", "issuer: 'https://other.example'"),
    ] {
        let other = Page::open(client_id, members);
        let lock = lock(&other);
        until(members, || other.context.resumed() == 1).await;
        others.push((lock, other));
    }
    drop(held);
}

#[wasm_bindgen_test]
async fn families_do_not_wait_for_each_other() {
    let [one, two] = [(); 2].map(|()| Page::open("lock-family", ""));
    let held = lock(&one);
    let mut other = two.browser.lock(&record("two", 1));
    until("both grants", || {
        one.context.resumed() + two.context.resumed() == 2
    })
    .await;
    assert!(!goes_on(&mut other));
    drop(held);
}

#[wasm_bindgen_test]
async fn every_tab_of_a_session_asks_for_the_same_lock() {
    // Another tab knows the config and the record, and nothing of this page load.
    let page = Page::open("lock-name|50%", "name: 'a|b'");
    let held = lock(&page);
    until_asked_for("lock-name", [1, 0]).await;
    let query = "navigator.locks.query().then(({ held }) => held.find(({ name }) => name.includes('lock-name')).name)";
    let name = promised("the lock manager", js(query)).await.unwrap();
    assert_eq!(
        name,
        "rekindle:https://issuer.example|lock-name%7C50%25|a%7Cb|one"
    );
    drop(held);
}

#[wasm_bindgen_test]
async fn a_lock_that_was_withdrawn_too_late_is_let_go_in_its_grant() {
    // The lock manager grants what its signal could no longer stop.
    let late = "{ value: { request: (name, options, granted) => (globalThis.grantLate = granted, new Promise(() => {})) } }";
    let _replaced = replaced("navigator", "locks", late);
    let page = Page::open("lock-late", "");
    drop(lock(&page));
    let let_go = promised("the end of the grant", js("grantLate()")).await;
    assert!(let_go.unwrap().is_undefined());
    assert_eq!(page.context.operations(), 0.0);
    assert_eq!(page.context.resumed(), 0);
}

#[wasm_bindgen_test]
async fn presence_is_shared_and_shows_who_is_ahead() {
    let [one, two] = [(); 2].map(|()| Page::open("present", ""));
    let mut first = one.browser.presence(&record("one", 3));
    let second = two.browser.presence(&record("one", 3));
    let third = two.browser.presence(&record("two", 8));
    until("three grants", || {
        one.context.resumed() + two.context.resumed() == 3
    })
    .await;
    assert!(!goes_on(&mut first));
    // A refresh lock is nobody's presence, and no other client's presence counts.
    let refresh = lock(&one);
    let other = Page::open("present-2", "");
    let apart = other.browser.presence(&record("one", 9));
    until_asked_for("present", [5, 0]).await;

    // Both clients of this page are one tab.
    let who = asked(&two, Some(&record("one", 2))).await;
    assert_same(&who, "{ generation: 3, tabs: 1 }");
    let elsewhere = tab();
    let ahead = hold(
        &elsewhere,
        "rekindle:https://issuer.example|present||one|10",
    )
    .await;
    let who = asked(&two, Some(&record("one", 2))).await;
    assert_same(&who, "{ generation: 10, tabs: 2 }");
    let who = asked(&two, Some(&record("three", 1))).await;
    assert_same(&who, "{ generation: 0, tabs: 0 }");
    let who = asked(&two, None).await;
    assert_same(&who, "{ generation: 10, tabs: 2 }");

    call(&ahead, "letGo");
    call(&elsewhere, "remove");
    drop((first, second, third, refresh, apart));
    until_asked_for("present", [0, 0]).await;
    let who = asked(&one, None).await;
    assert_same(&who, "{ generation: 0, tabs: 0 }");
}

#[wasm_bindgen_test]
async fn presence_that_is_given_up_before_its_grant_does_not_stay() {
    let page = Page::open("present-not", "");
    drop(page.browser.presence(&record("one", 1)));
    let unseen = page.browser.presence(&record("one", 2));
    until("the grant", || page.context.resumed() == 1).await;
    drop(unseen);
    until_asked_for("present-not", [0, 0]).await;
    assert_eq!(page.context.operations(), 0.0);
}

/// What `who` brings.
async fn asked(page: &Page, record: Option<&Object>) -> JsValue {
    let mut who = page.browser.who(record);
    ended("the lock manager's answer", &mut who)
        .await
        .expect("an answer")
}

/// Has the tab hold a shared lock until `letGo()`.
async fn hold(tab: &JsValue, name: &str) -> JsValue {
    let holding = js(&format!(
        "(tab) => new Promise((resolve) => tab.contentWindow.navigator.locks.request('{name}', {{ mode: 'shared' }},
            () => new Promise((letGo) => resolve({{ letGo }}))))"
    ));
    let holding = js_sys::Function::from(holding).call1(tab, tab).unwrap();
    promised(name, holding).await.unwrap()
}

#[wasm_bindgen_test]
async fn a_slash_at_the_issuer_s_end_is_the_same_client() {
    let one = Page::open("lock-slash", "");
    let two = Page::open("lock-slash", "issuer: 'https://issuer.example/'");
    let first = lock(&one);
    until("the first grant", || one.context.resumed() == 1).await;
    let mut second = lock(&two);
    until_asked_for("lock-slash", [1, 1]).await;
    assert!(goes_on(&mut second));
    drop(first);
    until("the second grant", || two.context.resumed() == 1).await;
}

#[wasm_bindgen_test]
async fn without_the_api_the_page_keeps_a_queue() {
    let _replaced = replaced("navigator", "locks", "{ value: undefined }");
    let [one, two, three, other] =
        ["a", "a", "a", "b"].map(|name| Page::open(&format!("lock-none-{name}"), ""));
    let mut first = lock(&one);
    assert_eq!(one.context.resumed(), 0, "not inside the call");
    let withdrawn = lock(&two);
    let mut third = lock(&three);
    let _apart = lock(&other);
    until("the first grant", || one.context.resumed() == 1).await;
    until("the other client's", || other.context.resumed() == 1).await;
    assert!(!goes_on(&mut first));
    assert!(goes_on(&mut third));

    drop(withdrawn);
    drop(first);
    until("the third grant", || three.context.resumed() == 1).await;
    assert!(!goes_on(&mut third));
    assert_eq!(two.context.resumed(), 0);
    drop(third);
    assert_eq!(one.context.operations() + three.context.operations(), 0.0);
}

#[wasm_bindgen_test]
async fn where_it_is_refused_it_is_granted_at_once() {
    // In a frame without an origin.
    let refusing = "{ value: { request: () => Promise.reject(new DOMException('no origin', 'SecurityError')) } }";
    let _replaced = replaced("navigator", "locks", refusing);
    let page = Page::open("lock-refused", "");
    let mut lock = lock(&page);
    assert_eq!(page.context.resumed(), 0, "not inside the call");
    until("the grant", || page.context.resumed() == 1).await;
    assert!(!goes_on(&mut lock));
    drop(lock);
    assert_eq!(page.context.operations(), 0.0);
}

#[wasm_bindgen_test]
async fn without_the_api_nobody_is_seen_and_nobody_waits() {
    let refusing = "{ value: {
        request: () => Promise.reject(new DOMException('no origin', 'SecurityError')),
        query: () => Promise.reject(new DOMException('no origin', 'SecurityError')) } }";
    for (api, coordination) in [
        ("{ value: undefined }", Coordination::Channel),
        (refusing, Coordination::Locks),
    ] {
        let _replaced = replaced("navigator", "locks", api);
        let page = Page::open("present-none", "");
        assert_eq!(page.browser.coordination(), coordination);
        let mut presence = page.browser.presence(&record("one", 1));
        assert!(ended("presence", &mut presence).await.is_none(), "{api}");
        let mut who = page.browser.who(Some(&record("one", 1)));
        assert!(
            ended("who", &mut who).await.is_none(),
            "nothing can be said"
        );
        drop((presence, who));
        assert_eq!(page.context.operations(), 0.0);
    }
}

#[wasm_bindgen_test]
fn what_keeps_tabs_apart_is_said() {
    let page = Page::open("coordination", "");
    assert_eq!(page.browser.coordination(), Coordination::Locks);
    for (name, property) in [
        ("origin", "{ value: 'null' }"),
        ("BroadcastChannel", "{ value: undefined }"),
    ] {
        let _replaced = replaced("globalThis", name, property);
        assert_eq!(page.browser.coordination(), Coordination::None, "{name}");
    }
}
