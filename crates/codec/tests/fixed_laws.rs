//! Laws of E and E+ that hold for all values and all bytes.

use caisse_codec::fixed::{
    Answer, AnswerFlag, Authorisation, Body, Delay, EncodeError, Fault, FieldName, Form, Kind,
    LARGEST_AMOUNT, LONGEST_ANSWER, LONGEST_REQUEST, Layout, Mode, Private, ReceiptText, Received,
    ReceivedForm, RegisterCode, Report, Request, Stat, Tolerance, TransactionType, recognise,
};
use caisse_codec::{Message, Tag};
use caisse_payment::{Amount, Currency, Register};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn currency() -> impl Strategy<Value = Currency> {
    select(Currency::all().collect::<Vec<_>>())
}

fn form() -> impl Strategy<Value = Form> {
    let plus = select(Authorisation::ALL).prop_map(Form::EPlus);
    prop_oneof![Just(Form::E), Just(Form::EWithReceipt), plus]
}

fn private() -> impl Strategy<Value = Private> {
    "[ -~]{0,10}".prop_map(|text| Private::new(&text).unwrap())
}

fn mode() -> impl Strategy<Value = Mode> {
    (b'!'..=b'~').prop_map(|byte| Mode::new(byte).unwrap())
}

fn request() -> impl Strategy<Value = Request> {
    let money = (prop_oneof![1..=LARGEST_AMOUNT, 1..1000u64], currency());
    let characters = (select(AnswerFlag::ALL), mode(), select(TransactionType::ALL));
    (0..=99u8, money, characters, private(), form()).prop_map(
        |(register, (minor, currency), (flag, mode, transaction), private, form)| Request {
            register: Register::new(register).unwrap(),
            amount: Amount::from_minor(minor, currency),
            flag,
            mode,
            transaction,
            private,
            form,
        },
    )
}

/// The storage of an answer: what it borrows.
#[derive(Debug, Clone)]
struct Parts {
    register: [u8; 2],
    stat: u8,
    minor: u32,
    mode: Option<Mode>,
    report: Option<Vec<u8>>,
    currency: u16,
    private: Private,
    receipt: Option<Vec<u8>>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let line = || prop_oneof![9 => b' '..=b'~', 1 => Just(0x7f)];
    let lines = vec(prop_oneof![9 => line().boxed(), 1 => Just(b'\n').boxed()], 1..=432);
    let ends = prop_oneof![
        Just((None, None)),
        vec(line(), 55).prop_map(|report| (Some(report), None)),
        (vec(line(), 55), lines).prop_map(|(report, receipt)| (Some(report), Some(receipt))),
    ];
    let number = prop_oneof![3 => b'0'..=b'9', 1 => select(b"AZaz".as_slice())];
    (
        [number.clone(), number],
        b' '..=b'~',
        0..=99_999_999u32,
        proptest::option::of(mode()),
        0..=999u16,
        private(),
        ends,
    )
        .prop_map(|(register, stat, minor, mode, currency, private, (report, receipt))| Parts {
            register,
            stat,
            minor,
            mode,
            report,
            currency,
            private,
            receipt,
        })
}

impl Parts {
    fn answer(&self) -> Answer<'_> {
        Answer {
            register: RegisterCode::new(self.register).unwrap(),
            stat: Stat::from_character(self.stat).unwrap(),
            minor: self.minor,
            mode: self.mode,
            report: self.report.as_deref().map(|report| Report::new(report.try_into().unwrap()).unwrap()),
            currency: self.currency,
            private: self.private,
            receipt: self.receipt.as_deref().map(|text| ReceiptText::new(text).unwrap()),
        }
    }
}

fn tolerance() -> impl Strategy<Value = Tolerance> {
    (any::<bool>(), any::<bool>())
        .prop_map(|(receipt, register_letters)| Tolerance { receipt, register_letters })
}

