//! What is stored, and what storage may do to us.

use rekindle::platform::{Kept, Kind, Platform, Slot, StorageFailed};
use rekindle::words::Word;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{
    Page, Replaced, assert_same, call, config, get, handles, js, json, key, object, replaced, set,
    stored, value,
};

const SLOTS: [(Slot, &str); 5] = [
    (Slot::Record, "session"),
    (Slot::SignIns, "sign-ins"),
    (Slot::Metadata, "metadata"),
    (Slot::Tombstones, "tombstones"),
    (Slot::Keys, "keys"),
];

/// A page whose storage is this expression's object.
fn page_over(client_id: &str, storage: &str) -> (Page, JsValue) {
    let storage = js(storage);
    let config = config(client_id, "");
    set(&config, "storage", &storage);
    (Page::with(&config), storage)
}

/// Storage that does as it should, and counts.
const COUNTING: &str = "{
    values: new Map(),
    calls: [],
    isBroken: false,
    getItem(key) { this.calls.push('get'); return this.values.get(key) ?? null; },
    setItem(key, value) { this.calls.push('set'); if (this.isBroken) throw new Error('mine'); this.values.set(key, value); },
    removeItem(key) { this.calls.push('remove'); this.values.delete(key); },
}";

fn load(page: &Page, slot: Slot) -> Option<JsValue> {
    let loaded = page.browser.load(slot).expect("storage works");
    loaded.map(|object| value(&object))
}

fn assert_keeps(page: &Page) {
    for (slot, name) in SLOTS {
        assert!(load(page, slot).is_none(), "{name}");
        page.browser.remove(slot);
        let given = object(&format!(
            "{{ name: '{name}', list: [1, {{}}], u: undefined, text: '\\u2028é\"' }}"
        ));
        assert_eq!(page.browser.save(slot, &given), Ok(()));
    }
    for (slot, name) in SLOTS {
        let loaded = load(page, slot).unwrap();
        assert_same(
            &loaded,
            &format!("{{ name: '{name}', list: [1, {{}}], text: '\\u2028é\"' }}"),
        );
        assert_eq!(page.browser.save(slot, &object("{ second: 2 }")), Ok(()));
        assert_same(&load(page, slot).unwrap(), "{ second: 2 }");
        page.browser.remove(slot);
        assert!(load(page, slot).is_none(), "{name}");
    }
}

#[wasm_bindgen_test]
fn every_kind_of_storage_keeps_and_removes() {
    for (client_id, members) in [
        ("storage-default", ""),
        ("storage-session", "storage: 'session'"),
        ("storage-local", "storage: 'local'"),
        ("storage-memory", "storage: 'memory'"),
    ] {
        let page = Page::open(client_id, members);
        assert_keeps(&page);
        let is_lasting = client_id != "storage-memory";
        assert_eq!(page.browser.is_lasting(), is_lasting, "{client_id}");
    }
    let (page, _) = page_over("storage-custom", COUNTING);
    assert_keeps(&page);
    assert!(page.browser.is_lasting());
}

#[wasm_bindgen_test]
fn the_record_is_where_the_config_says_and_the_rest_has_its_place() {
    for (client_id, members, place) in [
        ("where-default", "", Some("sessionStorage")),
        ("where-local", "storage: 'local'", Some("localStorage")),
        ("where-memory", "storage: 'memory'", None),
    ] {
        let page = Page::open(client_id, members);
        for (slot, name) in SLOTS {
            let given = object(&format!("{{ name: '{name}' }}"));
            page.browser.save(slot, &given).unwrap();
            let place = match slot {
                Slot::Record => place,
                Slot::SignIns | Slot::Metadata | Slot::Keys => Some("sessionStorage"),
                Slot::Tombstones => Some("localStorage"),
            };
            for storage in ["sessionStorage", "localStorage"] {
                let text = stored(storage, name, client_id);
                let expected = (place == Some(storage)).then(|| format!("{{\"name\":\"{name}\"}}"));
                assert_eq!(text, expected, "{client_id} {name} {storage}");
            }
            page.browser.remove(slot);
        }
    }
}

#[wasm_bindgen_test]
fn a_save_is_one_write() {
    let (page, storage) = page_over("storage-writes", COUNTING);
    page.browser
        .save(Slot::Record, &object("{ a: 1 }"))
        .unwrap();
    page.browser.load(Slot::Record).unwrap().unwrap();
    page.browser.remove(Slot::Record);
    assert_same(&get(&storage, "calls"), "['set', 'get', 'remove']");
}

