//! What is stored, and what others store.

use crate::outside::{Browser, Tab, config, id_token, keys, later, message, response, signed_in};
use rekindle::client::Verb;
use rekindle::platform::{Kept, Slot, StorageFailed};
use rekindle::words::Word;
use serde_json::json;

/// Whether a reload would find the session, and the error shown.
pub(super) fn shown(tab: &Tab) -> (String, String) {
    let snapshot = tab.client().snapshot();
    let error = snapshot.get(Word::Error);
    let code = error.map_or_else(String::new, |error| {
        error.member("code").to_text().to_string()
    });
    (snapshot.stringify_member("persisted"), code)
}

#[test]
fn s01_where_storage_is_blocked_the_session_lives_in_memory() {
    let browser = Browser::new();
    let tab = Tab::open(&browser);
    tab.page().refuses.set(Some(StorageFailed::Unavailable));
    tab.create(config(json!({}))).expect("it is no error");
    assert_eq!(
        shown(&tab),
        ("false".to_owned(), "storage_unavailable".to_owned())
    );
    tab.call(Verb::SetTokens, json!({ "response": response(1) }));
    assert_eq!(
        shown(&tab),
        ("false".to_owned(), "storage_unavailable".to_owned())
    );
    let call = tab.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(
        (call.token().as_str(), tab.status().as_str()),
        ("at-2", "signed-in")
    );
    // A storage that could not be read at first is not relied on later.
    tab.page().refuses.set(None);
    let call = tab.refresh();
    browser.request().answer(200, response(3));
    assert_eq!(call.token(), "at-3");
    assert_eq!(
        shown(&tab),
        ("false".to_owned(), "storage_unavailable".to_owned())
    );
}

#[test]
fn s01_a_session_in_memory_by_the_app_s_own_wish_is_no_error() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.page().is_lasting.set(false);
    let call = tab.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(shown(&tab), ("false".to_owned(), String::new()));
}

#[test]
fn s04_storage_that_somebody_clears_ends_the_session() {
    for way in ["look", "call", "event", "answer"] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let open = (way == "answer").then(|| tab.refresh());
        tab.page().stored.borrow_mut().clear();
        match way {
            "look" => tab.client().look_again(),
            "call" => assert_eq!(tab.get_access_token().code(), "no_session"),
            "event" => tab.hears("stored"),
            _ => browser.request().answer(200, response(2)),
        }
        browser.settle();
        assert_eq!(tab.events(), ["SignedOut: signed-out"], "{way}");
        assert_eq!(
            (tab.status().as_str(), tab.stored(Slot::Record)),
            ("signed-out", json!(null))
        );
        if let Some(call) = open {
            assert_eq!(call.code(), "no_session");
        }
    }
}

#[test]
fn s03_a_record_that_is_not_whole_is_left_where_it_is() {
    let browser = Browser::new();
    let whole = signed_in(&browser, json!({})).stored(Slot::Record);
    for (name, value) in [
        ("version", json!(3)),
        ("client_id", json!("another")),
        ("access_token", json!(5)),
        ("expires_at", json!("soon")),
        ("family", json!(null)),
    ] {
        let mut stored = whole.clone();
        stored[name] = value;
        let tab = Tab::open(&browser);
        tab.store(Slot::Record, &stored);
        tab.create(config(json!({}))).expect("it is no error");
        assert_eq!(tab.status(), "signed-out", "{name}");
        assert_eq!(tab.refresh().code(), "no_session");
        assert_eq!(tab.stored(Slot::Record), stored, "{name}");
        // Nor does it end what is held.
        tab.call(Verb::SetTokens, json!({ "response": response(7) }));
        tab.store(Slot::Record, &stored);
        tab.client().look_again();
        assert_eq!(tab.get_access_token().token(), "at-7", "{name}");
    }
}

