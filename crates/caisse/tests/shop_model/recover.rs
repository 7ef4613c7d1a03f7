//! A till finds out what became of the transactions whose end nobody knows, by the real rules.

use std::time::Duration;

use caisse::Journal;
use caisse_journal::{Record, Reporter};
use caisse_payment::evidence::{Echoed, LastTransaction};
use caisse_payment::{Currency, Operation, PaymentMeans};
use caisse_settlement::ask::Asking;
use caisse_settlement::weigh::{self, Context, Knowledge, Previous, RecoveryFinding};
use caisse_settlement::{Decision, Paid, TerminalIdentity, TerminalKey};

use crate::history::{Write, replay, writes_after};
use crate::pay::{hear_decided, write};
use crate::promise;
use crate::rules::{self, Heard, is_named, unresolved, weigh_answer};
use crate::world::{
    Device, Done, Last, Pending, Shop, Since, Slot, Till, TillNumber, View, World, authorisation, id, slot_of,
};

/// The longest time of a transaction, while none of it has passed.
const LONGEST: Duration = Duration::from_secs(300);

/// A till is started: what is open at its terminal, and not under way, was sent before.
pub fn restart(shop: &Shop, world: &mut World, till: TillNumber, view: View) {
    let sales = [world.tills[till].run.map(|run| run.slot), world.tills[till].pending.map(|it| it.slot)];
    world.tills[till] = Till::new(view);
    for slot in sales.into_iter().flatten() {
        world.give_up(&shop.setup, till, slot);
    }
    let key = shop.setup.key(view);
    if shop.can_lock(world, till, &key) {
        for record in unresolved(&shop.journals.records(world.journal), &key) {
            world.tills[till].known[slot_of(&record.id())] = Since::Lately;
        }
    }
}

/// The terminal of a till, as it is configured.
fn identity(shop: &Shop, view: View) -> TerminalIdentity {
    let TerminalKey { terminal, address } = shop.setup.key(view);
    TerminalIdentity { address, ..TerminalIdentity::new(PaymentMeans::CaisseAp, terminal) }
}

/// `is_heard`: a terminal at a serial line gets the acknowledgement of the result that it reports.
pub fn recover(shop: &Shop, world: &mut World, till: TillNumber, is_heard: bool) {
    let key = shop.setup.key(world.tills[till].view);
    if !shop.can_lock(world, till, &key) {
        return;
    }
    let open = unresolved(&shop.journals.records(world.journal_of(till)), &key);
    let is_open = |slot: Slot| open.iter().any(|record| record.id() == id(slot));
    if world.tills[till].pending.is_some_and(|pending| !is_open(pending.slot)) {
        // What cannot be written now is kept for the next time.
        let _ = hear_decided(shop, world, till);
    }
    for (slot, since) in world.tills[till].known.iter_mut().enumerate() {
        if !is_open(slot) {
            *since = Since::Never;
        }
    }
    for record in &open {
        recover_one(shop, world, till, record, is_heard);
    }
}

fn recover_one(shop: &Shop, world: &mut World, till: TillNumber, record: &Record, is_heard: bool) {
    let (setup, rules) = (&shop.setup, &shop.setup.rules);
    let view = world.tills[till].view;
    let key = shop.setup.key(view);
    let slot = slot_of(&record.id());
    let since = &mut world.tills[till].known[slot];
    if *since == Since::Never {
        *since = Since::Lately;
    }
    let own = TerminalKey::from(record.transaction().terminal);
    if own.terminal != key.terminal && Some(own.terminal) != key.address && !shop.can_lock(world, till, &own)
    {
        return;
    }
    if let Some(pending) = world.tills[till].pending {
        if pending.slot == slot {
            let Pending { device, .. } = pending;
            if let Some(done) = world.terminals[device].result.take_if(|done| done.of == slot) {
                world.tills[till].pending = None;
                return settle(shop, world, till, device, slot, weigh_answer(setup.outcome(done)));
            }
            if world.tills[till].known[slot] != Since::LongAgo {
                return;
            }
        }
        // The connection is aborted; the terminal may still read the request from its own queue.
        world.tills[till].pending = None;
        world.give_up(setup, till, pending.slot);
        world.tills[till].known[pending.slot] = Since::Lately;
    }
    let records = shop.journals.records(world.journal_of(till));
    if (rules.may_ask)(&records, record, &identity(shop, view)) != Asking::Allowed {
        return;
    }
    let Some(device) = world.wiring[view.address] else { return };
    if setup.sessions && world.terminals[device].result.is_some() {
        file_late(shop, world, till, device, None, is_heard);
        return;
    }
    if (rules.is_overtaken)(&records, record, &key) || world.terminals[device].work.is_some() {
        return;
    }
    let told = duplicata(shop, world, device, &records, record);
    let reported = match told {
        LastTransaction::Completed { authorisation, .. } => authorisation,
        LastTransaction::NotCompleted | LastTransaction::Unclear => None,
    };
    let Context { terminal: recorded, previous, of_another } = (rules.context)(&records, record, reported);
    let waited = world.tills[till].known[slot] == Since::LongAgo;
    let known = Knowledge {
        operation: Operation::Debit,
        amount: record.transaction().amount,
        allow_tip: None,
        exclusive: setup.exclusive,
        recorded,
        found: identity(shop, view).showing(setup.shown(device)),
        previous,
        of_another,
        time_left: if waited { Duration::ZERO } else { LONGEST },
    };
    settle(shop, world, till, device, slot, (rules.weigh)(&told, &known));
}

