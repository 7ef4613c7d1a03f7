//! One JSON value a line in, one out.

use std::fmt::Display;
use std::io::{self, BufRead, Read};

use caisse_android_intent::json::from_string;

use super::NOT_AN_INTENT;
use crate::output::Output;
use crate::usage::Wrong;

/// More than Android can carry, and little enough for any machine.
const LONGEST_LINE: u64 = 1 << 22;

/// Answers each line of standard input at once. A line that is not what was expected is answered with an error, and the exit
/// code is 1 then.
pub(super) fn answer<E: Display>(
    output: &Output,
    answer: impl Fn(&str) -> Result<String, E>,
) -> Result<u8, Wrong> {
    let mut input = io::stdin().lock();
    let mut code = 0;
    for number in 1_usize.. {
        let mut bytes = Vec::new();
        let wrong = |error: io::Error| Wrong::usage("input", format_args!("line {number}: {error}"));
        input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(wrong)?;
        if bytes.is_empty() {
            break;
        }
        if bytes.len() as u64 == LONGEST_LINE {
            return Err(Wrong::usage(
                "input",
                format_args!("line {number}: longer than {LONGEST_LINE} bytes"),
            ));
        }
        let answer = match str::from_utf8(&bytes) {
            Ok(line) => answer(line).map_err(|error| error.to_string()),
            Err(error) => Err(format!("not UTF-8 from byte {}", error.valid_up_to())),
        };
        let line = answer.unwrap_or_else(|error| {
            code = NOT_AN_INTENT;
            let message = from_string(&format!("line {number}: {error}").into());
            format!(r#"{{"error":{{"kind":"line","message":{message}}}}}"#)
        });
        output.line(line);
        // At once, for those who wait for it before they send the next.
        if !output.flush() {
            break;
        }
    }
    Ok(code)
}
