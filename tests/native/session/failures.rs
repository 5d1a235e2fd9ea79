//! A refresh that fails: what is sent again, what is noted, what ends the session.

use crate::kept::Value;
use crate::outside::{Browser, Tab, response, signed_in, time, twins};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

const GRACE: fn() -> serde_json::Value = || json!({ "rotationGraceSeconds": 30 });

/// A note of the stored record.
fn note(tab: &Tab, name: &str) -> serde_json::Value {
    tab.stored(Slot::Record)[name].clone()
}

#[test]
fn n02_inside_the_grace_the_same_refresh_token_is_sent_three_times_at_most() {
    let browser = Browser::new();
    let tab = signed_in(&browser, GRACE());
    let sent_at = browser.wall();
    let call = tab.refresh();
    browser.request().fail();
    for (wait, sent) in [(300.0, 2), (1_000.0, 3)] {
        browser.advance(wait - 1.0);
        assert_eq!(browser.sent(), sent - 1);
        browser.advance(1.0);
        assert_eq!(browser.request().form["refresh_token"], "rt-1");
        assert_eq!(browser.sent(), sent);
        assert_eq!(browser.locked(), [0]);
        if sent == 2 {
            browser.request().fail();
        }
    }
    browser.request().fail();
    assert_eq!(call.code(), "network");
    assert_eq!(call.error().stringify_member("sessionLost"), "false");
    assert_eq!(note(&tab, "sent_at"), time(sent_at));
    assert!(browser.locked().is_empty());
    browser.advance(3_000_000.0);
    assert_eq!(browser.sent(), 3);
    assert_eq!(tab.events(), Vec::<String>::new());
}

#[test]
fn r11_a_narrower_request_that_is_refused_says_nothing_of_others() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "autoRenew": true }));
    let call = tab.call(Verb::Refresh, json!({ "scope": "other" }));
    let refused = json!({ "error": "invalid_scope" });
    browser.request().answer(400, refused.clone());
    assert_eq!(
        (call.code().as_str(), note(&tab, "paused")),
        ("oauth", json!(null))
    );
    browser.advance(3_570_000.0);
    assert_eq!(browser.sent(), 2, "it is renewed all the same");
    browser.request().answer(400, refused);
    assert_eq!(note(&tab, "paused"), json!(1));
}

/// Symptom: a tab renewed nothing any more, though its user's refresh had ended the pause. Cause: a sibling had not heard of that, and told it of the
/// pause when it was loaded again.
#[test]
fn r05_t02_a_pause_that_a_caller_ends_is_over_in_every_tab() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    one.refresh();
    let refused = json!({ "error": "invalid_client" });
    browser.request().answer(400, refused);
    assert_eq!(note(&other, "paused"), json!(1));
    other.refresh();
    browser.request().fail();
    assert_eq!(note(&one, "paused"), json!(null));
}

#[test]
fn r08_a_server_that_says_that_it_is_busy_leaves_the_session() {
    for (body, is_lost) in [
        (json!({ "error": "temporarily_unavailable" }), "false"),
        (json!(null), "true"),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        browser.advance(3_600_000.0);
        let call = tab.refresh();
        browser.request().answer(400, body);
        assert_eq!(call.code(), "server");
        assert_eq!(call.error().stringify_member("sessionLost"), is_lost);
        assert_eq!(tab.refresh_token(), "rt-1");
    }
}

#[test]
fn n02_the_second_attempt_brings_it() {
    let browser = Browser::new();
    let tab = signed_in(&browser, GRACE());
    tab.page().chance.set(1.0);
    let call = tab.refresh();
    browser.request().fail();
    browser.advance(999.0);
    assert!(browser.open_requests().is_empty());
    browser.advance(1.0);
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(note(&tab, "sent_at"), json!(null));
}

/// The last moment at which the server still forgives a second use counts from the first.
#[test]
fn n02_no_attempt_begins_after_the_grace() {
    for (grace, elapsed, is_repeated) in [(10, 9_699.0, true), (10, 9_700.0, false)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "rotationGraceSeconds": grace }));
        let call = tab.refresh();
        // The first attempt is given up before the grace ends, so that it fails itself here.
        browser.advance(4_000.0);
        browser.set_clock(elapsed - 4_000.0);
        browser.request().fail();
        browser.advance(300.0);
        assert_eq!(browser.sent() == 2, is_repeated, "{elapsed}");
        assert_eq!(call.is_open(), is_repeated, "{elapsed}");
    }
}

#[test]
fn n03_an_attempt_without_an_answer_leaves_time_for_another_inside_the_grace() {
    let browser = Browser::new();
    let tab = signed_in(&browser, GRACE());
    let call = tab.call(Verb::Refresh, json!({ "timeoutMs": 300_000 }));
    let first = browser.request();
    browser.advance(24_999.0);
    assert!(!first.is_aborted.get());
    browser.advance(1.0);
    assert!(first.is_aborted.get());
    browser.advance(300.0);
    let second = browser.request();
    assert_eq!(second.form["refresh_token"], "rt-1");
    browser.advance(59_999.0);
    assert!(!second.is_aborted.get());
    second.answer(200, response(2));
    assert_eq!(call.token(), "at-2");
}

