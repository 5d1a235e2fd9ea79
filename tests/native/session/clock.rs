//! A device whose clock is wrong all the time. (One that jumps is `renewal.rs`'s.)

use super::sign_in::{begin, come_back, handle, pending, signed_out};
use crate::outside::{Browser, id_token, keys, response};
use serde_json::json;

const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 24.0 * HOUR;
/// Background renewal begins between 30 and 45 s before an hour's token ends.
const BEFORE: f64 = HOUR - 45_001.0;
const DUE: f64 = 15_001.0;

#[test]
fn c01_c05_c06_a_sign_in_and_its_renewals_with_a_clock_that_is_wrong() {
    for off in [0.0, HOUR, -HOUR, DAY, -DAY] {
        let browser = Browser::new();
        browser.set_clock(off);
        let config = json!({ "scope": "openid offline_access", "autoRenew": true });
        let tab = signed_out(&browser, config);
        let state = begin(&tab, json!({}));
        let nonce = pending(&tab)[0]["nonce"].clone();
        come_back(&tab, &format!("code=c&state={state}"));
        let call = handle(&tab);
        browser.answer_keys(keys("k1"));
        let began = browser.wall();
        let answer = |number: u32, nonce: serde_json::Value| {
            let issued = (browser.wall() - off) / 1_000.0;
            let mut answer = response(number);
            answer["id_token"] = json!(id_token(
                json!({ "nonce": nonce, "iat": issued, "exp": issued + 3_600.0 })
            ));
            answer
        };
        browser.request().answer(200, answer(1, nonce));
        assert!(call.brought().stringify().contains("at-1"), "{off}");
        let expires_at = |at: f64| format!("\"expiresAt\":{},", at + HOUR);
        assert!(call.brought().stringify().contains(&expires_at(began)));

        for number in 2..4 {
            browser.advance(BEFORE);
            assert!(browser.open_requests().is_empty(), "{off}: too early");
            browser.advance(DUE);
            browser.request().answer(200, answer(number, json!(null)));
            assert_eq!(tab.refresh_token(), format!("rt-{number}"));
            assert_eq!(tab.get_access_token().token(), format!("at-{number}"));
        }
        // The code, the keys, and one for each renewal.
        assert_eq!(browser.sent(), 4, "{off}");
        let offset = tab.diagnostics()["clockOffsetMs"]
            .as_f64()
            .expect("it is a number");
        assert!((offset + off).abs() <= DUE, "{off}: {offset}");
        assert_eq!(
            tab.events(),
            [
                "SignedIn: signed-in",
                "Renewed: signed-in",
                "Renewed: signed-in"
            ]
        );
    }
}
