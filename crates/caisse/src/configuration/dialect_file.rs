//! A dialect of one's own: a TOML file that says how it differs from a known one.

use std::path::Path;

use caisse_codec::Version;
use caisse_codec::wire::Generation;
use caisse_link::Limits;
use caisse_link::frame::Tolerance;
use caisse_link::serial::{LineSettings, Reaction, Rules, SerialConfig, Timers};
use caisse_transaction::{Dialect, Duplicata, OptionalFields, RefusedMessage, Trailer};
use serde::{Deserialize, Serialize};

use super::ConfigurationError;
use super::dialect_rules::problem;
use super::document::{Document, bytes_of};
use super::values::{Text, Within, Word, Worded, Words};

/// The name that dialects from files go by, in journals and messages.
const NAME: &str = "custom";

/// Reads the file of a dialect; `docs/dialects.md` lists its keys.
///
/// # Errors
/// When the file cannot be read, is not of this form, or describes a dialect that could not work.
pub fn load_dialect(file: impl AsRef<Path>) -> Result<Dialect, ConfigurationError> {
    load_with_base(file.as_ref()).map(|(dialect, _)| dialect)
}

/// The dialect of a file, and the known one that it begins with.
pub(super) fn load_with_base(file: &Path) -> Result<(Dialect, Dialect), ConfigurationError> {
    read_with_base(&bytes_of(file)?, file)
}

/// Reads a dialect from the bytes of its file, whose name is for errors only.
///
/// ```
/// use caisse::Dialect;
/// use caisse::configuration::read_dialect;
/// use std::time::Duration;
///
/// let slow = read_dialect(b"base = \"ingenico\"\n[answer]\nquiet_ms = 800\n", "slow.toml".as_ref())?;
/// assert_eq!((slow.name, slow.answer.quiet), ("custom", Duration::from_millis(800)));
/// assert_eq!(slow.version, Dialect::INGENICO.version);
/// # Ok::<(), caisse::configuration::ConfigurationError>(())
/// ```
///
/// # Errors
/// As [`load_dialect`].
pub fn read_dialect(bytes: &[u8], file: &Path) -> Result<Dialect, ConfigurationError> {
    read_with_base(bytes, file).map(|(dialect, _)| dialect)
}

fn read_with_base(bytes: &[u8], file: &Path) -> Result<(Dialect, Dialect), ConfigurationError> {
    let document = Document::new(bytes, file)?;
    let said: DialectFile = document.parse()?;
    let dialect = said.dialect();
    if dialect.refused_message == RefusedMessage::Refusal && said.refused_message_source.is_none() {
        let problem = "expected who says that a NAK is a refusal, and where: no public source does";
        return Err(document.refuse(&["refused_message_source"], problem));
    }
    if said.framed_answers.is_some() {
        let problem =
            "no longer needed: a frame around an answer is accepted in every dialect; remove this key";
        return Err(document.refuse(&["framed_answers"], problem));
    }
    match problem(&dialect) {
        None => Ok((dialect, said.base.0)),
        Some((path, problem)) => Err(document.refuse(path, &problem)),
    }
}

