//! The extras as the app reads them: Android gives the default for an extra of another type.

use caisse_android_intent::{Intent, Value};

/// What the app was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) reference: String,
    pub(super) amount_minor: u64,
    pub(super) transaction_type: i32,
}

pub(super) enum Ask {
    Perform(Asked),
    PrintLast,
    /// A transaction of PayXpress APM.
    Alternative(Asked),
    /// Something is missing or of the wrong type.
    Invalid,
}

/// Reads an intent; nothing when it names no activity of the app.
pub(super) fn read(intent: &Intent) -> Option<Ask> {
    let component = intent.component()?;
    let (package, class) = (component.package().to_string(), component.class().to_string());
    match (package.as_str(), class.as_str()) {
        ("com.payxpert.merchant", "com.payxpert.merchant.ui.transaction.TransactionActivity") => {
            Some(card(intent).unwrap_or(Ask::Invalid))
        }
        ("io.payxpress.android.apm", "com.payxpert.merchant.MainActivity") => {
            Some(alternative(intent).unwrap_or(Ask::Invalid))
        }
        _ => None,
    }
}

fn string(intent: &Intent, key: &str) -> Option<String> {
    intent.extra(key)?.as_string()?.to_utf8().ok()
}

fn card(intent: &Intent) -> Option<Ask> {
    match string(intent, "transaction_bundle_key_action")?.as_str() {
        "PRINT_LAST" => {
            let tickets = intent.extra("transaction_bundle_key_type_print_ticket")?.as_int()?;
            (0..=2).contains(&tickets).then_some(Ask::PrintLast)
        }
        "PERFORM" => {
            let amount = intent.extra("transaction_bundle_key_amount")?.as_int()?;
            // Absent: the setting of the app, which is a debit here.
            let transaction_type =
                intent.extra("transaction_bundle_key_transaction_type").and_then(Value::as_int).unwrap_or(1);
            let asked = Asked {
                reference: string(intent, "transaction_bundle_key_reference")?,
                amount_minor: u64::try_from(amount).ok().filter(|amount| *amount > 0)?,
                transaction_type,
            };
            (1..=4).contains(&transaction_type).then_some(Ask::Perform(asked))
        }
        _ => None,
    }
}

fn alternative(intent: &Intent) -> Option<Ask> {
    let boolean = |key: &str| intent.extra(key).and_then(Value::as_boolean);
    if boolean("payment_request_from_another_app") != Some(true) {
        return None;
    }
    let refund = boolean("is_refund").unwrap_or(false);
    if boolean("is_direct_refund") == Some(true) {
        let original = string(intent, "transaction_id").filter(|id| !id.is_empty());
        original.filter(|_| refund)?;
    }
    let amount_minor = cents(intent.extra("amount")?.as_double()?)?;
    Some(Ask::Alternative(Asked {
        reference: String::new(),
        amount_minor,
        transaction_type: if refund { 3 } else { 1 },
    }))
}

/// Euros as a double, in cents: only what a cent can be.
fn cents(euros: f64) -> Option<u64> {
    let text = format!("{euros:.2}");
    let is_exact = text.parse::<f64>().is_ok_and(|read| read.to_bits() == euros.to_bits());
    let cents = text.replace('.', "").parse().ok().filter(|cents| *cents > 0);
    cents.filter(|_| is_exact)
}
