//! What happens where storage has no room for what is to be stored.

use super::storage::shown;
use crate::outside::{
    Browser, Tab, config, family, id_token, keys, later, message, response, signed_in, time,
};
use rekindle::client::Verb;
use rekindle::platform::{Kept, Kind, Slot, StorageFailed};
use rekindle::words::Word;
use serde_json::json;

#[test]
fn s02_where_storage_is_full_the_rest_survives_without_the_id_token() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    assert_eq!(shown(&tab), ("true".to_owned(), String::new()));
    let call = tab.refresh();
    let mut answer = response(2);
    answer["id_token"] = json!(id_token(json!({ "picture": "s".repeat(600) })));
    tab.page().room.set(600);
    browser.request().answer(200, answer);
    browser.answer_keys(keys("k1"));
    assert_eq!(call.token(), "at-2");
    assert!(call.brought().stringify().contains("sss"));
    let stored = tab.stored(Slot::Record);
    assert_eq!(
        (&stored["refresh_token"], &stored["id_token"]),
        (&json!("rt-2"), &json!(null))
    );
    assert_eq!(shown(&tab), ("true".to_owned(), "storage_full".to_owned()));
    // What is held goes on with its id_token, though what is stored has none.
    tab.client().look_again();
    assert!(tab.get_access_token().brought().stringify().contains("sss"));

    // Nor is it forgotten that the refresh token was sent.
    let sent_at = time(browser.wall());
    tab.refresh();
    assert_eq!(tab.stored(Slot::Record)["sent_at"], sent_at);
    browser.request().answer(503, json!(null));
    assert_eq!(tab.stored(Slot::Record)["sent_at"], sent_at);
    assert!(tab.get_access_token().brought().stringify().contains("sss"));

    tab.page().room.set(100);
    let call = tab.refresh();
    browser.request().answer(200, response(3));
    assert_eq!(call.token(), "at-3");
    assert_eq!(
        tab.stored(Slot::Record),
        json!(null),
        "no spent refresh token is found"
    );
    assert_eq!(shown(&tab), ("false".to_owned(), "storage_full".to_owned()));
    // An empty storage is no sign-out then.
    assert_eq!(tab.get_access_token().token(), "at-3");
    tab.client().look_again();
    assert_eq!(tab.status(), "signed-in");

    tab.page().room.set(usize::MAX);
    let call = tab.refresh();
    browser.request().answer(200, response(4));
    assert_eq!(call.token(), "at-4");
    assert_eq!(tab.stored(Slot::Record)["refresh_token"], "rt-4");
    assert_eq!(shown(&tab), ("true".to_owned(), String::new()));
}

/// Symptom: a session was gone from every tab though nobody had signed out. Cause: a tab that had found storage too full lost its own
/// session, and removed what another tab had stored since.
#[test]
fn s02_a_session_that_could_not_be_stored_takes_no_other_with_it() {
    let browser = Browser::new();
    let local = || json!({ "storage": "local" });
    let tab = signed_in(&browser, local());
    tab.page().refuses.set(Some(StorageFailed::Full));
    tab.refresh();
    browser.request().answer(200, response(2));
    let other = Tab::open(&browser);
    other.create(config(local())).expect("the config is right");
    other.call(Verb::SetTokens, json!({ "response": response(7) }));
    let call = tab.refresh();
    browser.refuse();
    assert_eq!(call.code(), "invalid_grant");
    assert_eq!(other.stored(Slot::Record)["refresh_token"], "rt-7");
}

/// Symptom: all tabs but one were signed out, and nobody had signed out. Cause: a tab that had no room for the tokens that another one handed over removed
/// what that one had just stored for all, of which the tab's own process did not know yet.
#[test]
fn s02_what_is_handed_over_removes_nothing_from_the_storage_of_all() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "storage": "local" }));
    let (stored, next) = (tab.stored(Slot::Record), later(&tab, 2));
    tab.page().refuses.set(Some(StorageFailed::Full));
    let family = next["family"].clone();
    tab.receives(
        &json!({ "what": "tokens", "ms": 0, "family": family, "generation": 2, "record": next }),
    );
    assert_eq!(tab.refresh_token(), "rt-2");
    assert_eq!(tab.stored(Slot::Record), stored);
    // In a storage of its own nobody else clears it: a reload is not to find what is spent.
    let tab = signed_in(&Browser::new(), json!({}));
    tab.page().refuses.set(Some(StorageFailed::Full));
    let next = later(&tab, 2);
    tab.receives(
        &json!({ "what": "tokens", "ms": 0, "family": family, "generation": 2, "record": next }),
    );
    assert_eq!(tab.refresh_token(), "rt-2");
    assert_eq!(tab.stored(Slot::Record), json!(null));
}

