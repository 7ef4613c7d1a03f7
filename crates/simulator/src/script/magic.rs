//! Magic amounts: with `by-amount`, the last two digits of the amount choose what happens.

use caisse_payment::Amount;

use super::{Answer, Turn};

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Magic {
    /// The last two digits of the amount in minor units: 4 for 10.04 EUR, for 104 JPY and for 10.104 TND.
    pub digits: u8,
    /// What happens, as a script says it. `half` stands for half of the amount.
    pub turn: &'static str,
    /// The same in words.
    pub text: &'static str,
}

const fn magic(digits: u8, turn: &'static str, text: &'static str) -> Magic {
    Magic { digits, turn, text }
}

/// The table. An amount that ends in other digits is approved.
pub const MAGIC: &[Magic] = &[
    magic(2, "decline:02", "declined: call the bank"),
    magic(3, "decline:03", "declined: forcing"),
    magic(4, "decline:04", "declined: refused by the bank"),
    magic(5, "decline:05", "declined: forbidden for this card"),
    magic(6, "cancel", "the card holder presses the red button"),
    magic(7, "decline:07", "declined: not completed"),
    magic(8, "decline:08", "declined: nobody typed in time"),
    magic(9, "decline:09", "declined: bad message format"),
    magic(10, "decline:10", "declined: bad selection"),
    magic(11, "decline:11", "declined: the operator gave up"),
    magic(12, "decline:12", "declined: unknown type of action"),
    magic(13, "decline:13", "declined: currency not supported"),
    magic(14, "decline:99", "declined with a code that nobody documents"),
    magic(20, "timeout", "no answer, no charge"),
    magic(21, "approve+stall@step=answer", "charged, no answer, the line stays open"),
    magic(22, "approve+drop@step=decided", "charged, then the line is cut before the answer"),
    magic(23, "approve+drop@byte=60", "charged, then the line is cut inside the answer"),
    magic(
        24,
        "approve+drop@step=request",
        "the line is cut after the request, and the card is charged all the same",
    ),
    magic(25, "approve+half-open@step=decided", "charged, then the line is dead and nobody says so"),
    magic(26, "approve+split@byte=60:150", "charged, the answer in two pieces"),
    magic(27, "approve+drip:2", "charged, the answer byte by byte"),
    magic(28, "approve+duplicate", "charged once, answered twice"),
    magic(29, "approve+earlier", "charged, answered with an earlier transaction"),
    magic(30, "partial:half", "half of the amount is charged"),
    magic(31, "approve+wrong-amount", "charged, another amount is echoed"),
    magic(32, "approve+wrong-currency", "charged, another currency is echoed"),
    magic(33, "approve+wrong-register", "charged, another register is echoed"),
    magic(34, "approve+wrong-action", "charged, another action is echoed"),
    magic(35, "approve+flip", "charged, one bit of the answer is wrong"),
    magic(36, "approve+garbage@byte=60:16", "charged, garbage inside the answer"),
    magic(37, "approve+oversized", "charged, an answer without end"),
];

/// What an amount makes happen.
pub(crate) fn turn(amount: Amount) -> Turn {
    let digits = amount.minor() % 100;
    let Some(magic) = MAGIC.iter().find(|it| u64::from(it.digits) == digits) else { return Turn::default() };
    if magic.turn == "partial:half" {
        let half = Amount::from_minor(amount.minor() / 2, amount.currency());
        return Turn::from(Answer::Partial(half.decimal().to_string()));
    }
    magic.turn.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisse_payment::Currency;

    #[test]
    fn the_table_is_in_order_and_every_line_of_it_parses() {
        assert!(MAGIC.is_sorted_by(|one, next| one.digits < next.digits));
        for magic in MAGIC {
            let amount = Amount::from_minor(10_000 + u64::from(magic.digits), Currency::EUR);
            let expected = magic.turn.replace("partial:half", "partial:50.15");
            assert_eq!(turn(amount), expected.parse().unwrap(), "{magic:?}");
        }
        assert_eq!(turn(Amount::from_minor(2_500, Currency::EUR)), Turn::default());
    }
}
