//! The result of a payment app: whatever the text, nothing panics, only its own words prove an outcome, and no card number
//! shows.
#![no_main]

use caisse_intent::{ActivityResult, Answer, Asked, OtherPayments, PrintAnswer, interpret};
use caisse_payment::{Amount, Currency, Operation, Outcome, holds_card_number};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// What the fields of an object say under these names: each that is there and not null.
fn said<'a>(object: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    names.iter().filter_map(|name| object.get(*name)).filter(|value| !value.is_null()).collect()
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The oracle: a second reading of the same text, by another parser. It takes the last of two equal names, so what it finds
/// is necessary for an outcome and not enough.
struct Oracle {
    value: Value,
}

impl Oracle {
    fn transaction(&self) -> &Value {
        &self.value["transaction"]
    }

    fn number_is(&self, names: &[&str], expected: &[i64]) -> bool {
        let all = said(self.transaction(), names);
        !all.is_empty() && all.iter().all(|it| number(it).is_some_and(|it| expected.contains(&it)))
    }

    fn status_is(&self, expected: i64) -> bool {
        number(&self.value["status"]) == Some(expected)
    }

    fn is_ours(&self) -> bool {
        let all = said(self.transaction(), &["reference", "externalReference"]);
        !all.is_empty() && all.iter().all(|it| text(it) == "order-7")
    }

    fn is_approved(&self) -> bool {
        let newest = !said(self.transaction(), &["id"]).is_empty();
        let oldest = !said(self.transaction(), &["transactionId"]).is_empty();
        let amount = |tip| self.number_is(&["amount"], &[1500, 1500 + tip]);
        let tip =
            said(self.transaction(), &["amountTips"]).first().and_then(|it| number(it)).unwrap_or(0).max(0);
        let currency = said(self.transaction(), &["currency"]);
        self.status_is(0)
            && self.number_is(&["error", "resultCode"], &[0])
            && self.is_ours()
            && newest != oldest
            && self.number_is(&["transactionType"], &[i64::from(oldest)])
            && tip < 1_000_000_000_000
            && amount(tip)
            && currency.first().is_some_and(|it| ["eur", "978"].contains(&text(it).to_lowercase().as_str()))
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(json) = std::str::from_utf8(data) else { return };
    let asked = Asked {
        operation: Operation::Debit,
        amount: Amount::from_minor(1500, Currency::EUR),
        reference: "order-7".parse().expect("an id"),
    };
    let result = ActivityResult::new(-1, Some(json));
    let read = serde_json::from_str::<Value>(json);
    // A number that no float can hold makes no sense of a field that nobody asks for; the oracle reads none of it then.
    let beyond = read.as_ref().is_err_and(|error| error.to_string().contains("number out of range"));
    let oracle = read.ok().filter(Value::is_object).map(|value| Oracle { value });
    for others in [OtherPayments::None, OtherPayments::Possible] {
        let (verdict, answer) = interpret(&asked, &result, others);
        assert!(answer.is_some() || verdict.outcome.is_unknown());
        match (verdict.outcome, &oracle) {
            (Outcome::Unknown { .. }, _) => {}
            (_, None) if beyond => {}
            (_, None) => panic!("an outcome of nothing"),
            (Outcome::Approved { amount }, Some(oracle)) => {
                assert_eq!(amount, asked.amount);
                assert!(oracle.is_approved());
            }
            (Outcome::Declined { .. }, Some(oracle)) => {
                assert!(
                    oracle.is_ours()
                        && oracle.status_is(1)
                        && oracle.number_is(&["error", "resultCode"], &[1])
                );
            }
            (Outcome::Cancelled { .. }, Some(oracle)) => {
                assert!(
                    oracle.is_ours()
                        && oracle.status_is(1)
                        && oracle.number_is(&["error", "resultCode"], &[7])
                );
            }
            (Outcome::Blocked { .. }, Some(oracle)) => {
                assert_eq!(others, OtherPayments::None);
                assert!(oracle.status_is(1) && oracle.number_is(&["error", "resultCode"], &[3]));
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
        // Android's code decides nothing, and a second reading says the same.
        assert_eq!(interpret(&asked, &ActivityResult::new(0, Some(json)), others), (verdict, answer));
    }
    match Answer::read(json) {
        Err(malformed) => assert!(malformed.offset <= json.len()),
        Ok(answer) => {
            let print = PrintAnswer::read(&result);
            let mut shown = vec![format!("{answer:?} {result:?} {:?}", print.outcome())];
            let card = answer.card();
            let revealed = [answer.reveal_id(), answer.reveal_aid(), answer.reveal_label()];
            shown.extend(revealed.into_iter().flatten().map(str::to_owned));
            shown.extend(card.map(|card| card.masked().to_owned()));
            shown.extend(answer.authorisation().map(|it| it.to_string()));
            for unknown in answer.unknown() {
                shown.push(unknown.reveal_name().to_owned());
                texts(unknown.reveal_value(), &mut shown);
            }
            for text in shown {
                assert!(!holds_card_number(&text));
            }
        }
    }
});

/// Every text and number of a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            texts(value, found);
        }),
        Value::Null | Value::Bool(_) => {}
    }
}
