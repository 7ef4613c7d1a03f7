//! Everything that a probe can say, enumerated and decoded: whatever a driver and a terminal do, no money is in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use caisse_codec::wire::Generation;
use caisse_codec::{Identifier, Message, ReceivedRequest, Tag};
use caisse_link::frame::check_byte;
use caisse_transaction::probe::{ProbeAction, ProbeConfig, ProbeMachine, Question, QuestionError};
use caisse_transaction::{ConnectError, Dialect, Duplicata, Instant, LinkKind, SendError, Trailer};

const QUESTIONS: [Question; 4] = [
    Question::Presence,
    Question::Identification,
    Question::Duplicata { ticket: false },
    Question::Duplicata { ticket: true },
];

/// What a driver can report, and a terminal say.
const HAPPENINGS: [Happening; 16] = [
    Happening::Connected,
    Happening::NotOpened,
    Happening::Closed,
    Happening::Gone,
    Happening::AllSent,
    Happening::OneSent,
    Happening::SendFailed,
    Happening::Time,
    Happening::GiveUp,
    Happening::Input(b"\x05"),
    Happening::Input(b"\x06"),
    Happening::Input(b"\x15"),
    Happening::Input(b"\x04"),
    Happening::Input(b"\x02CZ0040301CD001IAE00210\x03\x7f"),
    Happening::Input(b"\x020170000124297 8          \x03\x36"),
    Happening::Input(b"CZ0040301CA00201CD0013AE00201AF00209"),
];

/// How much happens after each part of a conversation.
const DEPTH: usize = 6;

/// A whole conversation on a line with sessions, in the numbers of [`HAPPENINGS`]: opened; ENQ, granted; message,
/// acknowledged; EOT; called, granted; answer, acknowledged.
const CONVERSATION: [&[u8]; 6] = [&[0, 7, 3], &[10, 7, 3], &[10, 7, 3], &[9, 7, 3], &[13, 7, 3], &[12, 7]];

#[derive(Clone, Copy, Debug)]
enum Happening {
    Connected,
    NotOpened,
    Closed,
    /// All that was handed out is accepted, and has left.
    Gone,
    AllSent,
    OneSent,
    SendFailed,
    Time,
    GiveUp,
    Input(&'static [u8]),
}

/// What left, piece by piece, in one run; and where the machine stands.
fn run(
    config: ProbeConfig,
    question: Question,
    path: &[u8],
) -> Result<(Vec<Vec<u8>>, String), QuestionError> {
    let mut storage = [0; 700];
    let mut probe = ProbeMachine::new(config, question, &mut storage)?;
    let mut now = Instant::from_millis(0);
    let (mut sent, mut handed) = (vec![], 0);
    probe.start(now);
    drain(&mut probe, now, &mut sent, &mut handed);
    for number in path {
        match HAPPENINGS[usize::from(*number)] {
            Happening::Connected => probe.handle_connected(now, Ok(())),
            Happening::NotOpened => probe.handle_connected(now, Err(ConnectError::Refused)),
            Happening::Closed => probe.handle_closed(now),
            Happening::Gone => {
                probe.handle_sent(now, Ok(std::mem::take(&mut handed)));
                probe.handle_drained(now, Ok(()));
            }
            Happening::AllSent => probe.handle_sent(now, Ok(std::mem::take(&mut handed))),
            Happening::OneSent => {
                probe.handle_sent(now, Ok(handed.min(1)));
                handed = handed.saturating_sub(1);
            }
            Happening::SendFailed => probe.handle_sent(now, Err(SendError::Closed)),
            Happening::Time => {
                now = probe.deadline().unwrap_or(now);
                probe.handle_timeout(now);
            }
            Happening::GiveUp => probe.give_up(now),
            Happening::Input(bytes) => probe.handle_input(now, bytes),
        }
        drain(&mut probe, now, &mut sent, &mut handed);
    }
    let state = format!("{handed} {:?} {probe:?}", probe.deadline());
    Ok((sent, without_history(&state, now)))
}

/// A state as it decides what comes next: moments as seen from now, and without what is only counted.
fn without_history(state: &str, now: Instant) -> String {
    let mut parts = state.split("Instant(");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (moment, rest) = part.split_once(')').unwrap();
        let moment: u64 = moment.parse().unwrap();
        text += &format!("+{}{rest}", moment.saturating_sub(now.millis()));
    }
    text.split(", ")
        .filter(|part| {
            !["sample: ", "calls: ", "late: ", "store: ", "received: "]
                .iter()
                .any(|counted| part.starts_with(counted))
        })
        .collect()
}

fn drain(probe: &mut ProbeMachine<'_>, now: Instant, sent: &mut Vec<Vec<u8>>, handed: &mut usize) {
    loop {
        match probe.poll() {
            ProbeAction::Send(bytes) => {
                *handed = bytes.len();
                sent.push(bytes.to_vec());
            }
            ProbeAction::Persist(_) => probe.handle_persisted(now),
            ProbeAction::Look => probe.handle_idle(now),
            ProbeAction::Connect | ProbeAction::Close | ProbeAction::Abort => {}
            ProbeAction::Drain | ProbeAction::Wait { .. } | ProbeAction::Done(_) => return,
        }
    }
}

