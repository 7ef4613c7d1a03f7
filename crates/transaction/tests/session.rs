//! Transactions on a line with sessions, in both generations: what goes out, what comes back, and what is lost between.

mod support;

use std::time::Duration;

use caisse_codec::TicketRequest;
use caisse_link::frame::Tolerance;
use caisse_link::serial::SerialConfig;
use caisse_payment::{Doubt, NotSent, Operation, Outcome, Proof, RawStatus, Refusal, Transaction, Verdict};
use caisse_transaction::till::Config;
use caisse_transaction::{
    Action, Dialect, Event, Instant, OptionalFields, RefusedMessage, Request, TillMachine,
};
use support::line::{
    ACK, Break, ENQ, EOT, NAK, Run, Usual, framed, run, run_broken, run_with_storage, serial,
};
use support::{Write, config, debit, euros, transaction};

const E: Dialect = Dialect::CONCERT_E;
const E_PLUS: Dialect = Dialect::CONCERT_E_PLUS;
const INGENICO: Dialect = Dialect::INGENICO;

fn asked(operation: Operation) -> Request {
    Request { transaction: Transaction { operation, ..transaction(euros(1242)) }, ..debit(1242) }
}

fn unknown(doubt: Doubt, proof: Proof) -> Verdict {
    Verdict { outcome: Outcome::Unknown { doubt }, proof }
}

fn not_sent(reason: NotSent) -> Verdict {
    Verdict { outcome: Outcome::NotSent { reason }, proof: Proof::NothingSent }
}

fn approved(minor: u64) -> Verdict {
    Verdict { outcome: Outcome::Approved { amount: euros(minor) }, proof: Proof::Answered }
}

const TLV_YES: &str = "CZ0040301CJ012330538600404CA00201CB0041242CD0010CE003978AE00210AC006A00395";

/// Every operation in every generation: the whole exchange, byte for byte, against transcripts written by hand.
#[test]
fn every_operation_completes_in_every_generation() {
    let fixed = |flag: &str, tail: &str| framed(&format!("0100001242{flag}978          {tail}"));
    let tlv = |action: char, tail: &str| {
        framed(&format!("CZ0040300CJ012012345678901CA00201CB0041242CD001{action}CE003978{tail}"))
    };
    let yes = |action: char| format!("CZ0040301CA00201CB0041242CD001{action}CE003978AE00210");
    let rows = [
        (E, Operation::Debit, fixed("010", ""), "010000012421978          ".to_owned()),
        (E, Operation::Cheque, fixed("0C0", ""), "01000001242C978          ".to_owned()),
        (E, Operation::Credit, fixed("011", ""), "010000012421978          ".to_owned()),
        (E, Operation::Cancellation, fixed("012", ""), "010000012421978          ".to_owned()),
        (E_PLUS, Operation::Debit, fixed("010", "A010B010"), "01000001242B978          ".to_owned()),
        (E_PLUS, Operation::Cheque, fixed("0C0", "A010B010"), "01000001242C978          ".to_owned()),
        (E_PLUS, Operation::Credit, fixed("011", "A010B010"), "010000012421978          ".to_owned()),
        (E_PLUS, Operation::Cancellation, fixed("012", "A010B010"), "010000012421978          ".to_owned()),
        (INGENICO, Operation::Debit, tlv('0', ""), yes('0')),
        (INGENICO, Operation::Cheque, tlv('0', "CC00300C"), yes('0')),
        (INGENICO, Operation::Credit, tlv('1', ""), yes('1')),
        (INGENICO, Operation::Cancellation, tlv('2', ""), yes('2')),
        (INGENICO, Operation::DeferredDebit, tlv('7', ""), yes('7')),
    ];
    for (dialect, operation, request, answer) in rows {
        let run = run(serial(dialect), asked(operation), &mut Usual::answering(&answer));
        assert_eq!(run.verdict, approved(1242), "{operation} in {}", dialect.name);
        let expected: Vec<Vec<u8>> = vec![vec![ENQ], request, vec![EOT], vec![ACK], vec![ACK]];
        assert_eq!(run.sent, expected, "{operation} in {}", dialect.name);
        assert_eq!(run.late, 0);
        use Event::{Answer, Connected, Connecting, Recorded, Sent, Waiting};
        assert_eq!(run.events, [Connecting, Connected, Recorded, Sent, Waiting, Answer], "as on TCP");
        assert!(matches!(run.writes[..], [Write::Start(_), Write::End(..)]));
        assert!(run.elapsed < Duration::from_secs(6), "no timer was waited for: {:?}", run.elapsed);
    }
}

