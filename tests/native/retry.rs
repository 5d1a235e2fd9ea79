//! What may be sent again, and when; and how much the background may ask for.

use crate::kept::Object;
use crate::support::object;
use proptest::prelude::*;
use rekindle::error::Error;
use rekindle::platform::Wall;
use rekindle::protocol::oauth_error::judge;
use rekindle::session::retry::{
    LONGEST_MS, backoff_ms, delay_ms, is_ambiguous, is_forgiven, may_repeat, patience_ms, refund,
    spend, wait_ms,
};
use serde_json::json;

const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 60.0 * MINUTE;

#[test]
fn n02_an_attempt_is_repeated_twice_at_most_and_not_at_once() {
    for (retry, least, most) in [(0, 300.0, 1_000.0), (1, 1_000.0, 3_000.0)] {
        assert_eq!(delay_ms(retry, 0.0), Some(least));
        assert_eq!(delay_ms(retry, 0.5), Some((least + most) / 2.0));
        assert_eq!(delay_ms(retry, 1.0), Some(most));
    }
    for retry in [2, 3, u32::MAX] {
        assert_eq!(delay_ms(retry, 0.5), None, "{retry}");
    }
}

#[test]
fn n02_a_second_use_is_forgiven_inside_the_grace_only() {
    for (elapsed, forgiven) in [
        (0.0, true),
        (1.0, true),
        (29_999.9, true),
        (30_000.0, false),
        (1e12, false),
        (f64::INFINITY, false),
        // A clock that went back, and a record without a note.
        (-1.0, false),
        (f64::NAN, false),
    ] {
        assert_eq!(is_forgiven(30_000.0, elapsed), forgiven, "{elapsed}");
        assert!(!is_forgiven(0.0, elapsed), "r10: {elapsed}");
    }
}

#[test]
fn n03_the_first_attempt_leaves_time_for_another_inside_the_grace() {
    for (grace, elapsed, patience) in [
        (30_000.0, 0.0, 25_000.0),
        (30_000.0, 10_000.0, 15_000.0),
        (30_000.0, 24_999.0, 1.0),
        (65_000.0, 0.5, 59_999.5),
        (65_000.0, 0.0, LONGEST_MS),
        (1e9, 0.0, LONGEST_MS),
        // No time for another one: this one may take as long as any request.
        (30_000.0, 25_000.0, LONGEST_MS),
        (30_000.0, 29_000.0, LONGEST_MS),
        (30_000.0, 1e12, LONGEST_MS),
        (5_000.0, 0.0, LONGEST_MS),
        (0.0, 0.0, LONGEST_MS),
    ] {
        assert_eq!(patience_ms(grace, elapsed), patience, "{grace}, {elapsed}");
    }
    assert_eq!(LONGEST_MS, 60_000.0);
}

/// What an answer with this status and body means.
fn answered(status: u16, body: serde_json::Value) -> Error<Object> {
    let answer = object(json!({ "status": status, "tooLarge": false, "body": body }));
    let Err(error) = judge(Ok(answer), Wall(0.0)) else {
        panic!("{status} is taken");
    };
    error
}

fn error(code: &str) -> Error<Object> {
    Error {
        about: object(json!({ "code": code })),
    }
}

#[test]
fn n01_n05_n08_v01_what_may_have_been_done_is_ambiguous_and_may_be_repeated() {
    let dropped = judge(Err(object(json!({}))), Wall(0.0)).err();
    assert!(dropped.is_some_and(|error| is_ambiguous(&error) && may_repeat(&error)));
    for (status, body) in [
        (500, json!({})),
        (502, json!(null)),
        (503, json!({ "error": "invalid_grant" })),
        (599, json!(null)),
        (200, json!(null)),
        (204, json!(null)),
        (304, json!(null)),
    ] {
        let error = answered(status, body);
        assert!(is_ambiguous(&error) && may_repeat(&error), "{status}");
    }
    let timeout = error("timeout");
    assert!(is_ambiguous(&timeout) && may_repeat(&timeout));
}

#[test]
fn r08_what_cannot_be_read_under_4xx_is_ambiguous_and_not_repeated() {
    for (status, body) in [
        (400, json!(null)),
        (404, json!(null)),
        (499, json!(null)),
        (400, json!({ "error": "server_error" })),
    ] {
        let error = answered(status, body);
        assert!(is_ambiguous(&error) && !may_repeat(&error), "{status}");
    }
}

/// The answer was complete: the server did what it was asked, and would do it no better again.
#[test]
fn v03_an_answer_that_breaks_the_protocol_is_ambiguous_and_not_repeated() {
    let error = error("invalid_response");
    assert!(is_ambiguous(&error) && !may_repeat(&error));
}

