//! The page's events, as a client hears of them.

use rekindle::platform::{Platform, Slot, attention};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Page, brought, call, js, kept, replaced, tab, text, until};

fn listening(client_id: &str, to: u8) -> Page {
    let page = Page::open(client_id, "");
    page.browser.attend(to);
    page
}

/// What is in the inbox.
fn heard(page: &Page) -> Vec<String> {
    let mut all = Vec::new();
    let mut news = page.browser.news();
    while let Some(item) = brought(&mut news) {
        all.push(text(&item.expect("something"), "event"));
    }
    all
}

fn dispatch(target: &str, event: &str) {
    js(&format!("{target}.dispatchEvent({event})"));
}

#[wasm_bindgen_test]
fn each_change_of_the_page_is_heard_at_once_and_once() {
    let page = listening("events-page", attention::PAGE);
    let hide = if js("'onfreeze' in document").is_truthy() {
        "hide"
    } else {
        "leave"
    };
    for (target, event, expected) in [
        (
            "window",
            "new PageTransitionEvent('pageshow', { persisted: false })",
            &[][..],
        ),
        (
            "window",
            "new PageTransitionEvent('pagehide', { persisted: true })",
            &[hide],
        ),
        ("document", "new Event('freeze')", &[]),
        ("document", "new Event('resume')", &["show"]),
        (
            "window",
            "new PageTransitionEvent('pageshow', { persisted: true })",
            &[],
        ),
        ("document", "new Event('freeze')", &["freeze"]),
        (
            "window",
            "new PageTransitionEvent('pageshow', { persisted: false })",
            &[],
        ),
        ("document", "new Event('resume')", &["show"]),
        (
            "window",
            "new PageTransitionEvent('pagehide', { persisted: false })",
            &["leave"],
        ),
        (
            "window",
            "new PageTransitionEvent('pageshow', { persisted: true })",
            &["show"],
        ),
        ("document", "new Event('visibilitychange')", &["wake"]),
        ("window", "new Event('focus')", &["wake"]),
        ("document.body", "new Event('focus')", &[]),
        ("window", "new Event('online')", &["online"]),
        ("window", "new Event('offline')", &[]),
        ("window", "new Event('keydown')", &[]),
    ] {
        let resumed = page.context.resumed();
        dispatch(target, event);
        assert_eq!(page.context.resumed() - resumed, expected.len() as u32);
        assert_eq!(heard(&page), expected, "{target} {event}");
    }
}

#[wasm_bindgen_test]
fn a_page_that_is_looked_away_from_says_nothing() {
    let page = listening("events-hidden", attention::PAGE);
    let _replaced = replaced("document", "visibilityState", "{ value: 'hidden' }");
    dispatch("document", "new Event('visibilitychange')");
    assert!(heard(&page).is_empty());
}

#[wasm_bindgen_test]
fn nobody_stops_an_event_on_its_way() {
    let page = listening("events-stopped", attention::PAGE | attention::INPUT);
    js("globalThis.stopAll = (event) => event.stopImmediatePropagation()");
    for (target, event) in [
        ("window", "pagehide"),
        ("document", "freeze"),
        ("document.body", "keydown"),
    ] {
        js(&format!(
            "{target}.addEventListener('{event}', stopAll, true)"
        ));
        dispatch(
            target,
            &format!("new Event('{event}', {{ bubbles: true }})"),
        );
        js(&format!(
            "{target}.removeEventListener('{event}', stopAll, true)"
        ));
    }
    assert_eq!(heard(&page), ["leave", "active"]);
}

#[wasm_bindgen_test]
fn the_user_s_input_is_heard_where_it_is_asked_for() {
    let page = listening("events-input", attention::INPUT);
    for event in ["keydown", "pointerdown", "wheel"] {
        dispatch(
            "document.body",
            &format!("new Event('{event}', {{ bubbles: true }})"),
        );
        assert_eq!(heard(&page), ["active"], "{event}");
    }
    dispatch(
        "document.body",
        "new Event('pointermove', { bubbles: true })",
    );
    dispatch("window", "new Event('online')");
    assert!(heard(&page).is_empty());
}

#[wasm_bindgen_test]
fn what_is_no_longer_attended_is_not_heard() {
    let page = listening("events-over", attention::PAGE | attention::INPUT);
    // Asked for again: still one listener of each.
    page.browser.attend(attention::PAGE | attention::INPUT);
    dispatch("window", "new Event('online')");
    dispatch("window", "new Event('keydown')");
    assert_eq!(heard(&page), ["online", "active"]);
    page.browser.attend(attention::PAGE);
    dispatch("window", "new Event('online')");
    dispatch("window", "new Event('keydown')");
    assert_eq!(heard(&page), ["online"]);
    page.browser.attend(0);
    for event in ["online", "pagehide", "focus", "keydown", "storage"] {
        dispatch("window", &format!("new Event('{event}')"));
    }
    assert!(heard(&page).is_empty());
    // Whoever listens again begins anew: the page is there.
    page.browser.attend(attention::PAGE);
    dispatch("window", "new Event('pagehide')");
    assert_eq!(heard(&page), ["leave"]);
}

#[wasm_bindgen_test]
async fn another_tab_s_write_to_a_storage_of_ours_is_heard() {
    let page = listening("events-storage", attention::PAGE);
    let other = Page::open("events-storage-2", "");
    let tab = tab();
    for (count, slot, storage) in [(1, 0, "sessionStorage"), (2, 3, "localStorage")] {
        // The events come in this order, so the last one says that no other was heard.
        for client in [&other, &page] {
            let key = text(&kept(client.context.id), &format!("slots.{slot}.key"));
            let write = js(&format!(
                "(tab) => {{ tab.contentWindow.{storage}['{key}'] = '{{}}'; }}"
            ));
            js_sys::Function::from(write).call1(&tab, &tab).unwrap();
        }
        until(storage, || page.context.resumed() == count).await;
        assert_eq!(heard(&page), ["stored"], "{storage}");
    }
    page.browser.attend(0);
    for client in [&other, &page] {
        client.browser.remove(Slot::Record);
        client.browser.remove(Slot::Tombstones);
    }
    call(&tab, "remove");
}

#[wasm_bindgen_test]
fn a_cleared_storage_is_heard() {
    let page = listening("events-clear", attention::PAGE);
    dispatch("window", "new StorageEvent('storage', { key: null })");
    dispatch(
        "window",
        "new StorageEvent('storage', { key: 'rekindle:session:another' })",
    );
    assert_eq!(heard(&page), ["stored"]);
}

#[wasm_bindgen_test]
fn whether_the_browser_is_online_is_its_own_word() {
    let page = Page::open("events-online", "");
    for (property, expected) in [
        ("{ value: true }", true),
        ("{ value: false }", false),
        ("{ value: undefined }", true),
    ] {
        let _replaced = replaced("navigator", "onLine", property);
        assert_eq!(page.browser.is_online(), expected, "{property}");
    }
}
