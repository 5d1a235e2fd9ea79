//! A whole client among others: sharing a session, a page that sleeps, and what a closed client leaves behind.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::shell::{
    DIAGNOSTICS, RECORD, REFRESH, SET_TOKENS, SIGNED_IN, Shell, TAKE_OVER, TOKENS, signed_in,
    with_server,
};
use crate::support::{assert_same, call, get, handles, js, kept, promised, set, soon, text, until};

/// In memory: two clients of one page are then two tabs, as far as storage goes.
const SHARED: &str = "storage: 'memory', shareSession: true";

/// The names of the locks that clients with this id have or wait for.
async fn locks(client_id: &str) -> Vec<String> {
    let query = format!(
        "navigator.locks.query().then(({{ held, pending }}) => [...held, ...pending].map(({{ name }}) => name)
            .filter((name) => name.includes('|{client_id}|')))"
    );
    let names = promised("the lock manager", js(&query)).await.unwrap();
    let names = js_sys::Array::from(&names).to_vec();
    names.iter().map(|name| name.as_string().unwrap()).collect()
}

async fn until_locks(client_id: &str, count: usize) {
    let what = format!("{count} locks");
    soon(&what, async {
        while locks(client_id).await.len() != count {}
    })
    .await;
}

fn is_open(shell: &Shell, channel: bool) -> bool {
    get(&kept(shell.context.id), "channel").is_object() == channel
}

#[wasm_bindgen_test]
async fn a_new_tab_takes_a_live_session_over_with_no_request() {
    let (config, server) = with_server("tabs-share", SHARED);
    let one = Shell::open(&config);
    let none = one.ask(TAKE_OVER, "{}").await.unwrap();
    assert!(none.is_null() && one.read(RECORD).is_none());
    one.ask(SET_TOKENS, TOKENS).await.unwrap();
    one.ask(REFRESH, "{}").await.unwrap();
    until_locks("tabs-share", 1).await;

    let two = Shell::open(&config);
    assert!(two.read(RECORD).is_none());
    two.ask(TAKE_OVER, "{}").await.unwrap();
    assert_eq!(two.refresh_token(), one.refresh_token());
    assert_eq!(two.events(), [Some(SIGNED_IN), None]);
    assert_eq!(get(&server, "sent.length"), 1, "the refresh");
    // From here on they are one session.
    two.ask(REFRESH, "{}").await.unwrap();
    until("the hand-over", || {
        one.refresh_token() == two.refresh_token()
    })
    .await;
    assert_eq!(get(&server, "sent.length"), 2);
}

#[wasm_bindgen_test]
async fn who_does_not_share_is_not_taken_from() {
    let (config, _) = with_server("tabs-apart", "storage: 'memory'");
    let one = Shell::open(&config);
    one.ask(SET_TOKENS, TOKENS).await.unwrap();
    until_locks("tabs-apart", 1).await;
    let two = Shell::open(&with_server("tabs-apart", SHARED).0);
    two.ask(TAKE_OVER, "{}").await.unwrap();
    assert!(two.read(RECORD).is_none());
}

#[wasm_bindgen_test]
async fn a_page_that_may_sleep_lets_go_of_everything_in_the_handler() {
    for (client_id, away, back) in [
        (
            "tabs-cached",
            "window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))",
            "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
        ),
        (
            "tabs-frozen",
            "document.dispatchEvent(new Event('freeze'))",
            "document.dispatchEvent(new Event('resume'))",
        ),
    ] {
        let (shell, server) = signed_in(client_id).await;
        until_locks(client_id, 1).await;
        assert!(is_open(&shell, true));
        set(&server, "isWaiting", &true.into());
        let waiting = shell.call(REFRESH, "{}");
        until("a request", || get(&server, "answers.length") == 1).await;
        until_locks(client_id, 2).await;

        js(away);
        // At once: nothing runs after it. What is posted to a frozen page waits for it.
        assert!(is_open(&shell, client_id == "tabs-frozen"));
        until_locks(client_id, 0).await;

        js(back);
        assert!(is_open(&shell, true));
        call(&server, "goOn");
        shell.settled(waiting).await.unwrap();
        until_locks(client_id, 1).await;
        assert!(locks(client_id).await[0].ends_with("|2"), "the generation");
    }
}

#[wasm_bindgen_test]
async fn nothing_is_left_of_a_closed_client() {
    let live = |at: u32| async move {
        let client_id = "tabs-closed";
        let idle = "idleTimeoutSeconds: 60";
        let (config, server) = with_server(client_id, idle);
        let shell = Shell::open(&config);
        shell.ask(SET_TOKENS, TOKENS).await.unwrap();
        // Closed in the midst of an exchange, before one, or with nothing to do.
        if at.is_multiple_of(3) {
            set(&server, "isWaiting", &true.into());
            shell.call(REFRESH, "{}");
            until("a request", || get(&server, "answers.length") == 1).await;
        } else if at % 3 == 1 {
            shell.call(REFRESH, "{}");
        }
        shell.end();
        set(&server, "isWaiting", &false.into());
        call(&server, "goOn");
        until("the end", || shell.context.operations() == 0.0).await;
        let context = kept(shell.context.id);
        assert!(is_open(&shell, false));
        assert_same(&get(&context, "attention"), "[null, null, null]");
        let resumed = shell.context.resumed();
        for event in ["online", "focus", "pagehide", "keydown"] {
            js(&format!("window.dispatchEvent(new Event('{event}'))"));
        }
        assert_eq!(shell.context.resumed(), resumed, "no listener");
        shell.close().await;
        until_locks(client_id, 0).await;
    };
    live(0).await;
    let before = handles();
    for at in 0..30 {
        live(at).await;
        assert_eq!(handles(), before, "{at}");
    }
}

#[wasm_bindgen_test]
async fn diagnostics_tell_much_and_no_secret() {
    let (shell, _) = signed_in("tabs-diagnostics").await;
    shell.ask(REFRESH, "{}").await.unwrap();
    let told = shell.read(DIAGNOSTICS).unwrap();
    for (member, expected) in [
        ("issuer", "https://issuer.example"),
        ("clientId", "tabs-diagnostics"),
        ("status", "signed-in"),
        ("coordination", "locks"),
        ("exchanges.0.outcome", "ok"),
    ] {
        assert_eq!(text(&told, member), expected, "{member}");
    }
    let renewal = get(&told, "nextRenewalAt").as_f64().unwrap() - js_sys::Date::now();
    assert!((3_500_000.0..3_600_000.0).contains(&renewal), "{renewal}");
    assert_eq!(get(&told, "exchanges.length"), 1);
    let all = crate::support::json(&told);
    for secret in ["access-0", "access-1", "refresh-0", "refresh-1"] {
        assert!(!all.contains(secret), "{all}");
    }
}