#[test]
fn n06_r03_r05_a_definite_answer_is_not_repeated() {
    for (status, body) in [
        (429, json!({})),
        (429, json!(null)),
        (400, json!({ "error": "invalid_grant" })),
        (200, json!({ "error": "invalid_grant" })),
        (400, json!({ "error": "invalid_request" })),
        (401, json!({ "error": "invalid_client" })),
        (403, json!({ "errorCode": "E0000006" })),
    ] {
        let error = answered(status, body);
        assert!(!is_ambiguous(&error) && !may_repeat(&error), "{status}");
    }
    for code in [
        "aborted",
        "signed_out",
        "no_session",
        "id_token_invalid",
        "login_required",
    ] {
        let error = error(code);
        assert!(!is_ambiguous(&error) && !may_repeat(&error), "{code}");
    }
}

#[test]
fn c06_eight_requests_in_a_row_then_one_in_five_minutes() {
    let mut ahead = f64::NAN;
    for sent in 0..8 {
        assert_eq!(wait_ms(ahead), 0.0, "{sent}");
        ahead = spend(ahead);
        assert_eq!(ahead, f64::from(sent + 1) * 5.0 * MINUTE);
    }
    assert_eq!(wait_ms(ahead), 5.0 * MINUTE);
    assert_eq!(wait_ms(ahead - 2.5 * MINUTE), 2.5 * MINUTE);
    assert_eq!(wait_ms(ahead - 5.0 * MINUTE), 0.0);
    assert_eq!(spend(ahead - 5.0 * MINUTE), 8.0 * 5.0 * MINUTE);
}

#[test]
fn c06_a_request_that_turned_out_well_costs_nothing() {
    for ahead in [0.0, 1.0, MINUTE, 7.0 * 5.0 * MINUTE] {
        assert_eq!(refund(spend(ahead)), ahead);
    }
    for ahead in [f64::NAN, -1.0, -1e300, 0.0] {
        assert_eq!(refund(ahead), -5.0 * MINUTE, "{ahead}");
    }
}

#[test]
fn c06_no_more_is_owed_than_nine_requests() {
    for ahead in [8.0 * 5.0 * MINUTE + 1.0, 9.0 * 5.0 * MINUTE] {
        assert_eq!(wait_ms(ahead), 5.0 * MINUTE, "{ahead}");
        assert_eq!(spend(ahead), 9.0 * 5.0 * MINUTE, "{ahead}");
        assert_eq!(refund(ahead), 7.0 * 5.0 * MINUTE, "{ahead}");
        assert_eq!(backoff_ms(ahead, 0.0), 5.0 * MINUTE, "{ahead}");
    }
}

/// A debt that reaches further than any does was written down before the clock was set back.
#[test]
fn c02_a_clock_that_goes_back_lengthens_no_debt() {
    for ahead in [
        9.0 * 5.0 * MINUTE + 1.0,
        1e12,
        f64::INFINITY,
        f64::NAN,
        -1.0,
        -1e12,
        f64::NEG_INFINITY,
    ] {
        assert_eq!(wait_ms(ahead), 0.0, "{ahead}");
        assert_eq!(spend(ahead), 5.0 * MINUTE, "{ahead}");
        assert_eq!(backoff_ms(ahead, 0.0), 30_000.0, "{ahead}");
    }
}

#[test]
fn n06_after_a_failure_the_background_waits_longer_each_time() {
    for (owed, ms) in [
        (f64::NAN, 30_000.0),
        (0.0, 30_000.0),
        (1.0, 30_000.0),
        (1.01, 60_000.0),
        (2.0, 60_000.0),
        (3.0, 120_000.0),
        (4.0, 240_000.0),
        (4.01, 300_000.0),
        (5.0, 300_000.0),
        (8.0, 300_000.0),
    ] {
        let ahead = owed * 5.0 * MINUTE;
        assert_eq!(backoff_ms(ahead, 0.0), ms, "{owed}");
        assert_eq!(backoff_ms(ahead, 0.5), ms * 1.25, "{owed}");
        assert_eq!(backoff_ms(ahead, 1.0), ms * 1.5, "{owed}");
    }
}

proptest! {
    /// Whatever comes of them and however long is waited in between.
    #[test]
    fn c06_twenty_failing_requests_an_hour_are_the_most(
        pauses in prop::collection::vec(0.0..10.0 * MINUTE, 60),
        is_eager: bool,
    ) {
        let (mut now, mut until) = (0.0, f64::NAN);
        let mut sent = Vec::new();
        for pause in pauses {
            now += if is_eager { 0.0 } else { pause };
            now += wait_ms(until - now);
            until = now + spend(until - now);
            sent.push(now);
        }
        for (at, &first) in sent.iter().enumerate() {
            let within = sent[at..].iter().filter(|&&time| time < first + HOUR);
            prop_assert!(within.count() <= 20);
        }
    }

    #[test]
    fn n02_all_repetitions_end_within_four_seconds(one in 0.0..1.0, other in 0.0..1.0) {
        let delays = [delay_ms(0, one), delay_ms(1, other)];
        let all: f64 = delays.into_iter().flatten().sum();
        prop_assert!((1_300.0..4_000.0).contains(&all));
    }
}