/// Bytes of every kind: noise, characters of bodies at the lengths of bodies, and bodies with a byte changed, added or
/// taken away.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let lengths = prop_oneof![select([25usize, 26, 30, 34, 80].as_slice()), 81..=130usize];
    let digits = lengths.prop_flat_map(|length| vec(select(b"0000019 A\n".as_slice()), length));
    let written = prop_oneof![
        request().prop_map(|it| it.encode(&mut [0; LONGEST_REQUEST]).unwrap().to_vec()),
        parts().prop_map(|it| it.answer().encode(&mut [0; LONGEST_ANSWER]).unwrap().to_vec()),
    ];
    let damaged = (written, any::<Index>(), any::<u8>(), 0..4u8).prop_map(|(mut bytes, place, byte, how)| {
        let place = place.index(bytes.len());
        match how {
            0 => bytes[place] = byte,
            1 => bytes.insert(place, byte),
            2 => drop(bytes.remove(place)),
            _ => {}
        }
        bytes
    });
    prop_oneof![1 => vec(any::<u8>(), 0..600), 2 => digits, 4 => damaged]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_request_that_is_written_is_read_the_same(request in request()) {
        let mut buffer = [0; LONGEST_REQUEST];
        let wire = request.encode(&mut buffer).unwrap();
        let received = Received::decode(wire, Tolerance::default()).unwrap();
        let form = match request.form {
            Form::E => ReceivedForm::E,
            Form::EWithReceipt => ReceivedForm::EWithReceipt,
            Form::EPlus(authorisation) => ReceivedForm::EPlus { delay: Delay::End, authorisation },
        };
        let Request { register, amount, flag, mode, transaction, private, .. } = request;
        let register = RegisterCode::from(register);
        prop_assert_eq!(received, Received { register, amount, flag, mode, transaction, private, form });
        prop_assert!(Answer::decode(wire, Tolerance::ALL).is_err());
        let is_request = |kind| matches!(kind, Kind::Fixed(layout) if layout.is_request());
        prop_assert!(is_request(recognise(wire)));
        // The amount stands where every terminal looks for it.
        let text = std::str::from_utf8(wire).unwrap();
        prop_assert_eq!(&text[2..10], &format!("{:08}", amount.minor()));
        prop_assert_eq!(&text[13..16], &format!("{:03}", amount.currency().numeric()));
    }

    #[test]
    fn an_answer_that_is_written_is_read_the_same(parts in parts()) {
        let answer = parts.answer();
        let mut buffer = [0; LONGEST_ANSWER];
        let wire = answer.encode(&mut buffer).unwrap();
        prop_assert_eq!(Answer::decode(wire, Tolerance::ALL), Ok(answer));
        prop_assert!(Received::decode(wire, Tolerance::ALL).is_err());
        let strict = Answer::decode(wire, Tolerance::default());
        let tolerated = answer.receipt.is_some() || answer.register.register().is_none();
        prop_assert_eq!(strict.is_err(), tolerated);
    }

    #[test]
    fn what_is_read_is_written_the_same_and_nothing_panics(bytes in bytes(), tolerance in tolerance()) {
        let body = Body::decode(&bytes, tolerance);
        let received = Received::decode(&bytes, tolerance);
        let answer = Answer::decode(&bytes, tolerance);
        prop_assert!(received.is_err() || answer.is_err());
        prop_assert!(body.is_ok() || (received.is_err() && answer.is_err()));
        if let Ok(body) = body {
            prop_assert_eq!(body.layout().is_request(), answer.is_err());
            let joined: Vec<u8> = body.fields().flat_map(|field| field.value().to_vec()).collect();
            prop_assert_eq!(&joined, &bytes);
        }
        if let Ok(answer) = answer {
            let mut buffer = [0; LONGEST_ANSWER];
            prop_assert_eq!(answer.encode(&mut buffer), Ok(bytes.as_slice()));
            let _ = (answer.amount(), answer.card());
        }
        if let Ok(received) = received {
            let form = match received.form {
                ReceivedForm::E => Some(Form::E),
                ReceivedForm::EWithReceipt => Some(Form::EWithReceipt),
                ReceivedForm::EPlus { delay: Delay::End, authorisation } => Some(Form::EPlus(authorisation)),
                ReceivedForm::EPlus { .. } => None,
            };
            let Received { amount, flag, mode, transaction, private, .. } = received;
            if let (Some(form), Some(register)) = (form, received.register.register()) {
                let request = Request { register, amount, flag, mode, transaction, private, form };
                let mut buffer = [0; LONGEST_REQUEST];
                prop_assert_eq!(request.encode(&mut buffer), Ok(bytes.as_slice()));
            }
        }
        for result in [body.map(drop), received.map(drop), answer.map(drop)] {
            if let Err(Fault::Field { offset, .. }) = result {
                prop_assert!(offset < bytes.len());
            }
        }
        let _ = recognise(&bytes).to_string();
    }

    #[test]
    fn amounts_that_do_not_fit_are_refused(minor in LARGEST_AMOUNT + 1.., base in request()) {
        let request = Request { amount: Amount::from_minor(minor, base.amount.currency()), ..base };
        let refused = request.encode(&mut [0; LONGEST_REQUEST]).map(<[u8]>::to_vec);
        prop_assert_eq!(refused, Err(EncodeError::TooLarge(FieldName::Amount)));
    }

    #[test]
    fn three_x_is_told_from_e(minor in 1..=LARGEST_AMOUNT, private in "[ -~]{0,60}") {
        let text = format!("CZ0040300CB{:03}{minor:02}CF{:03}{private}", format!("{minor:02}").len(), private.len());
        let message = Message::decode(text.as_bytes()).unwrap();
        prop_assert!(message.get(Tag::CF).is_some());
        prop_assert_eq!(recognise(text.as_bytes()), Kind::Tlv);
        // Cut anywhere it stays what it is: it begins with CZ.
        for end in 2..text.len() {
            prop_assert_eq!(recognise(&text.as_bytes()[..end]), Kind::Tlv);
        }
    }

    #[test]
    fn masking_hides_all_but_ten_digits(digits in "[0-9]{13,19}", filler in select(b" 0=D".as_slice())) {
        let mut characters = [filler; 55];
        characters[..digits.len()].copy_from_slice(digits.as_bytes());
        if let Some(card) = Report::new(&characters).unwrap().card() {
            let shown = card.masked().bytes().filter(u8::is_ascii_digit).count();
            prop_assert!(shown <= 10, "{}", card.masked());
        }
    }
}

#[test]
fn every_layout_has_requests_or_answers() {
    assert_eq!(Layout::ALL.iter().filter(|layout| layout.is_request()).count(), 3);
}
