//! Tabs that begin and end a session together.

use crate::outside::{
    Browser, Tab, config, family, given_of_user, id_token, keys, message, response, signed_in,
    twins,
};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

const HOUR: f64 = 3_600_000.0;

#[test]
fn t08_a_sign_out_reaches_every_tab_of_the_session_and_no_other() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let stranger = Tab::open(&browser);
    stranger
        .create(config(json!({})))
        .expect("the config is right");
    stranger.call(Verb::SetTokens, json!({ "response": response(9) }));
    stranger.events();
    let pending = other.refresh();
    one.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(pending.code(), "signed_out");
    assert_eq!(
        (other.events(), other.status().as_str()),
        (vec!["SignedOut: signed-out".to_owned()], "signed-out")
    );
    assert_eq!(other.stored(Slot::Record), json!(null));
    assert_eq!(
        (stranger.status().as_str(), stranger.events().len()),
        ("signed-in", 0)
    );
}

#[test]
fn t08_a_tab_that_slept_finds_the_sign_out_when_it_is_back() {
    for way in ["show", "stored", "load", "refresh", "answer"] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({}));
        let stored = other.stored(Slot::Record);
        let open = (way == "answer").then(|| other.refresh());
        other.page().attends.set(0);
        one.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        assert_eq!(other.status(), "signed-in");
        let mut tab = other.clone();
        match way {
            "load" => {
                tab = Tab::open(&browser);
                tab.store(Slot::Record, &stored);
                tab.create(config(json!({}))).expect("the config is right");
            }
            "refresh" => assert_eq!(other.refresh().code(), "signed_out"),
            "answer" => {
                browser.request().answer(200, response(2));
                assert_eq!(open.expect("it was called").code(), "signed_out");
            }
            event => other.hears(event),
        }
        assert_eq!(tab.status(), "signed-out", "{way}");
        assert_eq!(tab.stored(Slot::Record), json!(null), "{way}");
    }
}

#[test]
fn t08_tombstones_name_nobody_are_few_and_do_not_last() {
    let browser = Browser::new();
    for number in 1..=25 {
        let tab = Tab::open(&browser);
        tab.create(config(json!({}))).expect("the config is right");
        tab.call(Verb::SetTokens, json!({ "response": response(number) }));
        tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        browser.advance(1.0);
    }
    let tab = Tab::open(&browser);
    let stones = tab.stored(Slot::Tombstones);
    let text = stones.to_string();
    assert!(!text.contains("rt-") && !text.contains("at-"), "{text}");
    assert_eq!(stones["version"], 1);
    let stones = stones["tombstones"]
        .as_array()
        .expect("it is a list")
        .clone();
    assert_eq!(stones.len(), 20);
    assert_eq!(stones[19]["at"], json!(1_800_000_000_024_u64));
    // The same tokens given again begin a session again.
    tab.create(config(json!({}))).expect("the config is right");
    tab.call(Verb::SetTokens, json!({ "response": response(25) }));
    assert_eq!(tab.status(), "signed-in");
    let left = tab.stored(Slot::Tombstones);
    assert_eq!(left["tombstones"].as_array().map(Vec::len), Some(19));
    // After 30 days they say nothing.
    let record = tab.stored(Slot::Record);
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    for (wait, status) in [(30.0 * 24.0 * HOUR - 1.0, "signed-out"), (1.0, "expired")] {
        browser.advance(wait);
        let next = Tab::open(&browser);
        next.store(Slot::Record, &record);
        next.create(config(json!({}))).expect("the config is right");
        assert_eq!(next.status(), status, "{wait}");
    }
}

#[test]
fn t08_where_no_tombstone_can_be_written_diagnostics_say_so() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.page()
        .refuses
        .set(Some(rekindle::platform::StorageFailed::Full));
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    let warnings = tab.diagnostics()["warnings"].to_string();
    assert!(warnings.contains("sign-out"), "{warnings}");
    assert_eq!(tab.status(), "signed-out");
}