/// Symptom: a tab was signed out when a user signed in in another one whose storage had been full. Cause: that one removed the session of others, which
/// its own had hidden from it, together with its own.
#[test]
fn s02_a_sign_in_without_room_leaves_the_session_of_others_where_it_is() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "storage": "local" }));
    tab.page().refuses.set(Some(StorageFailed::Full));
    tab.refresh();
    browser.request().answer(200, response(2));
    let other = Tab::open(&browser);
    other
        .create(config(json!({ "storage": "local" })))
        .expect("the config is right");
    other.call(Verb::SetTokens, json!({ "response": response(7) }));
    tab.call(Verb::SetTokens, json!({ "response": response(3) }));
    assert_eq!(tab.refresh_token(), "rt-3");
    assert_eq!(other.stored(Slot::Record)["refresh_token"], "rt-7");
    other.hears("stored");
    browser.advance(200.0);
    assert_eq!(
        (other.status().as_str(), other.refresh_token().as_str()),
        ("signed-in", "rt-7")
    );
}

/// Symptom: two tabs sent the same refresh token at once, and what came of the first was revoked. Cause: the storage of all had been full; when there
/// was room again a tab found another session in it, and gave up its own though another tab lived on that.
#[test]
fn s02_a_session_that_nobody_ended_is_left_to_the_tabs_that_have_it() {
    let browser = Browser::new();
    let local = || json!({ "storage": "local" });
    let tab = signed_in(&browser, local());
    let other = Tab::open(&browser);
    other.create(config(local())).expect("the config is right");
    other.page().refuses.set(Some(StorageFailed::Full));
    let kept = tab.stored(Slot::Record).to_string();
    other
        .page()
        .unsaved
        .borrow_mut()
        .insert(Slot::Record as i32, kept);
    tab.refresh();
    let mut strange = later(&tab, 7);
    strange["family"] = json!("somebody else's");
    tab.store(Slot::Record, &strange);
    tab.hears("stored");
    assert_eq!(
        (tab.refresh_token().as_str(), other.refresh_token().as_str()),
        ("rt-7", "rt-1")
    );
    let waiting = other.refresh();
    assert_eq!(browser.sent(), 1);
    browser.request().answer(200, response(2));
    assert_eq!(waiting.token(), "at-2");
    assert!(browser.open_requests().is_empty());
}

/// Symptom: a tab asked before `Retry-After` was over, of which another had told it. Cause: its own record, older and not in the storage
/// of all for want of room, was taken for what is stored there.
#[test]
fn n06_s02_what_a_sibling_tells_outlives_a_record_that_could_not_be_stored() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "storage": "local", "autoRenew": true }));
    tab.page().refuses.set(Some(StorageFailed::Full));
    tab.refresh();
    browser.request().fail();
    let told = json!({ "wait_until": 1_800_007_200_000_u64, "open": false });
    tab.receives(&message(&tab, "notes", told));
    tab.client().look_again();
    assert_eq!(tab.diagnostics()["nextRenewalAt"], 1_800_007_200_000_u64);
}

/// A tab that knows of somebody ahead writes nothing over what that one has in a storage of all, and goes on writing once it has caught up.
#[test]
fn s02_t02_a_tab_that_is_behind_leaves_the_storage_of_all_alone() {
    for storage in ["local", "session"] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "storage": storage }));
        let before = tab.stored(Slot::Record);
        let (family, mut next) = (family(&tab), later(&tab, 2));
        browser.show_silent(&family, 2.0);
        let call = tab.call(Verb::Refresh, json!({ "timeoutMs": 1_000 }));
        browser.advance(1_000.0);
        assert_eq!(call.code(), "timeout");
        let stored = tab.stored(Slot::Record);
        if storage == "local" {
            assert_eq!(stored, before);
        } else {
            assert_eq!(stored["seen"], 2);
        }
        next["seen"] = json!(2);
        tab.receives(
            &json!({ "what": "tokens", "family": family, "generation": 2, "record": next }),
        );
        assert_eq!(tab.refresh_token(), "rt-2");
        browser.hide_silent();
        tab.refresh();
        browser.request();
        assert_eq!(tab.stored(Slot::Record)["sent_at"], time(browser.wall()));
    }
}

/// Symptom: a tab's ID token was gone, and with it the user's name. Cause: another tab had room for its notes without the ID token alone, and what it
/// stored took the place of what this one held.
#[test]
fn s02_a_record_that_another_tab_had_to_shorten_takes_no_id_token_away() {
    let browser = Browser::new();
    let tabs = [(); 2].map(|()| {
        let tab = Tab::open(&browser);
        tab.create(config(json!({ "storage": "local" })))
            .expect("the config is right");
        tab
    });
    let mut answer = response(1);
    answer["id_token"] = json!(id_token(json!({ "picture": "s".repeat(600) })));
    tabs[0].call(Verb::SetTokens, json!({ "response": answer }));
    for tab in &tabs {
        tab.page().room.set(700);
    }
    tabs[0].refresh();
    let stored = tabs[1].stored(Slot::Record);
    assert_eq!(stored["id_token"], json!(null));
    assert!(stored["sent_at"].is_number());
    for tab in &tabs {
        let held = tab.client().record().expect("a session is held");
        assert_eq!(held.kind(Word::IdToken), Kind::Text);
    }
}