#[test]
fn refusals_say_why_where_the_generation_does() {
    let refused = run(serial(E_PLUS), debit(1242), &mut Usual::answering("017000012420978          "));
    assert_eq!(refused.verdict.outcome, Outcome::Declined { refusal: Refusal::Unspecified });
    let Write::End(_, end) = refused.writes[1] else { panic!("no end") };
    assert_eq!((end.status.stat, end.status.status), (Some(b'7'), None));
    let no = "CZ0040301CA00201CB0041242CD0010CE003978AE00201AF00206";
    let cancelled = run(serial(INGENICO), debit(1242), &mut Usual::answering(no));
    assert_eq!(cancelled.verdict.outcome, Outcome::Cancelled { refusal: Refusal::Abandoned });
}

/// On a line that was there before, a refusal that repeats too little may be another transaction's.
#[test]
fn a_refusal_without_its_echo_proves_nothing_on_a_shared_line() {
    for body in ["CZ0040301AE00201AF00204", "CZ0040301CA00201CB000CD0010CE003978AE00201AF00206"] {
        let run = run(serial(INGENICO), debit(1242), &mut Usual::answering(body));
        assert_eq!(run.verdict, unknown(Doubt::EchoMissing, Proof::Answered), "{body}");
        // The same bytes on a connection of their own are a refusal.
        let own = support::answered(INGENICO, debit(1242), body.as_bytes(), support::Then::Close);
        assert!(matches!(own.outcome(), Outcome::Declined { .. } | Outcome::Cancelled { .. }), "{body}");
    }
}

/// The table of outcomes for E and E+, every field against every other.
#[test]
fn every_combination_of_an_answer_of_e_ends_as_the_table_says() {
    let doubt = |stat, register, minor: u32, currency| match (stat, register, currency) {
        ('9', ..) => Doubt::Taken,
        (' '..='/' | '1'..='6' | '8' | ':'..='~', ..) => Doubt::StatusUnknown,
        (_, "02", _) => Doubt::RegisterDiffers,
        (_, _, "840" | "000") => Doubt::CurrencyDiffers,
        ('7', ..) => Doubt::AmountDiffers,
        _ if minor == 0 => Doubt::AmountZero,
        _ if minor > 1242 => Doubt::AmountHigher,
        // These generations know no approval of a part.
        _ => Doubt::AmountDiffers,
    };
    let mut counts = [0; 3];
    for stat in ' '..='~' {
        for register in ["01", "02"] {
            for minor in [0, 1, 1241, 1242, 1243, 99_999_999] {
                for currency in ["978", "840", "000"] {
                    let body = format!("{register}{stat}{minor:08}1{currency}          ");
                    let run = run(serial(E_PLUS), debit(1242), &mut Usual::answering(&body));
                    let ours = register == "01" && minor == 1242 && currency == "978";
                    let (expected, kind) = match stat {
                        '0' if ours => (approved(1242).outcome, 0),
                        '7' if ours => (Outcome::Declined { refusal: Refusal::Unspecified }, 1),
                        _ => (Outcome::Unknown { doubt: doubt(stat, register, minor, currency) }, 2),
                    };
                    assert_eq!(run.verdict.outcome, expected, "{body}");
                    assert_eq!(run.messages(), 1);
                    counts[kind] += 1;
                }
            }
        }
    }
    assert_eq!(counts, [1, 1, 95 * 2 * 6 * 3 - 2]);
}

