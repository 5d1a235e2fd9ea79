//! When an access token is fresh, when it is valid, and when the background asks for another.

use crate::kept::Object;
use crate::support::object;
use proptest::prelude::*;
use rekindle::platform::{Mono, Wall};
use rekindle::session::renewal::{Moment, age, due_in, is_fresh, is_valid, margin};
use serde_json::json;

const RECEIVED: f64 = 1_700_000_000_000.0;

fn record(lifetime_ms: f64) -> Object {
    object(json!({ "received_at": RECEIVED, "expires_at": RECEIVED + lifetime_ms }))
}

fn is_fresh_at(age_ms: f64, lifetime_ms: f64, renew_before_ms: f64, needed_ms: f64) -> bool {
    is_fresh(&record(lifetime_ms), age_ms, renew_before_ms, needed_ms)
}

#[test]
fn c07_the_margin_is_at_most_a_tenth_of_the_lifetime() {
    // Lifetime, renewBeforeSeconds, and the age at which the margin begins, all in seconds.
    for (lifetime, renew_before, until) in [
        (3600.0, 30.0, 3570.0),
        (300.0, 30.0, 270.0),
        (299.0, 30.0, 269.1),
        (60.0, 30.0, 54.0),
        (20.0, 30.0, 18.0),
        (1.0, 30.0, 0.9),
        (3600.0, 0.0, 3600.0),
        (3600.0, 5.0, 3595.0),
        (3600.0, 360.0, 3240.0),
        (3600.0, 7200.0, 3240.0),
        (3600.0, 1e300, 3240.0),
        (2_592_000.0, 30.0, 2_591_970.0),
    ] {
        let is_fresh_at =
            |age: f64| is_fresh_at(age, lifetime * 1000.0, renew_before * 1000.0, 0.0);
        let until = until * 1000.0;
        assert!(
            is_fresh_at(0.0) && is_fresh_at(until - 1.0),
            "{lifetime}, {renew_before}"
        );
        assert!(
            !is_fresh_at(until) && !is_fresh_at(until + 1.0),
            "{lifetime}, {renew_before}"
        );
    }
}

#[test]
fn c07_a_caller_may_need_more_than_the_margin() {
    for (needed, until) in [
        (0.0, 3570.0),
        (10.0, 3570.0),
        (30.0, 3570.0),
        (31.0, 3569.0),
        (3599.0, 1.0),
    ] {
        let is_fresh_at = |age: f64| is_fresh_at(age, 3_600_000.0, 30_000.0, needed * 1000.0);
        let until = until * 1000.0;
        assert!(is_fresh_at(until - 1.0), "{needed}");
        assert!(!is_fresh_at(until), "{needed}");
    }
    for needed in [3600.0, 3601.0, 1e300] {
        assert!(
            !is_fresh_at(0.0, 3_600_000.0, 30_000.0, needed * 1000.0),
            "{needed}"
        );
    }
}

#[test]
fn v05_a_token_without_a_lifetime_serves_for_five_seconds() {
    for lifetime in [0.0, -1.0, -3_600_000.0] {
        for (age, is_still) in [
            (0.0, true),
            (4_999.0, true),
            (5_000.0, false),
            (1e12, false),
            (-1.0, true),
            (-5_001.0, false),
        ] {
            for renew_before in [0.0, 30_000.0] {
                assert_eq!(
                    is_fresh_at(age, lifetime, renew_before, 0.0),
                    is_still,
                    "{lifetime} at {age}"
                );
            }
        }
    }
}

#[test]
fn g_a_token_is_valid_until_it_expires() {
    let record = record(20_000.0);
    assert!(is_valid(&record, 0.0));
    assert!(is_valid(&record, 19_999.0));
    assert!(!is_valid(&record, 20_000.0));
    assert!(!is_valid(&record, 20_001.0));
    assert!(!is_valid(&object(json!({})), 0.0));
}

/// What both clocks say, in ms after the record was taken up.
fn at(wall: f64, mono: f64) -> Moment {
    Moment {
        wall: Wall(RECEIVED + wall),
        mono: Mono(5_000.0 + mono),
    }
}

#[test]
fn c02_the_clock_that_went_further_counts() {
    let held = at(0.0, 0.0);
    for (wall, mono, later) in [
        (0.0, 0.0, 0.0),
        (1_000.0, 1_000.0, 1_000.0),
        // The device slept, or its clock was set forward.
        (60_000.0, 1_000.0, 60_000.0),
        // Its clock was set back.
        (-60_000.0, 1_000.0, 1_000.0),
        (-60_000.0, 0.0, 0.0),
    ] {
        assert_eq!(held.until(at(wall, mono)), later, "{wall}, {mono}");
        let record = record(3_600_000.0);
        assert_eq!(age(&record, held, at(wall, mono)), later, "{wall}, {mono}");
    }
}

#[test]
fn c01_c02_a_token_was_as_old_when_it_was_taken_up_as_the_time_of_day_said() {
    let record = record(3_600_000.0);
    assert_eq!(age(&record, at(10_000.0, 0.0), at(10_000.0, 0.0)), 10_000.0);
    assert_eq!(
        age(&record, at(10_000.0, 0.0), at(11_000.0, 1_000.0)),
        11_000.0
    );
    assert_eq!(age(&record, at(10_000.0, 0.0), at(0.0, 1_000.0)), 11_000.0);
    assert_eq!(
        age(&record, at(-10_000.0, 0.0), at(-9_000.0, 1_000.0)),
        -9_000.0
    );
}

