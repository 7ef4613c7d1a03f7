//! No way of printing a body of E or E+ shows the report, the private data or the receipt.

mod support;

use caisse_codec::explain::Language;
use caisse_codec::fixed::{
    Answer, AnswerFlag, Authorisation, Body, Explanation, Form, LONGEST_ANSWER, LONGEST_REQUEST, Mode,
    Private, ReceiptText, Received, Report, Request, Tolerance, TransactionType, recognise,
};
use caisse_payment::{Amount, Currency, Register};
use support::canary::{Printed, base64_digits, joined};

const PAN: &str = "4970101234123457";
/// Ten characters, all of PRIV.
const PRIVATE: &str = "jean.dupon";
const TICKET: &str = "M DUPONT JEAN\n4970101234123457\n";
const CANARIES: &[&str] = &[PAN, PRIVATE, TICKET];

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
        let mut printed = Printed::new(CANARIES);
        printed.text("a careless type", text.clone());
        assert!(printed.leak().is_some(), "not found: {text}");
    }
    let mut printed = Printed::new(CANARIES);
    printed.text("a mask", "497010******3457".replace("497010", "******"));
    printed.check();
}

#[test]
fn bodies_requests_and_answers_hide_them() {
    let mut printed = Printed::new(CANARIES);
    for bytes in answers().into_iter().chain(requests()) {
        let body = Body::decode(&bytes, Tolerance::ALL).unwrap();
        printed.debug("a body", body);
        printed.debug("a body", body.fields());
        printed.debug("a body", Received::decode(&bytes, Tolerance::ALL));
        printed.debug("a body", Answer::decode(&bytes, Tolerance::ALL));
        printed.debug("a body", recognise(&bytes));
        printed.display("a body", recognise(&bytes));
        #[cfg(feature = "serde")]
        printed.serialised("a body", body);
        for field in body.fields() {
            printed.debug("a body", field);
            printed.debug("a body", field.shown());
            #[cfg(feature = "serde")]
            printed.serialised("a body", field);
            for language in [Language::French, Language::English] {
                let explanation = Explanation::new(field, body, language);
                printed.debug("a body", explanation);
                printed.debug("a body", explanation.meaning());
                printed.display("a body", explanation);
            }
        }
        if let Ok(answer) = Answer::decode(&bytes, Tolerance::ALL) {
            printed.debug("a body", answer.card());
            printed.debug("a body", answer.private);
            printed.display("a body", answer.private);
            #[cfg(feature = "serde")]
            printed.serialised("a body", answer.private);
            if let Some(report) = answer.report {
                printed.debug("a body", report);
                printed.display("a body", report);
                #[cfg(feature = "serde")]
                printed.serialised("a body", report);
                printed.debug("a body", report.card());
            }
            if let Some(receipt) = answer.receipt {
                printed.debug("a body", receipt);
                printed.display("a body", receipt);
                #[cfg(feature = "serde")]
                printed.serialised("a body", receipt);
            }
        }
    }
    printed.check();
}

#[test]
fn refusals_hide_them() {
    let mut printed = Printed::new(CANARIES);
    for bytes in answers().into_iter().chain(requests()) {
        for place in 0..bytes.len() {
            for damage in [0x05, b' ', b'A', 0xe9] {
                let mut damaged = bytes.clone();
                damaged[place] = damage;
                printed.debug("a body", recognise(&damaged));
                printed.display("a body", recognise(&damaged));
                for tolerance in [Tolerance::ALL, Tolerance::default()] {
                    let body = Body::decode(&damaged, tolerance).map(drop);
                    let received = Received::decode(&damaged, tolerance).map(drop);
                    let answer = Answer::decode(&damaged, tolerance).map(drop);
                    for fault in [body, received, answer].into_iter().filter_map(Result::err) {
                        printed.error("a body", fault);
                    }
                }
            }
            printed.display("a body", recognise(&bytes[..place]));
            printed.display("a body", recognise(&bytes[place..]));
        }
    }
    printed.error("a body", Private::new(PAN).unwrap_err());
    printed.error("a body", Private::new("jean\u{e9}dupon").unwrap_err());
    printed.error("a body", ReceiptText::new("M DUPONT JEAN\u{e9}".as_bytes()).unwrap_err());
    let mut characters = [b' '; 55];
    characters[..16].copy_from_slice(PAN.as_bytes());
    characters[54] = 0;
    printed.error("a body", Report::new(&characters).unwrap_err());

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
    printed.debug("a body", request);
    printed.error("a body", request.encode(&mut [0; LONGEST_REQUEST]).unwrap_err());
    let paid = Request { amount: Amount::from_minor(300, Currency::EUR), ..request };
    printed.error("a body", paid.encode(&mut [0; 33]).unwrap_err());
    let long = long_answer();
    let answer = Answer::decode(&long, Tolerance::default()).unwrap();
    printed
        .error("a body", Answer { currency: 1000, ..answer }.encode(&mut [0; LONGEST_ANSWER]).unwrap_err());
    printed.error("a body", answer.encode(&mut [0; 79]).unwrap_err());
    let receipt = ReceiptText::new(TICKET.as_bytes()).ok();
    let alone = Answer { report: None, receipt, ..answer };
    printed.debug("a body", alone);
    printed.error("a body", alone.encode(&mut [0; LONGEST_ANSWER]).unwrap_err());
    printed.check();
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
    assert_eq!(format!("{:?}", body.fields()), format!("{body:?}"));
    let mut behind = body.fields();
    behind.nth(4);
    assert_eq!(format!("{behind:?}"), "[DEV@67[3]=978, PRIV@70[10]=[redacted]]");
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
        let revealed = serde_json::to_value(caisse_codec::Revealed(body)).unwrap();
        assert_eq!(revealed[6], field("PRIV", 70, 10, Some(PRIVATE)));
        assert_eq!(revealed[4]["value"], format!("{PAN:<55}"));
        assert_eq!(revealed.as_array().unwrap().len(), 7);
    }
}
