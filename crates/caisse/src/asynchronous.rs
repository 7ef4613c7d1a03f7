//! The same till on Tokio.
//!
//! A payment runs in a task of its own. What [`AsyncTill::pay`] gives is a handle: dropping it, or a future made of it,
//! stops nothing, and [`AsyncTill::attach`] finds the payment again. The journal is written on threads that may block. The
//! runtime has to live until the payment has ended; one that shuts down leaves the payment as a killed process does, in
//! the journal without an end.
//!
//! ```
//! use caisse::{Amount, Currency, MemoryJournal, Outcome, PaymentRequest, Till};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let terminal = caisse_simulator::VirtualTerminal::start()?;
//! let address = terminal.address().to_string();
//! let till = Till::builder().address(&address).journal(MemoryJournal::new()).build_async()?;
//! let payment = till.pay(PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?))?.await;
//! assert!(matches!(payment.outcome, Outcome::Approved { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bridge;
mod driver;
mod journal;
mod link;
mod running;
mod till;

pub use running::RunningPayment;
pub use till::AsyncTill;
