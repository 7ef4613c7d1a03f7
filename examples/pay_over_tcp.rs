//! Takes one payment on a terminal that listens on TCP, with progress and a journal on disk.
//!
//! Try it against `caisse terminal`. With the address of a real terminal it moves real money.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use caisse::{Amount, Currency, Event, Outcome, PaymentRequest, SqliteJournal, Till};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(amount)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pay_over_tcp tcp://HOST:PORT AMOUNT [JOURNAL]".into());
    };
    // Where it stays: a journal that is cleaned away takes the doubt about a payment with it.
    let journal = PathBuf::from(arguments.next().unwrap_or_else(|| "caisse-example.sqlite".into()));
    let mut till = Till::builder()
        .tcp(&address)
        .terminal_id("example-counter")
        .journal(SqliteJournal::open(&journal)?)
        .build()?;
    let request = PaymentRequest::debit(Amount::parse(&amount, Currency::EUR)?).with_ticket();
    let payment = till.pay_with(request, |event| match event {
        Event::Waiting => println!("please present your card"),
        event => println!("{event:?}"),
    })?;
    match payment.outcome {
        Outcome::Approved { amount } => println!("paid: {amount}"),
        Outcome::PartiallyApproved { approved, due } => println!("paid: {approved}; still to pay: {due}"),
        Outcome::Declined { refusal } | Outcome::Cancelled { refusal } => println!("not paid: {refusal}"),
        Outcome::NotSent { reason } => println!("nothing was sent, try again: {reason}"),
        Outcome::Unknown { doubt } => println!("LOOK AT THE TERMINAL, do not pay again: {doubt}"),
        Outcome::Blocked { reason } => println!("not begun: {reason} (journal {})", journal.display()),
    }
    for receipt in &payment.receipts {
        println!("{}", receipt.text());
    }
    Ok(())
}
