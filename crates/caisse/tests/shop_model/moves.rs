//! All that can happen in the shop.

use caisse::RecordState;

use crate::pay::{self, Comes, Hand};
use crate::world::{
    A, APP, B, By, Change, Device, FIRST, Last, Phase, Queue, Run, SECOND, Shop, Since, Slot, TillNumber,
    World,
};
use crate::{app, people, recover, rules};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// A cashier asks for a sale, for the first time or again.
    Pay(TillNumber, Slot),
    Connect {
        till: TillNumber,
        connects: bool,
    },
    WriteStart {
        till: TillNumber,
        succeeds: bool,
    },
    Send(TillNumber, Hand),
    /// A request leaves its queue.
    Leaves(usize),
    Charges(Device),
    Refuses {
        device: Device,
        is_remembered: bool,
    },
    Answer(TillNumber, Comes),
    /// The payment of another shop.
    Stranger(Device),
    /// The terminal says nothing for as long as the till waits.
    Silence(TillNumber),
    LineBreaks(TillNumber),
    Crash(TillNumber),
    Recover {
        till: TillNumber,
        is_heard: bool,
    },
    /// A till that is about to send hears an earlier result on its line.
    Hears(TillNumber),
    /// A till whose journal was replaced is started again.
    Restart(TillNumber),
    /// Nothing happens for longer than a transaction can take.
    Waits,
    /// The same, while a till stands still between two system calls.
    Stalls,
    Decides(Slot),
    Mistakes(Slot),
    Change(usize),
    /// The file of the journal is replaced by a copy.
    Replaced,
    AppLaunches,
    AppDies,
    AppResult {
        comes: bool,
    },
}

const QUEUES: [Queue; 2] = [Queue::OfTheTill, Queue::OfTheTerminal];

/// What can happen, or could if it changed anything.
pub fn possible(shop: &Shop, world: &World) -> Vec<Move> {
    let mut moves = vec![];
    at_the_terminals(shop, world, &mut moves);
    for till in [A, B] {
        match world.tills[till].run {
            Some(run) => in_a_payment(shop, world, till, run, &mut moves),
            None => between_payments(shop, world, till, &mut moves),
        }
    }
    at_the_app(shop, world, &mut moves);
    around(shop, world, &mut moves);
    moves
}

fn at_the_terminals(shop: &Shop, world: &World, moves: &mut Vec<Move>) {
    for device in [FIRST, SECOND, APP] {
        if world.terminals[device].work.is_some() {
            moves.extend([Move::Charges(device), Move::Refuses { device, is_remembered: true }]);
            if device != APP && shop.setup.forgets {
                moves.push(Move::Refuses { device, is_remembered: false });
            }
        }
    }
    for (number, queued) in world.queue.iter().enumerate() {
        if world.terminals[queued.device].work.is_none() {
            moves.push(Move::Leaves(number));
        }
    }
}

/// Whether a customer asks for this sale now, for the first time or again.
fn is_asked_for(shop: &Shop, world: &World, slot: Slot) -> bool {
    let sales = shop.setup.sales;
    let is_running = |slot: Slot| {
        let at_till = world.tills.iter().any(|till| till.run.is_some_and(|run| run.slot == slot));
        at_till || world.app.is_some_and(|launch| launch.slot == slot)
    };
    let is_first_over =
        sales[slot].again.is_none_or(|first| world.truth[first].told_over && !is_running(first));
    let is_tried_again =
        (0..sales.len()).any(|again| sales[again].again == Some(slot) && world.truth[again].asked > 0);
    is_first_over && !is_tried_again && world.truth[slot].asked < shop.setup.attempts
}

fn between_payments(shop: &Shop, world: &World, till: TillNumber, moves: &mut Vec<Move>) {
    for (slot, sale) in shop.setup.sales.iter().enumerate() {
        if matches!(sale.by, By::Tills(tills) if tills.contains(&till)) && is_asked_for(shop, world, slot) {
            moves.push(Move::Pay(till, slot));
        }
    }
    let state = &world.tills[till];
    let records = shop.journals.records(world.journal_of(till));
    if state.pending.is_some() || !rules::unresolved(&records, &shop.setup.key(state.view)).is_empty() {
        moves.push(Move::Recover { till, is_heard: true });
        let device = world.wiring[state.view.address];
        let reports = device.is_some_and(|device| world.terminals[device].result.is_some());
        if shop.setup.sessions && reports && world.left.copies > 0 {
            moves.push(Move::Recover { till, is_heard: false });
        }
    }
    if state.is_stale {
        moves.push(Move::Restart(till));
    }
    if state.pending.is_some() && world.left.crashes > 0 {
        moves.push(Move::Crash(till));
    }
}