#[test]
fn t09_tabs_that_are_given_the_same_tokens_are_siblings() {
    let browser = Browser::new();
    let one = signed_in(&browser, json!({}));
    let other = signed_in(&browser, json!({}));
    assert_eq!(family(&one), family(&other));
    let calls = [one.refresh(), other.refresh()];
    browser.request().answer(200, response(2));
    assert!(calls.iter().all(|call| call.token() == "at-2"));
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t01_a_new_tab_takes_a_shared_session_over() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "shareSession": true }));
    let sharing = || config(json!({ "shareSession": true }));
    let next = Tab::open(&browser);
    next.create(sharing()).expect("the config is right");
    let call = next.call(Verb::TakeOver, json!({}));
    assert!(matches!(call.ended(), Some(Ok(None))));
    assert_eq!(
        (next.refresh_token().as_str(), next.events()),
        ("rt-1", vec!["SignedIn: signed-in".to_owned()])
    );
    assert_eq!(
        next.stored(Slot::Record)["family"],
        tab.stored(Slot::Record)["family"]
    );
    assert_eq!(browser.shown().len(), 2);
    // They are siblings.
    tab.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(next.refresh_token(), "rt-2");
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t01_a_session_is_waited_for_where_somebody_is_live_and_not_for_long() {
    let browser = Browser::new();
    let alone = Tab::open(&browser);
    alone
        .create(config(json!({ "shareSession": true })))
        .expect("the config is right");
    assert!(alone.call(Verb::TakeOver, json!({})).ended().is_some());
    assert!(browser.said().is_empty());
    // It does not share: nothing comes.
    signed_in(&browser, json!({}));
    let call = alone.call(Verb::TakeOver, json!({}));
    browser.advance(249.0);
    assert!(call.is_open());
    browser.advance(1.0);
    assert!(matches!(call.ended(), Some(Ok(None))));
    assert_eq!(alone.status(), "signed-out");
    // What comes now was not asked for.
    let other = signed_in(&browser, json!({}));
    alone.receives(&message(
        &other,
        "tokens",
        json!({ "record": other.stored(Slot::Record) }),
    ));
    assert_eq!(alone.status(), "signed-out");
}

#[test]
fn t01_of_several_sessions_the_newest_is_taken() {
    let browser = Browser::new();
    let share = || json!({ "shareSession": true });
    let old = signed_in(&browser, share());
    browser.advance(1_000.0);
    let new = Tab::open(&browser);
    new.create(config(share())).expect("the config is right");
    new.call(Verb::SetTokens, json!({ "response": response(7) }));
    let taken = Tab::open(&browser);
    taken.create(config(share())).expect("the config is right");
    taken.call(Verb::TakeOver, json!({}));
    assert_eq!(taken.refresh_token(), "rt-7");
    assert_eq!(family(&taken), family(&new));
    assert_ne!(family(&taken), family(&old));
}

#[test]
fn t08_a_session_from_before_a_sign_out_is_not_taken_over() {
    let browser = Browser::new();
    let share = || json!({ "shareSession": true });
    let one = signed_in(&browser, share());
    one.page().attends.set(0);
    let other = Tab::open(&browser);
    other.create(config(share())).expect("the config is right");
    other.call(Verb::SetTokens, json!({ "response": response(7) }));
    browser.advance(1.0);
    other.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    one.page().attends.set(3);
    let next = Tab::open(&browser);
    next.create(config(share())).expect("the config is right");
    let call = next.call(Verb::TakeOver, json!({}));
    browser.advance(250.0);
    assert!(call.ended().is_some());
    assert_eq!(next.status(), "signed-out");
}

#[test]
fn t10_a_closed_client_shows_nothing_and_still_hands_over_what_comes() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    one.refresh();
    one.client().close();
    browser.settle();
    assert_eq!(browser.shown(), [(1, 1.0)]);
    assert_eq!(one.page().attends.get(), 3);
    browser.request().answer(200, response(2));
    assert_eq!(one.stored(Slot::Record)["refresh_token"], "rt-2");
    assert_eq!(other.refresh_token(), "rt-2");
    // Nobody shows it here: whose turn is next has to have heard of it.
    assert_eq!(browser.locked(), [0]);
    browser.advance(200.0);
    assert_eq!(one.page().attends.get(), 0);
    assert!(browser.locked().is_empty());
    assert!(one.is_quiet());
    // Where nothing is under way it is done at once.
    other.client().close();
    browser.settle();
    assert!(other.is_quiet() && other.page().attends.get() == 0);
}

/// A page that may sleep does not wait for that.
#[test]
fn t06_t10_a_closed_client_s_lock_is_let_go_of_when_the_page_may_sleep() {
    let browser = Browser::new();
    let one = signed_in(&browser, json!({}));
    one.refresh();
    one.client().close();
    browser.request().answer(200, response(2));
    assert_eq!(browser.locked(), [0]);
    one.hears("hide");
    assert!(browser.locked().is_empty());
    assert!(one.is_quiet());
}

