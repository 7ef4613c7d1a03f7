//! Any till against a terminal, in virtual time: nothing that is sent, in whatever pieces and with whatever faults, stops it,
//! charges for what was not asked, or keeps it from serving the next one.

mod support;

use std::time::Duration;

use caisse_hal::Link;
use caisse_simulator::VirtualWorld;
use caisse_simulator::persona::Persona;
use caisse_simulator::terminal::Settings;
use proptest::prelude::*;
use support::{Counter, E_PLUS, REQUEST};

/// What a till may do.
#[derive(Clone, Debug)]
enum Act {
    Connect,
    Close,
    Send(Vec<u8>),
    /// A whole request, from this byte on and up to that one.
    Request(usize, usize),
    /// A control character.
    Control(u8),
    Wait(u64),
    Listen(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Connect),
        1 => Just(Act::Close),
        2 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Act::Send),
        4 => (0..60_usize, 0..60_usize).prop_map(|(from, to)| Act::Request(from.min(to), from.max(to))),
        3 => Just(Act::Request(0, 99)),
        4 => prop::sample::select(vec![2, 3, 4, 5, 6, 0x15]).prop_map(Act::Control),
        2 => (0..5_000_u64).prop_map(Act::Wait),
        3 => (0..5_000_u64).prop_map(Act::Listen),
    ]
}

/// Does it all; gives back how often a whole request can have been seen at the most.
fn play(shop: &VirtualWorld<'_>, acts: &[Act], request: &[u8], framed: bool) -> usize {
    let frame = [&[2], request, &[3, request.iter().fold(3, |check, byte| check ^ byte)]].concat();
    let whole: &[u8] = if framed { &frame } else { request };
    let mut line = shop.line();
    let mut sent = Vec::new();
    let soon = Duration::from_secs(1);
    for act in acts {
        let bytes = match act {
            Act::Connect => {
                let _ = line.connect(soon);
                continue;
            }
            Act::Close => {
                line.close();
                continue;
            }
            Act::Wait(millis) => {
                shop.run_for(Duration::from_millis(*millis));
                continue;
            }
            Act::Listen(millis) => {
                let _ = line.receive(&mut [0; 64], Duration::from_millis(*millis));
                continue;
            }
            Act::Send(bytes) => bytes.clone(),
            Act::Control(byte) => vec![*byte],
            Act::Request(from, to) => whole[(*from).min(whole.len())..(*to).min(whole.len())].to_vec(),
        };
        if line.send(&bytes, soon).is_ok() {
            sent.extend(bytes);
        }
    }
    line.close();
    shop.run_for(Duration::from_secs(120));
    // Every charge needs the end of a request of its own.
    let last = &whole[whole.len() - 3..];
    sent.windows(3).filter(|window| *window == last).count()
}

fn check(persona: Persona, framed: bool, fault: Option<&str>, acts: &[Act]) {
    let faults = fault.map(|fault| fault.parse().unwrap()).into_iter().collect();
    let settings = Settings { persona, faults, seed: 3, ..Settings::default() };
    let mut storage = [0; 512];
    let shop =
        if framed { VirtualWorld::serial(settings, &mut storage) } else { VirtualWorld::tcp(settings) };
    let request = if persona == Persona::PAYXPRESS { REQUEST } else { E_PLUS };
    let most = play(&shop, acts, request, framed);
    let charges = shop.ledger().charges();
    assert!(charges.len() <= most, "{} charges for {most} requests", charges.len());
    for charge in &charges {
        assert_eq!((charge.amount_minor, charge.currency, charge.register), (2_500, 978, 7));
    }
    // And it is well.
    shop.at_terminal(|terminal, _| terminal.set_faults(Vec::new()));
    assert_eq!(shop.at_terminal(|terminal, _| terminal.state()), "idle");
    let mut line = shop.line();
    let mut till = Counter { link: &mut line, clock: &shop, patience: Duration::from_secs(15), pieces: 1 };
    let seen = if framed { till.framed(request) } else { till.plain(request) };
    let approved = if framed { seen.results.len() == 1 } else { seen.text().contains("AE00210") };
    assert!(approved, "{seen:?}");
    assert_eq!(shop.ledger().len(), charges.len() + 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn over_tcp(acts in prop::collection::vec(act(), 0..25)) {
        check(Persona::PAYXPRESS, false, None, &acts);
    }

    #[test]
    fn over_tcp_with_faults(acts in prop::collection::vec(act(), 0..25)) {
        check(Persona::PAYXPRESS, false, Some("random:60"), &acts);
    }

    #[test]
    fn on_a_serial_line(acts in prop::collection::vec(act(), 0..25)) {
        check(Persona::PAYXPRESS, true, None, &acts);
        check(Persona::CONCERT_E_PLUS, true, None, &acts);
    }

    #[test]
    fn on_a_serial_line_with_faults(acts in prop::collection::vec(act(), 0..25)) {
        check(Persona::CONCERT_E_PLUS, true, Some("random:60"), &acts);
    }
}
