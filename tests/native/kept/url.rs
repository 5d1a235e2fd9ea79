//! URLs and forms, as the URL standard has them.

use super::{Object, Value};
use url::{Url, form_urlencoded, quirks};

/// A URL in its parts, as `parts` in `src/browser/objects.js` has them; none where it is no URL.
pub fn parts(address: &str, base: Option<&str>) -> Option<Object> {
    let base = base.and_then(|base| Url::parse(base).ok());
    let url = Url::options().base_url(base.as_ref()).parse(address).ok()?;
    let texts = [
        ("href", quirks::href(&url)),
        ("origin", &quirks::origin(&url)),
        ("protocol", quirks::protocol(&url)),
        ("username", quirks::username(&url)),
        ("password", quirks::password(&url)),
        ("host", quirks::host(&url)),
        ("hostname", quirks::hostname(&url)),
        ("pathname", quirks::pathname(&url)),
        ("search", quirks::search(&url)),
        ("hash", quirks::hash(&url)),
    ];
    let parts = Object::of(texts.map(|(name, text)| (name.to_owned(), text.into())));
    let params = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), Value::from(&*value)));
    parts.write("params", Value::Object(Object::of(params)));
    Some(parts)
}

/// The URL with these parameters set in its query.
pub fn with_query(address: &str, params: &Object) -> String {
    let mut url = Url::parse(address).expect("only a URL has a query");
    for (name, value) in params.entries() {
        let others = url.query_pairs().into_owned();
        let mut pairs: Vec<_> = others.filter(|(other, _)| *other != name).collect();
        pairs.extend(texts_of(&value).map(|text| (name.clone(), text)));
        if pairs.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
    }
    url.into()
}

/// The body that `src/browser/fetch.js` sends for this form.
pub fn form_of(members: &Object) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members.entries() {
        for text in texts_of(&value) {
            form.append_pair(&name, &text);
        }
    }
    form.finish()
}

fn texts_of(value: &Value) -> impl Iterator<Item = String> {
    let items = value.items().into_iter();
    items.map(|item| item.to_text().to_string())
}
