//! The journal's words as columns, and back. What is read is accepted only if writing it again gives the same row.

use caisse_payment::{
    Amount, Blocked, Conclusion, Currency, Doubt, NotSent, Outcome, Proof, RawStatus, Refusal, Transaction,
    TransactionId, Verdict,
};
use rusqlite::types::Value;

use super::chain::Chain;
use super::tracked::Tracked;
use crate::{
    Confirmations, Decision, Dispute, Event, JournalError, OperatorOverride, Paid, Record, RecordedEvent,
    Source, WallTime,
};

/// The columns that both tables have, in their order.
macro_rules! columns {
    ($($own:literal),*; $($last:literal),*) => {
        &[
            $($own,)*
            "operation", "original", "amount_minor", "currency", "allow_partial", "allow_tip_minor", "terminal", "register",
            "reference", "dialect", "address", "usb",
            "outcome", "reason", "approved_minor", "due_minor", "reported_minor", "proof", "authorisation", "contract",
            "serial_number", "last_four", "status", "complement",
            "decision", "decided_minor", "decided_by", "decided_because", "confirmed",
            $($last,)*
        ]
    };
}

/// Columns of the table `transactions`.
pub(super) const TRANSACTION: &[&str] = columns![
    "id", "started_event", "started_at", "ended_at", "decided_at"; "disputed", "events", "last_event"
];
/// Columns of the table `events`.
pub(super) const EVENT: &[&str] = columns![
    "number", "id", "at", "what"; "previous_at_terminal", "previous_at_address", "open", "digest", "chain"
];

/// The columns of a row of `events` that its chain covers: all except the chain itself.
pub(super) fn hashed(row: &[Value]) -> &[Value] {
    row.split_last().map_or(row, |(_chain, columns)| columns)
}

/// A row of `transactions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionRow {
    pub(super) tracked: Tracked,
    /// The number of its events.
    pub(super) events: u64,
    /// The number of its last event.
    pub(super) last_event: u64,
}

/// A row of `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventRow {
    pub(super) number: u64,
    pub(super) id: TransactionId,
    pub(super) event: RecordedEvent,
    /// Of the transaction, in each row, so that every amount in it can be read alone.
    pub(super) currency: Currency,
    /// The attempts before this one at the same terminal, by its name and by its address.
    pub(super) previous: Previous,
    /// The transactions that are not final after this event.
    pub(super) open: u64,
    /// The digest of the open transactions and of the terminals after this event.
    pub(super) digest: i64,
    pub(super) chain: Chain,
}

/// The numbers of the events that began the attempts before one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Previous {
    /// At a terminal of the same name.
    pub(super) at_terminal: Option<u64>,
    /// At the same address, where that is another name.
    pub(super) at_address: Option<u64>,
}

pub(super) fn encode_transaction(row: &TransactionRow) -> Vec<Value> {
    let TransactionRow { tracked, events, last_event } = row;
    let record = &tracked.record;
    let mut row = vec![
        text(record.id().as_str()),
        whole(tracked.started_event),
        text(record.started_at()),
        optional(record.ended_at()),
        optional(record.decided_at()),
    ];
    let (transaction, decision) = (record.transaction(), record.decision().map(Said::Decision));
    let currency = transaction.amount.currency();
    encode_shared(&mut row, Some(transaction), record.conclusion(), decision, currency);
    row.extend([whole(u64::from(record.is_disputed())), whole(*events), whole(*last_event)]);
    row
}

pub(super) fn decode_transaction(row: &[Value]) -> Result<TransactionRow, JournalError> {
    let cells = Cells { table: "transactions", names: TRANSACTION, row };
    let id = cells.required("id", cells.parsed("id")?)?;
    let row = TransactionRow {
        tracked: Tracked {
            record: decode_record(id, &cells)?,
            started_event: cells.required("started_event", cells.whole("started_event")?)?,
        },
        events: cells.required("events", cells.whole("events")?)?,
        last_event: cells.required("last_event", cells.whole("last_event")?)?,
    };
    cells.same_as(&encode_transaction(&row))?;
    Ok(row)
}