#[test]
fn t10_what_another_client_of_the_page_stored_is_found() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let newer = later(&tab, 2);
    tab.store(Slot::Record, &newer);
    assert_eq!(tab.get_access_token().token(), "at-2");
    assert_eq!(
        (tab.events(), tab.refresh_token().as_str()),
        (vec!["Renewed: signed-in".to_owned()], "rt-2")
    );
    // An old state, as another process may show it for a while, is none.
    tab.store(Slot::Record, &later(&tab, 1));
    assert_eq!(tab.get_access_token().token(), "at-2");
    assert!(tab.events().is_empty());
    // Another session is.
    let mut other = later(&tab, 1);
    other["family"] = json!("another");
    tab.store(Slot::Record, &other);
    let call = tab.refresh();
    assert_eq!(browser.request().form["refresh_token"], "rt-1");
    assert_eq!(tab.events(), ["SignedIn: signed-in"]);
    // And while a refresh is under way, it is its answer.
    other["family"] = json!("a third");
    other["access_token"] = json!("at-9");
    tab.store(Slot::Record, &other);
    tab.client().look_again();
    browser.settle();
    assert_eq!(call.token(), "at-9");
    assert_eq!(tab.events(), ["SignedIn: signed-in"]);
    // In the place of nothing too.
    let empty = Tab::open(&browser);
    empty.create(config(json!({}))).expect("it is no error");
    empty.store(Slot::Record, &newer);
    empty.client().look_again();
    assert_eq!(
        (empty.events(), empty.get_access_token().token().as_str()),
        (vec!["SignedIn: signed-in".to_owned()], "at-2")
    );
}

#[test]
fn t10_notes_that_another_client_of_the_page_stored_are_taken_over() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "autoRenew": true }));
    let mut noted = tab.stored(Slot::Record);
    noted["wait_until"] = json!(1_800_007_200_000_u64);
    tab.store(Slot::Record, &noted);
    tab.client().look_again();
    assert_eq!(tab.diagnostics()["nextRenewalAt"], 1_800_007_200_000_u64);
    assert!(tab.events().is_empty());
    // What could not be stored is known here alone, and is not forgotten.
    tab.page().refuses.set(Some(StorageFailed::Full));
    let call = tab.refresh();
    browser.request().fail();
    assert_eq!(call.code(), "network");
    tab.client().look_again();
    tab.page().refuses.set(None);
    let call = tab.refresh();
    browser.refuse();
    assert_eq!(call.error().stringify_member("reason"), r#""lost_answer""#);
}

#[test]
fn s04_where_all_tabs_share_the_storage_the_others_are_asked_first() {
    for is_answered in [false, true] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "storage": "local" }));
        browser.posted();
        let newer = later(&tab, 2);
        tab.remove(Slot::Record);
        tab.client().look_again();
        browser.settle();
        assert_eq!(
            (browser.said(), tab.status().as_str()),
            (vec!["ask".to_owned()], "signed-in")
        );
        // Meanwhile nothing is written back, and nothing is sent.
        let call = tab.refresh();
        assert_eq!(tab.stored(Slot::Record), json!(null));
        assert_eq!(browser.sent(), 0);
        browser.advance(199.0);
        assert_eq!(tab.status(), "signed-in");
        if is_answered {
            // A tab found it too full for what it has.
            tab.receives(&message(
                &tab,
                "tokens",
                json!({ "family": newer["family"], "generation": 2, "record": newer, "ms": 0 }),
            ));
            assert_eq!(tab.refresh_token(), "rt-2");
            assert_eq!(tab.stored(Slot::Record)["refresh_token"], "rt-2");
        }
        browser.advance(1.0);
        let status = if is_answered {
            "signed-in"
        } else {
            "signed-out"
        };
        assert_eq!(tab.status(), status);
        if is_answered {
            assert_eq!(call.token(), "at-2");
        } else {
            assert_eq!(call.code(), "no_session");
        }
        assert_eq!(browser.sent(), 0);
        let event = if is_answered {
            "Renewed: signed-in"
        } else {
            "SignedOut: signed-out"
        };
        assert_eq!(tab.events(), [event]);
    }
}

/// Symptom: no tab could refresh as long as a page was open whose client had been closed. Cause: the storage of all was found empty when that
/// client's answer came, nobody was left who looks into that, and the exchange waited for it with the refresh lock held.
#[test]
fn s04_t10_a_closed_client_looks_into_an_empty_storage_too() {
    for is_full in [false, true] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "storage": "local" }));
        let newer = later(&tab, 2);
        tab.refresh();
        tab.client().close();
        browser.settle();
        tab.remove(Slot::Record);
        browser.request().answer(200, response(9));
        browser.advance(100.0);
        if is_full {
            tab.receives(&json!({ "what": "tokens", "ms": 0, "generation": 2, "record": newer, "family": newer["family"] }));
        }
        browser.advance(100.0);
        browser.advance(200.0);
        assert!(browser.locked().is_empty());
        assert_eq!(tab.page().attends.get(), 0);
        if is_full {
            assert_eq!(tab.stored(Slot::Record)["refresh_token"], "rt-2");
        } else {
            // Nothing is written back, and what came is given back.
            assert_eq!(tab.stored(Slot::Record), json!(null));
            assert_eq!(browser.request().form["token"], "rt-9");
            browser.request().answer(200, json!(null));
        }
        assert!(tab.is_quiet());
    }
}

