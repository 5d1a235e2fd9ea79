//! What an answer means: status and body.

use crate::kept::{Object, Value, text_of};
use crate::strategies::{any_object, any_text, any_value};
use crate::support::{assert_members, object, with};
use proptest::prelude::*;
use proptest::sample::select;
use rekindle::platform::{Kept, Kind, Wall};
use rekindle::protocol::oauth_error::{LONGEST_WAIT_MS, judge};
use rekindle::words::{Code, Word};
use serde_json::json;

const NOW: Wall = Wall(1_700_000_000_000.0);

/// An answer with this status and body, none where it is `null`.
fn answer(status: u16, body: serde_json::Value) -> Object {
    let answer = object(json!({ "status": status, "tooLarge": false }));
    if !body.is_null() {
        answer.write("body", body.into());
    }
    answer.write("retryAfterDate", Value::Number(f64::NAN));
    answer
}

/// What the error for an answer says.
#[track_caller]
fn refused(answer: Object) -> Object {
    let shown = answer.stringify();
    match judge(Ok(answer), NOW) {
        Ok(body) => panic!("{shown} was taken as {body:?}"),
        Err(error) => error.about,
    }
}

#[track_caller]
fn assert_code(answer: Object, code: Code) {
    let shown = answer.stringify();
    let about = refused(answer);
    let expected = text_of(Code::ALL, code);
    assert!(
        about.is_code(Word::Code, code),
        "{shown} is not `{expected}`: {about:?}"
    );
}

const OKTA: &str = r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit","errorLink":"E0000047","errorId":"oae1","errorCauses":[]}"#;

fn okta() -> serde_json::Value {
    serde_json::from_str(OKTA).expect("it is JSON")
}

#[test]
fn a_json_object_under_2xx_is_the_answer_itself() {
    for status in [200, 201, 202, 226, 299] {
        let answer = answer(status, json!({ "access_token": "at" }));
        let body = answer.get(Word::Body).expect("there is a body");
        let judged = judge(Ok(answer), NOW).ok().expect("it is taken");
        judged.put(Word::State, Word::Okta);
        assert!(
            body.is(Word::State, Word::Okta),
            "{status}: it is another object"
        );
    }
}

#[test]
fn v10_what_is_said_of_a_token_may_have_a_member_error() {
    for active in [true, false] {
        let body = json!({ "active": active, "error": "custom" });
        let judged = judge(Ok(answer(200, body.clone())), Wall(0.0));
        assert_eq!(
            judged.ok().map(|body| body.stringify()),
            Some(body.to_string())
        );
        assert_code(answer(400, body), Code::Oauth);
    }
}

#[test]
fn an_error_member_that_is_no_text_is_no_error_under_2xx() {
    for error in [
        json!(null),
        json!(""),
        json!(false),
        json!(5),
        json!({}),
        json!(["a"]),
    ] {
        let answer = answer(200, json!({ "error": error }));
        assert!(judge(Ok(answer), NOW).is_ok(), "{error}");
    }
}

#[test]
fn n01_a_request_without_an_answer_is_a_network_failure_with_its_cause() {
    let failure = object(json!({ "cause": "TypeError" }));
    let error = judge(Err(failure), NOW).expect_err("it is an error");
    assert_members(
        &error.about,
        &json!({ "cause": "TypeError", "code": "network", "retryable": true }),
    );
}

#[test]
fn n05_5xx_is_the_server_s_failure_whatever_the_body_says() {
    for status in [500, 501, 502, 503, 504, 599] {
        for body in [
            json!(null),
            json!({}),
            json!({ "error": "invalid_grant" }),
            json!({ "error": "login_required" }),
            json!({ "access_token": "at" }),
            okta(),
        ] {
            assert_code(answer(status, body), Code::Server);
        }
    }
    assert_members(
        &refused(answer(
            503,
            json!({ "error": "invalid_grant", "error_description": "d" }),
        )),
        &json!({ "code": "server", "retryable": true, "status": 503, "oauthError": "invalid_grant", "oauthErrorDescription": "d" }),
    );
}

