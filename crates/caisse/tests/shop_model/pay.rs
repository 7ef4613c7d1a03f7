//! A payment at a till, one system call after the other.

use caisse::{Journal, MemoryJournal, RecordState};
use caisse_journal::{Event, JournalError};
use caisse_payment::{Conclusion, Doubt, NotSent, Outcome, Proof};
use caisse_settlement::attribute::MAX_BACK;
use caisse_settlement::late::{LateResults, decided_alike, late_results};

use crate::history::{Write, replay, writes_after};
use crate::locks::Admission;
use crate::promise;
use crate::recover::{file_late, restart};
use crate::rules::dispute_contradiction;
use crate::world::{
    Pending, Phase, Queue, Queued, Run, Shop, Since, Slot, TillNumber, Truth, World, answered, end, id,
    slot_of, unknown,
};

/// Writes to the journal that a till has open.
pub fn write(shop: &Shop, world: &mut World, till: TillNumber, write: Write) -> Result<(), JournalError> {
    let rules = &shop.setup.rules;
    let is_stale = world.tills[till].is_stale;
    if is_stale && rules.checks_the_path {
        return Err(JournalError::Unwritable { what: "the file was replaced".into() });
    }
    let after = shop.journals.write(world.journal_of(till), write, rules.store)?;
    if is_stale {
        world.old_journal = Some(after);
    } else {
        world.journal = after;
    }
    Ok(())
}

/// A cashier asks for a sale, for the first time or again.
pub fn begin(shop: &Shop, world: &mut World, till: TillNumber, slot: Slot) {
    let setup = &shop.setup;
    let view = world.tills[till].view;
    let key = shop.setup.key(view);
    if !shop.is_at(world, till, slot) && !shop.can_lock(world, till, &key) {
        return; // The terminal is in use: the cashier tries again later.
    }
    let journal = world.journal_of(till);
    match shop.admit(world, till, slot, view) {
        Admission::Blocked(_) => return,
        Admission::Replay => {
            let record = shop.journals.record(journal, &id(slot)).unwrap();
            return world.tell(setup, slot, record.told().outcome);
        }
        Admission::Proceed => {}
    }
    if setup.sessions
        && setup.rules.waits_for_late_results
        && may_bring_another_result(shop, world, till, slot)
    {
        return;
    }
    if hear_out(shop, world, till).is_err() {
        return;
    }
    let is_changed = world.journal_of(till) != journal;
    if is_changed
        && setup.rules.heeds_late_results
        && shop.admit(world, till, slot, view) != Admission::Proceed
    {
        return;
    }
    world.begins(shop, slot);
    world.tills[till].run = Some(Run { slot, phase: Phase::Admitted, device: None });
}

/// Whether the terminal may still report the result of a decided transaction, which could be taken for the answer to this one.
fn may_bring_another_result(shop: &Shop, world: &World, till: TillNumber, slot: Slot) -> bool {
    let view = world.tills[till].view;
    let (key, asked) = (shop.setup.key(view), shop.setup.transaction(slot, view));
    let (mut journal, _locks) = shop.locked(world, till);
    replay(&mut journal, &shop.journals.writes(world.journal_of(till)));
    let last = caisse_journal::last_reached(&journal, &key, MAX_BACK).unwrap();
    let mut possible = decided_alike(&last, &key, &asked);
    possible.retain(|record| !world.truth[slot_of(&record.id())].is_long_ago);
    let late = late_results(&possible, &asked, shop.setup.references);
    // An answer to this one would be told apart by its reference.
    late == LateResults::Possible
}

impl World {
    /// A sale begins, for the first time or again.
    pub fn begins(&mut self, shop: &Shop, slot: Slot) {
        let first = shop.setup.sales[slot].again;
        let is_excused = first.is_some_and(|first| self.truth[first].is_mistaken);
        let Truth { charges, asked, sent_to, .. } = self.truth[slot];
        self.truth[slot] = Truth { charges, asked: asked + 1, sent_to, is_excused, ..Truth::default() };
    }
}

/// Takes what a connection still brings that was left open for a transaction which has been decided since, and closes it.
fn hear_out(shop: &Shop, world: &mut World, till: TillNumber) -> Result<(), JournalError> {
    let Some(Pending { slot, device }) = world.tills[till].pending else { return Ok(()) };
    hear_decided(shop, world, till)?;
    world.tills[till].pending = None;
    world.give_up(&shop.setup, till, slot);
    world.terminals[device].result.take_if(|done| done.of == slot);
    Ok(())
}