/// The report of a terminal about its last transaction.
fn duplicata(
    shop: &Shop,
    world: &World,
    device: Device,
    records: &[Record],
    record: &Record,
) -> LastTransaction {
    match world.terminals[device].last {
        Last::NotCompleted => LastTransaction::NotCompleted,
        Last::Completed { of, number } => {
            let ours =
                record.transaction().reference.filter(|_| shop.setup.references && is_named(records, record));
            let reference = match (ours, shop.setup.reference(of)) {
                (Some(ours), Some(theirs)) if ours == theirs => Echoed::Ours,
                (Some(_), Some(_)) => Echoed::Another,
                _ => Echoed::Absent,
            };
            LastTransaction::Completed {
                minor: Some(shop.setup.sales[of].minor),
                currency: Some(Currency::EUR.numeric()),
                authorisation: Some(authorisation(device, number)),
                reference,
            }
        }
    }
}

/// Writes what was found, and tells the cashier what the journal says now. The evidence is that of `device`.
fn settle(
    shop: &Shop,
    world: &mut World,
    till: TillNumber,
    device: Device,
    slot: Slot,
    finding: RecoveryFinding,
) {
    let paid = match finding {
        RecoveryFinding::Paid(amount) => Paid::Paid(amount),
        RecoveryFinding::NotPaid => Paid::NotPaid,
        RecoveryFinding::Open(_) => return,
    };
    let decision = Decision::proven(paid, "terminal", "the report of the terminal").unwrap();
    if write(shop, world, till, Write::Resolve(id(slot), decision)).is_err() {
        return;
    }
    world.counts(shop, till, device, slot, true);
}

impl World {
    /// Something that a terminal reports has settled or disputed a transaction. The cashier is told what a decision makes of it.
    fn counts(&mut self, shop: &Shop, till: TillNumber, device: Device, slot: Slot, is_decision: bool) {
        if self.truth[slot].sent_to.is_some_and(|sent_to| sent_to != device) {
            self.breaks(promise::OWN_EVIDENCE);
        }
        if is_decision {
            let record = shop.journals.record(self.journal_of(till), &id(slot)).unwrap();
            self.tell(&shop.setup, slot, record.told().outcome);
        }
    }
}

/// Takes the result that a terminal reports on its line, and stores what it proves or contradicts. Returns whether the terminal
/// is acknowledged; if that `is_heard`, the terminal forgets the result.
pub fn file_late(
    shop: &Shop,
    world: &mut World,
    till: TillNumber,
    device: Device,
    running: Option<Slot>,
    is_heard: bool,
) -> bool {
    let setup = &shop.setup;
    let view = world.tills[till].view;
    let Some(Done { of, charged }) = world.terminals[device].result else { return true };
    let heard = Heard {
        of: setup.transaction(of, view),
        authorisation: charged.map(|number| authorisation(device, number)),
        repeats_references: setup.references,
        shown: setup.shown(device),
    };
    let reporter =
        Reporter { terminal: identity(shop, view), exclusive: setup.exclusive, running: running.map(id) };
    let (mut journal, _locks) = shop.locked(world, till);
    replay(&mut journal, &shop.journals.writes(world.journal_of(till)));
    let held = journal.lock_terminal(&shop.setup.key(view)).unwrap();
    let events: Vec<usize> =
        (0..setup.sales.len()).map(|slot| journal.events(&id(slot)).unwrap().len()).collect();
    if (setup.rules.file)(&mut journal, &held, &reporter, &heard).is_err() {
        return false;
    }
    if is_heard {
        world.terminals[device].result = None;
    } else {
        world.left.copies -= 1;
    }
    let is_named = is_named_by_the_result(shop, world, till, &heard, of);
    for (slot, events) in events.into_iter().enumerate() {
        for change in writes_after(&journal, &id(slot), events) {
            let is_decision = matches!(change, Write::Resolve(..));
            if write(shop, world, till, change).is_ok() {
                world.counts(shop, till, device, slot, is_decision);
                if is_named && slot != of {
                    world.breaks(promise::OWN_RESULT);
                }
            }
        }
    }
    let reported = rules::paid(setup.outcome(Done { of, charged }));
    let record = shop.journals.record(world.journal_of(till), &id(of));
    let contradicts = |record: &Record| {
        let is_reached_as_before = TerminalKey::from(record.transaction()) == shop.setup.key(view);
        is_reached_as_before
            && !record.is_disputed()
            && record.paid().is_some_and(|paid| Some(paid) != reported)
    };
    if record.as_ref().is_some_and(contradicts) {
        world.breaks(promise::RESULT_KEPT);
    }
    true
}

/// Whether a result names its transaction: by its number, which the journal has, or by a reference that no other one shares.
fn is_named_by_the_result(shop: &Shop, world: &World, till: TillNumber, heard: &Heard, of: Slot) -> bool {
    let records = shop.journals.records(world.journal_of(till));
    let Some(record) = records.iter().find(|record| record.id() == id(of)) else { return false };
    let by_number = record
        .conclusion()
        .is_some_and(|end| end.authorisation.is_some() && end.authorisation == heard.authorisation);
    by_number || heard.repeats_references && is_named(&records, record)
}

/// Whether a till can prove by itself what became of a transaction: nothing has changed its terminal's name or address, and the
/// journal has the number of the transaction before.
pub fn can_be_known(shop: &Shop, world: &World, record: &Record) -> bool {
    let setup = &shop.setup;
    let Context { previous, .. } = weigh::context(&shop.journals.records(world.journal), record, None);
    let is_there =
        world.tills.iter().any(|till| setup.key(till.view) == TerminalKey::from(record.transaction()));
    setup.exclusive && setup.changes.is_empty() && is_there && matches!(previous, Previous::Authorised(..))
}