/// The whole dialect as such a file, every key said. Reading it gives the same dialect under the name `custom`; nothing
/// when no file can say it, as the rules of a terminal's side of the line.
///
/// ```
/// use caisse::Dialect;
/// use caisse::configuration::{read_dialect, write_dialect};
///
/// let text = write_dialect(&Dialect::NEPTING).unwrap();
/// let read = read_dialect(text.as_bytes(), "nepting.toml".as_ref())?;
/// assert_eq!(read, Dialect { name: "custom", ..Dialect::NEPTING });
/// # Ok::<(), caisse::configuration::ConfigurationError>(())
/// ```
#[must_use]
pub fn write_dialect(dialect: &Dialect) -> Option<String> {
    let text = toml::to_string(&DialectFile::of(dialect)).ok()?;
    let read = read_dialect(text.as_bytes(), Path::new("")).ok()?;
    (read == Dialect { name: NAME, ..*dialect }).then_some(text)
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct DialectFile {
    base: Word<Dialect>,
    generation: Option<Word<Generation>>,
    version: Option<Text<Version>>,
    amount_digits: Option<Within<2, 12>>,
    trailer: Option<Word<Trailer>>,
    report: Option<bool>,
    duplicata: Option<Word<Duplicata>>,
    refused_message: Option<Word<RefusedMessage>>,
    /// Who says that it is a refusal. On a terminal that acts on the message all the same it would have a customer charged
    /// twice, so that nobody sets it in passing.
    refused_message_source: Option<Text<Words>>,
    /// A former key: a frame around an answer is accepted in every dialect.
    framed_answers: Option<bool>,
    longest_transaction_ms: Option<Within<180_000, 3_600_000>>,
    #[serde(default)]
    optional: OptionalFile,
    #[serde(default)]
    answer: AnswerFile,
    #[serde(default)]
    session: SessionFile,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct OptionalFile {
    partial: Option<bool>,
    application: Option<bool>,
    ticket: Option<bool>,
    reference: Option<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct AnswerFile {
    quiet_ms: Option<Within<200, 10_000>>,
    patience_ms: Option<Within<1_000, 60_000>>,
    /// The documented fields add up to 2 550 bytes.
    longest_bytes: Option<Within<2_550, 65_536>>,
}

/// Who gives way, and what is answered to an enquiry and to a message, is not for a file to say: a till that does otherwise
/// loses the results of payments.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct SessionFile {
    line: Option<Text<LineSettings>>,
    parity_bits: Option<bool>,
    line_feeds: Option<bool>,
    attempts: Option<Within<1, 10>>,
    bad_frames: Option<Within<1, 10>>,
    on_bad_frame: Option<Word<Reaction>>,
    ends_failed_attempts: Option<bool>,
    ends_delivered: Option<bool>,
    ends_undelivered: Option<bool>,
    clear_ms: Option<Within<0, 5_000>>,
    enquiry_ms: Option<Within<200, 30_000>>,
    pause_ms: Option<Within<0, 30_000>>,
    receipt_ms: Option<Within<200, 30_000>>,
    message_ms: Option<Within<1_000, 120_000>>,
    frame_ms: Option<Within<1_000, 120_000>>,
    end_ms: Option<Within<200, 30_000>>,
    turn_round_ms: Option<Within<0, 1_000>>,
    send_ms: Option<Within<500, 60_000>>,
    opening_ms: Option<Within<5_000, 300_000>>,
}

impl Worded for Dialect {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::PAYXPRESS.name, Self::PAYXPRESS),
        (Self::INGENICO.name, Self::INGENICO),
        (Self::NEPTING.name, Self::NEPTING),
        (Self::CONCERT_E.name, Self::CONCERT_E),
        (Self::CONCERT_E_PLUS.name, Self::CONCERT_E_PLUS),
    ];
}

impl Worded for Generation {
    const WORDS: &'static [(&'static str, Self)] =
        &[("concert-3", Self::Concert3), ("concert-e", Self::E), ("concert-e-plus", Self::EPlus)];
}

impl Worded for RefusedMessage {
    const WORDS: &'static [(&'static str, Self)] = &[("nothing", Self::Nothing), ("refusal", Self::Refusal)];
}

impl Worded for Trailer {
    const WORDS: &'static [(&'static str, Self)] = &[("nothing", Self::Nothing), ("line-end", Self::LineEnd)];
}

impl Worded for Duplicata {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("nothing", Self::Nothing),
        ("ticket-only", Self::TicketOnly),
        ("fields", Self::Fields),
        ("unverified", Self::Unverified),
    ];
}

/// The others are for virtual terminals, or give a result up.
impl Worded for Reaction {
    const WORDS: &'static [(&'static str, Self)] = &[("refuse", Self::Refuse), ("silence", Self::Silence)];
}

impl DialectFile {
    fn dialect(&self) -> Dialect {
        let base = self.base.0;
        Dialect {
            name: NAME,
            generation: self.generation.map_or(base.generation, |it| it.0),
            version: self.version.map_or(base.version, |it| it.0),
            optional: self.optional.fields(base.optional),
            amount_digits: self.amount_digits.map_or(base.amount_digits, |it| it.number(base.amount_digits)),
            trailer: self.trailer.map_or(base.trailer, |it| it.0),
            report: self.report.unwrap_or(base.report),
            duplicata: self.duplicata.map_or(base.duplicata, |it| it.0),
            refused_message: self.refused_message.map_or(base.refused_message, |it| it.0),
            answer: self.answer.limits(base.answer),
            longest_transaction: self
                .longest_transaction_ms
                .map_or(base.longest_transaction, Within::duration),
            session: self.session.config(base.session),
        }
    }

    fn of(dialect: &Dialect) -> Self {
        let Dialect { name: _, generation, version, optional, amount_digits, trailer, .. } = *dialect;
        let Dialect { report, duplicata, refused_message, .. } = *dialect;
        let Dialect { answer, longest_transaction, session, .. } = *dialect;
        Self {
            base: Word(Dialect::PAYXPRESS),
            generation: Some(Word(generation)),
            version: Some(Text(version)),
            amount_digits: Some(Within::written(amount_digits)),
            trailer: Some(Word(trailer)),
            report: Some(report),
            duplicata: Some(Word(duplicata)),
            refused_message: Some(Word(refused_message)),
            refused_message_source: match refused_message {
                RefusedMessage::Nothing => None,
                RefusedMessage::Refusal => Some(Text(Words::new("say here who says so, and where"))),
            },
            framed_answers: None,
            longest_transaction_ms: Some(Within::millis(longest_transaction)),
            optional: OptionalFile::of(optional),
            answer: AnswerFile::of(answer),
            session: SessionFile::of(session),
        }
    }
}