/// Everything that can leave under this configuration, and how many states were seen.
fn alphabet(config: ProbeConfig, question: Question) -> Result<(BTreeSet<Vec<u8>>, usize), QuestionError> {
    let mut said = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut frontier: Vec<_> = (0..=CONVERSATION.len()).map(|parts| CONVERSATION[..parts].concat()).collect();
    for _ in 0..=DEPTH {
        let mut next = vec![];
        for path in frontier {
            let (sent, state) = run(config, question, &path)?;
            said.extend(sent);
            if seen.insert(state) {
                for number in 0..HAPPENINGS.len() {
                    next.push([path.as_slice(), &[u8::try_from(number).unwrap()]].concat());
                }
            }
        }
        frontier = next;
    }
    Ok((said, seen.len()))
}

/// Why these bytes, on such a line, could move money, or are not a probe's.
fn harm(said: &[u8], sessions: bool, older: bool) -> Result<(), &'static str> {
    if let ([0x05 | 0x04], true) = (said, sessions) {
        return Ok(());
    }
    if older {
        return Err("an E or E+ terminal is sent ENQ and EOT and nothing else");
    }
    if let ([0x06 | 0x15], true) = (said, sessions) {
        return Ok(());
    }
    let body = match said {
        [0x02, body @ .., 0x03, check] if sessions => {
            if *check != check_byte(body) {
                return Err("a wrong check byte");
            }
            body
        }
        bare if !sessions => bare.strip_suffix(b"\r\n").unwrap_or(bare),
        _ => return Err("neither a control character nor a frame"),
    };
    if let 26 | 30 | 34 = body.len() {
        return Err("the length of a request of E or E+");
    }
    if body.get(2..10).is_none_or(|amount| amount.iter().all(u8::is_ascii_digit)) {
        return Err("digits where E and E+ have their amount");
    }
    let message = Message::decode(body).map_err(|_| "not a message")?;
    match ReceivedRequest::read(&message).map_err(|_| "not a request")? {
        ReceivedRequest::Identification(_) if message.get(Tag::CB).is_none() => Ok(()),
        ReceivedRequest::Duplicata(_) => Ok(()),
        _ => Err("another request"),
    }
}

fn dialects() -> Vec<Dialect> {
    let custom = Dialect {
        name: "custom",
        trailer: Trailer::LineEnd,
        duplicata: Duplicata::Fields,
        amount_digits: 12,
        ..Dialect::INGENICO
    };
    [&Dialect::ALL[..], &[custom]].concat()
}

fn config(dialect: Dialect, link: LinkKind, named: bool) -> ProbeConfig {
    let identifier = "012345678901".parse::<Identifier>().unwrap();
    ProbeConfig { link, named, ..ProbeConfig::new(dialect, identifier) }
}

/// A configuration and a question that can be asked under it, with all that can leave, and the number of states.
struct Seen {
    dialect: Dialect,
    link: LinkKind,
    named: bool,
    question: Question,
    said: BTreeSet<Vec<u8>>,
    states: usize,
}

/// Everything that can be asked. What cannot is refused for the right reason.
fn all() -> Vec<Seen> {
    let mut all = vec![];
    for dialect in dialects() {
        // On a stream nothing asks who has named the dialect.
        for (link, named) in [(LinkKind::Stream, true), (LinkKind::Serial, true), (LinkKind::Serial, false)] {
            for question in QUESTIONS {
                let older = dialect.generation != Generation::Concert3;
                match alphabet(config(dialect, link, named), question) {
                    Ok((said, states)) => all.push(Seen { dialect, link, named, question, said, states }),
                    Err(error) if older => assert_eq!(error, QuestionError::OlderGeneration),
                    Err(error) => {
                        assert_eq!((error, named), (QuestionError::DialectNotNamed, false));
                        assert_ne!(question, Question::Presence);
                    }
                }
            }
        }
    }
    all
}