/// Takes what it brings, and leaves it open.
pub fn hear_decided(shop: &Shop, world: &mut World, till: TillNumber) -> Result<(), JournalError> {
    let Some(Pending { slot, device }) = world.tills[till].pending else { return Ok(()) };
    let Some(done) = world.terminals[device].result.filter(|done| done.of == slot) else { return Ok(()) };
    contradict(shop, world, till, slot, shop.setup.outcome(done))?;
    world.terminals[device].result = None;
    world.tills[till].pending = None;
    Ok(())
}

/// Writes that a result contradicts what the journal holds.
fn contradict(
    shop: &Shop,
    world: &mut World,
    till: TillNumber,
    slot: Slot,
    outcome: Outcome,
) -> Result<(), JournalError> {
    let mut journal = MemoryJournal::new();
    replay(&mut journal, &shop.journals.writes(world.journal_of(till)));
    let Some(record) = journal.find(&id(slot))? else { return Ok(()) };
    let events = journal.events(&id(slot))?.len();
    dispute_contradiction(&mut journal, &record, outcome)?;
    writes_after(&journal, &id(slot), events).into_iter().try_for_each(|it| write(shop, world, till, it))
}

/// The connection is opened, to whichever terminal is at the address now; or not.
pub fn connect(shop: &Shop, world: &mut World, till: TillNumber, connects: bool) {
    let view = world.tills[till].view;
    let Some(run) = &mut world.tills[till].run else { return };
    let slot = run.slot;
    if connects {
        *run = Run { phase: Phase::Connected, device: world.wiring[view.address], ..*run };
        return;
    }
    let end = not_sent(NotSent::ConnectionRefused);
    let event = Event::NeverSent(shop.setup.transaction(slot, view), end);
    finish(shop, world, till, slot, event, true, None);
}

fn not_sent(reason: NotSent) -> Conclusion {
    end(Outcome::NotSent { reason }, Proof::NothingSent)
}

/// The start is written, or the journal refuses or fails.
pub fn write_start(shop: &Shop, world: &mut World, till: TillNumber, succeeds: bool) {
    let view = world.tills[till].view;
    let Some(run) = world.tills[till].run else { return };
    let event = Box::new(Event::Started(shop.setup.transaction(run.slot, view)));
    if succeeds && write(shop, world, till, Write::Append(id(run.slot), event)).is_ok() {
        world.tills[till].run = Some(Run { phase: Phase::Written, ..run });
    } else {
        // Blocked: nothing was recorded, and nothing is sent.
        world.tills[till].run = None;
    }
}

/// The terminal reports a result before the request is on the line: an earlier one's.
pub fn hear(shop: &Shop, world: &mut World, till: TillNumber) {
    let Some(Run { slot, device: Some(device), .. }) = world.tills[till].run else { return };
    let before = world.journal_of(till);
    let is_filed = file_late(shop, world, till, device, Some(slot), true);
    let is_changed = world.journal_of(till) != before && shop.setup.rules.heeds_late_results;
    if !is_filed || is_changed {
        let event = Event::Ended(not_sent(NotSent::Cancelled));
        finish(shop, world, till, slot, event, true, None);
    }
}

/// What becomes of a request that the system takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hand {
    Arrives,
    /// It waits in this queue.
    Waits(Queue),
    Lost,
}

pub fn send(shop: &Shop, world: &mut World, till: TillNumber, hand: Hand) {
    let Some(run @ Run { slot, device: Some(device), .. }) = world.tills[till].run else { return };
    let record = shop.journals.record(world.journal, &id(slot));
    if record.is_none_or(|record| record.conclusion().is_some()) {
        world.breaks(promise::START_FIRST);
    }
    check_evidence_stays(shop, world, world.tills[till].view.address, slot);
    world.truth[slot].sent_to = Some(device);
    match hand {
        Hand::Arrives if world.terminals[device].work.is_none() => world.arrives(device, slot),
        Hand::Arrives => world.queue.push(Queued { till, slot, device, queue: Queue::OfTheTerminal }),
        Hand::Waits(queue) => world.queue.push(Queued { till, slot, device, queue }),
        Hand::Lost => {}
    }
    world.left.delays -= u8::from(matches!(hand, Hand::Waits(_)));
    world.left.losses -= u8::from(hand == Hand::Lost);
    world.tills[till].run = Some(Run { phase: Phase::Sent, ..run });
}