fn in_a_payment(shop: &Shop, world: &World, till: TillNumber, run: Run, moves: &mut Vec<Move>) {
    let left = world.left;
    match run.phase {
        Phase::Admitted => {
            let is_free = world.connects(till);
            if is_free {
                moves.push(Move::Connect { till, connects: true });
            }
            if !is_free || left.losses > 0 {
                moves.push(Move::Connect { till, connects: false });
            }
        }
        Phase::Connected => {
            moves.push(Move::WriteStart { till, succeeds: true });
            if left.write_failures > 0 {
                moves.push(Move::WriteStart { till, succeeds: false });
            }
        }
        Phase::Written => {
            let reports = run.device.is_some_and(|device| world.terminals[device].result.is_some());
            if shop.setup.sessions && reports {
                moves.push(Move::Hears(till));
            }
            moves.push(Move::Send(till, Hand::Arrives));
            if left.losses > 0 {
                moves.push(Move::Send(till, Hand::Lost));
            }
            if left.delays > 0 {
                moves.extend(QUEUES.map(|queue| Move::Send(till, Hand::Waits(queue))));
            }
        }
        Phase::Sent => {
            let result = run.device.and_then(|device| world.terminals[device].result);
            if result.is_some_and(|done| done.of == run.slot) {
                moves.push(Move::Answer(till, Comes::Whole));
                if left.write_failures > 0 {
                    moves.push(Move::Answer(till, Comes::Unwritten));
                }
                if left.copies > 0 && shop.setup.sessions {
                    moves.push(Move::Answer(till, Comes::Unacknowledged));
                }
            } else if world.can_be_silent(shop, till, run) {
                moves.push(Move::Silence(till));
            }
            if world.is_queued(till, run.slot) || left.losses > 0 && !shop.setup.sessions {
                moves.push(Move::LineBreaks(till));
            }
        }
    }
    if left.crashes > 0 {
        moves.push(Move::Crash(till));
    }
}

fn at_the_app(shop: &Shop, world: &World, moves: &mut Vec<Move>) {
    let Some(launch) = world.app else {
        for (slot, sale) in shop.setup.sales.iter().enumerate() {
            if matches!(sale.by, By::App(_)) && is_asked_for(shop, world, slot) {
                moves.push(Move::Pay(APP, slot));
            }
        }
        return;
    };
    if !launch.is_launched {
        moves.push(Move::AppLaunches);
    }
    if launch.is_alive && world.left.crashes > 0 {
        moves.push(Move::AppDies);
    }
    if world.terminals[APP].result.is_some() {
        moves.push(Move::AppResult { comes: true });
        if world.left.losses > 0 {
            moves.push(Move::AppResult { comes: false });
        }
    }
}

fn around(shop: &Shop, world: &World, moves: &mut Vec<Move>) {
    let left = world.left;
    let is_quiet = world.is_quiet();
    let stands =
        |phase: fn(Phase) -> bool| world.tills.iter().filter_map(|till| till.run).all(|run| phase(run.phase));
    let lately = world.tills.iter().any(|till| till.known.contains(&Since::Lately));
    let is_waited_for = lately || shop.setup.sessions && has_recent(shop, world);
    if is_quiet && is_waited_for {
        if world.tills.iter().all(|till| till.run.is_none()) {
            moves.push(Move::Waits);
        } else if left.stalls > 0 && stands(|phase| phase != Phase::Sent) {
            moves.push(Move::Stalls);
        }
    }
    if shop.setup.person {
        moves.extend(people::to_decide(shop, world).into_iter().map(Move::Decides));
        if left.mistakes > 0 {
            moves.extend(people::to_mistake(shop, world).into_iter().map(Move::Mistakes));
        }
    }
    for (number, change) in shop.setup.changes.iter().enumerate() {
        let is_possible = match change {
            Change::Configure(till, _) => world.tills[*till].run.is_none(),
            Change::Swap | Change::PutAt(..) | Change::Move { .. } => true,
        };
        if world.changes[number] && is_possible {
            moves.push(Move::Change(number));
        }
    }
    if left.strangers > 0 && !shop.setup.exclusive && world.terminals[FIRST].work.is_none() {
        moves.push(Move::Stranger(FIRST));
    }
    // Not between the write of a start and the request: no further look at the file comes there.
    if left.replacements > 0 && stands(|phase| phase != Phase::Written) {
        moves.push(Move::Replaced);
    }
}

