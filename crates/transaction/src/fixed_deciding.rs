//! What an answer of E or E+ proves: few fields, all of them always there.

use core::cmp::Ordering;

use caisse_codec::fixed::{Answer, Stat};
use caisse_payment::{Amount, Doubt, Outcome, Refusal, Transaction};

/// The table of outcomes for the older generation. The operation is not echoed, and no refusal says why. The amount is equal, also
/// where a tip was allowed: no public document says that the terminal may report another one.
pub(crate) fn outcome(answer: &Answer<'_>, asked: &Transaction) -> Outcome {
    proves(answer, asked).unwrap_or_else(|doubt| Outcome::Unknown { doubt })
}

fn proves(answer: &Answer<'_>, asked: &Transaction) -> Result<Outcome, Doubt> {
    match answer.stat {
        Stat::Taken => return Err(Doubt::Taken),
        Stat::Other(_) => return Err(Doubt::StatusUnknown),
        Stat::Accepted | Stat::Refused => {}
    }
    if answer.register.register() != Some(asked.register) {
        return Err(Doubt::RegisterDiffers);
    }
    if answer.currency != asked.amount.currency().numeric() {
        return Err(Doubt::CurrencyDiffers);
    }
    let (answered, wanted) = (u64::from(answer.minor), asked.amount.minor());
    match (answer.stat, answered.cmp(&wanted)) {
        (Stat::Refused, Ordering::Equal) => Ok(Outcome::Declined { refusal: Refusal::Unspecified }),
        (Stat::Refused, _) => Err(Doubt::AmountDiffers),
        (_, Ordering::Equal) => Ok(Outcome::Approved { amount: asked.amount }),
        (_, Ordering::Greater) => Err(Doubt::AmountHigher),
        (_, Ordering::Less) if answered == 0 => Err(Doubt::AmountZero),
        // These generations know no approval of a part.
        (_, Ordering::Less) => Err(Doubt::AmountDiffers),
    }
}

/// The amount of an approval, if it is another one than the amount asked for and in the same currency.
pub(crate) fn reported_amount(answer: &Answer<'_>, asked: &Transaction) -> Option<Amount> {
    let currency = asked.amount.currency();
    let is_approval = answer.stat == Stat::Accepted && answer.currency == currency.numeric();
    let amount = Amount::from_minor(u64::from(answer.minor), currency);
    Some(amount).filter(|amount| is_approval && *amount != asked.amount)
}