#[test]
fn r10_without_a_grace_nothing_is_sent_again_but_on_a_caller_s_word() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let call = tab.refresh();
    browser.request().fail();
    assert_eq!(call.code(), "network");
    browser.advance(600_000.0);
    assert_eq!(browser.sent(), 1);
    assert_eq!(tab.get_access_token().token(), "at-1");
    let again = tab.refresh();
    assert_eq!(browser.request().form["refresh_token"], "rt-1");
    browser.request().answer(200, response(2));
    assert_eq!(again.token(), "at-2");
}

#[test]
fn n05_a_server_that_says_when_is_asked_then_inside_the_grace() {
    for (retry_after, wait) in [
        ("0", Some(300.0)),
        ("5", Some(5_000.0)),
        ("29", Some(29_000.0)),
        ("30", None),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, GRACE());
        let call = tab.refresh();
        let header = [("retryAfter", Value::from(retry_after))];
        browser
            .request()
            .answer_with(503, json!({ "error": "invalid_grant" }), &header);
        let Some(wait) = wait else {
            assert_eq!(call.code(), "server");
            assert_eq!(note(&tab, "wait_until"), time(browser.wall() + 30_000.0));
            browser.advance(30_000.0);
            assert_eq!(browser.sent(), 1);
            continue;
        };
        browser.advance(wait - 1.0);
        assert_eq!(browser.sent(), 1, "{retry_after}");
        browser.advance(1.0);
        assert_eq!(browser.sent(), 2, "{retry_after}");
    }
}

#[test]
fn n06_a_limit_says_how_long_to_wait_and_did_not_use_the_refresh_token() {
    for (retry_after, wait) in [(Some("120"), 120_000.0), (None, 30_000.0)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, GRACE());
        let call = tab.refresh();
        let header: Vec<_> = retry_after
            .map(|text| ("retryAfter", Value::from(text)))
            .into_iter()
            .collect();
        browser.request().answer_with(429, json!({}), &header);
        assert_eq!(call.code(), "rate_limited");
        assert_eq!(note(&tab, "sent_at"), json!(null));
        assert_eq!(note(&tab, "wait_until"), time(browser.wall() + wait));
        assert_eq!(browser.said().last().map(String::as_str), Some("notes"));
        browser.advance(29_000.0);
        assert_eq!(browser.sent(), 1);
        // An explicit call is never refused.
        tab.refresh();
        assert_eq!(browser.sent(), 2);
    }
}

#[test]
fn r05_another_oauth_error_ends_nothing_and_the_background_waits_for_a_call() {
    for (status, body, code) in [
        (400, json!({ "error": "invalid_request" }), "oauth"),
        (401, json!({ "error": "invalid_client" }), "oauth"),
        (403, json!({ "errorCode": "E0000006" }), "oauth"),
    ] {
        let browser = Browser::new();
        let tab = signed_in(
            &browser,
            json!({ "rotationGraceSeconds": 30, "autoRenew": true }),
        );
        let call = tab.refresh();
        browser.request().answer(status, body);
        assert_eq!(call.code(), code);
        assert_eq!(call.error().stringify_member("sessionLost"), "false");
        assert_eq!(note(&tab, "sent_at"), json!(null));
        assert_eq!(tab.diagnostics()["nextRenewalAt"], json!(null));
        browser.advance(4_000_000.0);
        assert_eq!(browser.sent(), 1);
        assert_eq!(tab.refresh_token(), "rt-1");
        let again = tab.refresh();
        assert_eq!(note(&tab, "paused"), json!(null));
        browser.request().answer(200, response(2));
        assert_eq!(again.token(), "at-2");
    }
}

/// Symptom: the background asked before `Retry-After` was over. Cause: a pause was noted in the place of the wait, and the next call ended
/// both.
#[test]
fn n06_r05_a_pause_leaves_the_wait_that_the_server_asked_for() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "autoRenew": true }));
    let header = [("retryAfter", Value::from("7200"))];
    for (status, body, headers) in [
        (429, json!({}), &header[..]),
        (400, json!({ "error": "invalid_request" }), &[]),
        (503, json!({}), &[]),
    ] {
        tab.refresh();
        browser.request().answer_with(status, body, headers);
    }
    assert_eq!(note(&tab, "paused"), json!(null));
    browser.advance(7_199_000.0);
    assert_eq!(browser.sent(), 3);
}

