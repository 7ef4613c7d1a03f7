//! A person who looks at the terminals, decides, and corrects a decision.

use caisse::RecordState;
use caisse_journal::{Decision, Paid, Record};
use caisse_settlement::TerminalKey;

use crate::history::Write;
use crate::world::{PERSON, Shop, Slot, World, id, slot_of};

/// Whether the customer has paid.
fn truth(shop: &Shop, world: &World, slot: Slot) -> Paid {
    if world.truth[slot].charges > 0 { Paid::Paid(shop.setup.amount(slot)) } else { Paid::NotPaid }
}

/// Whether a person has to look at a transaction: it is unresolved or disputed, or a decision has to be corrected.
fn needs_person(shop: &Shop, world: &World, record: &Record) -> bool {
    let slot = slot_of(&record.id());
    let is_wrong = world.truth[slot].is_mistaken && record.paid() != Some(truth(shop, world, slot));
    record.state() != RecordState::Final || is_wrong
}

/// The sales that a person can decide: nothing is under way at the terminal, as far as the locks and the terminal show.
pub fn to_decide(shop: &Shop, world: &World) -> Vec<Slot> {
    let may_decide = |record: &&Record| {
        let slot = slot_of(&record.id());
        needs_person(shop, world, record)
            && !world.is_at_work(slot)
            && shop.can_lock(world, PERSON, &TerminalKey::from(record.transaction()))
    };
    let records = shop.journals.records(world.journal);
    records.iter().filter(may_decide).map(|record| slot_of(&record.id())).collect()
}

/// The sales about which a person can be mistaken: those that are unresolved, or decided by a person.
pub fn to_mistake(shop: &Shop, world: &World) -> Vec<Slot> {
    let may_mistake = |record: &&Record| {
        let by_person = record.decision().is_some_and(Decision::is_by_person);
        (record.state() == RecordState::Unresolved || by_person && !record.is_disputed())
            && !world.truth[slot_of(&record.id())].is_mistaken
            && shop.can_lock(world, PERSON, &TerminalKey::from(record.transaction()))
    };
    let records = shop.journals.records(world.journal);
    records.iter().filter(may_mistake).map(|record| slot_of(&record.id())).collect()
}

/// A person decides, as it is; or, with a mistake, the contrary.
pub fn decide(shop: &Shop, world: &mut World, slot: Slot, is_mistake: bool) {
    let paid = match (truth(shop, world, slot), is_mistake) {
        (paid, false) => paid,
        (Paid::Paid(_), true) => Paid::NotPaid,
        (Paid::NotPaid, true) => Paid::Paid(shop.setup.amount(slot)),
    };
    let decision = Decision::new(paid, "Zoé", "ticket du terminal").unwrap();
    let write = Write::Resolve(id(slot), decision);
    let Ok(after) = shop.journals.write(world.journal, write, shop.setup.rules.store) else { return };
    world.journal = after;
    world.truth[slot].is_mistaken = is_mistake;
    let record = shop.journals.record(after, &id(slot)).unwrap();
    world.tell(&shop.setup, slot, record.told().outcome);
}

/// Whether everything is settled.
pub fn is_settled(shop: &Shop, world: &World) -> bool {
    !shop.journals.records(world.journal).iter().any(|record| needs_person(shop, world, record))
}
