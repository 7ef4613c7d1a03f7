//! Prints amounts in minor units, their decimals, and the text of their double: for Java to check that its
//! `Double.toString` writes the same. See `schema/java/GoldenVectors.java`.

use std::io::{self, BufWriter, Write};

use caisse_intent::MajorUnits;
use caisse_payment::{Amount, Currency};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let currencies = ["JPY", "EUR", "BHD"].map(|code| Currency::from_code(code).unwrap_or(Currency::EUR));
    // Every amount up to 10 000.00, then steps that meet all last digits up to the largest.
    let small = 0u64..=1_000_000;
    let steps = [7919u64, 1_000_003, 99_999_999_977, 999_999_999_999];
    let large =
        steps.into_iter().flat_map(|step| (1..=200_000).map_while(move |count| step.checked_mul(count)));
    // And around each power of ten, where an exponent begins or a digit is added.
    let edges = (0..15).flat_map(|power| {
        let ten = 10u64.pow(power);
        (0..200).flat_map(move |by| [ten.saturating_sub(by), ten.saturating_add(by)])
    });
    for minor in small.chain(large).chain(edges) {
        for currency in currencies {
            if let Ok(units) = MajorUnits::new(Amount::from_minor(minor, currency)) {
                writeln!(out, "{minor} {} {units}", currency.exponent())?;
            }
        }
    }
    out.flush()
}
