//! No way of printing a body of E or E+ shows the report, the private data or the receipt.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use caisse_codec::explain::Language;
use caisse_codec::fixed::{
    Answer, AnswerFlag, Authorisation, Body, Explanation, Form, LONGEST_ANSWER, LONGEST_REQUEST, Mode,
    Private, ReceiptText, Received, Report, Request, Tolerance, TransactionType, recognise,
};
use caisse_payment::{Amount, Currency, Register};

const PAN: &str = "4970101234123457";
/// Ten characters, all of PRIV.
const PRIVATE: &str = "jean.dupon";
const TICKET: &str = "M DUPONT JEAN\n4970101234123457\n";
/// Runs of this length are looked for: the last four digits of a card may be shown.
const WINDOW: usize = 6;

fn long_answer() -> Vec<u8> {
    format!("010000012501{PAN:<55}978{PRIVATE}").into_bytes()
}

fn answers() -> [Vec<u8>; 5] {
    let long = long_answer();
    let track = format!("010000012501{:<55}978{PRIVATE}", format!("{PAN}=2512101{PRIVATE}"));
    let cheque = format!("01000001250C{PAN:<55}978{PRIVATE}");
    let short = format!("01000001250B978{PRIVATE}");
    let with_receipt = [long.clone(), TICKET.as_bytes().to_vec()].concat();
    [long, track.into_bytes(), cheque.into_bytes(), short.into_bytes(), with_receipt]
}

fn requests() -> [Vec<u8>; 3] {
    let e = format!("0100001234110978{PRIVATE}");
    [e.clone(), format!("{e}T012"), format!("{e}A011B010")].map(String::into_bytes)
}

fn joined(bytes: &[u8], separator: &str, form: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|byte| form(*byte)).collect::<Vec<_>>().join(separator)
}

fn base64_digits(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks_exact(3).flat_map(|group| {
        let bits = group.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(ALPHABET[bits >> shift & 63]))
    });
    digits.collect()
}

/// The shapes in which a run of bytes could leak.
fn shapes(run: &[u8]) -> [String; 8] {
    let hex = joined(run, "", |byte| format!("{byte:02x}"));
    [
        String::from_utf8(run.to_vec()).unwrap(),
        run.escape_ascii().to_string(),
        hex.to_uppercase(),
        hex,
        joined(run, " ", |byte| format!("{byte:02x}")),
        joined(run, ", ", |byte| byte.to_string()),
        joined(run, ",", |byte| byte.to_string()),
        base64_digits(run),
    ]
}

/// All that was printed, each text once.
#[derive(Default)]
struct Printed(BTreeSet<String>);

impl Printed {
    fn debug(&mut self, value: impl Debug) {
        self.0.insert(format!("{value:?}"));
        self.0.insert(format!("{value:#?}"));
    }

    fn display(&mut self, value: impl Display) {
        self.0.insert(value.to_string());
    }

    fn error(&mut self, error: impl std::error::Error) {
        self.debug(&error);
        self.display(&error);
    }

    #[cfg(feature = "serde")]
    fn serialised(&mut self, value: impl serde::Serialize) {
        self.0.insert(serde_json::to_string(&value).unwrap());
        self.0.insert(serde_json::to_string_pretty(&value).unwrap());
    }

    fn leak(&self) -> Option<String> {
        assert!(!self.0.is_empty());
        let canaries = [PAN, PRIVATE, TICKET].map(str::as_bytes);
        let all = self.0.iter().fold(String::new(), |all, text| all + "\n\n" + text);
        let mut shapes = canaries.iter().flat_map(|canary| canary.windows(WINDOW)).flat_map(shapes);
        let found = shapes.find(|shape| all.contains(shape))?;
        self.0.iter().find(|text| text.contains(&found)).cloned()
    }
}

#[test]
fn the_search_finds_what_leaks() {
    let report = long_answer();
    let careless = [
        format!("{report:?}"),
        report.escape_ascii().to_string(),
        joined(&report, "", |byte| format!("{byte:02x}")),
        base64_digits(PAN.as_bytes()),
        format!("private: {PRIVATE}"),
        format!("{TICKET:?}"),
    ];
    for text in careless {
        assert!(Printed(BTreeSet::from([text.clone()])).leak().is_some(), "not found: {text}");
    }
    assert_eq!(Printed(BTreeSet::from(["497010******3457".replace("497010", "******")])).leak(), None);
}

