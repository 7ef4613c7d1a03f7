//! Ways to read and write the messages of a terminal, side by side on the same bytes. `benches/codec.rs` takes their
//! time, `benches/counts.rs` their instructions and their heap; `docs/performance.md` says what came out.
//!
//! Every contender answers with something that is compared with what is known of the input, so that none can win by
//! doing nothing. What a contender leaves out is said with it.

pub mod encode;
pub mod input;
pub mod journal;
pub mod limit;
pub mod nom_style;
pub mod ours;
pub mod owned;
pub mod pins;

/// What decides, of a request or an answer of either generation: what a till compares with what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// The register (CA, POS).
    pub register: u8,
    /// The amount in minor units (CB, MNT).
    pub minor: u64,
    /// The number of the currency (CE, DEV).
    pub currency: u16,
    /// What was asked for (CD, TYPE); answers of E and E+ do not say it.
    pub action: Option<u8>,
    /// Whether an answer says that it was done (AE, STAT); nothing in a request.
    pub performed: Option<bool>,
    /// The complement of an answer (AF): the two digits.
    pub complement: Option<[u8; 2]>,
    /// Whether the answer comes at once and decides nothing (BA, DELAI).
    pub immediate: bool,
}

#[cfg(test)]
mod tests {
    use caisse_codec::TicketRequest;

    use super::input::{self, Input};
    use super::{encode, limit, nom_style, ours, owned};

    /// Every contender finds what is known of its input, so that none wins by doing less than it says.
    #[test]
    fn the_contenders_agree() {
        for Input { name, bytes, fields, documented, deciding } in
            [input::request_57(), input::answer_170(), input::answer_744()]
        {
            let bytes = bytes.as_slice();
            let walks = [limit::bare_walk, ours::fields, nom_style::fields, nom_style::text];
            assert_eq!(walks.map(|walk| walk(bytes)), [fields; 4], "{name}");
            assert_eq!([1, 7, 512].map(|piece| ours::scan(bytes, piece)), [fields; 3], "{name}");
            assert!(ours::message(bytes) && limit::characters(bytes));
            let readers = [nom_style::deciding, owned::list, owned::map];
            assert_eq!(readers.map(|read| read(bytes)), [Some(deciding); 3], "{name}");
            if deciding.performed.is_some() {
                assert_eq!(ours::answer(bytes), Some((deciding, documented)));
            } else {
                assert_eq!(ours::request(bytes), Some(deciding));
            }
        }
        for (Input { bytes, deciding, .. }, ours, nom, layout) in [
            (
                input::e_plus_34(),
                ours::fixed_request as fn(&[u8]) -> _,
                nom_style::fixed_request as fn(&[u8]) -> _,
                owned::E_PLUS,
            ),
            (input::answer_25(), ours::fixed_answer, nom_style::fixed_answer, owned::SHORT_ANSWER),
            (input::answer_80(), ours::fixed_answer, nom_style::fixed_answer, owned::LONG_ANSWER),
        ] {
            assert!(ours::body(&bytes));
            assert_eq!([ours(&bytes), nom(&bytes)], [Some(deciding); 2]);
            assert_eq!(owned::fixed_list(&bytes, layout), Some(deciding));
            assert_eq!(owned::fixed_map(&bytes, layout), Some(deciding));
        }
    }

    #[test]
    fn the_encoders_agree() {
        let (values, wire) = (encode::answer_values(), input::answer_170().bytes);
        assert_eq!(encode::answer(&values, &mut [0; 170]).expect("room"), wire);
        assert_eq!(encode::write_answer(&values), wire);
        assert_eq!(encode::format_answer(&values).as_bytes(), wire);
        for ticket in [None, Some([b'x'; 450].as_slice())] {
            let wire = encode::format_debit_answer(ticket);
            let tickets: Vec<_> =
                ticket.map(|text| (TicketRequest::CUSTOMER_TEXT, text)).into_iter().collect();
            assert_eq!(encode::debit_answer(&tickets).encode(&mut [0; 1280]).expect("room"), wire.as_bytes());
        }
    }

    #[test]
    #[should_panic(expected = "the result of a contender")]
    fn a_contender_that_finds_nothing_is_seen() {
        let input = input::answer_170();
        assert_eq!(nom_style::deciding(&input.bytes[1..]), Some(input.deciding), "the result of a contender");
    }
}
