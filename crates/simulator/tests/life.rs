//! A terminal's life, in virtual time: states, customers, memory.

use std::time::Duration;

use caisse_hal::Instant;
use caisse_payment::{Amount, Currency, Sensitive};
use caisse_simulator::Ledger;
use caisse_simulator::fault::Lines;
use caisse_simulator::ledger::Kind;
use caisse_simulator::persona::{Duplicata, Persona};
use caisse_simulator::script::{Answer, Script, Turn};
use caisse_simulator::terminal::{
    Asked, Event, LineId, Operation, Outcome, Reply, Settings, Terminal, Verdict,
};

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn asked(operation: Operation, minor: u64) -> Asked {
    Asked::new(operation, Some(euros(minor)), 1)
}

fn terminal(settings: Settings) -> Terminal {
    Terminal::new(settings, Ledger::new())
}

/// Asks and takes the answer, which comes at once.
fn ask(terminal: &mut Terminal, now: Instant, asked: Asked) -> Reply {
    let line = terminal.open(Lines::Any).line;
    terminal.ask(now, line, asked);
    let Outcome::Reply(reply) = terminal.take(line) else { panic!("no answer") };
    terminal.close(line);
    *reply
}

fn slow() -> Settings {
    Settings {
        latency: Duration::from_secs(20),
        authorisation: Duration::from_secs(5),
        printing: Duration::from_secs(3),
        ..Settings::default()
    }
}

fn begin(terminal: &mut Terminal, now: Instant, minor: u64) -> LineId {
    let line = terminal.open(Lines::Any).line;
    terminal.ask(now, line, asked(Operation::Debit, minor));
    line
}

#[test]
fn it_goes_from_state_to_state_and_the_money_moves_between_two_of_them() {
    let mut terminal = terminal(slow());
    assert_eq!(terminal.state(), "idle");
    let line = begin(&mut terminal, at(1_000), 2_500);
    for (now, state, charged) in [
        (1_000, "waiting_for_card", 0),
        (20_999, "waiting_for_card", 0),
        (21_000, "authorising", 0),
        (25_999, "authorising", 0),
        (26_000, "printing", 1),
        (28_999, "printing", 1),
    ] {
        terminal.advance(at(now));
        assert_eq!((terminal.state(), terminal.ledger().len()), (state, charged), "at {now}");
        assert_eq!(terminal.take(line), Outcome::Pending, "at {now}");
    }
    terminal.advance(at(29_000));
    let Outcome::Reply(reply) = terminal.take(line) else { panic!("no answer") };
    assert_eq!((reply.verdict, terminal.state()), (Verdict::Performed, "idle"));
    assert_eq!(terminal.take(line), Outcome::Pending, "an answer is given once");
    // One look after an hour sees the same as many looks before: each thing happened at its own moment.
    let mut other = Terminal::new(slow(), Ledger::new());
    begin(&mut other, at(1_000), 2_500);
    other.advance(at(3_600_000));
    assert_eq!(other.events_since(0), terminal.events_since(0));
}

#[test]
fn it_goes_on_when_the_till_has_gone() {
    for gone in [0, 10_000, 22_000, 27_000] {
        let mut terminal = terminal(slow());
        let line = begin(&mut terminal, at(0), 2_500);
        terminal.line_lost(at(gone), line);
        terminal.close(line);
        terminal.advance(at(60_000));
        assert_eq!((terminal.ledger().len(), terminal.state()), (1, "idle"), "gone at {gone}");
        assert!(terminal.events_since(0).iter().any(|it| matches!(it.event, Event::TillGone { .. })));
    }
}

#[test]
fn the_red_button_works_until_the_card_is_read() {
    let mut waiting = terminal(slow());
    let line = begin(&mut waiting, at(0), 2_500);
    waiting.press_red_button(at(10_000)).unwrap();
    waiting.advance(at(13_000));
    let Outcome::Reply(reply) = waiting.take(line) else { panic!("no answer") };
    assert_eq!((reply.verdict, reply.read), (Verdict::NotPerformed(*b"06"), false));
    assert!(waiting.ledger().is_empty());
    let mut late = terminal(slow());
    begin(&mut late, at(0), 2_500);
    for now in [22_000, 27_000] {
        assert!(late.press_red_button(at(now)).is_err(), "too late at {now}");
    }
    assert!(late.press_red_button(at(60_000)).is_err(), "nothing to abandon");
    assert_eq!(late.ledger().len(), 1);
}