/// Whether the time since a decided transaction was sent still matters.
fn has_recent(shop: &Shop, world: &World) -> bool {
    let records = shop.journals.records(world.journal);
    let mut decided = records
        .iter()
        .filter(|record| record.decision().is_some() || record.state() == RecordState::Unresolved);
    decided.any(|record| !world.truth[crate::world::slot_of(&record.id())].is_long_ago)
}

/// Lets it happen.
pub fn play(shop: &Shop, world: &mut World, step: Move) {
    let setup = &shop.setup;
    match step {
        Move::Pay(APP, slot) => app::begin(shop, world, slot),
        Move::Pay(till, slot) => pay::begin(shop, world, till, slot),
        Move::Connect { till, connects } => {
            world.left.losses -= u8::from(!connects && world.connects(till));
            pay::connect(shop, world, till, connects);
            if connects && !setup.step_by_step {
                pay::write_start(shop, world, till, true);
            }
        }
        Move::WriteStart { till, succeeds } => {
            world.left.write_failures -= u8::from(!succeeds);
            pay::write_start(shop, world, till, succeeds);
        }
        Move::Send(till, hand) => pay::send(shop, world, till, hand),
        Move::Leaves(number) => {
            let queued = world.queue.remove(number);
            world.arrives(queued.device, queued.slot);
        }
        Move::Charges(device) => world.charge(setup, device),
        Move::Refuses { device, is_remembered } => world.refuse(setup, device, is_remembered),
        Move::Answer(till, comes) => pay::answer(shop, world, till, comes),
        Move::Silence(till) => {
            let is_lost = world.tills[till].run.is_some_and(|run| world.is_lost(run));
            world.left.losses -= u8::from(!is_lost);
            pay::gives_no_answer(shop, world, till, true);
        }
        Move::LineBreaks(till) => {
            let slot = world.tills[till].run.map(|run| run.slot);
            let is_queued = slot.is_some_and(|slot| world.is_queued(till, slot));
            world.left.losses -= u8::from(!is_queued);
            pay::gives_no_answer(shop, world, till, false);
        }
        Move::Crash(till) => pay::crash(shop, world, till),
        Move::Recover { till, is_heard } => recover::recover(shop, world, till, is_heard),
        Move::Hears(till) => pay::hear(shop, world, till),
        Move::Restart(till) => {
            let view = world.tills[till].view;
            recover::restart(shop, world, till, view);
        }
        Move::Waits => waits(shop, world),
        Move::Stalls => {
            world.left.stalls -= 1;
            waits(shop, world);
        }
        Move::Decides(slot) => people::decide(shop, world, slot, false),
        Move::Mistakes(slot) => {
            world.left.mistakes -= 1;
            people::decide(shop, world, slot, true);
        }
        Move::Change(number) => {
            world.changes[number] = false;
            change(shop, world, setup.changes[number]);
        }
        Move::Replaced => {
            world.left.replacements -= 1;
            world.old_journal = Some(world.journal);
            world.tills.iter_mut().for_each(|till| till.is_stale = true);
        }
        Move::Stranger(device) => {
            world.left.strangers -= 1;
            let terminal = &mut world.terminals[device];
            terminal.number += 1;
            // For the amount of a sale of this shop: the worst.
            terminal.last = Last::Completed { of: setup.sales.len() - 1, number: terminal.number };
        }
        Move::AppLaunches => app::launch(shop, world),
        Move::AppDies => app::dies(world),
        Move::AppResult { comes } => {
            world.left.losses -= u8::from(!comes);
            app::result(shop, world, comes);
        }
    }
}

fn waits(shop: &Shop, world: &mut World) {
    for till in &mut world.tills {
        for since in till.known.iter_mut().filter(|since| **since == Since::Lately) {
            *since = Since::LongAgo;
        }
    }
    for truth in world.truth.iter_mut().filter(|truth| truth.sent_to.is_some()) {
        truth.is_long_ago = true;
    }
    if shop.setup.sessions {
        // Long before that the terminals have given up reporting their results.
        world.terminals[FIRST].result = None;
        world.terminals[SECOND].result = None;
    }
}

fn change(shop: &Shop, world: &mut World, change: Change) {
    match change {
        Change::Swap => world.wiring.swap(0, 1),
        Change::PutAt(device, address) => world.wiring[address] = Some(device),
        Change::Move { from, to } => world.wiring[to] = world.wiring[from].take(),
        Change::Configure(till, view) => recover::restart(shop, world, till, view),
    }
}
