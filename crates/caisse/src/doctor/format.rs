//! Why a terminal may say AF=09: what real ones have refused.

use caisse_codec::Version;
use caisse_journal::Record;
use caisse_payment::Text;
use caisse_transaction::Dialect;

/// A likely reason for AF=09.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FormatReason {
    /// A terminal of 3.00 or 3.01 was sent CZ 0310 or 0320: a Move/5000 refused 0320.
    Version,
    /// BF was sent: newer Ingenico software fails.
    Partial,
    /// CF was sent: a Desk/5000 refused a request with it.
    PrivateData,
    /// The amount had zeros in front: a Move/5000 refused twelve digits.
    PaddedAmount,
}

impl FormatReason {
    /// Every one of them, the likeliest first.
    pub const ALL: [Self; 4] = [Self::Version, Self::Partial, Self::PrivateData, Self::PaddedAmount];

    /// The stable code: the field, or what is wrong with it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Partial => "bf",
            Self::PrivateData => "cf",
            Self::PaddedAmount => "padded_cb",
        }
    }

    /// What it is, and what to do about it.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Version => Text {
                fr: "CZ 0320 (ou 0310) envoyé à un terminal 3.0x : prenez un dialecte qui envoie 0300, comme ingenico.",
                en: "CZ 0320 (or 0310) sent to a terminal of 3.0x: take a dialect that sends 0300, such as ingenico.",
            },
            Self::Partial => Text {
                fr: "BF (paiement partiel) envoyé : les logiciels Ingenico récents le refusent.",
                en: "BF (partial payment) was sent: newer Ingenico software refuses it.",
            },
            Self::PrivateData => Text {
                fr: "CF (référence de la caisse) envoyé : un Desk/5000 l'a refusé ; prenez un dialecte sans référence.",
                en: "CF (the till's reference) was sent: a Desk/5000 refused it; take a dialect without a reference.",
            },
            Self::PaddedAmount => Text {
                fr: "CB complété par des zéros : un Move/5000 a refusé douze chiffres ; laissez amount_digits à 2.",
                en: "CB with zeros in front: a Move/5000 refused twelve digits; leave amount_digits at 2.",
            },
        }
    }
}

/// The likely reasons, the likeliest first, for requests of this dialect; `reference`: they carried one; `answered`: the
/// version that the terminal showed.
pub(super) fn format_reasons(
    dialect: &Dialect,
    reference: bool,
    answered: Option<Version>,
) -> Vec<FormatReason> {
    let newer = matches!(dialect.version, Version::V3_20 | Version::V3_10);
    let older = answered.is_none_or(|version| matches!(version, Version::V3_00 | Version::V3_01));
    FormatReason::ALL
        .into_iter()
        .filter(|reason| match reason {
            FormatReason::Version => newer && older,
            FormatReason::Partial => dialect.optional.partial,
            FormatReason::PrivateData => dialect.optional.reference && reference,
            FormatReason::PaddedAmount => dialect.amount_digits > 2,
        })
        .collect()
}

/// The dialect to speak instead to a terminal that shows this version: a real Ingenico shows 0301 whatever it was sent,
/// and one refused 0320.
pub(super) fn better_dialect(dialect: &Dialect, answered: Option<Version>) -> Option<Dialect> {
    let newer = matches!(dialect.version, Version::V3_20 | Version::V3_10);
    (newer && answered == Some(Version::V3_01)).then_some(Dialect::INGENICO)
}

/// Whether the terminal refused this transaction for its format.
pub(super) fn was_refused(record: &Record) -> bool {
    record.conclusion().is_some_and(|conclusion| {
        let status = conclusion.status;
        status.status == Some(*b"01") && status.complement == Some(*b"09")
    })
}

#[cfg(test)]
mod tests {
    use FormatReason::{PaddedAmount, Partial, PrivateData, Version as OldVersion};

    use super::*;

    #[test]
    fn what_each_dialect_may_be_refused_for() {
        let optional = Dialect::PAYXPRESS.optional;
        let eager = Dialect {
            optional: caisse_transaction::OptionalFields { partial: true, ..optional },
            amount_digits: 12,
            ..Dialect::PAYXPRESS
        };
        let of = |dialect: &Dialect, reference, answered| format_reasons(dialect, reference, answered);
        assert_eq!(of(&eager, true, None), [OldVersion, Partial, PrivateData, PaddedAmount]);
        assert_eq!(of(&eager, false, Some(Version::V3_20)), [Partial, PaddedAmount]);
        assert_eq!(of(&Dialect::PAYXPRESS, false, Some(Version::V3_01)), [OldVersion]);
        assert_eq!(of(&Dialect::PAYXPRESS, false, Some(Version::V3_00)), [OldVersion]);
        let newer = Dialect { version: Version::V3_10, ..Dialect::INGENICO };
        assert_eq!(of(&newer, true, None), [OldVersion]);
        assert_eq!(of(&Dialect::INGENICO, true, None), []);
        let three = Dialect { amount_digits: 3, ..Dialect::INGENICO };
        assert_eq!(of(&three, false, None), [PaddedAmount]);
    }

    #[test]
    fn an_ingenico_is_known_by_its_version() {
        let better = |dialect: Dialect, answered| better_dialect(&dialect, answered).map(|it| it.name);
        assert_eq!(better(Dialect::PAYXPRESS, Some(Version::V3_01)), Some("ingenico"));
        assert_eq!(better(Dialect::NEPTING, Some(Version::V3_01)), Some("ingenico"));
        assert_eq!(better(Dialect::PAYXPRESS, Some(Version::V3_20)), None);
        assert_eq!(better(Dialect::PAYXPRESS, None), None);
        assert_eq!(better(Dialect::INGENICO, Some(Version::V3_01)), None);
    }

    #[test]
    fn codes_differ() {
        let codes: std::collections::BTreeSet<_> = FormatReason::ALL.map(FormatReason::code).into();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["bf", "cf", "padded_cb", "version"]);
    }
}
