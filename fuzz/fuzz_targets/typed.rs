//! The meaning: whatever the bytes, nothing panics, what is read is written back the same, and no sensitive value
//! shows.
#![no_main]

use caisse_codec::explain::{Direction, Explanation, Language};
use caisse_codec::{
    Answer, DebitRequest, FieldScanner, LONGEST_REQUEST, Message, Tag, Tickets, check, dictionary,
};
use caisse_payment::holds_card_number;
use libfuzzer_sys::fuzz_target;

/// All the ways in which a message prints.
fn printed(message: Message<'_>) -> Vec<String> {
    let mut texts = vec![
        format!("{message:?}"),
        format!("{:?}", Answer::new(message)),
        serde_json::to_string(&message).expect("fields serialise"),
        format!("{:?}", DebitRequest::read(&message)),
    ];
    texts.extend(Answer::new(message).tickets().map(|ticket| format!("{ticket:?}")));
    for field in message.fields() {
        for language in [Language::French, Language::English] {
            let explanation = Explanation::new(field, message, language);
            texts.push(format!("{explanation} {explanation:?} {:?}", explanation.meaning()));
        }
    }
    let mut scanner = FieldScanner::new();
    let mut stream = message.as_bytes();
    while let Some(piece) = scanner.next(&mut stream) {
        texts.push(format!("{piece:?} {scanner:?}"));
    }
    texts
}

/// Whether a run of digits in the text makes a card number. Groups are not joined: offsets and lengths stand
/// between the values.
fn shows_card_number(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_digit()).any(holds_card_number)
}

fn hidden(message: Message<'_>) {
    let shown: Vec<&str> = message.fields().filter_map(|field| field.shown()).collect();
    for value in &shown {
        assert!(!holds_card_number(value), "a card number is shown");
    }
    let texts = printed(message);
    for text in &texts {
        assert!(!shows_card_number(text), "{text}");
    }
    for field in message.fields() {
        let sensitive = dictionary::find(field.tag()).is_none_or(|row| row.sensitive);
        assert!(!sensitive || field.shown().is_none(), "{}", field.tag());
        // A value long enough not to be in a text by chance, and that no other field says openly.
        let Ok(value) = std::str::from_utf8(field.value()) else { continue };
        let digits = value.len() >= 12 && value.bytes().all(|byte| byte.is_ascii_digit());
        if sensitive && digits && !shown.iter().any(|shown| shown.contains(value)) {
            for text in &texts {
                assert!(!text.contains(value), "{} shows in {text}", field.tag());
            }
        }
    }
}

fn requests(message: Message<'_>) {
    let Ok(received) = DebitRequest::read(&message) else { return };
    let Some(identifier) = received.identifier else { return };
    let request = DebitRequest {
        version: received.version,
        identifier,
        register: received.register,
        amount: received.amount,
        partial: received.partial,
        application: received.application,
        ticket: received.ticket,
    };
    let mut buffer = [0; LONGEST_REQUEST];
    let wire = request.encode(&mut buffer).expect("what was read can be written");
    let again = Message::decode(wire).expect("what was written can be read");
    assert_eq!(check::faults(again).count(), 0);
    assert_eq!(check::first_fault_of_order(again), None);
    let mut expected = received;
    expected.immediate = false;
    assert_eq!(DebitRequest::read(&again), Ok(expected));
}

fn answers(message: Message<'_>) {
    let answer = Answer::new(message);
    if let Some(card) = answer.card() {
        assert!(!shows_card_number(card.masked()), "a card number in clear");
    }
    let _ = (answer.version(), answer.complement().map(|it| it.refusal()), answer.reading_mode());
    let _ = (answer.authorisation(), answer.contract(), answer.application());
    assert_eq!(answer.status().is_some(), message.get(Tag::AE).is_some_and(|field| field.value().len() == 2));
    if let Some(minor) = answer.amount_minor() {
        let digits = message.get(Tag::CB).expect("an amount").value();
        assert!(digits.iter().all(u8::is_ascii_digit));
        assert!(digits.ends_with(minor.to_string().as_bytes()));
    }
    documented(&answer);
    let _ = Direction::of(message);
    assert!(check::faults(message).all(|fault| !fault.to_string().is_empty()));
}

/// Whether fields are as documented, found several bytes at a time, is what the dictionary says of each.
fn documented(answer: &Answer<'_>) {
    let message = answer.message();
    let Ok(read) = Answer::decode(message.as_bytes()) else { return assert!(message.as_bytes().is_empty()) };
    let mut all = true;
    for row in dictionary::DEFINITIONS {
        let allowed = message.get(row.tag).map(|field| row.allows(field.value()));
        assert_eq!(
            (read.is_documented(row.tag), answer.is_documented(row.tag)),
            (allowed, allowed),
            "{}",
            row.tag
        );
        all &= allowed != Some(false);
    }
    assert_eq!((read.is_all_documented(), answer.is_all_documented()), (all, all));
}

fn tickets(constructed: &[u8]) {
    for ticket in Tickets::new(constructed) {
        let enough = ticket.base64().len() * 3 / 4;
        let mut buffer = vec![0; enough];
        let text = ticket.decode(&mut buffer).map(<[u8]>::to_vec);
        assert_eq!(text.is_ok(), ticket.receipt().is_ok());
        let Ok(text) = text else {
            assert_eq!(text, Err(caisse_codec::TicketError::NotBase64), "three quarters are enough");
            continue;
        };
        assert_eq!(ticket.decode(&mut vec![0; text.len()]), Ok(text.as_slice()));
        if let Some(short) = text.len().checked_sub(1) {
            assert!(ticket.decode(&mut vec![0; short]).is_err());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (message, _) = Message::read(bytes);
    hidden(message);
    requests(message);
    answers(message);
    tickets(bytes);
    for field in message.fields() {
        tickets(field.value());
    }
});
