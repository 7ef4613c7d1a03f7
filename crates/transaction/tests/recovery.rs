//! The answer to a request for a duplicate receipt, read as a report about the last transaction.

use caisse_codec::Answer;
use caisse_payment::AuthorisationNumber;
use caisse_payment::evidence::{Echoed, LastTransaction};
use caisse_transaction::recovery::read_last_transaction;

fn number(text: &str) -> AuthorisationNumber {
    text.parse().unwrap()
}

#[test]
fn a_duplicata_is_read_for_what_it_says_and_no_more() {
    let read = |wire: &str| {
        read_last_transaction(&Answer::decode(wire.as_bytes()).unwrap(), Some(b"order 7"), false)
    };
    let whole = "CZ0040320CA00201CB0042500CD0013CE003978AC006184117AE00210CF007order 7";
    assert_eq!(
        read(whole),
        LastTransaction::Completed {
            minor: Some(2500),
            currency: Some(978),
            authorisation: Some(number("184117")),
            reference: Echoed::Ours,
        }
    );
    assert!(matches!(
        read("CZ0040320CA00201AE00210CF007order 8"),
        LastTransaction::Completed {
            minor: None,
            currency: None,
            authorisation: None,
            reference: Echoed::Another
        }
    ));
    // In another form it is neither ours nor another's.
    for unclear in ["CF007ORDER 7", "CF008order 7 ", "CF00800rder 7", "CF009  order 7"] {
        let told = read(&format!("CZ0040320CA00201AE00210{unclear}"));
        let expected = if unclear.contains("00rder") { Echoed::Another } else { Echoed::Unclear };
        assert!(
            matches!(told, LastTransaction::Completed { reference, .. } if reference == expected),
            "{unclear}: {told:?}"
        );
    }
    assert!(matches!(
        read("CZ0040320CA00201AE00210"),
        LastTransaction::Completed { reference: Echoed::Absent, .. }
    ));
    assert_eq!(read("CZ0040320CA00201AE00201AF00207"), LastTransaction::NotCompleted);
    for unclear in [
        "CZ0040320CA00201AE00201AF00200",
        "CZ0040320CA00201AE00201AF00209",
        "CZ0040320CA00201AE00201AF00212",
        "CZ0040320CA00201AE00201",
        "CZ0040320CA00201AE00211",
        "CZ0040320CA00201",
        // An answer to something else, and an immediate one.
        "CZ0040320CA00201CB0042500CD0010CE003978AC006184117AE00210",
        "CZ0040320CA00201CD0010AE00201AF00207",
        "CZ0040320CA00201CB0042500CD0013CE003978AC006184117AE00210BA0011",
    ] {
        assert_eq!(read(unclear), LastTransaction::Unclear, "{unclear}");
    }
    let without = read_last_transaction(&Answer::decode(whole.as_bytes()).unwrap(), None, false);
    assert!(matches!(without, LastTransaction::Completed { reference: Echoed::Absent, .. }), "none was sent");
}

/// On a line with sessions a refusal that repeats nothing may be that of any transaction.
#[test]
fn a_refusal_without_an_echo_counts_on_its_own_connection_alone() {
    let read = |wire: &str, has_sessions| {
        read_last_transaction(&Answer::decode(wire.as_bytes()).unwrap(), None, has_sessions)
    };
    for has_sessions in [false, true] {
        let echoed = read("CZ0040320CA00201AE00201AF00207", has_sessions);
        assert_eq!(echoed, LastTransaction::NotCompleted);
        let expected = if has_sessions { LastTransaction::Unclear } else { LastTransaction::NotCompleted };
        assert_eq!(read("CZ0040320AE00201AF00207", has_sessions), expected);
    }
}