fn decode_record(id: TransactionId, cells: &Cells<'_>) -> Result<Record, JournalError> {
    let currency = cells.currency()?;
    let transaction = cells.required("operation", decode_transaction_details(id, cells)?)?;
    let started_at = cells.required("started_at", cells.time("started_at")?)?;
    let mut record = Record::new(transaction, started_at).map_err(|_| cells.damaged("amount_minor"))?;
    record = match (decode_conclusion(currency, cells)?, cells.time("ended_at")?) {
        (Some(conclusion), Some(at)) => record.with_conclusion(conclusion, at),
        (None, None) => Ok(record),
        (Some(_), None) | (None, Some(_)) => return Err(cells.damaged("ended_at")),
    }
    .map_err(|_| cells.damaged("outcome"))?;
    record = match (decode_decision(currency, cells)?, cells.time("decided_at")?) {
        (Some(decision), Some(at)) => record.with_decision(decision, at),
        (None, None) => Ok(record),
        (Some(_), None) | (None, Some(_)) => return Err(cells.damaged("decided_at")),
    }
    .map_err(|_| cells.damaged("decision"))?;
    // Another number than 0 and 1 is found when the row is written again.
    Ok(record.with_dispute(cells.whole("disputed")? == Some(1)))
}

pub(super) fn encode_event(row: &EventRow) -> Vec<Value> {
    let RecordedEvent { at, event } = &row.event;
    let mut values = vec![whole(row.number), text(row.id.as_str()), text(at), text(event.name())];
    let said = match event {
        Event::Overridden(person) => Some(Said::Override(person)),
        Event::Disputed(dispute) => Some(Said::Dispute(dispute)),
        event => event.decision().map(Said::Decision),
    };
    encode_shared(&mut values, event.transaction(), event.conclusion(), said, row.currency);
    values.extend([
        row.previous.at_terminal.map_or(Value::Null, whole),
        row.previous.at_address.map_or(Value::Null, whole),
        whole(row.open),
        Value::Integer(row.digest),
        Value::Blob(row.chain.to_vec()),
    ]);
    values
}

pub(super) fn decode_event(row: &[Value]) -> Result<EventRow, JournalError> {
    let cells = Cells { table: "events", names: EVENT, row };
    let id = cells.required("id", cells.parsed("id")?)?;
    let currency = cells.currency()?;
    let transaction = || cells.required("operation", decode_transaction_details(id, &cells)?);
    let conclusion = || cells.required("outcome", decode_conclusion(currency, &cells)?);
    let event = match cells.text("what")? {
        Some("started") => Event::Started(transaction()?),
        Some("ended") => Event::Ended(conclusion()?),
        Some("never_sent") => Event::NeverSent(transaction()?, conclusion()?),
        // Which of the two it was, its decision says.
        Some("resolved" | "recovered") => {
            Event::Resolved(cells.required("decision", decode_decision(currency, &cells)?)?)
        }
        Some("disputed") => Event::Disputed(decode_dispute(currency, &cells)?),
        Some("ordered") => Event::Overridden(decode_override(&cells)?),
        _ => return Err(cells.damaged("what")),
    };
    let row = EventRow {
        number: cells.required("number", cells.whole("number")?)?,
        id,
        event: RecordedEvent { at: cells.required("at", cells.time("at")?)?, event },
        currency,
        previous: Previous {
            at_terminal: cells.whole("previous_at_terminal")?,
            at_address: cells.whole("previous_at_address")?,
        },
        open: cells.required("open", cells.whole("open")?)?,
        digest: cells.required("digest", cells.integer("digest")?)?,
        chain: cells.required("chain", cells.chain("chain")?)?,
    };
    cells.same_as(&encode_event(&row))?;
    Ok(row)
}