#[test]
fn n06_429_is_a_limit_whatever_the_body_says() {
    for body in [
        json!(null),
        json!({ "error": "invalid_grant" }),
        json!({ "active": true }),
        okta(),
    ] {
        assert_code(answer(429, body), Code::RateLimited);
    }
    assert_members(
        &refused(answer(429, okta())),
        &json!({ "code": "rate_limited", "retryable": true, "status": 429, "oauthError": "E0000047", "oauthErrorDescription": "API call exceeded rate limit", "errorId": "oae1" }),
    );
}

/// `retryAfterMs` for these headers, as the platform hands them over.
fn retry_after_ms(
    retry_after: Option<&str>,
    date: Option<f64>,
    reset: Option<&str>,
    status: u16,
) -> Option<f64> {
    let answer = answer(status, json!(null));
    if let Some(text) = retry_after {
        answer.write("retryAfter", text.into());
    }
    if let Some(ms) = date {
        answer.write("retryAfterDate", Value::Number(ms));
    }
    if let Some(text) = reset {
        answer.write("rateLimitReset", text.into());
    }
    let ms = refused(answer).number(Word::RetryAfterMs);
    (!ms.is_nan()).then_some(ms)
}

#[test]
fn n06_retry_after_in_seconds() {
    for (text, ms) in [
        ("0", 0.0),
        ("1", 1_000.0),
        ("120", 120_000.0),
        ("0007", 7_000.0),
    ] {
        assert_eq!(
            retry_after_ms(Some(text), None, None, 429),
            Some(ms),
            "{text}"
        );
        // A page's `Date.parse` makes a year of a number.
        let year = Some(-62_000_000_000_000.0);
        assert_eq!(
            retry_after_ms(Some(text), year, Some("1700000009"), 429),
            Some(ms),
            "{text}"
        );
    }
}

#[test]
fn n06_retry_after_as_a_date() {
    let text = Some("Tue, 14 Nov 2023 22:15:20 GMT");
    for (date, ms) in [
        (NOW.0 + 120_000.0, 120_000.0),
        (NOW.0, 0.0),
        (NOW.0 - 5_000.0, 0.0),
        (0.0, 0.0),
    ] {
        assert_eq!(
            retry_after_ms(text, Some(date), Some("1700000009"), 429),
            Some(ms),
            "{date}"
        );
    }
}

#[test]
fn n06_x_rate_limit_reset_in_epoch_seconds() {
    for unreadable in [
        None,
        Some(""),
        Some("soon"),
        Some("-5"),
        Some("1.5"),
        Some("1 2"),
    ] {
        for (text, ms) in [
            ("1700000009", Some(9_000.0)),
            ("1700000000", Some(0.0)),
            ("1699999999", Some(0.0)),
            ("0", Some(0.0)),
            ("", None),
            ("-1", None),
            ("1700000009.5", None),
            ("1e12", None),
            ("soon", None),
        ] {
            let found = retry_after_ms(unreadable, None, Some(text), 429);
            assert_eq!(found, ms, "{unreadable:?} and {text:?}");
        }
    }
}

#[test]
fn n06_the_time_to_wait_is_a_day_at_most() {
    let day = LONGEST_WAIT_MS;
    assert_eq!(day, 24.0 * 3_600_000.0);
    assert_eq!(
        retry_after_ms(Some("86399"), None, None, 429),
        Some(day - 1_000.0)
    );
    let endless = "9".repeat(400);
    for digits in ["86400", "86401", "99999999999", &endless] {
        let ms = retry_after_ms(Some(digits), None, None, 429);
        assert_eq!(ms, Some(day), "{digits}");
    }
    for digits in ["1700086400", "1700086401", &endless] {
        let ms = retry_after_ms(None, None, Some(digits), 429);
        assert_eq!(ms, Some(day), "{digits}");
    }
    for date in [NOW.0 + day, NOW.0 + day + 1.0, 8.64e15] {
        let ms = retry_after_ms(Some("Fri, 31 Dec 9999 23:59:59 GMT"), Some(date), None, 429);
        assert_eq!(ms, Some(day), "{date}");
    }
}

