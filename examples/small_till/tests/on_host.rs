//! The small till against the virtual terminal on a pseudo-terminal: what it says is compared with what was charged.
#![cfg(unix)]

mod host;

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use caisse_hal::embedded::PortLink;
use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError, SystemClock};
use caisse_payment::{Amount, Blocked, Currency, Doubt, NotSent, Outcome, Refusal};
use caisse_simulator::VirtualTerminal;
use caisse_simulator::persona::Persona;
use caisse_small_till::{
    Ended, RECORD_BYTES, Record, SettleError, Slot, SlotError, SmallTill, Standing, e_plus,
};
use caisse_transaction::{Config, Dialect, TillMachine};
use host::{FileSlot, Sleep, Uart};

const AMOUNT: Amount = Amount::from_minor(250, Currency::EUR);

/// How long a result may come late in these tests.
const LATE: Duration = Duration::from_secs(4);

fn config() -> Config {
    let config = e_plus("000000000000".parse().unwrap());
    let dialect = Dialect { longest_transaction: LATE, ..config.dialect };
    Config { dialect, answer_timeout: Duration::from_secs(2), ..config }
}

fn terminal(answers: &str) -> VirtualTerminal {
    let persona: Persona = "concert-e-plus".parse().unwrap();
    VirtualTerminal::builder().pty().dialect(persona).answer(answers.parse().unwrap()).start().unwrap()
}

/// 32 bytes that outlive the till; the second says whether they can be written.
#[derive(Clone)]
struct Fram(Rc<RefCell<[u8; RECORD_BYTES]>>, Rc<Cell<usize>>);

impl Fram {
    fn new() -> Self {
        Self(Rc::new(RefCell::new(Record::NEVER.to_bytes())), Rc::new(Cell::new(usize::MAX)))
    }

    /// From the write of this number on, none succeeds.
    fn failing_after(writes: usize) -> Self {
        let fram = Self::new();
        fram.1.set(writes);
        fram
    }

    fn record(&self) -> Record {
        Record::from_bytes(&self.0.borrow()).unwrap()
    }
}

impl Slot for Fram {
    fn read(&mut self) -> Result<Record, SlotError> {
        Record::from_bytes(&self.0.borrow()).ok_or(SlotError)
    }

    fn write(&mut self, record: &Record) -> Result<(), SlotError> {
        self.1.set(self.1.get().checked_sub(1).ok_or(SlotError)?);
        *self.0.borrow_mut() = record.to_bytes();
        Ok(())
    }
}

/// The power, which goes after so many steps.
#[derive(Clone)]
struct Power(Rc<Cell<usize>>);

impl Power {
    fn step(&self) {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => panic::resume_unwind(Box::new("the power went")),
        }
    }
}

/// What hangs on the power, which may go before and after each write, and after each byte received.
struct Powered<T>(T, Power);

impl<S: Slot> Slot for Powered<S> {
    fn read(&mut self) -> Result<Record, SlotError> {
        self.0.read()
    }

    fn write(&mut self, record: &Record) -> Result<(), SlotError> {
        self.1.step();
        let result = self.0.write(record);
        self.1.step();
        result
    }
}

impl<L: Link> Link for Powered<L> {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.0.connect(within)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.1.step();
        let result = self.0.send(bytes, within);
        self.1.step();
        result
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.0.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let result = self.0.receive(buffer, within);
        if let Ok(Received::Bytes(_)) = result {
            self.1.step();
        }
        result
    }

    fn close(&mut self) {
        self.0.close();
    }
}

type Till<L, S> = SmallTill<L, SystemClock, S>;
type Port = PortLink<Uart, SystemClock, Sleep>;

fn port(terminal: &VirtualTerminal) -> Port {
    PortLink::new(Uart::open(terminal.address()).unwrap(), SystemClock::new(), Sleep)
}

fn till<L: Link, S: Slot>(link: L, slot: S) -> Till<L, S> {
    SmallTill::new(config(), "counter".parse().unwrap(), link, SystemClock::new(), slot)
}

fn pay<L: Link, S: Slot>(till: &mut Till<L, S>, number: u32) -> Ended {
    till.pay(number, AMOUNT, |_| {}).unwrap()
}