/// What a person said: who and why, and perhaps how a transaction ended.
#[derive(Clone, Copy)]
enum Said<'a> {
    Decision(&'a Decision),
    Dispute(&'a Dispute),
    Override(&'a OperatorOverride),
}

fn encode_shared(
    row: &mut Vec<Value>,
    transaction: Option<&Transaction>,
    end: Option<&Conclusion>,
    said: Option<Said<'_>>,
    currency: Currency,
) {
    let outcome = end.map(|end| end.verdict.outcome);
    let minor = |amount: Option<Amount>| amount.map_or(Value::Null, |amount| whole(amount.minor()));
    let (decided, source, by, because) = match said {
        None => (None, Source::Person, None, None),
        Some(Said::Decision(decision)) => {
            (Some(decision.paid()), decision.source(), Some(decision.by()), Some(decision.because()))
        }
        Some(Said::Dispute(dispute)) => {
            let source = if dispute.by().is_some() { Source::Person } else { Source::Evidence };
            (Some(dispute.paid()), source, dispute.by(), Some(dispute.because()))
        }
        Some(Said::Override(person)) => (None, Source::Person, Some(person.by()), Some(person.because())),
    };
    let status = end.and_then(|end| {
        let stat = end.status.stat.map(|stat| char::from(stat).to_string());
        end.status.status.map(encode_code).or(stat)
    });
    row.extend([
        optional(transaction.map(|transaction| transaction.operation)),
        optional(transaction.and_then(|transaction| transaction.original)),
        minor(transaction.map(|transaction| transaction.amount)),
        text(currency),
        transaction.map_or(Value::Null, |transaction| whole(u64::from(transaction.allow_partial))),
        minor(transaction.and_then(|transaction| transaction.allow_tip)),
        optional(transaction.map(|transaction| transaction.terminal)),
        optional(transaction.map(|transaction| transaction.register)),
        optional(transaction.and_then(|transaction| transaction.reference)),
        optional(transaction.map(|transaction| transaction.dialect)),
        optional(transaction.and_then(|transaction| transaction.address)),
        optional(transaction.and_then(|transaction| transaction.usb)),
        optional(outcome.map(Outcome::name)),
        optional(outcome.and_then(Outcome::reason_code)),
        minor(outcome.and_then(Outcome::approved_amount)),
        minor(outcome.and_then(Outcome::amount_due)),
        minor(end.and_then(|end| end.reported_amount)),
        optional(end.map(|end| end.verdict.proof.name())),
        optional(end.and_then(|end| end.authorisation)),
        optional(end.and_then(|end| end.contract)),
        optional(end.and_then(|end| end.serial_number)),
        optional(end.and_then(|end| end.last_four).map(|last| last.escape_ascii().to_string())),
        optional(status),
        optional(end.and_then(|end| end.status.complement).map(encode_code)),
        optional(decided.map(|paid| match (paid, source) {
            (Paid::Paid(_), Source::Person) => "paid",
            (Paid::NotPaid, Source::Person) => "not_paid",
            (Paid::Paid(_), Source::Evidence) => "proven_paid",
            (Paid::NotPaid, Source::Evidence) => "proven_not_paid",
        })),
        minor(decided.and_then(|paid| match paid {
            Paid::Paid(amount) => Some(amount),
            Paid::NotPaid => None,
        })),
        optional(by),
        optional(because),
        encode_confirmed(said),
    ]);
}

fn encode_confirmed(said: Option<Said<'_>>) -> Value {
    let confirmed = match said {
        Some(Said::Decision(decision)) => decision.confirmed(),
        Some(Said::Dispute(dispute)) => dispute.confirmed(),
        Some(Said::Override(_)) | None => Confirmations::NONE,
    };
    optional(Some(confirmed).filter(|confirmed| !confirmed.is_empty()))
}

fn decode_confirmed(cells: &Cells<'_>) -> Result<Confirmations, JournalError> {
    let text = cells.text("confirmed")?.unwrap_or_default();
    cells.required("confirmed", Confirmations::from_text(text))
}

fn decode_transaction_details(
    id: TransactionId,
    cells: &Cells<'_>,
) -> Result<Option<Transaction>, JournalError> {
    let Some(operation) = cells.parsed("operation")? else { return Ok(None) };
    let amount = cells.required("amount_minor", cells.whole("amount_minor")?)?;
    Ok(Some(Transaction {
        id,
        operation,
        original: cells.parsed("original")?,
        amount: Amount::from_minor(amount, cells.currency()?),
        // Another number than 0 and 1 is found when the row is written again.
        allow_partial: cells.whole("allow_partial")? == Some(1),
        allow_tip: cells.amount("allow_tip_minor")?,
        terminal: cells.required("terminal", cells.parsed("terminal")?)?,
        register: cells.required("register", cells.parsed("register")?)?,
        reference: cells.parsed("reference")?,
        dialect: cells.required("dialect", cells.parsed("dialect")?)?,
        address: cells.parsed("address")?,
        usb: cells.parsed("usb")?,
    }))
}

fn decode_conclusion(currency: Currency, cells: &Cells<'_>) -> Result<Option<Conclusion>, JournalError> {
    let Some(name) = cells.text("outcome")? else { return Ok(None) };
    let outcome = cells.required("outcome, reason or amounts", decode_outcome(name, currency, cells)?)?;
    let proof = cells.text("proof")?.and_then(Proof::from_name);
    let last_four = cells.text("last_four")?;
    let code = |name| {
        let code = cells.text(name)?;
        code.map(|code| cells.required(name, decode_code(code))).transpose()
    };
    // One character is the status of E and E+.
    let (status, stat) = match cells.text("status")?.map(str::as_bytes) {
        Some(&[stat]) => (None, Some(stat)),
        _ => (code("status")?, None),
    };
    Ok(Some(Conclusion {
        verdict: Verdict { outcome, proof: cells.required("proof", proof)? },
        authorisation: cells.parsed("authorisation")?,
        contract: cells.parsed("contract")?,
        serial_number: cells.parsed("serial_number")?,
        reported_amount: cells.amount("reported_minor")?,
        last_four: last_four
            .map(|last| cells.required("last_four", last.as_bytes().try_into().ok()))
            .transpose()?,
        status: RawStatus { status, complement: code("complement")?, stat },
    }))
}

fn decode_outcome(
    name: &str,
    currency: Currency,
    cells: &Cells<'_>,
) -> Result<Option<Outcome>, JournalError> {
    let reason = cells.text("reason")?.unwrap_or_default();
    let amount = |column| {
        let minor = cells.whole(column)?;
        Ok::<_, JournalError>(minor.map(|minor| Amount::from_minor(minor, currency)))
    };
    let (approved, due) = (amount("approved_minor")?, amount("due_minor")?);
    Ok(match name {
        "approved" => approved.map(|amount| Outcome::Approved { amount }),
        "partially_approved" => {
            approved.zip(due).map(|(approved, due)| Outcome::PartiallyApproved { approved, due })
        }
        "declined" => Refusal::from_code(reason).map(|refusal| Outcome::Declined { refusal }),
        "cancelled" => Refusal::from_code(reason).map(|refusal| Outcome::Cancelled { refusal }),
        "not_sent" => NotSent::from_code(reason).map(|reason| Outcome::NotSent { reason }),
        "unknown" => Doubt::from_code(reason).map(|doubt| Outcome::Unknown { doubt }),
        "blocked" => Blocked::from_code(reason).map(|reason| Outcome::Blocked { reason }),
        _ => None,
    })
}

fn decode_paid(currency: Currency, cells: &Cells<'_>) -> Result<Option<(Paid, Source)>, JournalError> {
    let paid = |minor| Paid::Paid(Amount::from_minor(minor, currency));
    Ok(Some(match (cells.text("decision")?, cells.whole("decided_minor")?) {
        (None, _) => return Ok(None),
        (Some("paid"), Some(minor)) => (paid(minor), Source::Person),
        (Some("not_paid"), None) => (Paid::NotPaid, Source::Person),
        (Some("proven_paid"), Some(minor)) => (paid(minor), Source::Evidence),
        (Some("proven_not_paid"), None) => (Paid::NotPaid, Source::Evidence),
        _ => return Err(cells.damaged("decision")),
    }))
}

fn decode_decision(currency: Currency, cells: &Cells<'_>) -> Result<Option<Decision>, JournalError> {
    let Some((paid, source)) = decode_paid(currency, cells)? else { return Ok(None) };
    let by = cells.required("decided_by", cells.text("decided_by")?)?;
    let because = cells.required("decided_because", cells.text("decided_because")?)?;
    let decision = match source {
        Source::Person => Decision::new(paid, by, because),
        Source::Evidence => Decision::proven(paid, by, because),
    };
    let decision = decision.map_err(|_| cells.damaged("decision"))?;
    Ok(Some(decision.confirming(decode_confirmed(cells)?.iter())))
}

fn decode_dispute(currency: Currency, cells: &Cells<'_>) -> Result<Dispute, JournalError> {
    let (paid, _) = cells.required("decision", decode_paid(currency, cells)?)?;
    let because = cells.required("decided_because", cells.text("decided_because")?)?;
    let Some(by) = cells.text("decided_by")? else {
        return Dispute::new(paid, because).map_err(|_| cells.damaged("decision"));
    };
    let decision = Decision::new(paid, by, because).map_err(|_| cells.damaged("decision"))?;
    Ok(Dispute::by_person(&decision.confirming(decode_confirmed(cells)?.iter())))
}

fn decode_override(cells: &Cells<'_>) -> Result<OperatorOverride, JournalError> {
    let by = cells.required("decided_by", cells.text("decided_by")?)?;
    let because = cells.required("decided_because", cells.text("decided_because")?)?;
    OperatorOverride::new(by, because).map_err(|_| cells.damaged("decided_by"))
}

/// Two printable characters stand for themselves; anything else as four hexadecimal digits, so that nothing is lost.
fn encode_code([first, second]: [u8; 2]) -> String {
    if [first, second].iter().all(|byte| matches!(byte, b' '..=b'~')) {
        [first, second].map(char::from).iter().collect()
    } else {
        format!("{first:02x}{second:02x}")
    }
}

fn decode_code(text: &str) -> Option<[u8; 2]> {
    match text.len() {
        2 => text.as_bytes().try_into().ok(),
        4 => u16::from_str_radix(text, 16).ok().map(u16::to_be_bytes),
        _ => None,
    }
}

fn text(value: impl ToString) -> Value {
    Value::Text(value.to_string())
}

fn optional(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Null, text)
}

/// What does not fit was refused before; should it come here, the table does not take the blank.
fn whole(number: u64) -> Value {
    i64::try_from(number).map_or(Value::Null, Value::Integer)
}

/// A row under the names of its columns.
struct Cells<'r> {
    table: &'static str,
    names: &'static [&'static str],
    row: &'r [Value],
}

