//! All that can happen in the shop.

use caisse_journal::Admitted;
use caisse_payment::Verdict;

use crate::recover;
use crate::till::{ACK, Answer, Demand, ENQ, EOT, NAK, Note, Op, Say};
use crate::world::{OURS, Running, Setup, Slot, Telling, Truth, World};
use crate::{journal, promise};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// The cashier asks for it, for the first time or again.
    Pay(Slot),
    Connects,
    DoesNotConnect,
    Write(Write),
    /// The system is handed the request.
    Hand(Hand),
    /// The system is handed a control character.
    Control(Control),
    /// What is on its way arrives, and the terminal is at work.
    Delivered,
    /// The card holder pays.
    Charges,
    /// He does not; `shown`: the terminal remembers it as a transaction that was not completed.
    Refuses {
        shown: bool,
    },
    /// The answer comes, on TCP, and the terminal closes.
    Answers(How),
    /// The till is stopped over its time, or its owner gives up, and the answer is on the line.
    TimerFinds,
    GiveUpFinds,
    /// After its answer the terminal says something else on the open connection.
    Contradicts,
    /// It closes the connection that it kept open.
    Closes,
    /// The answer never comes, and nobody says so.
    AnswerLost,
    /// The terminal calls to tell its result, in a session.
    Calls,
    LineBreaks,
    Timer,
    Cancel,
    GiveUp,
    Crash,
    /// Nobody does anything for longer than a transaction can take.
    Waits,
    /// The till finds out; `hears`: what the terminal has to say comes.
    Recovers {
        hears: bool,
    },
    /// A person looks at the terminal and decides.
    Decides,
    /// Another till's customer pays.
    Stranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    Done,
    /// And the driver finds on the line what is nobody's answer.
    DoneBehindStray,
    /// And it finds the line closed.
    DoneAndClosed,
    Fails,
    /// It is told to have failed, and turns up all the same.
    FailsAndTurnsUp,
    /// The till dies before it is confirmed.
    DoneAndCrash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hand {
    /// All of it leaves. In a session: and it is acknowledged.
    Arrives,
    /// All of it leaves and is lost.
    Lost,
    /// All of it leaves and arrives; the acknowledgement does not.
    Unacknowledged,
    /// All of it leaves and comes damaged: NAK.
    Refused,
    /// Half of it is taken.
    InPart,
    /// Nothing is taken.
    Fails,
    /// Nobody knows what was taken.
    Uncertain { arrives: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    Arrives,
    Lost,
    /// ENQ meets the terminal's own.
    Collides,
    /// ENQ is refused.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    Whole,
    Twice,
    /// The line breaks in the middle of it.
    Half,
    /// Another transaction's comes in its place.
    Another,
    /// All of it comes, and the terminal keeps the connection open.
    Open,
    /// It comes, and something else is on the line right after it.
    Contradicted,
}

/// What can happen, or could if it changed anything.
pub fn possible(setup: &Setup, world: &World) -> Vec<Move> {
    let mut moves = vec![];
    let left = world.left;
    let terminal = &world.terminal;
    if terminal.work.is_some() {
        moves.extend([Move::Charges, Move::Refuses { shown: true }, Move::Refuses { shown: false }]);
    }
    if world.transit.is_some() && terminal.work.is_none() {
        moves.push(Move::Delivered);
    }
    if let Some(running) = &world.running {
        while_running(setup, world, running, &mut moves);
        return moves;
    }
    let quiet = terminal.work.is_none() && world.transit.is_none();
    for slot in OURS {
        let first = &world.truth[OURS[0]];
        let retried = world.truth[OURS[1]].asked > 0;
        let allowed = !setup.same_sale || if slot == OURS[1] { first.told_over } else { !retried };
        if allowed && world.truth[slot].asked < setup.attempts {
            moves.push(Move::Pay(slot));
        }
    }
    if quiet && left.strangers > 0 && !setup.exclusive {
        moves.push(Move::Stranger);
    }
    if journal::unresolved(setup, &world.notes).is_some() {
        if quiet && !world.waited {
            moves.push(Move::Waits);
        }
        moves.extend([Move::Recovers { hears: true }, Move::Recovers { hears: false }]);
        if quiet && setup.operator {
            moves.push(Move::Decides);
        }
    }
    moves
}

fn while_running(setup: &Setup, world: &World, running: &Running, moves: &mut Vec<Move>) {
    let left = world.left;
    let sessions = crate::till::config(setup).has_sessions();
    let ours = world.terminal.result.filter(|result| result.of == running.slot);
    let (lossy, failing) = (left.losses > 0, left.send_failures > 0);
    match running.demand {
        Demand::Connect => {
            if world.terminal.work.is_none() || sessions {
                moves.push(Move::Connects);
            }
            if world.terminal.work.is_some() || lossy {
                moves.push(Move::DoesNotConnect);
            }
        }
        Demand::Record(note) => {
            moves.push(Move::Write(Write::Done));
            if left.write_failures > 0 {
                moves.extend([Write::Fails, Write::FailsAndTurnsUp].map(Move::Write));
            }
            if left.crashes > 0 {
                moves.push(Move::Write(Write::DoneAndCrash));
            }
            if matches!(note, Note::Start(_)) && !sessions {
                if left.strays > 0 {
                    moves.push(Move::Write(Write::DoneBehindStray));
                }
                if lossy {
                    moves.push(Move::Write(Write::DoneAndClosed));
                }
            }
        }
        Demand::SendMessage { .. } => {
            moves.push(Move::Hand(Hand::Arrives));
            if lossy {
                moves.push(Move::Hand(Hand::Lost));
                if sessions {
                    moves.extend([Hand::Unacknowledged, Hand::Refused].map(Move::Hand));
                }
            }
            if failing {
                let uncertain = [true, false].map(|arrives| Hand::Uncertain { arrives });
                moves.extend([Hand::InPart, Hand::Fails].into_iter().chain(uncertain).map(Move::Hand));
            }
        }
        Demand::SendControl(control) => {
            let busy = control == ENQ && world.terminal.work.is_some();
            if !busy {
                moves.push(Move::Control(Control::Arrives));
            }
            if control == ENQ && world.terminal.result.is_some() && world.terminal.calls > 0 {
                moves.push(Move::Control(Control::Collides));
            }
            if busy || (lossy && control == ENQ) {
                moves.push(Move::Control(Control::Refused));
            }
            if lossy {
                moves.push(Move::Control(Control::Lost));
            }
        }
        Demand::Wait { timer } => {
            if timer {
                moves.push(Move::Timer);
            }
            if sessions {
                let free = world.terminal.result.is_some() && world.terminal.telling.is_none();
                if free && world.terminal.calls > 0 {
                    moves.push(Move::Calls);
                }
            } else if ours.is_some() {
                moves.push(Move::Answers(How::Whole));
                if left.strays > 0 {
                    moves.extend([How::Twice, How::Another].map(Move::Answers));
                }
                if left.open > 0 {
                    moves.push(Move::Answers(How::Open));
                    if left.strays > 0 {
                        moves.push(Move::Answers(How::Contradicted));
                    }
                    if timer {
                        moves.push(Move::TimerFinds);
                    }
                    if left.wishes > 0 {
                        moves.push(Move::GiveUpFinds);
                    }
                }
                if lossy {
                    moves.extend([Move::Answers(How::Half), Move::AnswerLost]);
                }
            }
            if lossy {
                moves.push(Move::LineBreaks);
            }
        }
        Demand::Reads { .. } => {
            moves.extend([Move::Timer, Move::Closes]);
            if left.strays > 0 {
                moves.push(Move::Contradicts);
            }
        }
        Demand::Done { .. } => {}
    }
    if left.wishes > 0 {
        moves.extend([Move::Cancel, Move::GiveUp]);
    }
    if left.crashes > 0 {
        moves.push(Move::Crash);
    }
}

/// Lets it happen.
pub fn play(setup: &Setup, world: &mut World, step: Move) {
    match step {
        Move::Pay(slot) => pay(setup, world, slot),
        Move::Connects => happens(setup, world, &[Op::Connected]),
        Move::DoesNotConnect => {
            if world.terminal.work.is_none() {
                world.left.losses -= 1;
            }
            happens(setup, world, &[Op::NotConnected]);
        }
        Move::Write(write) => record(setup, world, write),
        Move::Hand(hand) => send(setup, world, hand),
        Move::Control(control) => send_control(setup, world, control),
        Move::Delivered => world.terminal.work = world.transit.take(),
        Move::Charges => {
            let of = world.terminal.work.take().unwrap();
            world.charge(setup, of);
            world.terminal.result = Some(Answer { of, charged: Some(world.terminal.number) });
            world.terminal.calls = 2;
            forget_unheard(setup, world);
        }
        Move::Refuses { shown } => {
            let of = world.terminal.work.take().unwrap();
            if shown {
                world.terminal.last = crate::world::Last::NotCompleted;
            }
            world.terminal.result = Some(Answer { of, charged: None });
            world.terminal.calls = 2;
            forget_unheard(setup, world);
        }
        Move::Answers(how) => {
            let answer = world.terminal.result.take().unwrap();
            let another = Answer { of: 0, charged: Some(1) };
            let op = match how {
                How::Whole => Op::Answered(Say::Answer(answer), None),
                How::Twice => Op::Answered(Say::Answer(answer), Some(Say::Answer(answer))),
                How::Half => Op::Answered(Say::Half(answer), None),
                How::Another => Op::Answered(Say::Answer(another), None),
                How::Open => Op::Heard(Say::Answer(answer)),
                How::Contradicted => {
                    Op::Answered(Say::Answer(answer), Some(Say::Answer(contradicting(answer))))
                }
            };
            match how {
                How::Whole => {}
                How::Twice | How::Another => world.left.strays -= 1,
                How::Half => world.left.losses -= 1,
                How::Open => {
                    world.left.open -= 1;
                    world.may_contradict = Some(answer.of);
                }
                How::Contradicted => {
                    world.left.open -= 1;
                    world.left.strays -= 1;
                }
            }
            happens(setup, world, &[op]);
            if how == How::Contradicted && ends_known(world) == Some(true) {
                world.breaks(promise::EMPTY_FIRST);
            }
        }
        Move::TimerFinds | Move::GiveUpFinds => {
            world.left.open -= 1;
            let answer = Say::Answer(world.terminal.result.take().unwrap());
            let op = if step == Move::TimerFinds {
                Op::TimerFinds(answer)
            } else {
                world.left.wishes -= 1;
                Op::GiveUpFinds(answer)
            };
            happens(setup, world, &[op]);
            if ends_known(world) == Some(false) {
                world.breaks(promise::ANSWER_KEPT);
            }
        }
        Move::Contradicts => {
            world.left.strays -= 1;
            let Some(Running { slot, demand: Demand::Reads { verdict, .. }, .. }) = world.running else {
                return;
            };
            let charged = verdict.outcome.approved_amount().map(|_| 0);
            world.contradicted = Some(slot);
            let said = contradicting(Answer { of: slot, charged });
            happens(setup, world, &[Op::Heard(Say::Answer(said))]);
        }
        Move::Closes => {
            world.may_contradict = None;
            happens(setup, world, &[Op::Closed]);
        }
        Move::AnswerLost => {
            world.left.losses -= 1;
            world.terminal.result = None;
        }
        Move::Calls => {
            world.terminal.calls -= 1;
            world.terminal.telling = Some(Telling::Called);
            happens(setup, world, &[Op::Heard(Say::Control(ENQ))]);
        }
        Move::LineBreaks => {
            world.left.losses -= 1;
            world.terminal.telling = None;
            happens(setup, world, &[Op::Closed]);
        }
        Move::Timer => {
            world.terminal.telling = None;
            world.may_contradict = None;
            happens(setup, world, &[Op::Timer]);
        }
        Move::Cancel | Move::GiveUp => {
            world.left.wishes -= 1;
            if step == Move::GiveUp {
                world.may_contradict = None;
            }
            let op = if step == Move::Cancel { Op::Cancel } else { Op::GiveUp };
            happens(setup, world, &[op]);
        }
        Move::Crash => crash(setup, world),
        Move::Waits => {
            world.waited = true;
            if crate::till::config(setup).has_sessions() {
                // Long before that it has given up telling it.
                world.terminal.result = None;
            }
        }
        Move::Recovers { hears } => recover::recover(setup, world, hears),
        Move::Decides => {
            let of = journal::unresolved(setup, &world.notes).unwrap();
            let paid = world.truth[of].charges > 0;
            recover::decide(setup, world, Note::Decided { of, paid, by_a_person: true });
        }
        Move::Stranger => {
            world.left.strangers -= 1;
            world.terminal.number += 1;
            // For what our first customer is to pay, as the worst shop would have it.
            let charge = world.terminal.number;
            world.terminal.last = crate::world::Last::Completed { of: OURS[0], charge };
        }
    }
}

/// On TCP nobody is told an answer whose connection is gone.
fn forget_unheard(setup: &Setup, world: &mut World) {
    let sessions = crate::till::config(setup).has_sessions();
    let heard_by = |slot| {
        world.running.as_ref().is_some_and(|running| running.slot == slot) || world.listening == Some(slot)
    };
    if !sessions && world.terminal.result.is_some_and(|result| !heard_by(result.of)) {
        world.terminal.result = None;
    }
}

fn pay(setup: &Setup, world: &mut World, slot: Slot) {
    match (setup.parts.admit)(setup, &world.notes, slot) {
        Admitted::Blocked(_) => {}
        Admitted::Replay(record) => {
            let outcome = record.verdict().outcome;
            world.tell(setup, slot, outcome);
        }
        Admitted::Proceed(_) => {
            // The line may still bring the result of what a person has decided.
            let decided =
                world.notes.iter().any(|note| matches!(note, Note::Decided { by_a_person: true, .. }));
            if crate::till::config(setup).has_sessions() && decided && !world.waited {
                return;
            }
            let truth = &mut world.truth[slot];
            *truth = Truth { asked: truth.asked + 1, told_unpaid: false, told_over: false, ..*truth };
            world.listening = None;
            forget_unheard(setup, world);
            let demand = (setup.parts.till)(setup, slot, &[]);
            world.running = Some(Running { slot, history: vec![], handed: false, told: false, demand });
        }
    }
}

/// The till is told, and what it wants then is asked for; if it has ended, the cashier is told.
fn happens(setup: &Setup, world: &mut World, ops: &[Op]) {
    let Some(running) = &mut world.running else { return };
    for op in ops {
        // A payment that has ended hears nothing more.
        if matches!(running.demand, Demand::Done { .. }) {
            break;
        }
        running.history.push(*op);
        running.demand = (setup.parts.till)(setup, running.slot, &running.history);
    }
    let slot = running.slot;
    if let Demand::Reads { verdict, journaled } = running.demand
        && !running.told
    {
        running.told = true;
        told(setup, world, slot, verdict, journaled);
        return;
    }
    let Demand::Done { verdict, journaled, listens } = running.demand else { return };
    let is_told = running.told;
    world.running = None;
    // A journal that fails cannot keep it: then it is told only.
    let kept = world.notes.contains(&Note::Disputed(slot)) || setup.troubles.write_failures > 0;
    if world.contradicted.take() == Some(slot) && !kept {
        world.breaks(promise::CONTRADICTION_KEPT);
    }
    world.terminal.telling = None;
    world.listening = listens.then_some(slot);
    forget_unheard(setup, world);
    if !is_told {
        told(setup, world, slot, verdict, journaled);
    }
}

/// Another answer to the same request.
const fn contradicting(answer: Answer) -> Answer {
    Answer { charged: if answer.charged.is_some() { None } else { Some(9) }, ..answer }
}

/// Whether the end that the till is about to write is a known one; nothing if it writes none.
fn ends_known(world: &World) -> Option<bool> {
    match world.running.as_ref()?.demand {
        Demand::Record(Note::End(_, verdict, _)) => Some(!verdict.outcome.is_unknown()),
        _ => None,
    }
}

/// The cashier is told the verdict.
fn told(setup: &Setup, world: &mut World, slot: Slot, verdict: Verdict, journaled: bool) {
    let on_disk = |note: &Note| matches!(note, Note::End(of, end, _) | Note::NeverSent(of, end) if (*of, *end) == (slot, verdict));
    if journaled && !world.notes.iter().any(on_disk) {
        world.breaks(promise::END_ON_DISK);
    }
    let Verdict { outcome, .. } = verdict;
    world.tell(setup, slot, outcome);
}

fn crash(setup: &Setup, world: &mut World) {
    world.left.crashes -= 1;
    world.running = None;
    world.terminal.telling = None;
    world.listening = None;
    world.may_contradict = None;
    world.contradicted = None;
    world.waited = false;
    world.notes = (setup.parts.disk)(std::mem::take(&mut world.notes));
    forget_unheard(setup, world);
}

fn record(setup: &Setup, world: &mut World, write: Write) {
    let Some(Demand::Record(note)) = world.running.as_ref().map(|running| running.demand) else { return };
    let fails = matches!(write, Write::Fails | Write::FailsAndTurnsUp);
    // Only a start may turn up after its write failed: so the journal promises.
    let turns_up = write == Write::FailsAndTurnsUp && matches!(note, Note::Start(_));
    world.left.write_failures -= u8::from(fails);
    let mut taken = !fails || turns_up;
    if taken {
        let mut journal = journal::read(setup, &world.notes);
        taken = journal::write(setup, &mut journal, note);
        if taken {
            world.notes.push(note);
        }
    }
    match write {
        Write::Done | Write::DoneBehindStray | Write::DoneAndClosed if !taken => {
            happens(setup, world, &[Op::JournalFailed]);
        }
        Write::Done => happens(setup, world, &[Op::Journaled]),
        Write::DoneBehindStray => {
            world.left.strays -= 1;
            let stray = Say::Answer(Answer { of: OURS[0], charged: Some(9) });
            happens(setup, world, &[Op::JournaledBehind(stray)]);
        }
        Write::DoneAndClosed => {
            world.left.losses -= 1;
            happens(setup, world, &[Op::JournaledAndClosed]);
        }
        Write::Fails | Write::FailsAndTurnsUp => happens(setup, world, &[Op::JournalFailed]),
        Write::DoneAndCrash => crash(setup, world),
    }
}

fn send(setup: &Setup, world: &mut World, hand: Hand) {
    let Some(running) = &mut world.running else { return };
    let Demand::SendMessage { whole } = running.demand else { return };
    let slot = running.slot;
    // What is known of it on the disk, by the real journal.
    let record = journal::record(setup, &world.notes, slot);
    if !record.is_some_and(|record| record.is_open()) {
        world.broken.insert(promise::START_FIRST);
    }
    if world.may_contradict.is_some_and(|other| other != slot) {
        world.broken.insert(promise::QUIET_FIRST);
    }
    let leaves = hand != Hand::Fails;
    if whole && leaves {
        let handed = &mut world.truth[slot].handed;
        *handed += 1;
        if *handed > 1 {
            world.broken.insert(promise::ONE_HANDING);
        }
        running.handed = true;
    }
    world.waited = false;
    let sessions = crate::till::config(setup).has_sessions();
    let arrives = matches!(hand, Hand::Arrives | Hand::Unacknowledged | Hand::Uncertain { arrives: true });
    if arrives {
        if sessions {
            world.terminal.work = Some(slot);
        } else {
            world.transit = Some(slot);
        }
    }
    let ops: &[Op] = match hand {
        Hand::Arrives if sessions => &[Op::Sent, Op::Heard(Say::Control(ACK))],
        Hand::Arrives | Hand::Lost | Hand::Unacknowledged => &[Op::Sent],
        Hand::Refused => &[Op::Sent, Op::Heard(Say::Control(NAK))],
        Hand::InPart => &[Op::SentInPart],
        Hand::Fails => &[Op::SendFailed],
        Hand::Uncertain { .. } => &[Op::SendUncertain],
    };
    match hand {
        Hand::Arrives => {}
        Hand::Lost | Hand::Unacknowledged | Hand::Refused => world.left.losses -= 1,
        Hand::InPart | Hand::Fails | Hand::Uncertain { .. } => world.left.send_failures -= 1,
    }
    happens(setup, world, ops);
}

fn send_control(setup: &Setup, world: &mut World, how: Control) {
    let Some(Demand::SendControl(control)) = world.running.as_ref().map(|running| running.demand) else {
        return;
    };
    let terminal = &mut world.terminal;
    let answered = |control| [Op::Sent, Op::Heard(Say::Control(control))];
    match (how, control) {
        (Control::Lost, _) => {
            world.left.losses -= 1;
            terminal.telling = None;
            happens(setup, world, &[Op::Sent]);
        }
        (Control::Collides, _) => {
            terminal.calls -= 1;
            terminal.telling = Some(Telling::Called);
            happens(setup, world, &answered(ENQ));
        }
        (Control::Refused, _) => {
            if terminal.work.is_none() {
                world.left.losses -= 1;
            }
            happens(setup, world, &answered(NAK));
        }
        (Control::Arrives, ENQ) => {
            // A terminal that takes a request has given up telling its earlier result.
            terminal.result = None;
            terminal.telling = None;
            happens(setup, world, &answered(ACK));
        }
        (Control::Arrives, ACK) => match (terminal.telling, terminal.result) {
            (Some(Telling::Called), Some(result)) => {
                terminal.telling = Some(Telling::Said);
                happens(setup, world, &[Op::Sent, Op::Heard(Say::Answer(result))]);
            }
            (Some(Telling::Said), _) => {
                terminal.telling = None;
                terminal.result = None;
                happens(setup, world, &answered(EOT));
            }
            _ => happens(setup, world, &[Op::Sent]),
        },
        (Control::Arrives, _) => {
            terminal.telling = None;
            happens(setup, world, &[Op::Sent]);
        }
    }
}
