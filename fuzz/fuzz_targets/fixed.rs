//! E and E+: whatever the bytes, nothing panics, what is read is written back the same, and the report, the private
//! data and the receipt do not show.
#![no_main]

use caisse_codec::explain::Language;
use caisse_codec::fixed::{
    Answer, Body, Delay, Explanation, Fault, FieldName, Form, Kind, LONGEST_ANSWER, LONGEST_REQUEST,
    Received, ReceivedForm, Request, Tolerance, recognise,
};
use libfuzzer_sys::fuzz_target;

fn tolerances() -> impl Iterator<Item = Tolerance> {
    [(false, false), (false, true), (true, false), (true, true)]
        .into_iter()
        .map(|(receipt, register_letters)| Tolerance { receipt, register_letters })
}

/// All the ways in which a body prints.
fn printed(body: Body<'_>, tolerance: Tolerance) -> Vec<String> {
    let bytes = body.as_bytes();
    let mut texts = vec![
        format!("{body:?} {:?}", recognise(bytes)),
        serde_json::to_string(&body).expect("a body serialises"),
        format!("{:?}", Received::decode(bytes, tolerance)),
        format!("{:?}", Answer::decode(bytes, tolerance)),
    ];
    for field in body.fields() {
        for language in [Language::French, Language::English] {
            let explanation = Explanation::new(field, body, language);
            texts.push(format!("{explanation} {explanation:?} {:?}", explanation.meaning()));
        }
    }
    texts
}

fn hidden(body: Body<'_>, tolerance: Tolerance) {
    let texts = printed(body, tolerance);
    for field in body.fields() {
        assert_eq!(field.shown().is_none(), field.name().is_sensitive());
        let Ok(value) = std::str::from_utf8(field.value()) else { continue };
        // Long and varied enough not to be in a text by chance: ten digits at the least.
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        if field.name().is_sensitive() && digits >= 10 {
            assert!(texts.iter().all(|text| !text.contains(value)), "{} shows", field.name());
        }
    }
    if let Ok(Answer { report: Some(report), .. }) = Answer::decode(body.as_bytes(), tolerance) {
        let shown = report.card().map(|card| card.masked().bytes().filter(u8::is_ascii_digit).count());
        assert!(shown.unwrap_or(0) <= 10);
    }
}

fn request(bytes: &[u8], received: Received) {
    let form = match received.form {
        ReceivedForm::E => Form::E,
        ReceivedForm::EWithReceipt => Form::EWithReceipt,
        ReceivedForm::EPlus { delay: Delay::End, authorisation } => Form::EPlus(authorisation),
        // A till cannot ask for an immediate answer.
        ReceivedForm::EPlus { delay: Delay::Immediate, .. } => return,
    };
    let Some(register) = received.register.register() else { return };
    let Received { amount, flag, mode, transaction, private, .. } = received;
    let request = Request { register, amount, flag, mode, transaction, private, form };
    assert_eq!(request.encode(&mut [0; LONGEST_REQUEST]), Ok(bytes));
}

fuzz_target!(|bytes: &[u8]| {
    let kind = recognise(bytes);
    assert!(!kind.to_string().is_empty());
    for tolerance in tolerances() {
        let body = Body::decode(bytes, tolerance);
        let received = Received::decode(bytes, tolerance);
        let answer = Answer::decode(bytes, tolerance);
        match body {
            Ok(body) => {
                let joined: Vec<u8> = body.fields().flat_map(|field| field.value()).copied().collect();
                assert_eq!(joined, bytes);
                assert_eq!(answer.is_err(), body.layout().is_request());
                assert!(matches!(kind, Kind::Fixed(layout) if layout == body.layout()) || kind == Kind::Tlv);
                hidden(body, tolerance);
            }
            Err(Fault::Length { length, .. }) => assert_eq!(length, bytes.len()),
            Err(Fault::Field { field, offset, .. }) => {
                assert!(offset < bytes.len());
                assert!(answer.is_err() && received.is_err(), "{field}");
            }
        }
        if let Ok(answer) = answer {
            assert_eq!(answer.encode(&mut [0; LONGEST_ANSWER]), Ok(bytes));
        }
        match received {
            Ok(received) => request(bytes, received),
            // Values that are no matter of characters.
            Err(Fault::Field { field, .. }) if body.is_ok() => {
                assert!(matches!(field, FieldName::Amount | FieldName::Currency));
            }
            Err(_) => {}
        }
    }
});