impl<'r> Cells<'r> {
    fn get(&self, name: &str) -> &'r Value {
        let column = self.names.iter().position(|column| *column == name);
        column.and_then(|column| self.row.get(column)).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &'static str) -> Result<Option<&'r str>, JournalError> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(self.damaged(name)),
        }
    }

    fn whole(&self, name: &'static str) -> Result<Option<u64>, JournalError> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::Integer(number) => u64::try_from(*number).map(Some).map_err(|_| self.damaged(name)),
            _ => Err(self.damaged(name)),
        }
    }

    fn integer(&self, name: &'static str) -> Result<Option<i64>, JournalError> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(*number)),
            _ => Err(self.damaged(name)),
        }
    }

    fn chain(&self, name: &'static str) -> Result<Option<Chain>, JournalError> {
        match self.get(name) {
            Value::Null => Ok(None),
            Value::Blob(bytes) => bytes.as_slice().try_into().map(Some).map_err(|_| self.damaged(name)),
            _ => Err(self.damaged(name)),
        }
    }

    fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, JournalError> {
        self.text(name)?.map(|text| text.parse().map_err(|_| self.damaged(name))).transpose()
    }

    fn time(&self, name: &'static str) -> Result<Option<WallTime>, JournalError> {
        let text = self.text(name)?;
        text.map(|text| self.required(name, WallTime::from_text(text))).transpose()
    }

    /// An amount in the currency of the transaction.
    fn amount(&self, name: &'static str) -> Result<Option<Amount>, JournalError> {
        let minor = self.whole(name)?;
        minor.map(|minor| Ok(Amount::from_minor(minor, self.currency()?))).transpose()
    }

    fn currency(&self) -> Result<Currency, JournalError> {
        self.required("currency", self.parsed("currency")?)
    }

    fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, JournalError> {
        value.ok_or_else(|| self.damaged(name))
    }

    /// Finds what reading did not look at: columns that must be empty, numbers that mean the same.
    fn same_as(&self, written: &[Value]) -> Result<(), JournalError> {
        let differs = self.row.iter().zip(written).position(|(read, written)| read != written);
        match differs {
            Some(column) => Err(self.damaged(self.names.get(column).copied().unwrap_or("a column"))),
            None if self.row.len() != written.len() => Err(self.damaged("the number of columns")),
            None => Ok(()),
        }
    }

    /// Names the place and never the value.
    fn damaged(&self, column: &str) -> JournalError {
        let key = match self.row.first() {
            Some(Value::Integer(number)) => format!(" number {number}"),
            _ => String::new(),
        };
        JournalError::corrupt(format!("table {}, row{key}: {column}", self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_characters_of_any_kind_come_back() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let code = encode_code([first, second]);
                assert_eq!(decode_code(&code), Some([first, second]), "{code}");
            }
        }
        assert_eq!(encode_code(*b"10"), "10");
        assert_eq!(encode_code([0, 0xff]), "00ff");
        for stranger in ["", "1", "100", "10000", "+0ff", "00fg"] {
            assert!(decode_code(stranger).is_none_or(|code| encode_code(code) != stranger), "{stranger}");
        }
    }

    fn round_trip(event: Event, id: TransactionId, currency: Currency) {
        let previous = Previous { at_terminal: Some(6), at_address: None };
        let event = RecordedEvent { at: WallTime::from_millis(1), event };
        let row = EventRow { number: 7, id, event, currency, previous, open: 1, digest: -1, chain: [7; 32] };
        assert_eq!(decode_event(&encode_event(&row)), Ok(row));
    }

    #[test]
    fn every_outcome_in_every_currency_comes_back() {
        let id = "a".parse().unwrap();
        for currency in Currency::all() {
            let amount = Amount::from_minor(u64::MAX / 2, currency);
            let due = Amount::from_minor(0, currency);
            let mut outcomes =
                vec![Outcome::Approved { amount }, Outcome::PartiallyApproved { approved: amount, due }];
            outcomes.extend(Refusal::ALL.iter().map(|&refusal| Outcome::Declined { refusal }));
            outcomes.extend(Refusal::ALL.iter().map(|&refusal| Outcome::Cancelled { refusal }));
            outcomes.extend(NotSent::ALL.iter().map(|&reason| Outcome::NotSent { reason }));
            outcomes.extend(Doubt::ALL.iter().map(|&doubt| Outcome::Unknown { doubt }));
            outcomes.extend(Blocked::ALL.iter().map(|&reason| Outcome::Blocked { reason }));
            for outcome in outcomes {
                for proof in Proof::ALL {
                    let end = Conclusion {
                        verdict: Verdict { outcome, proof },
                        authorisation: Some(" ".parse().unwrap()),
                        contract: None,
                        serial_number: Some("VX 520/7".parse().unwrap()),
                        reported_amount: matches!(proof, Proof::Answered).then_some(due),
                        last_four: Some(*b"0000"),
                        status: RawStatus { status: None, complement: Some(*b"  "), stat: None },
                    };
                    round_trip(Event::Ended(end), id, currency);
                }
            }
            for paid in [Paid::NotPaid, Paid::Paid(amount)] {
                let decision = Decision::new(paid, "Zo\u{e9}", "n\u{b0} 7; '\"").unwrap();
                round_trip(Event::Resolved(decision), id, currency);
            }
            for operation in caisse_payment::Operation::ALL {
                for number in 0..=99 {
                    let transaction = Transaction {
                        id,
                        operation,
                        original: (number % 2 == 0).then_some(id),
                        amount,
                        allow_partial: number % 3 == 0,
                        allow_tip: (number % 4 == 0).then_some(amount),
                        terminal: "t:1".parse().unwrap(),
                        register: caisse_payment::Register::new(number).unwrap(),
                        reference: (number % 5 == 0).then(|| "r".parse().unwrap()),
                        dialect: "d".parse().unwrap(),
                        address: (number % 7 == 0).then(|| "tcp:host:8888".parse().unwrap()),
                        usb: (number % 11 == 0).then(|| "usb:079b:0028:1".parse().unwrap()),
                    };
                    round_trip(Event::Started(transaction), id, currency);
                }
            }
        }
    }

    /// An end or a decision without its time, and a time without them.
    #[test]
    fn a_transaction_has_times_for_what_it_has() {
        let (id, terminal, dialect) = ("a".parse().unwrap(), "t".parse().unwrap(), "d".parse().unwrap());
        let amount = Amount::from_minor(1, Currency::EUR);
        let transaction = Transaction::new(id, caisse_payment::Operation::Debit, amount, terminal, dialect);
        let silence = Outcome::Unknown { doubt: Doubt::Silence };
        let conclusion = Conclusion::from(Verdict { outcome: silence, proof: Proof::Delivered });
        let decision = Decision::new(Paid::NotPaid, "a", "b").unwrap();
        let at = WallTime::from_millis(2);
        for (has_end, has_decision) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut record = Record::new(transaction, WallTime::from_millis(1)).unwrap();
            if has_end {
                record = record.with_conclusion(conclusion, at).unwrap();
            }
            if has_decision {
                record = record.with_decision(decision.clone(), at).unwrap();
            }
            let tracked = Tracked { record, started_event: 1 };
            let row = TransactionRow { tracked, events: 3, last_event: 9 };
            let whole = encode_transaction(&row);
            assert_eq!(decode_transaction(&whole), Ok(row));
            for (column, is_there) in [("ended_at", has_end), ("decided_at", has_decision)] {
                let mut torn = whole.clone();
                let place = TRANSACTION.iter().position(|name| *name == column).unwrap();
                torn[place] = if is_there { Value::Null } else { text(at) };
                let error = decode_transaction(&torn).unwrap_err();
                assert!(error.to_string().contains(&format!("row: {column};")), "{error}");
            }
        }
    }

    #[test]
    fn a_row_of_another_shape_is_damaged() {
        let id = "a".parse().unwrap();
        let decision = Decision::new(Paid::NotPaid, "a", "b").unwrap();
        let event = RecordedEvent { at: WallTime::from_millis(1), event: Event::Resolved(decision) };
        let (currency, previous) = (Currency::EUR, Previous::default());
        let row = EventRow { number: 7, id, event, currency, previous, open: 0, digest: 0, chain: [0; 32] };
        let values = encode_event(&row);
        assert!(decode_event(&values).is_ok());
        let last = values.len() - 1;
        assert!(decode_event(&values[..last]).is_err());
        assert!(decode_event(&[values.clone(), vec![Value::Null]].concat()).is_err());
        assert!(decode_event(&[]).is_err());
        for column in 0..values.len() {
            for stranger in
                [Value::Real(7.0), Value::Blob(b"paid".to_vec()), Value::Text("7\u{0}".to_owned())]
            {
                let mut values = values.clone();
                values[column] = stranger;
                let error = decode_event(&values).unwrap_err();
                assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
                assert_eq!(error.to_string().contains("events, row number 7"), column > 0, "{error}");
            }
        }
    }
}