#[test]
fn a_terminal_that_does_not_answer_leaves_nothing_sent() {
    let silent = run(serial(E), debit(1242), &mut |_: &[u8]| vec![]);
    assert_eq!(silent.verdict, not_sent(NotSent::NoAnswerToEnquiry));
    let enquiries = silent.sent.iter().filter(|bytes| *bytes == &[ENQ]).count();
    assert_eq!((enquiries, silent.messages()), (usize::from(SerialConfig::TILL.rules.attempts), 0));
    assert!(silent.elapsed > Duration::from_secs(10) && silent.elapsed < Duration::from_secs(14));

    let busy = run(serial(E), debit(1242), &mut |sent: &[u8]| match sent {
        [ENQ] => vec![(10, vec![NAK])],
        _ => vec![],
    });
    assert_eq!(busy.verdict, not_sent(NotSent::LineRefused));
    assert_eq!(busy.messages(), 0);
    // Nothing was sent, so the journal has it as not sent, and the same id may try again.
    let Write::End(_, end) = busy.writes[1] else { panic!("no end: {:?}", busy.writes) };
    assert_eq!(end.verdict, busy.verdict);
}

#[test]
fn a_message_that_is_refused_or_not_acknowledged_is_never_said_again() {
    // NAK, and then the terminal acts on it all the same.
    for (reaction, doubt) in [(Some(NAK), Doubt::MessageRefused), (None, Doubt::NotAcknowledged)] {
        let answer = |sent: &[u8]| match sent {
            [ENQ] => vec![(10, vec![ACK])],
            [0x02, ..] => reaction.map(|byte| (10, vec![byte])).into_iter().collect(),
            _ => vec![],
        };
        let lost = run(serial(E_PLUS), debit(1242), &mut { answer });
        assert_eq!(lost.verdict, unknown(doubt, Proof::PerhapsSent));
        assert_eq!(lost.messages(), 1);
        assert!(lost.elapsed >= Duration::from_secs(300), "the till listens for the answer window");

        let mut usual = Usual::answering("010000012421978          ");
        let acted = run(serial(E_PLUS), debit(1242), &mut |sent: &[u8]| {
            use support::line::Terminal as _;
            match sent {
                [0x02, ..] => {
                    let mut coming: Vec<_> = reaction.map(|byte| (10, vec![byte])).into_iter().collect();
                    coming.push((8_000, vec![ENQ]));
                    coming
                }
                [EOT] => vec![],
                sent => usual.hear(sent),
            }
        });
        assert_eq!(acted.verdict, approved(1242), "{doubt:?}");
        assert_eq!(acted.messages(), 1);
    }
}

#[test]
fn a_maker_s_word_can_make_a_refusal_of_a_nak() {
    let dialect = Dialect { refused_message: RefusedMessage::Refusal, name: "custom", ..E_PLUS };
    let run = run(serial(dialect), debit(1242), &mut |sent: &[u8]| match sent {
        [ENQ] => vec![(10, vec![ACK])],
        [0x02, ..] => vec![(10, vec![NAK])],
        _ => vec![],
    });
    assert_eq!(run.verdict.outcome, Outcome::Declined { refusal: Refusal::MessageFormat });
}

/// A terminal that has an earlier result to say asks for the line first.
fn with_earlier(earlier: &'static str, ours: &'static str) -> Run {
    let mut usual = Usual::answering(ours);
    let mut stage = 0;
    run(serial(E_PLUS), debit(1242), &mut move |sent: &[u8]| {
        use support::line::Terminal as _;
        match (stage, sent) {
            (0, [ENQ]) => {
                stage = 1;
                vec![(10, vec![ENQ])]
            }
            (1, [ACK]) => {
                stage = 2;
                vec![(10, framed(earlier))]
            }
            (2, [ACK]) => {
                stage = 3;
                vec![(10, vec![EOT])]
            }
            (3, sent) => usual.hear(sent),
            _ => vec![],
        }
    })
}

