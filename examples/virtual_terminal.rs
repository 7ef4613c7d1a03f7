//! Tests a till against a terminal in the same process: what the till believes is compared with what was charged.

use std::error::Error;
use std::time::Duration;

use caisse::{Amount, Currency, MemoryJournal, PaymentRequest, Till};
use caisse_simulator::VirtualTerminal;

fn main() -> Result<(), Box<dyn Error>> {
    for script in ["approve", "decline:04", "cancel", "partial:20.00", "timeout"] {
        let terminal = VirtualTerminal::builder().answer(script.parse()?).start()?;
        let mut till = Till::builder()
            .tcp(&terminal.address().to_string())
            .journal(MemoryJournal::new())
            .answer_timeout(Duration::from_secs(2))
            .build()?;
        let request = PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?).allow_partial();
        let payment = till.pay(request)?;
        let charged: u64 = terminal.ledger().charges().iter().map(|charge| charge.amount_minor).sum();
        println!("{script:<14} the till says: {:<55} charged: {charged} cents", payment.outcome.to_string());
    }
    Ok(())
}
