//! What happens to bytes on their way from and to the terminal. Pure: time is the caller's.

use std::collections::VecDeque;
use std::time::Duration;

use caisse_hal::Instant;

use super::{Fault, Name, Position, Step};
use crate::random::Random;

/// Bytes waiting to leave; a till that takes none of them is given up beyond this.
const MOST_QUEUED: usize = 4 << 20;

/// What the line has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Hand these bytes to the line.
    Bytes(Vec<u8>),
    /// Say that nothing more will be sent.
    Finish,
    /// Close the line, in order or with a reset.
    Cut {
        /// With a reset.
        reset: bool,
    },
    /// Nothing until this moment; nothing at all when there is none.
    Wait(Option<Instant>),
}

#[derive(Clone, Debug)]
enum Item {
    Bytes(Vec<u8>),
    Pause(Duration),
    Block,
    Cut { reset: bool },
    Mute,
    Finish,
}

/// The faults of one exchange, and the bytes that they hold back.
#[derive(Debug)]
pub(crate) struct Pipe {
    faults: Vec<(Fault, bool)>,
    happened: Vec<Fault>,
    queue: VecDeque<Item>,
    queued: usize,
    /// Nothing leaves before this moment.
    due: Option<Instant>,
    /// When the oldest of the merged bytes came.
    merging: Option<Instant>,
    written: u64,
    read: u64,
    /// Nothing more is read.
    deaf: bool,
    /// Nothing more is sent, and nothing waits either.
    mute: bool,
    /// Nothing more leaves; it waits for ever.
    blocked: bool,
    /// The line is gone.
    cut: bool,
    reads: u32,
    fired: bool,
    random: Random,
}

impl Pipe {
    pub(crate) fn new(faults: &[Fault], random: Random) -> Self {
        Self {
            faults: faults.iter().map(|fault| (*fault, false)).collect(),
            happened: Vec::new(),
            queue: VecDeque::new(),
            queued: 0,
            due: None,
            merging: None,
            written: 0,
            read: 0,
            deaf: false,
            mute: false,
            blocked: false,
            cut: false,
            reads: 0,
            fired: false,
            random,
        }
    }

    /// Other faults from here on. Their places before this one are past: nothing happens there again.
    pub(crate) fn rearm(&mut self, faults: &[Fault]) {
        self.faults = faults.iter().map(|fault| (*fault, false)).collect();
    }

    /// A fault that happens as often as its value says: whether it happens this time.
    pub(crate) fn count_down(&mut self, name: Name, step: Option<Step>) -> bool {
        let wanted = |fault: &Fault| {
            fault.name() == name && step.is_none_or(|step| fault.position() == Some(Position::Step(step)))
        };
        let Some((fault, done)) = self.faults.iter_mut().find(|(fault, done)| !done && wanted(fault)) else {
            return false;
        };
        let left = fault.value().unwrap_or(1).saturating_sub(1);
        let now = *fault;
        *done = left == 0;
        *fault = fault.with(left);
        self.note(now);
        true
    }

    /// A fault of this name that may still happen.
    pub(crate) fn armed(&self, name: Name) -> Option<Fault> {
        self.faults.iter().map(|(fault, _)| *fault).find(|fault| fault.name() == name)
    }

    /// Notes that a fault has happened.
    pub(crate) fn note(&mut self, fault: Fault) {
        self.fired = true;
        if self.happened.len() < 64 {
            self.happened.push(fault);
        }
    }

