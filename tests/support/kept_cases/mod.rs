//! What each verb of [`Kept`] does, as cases that every implementation has to pass: the browser's, in a browser, and the
//! native one. A test binary takes them in with
//!
//! ```text
//! #[macro_use]
//! #[path = "../support/kept_cases/mod.rs"]
//! mod kept_cases;
//! kept_cases!(#[test] for Object);
//! ```

mod reading;
mod urls;
mod writing;

pub use reading::*;
pub use urls::*;
pub use writing::*;

use rekindle::platform::Kept;
use rekindle::words::Word;

/// What the cases need beyond the verbs.
pub trait Testable: Kept {
    /// `JSON.parse`: the object or list that the text is.
    fn from_json(text: &str) -> Self;
    /// `JSON.stringify`.
    fn to_json(&self) -> String;
    /// Sets `undefined`.
    fn put_undefined(&self, key: Word);
    /// Sets a function.
    fn put_function(&self, key: Word);
    /// `Object.isFrozen`.
    fn is_frozen(&self) -> bool;
}

/// Makes a test of each case, with this attribute, for this implementation.
macro_rules! kept_cases {
    (#[$test:meta] for $kept:ty) => {
        kept_cases!(#[$test] for $kept:
            kind_tells_what_a_member_is
            kind_of_what_json_has_not
            is_compares_the_whole_text
            is_code_compares_with_a_code
            starts_and_ends_look_at_texts_only
            same_compares_texts_and_numbers_by_value
            same_compares_objects_by_identity
            same_finds_two_absent_members_the_same
            number_reads_numbers_only
            unit_reads_utf_16
            get_gives_objects_and_lists
            at_gives_the_objects_of_a_list
            setting_writes_what_it_says
            setting_again_keeps_the_place
            attach_shares_the_object
            attach_error_gives_the_members_of_an_error
            attach_error_cuts_what_the_server_says
            push_and_shift_are_a_queue
            remove_forgets_the_place
            copy_takes_any_kind
            copy_of_what_is_absent_changes_nothing
            copy_shares_objects
            copy_item_takes_texts_of_a_list
            copy_item_takes_a_text_alone_as_a_list_of_one
            copy_all_takes_every_member
            copy_all_says_whether_all_are_texts
            copy_all_leaves_prototypes_alone
            members_named_by_numbers_come_first
            copy_joined_joins_by_spaces
            append_begins_a_text_or_goes_on
            append_unit_puts_surrogates_together
            trim_slash_takes_one
            redact_hides_each_place
            redact_hides_nothing_where_there_is_no_secret
            stray_names_the_first_unknown_member
            stray_overlooks_undefined
            url_gives_the_parts
            url_writes_hosts_in_one_way
            url_tells_empty_queries_and_fragments_by_its_end_alone
            url_gives_the_last_of_repeated_parameters
            url_of_what_is_no_absolute_url
            add_query_sets_parameters
            add_query_replaces_every_earlier_one
            add_query_repeats_the_items_of_a_list
            add_query_writes_numbers_as_texts
            claims_reads_the_payload
            claims_of_what_is_no_jwt
            header_is_read_as_the_claims_are
            freeze_is_deep
            clones_are_the_same_object
        );
    };
    (#[$test:meta] for $kept:ty: $($case:ident)*) => {
        mod verbs {
            #[allow(unused_imports, reason = "the implementation may be named by a path of its own")]
            use super::*;
            $(
                #[$test]
                fn $case() {
                    crate::kept_cases::$case::<$kept>();
                }
            )*
        }
    };
}

/// An object with one member, `token`.
fn with<K: Testable>(json: &str) -> K {
    K::from_json(&format!(r#"{{"token":{json}}}"#))
}

#[track_caller]
fn assert_json<K: Testable>(kept: &K, json: &str) {
    assert_eq!(kept.to_json(), json);
}
