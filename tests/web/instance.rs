//! What the npm package's shell calls: a whole client over a real context, asked by numbers.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::shell::{
    DIAGNOSTICS, ERROR, GET_ACCESS_TOKEN, HANDLE_REDIRECT, INTROSPECT, RECORD, REFRESH, RENEWED,
    SESSION_LOST, SET_TOKENS, SIGN_IN, SIGN_OUT, SIGNED_IN, SIGNED_OUT, SNAPSHOT, Shell, TOKENS,
    signed_in, stored, with_server,
};
use crate::support::{assert_same, call, config, get, handles, js, json, set, text, until};

#[wasm_bindgen_test]
async fn tokens_that_are_set_are_in_the_snapshot() {
    let (config, server) = with_server("instance-set", "");
    let shell = Shell::open(&config);
    assert!(shell.read(ERROR).is_none());
    assert!(shell.read(RECORD).is_none());
    assert_same(
        &shell.snapshot(),
        "{ status: 'signed-out', tokens: null, persisted: true, error: null }",
    );

    let tokens = shell.ask(SET_TOKENS, TOKENS).await.unwrap();
    let snapshot = shell.snapshot();
    assert_eq!(get(&snapshot, "tokens"), tokens);
    assert_eq!(text(&snapshot, "status"), "signed-in");
    assert_eq!(text(&tokens, "accessToken"), "access-0");
    assert_eq!(text(&tokens, "tokenType"), "Bearer");
    assert_eq!(text(&tokens, "scope"), "openid");
    let expires_in = get(&tokens, "expiresAt").as_f64().unwrap() - js_sys::Date::now();
    assert!((3_500_000.0..=3_600_000.0).contains(&expires_in));
    assert!(!json(&snapshot).contains("refresh-0"));
    assert_eq!(shell.snapshot(), snapshot, "the same object");
    let is_frozen =
        js("(snapshot) => Object.isFrozen(snapshot) && Object.isFrozen(snapshot.tokens)");
    let is_frozen = js_sys::Function::from(is_frozen).call1(&snapshot, &snapshot);
    assert_eq!(is_frozen.unwrap(), true);

    assert_eq!(shell.refresh_token().as_deref(), Some("refresh-0"));
    assert_eq!(shell.events(), [Some(SIGNED_IN), None]);
    assert_eq!(get(&shell.said()[0], "snapshot"), snapshot);
    assert_eq!(get(&server, "sent.length"), 0);
}

#[wasm_bindgen_test]
async fn the_next_page_load_takes_the_session_up() {
    let (shell, _) = signed_in("instance-stored").await;
    shell.close().await;
    let (config, _) = with_server("instance-stored", "");
    let next = Shell::open(&config);
    assert_eq!(text(&next.snapshot(), "status"), "signed-in");
    assert_eq!(next.refresh_token().as_deref(), Some("refresh-0"));
    assert!(next.said().is_empty());
    let other = Shell::open(&with_server("instance-stored-2", "").0);
    assert!(other.read(RECORD).is_none());
}

#[wasm_bindgen_test]
async fn fifty_refreshes_at_once_are_one_request() {
    let (shell, server) = signed_in("instance-fifty").await;
    set(&server, "isWaiting", &true.into());
    let calls: Vec<i32> = (0..50).map(|_| shell.call(REFRESH, "{}")).collect();
    until("a request", || get(&server, "answers.length") == 1).await;
    call(&server, "goOn");

    let first = shell.settled(calls[0]).await.unwrap();
    assert_eq!(text(&first, "accessToken"), "access-1");
    for &call in &calls {
        assert_eq!(shell.settled(call).await.unwrap(), first, "the same object");
    }
    assert_eq!(get(&server, "sent.length"), 1);
    assert_same(
        &get(&server, "sent.0.form"),
        "{ grant_type: 'refresh_token', scope: 'openid', refresh_token: 'refresh-0', client_id: 'instance-fifty' }",
    );
    assert_eq!(
        text(&server, "sent.0.address"),
        "https://issuer.example/oauth2/v1/token"
    );
    // The listeners hear of it before any caller does.
    let (events, answers) = (shell.events(), [None; 50]);
    assert_eq!(events[..3], [Some(SIGNED_IN), None, Some(RENEWED)]);
    assert_eq!(events[3..], answers);
    let told = shell.said()[2].clone();
    assert_eq!(get(&told, "snapshot.tokens"), first);
    assert_eq!(get(&told, "about"), 0);
    assert_eq!(shell.refresh_token().as_deref(), Some("refresh-1"));
    assert!(stored("instance-fifty").unwrap().contains("refresh-1"));

    // It is over: the next call sends the next token.
    set(&server, "isWaiting", &false.into());
    shell.ask(REFRESH, "{}").await.unwrap();
    assert_eq!(text(&server, "sent.1.form.refresh_token"), "refresh-1");
}