#[test]
fn a_test_can_hold_the_card() {
    let settings = Settings { manual_card: true, ..Settings::default() };
    let mut held = terminal(settings.clone());
    assert!(held.present_card(at(0)).is_err(), "nobody wants one");
    let line = begin(&mut held, at(0), 2_500);
    held.advance(at(59_999));
    assert_eq!(held.state(), "waiting_for_card");
    held.present_card(at(59_999)).unwrap();
    assert!(matches!(held.take(line), Outcome::Reply(reply) if reply.verdict == Verdict::Performed));
    let mut forgotten = terminal(settings);
    let line = begin(&mut forgotten, at(0), 2_500);
    forgotten.advance(at(60_000));
    assert!(
        matches!(forgotten.take(line), Outcome::Reply(reply) if reply.verdict == Verdict::NotPerformed(*b"08"))
    );
    assert!(forgotten.ledger().is_empty());
}

#[test]
fn a_second_till_is_refused_and_disturbs_nobody() {
    let mut terminal = terminal(slow());
    let first = begin(&mut terminal, at(0), 2_500);
    for now in [1, 21_000, 26_000] {
        let second = ask(&mut terminal, at(now), Asked::new(Operation::Debit, Some(euros(9_900)), 2));
        assert_eq!(second.verdict, Verdict::NotPerformed(*b"00"));
    }
    terminal.advance(at(60_000));
    assert!(matches!(terminal.take(first), Outcome::Reply(reply) if reply.amount == Some(euros(2_500))));
    assert_eq!(terminal.ledger().charges().len(), 1);
}

#[test]
fn asleep_busy_in_the_background_rebooting() {
    let mut terminal = terminal(Settings::default());
    terminal.sleep(at(0)).unwrap();
    assert!(!terminal.is_reachable());
    assert!(terminal.make_busy(at(0)).is_err(), "a sleeper is not busy");
    terminal.wake(at(1)).unwrap();
    for hide in [Terminal::make_busy, Terminal::go_to_background] {
        hide(&mut terminal, at(2)).unwrap();
        let refused = ask(&mut terminal, at(3), asked(Operation::Debit, 2_500));
        assert_eq!(refused.verdict, Verdict::NotPerformed(*b"00"));
        terminal.wake(at(4)).unwrap();
    }
    terminal.make_busy(at(5)).unwrap();
    terminal.press_red_button(at(6)).unwrap();
    assert_eq!(terminal.state(), "idle");
    terminal.reboot(at(10), Duration::from_secs(2));
    assert!(!terminal.is_reachable());
    assert!(terminal.wake(at(11)).is_err());
    terminal.advance(at(2_010));
    assert!(terminal.is_idle());
    assert_eq!(ask(&mut terminal, at(2_011), asked(Operation::Debit, 2_500)).verdict, Verdict::Performed);
}

#[test]
fn a_reboot_loses_the_answer_but_not_the_charge() {
    for (when, charged) in [(10_000, 0), (22_000, 0), (27_000, 1)] {
        let mut terminal = terminal(slow());
        let line = begin(&mut terminal, at(0), 2_500);
        terminal.reboot(at(when), Duration::from_secs(30));
        assert_eq!(terminal.take(line), Outcome::Lost);
        terminal.advance(at(100_000));
        assert_eq!((terminal.take(line), terminal.ledger().len()), (Outcome::Pending, charged), "at {when}");
    }
}

