//! Both generations at once, from either end of the line: a request that a terminal reads is the one that a till writes,
//! in each format that carries it; the answer that it gets is read by that till as it was meant.
#![no_main]

use caisse_codec::wire::{self, Format, Generation, Received, ReplyError, Standing};
use caisse_codec::{Extra, ReceivedMoney, fixed};
use caisse_codec::{
    LONGEST_ANSWER, Message, MoneyRequest, ReceivedRequest, RequestHeader, Status, TerminalAnswer, Version,
};
use libfuzzer_sys::fuzz_target;

fn formats() -> [Format; 3] {
    let identifier = "012345678901".parse().expect("twelve digits");
    let concert3 = Format::Concert3 { version: Version::V3_20, identifier, amount_digits: 2 };
    [concert3, Format::E { receipt: true, report: true }, Format::EPlus { report: false }]
}

/// A request of 3.x that moves money, written again by a till and read again by a terminal.
fn rewritten(received: &ReceivedMoney<'_>) {
    let ReceivedMoney { header, operation, amount, options } = *received;
    let Some(identifier) = header.identifier else { return };
    let header = RequestHeader { version: header.version, identifier, register: header.register };
    let request = MoneyRequest { header, operation, amount, options, extra: Extra::NONE };
    let mut buffer = [0; 4096];
    // Lengths and characters that a terminal tolerates and a till does not write.
    let Ok(wire) = request.encode(&mut buffer) else { return };
    let message = Message::decode(wire).expect("what was written can be read");
    let again = ReceivedRequest::read(&message).expect("a request");
    let mut expected = *received;
    expected.header.immediate = false;
    assert_eq!(again, ReceivedRequest::Money(expected));
}

/// The same by the word for both generations: what a format carries is all there.
fn carried(received: &Received<'_>) {
    let (Some(register), Some(operation), Some(amount)) =
        (received.register(), received.operation(), received.amount())
    else {
        return;
    };
    let options = match received {
        Received::Concert3(ReceivedRequest::Money(money)) => money.options,
        Received::Concert3(_) | Received::Fixed(_) => caisse_codec::Options::NONE,
    };
    for format in formats() {
        let mut buffer = [0; 4096];
        let request = wire::Request { register, operation, amount, options };
        let Ok(body) = request.encode(&format, &mut buffer) else { continue };
        let again = Received::read(body).expect("what was written can be read");
        assert_eq!(again.generation(), format.generation());
        assert_eq!(
            (again.register(), again.operation(), again.amount(), again.immediate()),
            (Some(register), Some(operation), Some(amount), false)
        );
        if let Received::Fixed(fixed) = again {
            let private = options.private.map(|data| *data.reveal()).unwrap_or_default();
            assert_eq!(fixed.private.reveal().trim_ascii_end(), private.trim_ascii_end());
            let forced = matches!(
                fixed.form,
                fixed::ReceivedForm::EPlus { authorisation: fixed::Authorisation::Forced, .. }
            );
            assert_eq!(forced, options.force_authorisation == Some(true));
            assert_eq!(fixed.form == fixed::ReceivedForm::EWithReceipt, options.ticket.is_some());
        }
    }
}

/// A terminal answers, and the till reads the same.
fn answered(received: &Received<'_>) {
    // A register of letters is tolerated by a terminal, and no till of ours has one.
    let Some(register) = received.register() else { return };
    for (status, standing) in [
        (Status::Performed, Standing::Performed),
        (Status::NotPerformed, Standing::NotPerformed { complement: None }),
        (Status::Taken, Standing::Taken),
    ] {
        let answer = TerminalAnswer {
            amount: received.amount(),
            ..TerminalAnswer::new(Version::V3_20, register, status)
        };
        let mut buffer = [0; LONGEST_ANSWER];
        let body = match received.encode_answer(&answer, &mut buffer) {
            Ok(body) => body,
            // No money, or more of it than a terminal can write: E and E+ cannot say that.
            Err(ReplyError::Incomplete) => return assert!(answer.amount.is_none()),
            Err(error) => {
                let largest = if received.generation() == Generation::Concert3 {
                    caisse_codec::LARGEST_AMOUNT
                } else {
                    fixed::LARGEST_AMOUNT
                };
                return assert!(answer.amount.is_some_and(|amount| amount.minor() > largest), "{error}");
            }
        };
        let generation = received.generation();
        let format = formats().into_iter().find(|format| format.generation() == generation);
        let read = wire::Answer::decode(body, &format.expect("one of three")).expect("an answer");
        assert_eq!(read.standing(), Some(standing));
        assert_eq!(read.amount_minor(), received.amount().map(|amount| amount.minor()));
        assert_eq!(read.register(), Some(register));
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(received) = Received::read(bytes) {
        if let Received::Concert3(ReceivedRequest::Money(money)) = &received {
            rewritten(money);
        }
        carried(&received);
        answered(&received);
    }
    for format in formats() {
        let Ok(answer) = wire::Answer::decode(bytes, &format) else { continue };
        match answer {
            wire::Answer::Concert3(typed) => assert_eq!(Ok(typed), caisse_codec::Answer::decode(bytes)),
            wire::Answer::Fixed(typed) => {
                let mut buffer = [0; 1024];
                assert_eq!(typed.encode(&mut buffer), Ok(bytes), "what is read is written back");
                assert_eq!(answer.amount_minor(), Some(u64::from(typed.minor)));
            }
        }
        if let Some(card) = answer.card() {
            let digits = card.masked().bytes().filter(u8::is_ascii_digit).count();
            assert!(digits <= 10, "{digits} digits of a card");
        }
    }
});