/// Checks that the last transaction at an address is settled before the next one overwrites what the terminal shows.
fn check_evidence_stays(shop: &Shop, world: &mut World, address: usize, slot: Slot) {
    let newest = world.newest[address].replace(slot).filter(|newest| *newest != slot);
    let record = newest.and_then(|newest| shop.journals.record(world.journal, &id(newest)));
    if record.is_some_and(|record| record.state() != RecordState::Final) {
        world.breaks(promise::EVIDENCE_STAYS);
    }
}

impl World {
    /// A terminal has a request. It gives up reporting an earlier result.
    pub fn arrives(&mut self, device: usize, slot: Slot) {
        self.terminals[device].work = Some(slot);
        self.terminals[device].result = None;
    }
}

/// How the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comes {
    Whole,
    /// The journal cannot store the end.
    Unwritten,
    /// The terminal does not get the acknowledgement, and keeps the result.
    Unacknowledged,
}

pub fn answer(shop: &Shop, world: &mut World, till: TillNumber, comes: Comes) {
    let Some(Run { slot, device: Some(device), .. }) = world.tills[till].run else { return };
    let Some(done) = world.terminals[device].result.filter(|done| done.of == slot) else { return };
    if comes != Comes::Unacknowledged {
        world.terminals[device].result = None;
    }
    world.left.write_failures -= u8::from(comes == Comes::Unwritten);
    world.left.copies -= u8::from(comes == Comes::Unacknowledged);
    let is_written = comes != Comes::Unwritten;
    let end = answered(&shop.setup, device, done);
    finish(shop, world, till, slot, Event::Ended(end), is_written, None);
}

/// The answer does not come. `is_open`: the terminal was silent, and the connection stays open; otherwise the line broke.
pub fn gives_no_answer(shop: &Shop, world: &mut World, till: TillNumber, is_open: bool) {
    let Some(Run { slot, device: Some(device), .. }) = world.tills[till].run else { return };
    let doubt = if is_open { Doubt::Silence } else { Doubt::AnswerCut };
    let pending = (is_open && !shop.setup.sessions).then_some(Pending { slot, device });
    finish(shop, world, till, slot, Event::Ended(unknown(doubt)), true, pending);
}

/// The end is written, and told.
fn finish(
    shop: &Shop,
    world: &mut World,
    till: TillNumber,
    slot: Slot,
    event: Event,
    is_written: bool,
    pending: Option<Pending>,
) {
    let Some(verdict) = event.conclusion().map(|end| end.verdict) else { return };
    let append = Write::Append(id(slot), Box::new(event));
    let is_journaled = is_written && write(shop, world, till, append).is_ok();
    let state = &mut world.tills[till];
    state.run = None;
    state.pending = pending;
    if verdict.proof != Proof::NothingSent {
        state.known[slot] = Since::Lately;
    }
    if pending.is_none() {
        world.give_up(&shop.setup, till, slot);
    }
    let record = shop.journals.record(world.journal_of(till), &id(slot));
    let is_decided = |record: &&caisse_journal::Record| record.decision().is_some() || record.is_disputed();
    let settled = record.as_ref().filter(is_decided).map(|record| record.told().outcome);
    let outcome = settled.filter(|_| verdict.outcome.approved_amount().is_none()).unwrap_or(verdict.outcome);
    if is_journaled && !verdict.outcome.is_unknown() {
        shop.check_stored(world, slot, verdict.outcome);
        world.truth[slot].is_mistaken &= verdict.outcome.approved_amount().is_none();
    }
    if is_journaled || !matches!(outcome, Outcome::NotSent { .. }) {
        world.tell(&shop.setup, slot, outcome);
    }
    // Otherwise the cashier hears of this attempt alone: it was not sent, and could not be stored.
}

impl Shop {
    /// Checks that the file at the path contains an end which a till has reported as stored.
    pub fn check_stored(&self, world: &mut World, slot: Slot, outcome: Outcome) {
        let record = self.journals.record(world.journal, &id(slot));
        let is_there = record.is_some_and(|record| {
            record.conclusion().is_some_and(|it| it.verdict.outcome == outcome) || record.is_disputed()
        });
        if !is_there {
            world.breaks(promise::END_ON_DISK);
        }
    }
}

/// A till dies: its system throws away what it had not sent. It is started again.
pub fn crash(shop: &Shop, world: &mut World, till: TillNumber) {
    world.left.crashes -= 1;
    let view = world.tills[till].view;
    restart(shop, world, till, view);
}
