//! The applications that public documents name.

use caisse_payment::Text;

use super::Application;

/// An application that a public document names. The labels are HiPay's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownApplication {
    /// The value of CC.
    pub application: Application,
    /// What it is.
    pub label: Text,
    /// What another source says of it: who, and what.
    pub disagreement: Option<Text>,
}

const fn row(value: [u8; 3], fr: &'static str, en: &'static str) -> KnownApplication {
    KnownApplication { application: Application(value), label: Text { fr, en }, disagreement: None }
}

const fn disputed(row: KnownApplication, fr: &'static str, en: &'static str) -> KnownApplication {
    KnownApplication { disagreement: Some(Text { fr, en }), ..row }
}

/// The documented applications, in the order of their bytes. All come from HiPay's list but 00V, which OCA adds.
/// Which of them a till may force depends on the terminal.
///
/// ```
/// use caisse_codec::value::APPLICATIONS;
///
/// let disputed = APPLICATIONS.iter().filter(|row| row.disagreement.is_some()).count();
/// assert_eq!((APPLICATIONS.len(), disputed), (37, 5));
/// ```
pub const APPLICATIONS: &[KnownApplication] = &[
    row(*b"000", "indifférent", "indifferent"),
    row(*b"001", "CB (Visa, Mastercard) contact", "CB (Visa, Mastercard) contact"),
    row(*b"002", "American Express contact", "American Express contact"),
    row(*b"003", "CB Enseigne (paiement en plusieurs fois Cetelem)", "CB Enseigne (Cetelem instalments)"),
    row(*b"004", "Cetelem", "Cetelem"),
    row(*b"005", "Cofinoga", "Cofinoga"),
    row(*b"006", "Diners", "Diners"),
    row(*b"007", "PASS", "PASS"),
    row(*b"008", "Franfinance", "Franfinance"),
    row(*b"009", "JCB", "JCB"),
    row(*b"00A", "Banque Accord EMV", "Banque Accord EMV"),
    row(*b"00B", "CB sans contact", "CB contactless"),
    row(*b"00C", "chèque", "cheque"),
    row(*b"00D", "American Express sans contact", "American Express contactless"),
    disputed(row(*b"00E", "CONECS contact", "CONECS contact"), "OCA : CMCIC-Pay TPE", "OCA: CMCIC-Pay TPE"),
    row(*b"00F", "DCC (conversion de devise)", "DCC (currency conversion)"),
    disputed(
        row(*b"00G", "QuickPass", "QuickPass"),
        "OCA : UPI sans contact, Crédit Agricole",
        "OCA: UPI contactless, Crédit Agricole",
    ),
    row(*b"00I", "CPEI-EMV", "CPEI-EMV"),
    disputed(row(*b"00S", "SOFINCO", "SOFINCO"), "OCA : carte de magasin", "OCA: store card"),
    disputed(row(*b"00U", "UPI", "UPI"), "OCA : CUP", "OCA: CUP"),
    disputed(
        row(*b"00V", "ANCV (chèques-vacances)", "ANCV (holiday vouchers)"),
        "OCA seul, pour les demandes ; pas encore essayé sur un terminal",
        "OCA alone, for requests; not yet tried on a terminal",
    ),
    row(*b"101", "CB vente à distance", "CB distance sale"),
    row(*b"10E", "CONECS sans contact", "CONECS contactless"),
    row(*b"201", "quasi-espèces", "quasi-cash"),
    row(*b"301", "PLBS (location de biens et services)", "PLBS (rental of goods and services)"),
    row(*b"30F", "PLBS-DCC-GB", "PLBS-DCC-GB"),
    row(*b"401", "OPTALION (Crédit Lyonnais)", "OPTALION (Crédit Lyonnais)"),
    row(*b"501", "Cash-Agence", "Cash-Agence"),
    row(*b"601", "PNF (paiement en plusieurs fois, Crédit Mutuel)", "PNF (Crédit Mutuel instalments)"),
    row(*b"602", "P3F", "P3F"),
    row(*b"603", "OPTALION", "OPTALION"),
    row(*b"604", "Preauto-CM", "Preauto-CM"),
    row(*b"605", "PRCME", "PRCME"),
    row(*b"607", "paiement par QR code", "payment by QR code"),
    row(*b"608", "TOP3-3XCB", "TOP3-3XCB"),
    row(*b"609", "PNF-HPS", "PNF-HPS"),
    row(*b"701", "PPFCA (Crédit Agricole)", "PPFCA (Crédit Agricole)"),
];

impl Application {
    /// 000: indifferent.
    pub const ANY: Self = Self(*b"000");
    /// 00C: a cheque.
    pub const CHEQUE: Self = Self(*b"00C");

    /// What public documents say of it.
    ///
    /// ```
    /// use caisse_codec::Application;
    ///
    /// let contactless: Application = "00B".parse()?;
    /// assert_eq!(contactless.known().map(|row| row.label.en), Some("CB contactless"));
    /// assert_eq!("999".parse::<Application>()?.known(), None);
    /// # Ok::<(), caisse_codec::value::ValueError>(())
    /// ```
    #[must_use]
    pub fn known(&self) -> Option<&'static KnownApplication> {
        let row = APPLICATIONS.binary_search_by_key(&self.0, |row| row.application.0).ok()?;
        APPLICATIONS.get(row)
    }
}
