//! A virtual terminal against any till and any hand at its controls, in virtual time: no panic, no charge without a request,
//! no memory without bound, the same again from the same input; and afterwards it serves an honest till.
//!
//! The input is text, a command on each line: see [`Play::command`].
#![no_main]

use std::time::Duration;

use caisse_hal::{Clock, Link, Received};
use caisse_simulator::fault::Fault;
use caisse_simulator::persona::{Generation, Persona};
use caisse_simulator::script::{Scenario, Script, Turn};
use caisse_simulator::terminal::{Settings, Terminal};
use caisse_simulator::{VirtualLine, VirtualWorld};
use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const REQUEST: &[u8] = b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978";
const E: &[u8] = b"01000025000109780123456789";
/// No request that moves money is shorter.
const SHORTEST: u64 = 26;
/// Connections of one case: each may hold an answer of four megabytes that nobody fetches.
const CONNECTIONS: usize = 8;
const MOST_MEMORY: usize = 64 << 20;
/// What may stay allocated behind everything: tables that are filled once.
const REMAINS: usize = 1 << 20;
const SOON: Duration = Duration::from_secs(1);

struct Play<'s> {
    shop: VirtualWorld<'s>,
    line: VirtualLine<'s>,
    framed: bool,
    connections: usize,
    /// What came to the till, and when.
    heard: Vec<(u64, Vec<u8>)>,
}

fn millis(text: &[u8]) -> Duration {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse::<u64>().ok());
    Duration::from_millis(number.unwrap_or(10).min(10_000))
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&[2], body, &[3, body.iter().fold(3, |check, byte| check ^ byte)]].concat()
}

impl Play<'_> {
    /// `c` connects, `x` closes, `s` sends bytes as they are, `f` sends them in a frame, `w` waits, `l` listens, `k` touches
    /// the terminal, `a` sets a script, `n` puts a turn before it, `F` sets faults, `t` plays a scenario whose lines are
    /// divided by `;`.
    fn command(&mut self, line: &[u8]) {
        let Some((command, rest)) = line.split_first() else { return };
        let text = std::str::from_utf8(rest).unwrap_or_default();
        match command {
            b'c' if self.connections < CONNECTIONS => {
                self.connections += 1;
                let _ = self.line.connect(SOON);
            }
            b'x' => self.line.close(),
            b's' => drop(self.line.send(rest, SOON)),
            b'f' => drop(self.line.send(&frame(rest), SOON)),
            b'w' => self.shop.run_for(millis(rest)),
            b'l' => self.listen(millis(rest)),
            b'k' => self.touch(rest.first().copied().unwrap_or_default()),
            b'a' => self.script(text),
            b'n' => {
                let turn = text.parse::<Turn>().ok();
                turn.map(|turn| self.shop.at_terminal(|terminal, _| terminal.push_turn(again(turn))));
            }
            b'F' => {
                let faults: Option<Vec<Fault>> = text.split('+').map(|it| it.parse().ok()).collect();
                let faults = faults.unwrap_or_default();
                faults.iter().for_each(|fault| assert_eq!(fault.to_string().parse(), Ok(*fault)));
                self.shop.at_terminal(|terminal, _| terminal.set_faults(faults));
            }
            b't' => {
                let scenario = text.replace(';', "\n").parse::<Scenario>().ok();
                scenario.map(|it| self.shop.at_terminal(|terminal, _| terminal.play(it)));
            }
            _ => {}
        }
        // A till whose memory is its own affair.
        self.listen(Duration::ZERO);
    }

    fn script(&mut self, text: &str) {
        if let Ok(script) = text.parse::<Script>() {
            let said = script.to_string();
            assert_eq!(said.parse::<Script>().map(|script| script.to_string()), Ok(said));
            self.shop.at_terminal(|terminal, _| terminal.set_script(script));
        }
    }

    fn touch(&mut self, what: u8) {
        self.shop.at_terminal(|terminal, now| match what % 10 {
            0 => drop(terminal.present_card(now)),
            1 => drop(terminal.press_red_button(now)),
            2 => drop(terminal.sleep(now)),
            3 => drop(terminal.make_busy(now)),
            4 => drop(terminal.go_to_background(now)),
            5 => drop(terminal.wake(now)),
            6 => terminal.reboot(now, SOON),
            7 => terminal.telecollect(now),
            8 => terminal.set_manual_card(true),
            _ => terminal.reset(now),
        });
    }

    fn listen(&mut self, within: Duration) {
        let mut buffer = [0; 4096];
        let mut within = within;
        while let Ok(Received::Bytes(count)) = self.line.receive(&mut buffer, within) {
            self.heard.push((self.shop.now().millis(), buffer[..count].to_vec()));
            within = Duration::ZERO;
        }
    }

    /// An honest till pays at a terminal to which nothing happens any more.
    fn is_well(&mut self, persona: Persona) {
        self.line.close();
        self.shop.run_for(Duration::from_secs(120));
        self.shop.at_terminal(|terminal, now| {
            terminal.reset(now);
            terminal.set_script(Script::default());
            terminal.set_faults(Vec::new());
            terminal.set_times(Some(Duration::ZERO), Some(Duration::ZERO), Some(Duration::ZERO));
            terminal.set_manual_card(false);
        });
        self.line.connect(SOON).expect("it is reachable");
        self.heard.clear();
        if self.framed {
            let body = if persona.generation == Generation::Three { REQUEST } else { E };
            let granted = (0..10).any(|_| {
                self.heard.clear();
                drop(self.line.send(&[5], SOON));
                self.listen(Duration::from_secs(10));
                self.heard.last().is_some_and(|(_, bytes)| bytes == &[6])
            });
            assert!(granted, "it gives no leave: {:?}", self.heard);
            drop(self.line.send(&frame(body), SOON));
            self.listen(SOON);
            drop(self.line.send(&[4], SOON));
        } else {
            drop(self.line.send(REQUEST, SOON));
        }
        self.listen(Duration::from_secs(10));
        assert_eq!(self.shop.ledger().len(), 1, "an honest till is not served: {:?}", self.heard);
    }
}

