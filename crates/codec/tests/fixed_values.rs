//! The tables of values of E and E+, written a second time.

use caisse_codec::fixed::{AnswerFlag, Authorisation, Delay, FieldName, Layout, Mode, Stat, TransactionType};

#[test]
fn every_mode_has_its_words() {
    let table = [
        ('0', "other"),
        ('1', "card"),
        ('2', "American Express"),
        ('3', "Cetelem"),
        ('5', "Cofinoga"),
        ('6', "Diners"),
        ('7', "CB-Pass"),
        ('8', "Franfinance"),
        ('9', "JCB"),
        ('A', "Accord"),
        ('B', "contactless CB"),
        ('C', "cheque"),
        ('D', "contactless American Express"),
        ('E', "CMCIC-Pay"),
        ('F', "Fintrax EMV"),
        ('I', "CPEI"),
        ('O', "Moneo"),
        ('U', "CUP"),
    ];
    let known: Vec<_> = (b'!'..=b'~')
        .filter_map(Mode::new)
        .filter_map(|mode| Some((char::from(mode.character()), mode.text()?.en)))
        .collect();
    assert_eq!(known, table);
    assert_eq!(format!("{:?}", Mode::CHEQUE), "MODE=C");
}

#[test]
fn every_other_value_has_its_words() {
    let words: Vec<_> = AnswerFlag::ALL
        .iter()
        .map(|it| (it.character(), it.text().en))
        .chain(TransactionType::ALL.iter().map(|it| (it.character(), it.text().en)))
        .chain(Authorisation::ALL.iter().map(|it| (it.character(), it.text().en)))
        .chain(Delay::ALL.iter().map(|it| (it.character(), it.text().en)))
        .chain(b"079x".iter().filter_map(|it| Some((*it, Stat::from_character(*it)?.text().en))))
        .map(|(character, words)| format!("{} {words}", char::from(character)))
        .collect();
    assert_eq!(
        words,
        [
            "0 answer without a report",
            "1 answer with a report",
            "2 answer with a report in fields (PayXpert)",
            "0 debit",
            "1 credit",
            "2 cancellation",
            "4 pre-authorisation",
            "0 the terminal decides",
            "1 authorisation request forced",
            "2 undocumented value",
            "0 answer at the end of the transaction",
            "1 immediate answer: says nothing of the payment",
            "0 accepted",
            "7 refused or not completed",
            "9 taken into account, no result yet",
            "x unknown result",
        ]
    );
    assert_eq!(format!("{:?} {}", FieldName::Stat, FieldName::ReceiptText), "STAT TICKET");
    assert_eq!(Layout::RequestEPlus.to_string(), "E+ request");
}
