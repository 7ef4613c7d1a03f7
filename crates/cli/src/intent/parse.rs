//! `caisse intent parse`.

use caisse_android_intent::am::{Start, StartOptions};
use caisse_android_intent::json::{JsonError, from_intent, from_string, to_string, to_words};
use caisse_android_intent::{Exception, Intent, JavaString, UriFlags};

use super::arguments::{Format, ParseArguments};
use super::{NOT_AN_INTENT, lines, show};
use crate::output::Output;
use crate::usage::Wrong;

pub(super) fn run(arguments: &ParseArguments, output: &Output) -> Result<u8, Wrong> {
    if arguments.lines {
        return lines::answer(output, |line| Read::line(arguments.format, line).map(|read| read.json()));
    }
    let words: Vec<JavaString> = arguments.text.iter().map(JavaString::from).collect();
    let read = match (arguments.format, words.as_slice()) {
        (Format::Am, words) => Read::words(words),
        (Format::Uri, [text]) => Read::uri(text),
        (Format::Uri, _) => return Err(Wrong::usage("text", "expected one URI; quote it for the shell")),
    };
    if output.is_json() {
        output.line(read.json());
    } else {
        match &read.0 {
            Ok(start) => show::start(start, output),
            Err(exception) => output.notice(format_args!("error: {exception}")),
        }
    }
    Ok(if read.0.is_ok() { 0 } else { NOT_AN_INTENT })
}

/// What Android reads. A URI has no options.
struct Read(Result<(Intent, Option<StartOptions>), Exception>);

impl Read {
    fn uri(text: &JavaString) -> Self {
        Self(Intent::parse_uri(text, UriFlags::INTENT_SCHEME).map(|intent| (intent, None)))
    }

    fn words(words: &[JavaString]) -> Self {
        Self(Start::parse(words).map(|start| (start.intent, Some(start.options))))
    }

    fn line(format: Format, line: &str) -> Result<Self, JsonError> {
        Ok(match format {
            Format::Uri => Self::uri(&to_string(line)?),
            Format::Am => Self::words(&to_words(line)?),
        })
    }

    fn json(&self) -> String {
        match &self.0 {
            Ok((intent, options)) => {
                let options = options.as_ref().map(options_json).unwrap_or_default();
                format!(r#"{{"ok":true,"intent":{}{options}}}"#, from_intent(intent))
            }
            Err(exception) => format!(
                r#"{{"ok":false,"exception":"{}","message":{},"offset":{},"reason":{}}}"#,
                exception.class().java_name(),
                from_string(exception.message()),
                exception.offset(),
                from_string(&exception.reason().into()),
            ),
        }
    }
}

fn options_json(options: &StartOptions) -> String {
    let StartOptions { wait, stop, start_flags, repeat, user } = options;
    format!(
        r#","options":{{"wait":{wait},"stop":{stop},"startFlags":{start_flags},"repeat":{repeat},"user":{user}}}"#
    )
}
