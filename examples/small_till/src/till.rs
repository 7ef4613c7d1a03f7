//! The till: may this payment begin, and what came of it.

use core::fmt::Write;

use arrayvec::ArrayString;
use caisse_codec::Identifier;
use caisse_hal::{Clock, Instant, Link};
use caisse_payment::{
    Amount, Blocked, IdentifierError, Operation, Outcome, TerminalId, Transaction, Verdict,
};
use caisse_settlement::admit::{Admission, Locks, Recorded, Situation, Stage, admit};
use caisse_transaction::{Config, Dialect, Event, LinkKind, Request, RequestError, TillMachine};

use crate::drive::Driver;
use crate::{Record, Slot, SlotError, Standing};

/// How many bytes the answer of E+ may take: any frame of the line, twice. 160 are enough for the documented fields.
const STORAGE: usize = 1024;

/// E+ on a serial line, with the usual times: 300 s for the answer. E+ has no field for the identifier.
#[must_use]
pub const fn e_plus(identifier: Identifier) -> Config {
    let mut config = Config::new(Dialect::CONCERT_E_PLUS, identifier);
    config.link = LinkKind::Serial;
    config
}

/// What came of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an outcome that is not looked at may be a lost payment"]
pub struct Ended {
    /// How it ended, and how far the request got.
    pub verdict: Verdict,
    /// Whether the slot holds this end. If not, the outcome is still true; the record stays open, and the till is blocked
    /// until a person settles it.
    pub recorded: bool,
}

/// Why a payment did not even begin: nothing was written and nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// The request is not one that can be made.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The number makes no id.
    #[error("the number of the payment: {0}")]
    Number(#[from] IdentifierError),
}

/// Why nothing was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// The slot cannot be used.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// There is nothing to settle.
    #[error("the last payment has a known end")]
    NothingOpen,
}

/// A till for one terminal, with one register and one slot. All its memory is its own: it can live in a `static`.
///
/// ```
/// use caisse_hal::Clock;
/// use caisse_hal::embedded::PortLink;
/// use caisse_payment::{Amount, Currency, Outcome};
/// use caisse_small_till::{Slot, SmallTill, Standing, e_plus};
/// # use embedded_io::{Read, ReadReady, Write, WriteReady};
/// # fn show(_: &str) {}
/// # fn operator_says_paid() -> bool { false }
/// # fn open_the_hatch() {}
///
/// fn sell<UART: Read + ReadReady + Write + WriteReady>(
///     uart: UART,                               // to the terminal: 9600 baud, 7E1
///     timer: impl Clock + Copy,                 // milliseconds that never go back
///     delay: impl embedded_hal::delay::DelayNs, // feeds the watchdog
///     fram: impl Slot,                          // 32 bytes that survive a power cut
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let link = PortLink::new(uart, timer, delay);
///     let mut till = SmallTill::new(e_plus("000000000000".parse()?), "counter".parse()?, link, timer, fram);
///     if till.last()?.standing == Standing::Open {
///         // The power went during a payment: a person looks at the terminal, and presses "paid" or "not paid".
///         till.settle(operator_says_paid())?;
///     }
///     let number = till.last()?.number + 1;
///     let ended = till.pay(number, Amount::from_minor(250, Currency::EUR), |_event| {})?;
///     match ended.verdict.outcome {
///         Outcome::Approved { .. } => open_the_hatch(),
///         outcome => {
///             show(outcome.text().fr);
///             show(outcome.duty().map_or("", |duty| duty.text().fr)); // what the operator has to do
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct SmallTill<L, C, S> {
    config: Config,
    terminal: TerminalId,
    link: L,
    clock: C,
    slot: S,
    storage: [u8; STORAGE],
    /// Until when a result of a payment that a person has settled may still come on the line, where it would look like the
    /// next one's. A restart takes away all knowledge of when that payment left: the time starts again.
    late_until: Instant,
}

impl<L: Link, C: Clock, S: Slot> SmallTill<L, C, S> {
    /// A till that starts, or starts again after a power cut. It touches neither the slot nor the line yet.
    pub fn new(config: Config, terminal: TerminalId, link: L, clock: C, slot: S) -> Self {
        let late_until = clock.now().after(config.dialect.longest_transaction);
        Self { config, terminal, link, clock, slot, storage: [0; STORAGE], late_until }
    }

