//! The till against any answer: the pieces and the storage change nothing, nothing is sent twice, and an approval needs
//! every field that a naive reader asks for.
#![no_main]

use arbitrary::Arbitrary;
use caisse_payment::{Amount, Currency, Operation, Outcome, Proof, Transaction, Verdict};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Action, Config, Dialect, Instant, Request, TillMachine};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    allow_partial: bool,
    allow_tip: Option<u16>,
    ticket: bool,
    closes: bool,
    storage: u16,
    cuts: [u8; 6],
    answer: &'a [u8],
}

const ASKED: u64 = 2500;

impl Case<'_> {
    fn max_tip(&self) -> Option<u64> {
        self.allow_tip.map(u64::from).filter(|tip| *tip > 0)
    }
}

/// `at_once`: whether all pieces are in the socket as soon as the first is.
fn run(case: &Case<'_>, pieces: &[&[u8]], storage: usize, at_once: bool) -> (Verdict, Vec<u8>, bool) {
    let mut storage = vec![0; storage];
    let identifier = "012345678901".parse().expect("twelve digits");
    let mut machine = TillMachine::new(Config::new(Dialect::PAYXPRESS, identifier), &mut storage);
    let mut now = Instant::from_millis(0);
    let euros = |minor| Amount::from_minor(minor, Currency::EUR);
    let (id, terminal) = ("i".parse().expect("an id"), "t".parse().expect("an id"));
    let dialect = Dialect::PAYXPRESS.name.parse().expect("a name");
    let transaction = Transaction {
        allow_partial: case.allow_partial,
        allow_tip: case.max_tip().map(euros),
        ..Transaction::new(id, Operation::Debit, euros(ASKED), terminal, dialect)
    };
    let ticket = case.ticket.then_some(caisse_codec::TicketRequest::CUSTOMER_TEXT);
    let request = Request { transaction, ticket, application: None };
    machine.start(now, request).expect("a debit");
    let mut pieces = pieces.iter();
    let mut sends = 0;
    for _ in 0..10_000 {
        match machine.poll() {
            Action::Connect => machine.handle_connected(now, Ok(None)),
            Action::RecordStart(_)
            | Action::RecordEnd(..)
            | Action::RecordNeverSent(..)
            | Action::Dispute(_) => machine.handle_written(now, Ok(())),
            Action::Look if sends > 0 && at_once => match pieces.next() {
                Some(piece) => machine.handle_input(now, piece),
                None => machine.handle_idle(now),
            },
            Action::Persist(_) | Action::Drain => panic!("a stream carries one answer"),
            Action::Look => machine.handle_idle(now),
            Action::Send(bytes) => {
                sends += 1;
                let accepted = bytes.len();
                machine.handle_sent(now, Ok(accepted));
            }
            Action::Wait { until } => match pieces.next() {
                Some(piece) => machine.handle_input(now, piece),
                None if case.closes => machine.handle_closed(now),
                None => {
                    now = until.expect("a wait has an end");
                    machine.handle_timeout(now);
                }
            },
            Action::Done(verdict) => {
                assert_eq!(sends, 1);
                assert!(now.millis() <= 310_000);
                let report = machine.report().expect("a report");
                return (verdict, report.message().as_bytes().to_vec(), report.is_disputed());
            }
            Action::Event(_) | Action::Close | Action::Abort | Action::Verdict(_) => {}
        }
    }
    panic!("the machine never ends");
}

/// What an approval needs, searched without any structure.
fn could_be_approved(answer: &[u8]) -> bool {
    let has = |words: &[u8]| answer.windows(words.len()).any(|window| window == words);
    has(b"AE00210")
        && has(b"CE003978")
        && has(b"CD0010")
        && (has(b"CA00201") || has(b"CA0011"))
        && has(b"CB0")
}

fuzz_target!(|case: Case<'_>| {
    let (whole, full, disputed) = run(&case, &[case.answer], MOST_STORAGE, true);
    assert!(!disputed, "nothing came after the verdict");
    let mut cuts: Vec<usize> = case.cuts.iter().map(|cut| usize::from(*cut)).collect();
    cuts.retain(|cut| *cut < case.answer.len());
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([case.answer.len()]) {
        pieces.push(&case.answer[from..cut]);
        from = cut;
    }
    assert_eq!(run(&case, &pieces, MOST_STORAGE, true), (whole, full, false), "the pieces matter");
    let (small, ..) = run(&case, &pieces, usize::from(case.storage), true);
    assert_eq!(small, whole, "the storage matters");
    // One after the other: a verdict that the whole does not bear out is disputed, and no other is.
    let (early, _, disputed) = run(&case, &pieces, MOST_STORAGE, false);
    assert_eq!(disputed, early.outcome != whole.outcome, "{early:?}, and of the whole {whole:?}");

    assert!(whole.proof >= Proof::PerhapsSent);
    assert_eq!(whole.proof == Proof::PerhapsSent, case.answer.is_empty());
    match whole.outcome {
        Outcome::Approved { amount } => {
            let max = ASKED + case.max_tip().unwrap_or(0);
            assert!((ASKED..=max).contains(&amount.minor()) && could_be_approved(case.answer));
        }
        Outcome::PartiallyApproved { approved, due } => {
            assert!(case.allow_partial && could_be_approved(case.answer));
            assert!(approved.minor() > 0 && due.minor() > 0 && approved.minor() + due.minor() == ASKED);
        }
        Outcome::Declined { .. } | Outcome::Cancelled { .. } => {
            assert!(case.answer.windows(7).any(|window| window == b"AE00201"));
        }
        Outcome::Unknown { .. } => {}
        outcome => panic!("{outcome:?} after the request was sent"),
    }
});
