//! Two tills of a few lines, that know nothing of our codec and of our machines.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::time::Duration;

use caisse_hal::{Clock, Instant, Link, Received};

pub const REQUEST: &[u8] = b"CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978";
pub const E_PLUS: &[u8] = b"0700002500010978order 7   A010B010";

pub const ENQ: u8 = 0x05;
pub const ACK: u8 = 0x06;
pub const NAK: u8 = 0x15;
pub const EOT: u8 = 0x04;

/// How the line ended for the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing more came in time.
    Silent,
    /// The terminal closed it.
    Closed,
    /// It broke.
    Broken,
}

/// What a till saw of one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What came, and how many milliseconds after the first byte that the till sent.
    pub pieces: Vec<(u64, Vec<u8>)>,
    pub end: End,
    /// Serial: the results whose check byte was right.
    pub results: Vec<Vec<u8>>,
    /// Serial: how many results had a wrong one.
    pub bad: usize,
    /// Serial: how often the till asked for the line.
    pub enquiries: usize,
}

impl Seen {
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    pub fn text(&self) -> String {
        self.bytes().into_iter().map(char::from).collect()
    }

    pub fn first(&self) -> Option<u64> {
        self.pieces.first().map(|(at, _)| *at)
    }

    /// The first result, as text.
    pub fn result(&self) -> String {
        self.results
            .first()
            .map(|result| result.iter().copied().map(char::from).collect())
            .unwrap_or_default()
    }
}

/// Whom a till talks to, and for how long.
pub struct Counter<'c> {
    pub link: &'c mut dyn Link,
    pub clock: &'c dyn Clock,
    /// How long it listens for the next thing at the most.
    pub patience: Duration,
    /// Into how many pieces it cuts its request.
    pub pieces: usize,
}

impl Counter<'_> {
    fn chop<'r>(&self, request: &'r [u8]) -> std::slice::Chunks<'r, u8> {
        request.chunks(request.len().div_ceil(self.pieces))
    }

    fn send(&mut self, bytes: &[u8]) {
        // Whether it arrives shows in what comes back.
        let _ = self.link.send(bytes, Duration::from_secs(1));
    }

    /// A request over TCP, and all that comes back.
    pub fn plain(&mut self, request: &[u8]) -> Seen {
        let mut seen =
            Seen { pieces: Vec::new(), end: End::Silent, results: Vec::new(), bad: 0, enquiries: 0 };
        if self.link.connect(Duration::from_secs(1)).is_err() {
            seen.end = End::Broken;
            return seen;
        }
        let start = self.clock.now();
        for piece in self.chop(request) {
            self.send(piece);
            self.wait(start, &mut seen, Duration::from_millis(5));
        }
        while seen.end == End::Silent {
            let before = seen.pieces.len();
            self.wait(start, &mut seen, self.patience);
            if seen.pieces.len() == before {
                break;
            }
        }
        self.link.close();
        seen
    }

    /// Takes one piece, or an end.
    fn wait(&mut self, start: Instant, seen: &mut Seen, within: Duration) {
        let mut buffer = [0; 70_000];
        match self.link.receive(&mut buffer, within) {
            Ok(Received::Bytes(count)) => {
                let at = u64::try_from(self.clock.now().since(start).as_millis()).unwrap();
                seen.pieces.push((at, buffer[..count].to_vec()));
            }
            Ok(Received::Nothing) => {}
            Ok(Received::Closed) => seen.end = End::Closed,
            Err(_) => seen.end = End::Broken,
        }
    }

    /// A request on a serial line, with ENQ up to three times, the results read and acknowledged. A result whose check
    /// byte is wrong is refused with NAK.
    pub fn framed(&mut self, body: &[u8]) -> Seen {
        let mut till = FramedTill {
            start: self.clock.now(),
            seen: Seen { pieces: Vec::new(), end: End::Silent, results: Vec::new(), bad: 0, enquiries: 0 },
            unread: Vec::new(),
        };
        if self.link.connect(Duration::from_secs(1)).is_err() {
            till.seen.end = End::Broken;
            return till.seen;
        }
        till.start = self.clock.now();
        let granted = (0..3).any(|_| self.ask_for_the_line(&mut till));
        if granted {
            let frame = [&[2], body, &[3, body.iter().fold(3, |check, byte| check ^ byte)]].concat();
            for piece in self.chop(&frame) {
                self.send(piece);
                let mut nothing = till.seen.clone();
                self.wait(till.start, &mut nothing, Duration::from_millis(5));
                if nothing.pieces.len() > till.seen.pieces.len() {
                    till.unread.extend(nothing.pieces.last().unwrap().1.clone());
                }
                till.seen = nothing;
            }
            if self.next(&mut till) == Some(ACK) {
                self.send(&[EOT]);
            }
            self.listen(&mut till);
        }
        self.link.close();
        till.seen
    }

    fn ask_for_the_line(&mut self, till: &mut FramedTill) -> bool {
        till.seen.enquiries += 1;
        self.send(&[ENQ]);
        match self.next(till) {
            Some(ACK) => true,
            Some(ENQ) => {
                // Both want to speak: the terminal first.
                self.take_result(till);
                false
            }
            Some(_) => {
                self.send(&[EOT]);
                false
            }
            None => false,
        }
    }

    /// Waits for results until the line has been silent.
    fn listen(&mut self, till: &mut FramedTill) {
        while till.seen.end == End::Silent {
            match self.next(till) {
                Some(ENQ) => self.take_result(till),
                Some(_) => {}
                None => return,
            }
        }
    }

    fn take_result(&mut self, till: &mut FramedTill) {
        self.send(&[ACK]);
        for _ in 0..4 {
            if self.next(till) != Some(2) {
                return;
            }
            let mut body = Vec::new();
            let check = loop {
                match self.next(till) {
                    Some(3) => break self.next(till),
                    Some(byte) => body.push(byte),
                    None => break None,
                }
            };
            let expected = body.iter().fold(3, |check, byte| check ^ byte);
            if check == Some(expected) {
                till.seen.results.push(body);
                self.send(&[ACK]);
                return;
            }
            till.seen.bad += 1;
            self.send(&[NAK]);
        }
    }

    /// The next byte.
    fn next(&mut self, till: &mut FramedTill) -> Option<u8> {
        while till.unread.is_empty() && till.seen.end == End::Silent {
            let before = till.seen.pieces.len();
            self.wait(till.start, &mut till.seen, self.patience);
            match till.seen.pieces.get(before) {
                Some((_, bytes)) => till.unread.extend(bytes),
                None => return None,
            }
        }
        (!till.unread.is_empty()).then(|| till.unread.remove(0))
    }
}