/// Symptom: a tab was signed out though another one had the session. Cause: it slept in the moment after it had found the storage of all empty, and
/// when it was back its time to ask was over.
#[test]
fn s04_t06_who_slept_over_its_question_asks_again() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "storage": "local" }));
    let newer = later(&tab, 2);
    tab.remove(Slot::Record);
    tab.client().look_again();
    browser.settle();
    browser.advance(100.0);
    tab.hears("hide");
    browser.sleep(3_600_000.0);
    browser.advance(100.0);
    browser.posted();
    tab.hears("show");
    assert_eq!(tab.status(), "expired");
    assert!(browser.said().contains(&"ask".to_owned()));
    browser.advance(100.0);
    tab.receives(&json!({ "what": "tokens", "ms": 0, "generation": 2, "record": newer, "family": newer["family"] }));
    browser.advance(200.0);
    assert_eq!(tab.refresh_token(), "rt-2");
}

#[test]
fn s04_what_is_stored_again_meanwhile_is_no_end() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "storage": "local" }));
    let stored = tab.stored(Slot::Record);
    tab.remove(Slot::Record);
    tab.client().look_again();
    browser.settle();
    browser.advance(100.0);
    tab.store(Slot::Record, &stored);
    browser.advance(200.0);
    assert_eq!(
        (tab.status().as_str(), tab.events().len()),
        ("signed-in", 0)
    );
    // The next time it is looked into again.
    tab.remove(Slot::Record);
    tab.client().look_again();
    browser.settle();
    browser.advance(200.0);
    assert_eq!(tab.events(), ["SignedOut: signed-out"]);
}

#[test]
fn t01_where_all_tabs_share_the_storage_they_share_the_tokens() {
    let browser = Browser::new();
    let one = signed_in(&browser, json!({ "storage": "local" }));
    let other = Tab::open(&browser);
    other
        .create(config(json!({ "storage": "local" })))
        .expect("the config is right");
    assert_eq!(other.refresh_token(), "rt-1");
    other.page().attends.set(0);
    let call = one.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    // Without a word from the channel.
    assert_eq!(other.get_access_token().token(), "at-2");
    other.hears("stored");
    assert_eq!(other.events(), ["Renewed: signed-in"]);
}

/// Two tabs with one generation of different tokens: each had an answer of a server that forgives a second use.
#[test]
fn t10_other_tokens_of_the_same_generation_are_taken_over() {
    for (name, value, events) in [
        (
            "access_token",
            "at-x",
            vec!["Renewed: signed-in".to_owned()],
        ),
        ("refresh_token", "rt-x", vec![]),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let mut stored = tab.stored(Slot::Record);
        stored[name] = json!(value);
        tab.store(Slot::Record, &stored);
        tab.client().look_again();
        let record = tab.client().record().expect("there is a session");
        assert_eq!(record.member(name).to_text().to_string(), value);
        assert_eq!(tab.events(), events);
    }
}

/// Symptom: a user whose storage the app had cleared was signed in again. Cause: a refresh's answer was there, and stored once its ID token was
/// verified.
#[test]
fn s04_storage_that_is_cleared_while_an_id_token_is_verified_stays_empty() {
    for storage in ["session", "local"] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "storage": storage }));
        let call = tab.refresh();
        let mut answer = response(2);
        answer["id_token"] = json!(id_token(json!({})));
        browser.request().answer(200, answer);
        tab.remove(Slot::Record);
        browser.answer_keys(keys("k1"));
        browser.advance(200.0);
        assert_eq!(call.code(), "no_session", "{storage}");
        assert_eq!(tab.status(), "signed-out");
        assert_eq!(tab.stored(Slot::Record), json!(null));
    }
}

/// Symptom: what waited for a refresh of one session refreshed the next. Cause: it took the end of the first one for that refresh's own failure.
#[test]
fn s04_r11_what_waits_for_a_refresh_ends_with_the_session_that_is_cleared() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.refresh();
    let waiting = tab.call(Verb::Refresh, json!({ "scope": "openid" }));
    tab.remove(Slot::Record);
    tab.call(Verb::SetTokens, json!({ "response": response(7) }));
    assert_eq!(waiting.code(), "no_session");
    assert_eq!(browser.sent(), 1);
}