#[test]
fn a_duplicata_in_each_way_that_a_terminal_knows() {
    let duplicata = || Asked::new(Operation::Duplicata, None, 1);
    for (kind, known, amount) in [
        (Duplicata::Nothing, false, None),
        (Duplicata::Ticket, true, None),
        (Duplicata::Fields, true, Some(euros(2_000))),
    ] {
        let persona = Persona { duplicata: kind, ..Persona::PAYXPRESS };
        let script: Script = "partial:20.00,decline:04,approve".parse().unwrap();
        let mut terminal = terminal(Settings { persona, script, ..Settings::default() });
        let unknown = Verdict::NotPerformed(*b"12");
        // None since the telecollection.
        let none = ask(&mut terminal, at(0), duplicata());
        assert_eq!(none.verdict, if known { Verdict::NotPerformed(*b"00") } else { unknown });
        let mut debit = asked(Operation::Debit, 2_500);
        debit.label = Some(Sensitive::new("order 7".to_owned()));
        ask(&mut terminal, at(1), debit);
        // What was really paid, not what was asked for.
        for _ in 0..2 {
            let last = ask(&mut terminal, at(2), duplicata());
            assert_eq!(last.verdict, if known { Verdict::Performed } else { unknown });
            assert_eq!(last.amount, amount);
            let label = last.label.map(|label| label.reveal().clone());
            assert_eq!(label.as_deref(), amount.map(|_| "order 7"));
        }
        // The last one was not completed: what was before it is gone.
        ask(&mut terminal, at(3), asked(Operation::Debit, 900));
        let refused = ask(&mut terminal, at(4), duplicata());
        assert_eq!(refused.verdict, if known { Verdict::NotPerformed(*b"07") } else { unknown });
        ask(&mut terminal, at(5), asked(Operation::Debit, 900));
        terminal.telecollect(at(6));
        let none = ask(&mut terminal, at(7), duplicata());
        assert_eq!(none.verdict, if known { Verdict::NotPerformed(*b"00") } else { unknown });
        assert_eq!(terminal.ledger().len(), 2, "a duplicata moves nothing");
    }
}

#[test]
fn a_cancellation_undoes_the_last_debit_once_and_whole() {
    let mut terminal = terminal(Settings::default());
    let cancel =
        |terminal: &mut Terminal, minor| ask(terminal, at(9), asked(Operation::Cancellation, minor)).verdict;
    let refused = Verdict::NotPerformed(*b"07");
    assert_eq!(cancel(&mut terminal, 2_500), refused, "nothing was paid");
    ask(&mut terminal, at(0), asked(Operation::Debit, 900));
    ask(&mut terminal, at(1), asked(Operation::Debit, 2_500));
    assert_eq!(cancel(&mut terminal, 900), refused, "not the last one");
    assert_eq!(cancel(&mut terminal, 2_400), refused, "not the whole amount");
    assert_eq!(cancel(&mut terminal, 2_500), Verdict::Performed);
    assert_eq!(cancel(&mut terminal, 2_500), refused, "not twice");
    assert_eq!(cancel(&mut terminal, 900), refused, "and not the one before");
    let cancelled = terminal.ledger().cancellations();
    assert_eq!((cancelled.len(), cancelled[0].original, cancelled[0].amount_minor), (1, Some(2), 2_500));
    assert_eq!(terminal.ledger().balance(978), 900);
    // HiPay's terminals do not cancel.
    let mut nepting =
        Terminal::new(Settings { persona: Persona::NEPTING, ..Settings::default() }, Ledger::new());
    ask(&mut nepting, at(0), asked(Operation::Debit, 900));
    assert_eq!(cancel(&mut nepting, 900), Verdict::NotPerformed(*b"12"));
}

#[test]
fn credits_linked_and_not() {
    let mut terminal = terminal(Settings::default());
    let paid = ask(&mut terminal, at(0), asked(Operation::Debit, 2_500));
    assert_eq!(ask(&mut terminal, at(1), asked(Operation::Credit, 100)).verdict, Verdict::Performed);
    let mut linked = |id: Option<String>, minor| {
        let original = id.map(Sensitive::new);
        let request = Asked { original, ..asked(Operation::LinkedCredit, minor) };
        ask(&mut terminal, at(2), request).verdict
    };
    let refused = Verdict::NotPerformed(*b"07");
    let id = paid.transaction;
    assert!(id.is_some());
    assert_eq!(linked(Some("VT99999999".to_owned()), 100), refused);
    assert_eq!(linked(None, 100), refused);
    assert_eq!(linked(id.clone(), 2_501), refused);
    assert_eq!(linked(id.clone(), 2_000), Verdict::Performed);
    assert_eq!(linked(id.clone(), 501), refused, "more than is left");
    assert_eq!(linked(id, 500), Verdict::Performed);
    let credits = terminal.ledger().credits();
    let originals: Vec<_> = credits.iter().map(|credit| credit.original).collect();
    assert_eq!(originals, [None, Some(1), Some(1)]);
    assert_eq!(terminal.ledger().balance(978), -100);
    let totals = terminal.totals()[&978];
    assert_eq!(
        (totals.charges, totals.charged_minor, totals.refunds, totals.refunded_minor),
        (1, 2_500, 3, 2_600)
    );
}

