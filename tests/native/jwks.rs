//! Which of an issuer's keys a token was signed with.

use crate::kept::{Object, Value};
use crate::support::object;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rekindle::protocol::jwks::pick;
use serde_json::{Value as Json, json};

/// The modulus of an RSA key of so many bits.
fn modulus(bits: usize) -> String {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] = 0xff >> (8 * bytes.len() - bits);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa() -> Json {
    json!({ "kty": "RSA", "kid": "k1", "n": modulus(2_048), "e": "AQAB" })
}

fn with(mut of: Json, changes: &Json) -> Json {
    for (name, value) in changes.as_object().expect("it is an object") {
        of[name] = value.clone();
    }
    of.as_object_mut()
        .expect("it is an object")
        .retain(|_, value| !value.is_null());
    of
}

/// The place in the list of the key that is picked.
fn picked(keys: &[Json], header: Json) -> Option<usize> {
    let list = Object::list_of(keys.iter().map(|key| Value::from(key.clone())));
    let set = Object::of([("keys".to_owned(), Value::Object(list.clone()))]);
    let key = pick(&set, &object(header))?;
    (0..keys.len()).find(|at| {
        let item = list.member(&at.to_string());
        matches!(item, Value::Object(item) if item.is_same(&key))
    })
}

fn is_picked(changes: &Json) -> bool {
    let header = json!({ "alg": "RS256", "kid": "k1" });
    picked(&[with(rsa(), changes)], header).is_some()
}

#[test]
fn m05_a_key_fits_by_kid_type_use_and_algorithm() {
    for (changes, fits) in [
        (json!({}), true),
        (
            json!({ "use": "sig", "alg": "RS256", "key_ops": ["verify"] }),
            true,
        ),
        (json!({ "kid": "k2" }), false),
        (json!({ "kid": null }), false),
        (json!({ "kid": 1 }), false),
        (json!({ "kty": "EC" }), false),
        (json!({ "kty": null }), false),
        (json!({ "use": "enc" }), false),
        (json!({ "alg": "RS512" }), false),
        (json!({ "alg": "RSA-OAEP" }), false),
        (json!({ "key_ops": ["encrypt"] }), false),
        (json!({ "key_ops": [] }), false),
        (json!({ "n": null }), false),
    ] {
        assert_eq!(is_picked(&changes), fits, "{changes}");
    }
}

#[test]
fn m05_an_rsa_key_has_2048_bits_or_more() {
    for (bits, fits) in [
        (512, false),
        (1_024, false),
        (2_040, false),
        (2_047, false),
        (2_048, true),
        (2_049, true),
        (3_072, true),
        (4_096, true),
    ] {
        assert_eq!(is_picked(&json!({ "n": modulus(bits) })), fits, "{bits}");
    }
    // Zeros in front do not make it longer.
    let padded = URL_SAFE_NO_PAD.encode([vec![0; 200], vec![0xff; 128]].concat());
    assert!(!is_picked(&json!({ "n": padded })));
}

#[test]
fn j01_a_key_of_another_type_than_the_algorithm_s() {
    let ec = |crv| json!({ "kty": "EC", "crv": crv, "x": "x", "y": "y" });
    let okp = |crv| json!({ "kty": "OKP", "crv": crv, "x": "x" });
    let keys = [
        rsa(),
        ec("P-256"),
        ec("P-384"),
        ec("secp256k1"),
        okp("Ed25519"),
        okp("Ed448"),
        json!({ "kty": "oct", "k": "k" }),
    ];
    for (alg, place) in [
        ("RS256", Some(0)),
        ("RS384", Some(0)),
        ("RS512", Some(0)),
        ("PS256", Some(0)),
        ("ES256", Some(1)),
        ("ES384", Some(2)),
        ("EdDSA", Some(4)),
        ("Ed25519", Some(4)),
        ("ES256K", None),
        ("HS256", None),
        ("none", None),
    ] {
        assert_eq!(picked(&keys, json!({ "alg": alg })), place, "{alg}");
    }
    let named = |alg| [with(okp("Ed25519"), &json!({ "alg": alg }))];
    assert_eq!(
        picked(&named("EdDSA"), json!({ "alg": "Ed25519" })),
        Some(0)
    );
    assert_eq!(
        picked(&named("Ed25519"), json!({ "alg": "EdDSA" })),
        Some(0)
    );
    assert_eq!(picked(&named("ES256"), json!({ "alg": "EdDSA" })), None);
}

#[test]
fn m05_without_a_kid_only_one_key_may_fit() {
    let other = with(rsa(), &json!({ "kid": "k2" }));
    let header = json!({ "alg": "RS256" });
    assert_eq!(picked(&[rsa()], header.clone()), Some(0));
    assert_eq!(picked(&[rsa(), other.clone()], header.clone()), None);
    let encrypting = with(other.clone(), &json!({ "use": "enc" }));
    assert_eq!(picked(&[encrypting, rsa()], header), Some(1));
    // Of two with one `kid` the first that fits.
    let twice = [with(rsa(), &json!({ "use": "enc" })), rsa(), rsa()];
    assert_eq!(
        picked(&twice, json!({ "alg": "RS256", "kid": "k1" })),
        Some(1)
    );
}

#[test]
fn m05_what_is_no_key_is_passed_over() {
    let keys = [json!(null), json!("x"), json!(5), json!([]), rsa()];
    assert_eq!(
        picked(&keys, json!({ "alg": "RS256", "kid": "k1" })),
        Some(4)
    );
}

#[test]
fn q09_what_is_no_key_set_has_no_key() {
    let header = object(json!({ "alg": "RS256", "kid": "k1" }));
    for set in [
        json!({}),
        json!({ "keys": null }),
        json!({ "keys": "a" }),
        json!({ "keys": {} }),
        json!({ "keys": [] }),
        json!({ "keys": [1, null, "a", []] }),
        json!({ "keys": [{}] }),
    ] {
        assert!(pick(&object(set.clone()), &header).is_none(), "{set}");
    }
}