struct FramedTill {
    start: Instant,
    seen: Seen,
    unread: Vec<u8>,
}

/// A request of 3.x for this many minor units, four digits of them.
pub fn request_of(minor: u64) -> Vec<u8> {
    format!("CZ0040300CJ012012345678901CA00207CB004{minor:04}CD0010CE003978").into_bytes()
}

/// What has no colon and no place behind it: the name of an answer or of a fault.
pub fn name_of(spec: &str) -> &str {
    spec.split(['@', ':']).next().unwrap()
}

/// So many payments of 25.00 in 3.x at a terminal whose answers come by chance: which answers there were, as the till sees
/// them. After each, the ledger has what the till was told.
#[cfg(feature = "serial")]
pub fn by_chance(
    terminal: &caisse_simulator::VirtualTerminal,
    patience: Duration,
    payments: usize,
) -> std::collections::BTreeSet<&'static str> {
    let mut charged = 0;
    let answers = (0..payments).map(|number| {
        let seen = at(terminal, patience, 1, REQUEST);
        let text = if seen.results.is_empty() { seen.text() } else { seen.result() };
        let (answer, more) = match () {
            () if text.contains("AE00210") && text.contains("CB0042500") => ("approve", 2_500),
            () if text.contains("AE00210") && text.contains("CB0041250") => ("partial", 1_250),
            () if text.contains("AE00201AF00206") => ("cancel", 0),
            () if text.contains("AE00201") => ("decline", 0),
            () => {
                assert_eq!(seen.end, End::Silent, "{number}: {seen:?}");
                ("timeout", 0)
            }
        };
        charged += more;
        let ledger = terminal.ledger().charges();
        assert_eq!(
            ledger.iter().map(|charge| charge.amount_minor).sum::<u64>(),
            charged,
            "{number}: {answer}"
        );
        answer
    });
    answers.collect()
}

/// With `by-amount`, each amount of the table does what its line says: the same as that line in a script.
#[cfg(feature = "serial")]
pub fn magic_amounts(patience: Duration, start: fn(&str) -> caisse_simulator::VirtualTerminal) {
    use caisse_simulator::script::{MAGIC, Magic};
    let run = |script: &str, minor| {
        let terminal = start(script);
        let seen = at(&terminal, patience, 1, &request_of(minor));
        // Some move the money when the line is gone.
        std::thread::sleep(Duration::from_millis(50));
        (seen.bytes(), seen.end, terminal.ledger().len())
    };
    let check = |line: &Magic| {
        let minor = 2_500 + u64::from(line.digits);
        let half = format!("partial:{}.{:02}", minor / 200, minor / 2 % 100);
        let mut said = run(if line.turn == "partial:half" { &half } else { line.turn }, minor);
        let mut by_amount = run("by-amount", minor);
        if said.1 == End::Broken {
            // The system may discard what the peer has not read when the line goes: one is the beginning of the other.
            let common = said.0.len().min(by_amount.0.len());
            said.0.truncate(common);
            by_amount.0.truncate(common);
        }
        assert_eq!(by_amount, said, "{line:?}");
        let same_bytes = line.turn.contains("split") || line.turn.contains("drip");
        assert_eq!(run("approve", minor) == said, same_bytes, "{line:?}");
    };
    // They spend their time waiting: side by side.
    std::thread::scope(|scope| {
        for part in MAGIC.chunks(6) {
            scope.spawn(move || part.iter().for_each(check));
        }
    });
}

/// One exchange with a virtual terminal on its real line.
#[cfg(feature = "serial")]
pub fn at(
    terminal: &caisse_simulator::VirtualTerminal,
    patience: Duration,
    pieces: usize,
    body: &[u8],
) -> Seen {
    use caisse_hal::serial::SerialLink;
    use caisse_hal::tcp::TcpLink;
    use caisse_hal::{Address, SystemClock};
    let clock = SystemClock::new();
    match terminal.address() {
        Address::Tcp(address) => {
            let mut link = TcpLink::new(address);
            Counter { link: &mut link, clock: &clock, patience, pieces }.plain(body)
        }
        Address::Serial(address) => {
            let mut link = SerialLink::new(address);
            Counter { link: &mut link, clock: &clock, patience, pieces }.framed(body)
        }
    }
}
