//! Ending a session, here and at the server.

use crate::outside::{
    Browser, config, duplicate, given_of_user, id_token, keys, response, signed_in, twins,
};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

fn left_for(tab: &crate::outside::Tab) -> Vec<String> {
    tab.page().left_for.borrow().clone()
}

#[test]
fn x02_the_session_is_cleared_first_and_revoked_as_well_as_can_be() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let call = tab.call(Verb::SignOut, json!({}));
    assert_eq!(
        (tab.events(), tab.stored(Slot::Record)),
        (vec!["SignedOut: signed-out".to_owned()], json!(null))
    );
    let request = browser.request();
    assert_eq!(request.url, "https://as.example/revoke");
    assert_eq!(
        request.form,
        json!({ "token": "rt-1", "token_type_hint": "refresh_token", "client_id": "app" })
    );
    assert!(request.is_last && call.is_open() && left_for(&tab).is_empty());
    request.answer(200, json!(null));
    assert!(matches!(call.ended(), Some(Ok(None))));
    assert_eq!(left_for(&tab), ["https://as.example/logout?client_id=app"]);
    let log = &tab.diagnostics()["exchanges"][0];
    assert_eq!(
        (&log["what"], &log["why"], &log["outcome"]),
        (
            &json!("revocation_endpoint"),
            &json!("signed-out"),
            &json!("ok")
        )
    );
}

#[test]
fn x02_a_revocation_delays_leaving_by_300_ms_at_most() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let call = tab.call(
        Verb::SignOut,
        json!({ "state": "s", "postLogoutRedirectUri": "https://app.example/bye" }),
    );
    browser.advance(299.0);
    assert!(left_for(&tab).is_empty());
    browser.advance(1.0);
    assert_eq!(
        left_for(&tab),
        [
            "https://as.example/logout?client_id=app&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=s"
        ]
    );
    assert!(matches!(call.ended(), Some(Ok(None))));
    // The request goes on, for a minute.
    let request = browser.request();
    browser.advance(59_699.0);
    assert!(!request.is_aborted.get());
    browser.advance(1.0);
    assert!(request.is_aborted.get());
    assert_eq!(tab.diagnostics()["exchanges"][0]["outcome"], "network");
}

#[test]
fn x02_a_local_sign_out_waits_for_nothing() {
    for (status, outcome) in [
        (Some(200), "ok"),
        (Some(204), "ok"),
        (Some(299), "ok"),
        (Some(300), "server"),
        (Some(503), "server"),
        (Some(199), "server"),
        (None, "network"),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let call = tab.call(Verb::SignOut, json!({ "local": true }));
        assert!(matches!(call.ended(), Some(Ok(None))));
        match status {
            Some(status) => browser.request().answer(status, json!(null)),
            None => browser.request().fail(),
        }
        assert!(left_for(&tab).is_empty());
        let log = &tab.diagnostics()["exchanges"][0];
        assert_eq!(log["outcome"], outcome, "{status:?}");
        let logged = if outcome == "server" {
            json!(status)
        } else {
            json!(null)
        };
        assert_eq!(log["status"], logged);
    }
}

#[test]
fn x02_what_cannot_be_revoked_or_is_not_to_be_is_not() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.call(Verb::SignOut, json!({ "revoke": false }));
    assert_eq!(left_for(&tab).len(), 1);
    let without = signed_in(
        &browser,
        json!({ "endpoints": { "token": "https://as.example/t", "endSession": "https://as.example/logout" } }),
    );
    without.call(Verb::SignOut, json!({}));
    for document in ["openid-configuration", "oauth-authorization-server"] {
        assert!(browser.request().url.ends_with(document));
        assert!(left_for(&without).is_empty());
        browser.request().answer(404, json!(null));
    }
    assert_eq!(left_for(&without).len(), 1);
    let sent = browser.sent();
    let no_token = signed_in(&browser, json!({}));
    let token = id_token(json!({}));
    no_token.call(
        Verb::SetTokens,
        json!({ "response": { "access_token": "a", "id_token": token } }),
    );
    no_token.call(Verb::SignOut, json!({}));
    assert_eq!(
        left_for(&no_token),
        [format!(
            "https://as.example/logout?id_token_hint={token}&client_id=app"
        )]
    );
    assert_eq!(browser.sent(), sent);
}

#[test]
fn x03_a_server_without_an_end_session_endpoint() {
    let endpoints = json!({ "token": "https://as.example/t" });
    for (options, code) in [
        (json!({}), None),
        (json!({ "local": true }), None),
        (json!({ "local": false }), Some("unsupported")),
        (json!({ "state": "s" }), Some("unsupported")),
        (
            json!({ "postLogoutRedirectUri": "https://app.example/" }),
            Some("unsupported"),
        ),
        (json!({ "local": 5 }), Some("invalid_config")),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "endpoints": endpoints }));
        let call = tab.call(Verb::SignOut, options.clone());
        for _ in 0..2 {
            for request in browser.open_requests() {
                request.answer(200, json!({ "issuer": "https://as.example" }));
            }
        }
        assert_eq!(tab.status(), "signed-out", "{options}");
        assert!(left_for(&tab).is_empty());
        match code {
            Some(code) => assert_eq!(call.code(), code, "{options}"),
            None => assert!(matches!(call.ended(), Some(Ok(None))), "{options}"),
        }
    }
}

