//! A line in memory: two queues of bytes that can be pulled apart.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use caisse_hal::conformance::Peer;

/// What one direction holds.
const CAPACITY: usize = 10_000;

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    unplugged: bool,
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Pipe(Arc<(Mutex<State>, Condvar)>);

impl Pipe {
    /// Takes what fits, waiting for room for at most this long; none when unplugged.
    pub fn put(&self, bytes: &[u8], within: Duration) -> Option<usize> {
        self.until(within, |state| {
            let room = (CAPACITY - state.bytes.len()).min(bytes.len());
            state.bytes.extend(&bytes[..room]);
            (room > 0).then_some(room)
        })
    }

    /// Gives what is there, waiting for a first byte for at most this long; none when unplugged.
    pub fn take(&self, buffer: &mut [u8], within: Duration) -> Option<usize> {
        self.until(within, |state| {
            let count = buffer.len().min(state.bytes.len());
            for (byte, taken) in buffer.iter_mut().zip(state.bytes.drain(..count)) {
                *byte = taken;
            }
            (count > 0).then_some(count)
        })
    }

    fn until(&self, within: Duration, mut attempt: impl FnMut(&mut State) -> Option<usize>) -> Option<usize> {
        let (state, changed) = &*self.0;
        let start = Instant::now();
        let mut state = state.lock().unwrap();
        loop {
            if state.unplugged {
                return None;
            }
            if let Some(count) = attempt(&mut state) {
                changed.notify_all();
                return Some(count);
            }
            let left = within.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Some(0);
            }
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    pub fn len(&self) -> usize {
        self.0.0.lock().unwrap().bytes.len()
    }

    pub fn room(&self) -> usize {
        CAPACITY - self.len()
    }

    pub fn is_unplugged(&self) -> bool {
        self.0.0.lock().unwrap().unplugged
    }

    pub fn unplug(&self) {
        self.0.0.lock().unwrap().unplugged = true;
        self.0.1.notify_all();
    }
}

/// Both directions, seen from the link.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    pub out: Pipe,
    pub back: Pipe,
}

/// The other end of a wire.
#[derive(Clone, Debug)]
pub struct WirePeer(pub Wire);

impl Peer for WirePeer {
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.0.back.put(bytes, Duration::from_secs(10)) {
                // Nobody is there to read it.
                None | Some(0) => return,
                Some(count) => bytes = &bytes[count..],
            }
        }
    }

    fn read(&mut self, most: usize, within: Duration) -> Vec<u8> {
        let start = Instant::now();
        let mut got = vec![0; most];
        let mut length = 0;
        while length < most {
            match self.0.out.take(&mut got[length..], within.saturating_sub(start.elapsed())) {
                None | Some(0) => break,
                Some(count) => length += count,
            }
        }
        got.truncate(length);
        got
    }

    fn unplug(&mut self) {
        self.0.out.unplug();
        self.0.back.unplug();
    }
}
