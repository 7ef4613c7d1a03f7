//! The parser of the output of `strace`: system calls with their arguments.

use std::collections::HashMap;

/// A system call that returned.
#[derive(Clone, Debug)]
pub struct Call {
    /// The thread that made the call.
    pub thread: u32,
    pub name: String,
    pub arguments: Vec<String>,
    /// The returned value, with the explanation that `strace` adds.
    pub result: String,
    /// The line of the trace, for messages.
    pub line: usize,
}

/// A line of the trace.
#[derive(Clone, Debug)]
pub enum Line {
    /// A call begins, and other calls come before its end. The arguments are those that are known at the begin.
    Begins(Call),
    /// A call has returned.
    Returns {
        call: Call,
        /// Whether [`Line::Begins`] was reported for the call.
        is_interrupted: bool,
    },
}

/// Reads a trace.
pub fn parse(trace: &[u8]) -> Result<Vec<Line>, String> {
    let text = std::str::from_utf8(trace).map_err(|error| error.to_string())?;
    let mut begun: HashMap<u32, String> = HashMap::new();
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let failed = |what: &str| format!("line {}: {what}: {}", number + 1, shortened(line));
        let (thread, event) = line.split_once(' ').ok_or_else(|| failed("no thread"))?;
        let thread: u32 = thread.parse().map_err(|_| failed("no thread"))?;
        let event = event.trim_start();
        if event.starts_with("+++") || event.starts_with("---") {
            continue;
        }
        let call = |text: &str| parse_call(thread, text, number + 1).ok_or_else(|| failed("not understood"));
        if let Some(begin) = event.strip_suffix("<unfinished ...>") {
            // The end of the arguments may be missing.
            lines.push(Line::Begins(call(&format!("{}) = ?", begin.trim_end().trim_end_matches(',')))?));
            begun.insert(thread, begin.to_owned());
        } else if let Some(resumed) = event.strip_prefix("<... ") {
            let (_, rest) = resumed.split_once(" resumed>").ok_or_else(|| failed("not understood"))?;
            let mut whole = begun.remove(&thread).ok_or_else(|| failed("resumed, but not begun"))?;
            whole.push_str(rest);
            lines.push(Line::Returns { call: call(&whole)?, is_interrupted: true });
        } else {
            lines.push(Line::Returns { call: call(event)?, is_interrupted: false });
        }
    }
    Ok(lines)
}

pub fn shortened(line: &str) -> String {
    line.chars().take(300).collect()
}

fn parse_call(thread: u32, text: &str, line: usize) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    // The strings are hexadecimal, so that no text can look like this.
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let (name, result) = (name.to_owned(), result.to_owned());
    Some(Call { thread, name, arguments: split(arguments), result, line })
}

/// Splits at the commas that are not within brackets or quotes.
fn split(arguments: &str) -> Vec<String> {
    let (mut parts, mut depth, mut is_quoted, mut part) = (Vec::new(), 0i32, false, String::new());
    for character in arguments.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' if !is_quoted => depth += 1,
            ')' | ']' | '}' if !is_quoted => depth -= 1,
            ',' if !is_quoted && depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(character);
    }
    if !part.trim().is_empty() || !parts.is_empty() {
        parts.push(part.trim().to_owned());
    }
    parts
}

impl Call {
    pub fn argument(&self, number: usize) -> &str {
        self.arguments.get(number).map_or("", String::as_str)
    }

    /// The number that the call returned; nothing for an error, or where the process was killed.
    pub fn returned(&self) -> Option<u64> {
        let number = self.result.split([' ', '<']).next()?;
        number.strip_prefix("0x").map_or_else(|| number.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
    }

    pub fn number(&self, argument: usize) -> Result<u64, String> {
        self.argument(argument).parse().map_err(|_| self.wrong("a number is expected"))
    }

    pub fn text(&self, argument: usize) -> Result<Vec<u8>, String> {
        bytes(self.argument(argument)).ok_or_else(|| self.wrong("a whole string is expected"))
    }

    pub fn wrong(&self, what: &str) -> String {
        let Self { name, arguments, result, line, .. } = self;
        format!("line {line}: {what}: {}", shortened(&format!("{name}({}) = {result}", arguments.join(", "))))
    }
}

/// The bytes of a string that `strace` has printed in hexadecimal and not shortened.
pub fn bytes(quoted: &str) -> Option<Vec<u8>> {
    hexadecimal(quoted.strip_prefix('"')?.strip_suffix('"')?)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let mut digits = text.as_bytes().chunks_exact(4);
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let bytes = digits
        .by_ref()
        .map(|code| match *code {
            [b'\\', b'x', high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect();
    digits.remainder().is_empty().then_some(bytes)?
}

/// A file descriptor, and the path of its file if `strace` has printed one.
pub fn descriptor(argument: &str) -> Option<(i64, Option<Vec<u8>>)> {
    let Some((number, rest)) = argument.split_once('<') else { return Some((argument.parse().ok()?, None)) };
    let number = if number == "AT_FDCWD" { -100 } else { number.parse().ok()? };
    let (path, _deleted) = rest.rsplit_once('>')?;
    // A pipe or a socket has no path.
    Some((number, hexadecimal(path)))
}

/// The time of the last change of a file in a structure of `stat` or `statx`, in nanoseconds.
pub fn modified(structure: &str) -> Option<u128> {
    let number_after = |name: &str| {
        let (_, rest) = structure.split_once(name)?;
        rest.split(|character: char| !character.is_ascii_digit()).next()?.parse::<u128>().ok()
    };
    match number_after("stx_mtime={tv_sec=") {
        Some(seconds) => {
            let (_, rest) = structure.split_once("stx_mtime={")?;
            let (_, nanoseconds) = rest.split_once("tv_nsec=")?;
            let nanoseconds: u128 = nanoseconds.split('}').next()?.split(',').next()?.parse().ok()?;
            Some(seconds * 1_000_000_000 + nanoseconds)
        }
        None => Some(number_after("st_mtime=")? * 1_000_000_000 + number_after("st_mtime_nsec=")?),
    }
}