/// The same user signs in again while a refresh is under way: the other tabs go on with the earlier session, and get what came for it.
#[test]
fn t02_l11_what_comes_late_for_an_earlier_session_goes_to_those_who_have_it() {
    let browser = Browser::new();
    let one = signed_in(&browser, json!({}));
    one.call(Verb::SetTokens, given_of_user(5));
    let other = crate::outside::duplicate(&one, json!({}));
    one.refresh();
    browser.answer_keys(keys("k1"));
    one.call(Verb::SetTokens, given_of_user(7));
    assert_eq!(
        (one.refresh_token().as_str(), other.status().as_str()),
        ("rt-7", "signed-in")
    );
    // Nobody else sends the refresh token meanwhile.
    let waiting = other.refresh();
    assert_eq!(browser.sent(), 2);
    browser.request().answer(200, response(6));
    assert_eq!(
        (waiting.token().as_str(), other.refresh_token().as_str()),
        ("at-6", "rt-6")
    );
    assert_eq!(
        (one.refresh_token().as_str(), other.generation()),
        ("rt-7", 2.0)
    );
    browser.advance(200.0);
    assert!(browser.locked().is_empty());
    assert_eq!(browser.sent(), 2);
}

/// Symptom: a duplicate's session was revoked. Cause: its opener had signed in anew with a request open, then signed out of that; what came for the
/// earlier session was taken for one of those that were signed out of.
#[test]
fn t02_l11_signing_out_of_the_next_session_leaves_the_earlier_one_to_those_who_have_it() {
    let browser = Browser::new();
    let one = signed_in(&browser, json!({}));
    one.call(Verb::SetTokens, given_of_user(5));
    let other = crate::outside::duplicate(&one, json!({}));
    one.refresh();
    browser.answer_keys(keys("k1"));
    one.call(Verb::SetTokens, given_of_user(7));
    one.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(
        (one.status().as_str(), other.status().as_str()),
        ("signed-out", "signed-in")
    );
    // Nobody else sends the refresh token meanwhile.
    let waiting = other.refresh();
    assert_eq!(browser.sent(), 2);
    browser.request().answer(200, response(6));
    assert!(browser.open_requests().is_empty());
    assert_eq!(waiting.token(), "at-6");
    browser.advance(200.0);
    assert!(browser.locked().is_empty());
}

/// A narrower token, or tokens that are somebody else's, are not for them: the refresh token is.
#[test]
fn v07_l11_of_what_comes_late_only_the_refresh_token_may_be_theirs() {
    let own = &id_token(json!({}));
    let with_user = |number, id_token: &str| {
        let mut answer = response(number);
        answer["id_token"] = json!(id_token);
        answer
    };
    for (options, answer) in [
        (json!({ "scope": "openid" }), with_user(6, own)),
        // Nobody waits to see who signed it.
        (json!({}), with_user(6, own)),
    ] {
        let browser = Browser::new();
        let one = signed_in(&browser, json!({}));
        one.call(Verb::SetTokens, json!({ "response": with_user(5, own) }));
        let other = crate::outside::duplicate(&one, json!({}));
        one.call(Verb::Refresh, options);
        browser.answer_keys(keys("k1"));
        one.call(Verb::SetTokens, json!({ "response": with_user(7, own) }));
        browser.request().answer(200, answer);
        assert_eq!(
            (other.refresh_token().as_str(), other.generation()),
            ("rt-6", 2.0)
        );
        assert_eq!(other.get_access_token().token(), "at-5");
        assert_eq!(one.refresh_token(), "rt-7");
    }
}

/// An app may adopt the same tokens at each start: they mean the session that has come of them.
#[test]
fn t09_tokens_that_a_session_began_with_are_that_session() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.refresh();
    browser.request().answer(200, response(2));
    let adopt = |tab: &Tab| tab.call(Verb::SetTokens, json!({ "response": response(1) }));
    assert_eq!(adopt(&tab).token(), "at-2");
    assert_eq!(tab.refresh_token(), "rt-2");
    assert_eq!(tab.generation(), 2.0);
}

#[test]
fn t09_nor_is_it_forgotten_that_the_refresh_token_was_sent() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let sent_at = browser.wall();
    tab.refresh();
    browser.request().fail();
    browser.advance(1_000.0);
    let adopt = |response| tab.call(Verb::SetTokens, json!({ "response": response }));
    assert_eq!(adopt(response(1)).token(), "at-1");
    assert_eq!(tab.stored(Slot::Record)["sent_at"], json!(sent_at as u64));
    // Nor where another access token comes with it.
    let mut other = response(1);
    other["access_token"] = json!("at-9");
    assert_eq!(adopt(other).token(), "at-9");
    assert_eq!(tab.stored(Slot::Record)["sent_at"], json!(sent_at as u64));
}