/// Contention is yielded to, what comes is filed, and the own enquiry goes on.
#[test]
fn an_earlier_result_never_ends_this_transaction() {
    // Another amount: it can be told apart, and ours counts.
    let run = with_earlier("010000009991978          ", "010000012421978          ");
    assert_eq!((run.verdict, run.late, run.messages()), (approved(1242), 1, 1));
    assert!(run.events.contains(&Event::LateAnswer));
    let declined = with_earlier("010000009991978          ", "017000012421978          ");
    assert_eq!(declined.outcome(), "declined");
    // The same amount: what comes after our message may be its copy.
    let run = with_earlier("010000012421978          ", "010000012421978          ");
    assert_eq!((run.verdict, run.late), (unknown(Doubt::PerhapsEarlier, Proof::Answered), 1));
    let run = with_earlier("010000012421978          ", "017000012421978          ");
    assert_eq!(run.verdict, unknown(Doubt::PerhapsEarlier, Proof::Answered));
}

/// What an earlier result says of a card and an authorisation is nothing of this transaction's.
#[test]
fn an_earlier_result_leaves_nothing_in_the_end_of_this_transaction() {
    let mut stage = 0;
    let alone = run(serial(INGENICO), debit(1242), &mut move |sent: &[u8]| {
        stage += 1;
        match (stage, sent) {
            (1, [ENQ]) => vec![(10, vec![ENQ])],
            (2, [ACK]) => vec![(10, framed(&TLV_YES.replace("CB0041242", "CB0040999")))],
            (3, [ACK]) => vec![(10, vec![EOT])],
            (4, [ENQ]) | (5, [0x02, ..]) => vec![(10, vec![ACK])],
            _ => vec![],
        }
    });
    assert_eq!((alone.outcome(), alone.late, alone.messages()), ("unknown", 1, 1));
    let Write::End(_, end) = alone.writes[1] else { panic!("no end: {:?}", alone.writes) };
    assert_eq!((end.authorisation, end.contract, end.status), (None, None, RawStatus::default()));
}

/// A result of other content after our message is somebody else's, and the wait goes on.
#[test]
fn a_stranger_s_result_after_the_message_ends_nothing() {
    let say = |bodies: Vec<&'static str>| {
        let mut bodies = bodies.into_iter();
        let mut next = bodies.next();
        let mut acknowledged = false;
        run(serial(E_PLUS), debit(1242), &mut move |sent: &[u8]| match sent {
            [ENQ] | [0x02, ..] => vec![(10, vec![ACK])],
            [EOT] => vec![(2_000, vec![ENQ])],
            [ACK] if !acknowledged => {
                acknowledged = true;
                next.map(|body| (10, framed(body))).into_iter().collect()
            }
            [ACK] => {
                acknowledged = false;
                next = bodies.next();
                let mut coming = vec![(10, vec![EOT])];
                coming.extend(next.map(|_| (2_000, vec![ENQ])));
                coming
            }
            _ => vec![],
        })
    };
    let run = say(vec!["010000009991978          ", "010000012421978          "]);
    assert_eq!((run.verdict, run.late, run.messages()), (approved(1242), 1, 1));
    let run = say(vec!["010000009991978          "]);
    assert_eq!(run.verdict, unknown(Doubt::AmountDiffers, Proof::Delivered));
    assert!(run.elapsed >= Duration::from_secs(300));
    let run = say(vec!["020000012421978          ", "017000012421978          "]);
    assert_eq!(run.outcome(), "declined");
    // A frame that is no answer ends the wait: nothing else can be told from it.
    let run = say(vec!["rubbish of another kind"]);
    assert_eq!(run.verdict, unknown(Doubt::AnswerMalformed, Proof::Delivered));
}

#[test]
fn our_reference_tells_our_answer_from_an_earlier_one() {
    let request = Request {
        transaction: Transaction { reference: "order-7".parse().ok(), ..transaction(euros(1242)) },
        ..debit(1242)
    };
    let with_reference = format!("{TLV_YES}CF007order-7");
    let run_with = |answer: String| {
        let mut usual = Usual::answering(&answer);
        let mut stage = 0;
        run(serial(Dialect::PAYXPRESS), request, &mut move |sent: &[u8]| {
            use support::line::Terminal as _;
            match (stage, sent) {
                (0, [ENQ]) => {
                    stage = 1;
                    vec![(10, vec![ENQ])]
                }
                (1, [ACK]) => {
                    stage = 2;
                    vec![(10, framed(TLV_YES))]
                }
                (2, [ACK]) => {
                    stage = 3;
                    vec![(10, vec![EOT])]
                }
                (3, sent) => usual.hear(sent),
                _ => vec![],
            }
        })
    };
    let run = run_with(with_reference.clone());
    let message = run.sent.iter().find(|bytes| bytes.starts_with(&[2])).unwrap();
    assert!(String::from_utf8_lossy(message).contains("CF007order-7"));
    assert_eq!(run.verdict, approved(1242));
    assert_eq!(run_with(TLV_YES.to_owned()).verdict, unknown(Doubt::PerhapsEarlier, Proof::Answered));
    let run = run_with(format!("{TLV_YES}CF007order-8"));
    assert_eq!(run.verdict, unknown(Doubt::ReferenceDiffers, Proof::Delivered));
}