#[wasm_bindgen_test]
fn a_page_load_finds_its_own_client_s_record() {
    let members = "storage: 'local'";
    let page = Page::open("storage-own", members);
    page.browser
        .save(Slot::Record, &object("{ a: 1 }"))
        .unwrap();
    let finds = |client_id, members: &str| load(&Page::open(client_id, members), Slot::Record);
    assert_same(&finds("storage-own", members).unwrap(), "{ a: 1 }");
    let slash = "storage: 'local', issuer: 'https://issuer.example/'";
    assert_same(&finds("storage-own", slash).unwrap(), "{ a: 1 }");
    for (client_id, members) in [
        ("storage-own", "storage: 'session'"),
        ("storage-own", "storage: 'local', name: 'second'"),
        ("storage-other", members),
        (
            "storage-own",
            "storage: 'local', issuer: 'https://other.example'",
        ),
    ] {
        assert!(finds(client_id, members).is_none(), "{client_id} {members}");
    }
    page.browser.remove(Slot::Record);
}

#[wasm_bindgen_test]
fn no_two_identities_share_a_key() {
    // Whatever joins their parts may be in one of them.
    for mark in [":", "|", "/", "%7C"] {
        let page = Page::open(&format!("a{mark}b"), "name: 'c'");
        let given = object("{ a: 1 }");
        page.browser.save(Slot::Record, &given).unwrap();
        let other = Page::open("a", &format!("name: 'b{mark}c'"));
        assert!(load(&other, Slot::Record).is_none(), "{mark}");
        page.browser.remove(Slot::Record);
    }
}

#[wasm_bindgen_test]
fn two_clients_in_memory_know_nothing_of_each_other() {
    let [one, two] = [(); 2].map(|()| Page::open("storage-apart", "storage: 'memory'"));
    one.browser.save(Slot::Record, &object("{ a: 1 }")).unwrap();
    assert!(load(&two, Slot::Record).is_none());
}

