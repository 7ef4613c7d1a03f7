//! A serial session against any line, system and owner: one emission for each errand of a till, what is told to be proven is
//! proven, the pieces do not matter, and left alone it comes to rest.
#![no_main]

use arbitrary::Arbitrary;
use caisse_link::Instant;
use caisse_link::frame::Tolerance;
use caisse_link::serial::{
    Action, Copies, Event, Once, Permit, Proof, Readiness, SerialConfig, Session, SpeakError, State,
};
use libfuzzer_sys::fuzz_target;

const FRAME: usize = 37;
/// Emissions of a result: the first, and two copies.
const SAID: usize = 3;

#[derive(Arbitrary, Debug)]
enum Act<'a> {
    Hear(&'a [u8]),
    /// A character of the line.
    Control(u8),
    /// An answer with a right check byte.
    Answer,
    /// The next timer fires.
    Timer,
    /// A moment passes; timers that are due fire.
    Moment(u8),
    Sent(u8),
    Drained,
    Failed(u8),
    Uncertain,
    Speak,
    Withdraw,
    Readiness(bool),
    Closed,
}

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    till: bool,
    tolerance: [bool; 2],
    storage: u16,
    acts: Vec<Act<'a>>,
}

#[derive(Debug, PartialEq)]
enum Said {
    Event(Event),
    Body(Vec<u8>),
    Control(u8),
    Emit(usize),
}

struct Run<'s, M> {
    session: Session<'s, M>,
    speak: fn(&mut Session<'s, M>, Instant) -> Result<(), SpeakError>,
    /// How often a message may go out for one errand.
    allowed: usize,
    bytewise: bool,
    now: u64,
    said: Vec<Said>,
    emissions: usize,
    /// A byte of the errand's message may have left.
    perhaps: bool,
    /// Emitted, and no word from the driver yet.
    handed: bool,
    accepted: usize,
}

impl<M: Permit + Copy> Run<'_, M> {
    fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn drain(&mut self) {
        for _ in 0..64 {
            match self.session.poll() {
                Action::Event(event) => {
                    self.said.push(Said::Event(event));
                    match event {
                        Event::Received { .. } => self.said.push(Said::Body(self.session.body().to_vec())),
                        // The time for sending is over: nobody knows what has left.
                        Event::SendBroken => (self.perhaps, self.handed) = (true, false),
                        Event::Delivered => assert!(self.perhaps, "delivered, and nothing was sent"),
                        Event::GaveUp { proof: Proof::NothingSent } => {
                            assert!(!self.perhaps, "told that nothing was sent");
                        }
                        _ => {}
                    }
                }
                Action::Send(control) => {
                    self.handed = false;
                    self.said.push(Said::Control(control.byte()));
                }
                Action::Emit { from, .. } => {
                    if from == 0 {
                        self.emissions += 1;
                        assert!(self.emissions <= self.allowed, "said too often");
                        self.accepted = 0;
                    }
                    assert_eq!(from, self.accepted, "a byte is left out or said twice");
                    assert!(from < FRAME);
                    assert!(self.session.proof() >= Proof::PerhapsSent);
                    self.handed = true;
                    self.said.push(Said::Emit(from));
                }
                Action::Wait { until } => {
                    assert_eq!(until, self.session.deadline());
                    return;
                }
            }
        }
        panic!("it always has something to do");
    }

    fn hear(&mut self, bytes: &[u8]) {
        let step = if self.bytewise { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(step) {
            let mut input = piece;
            let mut calls = 0;
            while !input.is_empty() {
                self.session.handle_input(Instant::from_millis(self.now), &mut input);
                self.drain();
                calls += 1;
                assert!(calls <= piece.len(), "a call takes nothing");
            }
        }
    }

    fn timer(&mut self) {
        if let Some(at) = self.session.deadline() {
            self.now = self.now.max(at.millis());
            self.session.handle_timeout(self.instant());
        }
    }

    fn act(&mut self, act: &Act<'_>) {
        let now = self.instant();
        match act {
            Act::Hear(bytes) => self.hear(bytes),
            Act::Control(byte) => self.hear(&[[5, 6, 0x15, 4][usize::from(byte % 4)]]),
            Act::Answer => self.hear(b"\x02010000012421978          \x030"),
            Act::Timer => self.timer(),
            Act::Moment(millis) => {
                self.now += u64::from(*millis);
                self.session.handle_timeout(self.instant());
            }
            Act::Sent(bytes) => {
                if self.handed && *bytes > 0 {
                    self.accepted = (self.accepted + usize::from(*bytes)).min(FRAME);
                    (self.perhaps, self.handed) = (true, false);
                }
                self.session.handle_sent(now, usize::from(*bytes));
            }
            Act::Drained => self.session.handle_drained(now),
            Act::Failed(bytes) => {
                self.perhaps |= self.handed && *bytes > 0;
                self.handed = false;
                self.session.handle_send_failed(now, usize::from(*bytes));
            }
            Act::Uncertain => {
                self.perhaps |= self.handed;
                self.handed = false;
                self.session.handle_send_uncertain(now);
            }
            Act::Speak => {
                if (self.speak)(&mut self.session, now).is_ok() {
                    (self.emissions, self.perhaps, self.handed, self.accepted) = (0, false, false, 0);
                }
            }
            Act::Withdraw => self.session.withdraw(now),
            Act::Readiness(ready) => {
                self.session.rules_mut().readiness = if *ready { Readiness::Ready } else { Readiness::Busy };
            }
            Act::Closed => {
                self.perhaps |= self.handed;
                self.session.handle_closed(now);
            }
        }
        self.drain();
    }

    /// The peer is silent, the system works: how everything ends.
    fn rest(&mut self) {
        for _ in 0..200 {
            if self.session.is_idle() || matches!(self.session.state(), State::Closed) {
                return;
            }
            self.act(&Act::Sent(255));
            self.act(&Act::Drained);
            self.timer();
            self.drain();
        }
        panic!("it never rests: {:?}", self.session);
    }
}

fn run<M: Permit + Copy>(
    case: &Case<'_>,
    config: SerialConfig,
    allowed: usize,
    bytewise: bool,
    speak: for<'s> fn(&mut Session<'s, M>, Instant) -> Result<(), SpeakError>,
) -> Vec<Said> {
    let mut storage = vec![0; usize::from(case.storage) % 600];
    let [parity_bits, line_feeds] = case.tolerance;
    let config = SerialConfig { tolerance: Tolerance { parity_bits, line_feeds }, ..config };
    let mut run = Run {
        session: Session::new(config, &mut storage),
        speak,
        allowed,
        bytewise,
        now: 0,
        said: vec![],
        emissions: 0,
        perhaps: false,
        handed: false,
        accepted: 0,
    };
    for act in &case.acts {
        run.act(act);
    }
    run.rest();
    run.said
}

fuzz_target!(|case: Case<'_>| {
    let play = |bytewise| {
        if case.till {
            run::<Once>(&case, SerialConfig::TILL, 1, bytewise, |session, now| session.send(now, FRAME))
        } else {
            run::<Copies>(&case, SerialConfig::TERMINAL, SAID, bytewise, |session, now| {
                session.reply(now, FRAME, 2)
            })
        }
    };
    assert_eq!(play(true), play(false), "the pieces matter");
});
