//! A page that sleeps with its request open.

use crate::outside::{
    Browser, Call, Tab, family, id_token, later, message, response, signed_in, twins,
};
use rekindle::client::Verb;
use rekindle::platform::{Coordination, Slot};
use serde_json::json;

fn get_lasting(tab: &Tab) -> Call {
    let options = json!({ "minValiditySeconds": 3_600 });
    tab.call(Verb::GetAccessToken, options)
}

/// Has the tab's refresh wait for the keys.
fn verify(browser: &Browser, tab: &Tab) {
    tab.refresh();
    let mut answer = response(2);
    answer["id_token"] = json!(id_token(json!({})));
    browser.request().answer(200, answer);
}

/// Symptom: a session was lost when one tab was frozen, or in the back/forward cache, in the midst of a refresh. Cause: it has to let go of the
/// lock, and another tab, which wanted a token, sent the refresh token once more while the first request was open.
#[test]
fn t05_r13_while_a_sibling_sleeps_with_its_request_open_nobody_sends() {
    for event in ["freeze", "hide"] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({}));
        let first = one.refresh();
        one.hears(event);
        let (refresh, token) = (other.refresh(), get_lasting(&other));
        browser.advance(9_999.0);
        assert!(refresh.is_open() && token.is_open(), "{event}");
        browser.advance(1.0);
        assert_eq!(refresh.code(), "timeout");
        assert_eq!(token.token(), "at-1");
        assert_eq!(browser.sent(), 1);

        let waiting = other.refresh();
        one.hears("show");
        // Its answer is waited for all the same: it may be on its way.
        browser.advance(2_000.0);
        assert_eq!(browser.sent(), 1);
        browser.request().answer(200, response(2));
        assert_eq!(
            (first.code().as_str(), waiting.token().as_str()),
            ("timeout", "at-2")
        );
        assert_eq!(
            (other.refresh_token().as_str(), browser.sent()),
            ("rt-2", 1)
        );
        // The next one is for whoever asks.
        let next = other.refresh();
        browser.request().answer(200, response(3));
        assert_eq!(next.token(), "at-3");
    }
}

/// The request has ended with the page, or can have no answer any more.
#[test]
fn t05_r10_of_a_page_that_is_gone_the_refresh_token_is_sent_on_a_caller_s_word() {
    for (event, elapsed) in [("leave", 0.0), ("hide", 60_000.0)] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({}));
        one.refresh();
        one.hears(event);
        browser.advance(elapsed);
        // Nobody asked for a refresh here, and the access token serves. What the other one may have said is waited for first.
        let call = get_lasting(&other);
        browser.advance(200.0);
        assert_eq!(call.token(), "at-1", "{event}");
        let sent = browser.sent();
        other.refresh();
        browser.advance(200.0);
        assert_eq!(browser.sent(), sent + 1);
    }
}

#[test]
fn r10_a_refresh_token_that_may_be_spent_is_not_sent_for_a_fresher_access_token() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.refresh();
    browser.request().fail();
    assert_eq!(get_lasting(&tab).token(), "at-1");
    assert_eq!(browser.sent(), 1);
    browser.advance(3_600_000.0);
    get_lasting(&tab);
    assert_eq!(browser.sent(), 2);
}

/// Browsers keep for a frozen page what was posted meanwhile. In the back/forward cache an open channel would be in the way.
#[test]
fn t02_a_frozen_page_hears_its_siblings_when_it_goes_on() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    for (event, attends) in [("freeze", 3), ("hide", 1), ("leave", 1)] {
        other.hears(event);
        assert_eq!(other.page().attends.get(), attends, "{event}");
        other.hears("show");
        assert_eq!(other.page().attends.get(), 3);
    }
    other.hears("freeze");
    one.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(other.stored(Slot::Record)["refresh_token"], "rt-2");
}

/// Symptom: a session was lost when a page slept, or was closed, while an ID token was verified. Cause: the refresh token in the answer was
/// nobody else's, and the next tab sent the one before.
#[test]
fn t05_t07_a_page_that_goes_while_it_verifies_hands_over_what_came() {
    for event in ["freeze", "hide", "leave"] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({}));
        verify(&browser, &one);
        one.hears(event);
        other.refresh();
        browser.advance(200.0);
        let open = browser.open_requests();
        let sent: Vec<_> = open
            .iter()
            .map(|request| &request.form["refresh_token"])
            .collect();
        assert!(sent.contains(&&json!("rt-2")) && !sent.contains(&&json!("rt-1")));
    }
}

