//! The wasm module as text, so that it can sit in a JavaScript file that any server, bundler and minifier may handle.
//!
//! # The encoding
//!
//! The text consists of *digits*. A digit is a number from 0 to 88, written as one printable ASCII character:
//! the 89 that are left of U+0020 to U+007E, in order, without `"`, `$`, `'`, `<`, `\` and `` ` ``. So the text
//! stands in any kind of JavaScript string, and in a script element, without an escape, and survives a page
//! in any encoding.
//!
//! Digits spell bytes by an *order*, a list of the 256 bytes:
//! - one digit `d < 87` is `order[d]`;
//! - two digits, `87 e` or `88 e` with `e < 87`, are `order[87 + e]` or `order[174 + e]`.
//!
//! The order has the [`COMMON`] bytes first that are commonest in the module, and then the others, ascending. The text
//! is in parts, none of which ends between two digits, since the decoder has one page of memory.
//!
//! So most bytes of the module are one character and a compressor sees nearly the same repetitions: compressed, the
//! text costs about 2 % more than the module, where base64 costs 26 %.

use std::cmp::Reverse;

const COMMON: usize = 87;
/// How many bytes a part spells: with two characters for each it still fits into the decoder's memory, behind its table.
const PART: usize = 32_000;

/// A module, as `wasm_text.js` is given it.
pub struct Encoded {
    /// The commonest bytes, in their order.
    pub common: Vec<u8>,
    pub texts: Vec<String>,
}

pub fn encode(module: &[u8]) -> Encoded {
    let mut counts = [0_usize; 256];
    for &byte in module {
        counts[usize::from(byte)] += 1;
    }
    let ascending: Vec<u8> = (0..=255).collect();
    let mut common = ascending.clone();
    common.sort_by_key(|&byte| Reverse(counts[usize::from(byte)]));
    common.truncate(COMMON);
    let rare = ascending
        .iter()
        .copied()
        .filter(|byte| !common.contains(byte));
    let order: Vec<u8> = common.iter().copied().chain(rare).collect();
    let texts = module
        .chunks(PART)
        .map(|part| spell(part, &order))
        .collect();
    Encoded { common, texts }
}

fn spell(bytes: &[u8], order: &[u8]) -> String {
    let mut places = [0; 256];
    for (place, &byte) in order.iter().enumerate() {
        places[usize::from(byte)] = place;
    }
    let mut text = String::new();
    for &byte in bytes {
        let place = places[usize::from(byte)];
        if place >= COMMON {
            text.push(digit(COMMON - 1 + place / COMMON));
        }
        text.push(digit(place % COMMON));
    }
    text
}

fn digit(number: usize) -> char {
    alphabet().nth(number).expect("a digit is less than 89")
}

fn alphabet() -> impl Iterator<Item = char> {
    (' '..='~').filter(|character| !r#""$'<\`"#.contains(*character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::iter;

    /// Written from the description above, not from the encoder.
    fn decode(Encoded { common, texts }: &Encoded) -> Vec<u8> {
        let mut order: Vec<u8> = (0..=255).collect();
        order.retain(|byte| !common.contains(byte));
        order.splice(0..0, common.iter().copied());
        assert_eq!(order.len(), 256, "no byte is listed twice");
        let spelled = |text: &String| -> Vec<u8> {
            let mut digits = text.chars().map(|character| {
                alphabet()
                    .position(|digit| digit == character)
                    .expect("every character is a digit")
            });
            iter::from_fn(|| {
                Some(match digits.next()? {
                    87 => order[87 + digits.next().expect("a second digit")],
                    88 => order[174 + digits.next().expect("a second digit")],
                    first => order[first],
                })
            })
            .collect()
        };
        texts.iter().flat_map(spelled).collect()
    }

    #[test]
    fn there_are_as_many_digits_as_the_encoding_needs() {
        assert_eq!(alphabet().count(), COMMON + 2);
    }

    #[test]
    fn a_common_byte_takes_one_character_and_a_rare_one_two() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&all).texts[0].len(), 87 + 2 * 169);
        assert_eq!(encode(&[7; 1000]).texts[0].len(), 1000);
    }

    #[test]
    fn a_part_fits_into_the_decoder_s_memory() {
        let table = 3 * 128;
        assert!(table + 2 * PART <= 1 << 16);
        let lengths: Vec<_> = encode(&[7; 3 * PART])
            .texts
            .iter()
            .map(String::len)
            .collect();
        assert_eq!(lengths, [PART; 3]);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(module: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&module)), module);
        }

        #[test]
        fn bytes_of_a_narrow_range_too(module in prop::collection::vec(200_u8..=255, 0..2000)) {
            prop_assert_eq!(decode(&encode(&module)), module);
        }
    }
}
