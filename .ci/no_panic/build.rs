//! Where this begins, and with what it is linked.

fn main() {
    // No main and no runtime; `_start` is ours. `memcpy` and its like come from the C library.
    println!("cargo::rustc-link-arg=-nostartfiles");
    println!("cargo::rustc-link-arg=-lc");
    println!("cargo::rerun-if-changed=build.rs");
}