    /// What has happened since the last call.
    pub(crate) fn take_happened(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.happened)
    }

    /// Whether the line was cut, or is as good as cut.
    pub(crate) const fn is_dead(&self) -> bool {
        self.cut || self.deaf
    }

    /// Whether any fault has happened.
    pub(crate) const fn has_fired(&self) -> bool {
        self.fired
    }

    /// Whether nothing waits to leave.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }

    fn fire(&mut self, wanted: impl Fn(&Fault) -> bool) -> Vec<Fault> {
        let mut fired = Vec::new();
        for (fault, done) in &mut self.faults {
            if !*done && wanted(fault) {
                *done = true;
                fired.push(*fault);
            }
        }
        // Pauses come before what is inserted, and cuts last.
        fired.sort_by_key(|fault| match fault.name() {
            Name::Drop | Name::HalfOpen => 2,
            Name::Garbage => 1,
            _ => 0,
        });
        for fault in &fired {
            self.note(*fault);
        }
        fired
    }

    fn happen(&mut self, fault: Fault) {
        let pause = fault.value().map(Duration::from_millis);
        match fault.name() {
            Name::Split | Name::Delay | Name::Stall => {
                self.queue.push_back(pause.map_or(Item::Block, Item::Pause));
            }
            Name::Garbage => {
                let count = fault.value().unwrap_or(0);
                let garbage = (0..count).map(|_| self.random.byte()).collect();
                self.push(Item::Bytes(garbage));
            }
            Name::Drop => self.cut_off(fault.value() == Some(1)),
            Name::HalfOpen => {
                self.deaf = true;
                self.queue.push_back(Item::Mute);
            }
            _ => {}
        }
    }

    /// The exchange has come to a step.
    pub(crate) fn step(&mut self, step: Step) {
        let here = |fault: &Fault| {
            let lines = !matches!(fault.name(), Name::LostAck | Name::LostNak | Name::Nak);
            lines && fault.position() == Some(Position::Step(step))
        };
        for fault in self.fire(here) {
            self.happen(fault);
        }
    }

    /// Bytes came from the till: says how many of them the terminal reads.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> usize {
        if self.is_dead() || bytes.is_empty() {
            return 0;
        }
        self.reads = self.reads.saturating_add(1);
        let before = self.read;
        self.read = self.read.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let end = self.read;
        let within = |fault: &Fault| matches!(fault.position(), Some(Position::RequestByte(at)) if at <= end);
        let fired = self.fire(within);
        let first = fired.iter().filter_map(|fault| match fault.position() {
            Some(Position::RequestByte(at)) => usize::try_from(at.saturating_sub(before)).ok(),
            _ => None,
        });
        let taken = first.min().unwrap_or(bytes.len());
        for fault in fired {
            // What was read before stays read; what comes behind is lost on the way.
            self.happen(fault);
        }
        taken
    }

    fn cut_off(&mut self, reset: bool) {
        self.deaf = true;
        self.queue.push_back(Item::Cut { reset });
    }

    /// The terminal forgets the line: it closes, whatever was still to be said.
    pub(crate) fn lose(&mut self) {
        self.queue.clear();
        self.blocked = false;
        self.cut_off(true);
    }

    /// How many times the till's bytes have come.
    pub(crate) const fn reads(&self) -> u32 {
        self.reads
    }

    fn push(&mut self, item: Item) {
        if let Item::Bytes(bytes) = &item {
            self.queued = self.queued.saturating_add(bytes.len());
            if self.queued > MOST_QUEUED {
                self.cut_off(true);
                return;
            }
        }
        self.queue.push_back(item);
    }

    /// The terminal sends bytes; `answer` says that they are the answer itself and not the talk around it.
    pub(crate) fn write(&mut self, bytes: &[u8], answer: bool) {
        let mut bytes = bytes.to_vec();
        let start = self.written;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.written = start.saturating_add(length);
        self.flip(&mut bytes, start, answer);
        let mut rest = bytes.as_slice();
        let mut at = start;
        // Every place inside these bytes where something happens, and the one behind them.
        let mut places: Vec<u64> = self
            .faults
            .iter()
            .filter_map(|(fault, done)| match fault.position() {
                Some(Position::Byte(byte)) if !done && fault.name() != Name::Flip => Some(byte),
                _ => None,
            })
            .filter(|byte| *byte <= self.written && (*byte > start || *byte == 0))
            .collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            let (front, behind) =
                rest.split_at(usize::try_from(place.saturating_sub(at)).unwrap_or(0).min(rest.len()));
            self.queue_bytes(front);
            (rest, at) = (behind, place.max(at));
            let here =
                |fault: &Fault| fault.name() != Name::Flip && fault.position() == Some(Position::Byte(place));
            for fault in self.fire(here) {
                self.happen(fault);
            }
        }
        self.queue_bytes(rest);
    }

    fn queue_bytes(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let Some(drip) = self.armed(Name::Drip) else {
            self.push(Item::Bytes(bytes.to_vec()));
            return;
        };
        if !self.happened.contains(&drip) {
            self.note(drip);
        }
        for byte in bytes {
            self.push(Item::Bytes(vec![*byte]));
            self.push(Item::Pause(Duration::from_millis(drip.value().unwrap_or(1))));
        }
    }

    fn flip(&mut self, bytes: &mut [u8], start: u64, answer: bool) {
        let count = u64::try_from(bytes.len()).unwrap_or(0);
        for index in 0..self.faults.len() {
            let Some((fault, false)) = self.faults.get(index).copied() else { continue };
            if fault.name() != Name::Flip {
                continue;
            }
            let offset = match fault.position() {
                Some(Position::Byte(byte)) => byte.checked_sub(start),
                _ if answer => Some(self.random.below(count)),
                _ => None,
            };
            let Some(offset) = offset.filter(|offset| *offset < count) else { continue };
            let bit = fault.value().unwrap_or_else(|| self.random.below(8));
            if let Some(byte) = usize::try_from(offset).ok().and_then(|offset| bytes.get_mut(offset)) {
                *byte ^= 1 << (bit & 7);
            }
            if let Some((_, done)) = self.faults.get_mut(index) {
                *done = true;
            }
            self.note(fault.at(Position::Byte(start.saturating_add(offset))).with(bit));
        }
    }

    /// The terminal has no more to say.
    pub(crate) fn finish(&mut self) {
        self.queue.push_back(Item::Finish);
    }

    /// The line broke by itself.
    pub(crate) fn break_off(&mut self) {
        self.cut = true;
        self.queue.clear();
    }

    /// What leaves now.
    pub(crate) fn poll(&mut self, now: Instant) -> Leaves {
        if self.cut || self.blocked {
            return Leaves::Wait(None);
        }
        if let Some(merge) = self.armed(Name::Merge) {
            return self.poll_merged(now, merge);
        }
        loop {
            if let Some(due) = self.due.filter(|due| now < *due) {
                return Leaves::Wait(Some(due));
            }
            let Some(item) = self.queue.pop_front() else { return Leaves::Wait(None) };
            match item {
                Item::Pause(time) => self.due = Some(now.after(time)),
                other => {
                    if let Some(leaves) = self.leave(other) {
                        return leaves;
                    }
                    if self.blocked {
                        return Leaves::Wait(None);
                    }
                }
            }
        }
    }

    fn leave(&mut self, item: Item) -> Option<Leaves> {
        match item {
            Item::Bytes(bytes) => {
                self.queued = self.queued.saturating_sub(bytes.len());
                (!self.mute).then_some(Leaves::Bytes(bytes))
            }
            Item::Finish => (!self.mute).then_some(Leaves::Finish),
            Item::Cut { reset } => {
                self.cut = true;
                self.queue.clear();
                Some(Leaves::Cut { reset })
            }
            Item::Block => {
                self.blocked = true;
                None
            }
            Item::Mute => {
                self.mute = true;
                None
            }
            Item::Pause(_) => None,
        }
    }

    /// Everything that is there goes at once, when the first of it has waited long enough.
    fn poll_merged(&mut self, now: Instant, merge: Fault) -> Leaves {
        let is_bytes = |item: &Item| matches!(item, Item::Bytes(_) | Item::Pause(_));
        if !self.queue.front().is_some_and(is_bytes) {
            self.merging = None;
            let item = self.queue.pop_front();
            return item.and_then(|item| self.leave(item)).unwrap_or(Leaves::Wait(None));
        }
        let since = *self.merging.get_or_insert(now);
        let due = since.after(Duration::from_millis(merge.value().unwrap_or(0)));
        if now < due {
            return Leaves::Wait(Some(due));
        }
        self.merging = None;
        self.note(merge);
        let mut all = Vec::new();
        while self.queue.front().is_some_and(is_bytes) {
            if let Some(Item::Bytes(bytes)) = self.queue.pop_front() {
                self.queued = self.queued.saturating_sub(bytes.len());
                all.extend(bytes);
            }
        }
        if self.mute { Leaves::Wait(None) } else { Leaves::Bytes(all) }
    }
}
