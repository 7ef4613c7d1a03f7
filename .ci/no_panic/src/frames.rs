//! Frames of the serial line.

use core::hint::black_box;

use caisse_link::frame::{Decoder, Tolerance, check_byte, encode};

pub fn read(bytes: &[u8], storage: &mut [u8]) {
    let tolerance = black_box(Tolerance { parity_bits: true, line_feeds: true });
    let mut decoder = Decoder::new(storage, tolerance);
    let mut input = bytes;
    while let Some(found) = decoder.next(&mut input) {
        let _ = black_box(found);
    }
    black_box(decoder.is_inside());
    decoder.reset();
    reached!(frames_read);
}

pub fn write(bytes: &[u8], buffer: &mut [u8]) {
    black_box(check_byte(bytes));
    let _ = black_box(encode(bytes, buffer));
    reached!(frames_written);
}