fn assert_empty(client_id: &str, texts: &[&str]) {
    let page = Page::open(client_id, "");
    let given = object("{ a: 1 }");
    page.browser.save(Slot::Record, &given).unwrap();
    let key = key("sessionStorage", "session", client_id).unwrap();
    let before = handles();
    for text in texts {
        js(&format!("sessionStorage.setItem({key:?}, {text})"));
        let loaded = page.browser.load(Slot::Record).unwrap().unwrap();
        assert_eq!(json(&value(&loaded)), "{}", "{text}");
    }
    page.browser.remove(Slot::Record);
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
fn rubbish_reads_as_an_empty_object() {
    assert_empty(
        "storage-rubbish",
        &[
            "''",
            "'no JSON'",
            "'{'",
            "'null'",
            "'1'",
            "'true'",
            "'\"text\"'",
            "'undefined'",
            "'[object Object]'",
            "'\\u0000'",
        ],
    );
}

#[wasm_bindgen_test]
fn a_list_reads_as_an_empty_object() {
    assert_empty("storage-list", &["'[]'", "'[{}]'", "'[1, 2]'"]);
}

#[wasm_bindgen_test]
fn a_custom_storage_may_give_anything() {
    for (given, expected) in [
        ("null", None),
        ("undefined", None),
        ("1", Some("{}")),
        ("{}", Some("{}")),
        ("Promise.resolve('{\"a\":1}')", Some("{}")),
        ("'{\"a\":1}'", Some("{ a: 1 }")),
    ] {
        let storage = format!("{{ getItem: () => ({given}), setItem() {{}}, removeItem() {{}} }}");
        let (page, _) = page_over("storage-any", &storage);
        let loaded = load(&page, Slot::Record);
        assert_eq!(loaded.is_some(), expected.is_some(), "{given}");
        if let Some((loaded, expected)) = loaded.zip(expected) {
            assert_same(&loaded, expected);
        }
    }
}

fn assert_unavailable(page: &Page, slot: Slot) {
    let before = handles();
    let unavailable = Some(StorageFailed::Unavailable);
    assert_eq!(page.browser.load(slot).err(), unavailable);
    let saved = page.browser.save(slot, &object("{}"));
    assert_eq!(saved.err(), unavailable);
    page.browser.remove(slot);
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
fn storage_that_may_not_be_read_is_unavailable() {
    for name in ["sessionStorage", "localStorage"] {
        for property in [
            "{ get() { throw new DOMException('blocked', 'SecurityError'); } }",
            "{ value: null }",
            "{ value: undefined }",
        ] {
            let _replaced: Replaced = replaced("globalThis", name, property);
            let page = Page::open("storage-blocked", "storage: 'local'");
            for (slot, _) in SLOTS {
                let is_local = matches!(slot, Slot::Record | Slot::Tombstones);
                if is_local == (name == "sessionStorage") {
                    assert!(load(&page, slot).is_none());
                } else {
                    assert_unavailable(&page, slot);
                }
            }
        }
    }
}

#[wasm_bindgen_test]
fn a_custom_storage_that_throws_is_unavailable() {
    let throwing = |thrown: &str| {
        format!(
            "{{ getItem() {{ throw {thrown}; }}, setItem() {{ throw {thrown}; }}, removeItem() {{ throw {thrown}; }} }}"
        )
    };
    let mut storages = [
        "new Error('mine')",
        "undefined",
        "null",
        "'text'",
        "0",
        "{ name: 5 }",
    ]
    .map(throwing)
    .to_vec();
    // Members that are no functions, or throw when they are looked at.
    storages.push("{ getItem: () => null }".into());
    storages.push(
        "{ get getItem() { throw new Error('mine'); }, setItem() {}, removeItem() {} }".into(),
    );
    storages.push("{ getItem() {}, setItem() {}, get removeItem() { throw null; } }".into());
    storages.push("new Proxy({}, { get() { throw undefined; } })".into());
    for storage in storages {
        let (page, _) = page_over("storage-throwing", &storage);
        assert_unavailable(&page, Slot::Record);
        // Sign-ins are somewhere else.
        assert!(load(&page, Slot::SignIns).is_none());
    }
}

#[wasm_bindgen_test]
fn a_full_storage_keeps_the_old_value() {
    let page = Page::open("storage-full", "");
    let old = object("{ a: 1 }");
    page.browser.save(Slot::Record, &old).unwrap();
    // More than Chromium allows an origin.
    let large = object("{ a: 'x'.repeat(6 << 20) }");
    let saved = page.browser.save(Slot::Record, &large);
    assert_eq!(saved, Err(StorageFailed::Full));
    let found = stored("sessionStorage", "session", "storage-full");
    assert_eq!(found.as_deref(), Some(r#"{"a":1}"#));
    page.browser.remove(Slot::Record);
}

#[wasm_bindgen_test]
fn what_could_not_be_saved_stays_as_long_as_the_page() {
    let (page, storage) = page_over("storage-unsaved", COUNTING);
    let save = |json: &str| page.browser.save(Slot::Record, &object(json));
    save("{ a: 1 }").unwrap();
    set(&storage, "isBroken", &true.into());
    assert_eq!(save("{ a: 2 }"), Err(StorageFailed::Unavailable));
    assert_same(&load(&page, Slot::Record).unwrap(), "{ a: 2 }");
    let replacing = Page::in_place_of(&page, &config("storage-unsaved", ""));
    assert_same(&load(&replacing, Slot::Record).unwrap(), "{ a: 2 }");

    set(&storage, "isBroken", &false.into());
    save("{ a: 3 }").unwrap();
    call(&get(&storage, "values"), "clear");
    assert!(load(&page, Slot::Record).is_none(), "storage counts again");
    set(&storage, "isBroken", &true.into());
    save("{ a: 4 }").unwrap_err();
    page.browser.remove(Slot::Record);
    assert!(load(&page, Slot::Record).is_none());
}

#[wasm_bindgen_test]
fn what_could_not_be_saved_is_known_to_all_clients_of_the_page() {
    let [one, two, other] = [
        ("storage-refused", ""),
        ("storage-refused", ""),
        ("storage-refused", "storage: 'memory'"),
    ]
    .map(|(client_id, members)| Page::open(client_id, members));
    let replaced = replaced(
        "Storage.prototype",
        "setItem",
        "{ value() { throw new DOMException('', 'QuotaExceededError'); } }",
    );
    let refused = Page::open("storage-refused", "");
    let saved = refused.browser.save(Slot::Record, &object("{ a: 1 }"));
    assert_eq!(saved, Err(StorageFailed::Full));
    drop(replaced);
    assert_same(&load(&one, Slot::Record).unwrap(), "{ a: 1 }");
    assert!(
        load(&other, Slot::Record).is_none(),
        "it has a memory of its own"
    );
    two.browser.save(Slot::Record, &object("{ a: 2 }")).unwrap();
    assert_same(&load(&refused, Slot::Record).unwrap(), "{ a: 2 }");
    one.browser.remove(Slot::Record);
    assert!(load(&refused, Slot::Record).is_none());
}

#[wasm_bindgen_test]
fn memory_is_handed_on_to_the_context_that_replaces_it() {
    let members = "storage: 'memory'";
    let page = Page::open("storage-handed-on", members);
    page.browser
        .save(Slot::Record, &object("{ a: 1 }"))
        .unwrap();
    let replacing = Page::in_place_of(&page, &config("storage-handed-on", members));
    assert_same(&load(&replacing, Slot::Record).unwrap(), "{ a: 1 }");
}

#[wasm_bindgen_test]
fn what_is_written_down_outlives_an_instance() {
    let page = Page::open("storage-log", "");
    let log = page.browser.log();
    assert_same(&value(&log), "{ exchanges: [], warnings: [] }");
    let exchanges = log.get(Word::Exchanges).unwrap();
    exchanges.push(&object("{ what: 'refresh' }"));
    let replacing = Page::in_place_of(&page, &config("storage-log", ""));
    assert_same(
        &value(&replacing.browser.log()),
        "{ exchanges: [{ what: 'refresh' }], warnings: [] }",
    );
    let other = Page::open("storage-log", "");
    let log = value(&other.browser.log());
    assert_same(&log, "{ exchanges: [], warnings: [] }");
}

#[wasm_bindgen_test]
fn every_browser_s_word_for_full_is_understood() {
    for error in [
        "new DOMException('', 'QuotaExceededError')",
        "Object.assign(new Error(), { name: 'NS_ERROR_DOM_QUOTA_REACHED' })",
        "{ name: 'QUOTA_EXCEEDED_ERR' }",
    ] {
        let storage =
            format!("{{ getItem: () => null, setItem() {{ throw {error}; }}, removeItem() {{}} }}");
        let (page, _) = page_over("storage-quota", &storage);
        let saved = page.browser.save(Slot::Record, &object("{}"));
        assert_eq!(saved, Err(StorageFailed::Full), "{error}");
    }
}

#[wasm_bindgen_test]
fn what_json_cannot_hold_is_not_stored() {
    let (page, storage) = page_over("storage-no-json", COUNTING);
    for given in [
        "(() => { const ring = {}; ring.ring = ring; return ring; })()",
        "{ a: 1n }",
        "{ a: { toJSON() { throw 1; } } }",
        "{ get a() { throw 1; } }",
    ] {
        let saved = page.browser.save(Slot::Record, &object(given));
        assert_eq!(saved, Err(StorageFailed::NotJson), "{given}");
    }
    assert_same(&get(&storage, "calls"), "[]");
}

#[wasm_bindgen_test]
fn who_patches_storage_later_sees_no_token() {
    let page = Page::open("storage-patched", "");
    js("globalThis.seen = []");
    let spy = "{ value(...all) { seen.push(all); return null; } }";
    let replaced =
        ["getItem", "setItem", "removeItem"].map(|name| replaced("Storage.prototype", name, spy));
    page.browser
        .save(Slot::Record, &object("{ access_token: 'secret' }"))
        .unwrap();
    let loaded = page.browser.load(Slot::Record).unwrap().unwrap();
    page.browser.remove(Slot::Record);
    drop(replaced);
    assert_eq!(loaded.kind(Word::AccessToken), Kind::Text);
    assert_same(&js("seen"), "[]");
    assert!(key("sessionStorage", "session", "storage-patched").is_none());
}

#[wasm_bindgen_test]
fn nothing_is_written_by_opening() {
    let before = js("sessionStorage.length + localStorage.length");
    let (page, storage) = page_over("storage-quiet", COUNTING);
    assert_same(&get(&storage, "calls"), "[]");
    assert_eq!(js("sessionStorage.length + localStorage.length"), before);
    drop(page);
}
