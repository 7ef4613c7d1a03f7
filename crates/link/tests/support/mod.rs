//! One end of the line on a bench: the clock jumps to the next deadline, and what goes out is accepted and drained at
//! once unless the test says otherwise.
#![allow(dead_code)]

use std::fmt::Debug;
use std::mem::take;

use caisse_link::Instant;
use caisse_link::frame::{self, LONGEST_FRAME};
use caisse_link::serial::{
    Action, Copies, Event, Event as E, Once, Permit, Proof, SerialConfig, Session, SessionEnd, SpeakError,
    Standing,
};

pub const ENQ: &[u8] = &[0x05];
pub const ACK: &[u8] = &[0x06];
pub const NAK: &[u8] = &[0x15];
pub const EOT: &[u8] = &[0x04];

/// A request of E+, its answer, and the answer to another.
pub const REQUEST: &[u8] = b"0100001242010978          A010B010";
pub const ANSWER: &[u8] = b"010000012421978          ";
pub const OTHER: &[u8] = b"010000099991978          ";

pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut buffer = [0; LONGEST_FRAME];
    frame::encode(body, &mut buffer).unwrap().to_vec()
}

/// A frame whose check byte is wrong.
pub fn broken(body: &[u8]) -> Vec<u8> {
    let mut frame = framed(body);
    *frame.last_mut().unwrap() ^= 1;
    frame
}

/// Something that came out of a session, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Event(Event),
    Body(Vec<u8>),
    Bytes(Vec<u8>),
}

pub struct Bench<M: 'static> {
    pub session: Session<'static, M>,
    pub frame: Vec<u8>,
    pub now: u64,
    /// Handed out, and nothing reported of it.
    handed: Option<Vec<u8>>,
    told: Vec<Event>,
    bodies: Vec<Vec<u8>>,
    /// Everything, and never forgotten.
    said: Vec<Said>,
    speak: fn(&mut Session<'static, M>, Instant, usize) -> Result<(), SpeakError>,
    pub emissions: usize,
}

pub const TILL: SerialConfig = SerialConfig::TILL;

pub const GAVE_UP: E = E::GaveUp { proof: Proof::NothingSent };
pub const PERHAPS: E = E::GaveUp { proof: Proof::PerhapsSent };
pub const CALLED: E = E::Called { contention: false };
pub const MET: E = E::Called { contention: true };

pub const fn received(standing: Standing) -> E {
    E::Received { standing, again: false }
}

pub fn open(config: SerialConfig) -> Bench<Once> {
    let mut bench = Bench::new(config, REQUEST);
    bench.speak = |session, now, length| session.send(now, length);
    bench.speaks();
    bench
}

/// A till whose request was delivered, at 50 ms.
pub fn delivered(config: SerialConfig) -> Bench<Once> {
    let mut till = open(config);
    till.says(30, ENQ);
    till.hears(ACK);
    till.emits(40);
    till.hears(ACK);
    till.says(50, EOT);
    till.tells(&[E::Opened, E::Emitted, E::Drained, E::Delivered, E::Ended(SessionEnd::Own)]);
    till
}

/// A till whose request is on the line, at 40 ms.
pub fn emitted(config: SerialConfig) -> Bench<Once> {
    let mut till = open(config);
    till.says(30, ENQ);
    till.hears(ACK);
    till.emits(40);
    till.tells(&[E::Opened, E::Emitted, E::Drained]);
    till
}

pub fn terminal(config: SerialConfig) -> Bench<Copies> {
    let mut bench = Bench::new(config, ANSWER);
    bench.speak = |session, now, length| session.reply(now, length, 2);
    bench
}

impl<M: Permit + Copy + Debug> Bench<M> {
    pub fn new(config: SerialConfig, body: &[u8]) -> Self {
        let storage = Box::leak(vec![0; 512].into_boxed_slice());
        Self {
            session: Session::new(config, storage),
            frame: framed(body),
            now: 0,
            handed: None,
            told: vec![],
            bodies: vec![],
            said: vec![],
            speak: |_, _, _| Ok(()),
            emissions: 0,
        }
    }

