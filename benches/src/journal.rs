//! A journal with settled payments, and the payment that is measured on it.

use std::error::Error;
use std::ops::ControlFlow;

use caisse_journal::{Event, Journal, SqliteJournal, TerminalKey, WallTime};
use caisse_payment::{
    Amount, Conclusion, Currency, Operation, Outcome, Proof, RawStatus, Transaction, TransactionId, Verdict,
};

const MINUTE: u64 = 60_000;
const TERMINALS: u64 = 10;

/// Writes settled payments: the newest one a minute ago, and the one before it a minute earlier.
///
/// # Errors
/// The error of the journal.
pub fn fill(journal: &mut SqliteJournal, payments: u64) -> Result<(), Box<dyn Error>> {
    let now = WallTime::now().millis();
    for number in 0..payments {
        let at = WallTime::from_millis(now.saturating_sub((payments - number) * MINUTE));
        let debit = debit(number)?;
        journal.append(&debit.id, &Event::Started(debit), at)?;
        journal.append(&debit.id, &Event::Ended(approved(number)), at)?;
    }
    Ok(())
}

/// Reads and writes the journal as a till does for one payment. Returns the number of earlier transactions that were visited.
///
/// # Errors
/// The error of the journal, or an error if the payment exists already or its terminal has an unresolved one.
pub fn pay(journal: &mut SqliteJournal, number: u64) -> Result<usize, Box<dyn Error>> {
    let (debit, at) = (debit(number)?, WallTime::from_millis(1_795_424_400_000));
    let key = TerminalKey::from(&debit);
    if journal.find(&debit.id)?.is_some() || !journal.unresolved_at(&key)?.is_empty() {
        return Err("the journal holds the payment back".into());
    }
    // The newest transaction of the terminal may be in dispute.
    let mut seen = 0;
    journal.walk_back(&key, &mut |_| {
        seen += 1;
        ControlFlow::Break(())
    })?;
    journal.append(&debit.id, &Event::Started(debit), at)?;
    journal.append(&debit.id, &Event::Ended(approved(number)), at)?;
    // A person may have decided meanwhile.
    journal.find(&debit.id)?.ok_or("the payment is not there")?;
    Ok(seen)
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