/// Nepting's receipt stands behind a report, with line feeds in it.
#[test]
fn a_receipt_of_nepting_is_kept() {
    let tolerance = Tolerance { line_feeds: true, ..SerialConfig::TILL.tolerance };
    let dialect = Dialect {
        name: "custom",
        optional: OptionalFields { ticket: true, ..E.optional },
        session: SerialConfig { tolerance, ..E.session },
        ..E
    };
    let body = format!("010000012421{:55}978{:10}MERCI\nAU REVOIR\n", "", "");
    let request = Request { ticket: Some(TicketRequest::CUSTOMER_TEXT), ..debit(1242) };
    let run = run(serial(dialect), request, &mut Usual::answering(&body));
    assert_eq!(run.verdict, approved(1242));
    assert_eq!(run.receipt.as_deref(), Some(b"MERCI\nAU REVOIR\n".as_slice()));
    assert!(String::from_utf8_lossy(&run.sent[1]).contains("T012"));
    assert_eq!(run.skipped, 0);
    // Storage for one byte less, half of it for a frame: the receipt is left out and counted, and nothing else changes.
    let small = |body: &str, storage| {
        let mut usual = Usual::answering(body);
        run_with_storage(serial(dialect), request, &mut usual, Break::default(), 4096, storage)
    };
    assert_eq!(body.len(), 96);
    for (storage, receipt, skipped, kept) in
        [(192, Some(b"MERCI\nAU REVOIR\n".to_vec()), 0, 96), (191, None, 1, 80)]
    {
        let run = small(&body, storage);
        assert_eq!((run.verdict, run.receipt, run.skipped), (approved(1242), receipt, skipped));
        let shown = format!("FixedReader({kept} bytes, {skipped} skipped)");
        assert!(run.reader.contains(&shown), "{}", run.reader);
    }
    for (storage, skipped) in [(50, 0), (49, 1)] {
        let run = small("010000012421978          ", storage);
        assert_eq!((run.verdict, run.skipped), (approved(1242), skipped), "{storage}");
    }
    // A dialect without tickets asks for none, and the payment goes on.
    let run = support::line::run(serial(E), request, &mut Usual::answering("010000012421978          "));
    assert_eq!((run.verdict, run.receipt), (approved(1242), None));
}

/// The bytes of a session over TCP are those of the serial line.
#[test]
fn e_plus_over_tcp_has_sessions_too() {
    let over_tcp = config(E_PLUS);
    assert!(over_tcp.has_sessions() && !config(INGENICO).has_sessions() && serial(INGENICO).has_sessions());
    let usual = || Usual::answering("010000012421978          ");
    let tcp = run(over_tcp, debit(1242), &mut usual());
    assert_eq!(tcp, run(serial(E_PLUS), debit(1242), &mut usual()));
}

/// Any pieces give the same run.
#[test]
fn pieces_change_nothing() {
    for (config, answer) in [
        (serial(E), "010000012421978          "),
        (serial(E_PLUS), "017000012420978          "),
        (serial(INGENICO), TLV_YES),
    ] {
        let whole = run(config, debit(1242), &mut Usual::answering(answer));
        for piece in 1..=90 {
            let cut = run_broken(config, debit(1242), &mut Usual::answering(answer), Break::default(), piece);
            assert_eq!(cut, whole, "pieces of {piece}");
        }
    }
}

