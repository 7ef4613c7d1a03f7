//! `caisse dialect`: a dialect as a file.

use caisse::configuration::write_dialect;

use crate::args::DialectArguments;
use crate::configuration::dialect_of;
use crate::output::Output;
use crate::usage::Wrong;

pub(crate) fn run(arguments: &DialectArguments, output: &Output) -> Result<u8, Wrong> {
    let dialect = dialect_of(&arguments.dialect)?;
    let text = write_dialect(&dialect);
    // A dialect that has a name or came from a file can be written as one.
    let text = text.ok_or_else(|| Wrong::failure(70, "dialect", "it cannot be written as a file"))?;
    output.text(text.trim_end());
    Ok(0)
}
