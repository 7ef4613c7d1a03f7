//! The headlines of the operations that are no debit.

use crate::Text;

/// The headlines of one operation.
pub(crate) struct Words {
    pub(crate) approved: Text,
    pub(crate) partially: Text,
    pub(crate) declined: Text,
    pub(crate) cancelled: Text,
    pub(crate) unknown: Text,
    pub(crate) blocked: Text,
}

pub(crate) const CREDIT: Words = Words {
    approved: Text { fr: "Crédit accepté", en: "Credit approved" },
    partially: Text { fr: "Crédit accepté en partie", en: "Credit approved in part" },
    declined: Text { fr: "Crédit refusé", en: "Credit declined" },
    cancelled: Text { fr: "Crédit abandonné", en: "Credit cancelled" },
    unknown: Text {
        fr: "RÉSULTAT INCONNU, le client a peut-être été crédité",
        en: "OUTCOME UNKNOWN, the customer may have been credited",
    },
    blocked: Text {
        fr: "Crédit non commencé, rien n'a été envoyé",
        en: "Credit not begun, nothing was sent",
    },
};

pub(crate) const CANCELLATION: Words = Words {
    approved: Text { fr: "Annulation acceptée", en: "Cancellation approved" },
    partially: Text { fr: "Annulation acceptée en partie", en: "Cancellation approved in part" },
    declined: Text { fr: "Annulation refusée", en: "Cancellation declined" },
    cancelled: Text { fr: "Annulation abandonnée", en: "Cancellation abandoned" },
    unknown: Text {
        fr: "RÉSULTAT INCONNU, le débit est peut-être annulé",
        en: "OUTCOME UNKNOWN, the debit may have been cancelled",
    },
    blocked: Text {
        fr: "Annulation non commencée, rien n'a été envoyé",
        en: "Cancellation not begun, nothing was sent",
    },
};

pub(crate) const CHEQUE: Words = Words {
    approved: Text { fr: "Chèque accepté", en: "Cheque accepted" },
    partially: Text { fr: "Chèque accepté en partie", en: "Cheque accepted in part" },
    declined: Text { fr: "Chèque refusé", en: "Cheque declined" },
    cancelled: Text { fr: "Chèque abandonné", en: "Cheque cancelled" },
    unknown: Text {
        fr: "RÉSULTAT INCONNU, le chèque a peut-être été accepté",
        en: "OUTCOME UNKNOWN, the cheque may have been accepted",
    },
    blocked: Text {
        fr: "Chèque non commencé, rien n'a été envoyé",
        en: "Cheque not begun, nothing was sent",
    },
};

pub(crate) const DEFERRED_DEBIT: Words = Words {
    approved: Text { fr: "Débit différé accepté", en: "Deferred debit approved" },
    partially: Text { fr: "Débit différé accepté en partie", en: "Deferred debit approved in part" },
    declined: Text { fr: "Débit différé refusé", en: "Deferred debit declined" },
    cancelled: Text { fr: "Débit différé abandonné", en: "Deferred debit cancelled" },
    unknown: Text {
        fr: "RÉSULTAT INCONNU, le client a peut-être payé",
        en: "OUTCOME UNKNOWN, the customer may have paid",
    },
    blocked: Text {
        fr: "Débit différé non commencé, rien n'a été envoyé",
        en: "Deferred debit not begun, nothing was sent",
    },
};
