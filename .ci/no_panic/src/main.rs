//! Every way through the codec and the frames, with inputs that the compiler knows nothing of.
#![no_std]
#![no_main]

/// With `planted`: calls a function that exists nowhere, so that the linker tells whether the compiler believes that
/// this place can be reached. A proof about what it has thrown away would be none.
macro_rules! reached {
    ($place:ident) => {
        #[cfg(feature = "planted")]
        {
            unsafe extern "C" {
                safe fn $place();
            }
            $place();
        }
    };
}

mod fixed;
mod frames;
mod tlv;
mod wire;

use core::hint::black_box;

// Declared and defined nowhere: who calls it does not link.
unsafe extern "C" {
    safe fn a_panic_can_be_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    a_panic_can_be_reached()
}

/// What the linker begins with; nothing else is exported.
// SAFETY: no other function has this name, and nothing runs it.
#[unsafe(no_mangle)]
extern "C" fn _start() {
    let bytes = black_box([0; 8].as_slice());
    let mut storage = [0; 8];
    let buffer = black_box(storage.as_mut_slice());
    tlv::read(bytes);
    tlv::read_request(bytes);
    tlv::write(bytes, buffer);
    fixed::read(bytes, buffer);
    fixed::write(bytes, buffer);
    wire::read(bytes);
    wire::write(bytes, buffer);
    wire::reply(bytes, buffer);
    frames::read(bytes, buffer);
    frames::write(bytes, buffer);
    #[cfg(feature = "planted")]
    black_box(bytes[bytes.len() / 2]);
}
