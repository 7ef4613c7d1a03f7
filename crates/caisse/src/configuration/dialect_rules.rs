//! What the values of a dialect must be together.

use caisse_codec::wire::Generation;
use caisse_link::serial::{Rules, Timers};
use caisse_transaction::{Dialect, Duplicata};

/// A key with those of the tables around it in front.
type Key = &'static [&'static str];

/// What is wrong with a dialect whose values are each within their bounds: at which key, and what was expected.
pub(super) fn problem(dialect: &Dialect) -> Option<(Key, String)> {
    let Dialect { generation, version, optional, answer, .. } = dialect;
    let says = |key: Key, text: &str| Some((key, text.to_owned()));
    if !version.as_bytes().starts_with(b"03") {
        return says(&["version"], "expected \"03\" and two more digits, such as \"0300\" or \"0320\"");
    }
    if answer.patience < answer.quiet {
        return says(&["answer", "patience_ms"], "expected no less than answer.quiet_ms");
    }
    let Rules { attempts, .. } = dialect.session.rules;
    let Timers { clear, enquiry, pause, opening, .. } = dialect.session.timers;
    let needed = (enquiry.saturating_add(pause)).saturating_mul(attempts.into()).saturating_add(clear);
    if opening < needed {
        let needed = needed.as_millis();
        let text = format!(
            "expected {needed} at the least: session.clear_ms, and attempts times enquiry_ms and pause_ms"
        );
        return Some((&["session", "opening_ms"], text));
    }
    if *generation == Generation::Concert3 {
        return None;
    }
    // What these messages have no field for would be refused at each payment.
    if dialect.duplicata != Duplicata::Nothing {
        return says(&["duplicata"], "expected \"nothing\": no message of E or E+ asks for a duplicata");
    }
    let no_field = "expected false: E and E+ have no field for it";
    if optional.partial {
        return says(&["optional", "partial"], no_field);
    }
    if optional.application {
        return says(&["optional", "application"], no_field);
    }
    if optional.ticket && *generation == Generation::EPlus {
        return says(&["optional", "ticket"], "expected false: E+ has no field for it");
    }
    None
}
