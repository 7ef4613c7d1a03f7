//! Messages from typed values, ours and otherwise.

use std::io::Write as _;

use caisse_codec::fixed::{self, AnswerFlag, Authorisation, Form, Mode, Private, RegisterCode, Stat};
use caisse_codec::fixed::{Report, TransactionType};
use caisse_codec::{
    Action, Application, CardFields, Complement, DebitRequest, EncodeError, Encoder, Identifier, ReadingMode,
    Status, Tag, TerminalAnswer, TicketRequest, Version,
};
use caisse_payment::{Amount, AuthorisationNumber, ContractNumber, Currency, Register};

/// The values of [`answer_170`](crate::input::answer_170).
#[derive(Clone, Copy, Debug)]
pub struct AnswerValues<'a> {
    /// CZ.
    pub version: Version,
    /// CJ.
    pub identifier: Identifier,
    /// CA.
    pub register: Register,
    /// CB and CE.
    pub amount: Amount,
    /// CD.
    pub action: Action,
    /// AE.
    pub status: Status,
    /// CC.
    pub application: Application,
    /// CI.
    pub reading_mode: ReadingMode,
    /// AC.
    pub authorisation: &'a str,
    /// AA.
    pub number: &'a str,
    /// AI.
    pub aid: &'a str,
    /// AB.
    pub expiry: &'a str,
    /// CF.
    pub private: &'a str,
    /// CG.
    pub contract: &'a str,
}

/// The values of the answer of 170 bytes.
#[must_use]
pub fn answer_values() -> AnswerValues<'static> {
    AnswerValues {
        version: Version::V3_00,
        identifier: "012345678901".parse().expect("twelve digits"),
        register: Register::FIRST,
        amount: Amount::from_minor(11245, Currency::EUR),
        action: Action::DEBIT,
        status: Status::Performed,
        application: "00B".parse().expect("an application"),
        reading_mode: ReadingMode::Contactless,
        authorisation: "123456",
        number: "497010######1234",
        aid: "A0000000041010",
        expiry: "2612",
        private: "1010000000",
        contract: "424242",
    }
}

/// The answer of 170 bytes, field by field, each held to its length and characters.
///
/// # Errors
/// When a value is not of its form or the buffer is too small.
pub fn answer<'b>(values: &AnswerValues<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
    let mut out = Encoder::new(buffer);
    out.field(Tag::CZ, values.version.as_bytes())?;
    out.field(Tag::CJ, values.identifier.as_bytes())?;
    out.number(Tag::CA, u64::from(values.register.number()), 2)?;
    out.number(Tag::CE, u64::from(values.amount.currency().numeric()), 3)?;
    out.field(Tag::BA, b"0")?;
    out.field(Tag::CD, &[values.action.value()])?;
    out.number(Tag::CB, values.amount.minor(), 2)?;
    out.field(Tag::AE, &values.status.value())?;
    out.field(Tag::CC, values.application.as_bytes())?;
    out.field(Tag::CI, &[values.reading_mode.value()])?;
    out.field(Tag::AC, values.authorisation.as_bytes())?;
    out.field(Tag::AA, values.number.as_bytes())?;
    out.field(Tag::AI, values.aid.as_bytes())?;
    out.field(Tag::AB, values.expiry.as_bytes())?;
    out.field(Tag::CF, values.private.as_bytes())?;
    out.field(Tag::CG, values.contract.as_bytes())?;
    Ok(out.finish())
}

/// The same from a format string. Knows no length and no character set.
#[must_use]
pub fn format_answer(values: &AnswerValues<'_>) -> String {
    let amount = values.amount.minor().to_string();
    let [first, second] = values.status.value().map(char::from);
    let (action, mode) = (char::from(values.action.value()), char::from(values.reading_mode.value()));
    format!(
        "CZ004{}CJ012{}CA002{:02}CE003{:03}BA0010CD001{action}CB{:03}{amount}AE002{first}{second}CC003{}CI001{mode}\
         AC{:03}{}AA{:03}{}AI{:03}{}AB{:03}{}CF{:03}{}CG{:03}{}",
        values.version,
        values.identifier,
        values.register.number(),
        values.amount.currency().numeric(),
        amount.len(),
        values.application,
        values.authorisation.len(),
        values.authorisation,
        values.number.len(),
        values.number,
        values.aid.len(),
        values.aid,
        values.expiry.len(),
        values.expiry,
        values.private.len(),
        values.private,
        values.contract.len(),
        values.contract,
    )
}

/// The same field by field into a `Vec`. Knows no length and no character set.
#[must_use]
pub fn write_answer(values: &AnswerValues<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = |tag: &str, value: &[u8]| {
        write!(out, "{tag}{:03}", value.len()).expect("memory");
        out.extend_from_slice(value);
    };
    field("CZ", values.version.as_bytes());
    field("CJ", values.identifier.as_bytes());
    field("CA", format!("{:02}", values.register.number()).as_bytes());
    field("CE", format!("{:03}", values.amount.currency().numeric()).as_bytes());
    field("BA", b"0");
    field("CD", &[values.action.value()]);
    field("CB", values.amount.minor().to_string().as_bytes());
    field("AE", &values.status.value());
    field("CC", values.application.as_bytes());
    field("CI", &[values.reading_mode.value()]);
    field("AC", values.authorisation.as_bytes());
    field("AA", values.number.as_bytes());
    field("AI", values.aid.as_bytes());
    field("AB", values.expiry.as_bytes());
    field("CF", values.private.as_bytes());
    field("CG", values.contract.as_bytes());
    out
}

