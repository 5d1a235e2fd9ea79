//! Signatures that others have published, looked at by the browser's WebCrypto as an ID token's is: the key picked from a JWK Set, the
//! rest done by `signature.js`.

use core::ops::AddAssign;

use js_sys::{Array, Function, JSON};
use rekindle::browser::{Object, Operation};
use rekindle::platform::{Kept, Kind, Platform};
use rekindle::protocol::jwks;
use rekindle::words::Word;
use vectors::{JSON_WEB_SIGNATURES, SIGNATURES};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use crate::support::{Page, get, js, keep, object, owned, replaced, set, text};

/// Begins to look whether an answer's ID token was signed with this key, which a header like this may name; `None` where it may not.
fn begin(page: &Page, answer: &Object, jwk: &JsValue, header: &Object) -> Option<Operation> {
    let keys = js("{}");
    set(&keys, "keys", &Array::of1(jwk));
    let key = jwks::pick(&owned(keep(&keys)), header)?;
    Some(page.browser.verify(answer, &key, jwks::algorithm(header)?))
}

/// What came of them. All are under way at once: waiting for each of thousands takes longer than the work.
async fn verdicts(page: &Page, begun: Vec<Option<Operation>>) -> Vec<bool> {
    let all = async move {
        let mut verdicts = Vec::new();
        for operation in begun {
            verdicts.push(match operation {
                Some(operation) => {
                    let verdict = operation.await.ok().expect("the browser has the algorithm");
                    verdict.expect("there is WebCrypto").kind(Word::Signature) == Kind::True
                }
                None => false,
            });
        }
        verdicts
    };
    page.run("verdicts", all).await
}

/// RFC 7515, appendices A.2 and A.3, and RFC 8037, appendix A.4: the signed text, its signature, and the key.
const PUBLISHED: [(&str, &str, &str); 3] = [
    (
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        r#"{ kty: "RSA", n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ", e: "AQAB" }"#,
    ),
    (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        r#"{ kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }"#,
    ),
    (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        r#"{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }"#,
    ),
];

#[wasm_bindgen_test]
async fn j07_the_signatures_of_rfc_7515_and_rfc_8037() {
    let page = Page::open("vectors-published", "");
    let answer =
        |signed: &str, signature: &str| object(&format!("{{ id_token: '{signed}.{signature}' }}"));
    for (signed, signature, jwk) in PUBLISHED {
        let jwk = js(jwk);
        let header = answer(signed, signature)
            .header(Word::IdToken)
            .expect("it has a header");
        let mut begun = vec![begin(&page, &answer(signed, signature), &jwk, &header)];
        // Another last letter of the text, the first of the signature, and none or too much of one.
        let (start, _) = signed.split_at(signed.len() - 1);
        for (signed, signature) in [
            (format!("{start}A"), signature.to_owned()),
            (signed.to_owned(), format!("x{}", signature.split_at(1).1)),
            (signed.to_owned(), String::new()),
            (signed.to_owned(), format!("{signature}AAAA")),
        ] {
            begun.push(begin(&page, &answer(&signed, &signature), &jwk, &header));
        }
        assert_eq!(
            verdicts(&page, begun).await,
            [true, false, false, false, false],
            "{signed}"
        );
    }
}

/// How many were taken and refused.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    taken: u32,
    refused: u32,
}

impl Count {
    fn all(self) -> u32 {
        self.taken + self.refused
    }
}

impl AddAssign<bool> for Count {
    fn add_assign(&mut self, is_taken: bool) {
        if is_taken {
            self.taken += 1;
        } else {
            self.refused += 1;
        }
    }
}

