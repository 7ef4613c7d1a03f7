//! Bodies of E and E+.

use core::hint::black_box;

use caisse_codec::fixed::{
    Answer, AnswerFlag, Authorisation, Body, FieldName, Form, Mode, Private, ReceiptText, Received,
    RegisterCode, Report, Request, Stat, Tolerance, TransactionType, recognise,
};
use caisse_payment::{Amount, Currency, Register};

fn tolerance() -> Tolerance {
    black_box(Tolerance::ALL)
}

pub fn read(bytes: &[u8], buffer: &mut [u8]) {
    let _ = black_box(recognise(bytes));
    if let Ok(body) = Body::decode(bytes, tolerance()) {
        for field in body.fields() {
            black_box((field.name(), field.offset(), field.value(), field.shown()));
        }
        black_box((body.get(black_box(FieldName::Amount)), body.layout(), body.as_bytes()));
    }
    let _ = black_box(Received::decode(bytes, tolerance()));
    if let Ok(answer) = Answer::decode(bytes, tolerance()) {
        black_box((answer.amount(), answer.card()));
        black_box(answer.receipt.map(|receipt| receipt.reveal()));
        let _ = black_box(black_box(answer).encode(buffer));
        reached!(fixed_read);
    }
}

pub fn write(bytes: &[u8], buffer: &mut [u8]) {
    let Some(currency) = Currency::from_numeric(black_box(978)) else { return };
    let Some(register) = Register::new(black_box(7)) else { return };
    let Some(mode) = Mode::new(black_box(b'1')) else { return };
    let Some(flag) = AnswerFlag::from_character(black_box(b'1')) else { return };
    let Some(transaction) = TransactionType::from_character(black_box(b'1')) else { return };
    let Ok(private) = Private::new(core::str::from_utf8(bytes).unwrap_or_default()) else { return };
    let amount = Amount::from_minor(black_box(u64::MAX), currency);
    let form = black_box(Form::EPlus(Authorisation::Forced));
    let _ = black_box(
        black_box(Request { register, amount, flag, mode, transaction, private, form }).encode(buffer),
    );

    let answer = Answer {
        register: black_box(RegisterCode::from(register)),
        stat: black_box(Stat::Accepted),
        minor: black_box(u32::MAX),
        mode: black_box(Some(mode)),
        report: bytes.first_chunk().and_then(|characters| Report::new(characters).ok()),
        currency: black_box(978),
        private,
        receipt: ReceiptText::new(bytes).ok(),
    };
    let _ = black_box(black_box(answer).encode(buffer));
    reached!(fixed_written);
}
