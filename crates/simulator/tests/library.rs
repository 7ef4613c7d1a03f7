//! The terminal as a library: what a test of a till says to it, and what it states.
#![cfg(feature = "serial")]

mod support;

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use caisse_payment::{Amount, Currency};
use caisse_simulator::persona::{Duplicata, Persona};
use caisse_simulator::{Ledger, VirtualTerminal};
use support::{End, REQUEST, Seen, at};

const PATIENCE: Duration = Duration::from_millis(800);

fn ask(terminal: &VirtualTerminal, request: &str) -> String {
    at(terminal, PATIENCE, 1, request.as_bytes()).text()
}

fn socket(terminal: &VirtualTerminal) -> String {
    terminal.address().to_string().replace("tcp://", "")
}

fn fails<T>(assertion: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(assertion)).is_err()
}

#[test]
fn assertions_hold_and_fail_when_they_should() {
    let (euros, less) = (Amount::from_minor(2_500, Currency::EUR), Amount::from_minor(2_499, Currency::EUR));
    let terminal = VirtualTerminal::start().unwrap();
    terminal.assert_nothing_charged();
    assert!(fails(|| terminal.assert_charged_once(euros)));
    ask(&terminal, "CZ0040320CA00201CB0042500CD0010CE003978CH007order 7");
    assert_eq!(terminal.assert_charged_once(euros).register, 1);
    assert_eq!(terminal.assert_charged_once_for("order 7").amount_minor, 2_500);
    assert!(fails(|| terminal.assert_nothing_charged()));
    assert!(fails(|| terminal.assert_charged_once(less)));
    assert!(fails(|| terminal.assert_charged_once_for("order 8")));
    ask(&terminal, "CZ0040320CA00201CB0042500CD0010CE003978CF007order 7");
    assert!(fails(|| terminal.assert_charged_once(euros)), "twice is not once");
    assert!(fails(|| terminal.assert_charged_once_for("order 7")));
    terminal.reset();
    terminal.assert_nothing_charged();
}

#[test]
fn a_ledger_shows_no_reference_of_anybody() {
    let ledger = Ledger::new();
    let booking = caisse_simulator::ledger::Booking { label: Some("4970101234567890"), ..Default::default() };
    ledger.book(&booking);
    let shown = format!("{booking:?} {ledger:?} {:?}", ledger.movements());
    assert!(!shown.contains("4970"), "{shown}");
    assert_eq!(ledger.labelled("4970101234567890").len(), 1);
}

#[test]
fn every_operation_of_3_x_over_tcp() {
    let terminal = VirtualTerminal::start().unwrap();
    let answer = ask(&terminal, "CZ0040320CJ012323540032810CA00201CD001I");
    assert_eq!(answer, "CZ0040320CJ012323540032810CA00201CD001IAE00210AQ014VIRTUAL0000001");
    let answer = ask(&terminal, "CZ0040320CJ012323540032810CA00201CD0013CK003100");
    assert!(answer.starts_with("CZ0040320CJ012323540032810CA00201AE00201AF00200ZT"), "{answer}");
    let debit = ask(&terminal, "CZ0040320CA00201CB0042500CD0010CE003978CF009my secret");
    assert!(debit.ends_with("CG0071234567CF009my secretID010VT00000001"), "{debit}");
    // PayXpert's form: neither amount nor action.
    let answer = ask(&terminal, "CZ0040320CJ012323540032810CA00201CD0013CK003100");
    assert!(answer.starts_with("CZ0040320CJ012323540032810CA00201AE00210ZT"), "{answer}");
    let credit = ask(&terminal, "CZ0040320CA00201CB0041000CD0011CE003978IM010VT00000001");
    assert!(credit.contains("CB0041000CD0011CE003978") && credit.contains("AE00210"), "{credit}");
    let answer = ask(&terminal, "CZ0040320CA00201CB0042500CD0012CE003978");
    assert!(answer.ends_with("AE00201AF00207"), "a credit came between: {answer}");
    ask(&terminal, "CZ0040320CA00201CB0042500CD0010CE003978");
    let answer = ask(&terminal, "CZ0040320CA00201CB0042500CD0012CE003978");
    assert!(answer.contains("CD0012") && answer.contains("AE00210"), "{answer}");
    let cheque = ask(&terminal, "CZ0040320CA00201CB0042500CC00300CCD0010CE003978");
    assert!(
        cheque.contains("AD035D0416926D031017807908F011519431044B") && cheque.contains("CC00300C"),
        "{cheque}"
    );
    let answer = ask(&terminal, "CZ0040320CA00201CD001PZT017CK003100AK004TUVS");
    assert_eq!(answer, "CZ0040320CA00201CD001PAE00210");
    for (unknown, code) in
        [("CD001T", "12"), ("CD0014CB0041000CE003978", "12"), ("CD001RCB0041000CE003978", "12")]
    {
        let answer = ask(&terminal, &format!("CZ0040320CA00201{unknown}"));
        assert!(answer.ends_with(&format!("AE00201AF002{code}")), "{unknown}: {answer}");
    }
    let kinds: Vec<_> = terminal.ledger().movements().iter().map(|it| it.kind.name()).collect();
    assert_eq!(kinds, ["debit", "credit", "debit", "cancellation", "cheque"]);
}