/// What a page's `Date.parse` makes of a text that is no date of HTTP must not win over the header that can be read.
#[test]
fn n06_a_date_begins_with_a_letter() {
    for text in ["1.5", "-5", "1 2", "", "+5", "é", "２０", "2023-11-14"] {
        for date in [NOW.0 - 1e11, NOW.0 + 50_000.0] {
            let date = Some(date);
            assert_eq!(retry_after_ms(Some(text), date, None, 429), None, "{text}");
            assert_eq!(
                retry_after_ms(Some(text), date, Some("1700000009"), 429),
                Some(9_000.0),
                "{text}"
            );
        }
    }
}

#[test]
fn n06_without_a_readable_header_nothing_is_said_of_the_time() {
    assert_eq!(retry_after_ms(None, None, None, 429), None);
    assert_eq!(retry_after_ms(Some("soon"), None, None, 429), None);
    assert_eq!(retry_after_ms(Some("120"), None, None, 400), None);
}

#[test]
fn n08_v01_r08_what_is_no_json_object_is_the_server_s_failure_under_any_status() {
    for status in [200, 204, 301, 304, 400, 401, 403, 404, 405, 418] {
        assert_members(
            &refused(answer(status, json!(null))),
            &json!({ "code": "server", "retryable": true, "status": status }),
        );
    }
}

#[test]
fn n09_a_body_that_is_too_large_breaks_the_protocol() {
    for (status, code) in [
        (200, Code::InvalidResponse),
        (400, Code::InvalidResponse),
        (429, Code::RateLimited),
        (500, Code::Server),
    ] {
        let answer = answer(status, json!(null));
        answer.flag(Word::TooLarge, true);
        assert_code(answer, code);
    }
}

#[test]
fn r05_other_oauth_errors_say_what_the_server_says() {
    for status in [200, 400, 401, 403, 404] {
        for error in [
            "invalid_client",
            "invalid_request",
            "invalid_scope",
            "unauthorized_client",
            "unsupported_grant_type",
            "access_denied",
            "invalid_grant ",
            "Invalid_Grant",
            "unheard_of",
        ] {
            let body = json!({ "error": error, "error_description": "Why.", "error_uri": "https://evil.example" });
            assert_members(
                &refused(answer(status, body)),
                &json!({ "code": "oauth", "retryable": false, "status": status, "oauthError": error, "oauthErrorDescription": "Why." }),
            );
        }
    }
}

#[test]
fn r06_okta_s_gateway_answers_in_its_own_members() {
    for status in [400, 401, 403] {
        assert_members(
            &refused(answer(status, okta())),
            &json!({ "code": "oauth", "retryable": false, "status": status, "oauthError": "E0000047", "oauthErrorDescription": "API call exceeded rate limit", "errorId": "oae1" }),
        );
    }
    assert_code(answer(503, okta()), Code::Server);
    assert_code(
        answer(400, json!({ "errorCode": "invalid_grant" })),
        Code::Oauth,
    );
}

#[test]
fn r06_oauth_s_members_win_over_okta_s() {
    let body = json!({ "error": "invalid_client", "errorCode": "E1", "errorSummary": "S", "errorId": "oae1" });
    assert_members(
        &refused(answer(401, body)),
        &json!({ "code": "oauth", "retryable": false, "status": 401, "oauthError": "invalid_client", "oauthErrorDescription": "S", "errorId": "oae1" }),
    );
}