#[test]
fn x04_x05_after_a_sign_out_nothing_is_sent_and_another_is_no_event() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.call(Verb::SignIn, json!({}));
    tab.store(Slot::Metadata, &json!({ "version": 1 }));
    tab.page().left_for.take();
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    for slot in [Slot::Record, Slot::SignIns, Slot::Metadata] {
        assert_eq!(tab.stored(slot), json!(null));
    }
    tab.events();
    for verb in [Verb::Refresh, Verb::GetAccessToken, Verb::Introspect] {
        assert_eq!(tab.call(verb, json!({})).code(), "no_session");
    }
    browser.posted();
    tab.call(Verb::SignOut, json!({ "local": true }));
    assert!(tab.events().is_empty() && browser.said().is_empty());
    assert_eq!(browser.sent(), 0);
    // Without a session the server's is ended all the same.
    tab.call(Verb::SignOut, json!({}));
    assert_eq!(left_for(&tab).len(), 1);
}

#[test]
fn l11_another_user_s_sign_in_ends_the_session_in_the_other_tabs() {
    let (own, other) = (id_token(json!({})), id_token(json!({ "sub": "2" })));
    for (next, is_ended) in [(&own, false), (&other, true)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let with = |number, id_token: &str| {
            let mut answer = response(number);
            answer["id_token"] = json!(id_token);
            json!({ "response": answer })
        };
        tab.call(Verb::SetTokens, with(2, &own));
        browser.posted();
        let pending = tab.refresh();
        tab.call(Verb::SetTokens, with(3, next));
        assert_eq!(pending.token(), "at-3");
        assert_eq!(browser.said().contains(&"signed-out".to_owned()), is_ended);
        assert_eq!(
            tab.stored(Slot::Tombstones)["tombstones"]
                .as_array()
                .map(Vec::len)
                .unwrap_or_default()
                > 1,
            is_ended
        );
        // The late answer is of the earlier session.
        browser.open_requests()[0].answer(200, response(4));
        assert_eq!(tab.refresh_token(), "rt-3");
    }
}

#[test]
fn a_node_program_signs_out_without_a_tombstone() {
    let browser = Browser::new();
    let tab = crate::outside::Tab::open(&browser);
    *tab.page().address.borrow_mut() = None;
    tab.create(config(json!({ "autoRenew": true })))
        .expect("the config is right");
    tab.call(Verb::SetTokens, json!({ "response": response(1) }));
    assert_eq!(tab.page().attends.get(), 0);
    assert!(browser.shown().is_empty() && browser.said().is_empty());
    assert_eq!(tab.diagnostics()["nextRenewalAt"], json!(null));
    assert_eq!(tab.diagnostics()["coordination"], "none");
    let call = tab.call(Verb::SignOut, json!({ "revoke": false }));
    assert_eq!(format!("{:?}", call.ended()), "Some(Ok(None))");
    assert!(left_for(&tab).is_empty(), "there is no page to leave");
    assert_eq!(tab.stored(Slot::Tombstones), json!(null));
    assert!(
        browser.next_timer(&tab).is_infinite(),
        "nothing keeps the program from ending"
    );
}

#[test]
fn x02_where_to_leave_for_may_not_be_found_in_time() {
    for (options, code) in [
        (json!({}), None),
        (json!({ "local": false }), Some("timeout")),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "endpoints": null }));
        let call = tab.call(Verb::SignOut, options);
        browser.advance(9_999.0);
        assert!(call.is_open());
        browser.advance(1.0);
        match code {
            Some(code) => assert_eq!(call.code(), code),
            None => assert_eq!(format!("{:?}", call.ended()), "Some(Ok(None))"),
        }
        assert_eq!(tab.status(), "signed-out");
    }
}

/// django-oauth-toolkit names its revocation endpoint in the second document only.
#[test]
fn x02_p02_what_names_the_revocation_endpoint_may_be_slow() {
    let document = |more: &str| {
        json!({
            "issuer": "https://as.example",
            "token_endpoint": "https://as.example/token",
            more: format!("https://as.example/{more}"),
        })
    };
    for is_local in [true, false] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "endpoints": null }));
        tab.refresh();
        browser
            .request()
            .answer(200, document("end_session_endpoint"));
        browser.request().answer(200, response(2));
        let options = if is_local {
            json!({ "local": true })
        } else {
            json!({})
        };
        let call = tab.call(Verb::SignOut, options);
        browser.advance(301.0);
        assert_eq!(format!("{:?}", call.ended()), "Some(Ok(None))");
        assert_eq!(left_for(&tab).len(), usize::from(!is_local));
        browser
            .request()
            .answer(200, document("revocation_endpoint"));
        assert_eq!(browser.request().form["token"], "rt-2");
        browser.request().answer(200, json!(null));
        assert_eq!(tab.stored(Slot::Metadata), json!(null));
    }
}