#[test]
fn each_dialect_is_itself() {
    let start = |persona| VirtualTerminal::builder().dialect(persona).start().unwrap();
    let ingenico = start(Persona::INGENICO);
    let answer = ask(&ingenico, "CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978");
    assert!(answer.starts_with("CZ0040301CJ012330538600404CA00201CB0042500"), "{answer}");
    assert!(answer.contains("CF0101010000000") && !answer.contains("ID0"), "{answer}");
    for refused in ["BF0010", "CF003abc"] {
        let answer = ask(&ingenico, &format!("CZ0040300CA00201CB0042500CD0010CE003978{refused}"));
        assert!(answer.ends_with("AE00201AF00209"), "{refused}: {answer}");
    }
    ingenico.set_answer("cancel".parse().unwrap());
    let answer = ask(&ingenico, "CZ0040300CA00201CB0042500CD0010CE003978");
    assert!(!answer.contains("CB0") && answer.contains("AE00201AF00206"), "{answer}");
    let nepting = start(Persona::NEPTING);
    let answer = ask(&nepting, "CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978CF007order 7");
    assert!(answer.starts_with("CZ0040320CJ012999999999999CA00201CB0042500"), "{answer}");
    let answer = ask(&nepting, "CZ0040300CA00202CB00201CD0013CE003978");
    assert!(answer.contains("CA00202CB0042500CD0013CE003978") && answer.contains("AC006000001"), "{answer}");
    assert!(answer.contains("CF007order 7"), "{answer}");
    let custom = start(Persona { duplicata: Duplicata::Nothing, ..Persona::NEPTING });
    assert!(ask(&custom, "CZ0040300CA00202CD0013").ends_with("AE00201AF00212"));
}

#[test]
fn one_that_sleeps_is_not_reached_and_one_that_wakes_is() {
    let terminal = VirtualTerminal::start().unwrap();
    let address = socket(&terminal);
    for _ in 0..3 {
        terminal.sleep().unwrap();
        let refused = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(10));
            TcpStream::connect(&address).is_err()
        });
        assert!(refused, "somebody still listens");
        terminal.wake().unwrap();
        let seen: Vec<Seen> = (0..200)
            .map(|_| {
                thread::sleep(Duration::from_millis(10));
                at(&terminal, PATIENCE, 1, REQUEST)
            })
            .take_while(|seen| !seen.text().contains("AE00210"))
            .collect();
        assert!(seen.len() < 200, "it does not wake: {seen:?}");
    }
    assert_eq!(socket(&terminal), address);
    terminal.reboot(Duration::from_millis(300));
    assert_eq!(terminal.state(), "rebooting");
    thread::sleep(Duration::from_millis(600));
    assert_eq!(terminal.state(), "idle");
}

