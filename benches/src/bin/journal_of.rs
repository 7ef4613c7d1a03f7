//! Makes a journal with settled payments, to measure what its size costs: `journal_of PAYMENTS FILE`.

use std::error::Error;

use caisse_journal::SqliteJournal;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(payments), Some(file), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: journal_of PAYMENTS FILE".into());
    };
    caisse_benches::journal::fill(&mut SqliteJournal::open(file)?, payments.parse()?)
}