    pub fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    pub fn drain(&mut self) {
        loop {
            let bytes = match self.session.poll() {
                Action::Event(event) => {
                    self.told.push(event);
                    self.said.push(Said::Event(event));
                    if let Event::Received { .. } = event {
                        self.bodies.push(self.session.body().to_vec());
                        self.said.push(Said::Body(self.session.body().to_vec()));
                    }
                    continue;
                }
                Action::Wait { until } => {
                    assert_eq!(until, self.session.deadline());
                    return;
                }
                Action::Send(control) => control.bytes().to_vec(),
                Action::Emit { from, .. } => {
                    self.emissions += usize::from(from == 0);
                    self.frame[from..].to_vec()
                }
            };
            self.said.push(Said::Bytes(bytes.clone()));
            // One thing at a time, unless the system has had its time with the one before.
            self.handed = Some(bytes);
        }
    }

    fn jump(&mut self) -> bool {
        let Some(at) = self.session.deadline() else { return false };
        self.now = self.now.max(at.millis());
        self.session.handle_timeout(self.instant());
        true
    }

    /// What goes out next, however long that takes; nothing when it waits for ever. Nothing is reported of it.
    pub fn hands_out(&mut self) -> Option<Vec<u8>> {
        loop {
            self.drain();
            if self.handed.is_some() {
                return self.handed.take();
            }
            if !self.jump() {
                return None;
            }
        }
    }

    /// Accepts and drains what was handed out.
    pub fn accept(&mut self, bytes: usize) {
        self.session.handle_sent(self.instant(), bytes);
        self.session.handle_drained(self.instant());
        self.drain();
    }

    /// It says these bytes next, at this moment.
    #[track_caller]
    pub fn says(&mut self, at: u64, bytes: &[u8]) {
        assert_eq!(self.hands_out().as_deref(), Some(bytes), "after {:?}", self.told);
        assert_eq!(self.now, at, "after {:?}", self.told);
        self.accept(bytes.len());
    }

    /// It says its message next.
    #[track_caller]
    pub fn emits(&mut self, at: u64) {
        let frame = self.frame.clone();
        self.says(at, &frame);
    }

    /// It says nothing until this moment.
    #[track_caller]
    pub fn waits(&mut self, until: u64) {
        self.drain();
        while self.session.deadline().is_some_and(|at| at.millis() <= until) {
            self.jump();
            self.drain();
            assert_eq!(self.handed, None, "at {}", self.now);
        }
        self.now = until;
    }

    /// Nothing is under way, and nothing will ever be said.
    #[track_caller]
    pub fn rests(&mut self) {
        assert_eq!(self.hands_out(), None);
        assert!(self.session.is_idle(), "{:?}", self.session);
    }

    /// Bytes come in one piece.
    pub fn hears(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            self.session.handle_input(self.instant(), &mut bytes);
            self.drain();
        }
    }

    /// What was told since this was asked last.
    #[track_caller]
    pub fn tells(&mut self, events: &[Event]) {
        self.drain();
        assert_eq!(take(&mut self.told), events);
    }

    /// The messages that came since this was asked last.
    #[track_caller]
    pub fn reads(&mut self, bodies: &[&[u8]]) {
        self.drain();
        assert_eq!(take(&mut self.bodies), bodies);
    }

    /// Forgets what was told.
    pub fn skip(&mut self) {
        self.drain();
        self.told.clear();
    }

    /// The owner has something to say; no matter when he has already.
    pub fn speaks(&mut self) {
        let _ = (self.speak)(&mut self.session, Instant::from_millis(self.now), self.frame.len());
    }

    /// The next timer fires.
    pub fn jumps(&mut self) {
        self.jump();
        self.drain();
    }

    /// So many milliseconds pass for every timer that is due by then.
    pub fn passes(&mut self, millis: u64) {
        while self.session.deadline().is_some_and(|at| at.millis() <= self.now + millis) {
            self.jumps();
        }
    }

    /// What was handed out is accepted and drained.
    pub fn accepts(&mut self) {
        self.takes();
    }

    /// What goes out now, accepted and drained.
    pub fn takes(&mut self) -> Option<Vec<u8>> {
        self.drain();
        let bytes = self.handed.take()?;
        self.accept(bytes.len());
        Some(bytes)
    }

    /// Every message that came.
    pub fn bodies(&self) -> &[Vec<u8>] {
        &self.bodies
    }

    #[track_caller]
    pub fn sees(&self, event: &Event) {
        assert!(self.told.contains(event), "{:?}", self.told);
    }

    /// Everything that came out.
    pub fn said(mut self) -> Vec<Said> {
        self.drain();
        self.said
    }
}
