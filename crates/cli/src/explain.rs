//! `caisse explain`: what the bytes of a message say.

mod items;
mod show;

use std::fs::File;
use std::io::{self, Read};

use caisse_codec::explain::Language;

use crate::args::{ExplainArguments, LanguageArgument};
use crate::output::Output;
use crate::usage::Wrong;
use show::Show;

/// More than any conversation, and little enough for any machine.
const LONGEST_INPUT: u64 = 1 << 20;

/// Exit code for bytes that are not whole messages.
const NOT_A_MESSAGE: u8 = 1;

pub(crate) fn run(arguments: &ExplainArguments, output: &Output) -> Result<u8, Wrong> {
    let bytes = read(arguments)?;
    let language = match arguments.lang {
        LanguageArgument::En => Language::English,
        LanguageArgument::Fr => Language::French,
    };
    let show = Show { language, reveal: arguments.reveal, output: output.clone() };
    let items = items::find(&bytes);
    let all_whole = items.iter().all(|item| show.item(item));
    if !all_whole && matches!(bytes.first(), Some(0x02 | 0x82)) {
        output.notice("the bytes begin with STX: a frame of the serial line");
    }
    Ok(if all_whole { 0 } else { NOT_A_MESSAGE })
}

fn read(arguments: &ExplainArguments) -> Result<Vec<u8>, Wrong> {
    let file = arguments.file.display();
    let wrong = |error: io::Error| Wrong::usage("file", format_args!("{file}: {error}"));
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = if arguments.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&arguments.file).map_err(wrong)?)
    };
    source.take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > LONGEST_INPUT {
        return Err(Wrong::usage("file", format_args!("{file}: longer than {LONGEST_INPUT} bytes")));
    }
    if arguments.hex { from_hex(&bytes) } else { Ok(bytes) }
}

/// Pairs of hexadecimal digits, with blanks and line ends anywhere between them.
fn from_hex(text: &[u8]) -> Result<Vec<u8>, Wrong> {
    let wrong = |offset: usize| {
        Wrong::usage("hex", format_args!("position {offset}: expected two hexadecimal digits"))
    };
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for (offset, byte) in text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()) {
        let digit = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or_else(|| wrong(offset))?;
        half = match half {
            None => Some(digit),
            Some(high) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    if half.is_some() { Err(wrong(text.len())) } else { Ok(bytes) }
}
