//! Makes a journal with settled payments, to measure what its size costs: `journal_of PAYMENTS FILE`. The newest payment is of now,
//! and the one before it a minute earlier.

use std::error::Error;

use caisse_journal::{Event, Journal, SqliteJournal, WallTime};
use caisse_payment::{
    Amount, Conclusion, Currency, Operation, Outcome, Proof, RawStatus, Transaction, TransactionId, Verdict,
};

const MINUTE: u64 = 60_000;
const TERMINALS: u64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(payments), Some(file), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: journal_of PAYMENTS FILE".into());
    };
    let payments: u64 = payments.parse()?;
    let mut journal = SqliteJournal::open(file)?;
    let now = WallTime::now().millis();
    for number in 0..payments {
        let at = WallTime::from_millis(now.saturating_sub((payments - number) * MINUTE));
        let debit = debit(number)?;
        journal.append(&debit.id, &Event::Started(debit), at)?;
        journal.append(&debit.id, &Event::Ended(approved(number)), at)?;
    }
    Ok(())
}

fn debit(number: u64) -> Result<Transaction, Box<dyn Error>> {
    let id: TransactionId = format!("order-{number:07}").parse()?;
    let counter = number % TERMINALS;
    let (terminal, dialect) = (format!("counter-{counter}").parse()?, "payxpress".parse()?);
    Ok(Transaction {
        reference: Some(format!("table {number}").parse()?),
        address: Some(format!("tcp:192.0.2.{counter}:8888").parse()?),
        ..Transaction::new(id, Operation::Debit, Amount::from_minor(2500, Currency::EUR), terminal, dialect)
    })
}

fn approved(number: u64) -> Conclusion {
    let amount = Amount::from_minor(2500, Currency::EUR);
    Conclusion {
        verdict: Verdict { outcome: Outcome::Approved { amount }, proof: Proof::Answered },
        authorisation: format!("{:06}", 1 + number % 999_999).parse().ok(),
        contract: "1234567".parse().ok(),
        serial_number: None,
        reported_amount: None,
        last_four: Some(*b"0674"),
        status: RawStatus { status: Some(*b"10"), ..RawStatus::default() },
    }
}