#[wasm_bindgen_test]
async fn a_fresh_token_is_handed_out_without_a_request() {
    let (shell, server) = signed_in("instance-fresh").await;
    let tokens = shell.ask(GET_ACCESS_TOKEN, "{}").await.unwrap();
    assert_eq!(text(&tokens, "accessToken"), "access-0");
    assert_eq!(get(&server, "sent.length"), 0);
    let needed = "{ minValiditySeconds: 3601 }";
    let tokens = shell.ask(GET_ACCESS_TOKEN, needed).await.unwrap();
    assert_eq!(text(&tokens, "accessToken"), "access-1");
    assert_eq!(get(&server, "sent.length"), 1);
}

#[wasm_bindgen_test]
async fn introspection_gives_the_server_s_own_members() {
    let (shell, server) = signed_in("instance-introspect").await;
    set(
        &server,
        "next",
        &js("() => ({ active: true, scope: 'openid', ext: { a: [1] } })"),
    );
    let answer = shell.ask(INTROSPECT, "{}").await.unwrap();
    assert_same(
        &answer,
        "{ active: true, scope: 'openid', ext: { a: [1] } }",
    );
    assert_same(
        &get(&server, "sent.0.form"),
        "{ token: 'access-0', client_id: 'instance-introspect', token_type_hint: 'access_token' }",
    );
    assert_eq!(shell.events(), [Some(SIGNED_IN), None, None]);
}

