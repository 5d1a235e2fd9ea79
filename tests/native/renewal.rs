//! When an access token is fresh, and when it is valid.

use crate::kept::Object;
use crate::support::object;
use proptest::prelude::*;
use rekindle::session::renewal::{is_fresh, is_valid};
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
}
