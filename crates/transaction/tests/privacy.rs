//! A canary in each field that may identify a person: nothing that the machines print holds it.

mod support;

use caisse_transaction::terminal::{self, TerminalMachine};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{Action, Dialect, Instant, TillMachine};
use support::{config, debit};

const CANARY: &str = "4970101234123457";

/// The canary as text, as hexadecimal, as base64 and as a list of numbers, in pieces that no chance produces.
fn forms() -> Vec<String> {
    let decimal: Vec<String> = CANARY.bytes().map(|byte| byte.to_string()).collect();
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![
        CANARY.to_owned(),
        "4123457".into(),
        hex,
        "NDk3MDEwMTIzNDEyMzQ1Nw".into(),
        decimal.join(", "),
        decimal.join(",\n"),
    ]
}

fn assert_silent(what: &str, shown: &str) {
    for form in forms() {
        assert!(!shown.contains(&form), "{what} shows {form}: {shown}");
    }
    let flat: String = shown.split_whitespace().collect();
    assert!(!flat.contains(&forms()[4].replace(' ', "")), "{what}: {shown}");
}

#[test]
fn the_till_prints_nothing_of_a_card_at_any_byte() {
    let mut answer = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210".to_vec();
    for tag in ["AA", "AG", "AH", "AM", "AN", "CF", "CH", "XY", "AC", "CG", "ID", "ZT"] {
        answer.extend(format!("{tag}016{CANARY}").bytes());
    }
    answer.extend(format!("AF029{}{CANARY}           ", "04").bytes());
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    let now = Instant::from_millis(0);
    machine.start(now, debit(2500)).unwrap();
    let mut fed = answer.iter();
    loop {
        assert_silent("the machine", &format!("{machine:?} {machine:#?}"));
        let action = machine.poll();
        assert_silent("an action", &format!("{action:?}"));
        match action {
            Action::Connect => machine.handle_connected(now, Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                machine.handle_written(now, Ok(()))
            }
            Action::Send(bytes) => {
                let accepted = bytes.len();
                machine.handle_sent(now, Ok(accepted));
            }
            Action::Wait { .. } => match fed.next() {
                Some(byte) => machine.handle_input(now, &[*byte]),
                None => machine.handle_closed(now),
            },
            Action::Done(verdict) => {
                assert_eq!(verdict.outcome.name(), "approved");
                break;
            }
            Action::Persist(_) | Action::Drain => panic!("a stream carries one answer"),
            Action::Look => machine.handle_idle(now),
            Action::Event(_) | Action::Close | Action::Abort | Action::Verdict(_) | Action::Dispute(_) => {}
        }
    }
    let report = machine.report().unwrap();
    assert_silent("the report", &format!("{report:?} {report:#?} {:?} {:?}", report.answer(), report.card()));
    assert_eq!(report.card().unwrap().masked(), "497010******3457");
}

#[test]
fn the_terminal_prints_nothing_of_a_customer() {
    let mut request = b"CZ0040300CA00201CB00511245CD0010CE003978".to_vec();
    for tag in ["BH", "BI", "CF", "XY"] {
        request.extend(format!("{tag}016{CANARY}").bytes());
    }
    let mut storage = [0; terminal::MOST_STORAGE];
    let mut machine = TerminalMachine::new(&mut storage);
    for byte in request {
        machine.handle_input(Instant::from_millis(0), &[byte]);
        assert_silent("the machine", &format!("{machine:?} {machine:#?}"));
    }
    machine.handle_timeout(Instant::from_millis(50));
    let action = machine.poll();
    assert!(matches!(action, terminal::Action::Decide(Ok(_))));
    assert_silent("an action", &format!("{action:?}"));
    machine.refuse(caisse_payment::Refusal::Refused).unwrap();
    assert_silent("the answer", &format!("{:?}", machine.poll()));
    assert_silent("the machine", &format!("{machine:?} {:?}", machine.request()));
}