#[test]
fn bodies_requests_and_answers_hide_them() {
    let mut printed = Printed::default();
    for bytes in answers().into_iter().chain(requests()) {
        let body = Body::decode(&bytes, Tolerance::ALL).unwrap();
        printed.debug(body);
        printed.debug(body.fields());
        printed.debug(Received::decode(&bytes, Tolerance::ALL));
        printed.debug(Answer::decode(&bytes, Tolerance::ALL));
        printed.debug(recognise(&bytes));
        printed.display(recognise(&bytes));
        #[cfg(feature = "serde")]
        printed.serialised(body);
        for field in body.fields() {
            printed.debug(field);
            printed.debug(field.shown());
            #[cfg(feature = "serde")]
            printed.serialised(field);
            for language in [Language::French, Language::English] {
                let explanation = Explanation::new(field, body, language);
                printed.debug(explanation);
                printed.debug(explanation.meaning());
                printed.display(explanation);
            }
        }
        if let Ok(answer) = Answer::decode(&bytes, Tolerance::ALL) {
            printed.debug(answer.card());
            printed.debug(answer.private);
            printed.display(answer.private);
            #[cfg(feature = "serde")]
            printed.serialised(answer.private);
            if let Some(report) = answer.report {
                printed.debug(report);
                printed.display(report);
                #[cfg(feature = "serde")]
                printed.serialised(report);
                printed.debug(report.card());
            }
            if let Some(receipt) = answer.receipt {
                printed.debug(receipt);
                printed.display(receipt);
                #[cfg(feature = "serde")]
                printed.serialised(receipt);
            }
        }
    }
    assert_eq!(printed.leak(), None);
}

#[test]
fn refusals_hide_them() {
    let mut printed = Printed::default();
    for bytes in answers().into_iter().chain(requests()) {
        for place in 0..bytes.len() {
            for damage in [0x05, b' ', b'A', 0xe9] {
                let mut damaged = bytes.clone();
                damaged[place] = damage;
                printed.debug(recognise(&damaged));
                printed.display(recognise(&damaged));
                for tolerance in [Tolerance::ALL, Tolerance::default()] {
                    let body = Body::decode(&damaged, tolerance).map(drop);
                    let received = Received::decode(&damaged, tolerance).map(drop);
                    let answer = Answer::decode(&damaged, tolerance).map(drop);
                    for fault in [body, received, answer].into_iter().filter_map(Result::err) {
                        printed.error(fault);
                    }
                }
            }
            printed.display(recognise(&bytes[..place]));
            printed.display(recognise(&bytes[place..]));
        }
    }
    printed.error(Private::new(PAN).unwrap_err());
    printed.error(Private::new("jean\u{e9}dupon").unwrap_err());
    printed.error(ReceiptText::new("M DUPONT JEAN\u{e9}".as_bytes()).unwrap_err());
    let mut characters = [b' '; 55];
    characters[..16].copy_from_slice(PAN.as_bytes());
    characters[54] = 0;
    printed.error(Report::new(&characters).unwrap_err());

    let private = Private::new(PRIVATE).unwrap();
    let form = Form::EPlus(Authorisation::Terminal);
    let request = Request {
        register: Register::FIRST,
        amount: Amount::from_minor(0, Currency::EUR),
        flag: AnswerFlag::WithReport,
        mode: Mode::CARD,
        transaction: TransactionType::Debit,
        private,
        form,
    };
    printed.debug(request);
    printed.error(request.encode(&mut [0; LONGEST_REQUEST]).unwrap_err());
    let paid = Request { amount: Amount::from_minor(300, Currency::EUR), ..request };
    printed.error(paid.encode(&mut [0; 33]).unwrap_err());
    let long = long_answer();
    let answer = Answer::decode(&long, Tolerance::default()).unwrap();
    printed.error(Answer { currency: 1000, ..answer }.encode(&mut [0; LONGEST_ANSWER]).unwrap_err());
    printed.error(answer.encode(&mut [0; 79]).unwrap_err());
    let receipt = ReceiptText::new(TICKET.as_bytes()).ok();
    let alone = Answer { report: None, receipt, ..answer };
    printed.debug(alone);
    printed.error(alone.encode(&mut [0; LONGEST_ANSWER]).unwrap_err());
    assert_eq!(printed.leak(), None);
}

#[test]
fn what_may_be_shown_is() {
    let long = long_answer();
    let body = Body::decode(&long, Tolerance::default()).unwrap();
    assert_eq!(
        format!("{body:?}"),
        "[POS@0[2]=01, STAT@2[1]=0, MNT@3[8]=00001250, MODE@11[1]=1, REP@12[55]=[redacted], \
         DEV@67[3]=978, PRIV@70[10]=[redacted]]"
    );
    let answer = Answer::decode(&long, Tolerance::default()).unwrap();
    assert_eq!(
        format!("{answer:?}"),
        "Answer { register: 01, stat: Accepted, minor: 1250, mode: Some(MODE=1), report: Some([redacted]), \
         currency: 978, private: [redacted], receipt: None }"
    );
    #[cfg(feature = "serde")]
    {
        let field = |name, offset, length, value: Option<&str>| serde_json::json!({ "field": name, "offset": offset, "length": length, "value": value });
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            serde_json::json!([
                field("POS", 0, 2, Some("01")),
                field("STAT", 2, 1, Some("0")),
                field("MNT", 3, 8, Some("00001250")),
                field("MODE", 11, 1, Some("1")),
                field("REP", 12, 55, None),
                field("DEV", 67, 3, Some("978")),
                field("PRIV", 70, 10, None),
            ])
        );
        assert_eq!(serde_json::to_value(answer.private).unwrap(), "[redacted]");
    }
}
