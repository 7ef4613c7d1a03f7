//! A driver hands over what its link received, as it is.

mod support;

use caisse_payment::{Doubt, Outcome};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Action, Dialect, Instant, ReceiveError, Received, TillMachine};
use support::{config, debit, euros};

const APPROVED: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210";

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// The outcome of a payment whose link received this, and nothing else for an hour.
fn outcome(received: &[Result<Received, ReceiveError>], buffer: &[u8]) -> Outcome {
    let mut storage = [0; MOST_STORAGE];
    let mut till = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    let mut received = received.iter();
    till.start(at(0), debit(2500)).unwrap();
    loop {
        match till.poll() {
            Action::Connect => till.handle_connected(at(0), Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                till.handle_written(at(0), Ok(()))
            }
            Action::Send(bytes) => {
                let accepted = bytes.len();
                till.handle_sent(at(0), Ok(accepted));
            }
            Action::Look => till.handle_received(at(0), Ok(Received::Nothing), buffer),
            Action::Wait { .. } => match received.next() {
                Some(received) => till.handle_received(at(1_000), *received, buffer),
                None => till.handle_timeout(at(3_600_000)),
            },
            Action::Done(verdict) => return verdict.outcome,
            Action::Persist(_) | Action::Drain | Action::Dispute(_) => panic!("a stream carries one answer"),
            Action::Close | Action::Abort | Action::Event(_) | Action::Verdict(_) => {}
        }
    }
}

#[test]
fn what_a_link_received_is_taken_as_it_is() {
    let mut buffer = [b'?'; 200];
    let count = APPROVED.len();
    buffer[..count].copy_from_slice(APPROVED);
    let approved = Outcome::Approved { amount: euros(2500) };
    let unknown = |doubt| Outcome::Unknown { doubt };
    let bytes = Ok(Received::Bytes(count));
    for (received, expected) in [
        (vec![], unknown(Doubt::Silence)),
        (vec![Ok(Received::Nothing)], unknown(Doubt::Silence)),
        (vec![bytes], approved),
        (vec![Ok(Received::Nothing), bytes, Ok(Received::Closed)], approved),
        (vec![Ok(Received::Bytes(20)), Ok(Received::Closed)], unknown(Doubt::AnswerCut)),
        (vec![Ok(Received::Closed)], unknown(Doubt::ClosedWithoutAnswer)),
        (vec![Err(ReceiveError)], unknown(Doubt::ClosedWithoutAnswer)),
        // A link that counts more than the buffer holds has received nothing.
        (vec![Ok(Received::Bytes(300))], unknown(Doubt::Silence)),
    ] {
        assert_eq!(outcome(&received, &buffer), expected, "{received:?}");
    }
}