#[test]
fn nothing_that_a_probe_says_has_money_in_it() {
    let (mut states, mut runs) = (0, 0);
    let mut words = BTreeMap::<_, BTreeSet<Vec<u8>>>::new();
    for Seen { dialect, link, named, question, said, states: seen } in all() {
        let older = dialect.generation != Generation::Concert3;
        let sessions = older || link == LinkKind::Serial;
        // Where nobody has named the dialect the terminal may be of the older generation.
        let careful = older || question == Question::Presence || link == LinkKind::Serial && !named;
        let (good, rest): (Vec<_>, Vec<_>) =
            said.iter().partition(|said| harm(said, sessions, careful).is_ok());
        // What is handed out after a part was accepted is the end of a message, and only that.
        for rest in rest {
            let of_a_message = good.iter().any(|whole| whole.len() > rest.len() && whole.ends_with(rest));
            let why = harm(rest, sessions, careful);
            assert!(of_a_message && !rest.is_empty(), "{} {link:?} {question:?}: {why:?}", dialect.name);
        }
        words.entry(sessions).or_default().extend(good.into_iter().cloned());
        states += seen;
        runs += 1;
    }
    // Four of 3.x: 4 on a stream, 4 and 1 on a line; two older ones: 1 on each of three.
    assert_eq!(runs, 4 * 9 + 2 * 3);
    println!("{states} states");
    assert!(states > 50_000, "only {states} states were seen");

    // The whole vocabulary, in literal bytes.
    let expect = |messages: &[&str]| -> BTreeSet<Vec<u8>> {
        messages.iter().map(|message| message.as_bytes().to_vec()).collect()
    };
    let bare = expect(&[
        "CZ0040320CJ012012345678901CA00201CD001I",
        "CZ0040320CJ012012345678901CA00201CD0013",
        "CZ0040320CJ012012345678901CA00201CD0013CK003100",
        "CZ0040320CJ012012345678901CA00201CB00201CD0013CE003978",
        "CZ0040320CJ012012345678901CA00201CB00201CD0013CE003978CK003100",
        "CZ0040300CJ012012345678901CA00201CD001I",
        "CZ0040300CJ012012345678901CA00201CD0013",
        "CZ0040300CJ012012345678901CA00201CD0013CK003100",
        "CZ0040300CJ012012345678901CA00201CD001I\r\n",
        "CZ0040300CJ012012345678901CA00201CB00201CD0013CE003978\r\n",
        "CZ0040300CJ012012345678901CA00201CB00201CD0013CE003978CK003100\r\n",
    ]);
    assert_eq!(words[&false], bare);
    let mut framed: BTreeSet<_> = bare
        .iter()
        .map(|message| message.strip_suffix(b"\r\n").unwrap_or(message))
        .chain([
            b"CZ0040300CJ012012345678901CA00201CB00201CD0013CE003978".as_slice(),
            b"CZ0040300CJ012012345678901CA00201CB00201CD0013CE003978CK003100",
        ])
        .map(|body| [b"\x02", body, b"\x03", &[body.iter().fold(3, |check, byte| check ^ byte)]].concat())
        .collect();
    framed.extend([vec![0x04], vec![0x05], vec![0x06], vec![0x15]]);
    assert_eq!(words[&true], framed);
}

#[test]
fn what_could_move_money_is_seen() {
    let frame = |body: &[u8]| [b"\x02", body, b"\x03", &[check_byte(body)]].concat();
    let debit = b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978";
    assert_eq!(harm(debit, false, false), Err("another request"));
    assert_eq!(harm(&frame(debit), true, false), Err("another request"));
    let e_plus = b"0100001242010978          A010B010";
    assert_eq!(harm(&frame(e_plus), true, false), Err("the length of a request of E or E+"));
    // A real terminal took an amount out of this one.
    let short = b"00010000000300978";
    assert_eq!(harm(&frame(short), true, false), Err("digits where E and E+ have their amount"));
    let asked = b"CZ0040300CJ012012345678901CA00201CD001I";
    assert_eq!(harm(&frame(asked), true, false), Ok(()));
    assert!(harm(&frame(asked), true, true).is_err() && harm(b"\x06", true, true).is_err());
    assert!(harm(&frame(asked), false, false).is_err() && harm(b"\x05", false, false).is_err());
    let mut bad = frame(asked);
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(harm(&bad, true, false), Err("a wrong check byte"));
    let with_amount = b"CZ0040300CJ012012345678901CA00201CB0042500CD001ICE003978";
    assert_eq!(harm(with_amount, false, false), Err("another request"));
}

#[test]
fn a_message_is_handed_out_once() {
    let mut asked = 0;
    for dialect in dialects() {
        for link in [LinkKind::Stream, LinkKind::Serial] {
            for question in QUESTIONS {
                let mut storage = [0; 700];
                let config = config(dialect, link, true);
                let Ok(mut probe) = ProbeMachine::new(config, question, &mut storage) else { continue };
                let mut now = Instant::from_millis(0);
                let (mut sent, mut handed) = (vec![], 0);
                probe.start(now);
                for _ in 0..200 {
                    drain(&mut probe, now, &mut sent, &mut handed);
                    probe.handle_connected(now, Ok(()));
                    drain(&mut probe, now, &mut sent, &mut handed);
                    probe.handle_sent(now, Ok(std::mem::take(&mut handed)));
                    probe.handle_drained(now, Ok(()));
                    // Granted, and then refused.
                    probe.handle_input(now, if sent.len() % 2 == 0 { b"\x15" } else { b"\x06" });
                    now = probe.deadline().unwrap_or(now);
                    probe.handle_timeout(now);
                }
                let messages = sent.iter().filter(|said| said.len() > 1).count();
                let has_message = question != Question::Presence;
                assert_eq!(messages, usize::from(has_message), "{} {link:?} {question:?}", dialect.name);
                assert!(probe.report().is_some());
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 36);
}