/// The same turn, through its text.
fn again(turn: Turn) -> Turn {
    assert_eq!(turn.to_string().parse().as_ref(), Ok(&turn));
    turn
}

/// What a till has heard, what has happened, and what was charged.
fn play(input: &[u8]) -> (Vec<(u64, Vec<u8>)>, usize, usize) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut head = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let framed = head.next() == Some(b"serial");
    let name = head.next().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
    let persona = name.parse().unwrap_or(Persona::PAYXPRESS);
    let seed = head
        .next()
        .map_or(0, |seed| seed.iter().fold(0, |all: u64, byte| all.wrapping_mul(7) ^ u64::from(*byte)));
    let settings = Settings { persona, seed, ..Settings::default() };
    let mut storage = [0; 512];
    let shop =
        if framed { VirtualWorld::serial(settings, &mut storage) } else { VirtualWorld::tcp(settings) };
    let line = shop.line();
    let mut play = Play { shop, line, framed, connections: 0, heard: Vec::new() };
    lines.for_each(|line| play.command(line));
    let charged = play.shop.ledger().len();
    let most = play.shop.bytes_from_till() / SHORTEST;
    assert!(
        u64::try_from(charged).is_ok_and(|charged| charged <= most),
        "{charged} charges, {most} requests"
    );
    let heard = std::mem::take(&mut play.heard);
    let events = play.shop.at_terminal(|terminal: &mut Terminal, _| terminal.event_count());
    play.is_well(persona);
    (heard, usize::try_from(events).unwrap_or_default(), charged)
}

fuzz_target!(|input: &[u8]| {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let first = play(input);
    let most = MEMORY.peak_usage().saturating_sub(before);
    assert!(most <= MOST_MEMORY, "{most} bytes at once");
    assert!(play(input) == first, "not the same again");
    drop(first);
    let rest = MEMORY.current_usage().saturating_sub(before);
    assert!(rest <= REMAINS, "{rest} bytes remain");
});