#[test]
fn r08_a_4xx_that_cannot_be_read_ends_no_session() {
    let browser = Browser::new();
    let tab = signed_in(&browser, GRACE());
    let sent_at = browser.wall();
    let call = tab.refresh();
    browser.request().answer(400, json!(null));
    assert_eq!((call.code().as_str(), browser.sent()), ("server", 1));
    assert_eq!(call.error().stringify_member("sessionLost"), "false");
    assert_eq!(note(&tab, "sent_at"), time(sent_at));
    for (status, is_lost) in [(400, "true"), (499, "true"), (500, "false")] {
        browser.advance(3_600_000.0);
        let call = tab.refresh();
        browser.request().answer(status, json!(null));
        assert_eq!(
            call.error().stringify_member("sessionLost"),
            is_lost,
            "{status}"
        );
        assert_eq!(tab.refresh_token(), "rt-1");
    }
}

#[test]
fn r03_a_refused_refresh_token_ends_the_session_after_the_siblings_were_asked() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.posted();
    let call = tab.refresh();
    let body = json!({ "error": "invalid_grant", "error_description": "spent rt-1" });
    browser.request().answer(400, body);
    assert_eq!(browser.said(), ["notes", "ask"]);
    browser.advance(199.0);
    assert!(call.is_open());
    browser.advance(1.0);
    let error = call.error();
    assert_eq!(call.code(), "invalid_grant");
    assert_eq!(error.stringify_member("sessionLost"), "true");
    assert_eq!(error.stringify_member("reason"), "");
    assert_eq!(
        error.stringify_member("oauthErrorDescription"),
        r#""spent [redacted]""#
    );
    assert_eq!(tab.events(), ["SessionLost: signed-out, invalid_grant"]);
    assert_eq!(tab.stored(Slot::Record), json!(null));
    let posted = browser.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0]["what"], "lost");
    assert_eq!(
        (&posted[0]["generation"], &posted[0]["oauthError"]),
        (&json!(1), &json!("invalid_grant"))
    );
    // Who waits for the lock hears of it first, and sends what was refused no more.
    assert_eq!((browser.shown().len(), browser.locked()), (0, vec![0]));
    browser.advance(200.0);
    assert!(browser.locked().is_empty());
    assert_eq!(tab.refresh().code(), "no_session");
}

#[test]
fn r04_a_refusal_after_an_attempt_without_an_answer_says_that_an_answer_was_lost() {
    // In the same exchange, and in one that follows.
    for grace in [30, 0] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "rotationGraceSeconds": grace }));
        let mut call = tab.refresh();
        browser.request().fail();
        browser.advance(300.0);
        if grace == 0 {
            call = tab.refresh();
        }
        browser.refuse();
        assert_eq!(call.code(), "invalid_grant");
        assert_eq!(call.error().stringify_member("reason"), r#""lost_answer""#);
        assert_eq!(tab.status(), "signed-out");
    }
}

#[test]
fn n11_many_failures_that_say_nothing_are_looked_into_once_nothing_valid_is_left() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for _ in 0..4 {
        // While the access token serves they do not count.
        let call = tab.refresh();
        browser.request().fail();
        assert_eq!(call.error().stringify_member("sessionLost"), "false");
    }
    browser.advance(3_600_000.0);
    for _ in 0..2 {
        let call = tab.refresh();
        browser.request().fail();
        assert_eq!(call.error().stringify_member("sessionLost"), "false");
    }
    // Another kind of failure, or a success, is another row of them.
    let call = tab.refresh();
    browser.request().answer(503, json!(null));
    assert_eq!(call.code(), "server");
    for is_reached in [false, true] {
        for failure in 1..=3 {
            let call = tab.refresh();
            browser.request().fail();
            if failure < 3 && !is_reached {
                assert_eq!(call.error().stringify_member("sessionLost"), "false");
                continue;
            }
            let document = browser.request();
            assert_eq!(
                document.url,
                "https://as.example/.well-known/openid-configuration"
            );
            assert!(document.form.is_null());
            if is_reached {
                document.answer(200, json!({ "issuer": "https://as.example" }));
            } else {
                document.fail();
            }
            let error = call.error();
            assert_eq!(call.code(), "network");
            assert_eq!(
                error.stringify_member("sessionLost"),
                is_reached.to_string()
            );
            let reason = if is_reached { r#""unreadable""# } else { "" };
            assert_eq!(error.stringify_member("reason"), reason);
            assert_eq!(tab.refresh_token(), "rt-1");
        }
    }
}

/// Symptom: a page slept with a refresh lock, and other tabs could not refresh for a minute. Cause: it was looked into why the server cannot be read,
/// and the exchange had its lock still.
#[test]
fn n11_t06_nobody_waits_while_failures_are_looked_into() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    browser.advance(3_600_000.0);
    for _ in 0..3 {
        tab.refresh();
        browser.request().fail();
    }
    let document = browser.request();
    assert!(document.url.ends_with("/openid-configuration"));
    assert!(browser.locked().is_empty());
    let call = twin.refresh();
    browser.open_requests()[1].answer(200, response(2));
    assert_eq!(call.token(), "at-2");
}
