//! RFC 7636, and the digest that it asks for.

use crate::kept::Object;
use crate::support::object;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use rekindle::platform::Kept;
use rekindle::protocol::digest::digest;
use rekindle::protocol::pkce::challenge;
use rekindle::words::Word;
use serde_json::json;
use sha2::{Digest, Sha256};

fn challenge_of(verifier: &str) -> String {
    let sign_in = object(json!({ "code_verifier": verifier }));
    let params = Object::object();
    challenge(&sign_in, Word::CodeVerifier, &params, Word::CodeChallenge);
    params.member("code_challenge").to_text().to_string()
}

#[test]
fn k01_the_challenge_of_rfc_7636_appendix_b() {
    assert_eq!(
        challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

proptest! {
    #[test]
    fn k01_the_challenge_is_base64url_of_sha_256(verifier in "[A-Za-z0-9._~-]{0,130}") {
        let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        prop_assert_eq!(challenge_of(&verifier), expected);
    }

    #[test]
    fn p03_the_digest_of_a_text_is_base64url_of_sha_256_of_its_utf_8(text: String, other: String) {
        let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(&text));
        let object = object(json!({ "refresh_token": text, "state": other }));
        digest(&object, Word::RefreshToken, &object, Word::State);
        prop_assert_eq!(object.member("state").to_text().to_string(), expected);
        prop_assert_eq!(object.member("refresh_token").to_text().to_string(), text);
    }
}

#[test]
fn p03_a_digest_replaces_what_it_is_made_of() {
    let object = object(json!({ "refresh_token": "abc" }));
    digest(&object, Word::RefreshToken, &object, Word::RefreshToken);
    // FIPS 180-2, appendix B.1.
    let expected = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    assert_eq!(
        object.member("refresh_token").to_text().to_string(),
        expected
    );
}