#[test]
fn r07_invalid_grant_is_what_the_error_member_says_under_any_status_below_500() {
    for status in [200, 400, 401, 403, 404, 499] {
        assert_members(
            &refused(answer(status, json!({ "error": "invalid_grant" }))),
            &json!({ "code": "invalid_grant", "retryable": false, "status": status, "oauthError": "invalid_grant" }),
        );
    }
}

#[test]
fn r07_a_description_decides_nothing() {
    let body = json!({ "error": "invalid_request", "error_description": "invalid_grant" });
    assert_code(answer(400, body), Code::Oauth);
    assert_code(
        answer(400, json!({ "error_description": "invalid_grant" })),
        Code::Oauth,
    );
    assert_code(
        answer(400, json!({ "error": ["invalid_grant"] })),
        Code::Oauth,
    );
    assert_code(answer(400, json!({})), Code::Oauth);
}

#[test]
fn l03_errors_that_are_not_the_grant_s_have_codes_of_their_own() {
    for (error, code) in [
        ("server_error", Code::Server),
        ("temporarily_unavailable", Code::Server),
        ("login_required", Code::LoginRequired),
        ("interaction_required", Code::LoginRequired),
        ("consent_required", Code::LoginRequired),
        ("account_selection_required", Code::LoginRequired),
    ] {
        for status in [200, 400, 401] {
            assert_code(answer(status, json!({ "error": error })), code);
        }
    }
}

/// The members of an answer.
const ANSWER: &[Word] = &[
    Word::Status,
    Word::Body,
    Word::TooLarge,
    Word::RetryAfter,
    Word::RetryAfterDate,
    Word::RateLimitReset,
];
/// The members of a body that anything is read from, and one that nothing is.
const BODY: &[Word] = &[
    Word::Error,
    Word::ErrorDescription,
    Word::OktaErrorCode,
    Word::OktaErrorSummary,
    Word::ErrorId,
    Word::AccessToken,
];

proptest! {
    #[test]
    fn q09_any_answer_is_judged(answer in any_object(ANSWER), is_answer: bool) {
        let is_good = judge(if is_answer { Ok(answer.clone()) } else { Err(answer.clone()) }, NOW).is_ok();
        let status = answer.number(Word::Status);
        prop_assert!(!is_good || (is_answer && (200.0..300.0).contains(&status)));
    }

    #[test]
    fn q09_any_body_is_judged_by_the_status_first(
        status in select(&[200_u16, 204, 302, 400, 401, 429, 500, 503][..]),
        body in any_object(BODY),
    ) {
        let answer = with(answer(status, json!(null)), "body", Value::Object(body.clone()));
        match judge(Ok(answer), NOW) {
            Ok(_) => prop_assert!(status < 300 && body.kind(Word::Error) != Kind::Text),
            Err(error) => {
                prop_assert_eq!(error.is(Code::RateLimited), status == 429);
                prop_assert!(status < 500 || error.is(Code::Server));
                let is_spent = status < 500 && status != 429 && body.is(Word::Error, Word::InvalidGrant);
                prop_assert_eq!(error.is(Code::InvalidGrant), is_spent);
                // Only texts, and only those that a server's error has.
                prop_assert!(error.about.kind(Word::AccessToken) == Kind::Absent);
                for key in [Word::OutOauthError, Word::OutOauthErrorDescription, Word::ErrorId] {
                    prop_assert!(matches!(error.about.kind(key), Kind::Absent | Kind::Text));
                }
            }
        }
    }

    #[test]
    fn n06_the_time_to_wait_is_never_negative(
        retry_after in any_text(),
        date in any_value(),
        reset in any_value(),
    ) {
        let answer = answer(429, json!(null));
        for (name, value) in [("retryAfter", retry_after.as_str().into()), ("retryAfterDate", date), ("rateLimitReset", reset)] {
            answer.write(name, value);
        }
        let about = refused(answer);
        let is_absent = about.kind(Word::RetryAfterMs) == Kind::Absent;
        prop_assert!(is_absent || about.number(Word::RetryAfterMs) >= 0.0);
    }
}
