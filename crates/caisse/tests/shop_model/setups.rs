//! The shops that are checked.

use crate::check;
use crate::rules::REAL;
use crate::world::{A, B, By, Change, FIRST, SECOND, Sale, Setup, Troubles, View};

pub const NOTHING: Troubles = Troubles {
    crashes: 0,
    losses: 0,
    delays: 0,
    write_failures: 0,
    stalls: 0,
    mistakes: 0,
    replacements: 0,
    copies: 0,
    strangers: 0,
};

pub const LOSS: Troubles = Troubles { losses: 1, ..NOTHING };

const fn sale(by: By, minor: u64) -> Sale {
    Sale { by, minor, reference: None, paid_at: None, again: None }
}

const FRONT: View = View { name: "front", address: 0 };
const COUNTER: View = View { name: "counter", address: 0 };
const BACK: View = View { name: "back", address: 1 };

const AT_A: By = By::Tills(&[A]);
const AT_B: By = By::Tills(&[B]);
const BOTH: By = By::Tills(&[A, B]);

/// Sales that went well before.
const BEFORE_AT_A: Sale = Sale { paid_at: Some(FIRST), ..sale(AT_A, 1000) };
const BEFORE_AT_B: Sale = Sale { paid_at: Some(SECOND), ..sale(AT_B, 1000) };

/// A customer whose payment may be asked for at either till, who tries again as told.
pub const ONE_NAME: Setup = Setup {
    sessions: false,
    shows: false,
    references: false,
    exclusive: true,
    person: true,
    forgets: true,
    step_by_step: true,
    tills: [FRONT, FRONT],
    wiring: [Some(FIRST), None, None],
    changes: &[],
    sales: &[BEFORE_AT_A, sale(BOTH, 2500), Sale { again: Some(1), ..sale(BOTH, 2500) }],
    attempts: 2,
    troubles: LOSS,
    rules: REAL,
};

/// One terminal that till B knows by another name, and another customer at till B.
pub const TWO_NAMES: Setup = Setup {
    forgets: false,
    step_by_step: false,
    tills: [FRONT, COUNTER],
    sales: &[BEFORE_AT_A, sale(AT_A, 2500), Sale { again: Some(1), ..sale(BOTH, 2500) }, sale(AT_B, 2500)],
    attempts: 1,
    ..ONE_NAME
};

pub const TWO_TERMINALS: Setup = Setup {
    shows: true,
    tills: [FRONT, BACK],
    wiring: [Some(FIRST), Some(SECOND), None],
    sales: &[
        BEFORE_AT_A,
        BEFORE_AT_B,
        sale(AT_A, 2500),
        Sale { again: Some(2), ..sale(AT_B, 2500) },
        sale(AT_B, 2500),
    ],
    ..TWO_NAMES
};

pub const SWAPPED: Setup = Setup { changes: &[Change::Swap], ..TWO_TERMINALS };

/// A spare terminal is put in the place of the first, and stays. A terminal that is in the place for one unanswered payment only
/// shows nothing that could tell it from the one before and after it.
pub const SPARE: Setup = Setup { shows: true, changes: &[Change::PutAt(SECOND, 0)], ..TWO_NAMES };

/// The first terminal gets another address, and the second one that address; till A follows the first.
pub const MOVED: Setup = Setup {
    shows: true,
    step_by_step: false,
    forgets: false,
    attempts: 1,
    changes: &[
        Change::Move { from: 0, to: 1 },
        Change::PutAt(SECOND, 0),
        Change::Configure(A, View { name: "front", address: 1 }),
    ],
    ..ONE_NAME
};

pub const RENAMED: Setup = Setup { changes: &[Change::Configure(A, COUNTER)], ..ONE_NAME };

/// The spare terminal has an address of its own, and shows nothing of itself.
pub const ELSEWHERE: Setup = Setup {
    wiring: [Some(FIRST), Some(SECOND), None],
    changes: &[Change::Configure(A, View { name: "front", address: 1 })],
    ..ONE_NAME
};

/// A payment app on a device of the same name.
pub const WITH_APP: Setup = Setup {
    sales: &[BEFORE_AT_A, sale(By::App("front"), 2500), Sale { again: Some(1), ..sale(BOTH, 2500) }],
    troubles: Troubles { crashes: 1, mistakes: 1, ..LOSS },
    ..ONE_NAME
};

/// Sales of one amount, one of them before.
pub const ALIKE: Setup = Setup {
    forgets: false,
    step_by_step: false,
    sales: &[Sale { paid_at: Some(FIRST), ..sale(AT_A, 2500) }, sale(AT_A, 2500), sale(AT_B, 2500)],
    ..ONE_NAME
};

pub const SERIAL_SWAPPED: Setup = Setup { sessions: true, ..SWAPPED };

pub const SERIAL: Setup = Setup { sessions: true, ..TWO_NAMES };

/// Terminals whose results are heard, and reported again.
pub const SERIAL_COPIES: Setup = Setup { troubles: Troubles { copies: 1, mistakes: 1, ..LOSS }, ..SERIAL };

pub const SERIAL_ALIKE: Setup =
    Setup { sessions: true, troubles: Troubles { copies: 1, losses: 2, ..NOTHING }, ..ALIKE };

const fn bill(reference: &'static str) -> Sale {
    Sale { reference: Some(reference), ..sale(AT_A, 2500) }
}

