//! Payments per second at the virtual terminal, beside a bare exchange of the same bytes over TCP. One iteration is one
//! payment: connect, ask, read the answer to its end.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use caisse_hal::{Link, Received};
use caisse_simulator::terminal::Settings;
use caisse_simulator::{VirtualTerminal, VirtualWorld};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const REQUEST: &[u8] = b"CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978";
const ANSWER: &[u8] = b"CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978AA016497010******1234AB0043012AC006000001AI014A0000000421010CC00300BCI0012AE00210AF00201CG0071234567ID010VT00000001";

/// A server that reads a request, writes the answer, and closes.
fn bare_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            thread::spawn(move || {
                let mut buffer = [0; 1024];
                let _ = stream.set_nodelay(true);
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(ANSWER);
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read(&mut buffer);
            });
        }
    });
    address
}

fn exchange(address: SocketAddr) -> usize {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream.write_all(REQUEST).expect("a request sent");
    let mut answer = Vec::with_capacity(512);
    stream.read_to_end(&mut answer).expect("an answer");
    answer.len()
}

/// A terminal without the pause that ends a request for want of a mark: what is measured is its work.
fn terminal() -> (VirtualTerminal, SocketAddr) {
    let terminal = VirtualTerminal::builder().request_quiet(Duration::ZERO).start().expect("a terminal");
    let address = terminal.address().to_string();
    let address = address.trim_start_matches("tcp://").parse().expect("an address");
    (terminal, address)
}

fn payments(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a payment");
    group.throughput(Throughput::Elements(1));
    let bare = bare_server();
    assert_eq!(exchange(bare), ANSWER.len());
    group.bench_function("bare TCP exchange of the same bytes", |bencher| {
        bencher.iter(|| exchange(black_box(bare)))
    });
    let (virtual_terminal, address) = terminal();
    assert_eq!(exchange(address), ANSWER.len());
    let mut count = 0_usize;
    group.bench_function("virtual terminal over TCP", |bencher| {
        bencher.iter(|| {
            count += 1;
            if count.is_multiple_of(100_000) {
                virtual_terminal.reset();
            }
            assert_eq!(exchange(black_box(address)), ANSWER.len());
        });
    });
    group.bench_function("virtual terminal in virtual time", |bencher| {
        bencher.iter(|| {
            let shop = VirtualWorld::tcp(Settings::default());
            let mut line = shop.line();
            let mut buffer = [0; 512];
            line.connect(Duration::from_secs(1)).expect("a connection");
            line.send(black_box(REQUEST), Duration::from_secs(1)).expect("a request sent");
            let received = line.receive(&mut buffer, Duration::from_secs(10));
            assert_eq!(received, Ok(Received::Bytes(ANSWER.len())));
        });
    });
    group.finish();
}

/// A hundred terminals in this process, and a payment on all of them at once.
fn crowd(criterion: &mut Criterion) {
    let terminals: Vec<_> = (0..100).map(|_| terminal()).collect();
    let mut group = criterion.benchmark_group("a hundred terminals");
    group.throughput(Throughput::Elements(100)).sample_size(20);
    group.bench_function("a payment on each at once", |bencher| {
        bencher.iter(|| {
            thread::scope(|scope| {
                for (_, address) in &terminals {
                    scope.spawn(|| assert!(exchange(*address) >= ANSWER.len()));
                }
            });
        });
    });
    group.finish();
}

criterion_group!(benches, payments, crowd);
criterion_main!(benches);