impl OptionalFile {
    fn fields(&self, base: OptionalFields) -> OptionalFields {
        OptionalFields {
            partial: self.partial.unwrap_or(base.partial),
            application: self.application.unwrap_or(base.application),
            ticket: self.ticket.unwrap_or(base.ticket),
            reference: self.reference.unwrap_or(base.reference),
        }
    }

    const fn of(fields: OptionalFields) -> Self {
        let OptionalFields { partial, application, ticket, reference } = fields;
        Self {
            partial: Some(partial),
            application: Some(application),
            ticket: Some(ticket),
            reference: Some(reference),
        }
    }
}

impl AnswerFile {
    fn limits(&self, base: Limits) -> Limits {
        Limits {
            quiet: self.quiet_ms.map_or(base.quiet, Within::duration),
            patience: self.patience_ms.map_or(base.patience, Within::duration),
            longest: self.longest_bytes.map_or(base.longest, |it| it.number(base.longest)),
        }
    }

    fn of(limits: Limits) -> Self {
        let Limits { quiet, patience, longest } = limits;
        Self {
            quiet_ms: Some(Within::millis(quiet)),
            patience_ms: Some(Within::millis(patience)),
            longest_bytes: Some(Within::written(longest)),
        }
    }
}

impl SessionFile {
    fn config(&self, base: SerialConfig) -> SerialConfig {
        let SerialConfig { line, tolerance, rules, timers } = base;
        SerialConfig {
            line: self.line.map_or(line, |it| it.0),
            tolerance: Tolerance {
                parity_bits: self.parity_bits.unwrap_or(tolerance.parity_bits),
                line_feeds: self.line_feeds.unwrap_or(tolerance.line_feeds),
            },
            rules: Rules {
                attempts: self.attempts.map_or(rules.attempts, |it| it.number(rules.attempts)),
                bad_frames: self.bad_frames.map_or(rules.bad_frames, |it| it.number(rules.bad_frames)),
                on_bad_frame: self.on_bad_frame.map_or(rules.on_bad_frame, |it| it.0),
                ends_failed_attempts: self.ends_failed_attempts.unwrap_or(rules.ends_failed_attempts),
                ends_delivered: self.ends_delivered.unwrap_or(rules.ends_delivered),
                ends_undelivered: self.ends_undelivered.unwrap_or(rules.ends_undelivered),
                contention: rules.contention,
                readiness: rules.readiness,
                on_message: rules.on_message,
                takes_bare_messages: rules.takes_bare_messages,
            },
            timers: Timers {
                clear: self.clear_ms.map_or(timers.clear, Within::duration),
                enquiry: self.enquiry_ms.map_or(timers.enquiry, Within::duration),
                pause: self.pause_ms.map_or(timers.pause, Within::duration),
                receipt: self.receipt_ms.map_or(timers.receipt, Within::duration),
                message: self.message_ms.map_or(timers.message, Within::duration),
                frame: self.frame_ms.map_or(timers.frame, Within::duration),
                end: self.end_ms.map_or(timers.end, Within::duration),
                turn_round: self.turn_round_ms.map_or(timers.turn_round, Within::duration),
                send: self.send_ms.map_or(timers.send, Within::duration),
                opening: self.opening_ms.map_or(timers.opening, Within::duration),
            },
        }
    }

    fn of(config: SerialConfig) -> Self {
        let SerialConfig { line, tolerance: Tolerance { parity_bits, line_feeds }, rules, timers } = config;
        let Rules { attempts, bad_frames, on_bad_frame, .. } = rules;
        let Rules { ends_failed_attempts, ends_delivered, ends_undelivered, .. } = rules;
        let Timers { clear, enquiry, pause, receipt, message, frame, end, turn_round, send, opening } =
            timers;
        Self {
            line: Some(Text(line)),
            parity_bits: Some(parity_bits),
            line_feeds: Some(line_feeds),
            attempts: Some(Within::written(attempts)),
            bad_frames: Some(Within::written(bad_frames)),
            on_bad_frame: Some(Word(on_bad_frame)),
            ends_failed_attempts: Some(ends_failed_attempts),
            ends_delivered: Some(ends_delivered),
            ends_undelivered: Some(ends_undelivered),
            clear_ms: Some(Within::millis(clear)),
            enquiry_ms: Some(Within::millis(enquiry)),
            pause_ms: Some(Within::millis(pause)),
            receipt_ms: Some(Within::millis(receipt)),
            message_ms: Some(Within::millis(message)),
            frame_ms: Some(Within::millis(frame)),
            end_ms: Some(Within::millis(end)),
            turn_round_ms: Some(Within::millis(turn_round)),
            send_ms: Some(Within::millis(send)),
            opening_ms: Some(Within::millis(opening)),
        }
    }
}
