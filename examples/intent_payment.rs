//! A till app takes a payment through PayXpress on its own device, dies, comes back, and knows what happened.
//!
//! `PaymentApp` plays PayXpress here; on a device `startActivityForResult` and `onActivityResult` stand in its place.

use std::error::Error;

use caisse::{Amount, Currency, MemoryJournal};
use caisse_intent::v4::{Perform, PrintLast, PrintedTickets};
use caisse_intent::{ActivityResult, Begun, PaymentRequest, Till};
use caisse_simulator::payment_app::PaymentApp;

fn main() -> Result<(), Box<dyn Error>> {
    // On a device: SqliteJournal, in the app's own files.
    let journal = MemoryJournal::new();
    let mut app = PaymentApp::new();
    let start = || Ok::<_, Box<dyn Error>>(Till::new(journal.clone(), "counter".parse()?, Currency::EUR));
    let sale = |id: &str| -> Result<PaymentRequest, Box<dyn Error>> {
        Ok(PaymentRequest::v4(Perform::debit(Amount::parse("25.00", Currency::EUR)?, id.parse()?)?))
    };

    let mut till = start()?;
    let request = sale("order-1")?;
    // Recorded first; only then is there an intent to launch.
    if let Begun::Launch(intent) = till.begin(&request)? {
        println!("launch {}", intent.to_intent_uri());
        let reply = app.launch(&intent)?;
        let result = ActivityResult::from_intent(reply.code, reply.data.as_ref());
        println!("order-1: {}", till.answer(&request.id(), &result)?.outcome);
    }

    // PayXpress charges the card, and then everything dies.
    let request = sale("order-2")?;
    app.behave("killed+charged".parse()?);
    if let Begun::Launch(intent) = till.begin(&request)? {
        app.launch(&intent)?;
    }
    drop(till);

    // After the restart: never launched again, and shown to a person instead.
    let mut till = start()?;
    if let Begun::Ended(payment) = till.begin(&request)? {
        println!("order-2: {}", payment.outcome);
    }
    till.give_up(&request.id())?.outcome.duty().inspect(|duty| println!("order-2: {}", duty.code()));
    let printing = till.print_last(&PrintLast::new(PrintedTickets::Client))?;
    let reply = app.launch(printing.intent())?;
    let tickets = printing.answer(&ActivityResult::from_intent(reply.code, reply.data.as_ref()));
    println!("{}", tickets.receipts().first().map(caisse::Receipt::text).unwrap_or_default());
    println!("charged: {}", app.ledger().len());
    Ok(())
}