/// The second one leaves; the first has nothing left to complain of.
#[test]
fn x05_a_sign_out_that_another_overtakes_ends_without_an_error() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "endpoints": null }));
    let first = tab.call(Verb::SignOut, json!({ "local": false, "revoke": false }));
    assert!(first.is_open(), "it discovers where to leave for");
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    let endpoint = "https://as.example/logout";
    browser.request().answer(
        200,
        json!({ "issuer": "https://as.example", "end_session_endpoint": endpoint }),
    );
    assert_eq!(format!("{:?}", first.ended()), "Some(Ok(None))");
}

/// Symptom: a refresh token was alive after `revoke()`. Cause: a refresh had rotated it meanwhile, and what came of that was thrown away.
#[test]
fn x01_what_a_refresh_brings_after_a_revocation_is_revoked_too() {
    for is_other_s in [false, true] {
        let browser = Browser::new();
        let (tab, other) = twins(&browser, json!({}));
        let revoking = tab.call(Verb::Revoke, json!({}));
        let revocation = browser.request();
        let call = if is_other_s { &other } else { &tab }.refresh();
        let refresh = browser.open_requests()[1].clone();
        revocation.answer(200, json!(null));
        assert!(matches!(revoking.ended(), Some(Ok(None))));
        refresh.answer(200, response(2));
        assert_eq!(call.code(), "no_refresh_token");
        assert_eq!(browser.request().form["token"], "rt-2");
    }
}

/// Symptom: a refresh token was alive after a sign-out. Cause: a client of the same page had a refresh under way, and took the session, which the
/// sign-out had ended, for one that other tabs go on with.
#[test]
fn x01_what_another_client_of_the_page_has_under_way_is_revoked_too() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    let call = tab.refresh();
    // The news reach this page by its storage: its channel is as late as it likes.
    tab.page().attends.set(0);
    let own = json!({ "local": true, "revoke": false });
    twin.call(Verb::SignOut, own.clone());
    tab.remove(Slot::Record);
    tab.client().look_again();
    tab.call(Verb::SignOut, own);
    assert_eq!(call.code(), "signed_out");
    browser.request().answer(200, response(2));
    assert_eq!(browser.request().form["token"], "rt-2");
}

/// The same of a session in whose place this tab has begun another: others go on with it only until one of them ends it.
#[test]
fn x01_what_comes_for_a_session_that_others_had_and_ended_is_revoked_too() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.call(Verb::SetTokens, given_of_user(5));
    let twin = duplicate(&tab, json!({}));
    tab.refresh();
    browser.answer_keys(keys("k1"));
    tab.call(Verb::SetTokens, given_of_user(7));
    for tab in [&twin, &tab] {
        tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    }
    browser.request().answer(200, response(6));
    assert_eq!(browser.request().form["token"], "rt-6");
}

/// The call has ended by then.
#[test]
fn p02_what_is_discovered_after_a_sign_out_is_not_stored() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "endpoints": null }));
    let call = tab.call(Verb::SignOut, json!({ "revoke": false }));
    browser.advance(10_000.0);
    assert!(matches!(call.ended(), Some(Ok(None))));
    browser
        .request()
        .answer(200, json!({ "issuer": "https://as.example", "end_session_endpoint": "https://as.example/logout" }));
    assert_eq!(tab.stored(Slot::Metadata), json!(null));
}

/// A page that has just been loaded, as one with `localStorage` or with the session of another tab, has discovered nothing yet.
#[test]
fn x02_where_to_revoke_is_looked_for_first() {
    for is_local in [true, false] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "endpoints": null }));
        let call = tab.call(Verb::SignOut, json!({ "local": is_local }));
        assert_eq!(call.is_open(), !is_local);
        let document = json!({
            "issuer": "https://as.example",
            "revocation_endpoint": "https://as.example/revoke",
            "end_session_endpoint": "https://as.example/logout",
        });
        browser.request().answer(200, document);
        assert_eq!(browser.request().form["token"], "rt-1");
        browser.request().answer(200, json!(null));
        assert!(matches!(call.ended(), Some(Ok(None))));
        assert_eq!(left_for(&tab).len(), usize::from(!is_local));
    }
}

#[test]
fn x01_a_sign_out_overtakes_a_call_that_waits_for_its_turn() {
    for (is_signed_out, code) in [(true, "signed_out"), (false, "invalid_grant")] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        tab.refresh();
        let narrower = tab.call(Verb::Refresh, json!({ "scope": "openid" }));
        if is_signed_out {
            tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        } else {
            let refusal = json!({ "error": "invalid_grant" });
            browser.request().answer(400, refusal);
            browser.advance(1_000.0);
        }
        assert_eq!(narrower.code(), code);
    }
}

#[test]
fn p02_a_sign_out_leaves_nothing_in_the_other_tabs_either() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    for slot in [Slot::Metadata, Slot::Keys] {
        twin.store(slot, &json!({ "version": 2 }));
    }
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    for slot in [Slot::Record, Slot::Metadata, Slot::Keys] {
        assert_eq!(twin.stored(slot), json!(null));
    }
}