#[test]
fn a_reboot_cuts_the_line() {
    let terminal = VirtualTerminal::builder().latency(Duration::from_secs(60)).start().unwrap();
    thread::scope(|scope| {
        let seen = scope.spawn(|| at(&terminal, Duration::from_secs(10), 1, REQUEST));
        while terminal.state() != "waiting_for_card" {
            thread::sleep(Duration::from_millis(5));
        }
        terminal.reboot(Duration::from_millis(100));
        let seen = seen.join().unwrap();
        assert_eq!((seen.end, seen.bytes().len()), (End::Broken, 0));
    });
    terminal.assert_nothing_charged();
}

#[test]
fn a_scenario_of_a_file_and_its_mistakes() {
    use caisse_simulator::script::Scenario;
    let text = "dialect = \"nepting\"\nlatency = 1\nfaults = [\"split@byte=20:30\"]\n\
                [[turn]]\nanswer = \"decline:02\"\n[[turn]]\nanswer = \"approve\"\nfaults = [\"drop@step=decided\"]\n";
    let scenario: Scenario = text.parse().unwrap();
    let terminal = VirtualTerminal::builder().scenario(scenario).start().unwrap();
    let declined = at(&terminal, PATIENCE, 1, REQUEST);
    assert!(declined.text().contains("CZ0040320") && declined.text().contains("AF00202"));
    assert_eq!(declined.pieces[0].1.len(), 20);
    assert!(at(&terminal, PATIENCE, 1, REQUEST).bytes().is_empty());
    assert_eq!(terminal.ledger().len(), 1);
    for (wrong, words) in [
        ("answer = 1", "expected a string"),
        ("anwser = \"approve\"", "unknown field `anwser`"),
        ("dialect = \"verifone\"", "not a dialect"),
        ("[[turn]]\nanswer = \"approve\"\n[[turn]]\nanswer = \"maybe\"", "turn 2: not an answer"),
        ("[[turn]]\nanswer = \"approve\"\nfaults = [\"drop@step=lunch\"]", "turn 1: drop: expected"),
        ("faults = [\"drip:0\"]", "drip: expected 1 to"),
        ("answer = \"approve\"\n[[turn]]\nanswer = \"approve\"", "turns or an answer, not both"),
        ("latency = -1", "invalid"),
        ("[[turn", "not a scenario"),
    ] {
        let error = wrong.parse::<Scenario>().unwrap_err().to_string();
        assert!(error.contains(words), "{wrong}: {error}");
    }
}

#[test]
fn an_answer_at_once_is_not_the_end() {
    let terminal = VirtualTerminal::builder().latency(Duration::from_millis(700)).start().unwrap();
    let answer = ask(&terminal, "CZ0040320CA00201CB0042500CD0010CE003978BA0011");
    assert!(answer.contains("AE00211"), "{answer}");
    terminal.assert_nothing_charged();
    // The till has gone, and nobody looks at the terminal: the customer pays all the same.
    assert!(terminal.ledger().wait_for(1, Duration::from_secs(10)));
}

#[test]
fn a_listener_may_steer_the_terminal_that_it_listens_to() {
    use std::sync::{Arc, OnceLock};
    let slot: Arc<OnceLock<VirtualTerminal>> = Arc::default();
    let seen = Arc::clone(&slot);
    let terminal = VirtualTerminal::builder()
        .on_charge(move |_| {
            if let Some(terminal) = seen.get() {
                terminal.set_answer("decline:04".parse().unwrap());
                assert_eq!(terminal.ledger().len(), 1);
            }
        })
        .start()
        .unwrap();
    let terminal = slot.get_or_init(|| terminal);
    assert!(ask(terminal, "CZ0040320CA00201CB0042500CD0010CE003978").contains("AE00210"));
    assert!(ask(terminal, "CZ0040320CA00201CB0042500CD0010CE003978").contains("AF00204"));
}