/// A sign-out that comes meanwhile ends what came as well.
#[test]
fn x01_what_is_verified_while_another_tab_signs_out_is_revoked() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    verify(&browser, &one);
    other.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    let revoked = browser.open_requests();
    assert!(
        revoked
            .iter()
            .any(|request| request.form["token"] == "rt-2")
    );
}

/// What was posted to a page that slept is as old as it is when it goes on.
#[test]
fn t05_t02_what_a_frozen_page_hears_late_is_old() {
    for (age, is_old) in [(0.0, false), (3_000_000.0, true)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let at = browser.wall() - age;
        let asleep = json!({ "sent_at": at, "open": true, "asleep": true, "at": at });
        tab.receives(&message(&tab, "notes", asleep));
        tab.refresh();
        browser.advance(1_000.0);
        assert_eq!(browser.sent() > 0, is_old, "nobody is waited for");

        let tab = signed_in(&browser, json!({ "clientId": "another" }));
        browser.lock_silent(&family(&tab));
        let call = tab.refresh();
        let record = later(&tab, 2);
        let tokens =
            json!({ "generation": 2, "record": record, "ms": 0, "at": browser.wall() - age });
        tab.receives(&message(&tab, "tokens", tokens));
        assert_eq!(call.is_open(), is_old, "an answer from before the call");
    }
}

/// Who said that it sleeps says how it is when it is back.
#[test]
fn t05_a_page_that_is_back_is_waited_for_no_longer() {
    for has_failed in [true, false] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({}));
        one.refresh();
        one.hears("hide");
        if has_failed {
            browser.request().fail();
        }
        one.hears("show");
        one.hears("leave");
        other.refresh();
        browser.advance(1_000.0);
        assert_eq!(browser.sent(), 2, "{has_failed}");
    }
}

/// Symptom: a session was lost though its access token was valid: a page came back from the back/forward cache and sent a refresh token that was
/// spent. Cause: the sibling whose answer had been lost meanwhile told nothing of it to who asked with the same tokens.
#[test]
fn t06_r10_a_page_that_slept_through_a_lost_answer_hears_of_it() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    other.hears("hide");
    one.refresh();
    browser.request().fail();
    browser.posted();
    other.hears("show");
    assert_eq!(browser.said(), ["ask", "notes"]);
    assert_eq!(get_lasting(&other).token(), "at-1");
    assert_eq!(browser.sent(), 1);
    // Now both know the same, and nobody has anything to add.
    one.hears("show");
    assert_eq!(browser.said(), ["ask"]);
}

/// Symptom: one refresh token was sent twice at one time where there are no locks. Cause: the same.
#[test]
fn t06_t04_a_page_that_is_back_hears_of_a_request_that_is_open() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    for tab in [&one, &other] {
        tab.page().coordination.set(Coordination::Channel);
    }
    other.hears("hide");
    let call = one.refresh();
    browser.advance(400.0);
    assert_eq!(browser.sent(), 1);
    other.hears("show");
    let waiting = other.refresh();
    browser.advance(5_000.0);
    assert_eq!(browser.sent(), 1);
    browser.request().answer(200, response(2));
    assert_eq!(
        (call.token().as_str(), waiting.token().as_str()),
        ("at-2", "at-2")
    );
}

/// Symptom: a session was lost though its access token was valid. Cause: a page that had slept with a request, long answered, said when it came back
/// from its next sleep that the attempt of its sibling was over.
#[test]
fn t05_r10_who_slept_with_one_request_says_nothing_of_the_next() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    one.refresh();
    one.hears("freeze");
    one.hears("show");
    browser.advance(200.0);
    other.hears("show");
    let told = browser.posted();
    assert_eq!(told.last().unwrap()["asleep"], false, "it has its lock");
    browser.request().answer(200, response(2));
    assert_eq!(other.refresh_token(), "rt-2");
    one.hears("hide");
    other.refresh();
    browser.request().fail();
    let sent = browser.sent();
    one.hears("show");
    for tab in [&one, &other] {
        assert_eq!(get_lasting(tab).token(), "at-2");
    }
    assert_eq!(browser.sent(), sent);
}
