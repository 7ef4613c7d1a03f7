//! Two counters in one program, on Tokio: each recovers what the day before left open, and both pay at once.
//!
//! Here the terminals are virtual: no money moves.

use std::error::Error;

use caisse::asynchronous::AsyncTill;
use caisse::{Amount, Currency, Event, MemoryJournal, Outcome, PaymentRequest, Till};
use caisse_simulator::VirtualTerminal;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let terminals = [VirtualTerminal::start()?, VirtualTerminal::start()?];
    let mut counters = Vec::new();
    for (number, terminal) in terminals.iter().enumerate() {
        // A real till keeps its journal in a file: `SqliteJournal`.
        let till = Till::builder()
            .address(&terminal.address().to_string())
            .terminal_id(&format!("counter-{}", number + 1))
            .journal(MemoryJournal::new())
            .build_async()?;
        for recovered in till.recover().await? {
            println!("{}: {:?}", recovered.record.id(), recovered.finding);
        }
        counters.push(till);
    }
    let (first, second) = tokio::join!(sell(&counters[0], "25.00"), sell(&counters[1], "12.50"));
    first.and(second)
}

async fn sell(till: &AsyncTill, amount: &str) -> Result<(), Box<dyn Error>> {
    let request = PaymentRequest::debit(Amount::parse(amount, Currency::EUR)?);
    // The payment runs in a task of its own: dropping this handle stops nothing, and `attach` finds it again.
    let mut payment = till.pay(&request)?;
    while let Some(event) = payment.next_event().await {
        if event == Event::Waiting {
            println!("{}: please present your card", till.terminal());
        }
    }
    match payment.outcome().await.outcome {
        Outcome::Approved { amount } => println!("{}: paid {amount}", till.terminal()),
        Outcome::PartiallyApproved { approved, due } => println!("paid {approved}; still to pay {due}"),
        Outcome::Declined { refusal } | Outcome::Cancelled { refusal } => println!("not paid: {refusal}"),
        Outcome::NotSent { reason } => println!("nothing was sent, try again: {reason}"),
        Outcome::Unknown { doubt } => println!("LOOK AT THE TERMINAL, do not pay again: {doubt}"),
        Outcome::Blocked { reason } => println!("not begun: {reason}"),
    }
    Ok(())
}