#[wasm_bindgen_test]
async fn j01_j07_the_signatures_of_wycheproof() {
    let page = Page::open("vectors-wycheproof", "");
    // An ID token is ASCII, and some of these sign any bytes: here the bytes are the text's code units.
    let _bytes = replaced(
        "globalThis",
        "TextEncoder",
        "{ value: class { encode(text) { return Uint8Array.from(text, (unit) => unit.charCodeAt(0)); } } }",
    );
    let answer = Function::from(js("([message, signature]) => \
         ({ id_token: `${atob(message.replaceAll('-', '+').replaceAll('_', '/'))}.${signature}` })"));
    let groups = Array::from(&JSON::parse(SIGNATURES).unwrap());
    let mut counts: Vec<(String, [Count; 3])> = Vec::new();
    for group in groups.iter() {
        let alg = text(&group, "alg");
        let header = object(&format!("{{ alg: '{alg}' }}"));
        if counts.last().is_none_or(|(last, _)| *last != alg) {
            counts.push((alg.clone(), Default::default()));
        }
        let (_, [valid, invalid, either]) = counts.last_mut().unwrap();
        let cases: Vec<JsValue> = Array::from(&get(&group, "cases")).iter().collect();
        let begun = cases.iter().map(|case| {
            let answer = answer.call1(&JsValue::NULL, case).unwrap();
            begin(&page, &owned(keep(&answer)), &get(&group, "jwk"), &header)
        });
        let begun: Vec<_> = begun.collect();
        assert!(
            begun.iter().all(Option::is_some),
            "a key fits its algorithm"
        );
        for (case, is_taken) in cases.iter().zip(verdicts(&page, begun).await) {
            match text(case, "2").as_str() {
                "valid" => *valid += is_taken,
                "invalid" => *invalid += is_taken,
                _ => *either += is_taken,
            }
        }
    }
    let seen: Vec<_> = counts
        .iter()
        .map(|(alg, [valid, invalid, either])| {
            console_log!(
                "{alg}: {} of {} valid ones taken, {} of {} invalid ones refused, {} of {} taken that may be",
                valid.taken,
                valid.all(),
                invalid.refused,
                invalid.all(),
                either.taken,
                either.all(),
            );
            (alg.as_str(), valid.all(), invalid.all(), either.all())
        })
        .collect();
    let is_right = |[valid, invalid, _]: &[Count; 3]| valid.refused == 0 && invalid.taken == 0;
    assert!(
        counts.iter().all(|(_, count)| is_right(count)),
        "{counts:?}"
    );
    assert_eq!(
        seen,
        [
            ("RS256", 31, 999, 4),
            ("RS384", 28, 1003, 4),
            ("RS512", 30, 1003, 4),
            ("PS256", 189, 135, 0),
            ("ES256", 173, 89, 0),
            ("ES384", 193, 87, 0),
            ("EdDSA", 88, 63, 0),
        ]
    );
}

#[wasm_bindgen_test]
async fn j01_j06_j07_the_json_web_signatures_of_wycheproof() {
    let page = Page::open("vectors-jws", "");
    let (mut taken, mut refused, mut unlisted) = (0, 0, 0);
    for group in Array::from(&JSON::parse(JSON_WEB_SIGNATURES).unwrap()).iter() {
        let jwk = get(&group, "key");
        for case in Array::from(&get(&group, "cases")).iter() {
            let jws = get(&case, "0");
            let answer = js("{}");
            set(&answer, "id_token", &jws);
            let answer = owned(keep(&answer));
            let header = answer.header(Word::IdToken);
            let is_listed = header
                .as_ref()
                .is_some_and(|header| jwks::algorithm(header).is_some());
            let is_taken = match header {
                Some(header) => {
                    let begun = vec![begin(&page, &answer, &jwk, &header)];
                    verdicts(&page, begun).await == [true]
                }
                None => false,
            };
            let is_valid = text(&case, "1") == "valid";
            assert_eq!(is_taken, is_valid && is_listed, "{jws:?}");
            taken += u32::from(is_taken);
            refused += u32::from(!is_valid);
            unlisted += u32::from(is_valid && !is_listed);
        }
    }
    console_log!(
        "{taken} taken, {refused} invalid ones refused, and {unlisted} by other algorithms"
    );
    assert_eq!((taken, refused, unlisted), (24, 355, 22));
}