/// Terminals that repeat references, and are used by others too.
pub const SERIAL_REFERENCES: Setup = Setup {
    references: true,
    exclusive: false,
    sales: &[BEFORE_AT_A, bill("bill-1"), bill("bill-2"), bill("bill-3")],
    troubles: Troubles { copies: 1, ..LOSS },
    ..SERIAL
};

/// Two terminals with one name.
pub const SERIAL_NAMESAKES: Setup = Setup {
    tills: [FRONT, View { name: "front", address: 1 }],
    wiring: [Some(FIRST), Some(SECOND), None],
    sales: &[
        BEFORE_AT_A,
        bill("bill-1"),
        Sale { by: AT_B, ..bill("bill-2") },
        Sale { minor: 3700, ..bill("bill-3") },
    ],
    troubles: Troubles { mistakes: 1, ..LOSS },
    ..SERIAL
};

/// A payment app, and a terminal of the same name at which nothing was paid yet.
pub const APP_AND_NEW_TERMINAL: Setup = Setup {
    sales: &[sale(By::App("front"), 2500), Sale { again: Some(0), ..sale(BOTH, 2500) }],
    troubles: Troubles { crashes: 1, ..LOSS },
    ..WITH_APP
};

const fn with(setup: Setup, troubles: Troubles) -> Setup {
    Setup { troubles, ..setup }
}

#[test]
fn one_sale_at_two_tills() {
    assert_eq!(check(&ONE_NAME), Ok(2_898));
    assert_eq!(check(&with(ONE_NAME, Troubles { stalls: 1, ..LOSS })), Ok(4_172));
    assert_eq!(check(&with(ONE_NAME, Troubles { write_failures: 1, ..LOSS })), Ok(13_619));
    assert_eq!(check(&with(ALIKE, Troubles { losses: 2, ..NOTHING })), Ok(15_105));
}

#[test]
fn one_sale_at_two_tills_that_die() {
    assert_eq!(check(&with(ONE_NAME, Troubles { crashes: 1, ..LOSS })), Ok(17_236));
}

#[test]
fn requests_that_wait_in_queues() {
    assert_eq!(check(&with(ONE_NAME, Troubles { delays: 1, ..LOSS })), Ok(17_182));
}

#[test]
fn a_person_who_is_mistaken_and_corrects_that() {
    assert_eq!(check(&with(ONE_NAME, Troubles { mistakes: 1, ..LOSS })), Ok(9_090));
}

#[test]
fn a_file_that_is_replaced() {
    assert_eq!(check(&with(ONE_NAME, Troubles { replacements: 1, ..NOTHING })), Ok(4_727));
}

#[test]
fn nobody_to_decide() {
    assert_eq!(check(&Setup { person: false, ..ONE_NAME }), Ok(1_534));
}

#[test]
fn a_terminal_that_others_use_too() {
    let troubles = Troubles { strangers: 1, ..LOSS };
    assert_eq!(check(&Setup { exclusive: false, troubles, ..ONE_NAME }), Ok(5_558));
}

#[test]
fn one_terminal_under_two_names() {
    assert_eq!(check(&TWO_NAMES), Ok(13_483));
    assert_eq!(check(&RENAMED), Ok(7_706));
}

#[test]
fn two_terminals_that_are_swapped() {
    assert_eq!(check(&SWAPPED), Ok(42_048));
}

#[test]
fn a_spare_terminal() {
    assert_eq!(check(&SPARE), Ok(63_258));
    assert_eq!(check(&ELSEWHERE), Ok(7_788));
}

#[test]
fn a_terminal_that_moves() {
    assert_eq!(check(&MOVED), Ok(34_296));
}

#[test]
fn a_payment_app_of_the_same_name() {
    assert_eq!(check(&WITH_APP), Ok(38_052));
    assert_eq!(check(&APP_AND_NEW_TERMINAL), Ok(4_268));
}

#[test]
fn on_serial_lines() {
    assert_eq!(check(&SERIAL), Ok(4_900));
    assert_eq!(check(&SERIAL_ALIKE), Ok(7_347));
    assert_eq!(check(&SERIAL_COPIES), Ok(35_604));
    assert_eq!(check(&SERIAL_SWAPPED), Ok(20_512));
}

#[test]
fn on_serial_lines_of_one_name_or_with_references() {
    assert_eq!(check(&SERIAL_REFERENCES), Ok(31_657));
    assert_eq!(check(&SERIAL_NAMESAKES), Ok(44_295));
}

#[test]
#[ignore = "minutes: several troubles at once, to be run when a rule about money has changed"]
fn everything_at_once() {
    let crash = Troubles { crashes: 1, ..LOSS };
    assert_eq!(check(&with(TWO_NAMES, crash)), Ok(94_732));
    assert_eq!(check(&with(TWO_NAMES, Troubles { mistakes: 1, ..LOSS })), Ok(69_998));
    assert_eq!(check(&with(ONE_NAME, Troubles { replacements: 1, ..LOSS })), Ok(60_658));
    assert_eq!(check(&with(ONE_NAME, Troubles { delays: 1, mistakes: 1, ..crash })), Ok(448_922));
    assert_eq!(check(&with(SERIAL, Troubles { copies: 1, ..crash })), Ok(61_602));
    assert_eq!(check(&with(SERIAL_SWAPPED, Troubles { copies: 1, mistakes: 1, ..LOSS })), Ok(283_244));
    assert_eq!(check(&with(MOVED, Troubles { mistakes: 1, ..LOSS })), Ok(132_590));
    assert_eq!(check(&with(SPARE, crash)), Ok(405_737));
}
