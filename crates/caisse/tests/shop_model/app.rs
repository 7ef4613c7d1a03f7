//! App to App in the same journal: the real till of `caisse-intent`, in a process that Android may kill.

use caisse::{Currency, Journal, MemoryJournal};
use caisse_intent::v4::Perform;
use caisse_intent::{ActivityResult, Begun, Payment, PaymentRequest, Till};
use caisse_payment::Outcome;
use caisse_settlement::TerminalKey;

use crate::history::{JournalNumber, Write, replay, writes_after};
use crate::promise;
use crate::world::{APP, By, Done, Shop, Slot, World, id};

/// A payment of the payment app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Launch {
    pub slot: Slot,
    /// The name of the device in the journal.
    pub name: &'static str,
    /// Whether the process that began it is alive, and holds the terminal.
    pub is_alive: bool,
    pub is_launched: bool,
    /// The journal before it began.
    before: JournalNumber,
}

type AppTill = Till<MemoryJournal>;

fn transaction(shop: &Shop, slot: Slot) -> PaymentRequest {
    PaymentRequest::v4(Perform::debit(shop.setup.amount(slot), id(slot)).unwrap())
}

/// A cashier asks for a sale at the payment app.
pub fn begin(shop: &Shop, world: &mut World, slot: Slot) {
    let By::App(name) = shop.setup.sales[slot].by else { return };
    let key = TerminalKey::from(name.parse::<caisse_payment::TerminalId>().unwrap());
    if !shop.can_lock(world, APP, &key) {
        return; // The real admission would wait for a moment.
    }
    let (mut journal, _locks) = shop.locked(world, APP);
    replay(&mut journal, &shop.journals.writes(world.journal));
    let known = journal.events(&id(slot)).unwrap().len();
    let mut till: AppTill = Till::new(journal.clone(), key.terminal, Currency::EUR);
    match till.begin(&transaction(shop, slot)).unwrap() {
        Begun::Ended(payment) => world.tell(&shop.setup, slot, payment.outcome),
        Begun::Launch(_) => {
            let launch = Launch { slot, name, is_alive: true, is_launched: false, before: world.journal };
            for write in writes_after(&journal, &id(slot), known) {
                world.journal = shop.journals.write(world.journal, write, shop.setup.rules.store).unwrap();
            }
            world.begins(shop, slot);
            world.app = Some(launch);
        }
    }
}

/// Android starts the payment app.
pub fn launch(shop: &Shop, world: &mut World) {
    let Some(launch) = &mut world.app else { return };
    launch.is_launched = true;
    let slot = launch.slot;
    let record = shop.journals.record(world.journal, &id(slot));
    if record.is_none_or(|record| record.conclusion().is_some()) {
        world.breaks(promise::START_FIRST);
    }
    world.truth[slot].sent_to = Some(APP);
    world.arrives(APP, slot);
}

/// Android kills the process of the till. What was not launched never will be.
pub fn dies(world: &mut World) {
    world.left.crashes -= 1;
    world.app =
        world.app.filter(|launch| launch.is_launched).map(|launch| Launch { is_alive: false, ..launch });
}

/// The result of the payment app is delivered, to the process that launched it or to a later one; or it never comes.
pub fn result(shop: &Shop, world: &mut World, comes: bool) {
    let Some(launch) = world.app.take() else { return };
    let Some(done) = world.terminals[APP].result.take() else { return };
    if comes {
        let told = ActivityResult::new(-1, Some(&text(shop, done)));
        with_till(shop, world, launch, |till| till.answer(&id(launch.slot), &told).unwrap());
        // A decision of a person is no mistake any more once the approval itself is in the journal.
        world.truth[launch.slot].is_mistaken &= done.charged.is_none();
    } else if launch.is_alive {
        with_till(shop, world, launch, |till| till.give_up(&id(launch.slot)).unwrap());
    }
}

/// A result of PayXpress V4.
fn text(shop: &Shop, done: Done) -> String {
    let (status, error) = if done.charged.is_some() { (0, 0) } else { (1, 7) };
    let (reference, minor) = (id(done.of), shop.setup.sales[done.of].minor);
    format!(
        r#"{{"status":{status},"transaction":{{"id":"1p5j","transactionType":0,"mode":1,"reference":"{reference}","amount":{minor},"currency":"EUR","error":{error}}}}}"#
    )
}

/// Lets the real till of the launching process, or of a later one, do something; stores what it writes, and tells its payment.
fn with_till(shop: &Shop, world: &mut World, launch: Launch, act: impl FnOnce(&mut AppTill) -> Payment) {
    let slot = launch.slot;
    let (mut journal, _locks) = shop.locked(world, APP);
    let writes = shop.journals.writes(world.journal);
    let mut till: AppTill = Till::new(journal.clone(), launch.name.parse().unwrap(), Currency::EUR);
    let before = if launch.is_alive { shop.journals.writes(launch.before).len() } else { writes.len() };
    replay(&mut journal, &writes[..before]);
    if launch.is_alive {
        // The same process: it holds the terminal, and its start is the next write.
        assert!(matches!(till.begin(&transaction(shop, slot)), Ok(Begun::Launch(_))));
        replay(&mut journal, &writes[before + 1..]);
    }
    let known = journal.events(&id(slot)).unwrap().len();
    let payment = act(&mut till);
    let writes = writes_after(&journal, &id(slot), known);
    let is_end = |write: &Write| matches!(write, Write::Append(_, event) if event.conclusion().is_some());
    let has_ended = writes.iter().any(is_end);
    for write in writes {
        if let Ok(after) = shop.journals.write(world.journal, write, shop.setup.rules.store) {
            world.journal = after;
        }
    }
    let is_known = matches!(payment.outcome, Outcome::Approved { .. } | Outcome::Cancelled { .. });
    if payment.journaled && is_known && has_ended {
        shop.check_stored(world, slot, payment.outcome);
    }
    world.tell(&shop.setup, slot, payment.outcome);
}
