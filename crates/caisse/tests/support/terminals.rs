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
    use std::thread::{self, JoinHandle};
    use std::time::{Duration, Instant};

    use caisse::{Address, Link};
    use caisse_hal::Received;
    use caisse_hal::pty::{HangUp, PtyLink};

    /// What a terminal on a line does when it is sent something.
    #[derive(Clone, Copy)]
    pub enum Then {
        Say(&'static [u8]),
        Nothing,
        /// The cable is pulled.
        Unplug,
    }

    /// A terminal on a pseudo-terminal: after each write of the till it does the next of these. It gives what it was sent
    /// once the till has closed the port, or the cable is pulled.
    pub fn on_pty(script: &'static [Then]) -> (Address, JoinHandle<Vec<u8>>) {
        let mut link = PtyLink::open().unwrap().on_hang_up(HangUp::Closed);
        let address = format!("serial:{}", link.path().unwrap().display()).parse().unwrap();
        let served = thread::spawn(move || {
            let (mut heard, mut script) = (vec![], script.iter());
            let mut buffer = [0; 512];
            let started = Instant::now();
            while started.elapsed() < Duration::from_secs(60) {
                match link.receive(&mut buffer, Duration::from_millis(100)) {
                    Ok(Received::Bytes(count)) => {
                        heard.extend_from_slice(&buffer[..count]);
                        match script.next().copied().unwrap_or(Then::Nothing) {
                            Then::Say(bytes) => {
                                assert_eq!(link.send(bytes, Duration::from_secs(1)), Ok(bytes.len()))
                            }
                            Then::Nothing => {}
                            Then::Unplug => {
                                link.close();
                                return heard;
                            }
                        }
                    }
                    Ok(Received::Nothing) => {}
                    // Another speed is another opening.
                    Ok(Received::Closed) if script.as_slice().is_empty() => return heard,
                    Ok(Received::Closed) => {}
                    Err(_) => return heard,
                }
            }
            heard
        });
        (address, served)
    }
}