#[wasm_bindgen_test]
async fn a_wrong_config_makes_no_client() {
    let before = handles();
    for (members, code, field) in [
        ("clientId: ''", "invalid_config", "clientId"),
        ("clientId: undefined", "invalid_config", "clientId"),
        ("issuer: 5", "invalid_config", "issuer"),
        (
            "issuer: 'http://issuer.example'",
            "insecure_issuer",
            "issuer",
        ),
        ("clientSecret: 'x'", "invalid_config", "clientSecret"),
        (
            "endpoints: { token: 'no URL' }",
            "invalid_config",
            "endpoints.token",
        ),
        ("dpop: true", "invalid_config", "dpop"),
        ("timeoutMs: 0", "invalid_config", "timeoutMs"),
    ] {
        let shell = Shell::open(&config("instance-wrong", members));
        let error = shell.read(ERROR).expect("an error");
        assert_eq!(text(&error, "code"), code, "{members}");
        assert_eq!(text(&error, "field"), field, "{members}");
        assert!(!text(&error, "problem").is_empty());
        assert_eq!(get(&error, "retryable"), false);
        assert_eq!(get(&error, "sessionLost"), false);
        assert!(shell.read(SNAPSHOT).is_none());
        assert!(shell.read(RECORD).is_none());
        shell.call(REFRESH, "{}");
        shell.with(|instance| instance.run(1));
        assert!(shell.said().is_empty());
        shell.close().await;
    }
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
async fn an_aborted_call_ends_and_what_it_shares_goes_on() {
    let (shell, server) = signed_in("instance-abort").await;
    set(&server, "isWaiting", &true.into());
    let [aborted, other] = [(); 2].map(|()| shell.call(REFRESH, "{}"));
    until("a request", || get(&server, "answers.length") == 1).await;
    shell.abort(aborted);
    let error = shell.answer(aborted).expect("at once").unwrap_err();
    assert_same(
        &error,
        "{ code: 'aborted', retryable: true, sessionLost: false }",
    );
    assert!(shell.answer(other).is_none());
    assert_eq!(get(&server, "sent.0.signal.aborted"), false);

    call(&server, "goOn");
    let tokens = shell.settled(other).await.unwrap();
    assert_eq!(text(&tokens, "accessToken"), "access-1");
    assert_eq!(get(&server, "sent.length"), 1);
}

#[wasm_bindgen_test]
async fn an_answer_that_nobody_waits_for_is_kept() {
    let (shell, server) = signed_in("instance-kept").await;
    set(&server, "isWaiting", &true.into());
    let late = shell.call(REFRESH, "{ timeoutMs: 5 }");
    until("a request", || get(&server, "answers.length") == 1).await;
    let error = shell.settled(late).await.unwrap_err();
    assert_eq!(text(&error, "code"), "timeout");
    assert_eq!(get(&error, "sessionLost"), false);

    call(&server, "goOn");
    until("the event", || {
        shell.events().last() == Some(&Some(RENEWED))
    })
    .await;
    assert_eq!(shell.refresh_token().as_deref(), Some("refresh-1"));
    assert!(stored("instance-kept").unwrap().contains("refresh-1"));
}

#[wasm_bindgen_test]
async fn a_refused_refresh_token_ends_the_session() {
    let (shell, server) = signed_in("instance-lost").await;
    set(&server, "status", &400.into());
    set(
        &server,
        "next",
        &js(
            "({ refresh_token }) => ({ error: 'invalid_grant', error_description: `what is ${refresh_token}?` })",
        ),
    );
    let calls = [(); 2].map(|()| shell.call(REFRESH, "{}"));
    for call in calls {
        let error = shell.settled(call).await.unwrap_err();
        assert_eq!(text(&error, "code"), "invalid_grant");
        assert_eq!(get(&error, "sessionLost"), true);
        assert_eq!(text(&error, "oauthErrorDescription"), "what is [redacted]?");
    }
    assert_eq!(shell.events()[2..], [Some(SESSION_LOST), None, None]);
    let told = shell.said()[2].clone();
    assert_eq!(text(&told, "about.code"), "invalid_grant");
    assert_eq!(text(&told, "snapshot.status"), "signed-out");
    assert!(shell.read(RECORD).is_none());
    assert!(stored("instance-lost").is_none());
    assert_eq!(get(&server, "sent.length"), 1);
}

#[wasm_bindgen_test]
async fn no_other_failure_changes_what_is_held() {
    let (shell, server) = signed_in("instance-failing").await;
    let tokens = || {
        let record = js(&stored("instance-failing").unwrap());
        let snapshot = shell.snapshot();
        ["access_token", "refresh_token", "generation"]
            .map(|key| json(&get(&record, key)))
            .into_iter()
            .chain(["status", "tokens", "persisted"].map(|key| json(&get(&snapshot, key))))
            .collect::<Vec<_>>()
    };
    let before = tokens();
    for (status, answer, code) in [
        (503, "{ error: 'invalid_grant' }", "server"),
        (401, "{ error: 'invalid_client' }", "oauth"),
        (429, "{}", "rate_limited"),
        (200, "[]", "server"),
    ] {
        set(&server, "status", &status.into());
        set(&server, "next", &js(&format!("() => ({answer})")));
        let error = shell.ask(REFRESH, "{}").await.unwrap_err();
        assert_eq!(text(&error, "code"), code, "{status} {answer}");
        assert_eq!(tokens(), before);
    }
}

#[wasm_bindgen_test]
async fn a_sign_out_clears_everything_at_once() {
    let (shell, server) = signed_in("instance-out").await;
    set(&server, "isWaiting", &true.into());
    let overtaken = shell.call(REFRESH, "{}");
    until("a request", || get(&server, "answers.length") == 1).await;

    let out = shell.call(SIGN_OUT, "{ local: true }");
    // Before anything is awaited.
    assert!(stored("instance-out").is_none());
    assert!(shell.read(RECORD).is_none());
    assert_eq!(text(&shell.snapshot(), "status"), "signed-out");
    assert!(shell.settled(out).await.unwrap().is_null());
    let error = shell.settled(overtaken).await.unwrap_err();
    assert_eq!(text(&error, "code"), "signed_out");
    assert_eq!(shell.events()[2], Some(SIGNED_OUT));

    // The late answer brings nothing back: what it brought is revoked too.
    set(&server, "isWaiting", &false.into());
    call(&server, "goOn");
    until("the revocations", || get(&server, "sent.length") == 3).await;
    for (at, token) in [(1, "refresh-0"), (2, "refresh-2")] {
        let sent = get(&server, &format!("sent.{at}"));
        assert!(text(&sent, "address").ends_with("/v1/revoke"));
        assert_eq!(text(&sent, "form.token"), token);
    }
    assert!(shell.read(RECORD).is_none());
    assert!(stored("instance-out").is_none());
    let again = shell.ask(REFRESH, "{}").await.unwrap_err();
    assert_eq!(text(&again, "code"), "no_session");
}

#[wasm_bindgen_test]
async fn a_sign_out_at_the_server_comes_after_the_local_part() {
    for (options, is_asked_for) in [("{}", false), ("{ local: false }", true)] {
        // It has no end-session endpoint: the page stays.
        let (config, server) = with_server(
            "instance-out-wide",
            "endpoints: { token: 'https://issuer.example/token' }",
        );
        let metadata = "() => ({ issuer: 'https://issuer.example', authorization_endpoint: 'https://issuer.example/a' })";
        set(&server, "next", &js(metadata));
        let shell = Shell::open(&config);
        shell.ask(SET_TOKENS, TOKENS).await.unwrap();
        let out = shell.call(SIGN_OUT, options);
        assert!(shell.read(RECORD).is_none());
        assert!(stored("instance-out-wide").is_none());
        let outcome = shell.settled(out).await;
        assert_eq!(outcome.is_err(), is_asked_for, "{options}");
        if let Err(error) = outcome {
            assert_eq!(text(&error, "code"), "unsupported");
        }
    }
}

#[wasm_bindgen_test]
async fn only_a_callback_is_claimed_for_the_page_load() {
    let shell = Shell::open(&config(
        "instance-callback",
        "redirectUri: location.origin + '/callback'",
    ));
    let none = shell.call(
        HANDLE_REDIRECT,
        "{ url: location.origin + '/callback?code=c' }",
    );
    assert!(get(&shell.noted(none), "isCallback").is_undefined());
    assert!(shell.settled(none).await.unwrap().is_null());

    let callback = shell.call(HANDLE_REDIRECT, "{ url: '/callback?code=c&state=s' }");
    assert_eq!(get(&shell.noted(callback), "isCallback"), true);
    let error = shell.settled(callback).await.unwrap_err();
    assert_eq!(text(&error, "code"), "state_mismatch");
    assert_eq!(text(&error, "reason"), "no_transaction");
}

#[wasm_bindgen_test]
async fn wrong_options_are_refused_in_the_outbox() {
    let (shell, server) = signed_in("instance-options").await;
    for (verb, options, field) in [
        (REFRESH, "{ scop: 'openid' }", "scop"),
        (REFRESH, "{ timeoutMs: -1 }", "timeoutMs"),
        (
            GET_ACCESS_TOKEN,
            "{ minValiditySeconds: 'x' }",
            "minValiditySeconds",
        ),
        (INTROSPECT, "{ tokenTypeHint: 'code' }", "tokenTypeHint"),
    ] {
        let call = shell.call(verb, options);
        let error = shell.answer(call).expect("at once").unwrap_err();
        assert_eq!(text(&error, "code"), "invalid_config", "{options}");
        assert_eq!(text(&error, "field"), field);
    }
    assert_eq!(get(&server, "sent.length"), 0);
}

#[wasm_bindgen_test]
async fn another_client_s_news_are_taken_up() {
    let (one, server) = signed_in("instance-news").await;
    let (config, _) = with_server("instance-news", "");
    let two = Shell::open(&config);
    one.ask(REFRESH, "{}").await.unwrap();
    assert_eq!(get(&server, "sent.length"), 1);
    two.with(|instance| instance.run(1));
    assert_eq!(two.refresh_token().as_deref(), Some("refresh-1"));
    assert_eq!(two.events(), [Some(RENEWED)]);
    let out = one.call(SIGN_OUT, "{ local: true }");
    two.with(|instance| instance.run(1));
    assert!(two.read(RECORD).is_none());
    one.settled(out).await.unwrap();
    assert_eq!(two.events().last(), Some(&Some(SIGNED_OUT)));
}

#[wasm_bindgen_test]
async fn two_clients_of_one_session_send_one_request() {
    let (one, server) = signed_in("instance-two").await;
    let config = config("instance-two", "endpoints: 'okta'");
    set(&config, "fetch", &get(&server, "fetch"));
    let two = Shell::open(&config);
    let calls = [&one, &two].map(|shell| (shell, shell.call(REFRESH, "{}")));
    for (shell, call) in calls {
        let tokens = shell.settled(call).await.unwrap();
        assert_eq!(text(&tokens, "accessToken"), "access-1");
    }
    assert_eq!(get(&server, "sent.length"), 1);
}

#[wasm_bindgen_test]
async fn a_closed_client_gives_every_handle_back() {
    let live = || async {
        let (shell, server) = signed_in("instance-close").await;
        shell.ask(REFRESH, "{}").await.unwrap();
        shell.ask(INTROSPECT, "{}").await.unwrap_err();
        set(&server, "isWaiting", &true.into());
        let aborted = shell.call(REFRESH, "{}");
        shell.abort(aborted);
        until("a request", || get(&server, "answers.length") == 1).await;
        set(&server, "isWaiting", &false.into());
        call(&server, "goOn");
        shell.ask(REFRESH, "{}").await.unwrap();
        shell.snapshot();
        shell.read(DIAGNOSTICS).unwrap();
        shell.call(99, "{}");
        shell.ask(SIGN_OUT, "{ local: true }").await.unwrap();
        shell.close().await;
    };
    let before = handles();
    for _ in 0..5 {
        live().await;
        assert_eq!(handles(), before);
    }
}

#[wasm_bindgen_test]
async fn a_session_goes_on_in_memory_where_storage_fails() {
    for (client_id, storage, code) in [
        (
            "instance-full",
            "{ getItem: () => null, setItem() { throw new DOMException('', 'QuotaExceededError'); }, removeItem() {} }",
            "storage_full",
        ),
        (
            "instance-blocked",
            "{ getItem() { throw new Error('mine'); }, setItem() { throw new Error('mine'); }, removeItem() { throw new Error('mine'); } }",
            "storage_unavailable",
        ),
    ] {
        let (config, _) = with_server(client_id, &format!("storage: {storage}"));
        let shell = Shell::open(&config);
        shell.ask(SET_TOKENS, TOKENS).await.unwrap();
        let snapshot = shell.snapshot();
        assert_eq!(text(&snapshot, "status"), "signed-in");
        assert_eq!(get(&snapshot, "persisted"), false);
        assert_eq!(text(&snapshot, "error.name"), "RekindleError");
        assert_eq!(text(&snapshot, "error.code"), code);
        let tokens = shell.ask(REFRESH, "{}").await.unwrap();
        assert_eq!(text(&tokens, "accessToken"), "access-1");
        assert_eq!(shell.refresh_token().as_deref(), Some("refresh-1"));
    }
}

#[wasm_bindgen_test]
async fn memory_is_not_persisted_and_no_fault() {
    let (config, _) = with_server("instance-memory", "storage: 'memory'");
    let shell = Shell::open(&config);
    shell.ask(SET_TOKENS, TOKENS).await.unwrap();
    assert_eq!(get(&shell.snapshot(), "persisted"), false);
    assert!(get(&shell.snapshot(), "error").is_null());
    assert!(stored("instance-memory").is_none());
}

#[wasm_bindgen_test]
async fn a_sign_in_needs_an_address_to_come_back_to() {
    let (config, server) = with_server("instance-sign-in", "");
    let shell = Shell::open(&config);
    let error = shell.ask(SIGN_IN, "{}").await.unwrap_err();
    assert_eq!(text(&error, "code"), "invalid_config");
    assert_eq!(text(&error, "field"), "redirectUri");
    assert_eq!(get(&server, "sent.length"), 0);
}