/// The clock was set back since the token was fetched: nobody knows for how long it has been there.
#[test]
fn c02_a_token_from_the_future_is_asked_for_again() {
    for (age_ms, is_fresh) in [
        (0.0, true),
        (-1.0, true),
        (-5_000.0, true),
        (-5_001.0, false),
        (-3_600_000.0, false),
        (-1e15, false),
    ] {
        assert_eq!(
            is_fresh_at(age_ms, 3_600_000.0, 30_000.0, 0.0),
            is_fresh,
            "{age_ms}"
        );
        let due = due_in(&record(3_600_000.0), age_ms, 30_000.0, 0.0);
        assert_eq!(due == 0.0, !is_fresh, "{age_ms}");
    }
}

#[test]
fn c06_c07_the_background_asks_between_one_and_one_and_a_half_margins_before_expiry() {
    // Lifetime, margin, and the earliest time, in seconds.
    for (lifetime, renew_before, last, first) in [
        (3600.0, 30.0, 3570.0, 3555.0),
        (300.0, 30.0, 270.0, 255.0),
        (100.0, 30.0, 90.0, 85.0),
        (3600.0, 0.0, 3600.0, 3600.0),
        (2_592_000.0, 3600.0, 2_588_400.0, 2_586_600.0),
        // Never within five seconds of the last answer.
        (10.0, 30.0, 9.0, 8.5),
        (5.0, 30.0, 5.0, 5.0),
        (1.0, 30.0, 5.0, 5.0),
    ] {
        let record = record(lifetime * 1000.0);
        let due = |age: f64, chance| due_in(&record, age, renew_before * 1000.0, chance);
        let ms = |seconds: f64| seconds * 1000.0;
        assert_eq!(due(0.0, 0.0), ms(last), "{lifetime}");
        assert_eq!(due(0.0, 1.0), ms(first), "{lifetime}");
        assert_eq!(
            due(0.0, 0.5),
            f64::midpoint(ms(first), ms(last)),
            "{lifetime}"
        );
        assert_eq!(due(1_000.0, 0.0), ms(last - 1.0), "{lifetime}");
        assert_eq!(due(ms(last) + 7.0, 0.0), -7.0, "{lifetime}");
    }
}

/// It never was of use: who needs one asks for it.
#[test]
fn v05_the_background_does_not_ask_for_tokens_without_a_lifetime() {
    for lifetime in [0.0, -1.0, -3_600_000.0] {
        for age in [0.0, 5_000.0, 1e12] {
            assert_eq!(due_in(&record(lifetime), age, 30_000.0, 0.5), f64::INFINITY);
        }
    }
}

#[test]
fn v05_a_token_without_a_lifetime_is_not_renewed_by_itself() {
    for lifetime in [0.0, -1.0] {
        assert_eq!(due_in(&record(lifetime), 0.0, 30_000.0, 0.5), f64::INFINITY);
    }
}

#[test]
fn c07_the_margin_is_the_app_s_number_or_a_tenth() {
    for (lifetime, renew_before, expected) in [
        (3_600_000.0, 30_000.0, 30_000.0),
        (300_000.0, 30_000.0, 30_000.0),
        (20_000.0, 30_000.0, 2_000.0),
        (20_000.0, 0.0, 0.0),
    ] {
        assert_eq!(margin(&record(lifetime), renew_before), expected);
    }
}

proptest! {
    #[test]
    fn c07_of_a_fresh_token_more_than_the_margin_is_left(
        lifetime in 1_u32..=2_592_000,
        age_ms in 0_u32..3_000_000,
        renew_before in 0_u32..100_000,
        needed in 0_u32..100_000,
    ) {
        let lifetime_ms = f64::from(lifetime) * 1000.0;
        let (age_ms, renew_before_ms, needed_ms) =
            (f64::from(age_ms), f64::from(renew_before) * 1000.0, f64::from(needed) * 1000.0);
        let left = lifetime_ms - age_ms;
        let margin = renew_before_ms.min(lifetime_ms / 10.0);
        let is_fresh = is_fresh_at(age_ms, lifetime_ms, renew_before_ms, needed_ms);
        prop_assert_eq!(is_fresh, left > margin && left > needed_ms);
        prop_assert!(!is_fresh || is_valid(&record(lifetime_ms), age_ms));
    }

    #[test]
    fn c07_a_token_just_fetched_is_fresh(lifetime in 0_u32..=2_592_000, renew_before in 0_u32..u32::MAX) {
        prop_assert!(is_fresh_at(0.0, f64::from(lifetime) * 1000.0, f64::from(renew_before), 0.0));
    }

    /// A server that gives each token a second must not be asked once a second.
    #[test]
    fn c06_the_background_never_asks_within_five_seconds_of_the_last_answer(
        lifetime in -10_i32..=2_592_000, renew_before in 0_u32..u32::MAX, chance in 0.0..1.0,
    ) {
        let due = due_in(&record(f64::from(lifetime) * 1000.0), 0.0, f64::from(renew_before), chance);
        prop_assert!(due >= 5_000.0);
    }

    #[test]
    fn c02_no_clock_that_is_set_makes_a_token_younger(
        wall: i32, mono in 0..i32::MAX
    ) {
        let (wall, mono) = (f64::from(wall), f64::from(mono));
        let age = age(&record(3_600_000.0), at(0.0, 0.0), at(wall, mono));
        prop_assert!(age >= mono && age >= wall);
    }
}