fn outcome<L: Link, S: Slot>(till: &mut Till<L, S>, number: u32) -> Outcome {
    pay(till, number).verdict.outcome
}

const fn blocked(reason: Blocked) -> Outcome {
    Outcome::Blocked { reason }
}

const APPROVED: Outcome = Outcome::Approved { amount: AMOUNT };

/// On this host, whose pointers are twice those of a microcontroller. The stack of the calls comes on top.
#[test]
fn it_takes_five_kilobytes() {
    let till = size_of::<Till<(), ()>>();
    let machine = size_of::<TillMachine<'_>>();
    println!("the till takes {till} bytes, the machine of a payment {machine}");
    assert!((4096..6144).contains(&(till + machine)), "{till} + {machine}");
}

#[test]
fn approved_and_declined() {
    let terminal = terminal("approve,decline:04,approve");
    let fram = Fram::new();
    let mut till = till(port(&terminal), fram.clone());

    let ended = pay(&mut till, 1);
    assert!(ended.recorded);
    assert_eq!((ended.verdict.outcome, fram.record().standing), (APPROVED, Standing::Paid));
    terminal.assert_charged_once(AMOUNT);
    // The same number charges nobody twice, and asks for nothing else.
    assert_eq!(outcome(&mut till, 1), APPROVED);
    let other = till.pay(1, Amount::from_minor(300, Currency::EUR), |_| {}).unwrap();
    assert_eq!(other.verdict.outcome, blocked(Blocked::IdConflict));

    assert!(matches!(outcome(&mut till, 2), Outcome::Declined { .. }));
    assert_eq!(fram.record(), Record { number: 2, amount: AMOUNT, standing: Standing::NotPaid });
    assert_eq!(outcome(&mut till, 1), blocked(Blocked::IdConflict));
    assert_eq!(outcome(&mut till, 2), Outcome::Declined { refusal: Refusal::Unspecified });
    terminal.assert_charged_once(AMOUNT);

    assert_eq!(outcome(&mut till, 3), APPROVED);
    assert_eq!(terminal.ledger().len(), 2);
}

#[test]
fn nobody_answers_the_enquiry() {
    let terminal = terminal("approve");
    terminal.sleep().unwrap();
    let fram = Fram::new();
    let mut till = till(port(&terminal), fram.clone());
    assert_eq!(outcome(&mut till, 1), Outcome::NotSent { reason: NotSent::NoAnswerToEnquiry });
    assert_eq!(fram.record().standing, Standing::NothingSent);
    terminal.assert_nothing_charged();
    // Proven: it may go out again under its number.
    terminal.wake().unwrap();
    assert_eq!(outcome(&mut till, 1), APPROVED);
    terminal.assert_charged_once(AMOUNT);
}

#[test]
fn a_silent_line_blocks_until_a_person_settles_it_and_then_until_no_result_can_come() {
    let terminal = terminal("approve");
    terminal.set_faults(vec!["half-open@step=decided".parse().unwrap()]);
    let fram = Fram::new();
    let mut till = till(port(&terminal), fram.clone());
    let ended = pay(&mut till, 1);
    assert_eq!(ended.verdict.outcome, Outcome::Unknown { doubt: Doubt::Silence });
    assert_eq!(fram.record().standing, Standing::Open);
    // The customer has paid, and the till could not know it.
    terminal.assert_charged_once(AMOUNT);
    assert_eq!(outcome(&mut till, 2), blocked(Blocked::Unresolved));
    assert_eq!(outcome(&mut till, 1), Outcome::Unknown { doubt: Doubt::Interrupted });

    assert_eq!(till.settle(true).unwrap().standing, Standing::SettledPaid);
    assert_eq!(till.settle(true), Err(SettleError::NothingOpen));
    assert_eq!(outcome(&mut till, 1), APPROVED);
    assert_eq!(outcome(&mut till, 2), blocked(Blocked::LateResultPossible));
    terminal.assert_charged_once(AMOUNT);

    terminal.set_faults(vec![]);
    thread::sleep(LATE);
    assert_eq!(outcome(&mut till, 2), APPROVED);
    assert_eq!(terminal.ledger().len(), 2);
}