/// What the money side allows when the line goes at a certain byte.
fn check_break(config: Config, answer: &str, truth: &'static str, broken: Break) -> &'static str {
    let mut terminal = Usual::answering(answer);
    let run = run_broken(config, debit(1242), &mut terminal, broken, 4096);
    let outcome = run.outcome();
    assert!(run.messages() <= 1, "{broken:?}");
    assert!(run.elapsed < Duration::from_secs(320), "{broken:?}: {:?}", run.elapsed);
    let delivered = !terminal.requests.is_empty();
    let starts = run.writes.iter().filter(|entry| matches!(entry, Write::Start(_))).count();
    assert_eq!(starts, 1, "{broken:?}");
    match outcome {
        "not_sent" => assert!(!delivered, "{broken:?}: the terminal has the request"),
        "unknown" => {}
        known => assert!(known == truth && delivered, "{broken:?}: {known}"),
    }
    outcome
}

/// The line goes at every byte of the exchange, in both directions, told or in silence. Counts are pinned: a till that
/// always said unknown would be safe and useless.
#[test]
fn a_line_that_goes_at_any_byte_never_makes_a_wrong_outcome() {
    // Not sent: before the enquiry, and after it as long as the message has not gone; a line that falls silent behind the
    // terminal's leave takes the message all the same. Known: once the frame of the answer has come, and no sooner.
    let rows = [
        (serial(E), "010000012421978          ", "approved", [7, 121, 6]),
        (serial(E_PLUS), "017000012420978          ", "declined", [7, 137, 6]),
        (serial(INGENICO), TLV_YES, "approved", [7, 279, 6]),
    ];
    let mut all = Vec::new();
    for (config, answer, truth, _) in rows {
        let whole = run(config, debit(1242), &mut Usual::answering(answer));
        let till_bytes: usize = whole.sent.iter().map(Vec::len).sum();
        let terminal_bytes = framed(answer).len() + 4;
        let mut counts = [0; 3];
        for silent in [false, true] {
            let received = (0..=terminal_bytes).map(|most| Break {
                after_received: Some(most),
                after_sent: None,
                silent,
            });
            let sent =
                (0..=till_bytes).map(|most| Break { after_received: None, after_sent: Some(most), silent });
            for broken in received.chain(sent) {
                let outcome = check_break(config, answer, truth, broken);
                counts[["not_sent", "unknown", truth].iter().position(|it| *it == outcome).unwrap()] += 1;
            }
        }
        all.push(counts);
    }
    assert_eq!(all, rows.map(|row| row.3));
}

/// Whoever gives up while the system has half of the message sends nothing of the other half, and waits for nobody.
#[test]
fn giving_up_leaves_the_rest_of_a_message_unsent() {
    let mut storage = [0; 1024];
    let mut till = TillMachine::new(serial(INGENICO), &mut storage);
    let mut now = Instant::default();
    till.start(now, debit(1242)).unwrap();
    let (mut handed, mut given_up) = (0, false);
    let verdict = loop {
        match till.poll() {
            Action::Connect => till.handle_connected(now, Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                till.handle_written(now, Ok(()))
            }
            Action::Send(&[ENQ]) => {
                till.handle_sent(now, Ok(1));
                till.handle_drained(now, Ok(()));
                till.handle_input(now, &[ACK]);
            }
            Action::Send(message) => {
                handed += 1;
                assert!(!given_up, "{} bytes after the end", message.len());
                till.handle_sent(now, Ok(20));
                till.give_up(now);
                given_up = true;
            }
            Action::Wait { until } => {
                assert!(!given_up, "waits until {until:?}");
                now = until.unwrap();
                till.handle_timeout(now);
            }
            Action::Look => till.handle_idle(now),
            Action::Persist(_) | Action::Drain => panic!("nothing earlier has come"),
            Action::Event(_) | Action::Close | Action::Abort | Action::Verdict(_) | Action::Dispute(_) => {}
            Action::Done(verdict) => break verdict,
        }
    };
    assert_eq!((verdict, handed), (unknown(Doubt::GivenUp, Proof::PerhapsSent), 1));
}