/// The answer of a virtual terminal, of 14 fields and 145 bytes, or of 15 and more with a ticket.
#[must_use]
pub fn debit_answer<'a>(tickets: &'a [(TicketRequest, &'a [u8])]) -> TerminalAnswer<'a> {
    let values = answer_values();
    TerminalAnswer {
        identifier: Some(values.identifier),
        action: Some(Action::DEBIT),
        amount: Some(values.amount),
        complement: Some(Complement::AUTHORISED.into()),
        card: Some(CardFields {
            number: values.number,
            expiry: values.expiry,
            authorisation: values.authorisation.parse::<AuthorisationNumber>().ok(),
            aid: values.aid,
            application: values.application,
            reading_mode: values.reading_mode,
        }),
        contract: values.contract.parse::<ContractNumber>().ok(),
        tickets,
        ..TerminalAnswer::new(values.version, values.register, values.status)
    }
}

/// What [`debit_answer`] writes, from a format string; the base64 comes from the same crate.
#[must_use]
pub fn format_debit_answer(ticket: Option<&[u8]>) -> String {
    use base64::Engine as _;
    let values = answer_values();
    let amount = values.amount.minor().to_string();
    let mut out = format!(
        "CZ004{}CJ012{}CA002{:02}CB{:03}{amount}CD0010CE003{:03}AA{:03}{}AB004{}AC{:03}{}AI{:03}{}CC003{}CI001{}\
         AE00210AF00201CG{:03}{}",
        values.version,
        values.identifier,
        values.register.number(),
        amount.len(),
        values.amount.currency().numeric(),
        values.number.len(),
        values.number,
        values.expiry,
        values.authorisation.len(),
        values.authorisation,
        values.aid.len(),
        values.aid,
        values.application,
        char::from(values.reading_mode.value()),
        values.contract.len(),
        values.contract,
    );
    if let Some(text) = ticket {
        let base64 = base64::engine::general_purpose::STANDARD.encode(text);
        let inner = format!("CK003100AK{:03}{base64}", base64.len());
        out.push_str(&format!("ZT{:03}{inner}", inner.len()));
    }
    out
}

/// The request of [`request_57`](crate::input::request_57).
#[must_use]
pub fn debit_request() -> DebitRequest {
    DebitRequest {
        version: Version::V3_00,
        identifier: "247300123456".parse().expect("twelve digits"),
        register: Register::FIRST,
        amount: Amount::from_minor(12345, Currency::EUR),
        partial: None,
        application: None,
        ticket: None,
    }
}

/// A request from a format string. Knows no length and no character set.
#[must_use]
pub fn format_request(request: &DebitRequest) -> String {
    let amount = request.amount.minor().to_string();
    format!(
        "CZ004{}CJ012{}CA002{:02}CB{:03}{amount:0>2}CD0010CE003{:03}",
        request.version,
        request.identifier,
        request.register.number(),
        amount.len().max(2),
        request.amount.currency().numeric(),
    )
}

/// The request of [`e_plus_34`](crate::input::e_plus_34).
#[must_use]
pub fn e_plus_request() -> fixed::Request {
    fixed::Request {
        register: Register::FIRST,
        amount: Amount::from_minor(1242, Currency::EUR),
        flag: AnswerFlag::WithoutReport,
        mode: Mode::CARD,
        transaction: TransactionType::Debit,
        private: Private::EMPTY,
        form: Form::EPlus(Authorisation::Terminal),
    }
}

/// A request of E+ from a format string. Knows no length and no character set: one digit more and all is shifted.
#[must_use]
pub fn format_e_plus(request: &fixed::Request) -> String {
    format!(
        "{:02}{:08}{}{}{}{:03}{:10}A010B010",
        request.register.number(),
        request.amount.minor(),
        char::from(request.flag.character()),
        char::from(request.mode.character()),
        char::from(request.transaction.character()),
        request.amount.currency().numeric(),
        std::str::from_utf8(request.private.reveal()).unwrap_or_default(),
    )
}

/// The answer of [`answer_25`](crate::input::answer_25), or with a report that of [`answer_80`](crate::input::answer_80).
#[must_use]
pub fn fixed_answer(report: Option<Report<'_>>) -> fixed::Answer<'_> {
    let (minor, private) = if report.is_some() { (1250, "0000000000") } else { (1242, "") };
    fixed::Answer {
        register: RegisterCode::from(Register::FIRST),
        stat: Stat::Accepted,
        minor,
        mode: Some(Mode::CARD),
        report,
        currency: 978,
        private: Private::new(private).expect("ten characters"),
        receipt: None,
    }
}

/// An answer of E from a format string.
#[must_use]
pub fn format_fixed_answer(answer: &fixed::Answer<'_>) -> String {
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    format!(
        "{}{}{:08}{}{}{:03}{:10}",
        answer.register,
        char::from(answer.stat.character()),
        answer.minor,
        answer.mode.map_or(' ', |mode| char::from(mode.character())),
        answer.report.as_ref().map_or("", |report| text(report.reveal())),
        answer.currency,
        text(answer.private.reveal()),
    )
}
