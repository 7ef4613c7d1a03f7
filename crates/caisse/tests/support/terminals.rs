//! Terminals written down byte by byte, on loopback and on pseudo-terminals.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use caisse::Address;

/// A terminal on loopback that does with its first connection whatever the test likes, and gives what it was sent.
pub fn on_tcp(serve: impl FnOnce(&mut TcpStream) + Send + 'static) -> (Address, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = at(listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = vec![0; 512];
        let count = stream.read(&mut request).unwrap_or(0);
        request.truncate(count);
        serve(&mut stream);
        // Until the till goes.
        let mut rest = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut rest) {
            request.extend_from_slice(&rest[..count]);
        }
        request
    });
    (address, served)
}

pub fn at(address: SocketAddr) -> Address {
    format!("tcp://{address}").parse().unwrap()
}

/// A terminal on loopback that answers with these bytes, whatever it is sent, and waits for the till to go.
pub fn answering(bytes: &'static [u8]) -> (Address, JoinHandle<Vec<u8>>) {
    on_tcp(move |stream| stream.write_all(bytes).unwrap())
}

#[cfg(unix)]
pub mod line {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use caisse::{Address, Link};
    use caisse_hal::Received;
    use caisse_hal::pty::PtyLink;

    /// What a terminal on a line does when it is sent something.
    #[derive(Clone, Copy)]
    pub enum Then {
        Say(&'static [u8]),
        Nothing,
        /// The cable is pulled.
        Unplug,
    }

    /// A terminal that is playing.
    pub struct Playing {
        stop: Arc<AtomicBool>,
        thread: JoinHandle<Vec<u8>>,
    }

    impl Playing {
        /// Lets it read what is there, and gives all that it was sent.
        pub fn stop(self) -> Vec<u8> {
            self.stop.store(true, Ordering::Relaxed);
            self.thread.join().unwrap()
        }
    }

    /// A terminal on a pseudo-terminal: after each character or frame of the till's it does the next of these. The till may close the
    /// port and open it again.
    pub fn on_pty(script: &'static [Then]) -> (Address, Playing) {
        let mut link = PtyLink::open().unwrap();
        let address = format!("serial:{}", link.path().unwrap().display()).parse().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let (mut heard, mut script) = (vec![], script.iter());
            let mut buffer = [0; 512];
            loop {
                let last = stopped.load(Ordering::Relaxed);
                match link.receive(&mut buffer, Duration::from_millis(50)) {
                    Ok(Received::Bytes(count)) => {
                        for unit in units(&buffer[..count]) {
                            heard.extend_from_slice(unit);
                            match script.next().copied().unwrap_or(Then::Nothing) {
                                Then::Say(bytes) => {
                                    assert_eq!(link.send(bytes, Duration::from_secs(1)), Ok(bytes.len()));
                                }
                                Then::Nothing => {}
                                Then::Unplug => {
                                    link.close();
                                    return heard;
                                }
                            }
                        }
                    }
                    Ok(Received::Nothing) if !last => {}
                    _ => return heard,
                }
            }
        });
        (address, Playing { stop, thread })
    }

    /// Control characters one by one, however they came; a frame, behind which a till waits, as one.
    fn units(mut bytes: &[u8]) -> Vec<&[u8]> {
        let mut units = vec![];
        while let Some(first) = bytes.first() {
            let length = if *first == 0x02 { bytes.len() } else { 1 };
            let (unit, rest) = bytes.split_at(length);
            units.push(unit);
            bytes = rest;
        }
        units
    }
}
