//! A fake payment app: PayXpress as the till's Android sees it, with PayXpert's keys and values written out here once more
//! so that a mistake of the till's crates does not hide in it.

mod answer;
mod behaviour;
mod form;
mod request;

use std::collections::HashSet;
use std::fmt;

use caisse_android_intent::{Intent, flags};

use crate::Ledger;
pub use answer::{Names, Style, TicketsShape};
pub use behaviour::{Behaviour, BehaviourError, Malformation, Says};
pub use form::{Form, NotAnIntent};
use request::{Ask, Asked};

/// `RESULT_OK`.
const OK: i32 = -1;

/// `RESULT_CANCELED`.
const CANCELED: i32 = 0;

/// What a payment app did with money, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The reference that the caller gave; empty for PayXpress APM, which is given none.
    pub reference: String,
    /// The caller's number of the transaction type: 1 debit, 2 cancellation, 3 refund, 4 deferred debit.
    pub transaction_type: i32,
    /// Minor units.
    pub amount_minor: u64,
}

/// What the launching activity gets back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Android's result code.
    pub code: i32,
    /// Android's data; `None` is null.
    pub data: Option<Intent>,
}

/// Android found nothing to launch: nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("android.content.ActivityNotFoundException")]
pub struct ActivityNotFound;

/// A device with PayXpress on it. It approves unless told otherwise, and keeps account of what it really did.
///
/// ```
/// use caisse_android_intent::{ComponentName, Intent};
/// use caisse_simulator::payment_app::{Behaviour, PaymentApp};
///
/// let class = "com.payxpert.merchant.ui.transaction.TransactionActivity";
/// let request = Intent::new()
///     .with_component(ComponentName::new("com.payxpert.merchant", class))
///     .with_extra("transaction_bundle_key_action", "PERFORM")
///     .with_extra("transaction_bundle_key_amount", 1500)
///     .with_extra("transaction_bundle_key_transaction_type", 1)
///     .with_extra("transaction_bundle_key_reference", "test");
/// let mut app = PaymentApp::new();
/// app.behave("killed+charged".parse()?); // it dies after the card was charged
/// let reply = app.launch(&request)?;
/// assert_eq!((reply.code, reply.data), (0, None));
/// assert_eq!(app.ledger().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PaymentApp {
    ledger: Ledger,
    currency: (&'static str, u16),
    style: Style,
    behaviour: Behaviour,
    seen: HashSet<String>,
    movements: Vec<Movement>,
    last: Option<(Asked, bool)>,
    transactions: u64,
}

impl Default for PaymentApp {
    fn default() -> Self {
        Self::new()
    }
}

impl PaymentApp {
    /// An app that approves, in euros, with a ledger of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::with_ledger(Ledger::new())
    }

    /// An app that writes its charges into this ledger.
    #[must_use]
    pub fn with_ledger(ledger: Ledger) -> Self {
        Self {
            ledger,
            currency: ("EUR", 978),
            style: Style::default(),
            behaviour: Behaviour::APPROVE,
            seen: HashSet::new(),
            movements: Vec::new(),
            last: None,
            transactions: 0,
        }
    }

    /// What it does from now on.
    pub const fn behave(&mut self, behaviour: Behaviour) {
        self.behaviour = behaviour;
    }

    /// How it writes its results from now on.
    pub const fn write_as(&mut self, style: Style) {
        self.style = style;
    }

    /// The charges, shared with whoever holds a clone of the ledger.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// All that it did with money, refunds included.
    #[must_use]
    pub fn movements(&self) -> &[Movement] {
        &self.movements
    }

    /// Launches the app for a result, as `startActivityForResult` does.
    ///
    /// # Errors
    /// When the intent names no activity of the app: nothing has run.
    pub fn launch(&mut self, intent: &Intent) -> Result<Reply, ActivityNotFound> {
        let ask = request::read(intent).ok_or(ActivityNotFound)?;
        let reply = match ask {
            Ask::PrintLast => self.print_last(),
            Ask::Invalid => self.refuse_parameters(),
            Ask::Perform(asked) => self.perform(asked),
            Ask::Alternative(asked) => self.perform_alternative(asked),
        };
        // An activity of another task cannot answer: the caller has its result before the payment has begun.
        if intent.flags() & flags::ACTIVITY_NEW_TASK != 0 {
            return Ok(Reply { code: CANCELED, data: None });
        }
        Ok(reply)
    }

    fn perform(&mut self, asked: Asked) -> Reply {
        // Seen before is refused before anything else happens, whatever became of the first one.
        if !self.seen.insert(asked.reference.clone()) {
            return self.say(&Says::Code(6), &asked);
        }
        let Behaviour { charges, says, .. } = self.behaviour.clone();
        if charges {
            self.move_money(&asked);
        }
        self.transactions = self.transactions.saturating_add(1);
        self.last = Some((asked.clone(), charges));
        self.say(&says, &asked)
    }

    fn perform_alternative(&mut self, asked: Asked) -> Reply {
        if self.behaviour.charges {
            self.move_money(&asked);
        }
        // What it answers is documented nowhere.
        match self.behaviour.says {
            Says::Nothing { code } => Reply { code, data: None },
            _ => Reply { code: OK, data: Some(Intent::new()) },
        }
    }

    fn move_money(&mut self, asked: &Asked) {
        if matches!(asked.transaction_type, 1 | 4) {
            self.ledger.charge(asked.amount_minor.saturating_add(self.behaviour.tip), self.currency.1, 1);
        }
        self.movements.push(Movement {
            reference: asked.reference.clone(),
            transaction_type: asked.transaction_type,
            amount_minor: asked.amount_minor,
        });
    }

    fn refuse_parameters(&self) -> Reply {
        Reply { code: OK, data: Some(self.result(&answer::bare(&self.style, 1, 2))) }
    }

    fn print_last(&self) -> Reply {
        let (asked, paid) = self.last.as_ref().map_or((None, false), |(asked, paid)| (Some(asked), *paid));
        let printed = asked.is_some();
        let tickets = asked.map(|asked| answer::tickets(&self.style, asked, paid, self.currency.0));
        Reply { code: OK, data: Some(self.result(&answer::printed(printed, tickets))) }
    }

    fn say(&self, says: &Says, asked: &Asked) -> Reply {
        let result = |status, error, asked: &Asked| {
            answer::outcome(
                &self.style,
                status,
                error,
                asked,
                self.behaviour.tip,
                self.currency,
                self.transactions,
            )
        };
        let text = match says {
            Says::Nothing { code } => return Reply { code: *code, data: None },
            Says::Code(code) => result(i64::from(*code != 0), i64::from(*code), asked),
            Says::OfAnother => {
                let other = Asked { reference: format!("{}-other", asked.reference), ..asked.clone() };
                result(0, 0, &other)
            }
            Says::Malformed(malformation) => {
                let text = result(0, 0, asked);
                return Reply { code: OK, data: Some(malformation.spoil(text)) };
            }
        };
        // Which code the app sets for which outcome is documented nowhere.
        let code = if matches!(says, Says::Code(7)) { CANCELED } else { OK };
        Reply { code, data: Some(self.result(&text)) }
    }

    fn result(&self, text: &str) -> Intent {
        Intent::new().with_extra("result", text)
    }
}

impl fmt::Debug for PaymentApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentApp")
            .field("behaviour", &self.behaviour)
            .field("movements", &self.movements.len())
            .finish_non_exhaustive()
    }
}