#[test]
fn cheques_currencies_and_a_memory_that_is_full() {
    let settings = Settings { currencies: vec![Currency::EUR], ..Settings::default() };
    let mut terminal = terminal(settings);
    assert_eq!(ask(&mut terminal, at(0), asked(Operation::Cheque, 2_500)).verdict, Verdict::Performed);
    assert_eq!(terminal.ledger().charges()[0].kind, Kind::Cheque);
    terminal.set_script(Script::always(Answer::decline("02")));
    // Of a cheque every refusal is 04.
    assert_eq!(
        ask(&mut terminal, at(1), asked(Operation::Cheque, 2_500)).verdict,
        Verdict::NotPerformed(*b"04")
    );
    terminal.set_script(Script::default());
    let dollars =
        Asked::new(Operation::Debit, Some(Amount::parse("5.00", "USD".parse().unwrap()).unwrap()), 1);
    assert_eq!(ask(&mut terminal, at(2), dollars).verdict, Verdict::NotPerformed(*b"13"));
    for _ in terminal.ledger().len()..caisse_simulator::ledger::MOST_MOVEMENTS {
        terminal.ledger().charge(1, 978, 1);
    }
    assert_eq!(ask(&mut terminal, at(3), asked(Operation::Debit, 1)).verdict, Verdict::NotPerformed(*b"00"));
    terminal.reset(at(4));
    assert_eq!(ask(&mut terminal, at(5), asked(Operation::Debit, 1)).verdict, Verdict::Performed);
    assert_eq!(terminal.ledger().len(), 1);
}

#[test]
fn scripts_in_their_order_by_code_and_ahead_of_time() {
    let mut terminal =
        terminal(Settings { script: "decline:02,cancel".parse().unwrap(), ..Settings::default() });
    let verdicts = |terminal: &mut Terminal, count: usize| -> Vec<Verdict> {
        (0..count).map(|_| ask(terminal, at(0), asked(Operation::Debit, 2_500)).verdict).collect()
    };
    let (two, six) = (Verdict::NotPerformed(*b"02"), Verdict::NotPerformed(*b"06"));
    assert_eq!(verdicts(&mut terminal, 4), [two, six, six, six], "the last one stays");
    terminal.push_turn("approve".parse().unwrap()).unwrap();
    terminal.push_turn("decline:02".parse().unwrap()).unwrap();
    assert_eq!(verdicts(&mut terminal, 3), [Verdict::Performed, two, six]);
    terminal.set_script(Script::from_fn(|asked| match asked.amount {
        Some(amount) if amount.minor() > 5_000 => Turn::from(Answer::decline("02")),
        _ => Turn::from(Answer::Approve),
    }));
    assert_eq!(verdicts(&mut terminal, 1), [Verdict::Performed]);
    assert_eq!(ask(&mut terminal, at(0), asked(Operation::Debit, 5_001)).verdict, two);
    terminal.set_script("by-amount".parse().unwrap());
    for (minor, verdict, amount) in [
        (1_004, Verdict::NotPerformed(*b"04"), 1_004),
        (1_006, six, 1_006),
        (1_030, Verdict::Performed, 515),
        (1_000, Verdict::Performed, 1_000),
    ] {
        let reply = ask(&mut terminal, at(0), asked(Operation::Debit, minor));
        assert_eq!((reply.verdict, reply.amount), (verdict, Some(euros(amount))), "{minor}");
    }
    for _ in 0..10_000 {
        terminal.push_turn(Turn::default()).unwrap();
    }
    assert!(terminal.push_turn(Turn::default()).is_err());
}

#[test]
fn the_same_seed_gives_the_same_life() {
    let run = |seed| {
        let mut terminal = terminal(Settings { seed, script: Script::random(), ..Settings::default() });
        for number in 0..50 {
            let line = begin(&mut terminal, at(number), 2_500 + number);
            terminal.take(line);
            terminal.close(line);
        }
        terminal.events_since(0)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
