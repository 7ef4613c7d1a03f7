//! The longest answer, and everything that is written into a buffer that grows.

use caisse_codec::{
    Action, AnswerComplement, CardFields, ChequeFields, EncodeError, LONGEST_ANSWER, LongComplement, Message,
    ReadingMode, Status, TerminalAnswer, TicketRequest, Version, encode_tickets,
};
use caisse_payment::{Amount, Currency, Register, Sensitive};

const LONG: &[u8] = &[b'7'; 999];

fn text(length: usize) -> &'static str {
    str::from_utf8(&LONG[..length]).unwrap()
}

/// As long as a ZT can be: two tickets share its 999 characters.
const TICKETS: &[(TicketRequest, &[u8])] = {
    let html = TicketRequest { html: true, ..TicketRequest::CUSTOMER_TEXT };
    let (one, other) = LONG.split_at(675);
    &[(TicketRequest::CUSTOMER_TEXT, one), (html, other.split_at(54).0)]
};

fn longest() -> TerminalAnswer<'static> {
    TerminalAnswer {
        identifier: Some("012345678901".parse().unwrap()),
        action: Some(Action::DEBIT),
        amount: Some(Amount::from_minor(999_999_999_999, Currency::EUR)),
        complement: Some(AnswerComplement::Long(LongComplement::from_value(&LONG[..29]).unwrap())),
        card: Some(CardFields {
            number: text(64),
            expiry: text(4),
            authorisation: Some(text(10).parse().unwrap()),
            aid: text(32),
            application: text(3).parse().unwrap(),
            reading_mode: ReadingMode::Contact,
        }),
        contract: Some(text(10).parse().unwrap()),
        private: Some(Sensitive::new(&LONG[..99])),
        reference: Some(text(99)),
        transaction_id: Some(text(999)),
        serial_number: Some(text(20)),
        tickets: TICKETS,
        ..TerminalAnswer::new(Version::V3_20, Register::FIRST, Status::Performed)
    }
}

#[test]
fn the_longest_answer_has_room_but_for_a_cheque() {
    let answer = longest();
    let mut buffer = [0; LONGEST_ANSWER];
    let wire = answer.encode(&mut buffer).unwrap();
    let message = Message::decode(wire).unwrap();
    let definition = |tag| caisse_codec::dictionary::find(tag).unwrap();
    for field in message.fields() {
        let most = definition(field.tag()).most;
        // AF has 2 or 29 characters here, and base64 comes in fours.
        let full = matches!(&field.tag().to_string()[..], "AF" | "ZT") || field.value().len() == most;
        assert!(full, "{} has {} of {most}", field.tag(), field.value().len());
    }
    assert!(wire.len() <= LONGEST_ANSWER && wire.len() + 60 > LONGEST_ANSWER, "{}", wire.len());

    let whole = Some(Sensitive::new(LONG));
    let cheque = ChequeFields { track: whole, file: whole, guarantee: whole };
    let with_cheque = TerminalAnswer { cheque: Some(cheque), ..answer };
    assert!(matches!(with_cheque.encode(&mut [0; LONGEST_ANSWER]), Err(EncodeError::NoRoom(_))));
    let mut buffer = [0; LONGEST_ANSWER + 3 * 1004];
    let longer = with_cheque.encode(&mut buffer).unwrap().len();
    assert_eq!(longer, wire.len() + 3 * 1004);
}

#[test]
fn two_tickets_fill_zt_to_the_last_group() {
    let mut buffer = [0; 1100];
    let mut encoder = caisse_codec::Encoder::new(&mut buffer);
    encode_tickets(&mut encoder, TICKETS).unwrap();
    let wire = encoder.finish();
    assert!(wire.len() > 1004 - 4, "{}", wire.len());
    let (one, other) = (TICKETS[0], TICKETS[1]);
    let more = [one, (other.0, &LONG[..other.1.len() + 1])];
    assert!(encode_tickets(&mut caisse_codec::Encoder::new(&mut [0; 1100]), &more).is_err());
}

