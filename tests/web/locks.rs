//! This client's lock in this browser: the lock manager itself says who has it and who waits.

use rekindle::platform::{Platform, Slot};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Page, goes_on, js, key, object, promised, replaced, soon, until};

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
    let mut first = one.browser.lock();
    until("the first grant", || one.context.resumed() == 1).await;
    assert!(!goes_on(&mut first));

    let mut second = two.browser.lock();
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
    let first = page.browser.lock();
    let mut second = page.browser.lock();
    until("the first grant", || page.context.resumed() == 1).await;
    assert!(goes_on(&mut second));
    drop(first);
    until("the second grant", || page.context.resumed() == 2).await;
    assert!(!goes_on(&mut second));
}

#[wasm_bindgen_test]
async fn who_is_dropped_before_the_grant_waits_no_longer() {
    let [one, two, three] = [(); 3].map(|()| Page::open("lock-withdrawn", ""));
    let first = one.browser.lock();
    until("the first grant", || one.context.resumed() == 1).await;
    let second = two.browser.lock();
    let mut third = three.browser.lock();
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
    drop(one.browser.lock());
    let unseen = one.browser.lock();
    until("the grant", || one.context.resumed() == 1).await;
    drop(unseen);
    let mut next = two.browser.lock();
    until("the next grant", || two.context.resumed() == 1).await;
    assert!(!goes_on(&mut next));
    drop(next);
    until_asked_for("lock-unseen", [0, 0]).await;
}

#[wasm_bindgen_test]
async fn clients_apart_do_not_wait_for_each_other() {
    let base = Page::open("lock-apart", "");
    let held = base.browser.lock();
    until("the grant", || base.context.resumed() == 1).await;
    let mut others = Vec::new();
    for (client_id, members) in [
        ("lock-apart", "name: 'second'"),
        ("lock-apart-2", ""),
        ("lock-apart", "issuer: 'https://other.example'"),
    ] {
        let other = Page::open(client_id, members);
        let lock = other.browser.lock();
        until(members, || other.context.resumed() == 1).await;
        others.push((lock, other));
    }
    drop(held);
}

#[wasm_bindgen_test]
async fn only_tabs_that_share_a_record_share_a_lock() {
    for (client_id, storage, is_shared) in [
        ("lock-of-local", "localStorage", true),
        ("lock-of-session", "sessionStorage", false),
    ] {
        let kind = storage.replace("Storage", "");
        let page = Page::open(client_id, &format!("storage: '{kind}'"));
        page.browser.save(Slot::Record, &object("{}")).unwrap();
        let held = page.browser.lock();
        until_asked_for(client_id, [1, 0]).await;
        let query = format!(
            "navigator.locks.query().then(({{ held }}) => held.map(({{ name }}) => name).find((name) => name.includes('{client_id}')))"
        );
        let name = promised("the lock manager", js(&query)).await.unwrap();
        // Another tab knows the client's identity, and nothing of this page load.
        let key = key(storage, "session", client_id).unwrap();
        let known = key.replace("rekindle:session:", "rekindle:");
        assert_eq!(name == known.as_str(), is_shared, "{name:?}");
        page.browser.remove(Slot::Record);
        drop(held);
    }
}

#[wasm_bindgen_test]
async fn a_slash_at_the_issuer_s_end_is_the_same_client() {
    let one = Page::open("lock-slash", "");
    let two = Page::open("lock-slash", "issuer: 'https://issuer.example/'");
    let first = one.browser.lock();
    until("the first grant", || one.context.resumed() == 1).await;
    let mut second = two.browser.lock();
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
    let mut first = one.browser.lock();
    assert_eq!(one.context.resumed(), 0, "not inside the call");
    let withdrawn = two.browser.lock();
    let mut third = three.browser.lock();
    let _apart = other.browser.lock();
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
    let mut lock = page.browser.lock();
    assert_eq!(page.context.resumed(), 0, "not inside the call");
    until("the grant", || page.context.resumed() == 1).await;
    assert!(!goes_on(&mut lock));
    drop(lock);
    assert_eq!(page.context.operations(), 0.0);
}
