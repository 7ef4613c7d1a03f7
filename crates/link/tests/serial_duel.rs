//! Two of ours, byte by byte, over a line that loses, changes and repeats bytes.

mod support;

use caisse_link::serial::{Copies, Event as E, Once, SerialConfig, Standing};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{ANSWER, Bench, REQUEST, TILL, framed};

/// What happens to a byte.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Lost,
    Changed(u8),
    Repeated,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        60 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        1 => (0..8_u8).prop_map(|bit| Fate::Changed(1 << bit)),
        1 => Just(Fate::Repeated),
    ]
}

struct Duel {
    till: Bench<Once>,
    terminal: Bench<Copies>,
    fates: std::vec::IntoIter<Fate>,
}

impl Duel {
    fn new(fates: Vec<Fate>) -> Self {
        let till = support::open(TILL);
        let terminal = support::terminal(SerialConfig::TERMINAL);
        Self { till, terminal, fates: fates.into_iter() }
    }

    fn carry(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut arrived = vec![];
        for byte in bytes {
            match self.fates.next().unwrap_or(Fate::Arrives) {
                Fate::Arrives => arrived.push(*byte),
                Fate::Lost => {}
                Fate::Changed(bit) => arrived.push(byte ^ bit),
                Fate::Repeated => arrived.extend([*byte, *byte]),
            }
        }
        arrived
    }

    /// Runs until nothing is left to happen. The terminal tells its result as soon as it has the request.
    fn run(&mut self) {
        let mut told = false;
        for _ in 0..2_000 {
            if let Some(bytes) = self.till.takes() {
                let arrived = self.carry(&bytes);
                self.terminal.hears(&arrived);
                continue;
            }
            if let Some(bytes) = self.terminal.takes() {
                let arrived = self.carry(&bytes);
                self.till.hears(&arrived);
                continue;
            }
            if !told && self.terminal.session.is_idle() && !self.terminal.bodies().is_empty() {
                told = true;
                self.terminal.speaks();
            }
            let next = [self.till.session.deadline(), self.terminal.session.deadline()];
            let Some(next) = next.into_iter().flatten().min() else { return };
            let now = next.millis().max(self.till.now);
            (self.till.now, self.terminal.now) = (now, now);
            self.till.session.handle_timeout(next);
            self.terminal.session.handle_timeout(next);
        }
        panic!("it goes on for ever: {:?} {:?}", self.till.session, self.terminal.session);
    }
}

#[test]
fn on_a_good_line_everything_arrives() {
    let mut duel = Duel::new(vec![]);
    duel.run();
    assert_eq!(duel.terminal.bodies(), [REQUEST]);
    assert_eq!(duel.till.bodies(), [ANSWER]);
    duel.till.sees(&E::Received { standing: Standing::After, again: false });
    duel.till.sees(&E::Delivered);
    duel.terminal.sees(&E::Delivered);
    assert!(duel.till.now < 200, "{}", duel.till.now);
}

#[test]
fn every_single_loss_and_change() {
    let bytes = framed(REQUEST).len() + framed(ANSWER).len() + 8;
    assert_eq!(bytes, 73);
    for at in 0..bytes {
        for fate in (0..8).map(|bit| Fate::Changed(1 << bit)).chain([Fate::Lost, Fate::Repeated]) {
            let mut fates = vec![Fate::Arrives; at];
            fates.push(fate);
            let mut duel = Duel::new(fates);
            duel.run();
            check(&duel).unwrap();
            // Hit in the request, it is refused, and a till cannot say it again. The last two of its bytes are the same, so
            // that the second repeated is as the first. Anything else is made good.
            let request = (2..39).contains(&at);
            let harmless = at >= 37 && matches!(fate, Fate::Repeated);
            assert_eq!(duel.till.bodies().is_empty(), request && !harmless, "{at} {fate:?}");
        }
    }
}

fn check(duel: &Duel) -> Result<(), TestCaseError> {
    prop_assert!(duel.till.emissions <= 1);
    prop_assert!(duel.terminal.emissions <= 3);
    prop_assert!(duel.till.session.is_idle() && duel.terminal.session.is_idle());
    // 100 s is what every timer of both ends adds up to at most.
    prop_assert!(duel.till.now < 100_000);
    // An answer only to a request that was heard, and every request that was heard was sent.
    prop_assert!(duel.terminal.bodies().is_empty() || duel.till.emissions == 1);
    prop_assert!(duel.till.bodies().is_empty() || !duel.terminal.bodies().is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn on_a_bad_line_nothing_is_said_twice_and_everything_ends(fates in vec(fate(), 0..400)) {
        let mut duel = Duel::new(fates);
        duel.run();
        check(&duel)?;
    }
}
