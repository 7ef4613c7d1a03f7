//! Which cancellations and credits the journal allows: every combination of what it can know.

use caisse_payment::{Amount, Blocked, Currency, Doubt, Operation, Outcome, Refusal, Transaction, Verdict};
use caisse_payment::{NotSent, Proof};
use caisse_settlement::admit::{Original, admit_original};

fn transaction(
    operation: Operation,
    minor: u64,
    currency: Currency,
    terminal: &str,
    named: bool,
) -> Transaction {
    let (amount, terminal) = (Amount::from_minor(minor, currency), terminal.parse().unwrap());
    let (id, dialect) = ("sale-2".parse().unwrap(), "payxpress".parse().unwrap());
    Transaction {
        original: named.then(|| "sale-1".parse().unwrap()),
        ..Transaction::new(id, operation, amount, terminal, dialect)
    }
}

fn outcomes() -> Vec<Outcome> {
    let euros = |minor| Amount::from_minor(minor, Currency::EUR);
    vec![
        Outcome::Approved { amount: euros(2500) },
        Outcome::PartiallyApproved { approved: euros(2000), due: euros(500) },
        Outcome::Declined { refusal: Refusal::Refused },
        Outcome::Cancelled { refusal: Refusal::Abandoned },
        Outcome::NotSent { reason: NotSent::SendFailed },
        Outcome::Unknown { doubt: Doubt::Silence },
        Outcome::Blocked { reason: Blocked::Busy },
    ]
}

/// What may be done is stated here from the money's side: never more back than was paid, and a cancellation only of what
/// the terminal will certainly take for its last.
#[test]
fn never_more_goes_back_than_was_paid() {
    let (mut allowed, mut refused) = (0, 0);
    for operation in Operation::ALL {
        for original_operation in Operation::ALL {
            for outcome in outcomes() {
                for minor in [1, 499, 500, 501, 2000, 2499, 2500, 2501] {
                    for currency in [Currency::EUR, Currency::from_numeric(840).unwrap()] {
                        for given_back in [0, 1, 2000, 2500, 3000] {
                            for bits in 0..16 {
                                let [here, exclusive, is_last, named] =
                                    [1, 2, 4, 8].map(|bit| bits & bit != 0);
                                let terminal = if here { "counter" } else { "bar" };
                                let asked = transaction(operation, minor, currency, "counter", named);
                                let original = Original {
                                    transaction: transaction(
                                        original_operation,
                                        2500,
                                        Currency::EUR,
                                        terminal,
                                        false,
                                    ),
                                    verdict: Verdict { outcome, proof: Proof::Answered },
                                    is_last,
                                    given_back,
                                };
                                let result = admit_original(&asked, Some(&original), exclusive);
                                let paid = outcome.approved_amount().map_or(0, |amount| amount.minor());
                                let gives_back =
                                    matches!(operation, Operation::Credit | Operation::Cancellation);
                                let is_debit = !matches!(
                                    original_operation,
                                    Operation::Credit | Operation::Cancellation
                                );
                                let expected = match (operation, named) {
                                    (Operation::Credit, false) => true,
                                    (Operation::Cancellation, false) => false,
                                    (Operation::Credit, true) => {
                                        is_debit
                                            && here
                                            && paid > 0
                                            && currency == Currency::EUR
                                            && given_back + minor <= paid
                                    }
                                    (Operation::Cancellation, true) => {
                                        is_debit
                                            && here
                                            && currency == Currency::EUR
                                            && minor == paid
                                            && given_back == 0
                                            && exclusive
                                            && is_last
                                    }
                                    _ => true,
                                };
                                assert_eq!(
                                    result.is_ok(),
                                    expected,
                                    "{asked:?} after {original:?}: {result:?}"
                                );
                                if gives_back && named {
                                    let counter = if result.is_ok() { &mut allowed } else { &mut refused };
                                    *counter += 1;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    // Credits: 3 operations, 25 pairs of amounts, 4 combinations that do not matter. Cancellations: 3 operations, 2 amounts.
    assert_eq!((allowed, refused), (3 * 25 * 4 + 3 * 2, 44_800 - 306));
}

#[test]
fn an_original_that_nobody_knows_is_none() {
    let named = |operation| transaction(operation, 2500, Currency::EUR, "counter", true);
    for operation in [Operation::Credit, Operation::Cancellation] {
        assert_eq!(admit_original(&named(operation), None, true), Err(Blocked::OriginalNotApproved));
    }
    let alone = transaction(Operation::Cancellation, 2500, Currency::EUR, "counter", false);
    assert_eq!(admit_original(&alone, None, true), Err(Blocked::OriginalMissing));
    assert_eq!(
        admit_original(&transaction(Operation::Credit, 1, Currency::EUR, "counter", false), None, false),
        Ok(())
    );
}

#[test]
fn each_refusal_says_what_is_in_the_way() {
    let original = Original {
        transaction: transaction(Operation::Debit, 2500, Currency::EUR, "counter", false),
        verdict: Verdict {
            outcome: Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) },
            proof: Proof::Answered,
        },
        is_last: true,
        given_back: 0,
    };
    let ask = |operation, minor, original: &Original, exclusive| {
        admit_original(
            &transaction(operation, minor, Currency::EUR, "counter", true),
            Some(original),
            exclusive,
        )
    };
    let cancel = Operation::Cancellation;
    assert_eq!(ask(cancel, 2500, &original, true), Ok(()));
    assert_eq!(ask(cancel, 2400, &original, true), Err(Blocked::OriginalAmountDiffers));
    for operation in [cancel, Operation::Credit] {
        let dollars = transaction(operation, 2500, Currency::from_numeric(840).unwrap(), "counter", true);
        let told = admit_original(&dollars, Some(&original), true);
        assert_eq!(told, Err(Blocked::OriginalCurrencyDiffers), "{operation:?}");
    }
    assert_eq!(ask(cancel, 2500, &original, false), Err(Blocked::OriginalNotLast));
    let earlier = Original { is_last: false, ..original };
    assert_eq!(ask(cancel, 2500, &earlier, true), Err(Blocked::OriginalNotLast));
    let credited = Original { given_back: 1, ..original };
    assert_eq!(ask(cancel, 2500, &credited, true), Err(Blocked::CreditExceedsOriginal));
    assert_eq!(ask(Operation::Credit, 2499, &credited, false), Ok(()));
    assert_eq!(ask(Operation::Credit, 2500, &credited, false), Err(Blocked::CreditExceedsOriginal));
}