#[test]
fn an_open_record_blocks_after_a_restart_and_so_does_a_settled_one_for_a_while() {
    let terminal = terminal("timeout,approve");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slot");
    let start = || till(port(&terminal), FileSlot::prepare(&path).unwrap());
    assert_eq!(outcome(&mut start(), 1), Outcome::Unknown { doubt: Doubt::Silence });

    let mut restarted = start();
    assert_eq!(restarted.last().unwrap().standing, Standing::Open);
    thread::sleep(LATE);
    assert_eq!(outcome(&mut restarted, 2), blocked(Blocked::Unresolved));
    assert_eq!(restarted.settle(false).unwrap().standing, Standing::SettledNotPaid);
    drop(restarted);

    // When it left nobody knows any more: the wait begins again.
    let mut restarted = start();
    assert_eq!(outcome(&mut restarted, 2), blocked(Blocked::LateResultPossible));
    terminal.assert_nothing_charged();
    thread::sleep(LATE);
    assert_eq!(outcome(&mut restarted, 2), APPROVED);
    terminal.assert_charged_once(AMOUNT);
}

#[test]
fn without_a_slot_nothing_is_sent() {
    let terminal = terminal("approve");
    let fram = Fram::failing_after(0);
    let mut till = till(port(&terminal), fram.clone());
    assert_eq!(outcome(&mut till, 1), blocked(Blocked::JournalUnavailable));
    *fram.0.borrow_mut() = [0xff; RECORD_BYTES];
    fram.1.set(usize::MAX);
    assert_eq!(outcome(&mut till, 1), blocked(Blocked::JournalUnavailable));
    terminal.assert_nothing_charged();
    assert!(terminal.events_since(0).is_empty(), "bytes were sent");
}

#[test]
fn an_end_that_cannot_be_written_is_told_and_blocks() {
    let terminal = terminal("approve");
    let fram = Fram::failing_after(1);
    let mut till = till(port(&terminal), fram.clone());
    let ended = pay(&mut till, 1);
    assert_eq!((ended.verdict.outcome, ended.recorded), (APPROVED, false));
    fram.1.set(usize::MAX);
    assert_eq!(outcome(&mut till, 2), blocked(Blocked::Unresolved));
    terminal.assert_charged_once(AMOUNT);
}

/// The power goes at every step of a payment. Whatever the slot then says is true, and the payment, asked for again under
/// its number, is charged once at most.
#[test]
fn the_power_may_go_at_any_step() {
    let (mut nothing, mut open, mut paid) = (0, 0, 0);
    for steps in 0.. {
        let terminal = terminal("approve");
        let fram = Fram::new();
        let power = Power(Rc::new(Cell::new(steps)));
        let mut dying = till(Powered(port(&terminal), power.clone()), Powered(fram.clone(), power));
        let ended = panic::catch_unwind(AssertUnwindSafe(|| outcome(&mut dying, 1)));
        drop(dying);
        if let Ok(ended) = ended {
            assert_eq!(ended, APPROVED);
            break;
        }
        // A request that has arrived is charged, with or without a till.
        let charged = terminal.ledger().wait_for(1, Duration::from_millis(300));

        let mut restarted = till(port(&terminal), fram.clone());
        match fram.record().standing {
            Standing::NothingSent => {
                nothing += 1;
                assert!(!charged, "after {steps} steps: a charge without a record");
            }
            Standing::Open => {
                open += 1;
                assert_eq!(outcome(&mut restarted, 2), blocked(Blocked::Unresolved), "after {steps} steps");
            }
            Standing::Paid => {
                paid += 1;
                assert!(charged, "after {steps} steps: a payment that was never made");
            }
            standing => panic!("after {steps} steps: {standing:?}"),
        }
        let again = outcome(&mut restarted, 1);
        let charges = terminal.ledger().len();
        assert!(charges <= 1, "after {steps} steps: charged {charges} times");
        match again {
            APPROVED => assert_eq!(charges, 1, "after {steps} steps"),
            Outcome::Unknown { .. } => assert_eq!(fram.record().standing, Standing::Open),
            other => panic!("after {steps} steps: {other:?}"),
        }
    }
    println!(
        "the power went {nothing} times with nothing recorded, {open} with an open record, {paid} when paid"
    );
    assert!(nothing > 0 && open > 5 && paid > 0, "{nothing}, {open}, {paid}");
}