#[cfg(feature = "bytes")]
mod growing {
    use bytes::BytesMut;
    use caisse_codec::fixed::{self, Private, RegisterCode, Stat};
    use caisse_codec::wire::{self, Format};
    use caisse_codec::{
        DebitRequest, DuplicataRequest, Extra, IdentificationRequest, MoneyOperation, MoneyRequest, Options,
        PrintRequest, RequestHeader, Tag, TransactionStatusRequest,
    };

    use super::*;

    const BEFORE: &[u8] = b"\x02";

    /// The same as into a buffer of the caller's, behind what is there; nothing when it is refused.
    macro_rules! check {
        ($good:expr, $bad:expr) => {{
            let (mut grown, mut buffer) = (BytesMut::from(BEFORE), [0; 8192]);
            $good.encode_to(&mut grown).unwrap();
            assert_eq!(&grown[1..], $good.encode(&mut buffer).unwrap());
            let mut grown = BytesMut::from(BEFORE);
            let refused = $bad.encode_to(&mut grown).map(|()| 0);
            assert_eq!(refused, $bad.encode(&mut buffer).map(<[u8]>::len));
            assert!(refused.is_err());
            assert_eq!(grown, BEFORE);
        }};
    }

    fn header() -> RequestHeader {
        RequestHeader {
            version: Version::V3_20,
            identifier: "012345678901".parse().unwrap(),
            register: Register::FIRST,
        }
    }

    #[test]
    fn every_message_goes_behind_what_a_buffer_holds() {
        let (amount, zero) = (Amount::from_minor(2500, Currency::EUR), Amount::from_minor(0, Currency::EUR));
        let RequestHeader { version, identifier, register } = header();
        let debit = DebitRequest {
            version,
            identifier,
            register,
            amount,
            partial: None,
            application: None,
            ticket: None,
        };
        check!(debit, DebitRequest { amount: zero, ..debit });
        let money = MoneyRequest {
            header: header(),
            operation: MoneyOperation::LinkedCredit { original: Sensitive::new(LONG) },
            amount,
            options: Options::NONE,
            extra: Extra::NONE,
        };
        check!(money, MoneyRequest { amount: zero, ..money });
        let forbidden = [(Tag::BA, b"1".as_slice())];
        let extra = Extra::new(&forbidden);
        let duplicata = DuplicataRequest { header: header(), amount: None, ticket: None, extra: Extra::NONE };
        check!(duplicata, DuplicataRequest { extra, ..duplicata });
        let status = TransactionStatusRequest { header: header(), extra: Extra::NONE };
        check!(status, TransactionStatusRequest { extra, ..status });
        let print = PrintRequest {
            header: header(),
            kind: TicketRequest::CUSTOMER_TEXT,
            text: Sensitive::new(&LONG[..675]),
            extra: Extra::NONE,
        };
        check!(print, PrintRequest { text: Sensitive::new(b""), ..print });
        let mut grown = BytesMut::new();
        IdentificationRequest { header: header() }.encode_to(&mut grown).unwrap();
        assert_eq!(grown, b"CZ0040320CJ012012345678901CA00201CD001I".as_slice());

        let whole = Some(Sensitive::new(LONG));
        let cheque = ChequeFields { track: whole, file: whole, guarantee: whole };
        let answer = TerminalAnswer { cheque: Some(cheque), ..longest() };
        check!(answer, TerminalAnswer { reference: Some(""), ..answer });
        let fixed = fixed::Answer {
            register: RegisterCode::from(register),
            stat: Stat::Accepted,
            minor: 1242,
            mode: None,
            report: None,
            currency: 978,
            private: Private::EMPTY,
            receipt: None,
        };
        check!(fixed, fixed::Answer { currency: 1000, ..fixed });

        let request =
            wire::Request { register, operation: MoneyOperation::Debit, amount, options: Options::NONE };
        let mut grown = BytesMut::from(BEFORE);
        let format = Format::EPlus { report: false };
        request.encode_to(&format, &mut grown).unwrap();
        assert_eq!(&grown[1..], b"0100002500010978          A010B010");
        let refused = wire::Request { operation: MoneyOperation::DeferredDebit, ..request };
        assert!(refused.encode_to(&format, &mut grown).is_err());
        assert_eq!(grown.len(), 35);
    }
}
