//! Asynchronous links, on an executor of the implementer's.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::{Finding, Harness, LONG, Peer, SHORT, Verdict, ensure, open, receive_all, report, run};
use crate::{ConnectError, DrainError, Link, LocalAsyncLink, ReceiveError, Received, SendError};

/// Runs futures to their end.
pub trait Executor {
    /// The result of the future.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// An asynchronous link as a blocking one, for the suite.
#[derive(Debug)]
pub struct Blocking<L, E> {
    link: L,
    executor: E,
}

impl<L: LocalAsyncLink, E: Executor> Blocking<L, E> {
    /// This link on this executor.
    pub const fn new(link: L, executor: E) -> Self {
        Self { link, executor }
    }
}

impl<L: LocalAsyncLink, E: Executor> Link for Blocking<L, E> {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.executor.block_on(self.link.connect(within))
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.executor.block_on(self.link.send(bytes, within))
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.executor.block_on(self.link.drain(within))
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.executor.block_on(self.link.receive(buffer, within))
    }

    fn close(&mut self) {
        self.executor.block_on(self.link.close());
    }

    fn abort(&mut self) {
        self.executor.block_on(self.link.abort());
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.link.peer()
    }
}

/// Checks an asynchronous link: [`check`](super::check), and what dropping its futures does.
///
/// # Panics
/// With every rule that is broken, and what was seen.
pub fn check_async<L, E, H>(harness: &mut H)
where
    L: LocalAsyncLink,
    E: Executor,
    H: Harness<Link = Blocking<L, E>>,
{
    report(&run_async(harness));
}

/// Checks an asynchronous link and gives every rule's finding. [`check_async`] is made of it.
pub fn run_async<L, E, H>(harness: &mut H) -> Vec<Finding>
where
    L: LocalAsyncLink,
    E: Executor,
    H: Harness<Link = Blocking<L, E>>,
{
    let mut findings = run(harness);
    findings.push(Finding { rule: "a dropped receive loses nothing", result: dropped_receive(harness) });
    findings.push(Finding { rule: "a dropped connect leaves it closed", result: dropped_connect(harness) });
    findings
}

/// The future's result if it is ready after so many looks at it.
async fn in_polls<T>(future: impl Future<Output = T>, mut polls: u32) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending if polls <= 1 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

fn dropped_receive<L, E, H>(harness: &mut H) -> Verdict
where
    L: LocalAsyncLink,
    E: Executor,
    H: Harness<Link = Blocking<L, E>>,
{
    const LENGTH: usize = 400;
    let (mut link, mut peer) = open(harness)?;
    let sent: Vec<u8> = (0..LENGTH).map(|number| u8::try_from(number % 251).unwrap_or_default()).collect();
    let bytes = sent.clone();
    let writing = thread::spawn(move || {
        for part in bytes.chunks(2) {
            peer.write(part);
            thread::sleep(Duration::from_millis(1));
        }
        peer
    });
    // Bytes come at any moment: before a future is first looked at, between two looks, after it was dropped.
    let mut got = Vec::new();
    let mut dropped = 0_u32;
    let start = Instant::now();
    while got.len() < LENGTH && start.elapsed() < LONG.saturating_mul(2) {
        let mut buffer = [0; 16];
        let Blocking { link, executor } = &mut link;
        let receiving = in_polls(link.receive(&mut buffer, LONG), 1 + dropped % 4);
        match executor.block_on(receiving) {
            None => dropped = dropped.wrapping_add(1),
            Some(Ok(Received::Bytes(count))) => {
                got.extend_from_slice(buffer.get(..count).unwrap_or_default())
            }
            Some(other) => return Err(std::format!("receive gave {other:?}")),
        }
    }
    let Ok(mut peer) = writing.join() else { return Err("the peer panicked".into()) };
    ensure!(got == sent, "{} of {LENGTH} bytes were left after {dropped} dropped calls", got.len());
    ensure!(dropped > 0, "receive was always ready at once: nothing was tried");
    // And the link still works.
    peer.write(b"end");
    let got = receive_all(&mut link, 3)?;
    ensure!(got == b"end", "the link got {got:02x?} afterwards");
    Ok(())
}

fn dropped_connect<L, E, H>(harness: &mut H) -> Verdict
where
    L: LocalAsyncLink,
    E: Executor,
    H: Harness<Link = Blocking<L, E>>,
{
    let (mut link, _peer) = harness.line();
    {
        let Blocking { link, executor } = &mut link;
        let opened = executor.block_on(in_polls(link.connect(LONG), 1));
        // Some links have nothing to wait for.
        ensure!(!matches!(opened, Some(Err(_))), "connect gave {opened:?}");
        if opened.is_some() {
            return Ok(());
        }
    }
    thread::sleep(SHORT);
    super::opening::is_closed(&mut link, "after a connect that was dropped")
}