    /// Takes a payment and waits for its end. `on_event` is for the display.
    ///
    /// Numbers count upwards. The same number never charges twice: asked for again it is answered from the record, and a
    /// number below the recorded one is refused.
    ///
    /// # Errors
    /// Only when the request cannot be made at all. Whatever happens later is an [`Outcome`].
    pub fn pay(
        &mut self,
        number: u32,
        amount: Amount,
        mut on_event: impl FnMut(Event),
    ) -> Result<Ended, NotBegun> {
        let request = self.request(number, amount)?;
        request.validate(&self.config.dialect)?;
        match self.admit(number, &request.transaction) {
            Admission::Proceed => {}
            Admission::Replay(verdict) => return Ok(Ended { verdict, recorded: true }),
            Admission::Blocked(reason) => return Ok(blocked(reason)),
        }
        let mut machine = TillMachine::new(self.config, &mut self.storage);
        machine.start(self.clock.now(), request)?;
        let record = Record { number, amount, standing: Standing::Open };
        let mut driver = Driver { link: &mut self.link, clock: &self.clock, slot: &mut self.slot, record };
        driver.run(&mut machine, &mut on_event);
        let sent_at = machine.sent_at().unwrap_or_else(|| self.clock.now());
        self.late_until = sent_at.after(self.config.dialect.longest_transaction);
        let report = machine.report().map(|report| (report.verdict(), report.journaled()));
        // A loop that ended without an end proves nothing.
        let (verdict, recorded) = report.unwrap_or((record.verdict(), false));
        Ok(Ended { verdict, recorded })
    }

    /// May this payment begin, as far as the slot knows?
    fn admit(&mut self, number: u32, asked: &Transaction) -> Admission {
        let Ok(record) = self.slot.read() else {
            return Admission::Blocked(Blocked::JournalUnavailable);
        };
        let is_open = record.standing == Standing::Open;
        let recorded = (record.number == number).then(|| Recorded {
            transaction: Transaction { amount: record.amount, ..*asked },
            verdict: record.verdict(),
            stage: if is_open { Stage::Started } else { Stage::Ended },
        });
        // One program, one terminal: there is nobody to exclude.
        let situation = Situation { recorded, locks: Locks::Both, terminal_is_held_back: is_open };
        let admission = admit(asked, &situation);
        if admission != Admission::Proceed {
            return admission;
        }
        if number < record.number {
            return Admission::Blocked(Blocked::IdConflict);
        }
        if record.standing.is_settled() && self.clock.now() < self.late_until {
            return Admission::Blocked(Blocked::LateResultPossible);
        }
        Admission::Proceed
    }

    /// The last payment. Show it when the till starts: an open one has to be settled first.
    ///
    /// # Errors
    /// When the slot cannot be read.
    pub fn last(&mut self) -> Result<Record, SlotError> {
        self.slot.read()
    }

    /// A person has looked at the terminal's screen and last ticket and says whether the customer paid. For five minutes
    /// after that payment left, or after a restart, no other can begin: its result may still come.
    ///
    /// # Errors
    /// When nothing is open, or the slot cannot be used.
    pub fn settle(&mut self, paid: bool) -> Result<Record, SettleError> {
        let record = self.slot.read()?;
        if record.standing != Standing::Open {
            return Err(SettleError::NothingOpen);
        }
        let standing = if paid { Standing::SettledPaid } else { Standing::SettledNotPaid };
        let record = Record { standing, ..record };
        self.slot.write(&record)?;
        Ok(record)
    }

    fn request(&self, number: u32, amount: Amount) -> Result<Request, IdentifierError> {
        let mut id = ArrayString::<16>::new();
        // The longest, "sale-4294967295", fits.
        let _ = write!(id, "sale-{number}");
        let dialect = self.config.dialect.name.parse()?;
        let transaction = Transaction::new(id.parse()?, Operation::Debit, amount, self.terminal, dialect);
        Ok(Request { transaction, ticket: None, application: None })
    }
}

const fn blocked(reason: Blocked) -> Ended {
    Ended { verdict: Verdict::nothing_sent(Outcome::Blocked { reason }), recorded: false }
}