/// Where the server does not say whose tokens they are, they may be of one grant: with one, the other would go.
#[test]
fn an_answer_for_tokens_that_others_replaced_is_given_back_only_where_these_are_another_user_s() {
    for (user, is_revoked) in [(None, false), (Some("1"), false), (Some("2"), true)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let adopt = |number, user: Option<&str>| {
            let mut given = response(number);
            given["id_token"] = json!(user.map(|sub| id_token(json!({ "sub": sub }))));
            tab.call(Verb::SetTokens, json!({ "response": given }));
        };
        adopt(2, Some("1"));
        let call = tab.refresh();
        let late = browser.open_requests().remove(0);
        adopt(7, user);
        late.answer(200, response(3));
        assert_eq!(call.token(), "at-7");
        let revoked = browser.open_requests();
        let revoked = revoked
            .iter()
            .filter(|request| request.url.ends_with("/revoke"));
        let tokens: Vec<_> = revoked
            .map(|request| request.form["token"].clone())
            .collect();
        let expected = [json!("rt-2"), json!("rt-3")];
        assert_eq!(
            tokens,
            expected[..if is_revoked { 2 } else { 0 }],
            "{user:?}"
        );
    }
}

/// A server that does not rotate gives others another access token for the same refresh token.
#[test]
fn a_refresh_token_that_is_held_may_be_given_with_another_access_token() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    let token = |tab: &Tab| tab.get_access_token().token();
    tab.refresh();
    let answer = json!({ "access_token": "at-2", "expires_in": 3600, "token_type": "Bearer" });
    browser.request().answer(200, answer);
    let adopt = |name: &str| {
        let mut given = response(1);
        given["access_token"] = json!(name);
        tab.call(Verb::SetTokens, json!({ "response": given }))
            .token()
    };
    assert_eq!(adopt("at-9"), "at-9");
    assert_eq!(
        (tab.refresh_token().as_str(), tab.generation()),
        ("rt-1", 3.0)
    );
    assert_eq!(token(&twin), "at-9");
    // What the app gave last is what it gives at each start.
    let call = tab.refresh();
    let answer = json!({ "access_token": "at-8", "expires_in": 3600, "token_type": "Bearer" });
    browser.request().answer(200, answer);
    assert_eq!(
        (call.token().as_str(), adopt("at-9").as_str()),
        ("at-8", "at-8")
    );
    // An answer that is late brings nothing over it, and nothing that is held is revoked.
    let call = tab.refresh();
    assert_eq!(adopt("at-10"), "at-10");
    browser.request().answer(200, response(1));
    assert_eq!(call.token(), "at-10");
    assert_eq!((token(&tab).as_str(), browser.sent()), ("at-10", 3));
}

#[test]
fn t08_a_session_that_began_in_the_moment_of_a_sign_out_is_taken_over() {
    for (elapsed, is_there) in [(0.0, true), (1.0, false)] {
        let browser = Browser::new();
        let shares = json!({ "shareSession": true });
        let (one, stranger) = (signed_in(&browser, shares.clone()), Tab::open(&browser));
        stranger
            .create(config(json!({})))
            .expect("the config is right");
        stranger.call(Verb::SetTokens, json!({ "response": response(9) }));
        browser.advance(elapsed);
        stranger.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        let new = Tab::open(&browser);
        new.create(config(shares)).expect("the config is right");
        let call = new.call(Verb::TakeOver, json!({}));
        browser.advance(1_000.0);
        assert!(!call.is_open());
        let status = if is_there { "signed-in" } else { "signed-out" };
        assert_eq!(new.status(), status, "{elapsed}");
        assert_eq!(one.status(), "signed-in");
    }
}

/// Another process may show an old state of `localStorage` for a while: no session comes back by it, not even where no tombstone could be
/// written.
#[test]
fn t08_t10_what_is_seen_after_its_end_is_over_unless_it_began_again() {
    for (family, later, is_there) in [
        (None, -1.0, false),
        (None, 0.0, true),
        (None, 1.0, true),
        (Some("another"), -1.0, true),
    ] {
        let browser = Browser::new();
        let (one, tab) = twins(&browser, json!({ "storage": "local" }));
        let mut stored = tab.stored(Slot::Record);
        browser.advance(10.0);
        one.page()
            .refuses
            .set(Some(rekindle::platform::StorageFailed::Full));
        one.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        assert_eq!(tab.status(), "signed-out");
        stored["signed_in_at"] = json!(browser.wall() + later);
        if let Some(family) = family {
            stored["family"] = json!(family);
        }
        tab.store(Slot::Record, &stored);
        tab.client().look_again();
        let status = if is_there { "signed-in" } else { "signed-out" };
        assert_eq!(tab.status(), status, "{family:?} {later}");
    }
}
