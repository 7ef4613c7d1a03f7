//! Any till against a terminal, in virtual time: nothing that is sent, in whatever pieces and with whatever faults, stops it,
//! charges for what was not asked, or keeps it from serving the next one.

mod support;

use std::time::Duration;

use caisse_hal::{Link, Received};
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
    check_well(&shop, request, framed);
}

/// An honest till pays.
fn check_well(shop: &VirtualWorld<'_>, request: &[u8], framed: bool) {
    let charges = shop.ledger().len();
    shop.at_terminal(|terminal, _| terminal.set_faults(Vec::new()));
    shop.run_for(Duration::from_secs(120));
    assert_eq!(shop.at_terminal(|terminal, _| terminal.state()), "idle");
    let mut line = shop.line();
    let mut till = Counter { link: &mut line, clock: shop, patience: Duration::from_secs(15), pieces: 1 };
    let seen = if framed { till.framed(request) } else { till.plain(request) };
    let approved = if framed { seen.results.len() == 1 } else { seen.text().contains("AE00210") };
    assert!(approved, "{seen:?}");
    assert_eq!(shop.ledger().len(), charges + 1);
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

/// Found by fuzzing: a till that asks for the line right behind its ACK ends the session of an earlier result in its own way,
/// and the result that waited behind it was never told: the terminal stayed busy for good.
#[test]
fn a_result_that_waits_is_told_however_the_session_before_it_ends() {
    let faults = vec!["collision".parse().unwrap()];
    let settings = Settings { persona: Persona::CONCERT_E_PLUS, faults, ..Settings::default() };
    let mut storage = [0; 512];
    let shop = VirtualWorld::serial(settings, &mut storage);
    let mut line = shop.line();
    let soon = Duration::from_secs(1);
    line.connect(soon).unwrap();
    let frame = |body: &[u8]| [&[2], body, &[3, body.iter().fold(3, |check, byte| check ^ byte)]].concat();
    let mut heard = Vec::new();
    for (bytes, waits) in [
        (&[0x05][..], true),
        (&[], true),
        (&[0x05], true),
        (&frame(E_PLUS), true),
        (&[0x04], true),
        (&[0x06], true),
        // Both at once.
        (&[0x06], false),
        (&[0x05], true),
    ] {
        line.send(bytes, soon).unwrap();
        let mut buffer = [0; 64];
        if waits && let Ok(Received::Bytes(count)) = line.receive(&mut buffer, Duration::from_secs(5)) {
            heard.push(buffer[..count].to_vec());
        }
    }
    // Its ENQ of the collision, which it ends; leave; ACK; its ENQ again; the earlier result; busy with the other one.
    let earlier = frame(b"01000000100B978          ");
    assert_eq!(heard, [vec![5], vec![4], vec![6], vec![6], vec![5], earlier, vec![0x15]]);
    drop(line);
    assert_eq!(shop.ledger().len(), 1);
    check_well(&shop, E_PLUS, true);
}

/// Found by fuzzing: a frame that broke off on a dead line was still open for the next till.
#[test]
fn a_frame_that_breaks_off_on_a_dead_line_is_over() {
    let faults = vec!["half-open@step=connected".parse().unwrap()];
    let settings = Settings { persona: Persona::CONCERT_E_PLUS, faults, ..Settings::default() };
    let mut storage = [0; 512];
    let shop = VirtualWorld::serial(settings, &mut storage);
    let mut line = shop.line();
    line.connect(Duration::from_secs(1)).unwrap();
    line.send(&[0x05, 0x02, b'0'], Duration::from_secs(1)).unwrap();
    drop(line);
    check_well(&shop, E_PLUS, true);
}
