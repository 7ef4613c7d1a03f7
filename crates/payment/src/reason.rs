//! Why a transaction ended as it did: a code for programs and a sentence for the cashier in both languages.

use core::fmt;

/// A sentence in French and in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Text {
    /// In French.
    pub fr: &'static str,
    /// In English.
    pub en: &'static str,
}

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $fr:literal, $en:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable code: what JSON and the journal hold.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The sentence for the cashier.
            #[must_use]
            pub const fn text(self) -> Text {
                match self {
                    $(Self::$variant => Text { fr: $fr, en: $en },)*
                }
            }

            /// The reason that has this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text().en)
            }
        }
    };
}

reasons! {
    /// Why the terminal, the bank or the card holder said no: the two digits of tag AF, or a refusal that
    /// carries none. Codes 00 to 13 are those of public documents; what a terminal sends beyond them is
    /// [`Other`](Self::Other).
    Refusal {
        /// 00: the terminal does not say.
        Unspecified = "00", "Paiement non effectué, sans précision.", "Not performed; the terminal does not say why.";
        /// 02: the bank wants a telephone call.
        CallBank = "02", "La banque demande un appel téléphonique.", "The bank asks for a telephone call.";
        /// 03: the payment would have to be forced.
        Forcing = "03", "La banque demande un forçage.", "The bank asks for the payment to be forced.";
        /// 04: the bank said no.
        Refused = "04", "Paiement refusé par la banque.", "The bank refused the payment.";
        /// 05: not allowed for this card.
        Forbidden = "05", "Opération interdite pour cette carte.", "This operation is forbidden for this card.";
        /// 06: the card holder gave up.
        Abandoned = "06", "Abandon par le porteur de la carte.", "The card holder abandoned the payment.";
        /// 07: begun and not finished.
        NotCompleted = "07", "Transaction non aboutie.", "The transaction was not completed.";
        /// 08: nobody typed in time.
        InputTimeout = "08", "Délai de saisie dépassé sur le terminal.", "Nobody answered on the terminal in time.";
        /// 09: the terminal could not read the request.
        MessageFormat = "09", "Le terminal n'a pas compris la demande (format).", "The terminal could not read the request (format).";
        /// 10: a wrong choice on the terminal.
        Selection = "10", "Erreur de sélection sur le terminal.", "A wrong choice was made on the terminal.";
        /// 11: the operator gave up.
        OperatorAbandoned = "11", "Abandon par l'opérateur.", "The operator abandoned the payment.";
        /// 12: the terminal does not do this operation.
        UnknownOperation = "12", "Le terminal ne connaît pas cette opération.", "The terminal does not know this operation.";
        /// 13: the terminal does not take this currency.
        CurrencyNotSupported = "13", "Le terminal n'accepte pas cette devise.", "The terminal does not take this currency.";
        /// A person decided that nothing was paid. The terminal has refused nothing.
        DecidedNotPaid = "decided_not_paid", "Une personne a constaté que rien n'a été payé ; ce n'est pas un refus du terminal.", "A person decided that nothing was paid; the terminal has not refused it.";
        /// A code that no public document explains.
        Other = "other", "Paiement non effectué, code inconnu du terminal.", "Not performed; the terminal gave a code that is not documented.";
    }
}

reasons! {
    /// Why it is certain that nothing was sent.
    NotSent {
        /// Nobody listens at the address.
        ConnectionRefused = "connection_refused", "Le terminal refuse la connexion : est-il allumé, éveillé, sur le bon port ?", "The terminal refuses the connection: is it on, awake, and on this port?";
        /// No way to the address.
        Unreachable = "unreachable", "Le terminal est injoignable : vérifiez le réseau et l'adresse.", "The terminal cannot be reached: check the network and the address.";
        /// No connection in time.
        ConnectTimedOut = "connect_timed_out", "Le terminal ne répond pas à la connexion : est-il allumé et éveillé ?", "The terminal does not answer the connection: is it on and awake?";
        /// The name of the terminal has no address.
        NameNotResolved = "name_not_resolved", "Le nom du terminal n'a pas d'adresse.", "The name of the terminal has no address.";
        /// The connection failed in another way.
        ConnectFailed = "connect_failed", "La connexion au terminal a échoué.", "The connection to the terminal failed.";
        /// The connection closed before the request left.
        ClosedBeforeSend = "closed_before_send", "Le terminal a fermé la connexion avant la demande.", "The terminal closed the connection before the request was sent.";
        /// Bytes came before the request was sent: they are not its answer.
        UnexpectedBytes = "unexpected_bytes", "Le terminal a parlé avant la demande : réponse d'une autre transaction ?", "The terminal spoke before it was asked: an answer to another transaction?";
        /// The system took no byte of the request.
        SendFailed = "send_failed", "La demande n'a pas pu partir.", "The request could not be sent.";
        /// No such port.
        PortMissing = "port_missing", "Le port série n'existe pas : le câble est-il branché ?", "There is no such port: is the cable plugged in?";
        /// Another program holds the port.
        PortBusy = "port_busy", "Un autre programme occupe le port série.", "Another program holds the port.";
        /// The port may not be opened.
        PortForbidden = "port_forbidden", "Le système refuse l'accès au port série (droits).", "The system does not give access to the port (permissions).";
        /// What the address names is no serial port.
        NotAPort = "not_a_port", "Ce chemin n'est pas un port série.", "This path is not a serial port.";
        /// Nobody answered when the till asked for the line.
        NoAnswerToEnquiry = "no_answer_to_enquiry", "Le terminal ne répond pas sur la ligne : allumé, en veille, occupé, protocole caisse activé ?", "The terminal does not answer on the line: is it on, awake, idle, and its till protocol enabled?";
        /// The terminal refused when the till asked for the line.
        LineRefused = "line_refused", "Le terminal refuse la session : il est occupé.", "The terminal refuses the session: it is busy.";
        /// The payment app is not there.
        PaymentAppMissing = "payment_app_missing", "L'application de paiement n'est pas installée sur cet appareil.", "The payment app is not installed on this device.";
        /// Android does not let the till start the payment app.
        LaunchRefused = "launch_refused", "Android refuse d'ouvrir l'application de paiement.", "Android does not let the till open the payment app.";
        /// The till was told to stop before the request left.
        Cancelled = "cancelled_by_till", "Annulé à la caisse avant l'envoi.", "Cancelled at the till before anything was sent.";
    }
}

reasons! {
    /// Why the outcome cannot be told: what the till saw.
    Doubt {
        /// The connection broke while the request was leaving.
        SendBroken = "send_broken", "La liaison s'est coupée pendant l'envoi.", "The line broke while the request was being sent.";
        /// No answer in time.
        Silence = "silence", "Le terminal n'a pas répondu à temps.", "The terminal did not answer in time.";
        /// Closed without any answer.
        ClosedWithoutAnswer = "closed_without_answer", "Le terminal a fermé la connexion sans répondre.", "The terminal closed the connection without an answer.";
        /// The answer ends before what decides.
        AnswerCut = "answer_cut", "La réponse est coupée avant l'essentiel.", "The answer was cut before the part that decides.";
        /// The answer is not a message of the protocol.
        AnswerMalformed = "answer_malformed", "La réponse n'est pas lisible.", "The answer cannot be read.";
        /// The answer is longer than any message.
        AnswerTooLong = "answer_too_long", "La réponse est trop longue.", "The answer is too long.";
        /// The answer says two things at once.
        Contradiction = "contradiction", "La réponse se contredit.", "The answer contradicts itself.";
        /// The answer has no status.
        StatusMissing = "status_missing", "La réponse ne dit pas si le paiement est fait.", "The answer does not say whether the payment was made.";
        /// A status that no public document explains.
        StatusUnknown = "status_unknown", "La réponse porte un état inconnu.", "The answer has an unknown status.";
        /// Taken into account, not finished.
        Taken = "taken", "Le terminal a pris la demande mais n'en dit pas la fin.", "The terminal took the request but does not say how it ended.";
        /// Not performed, without a reason that can be read.
        RefusalWithoutReason = "refusal_without_reason", "Le terminal dit non sans motif lisible.", "The terminal says no, without a reason that can be read.";
        /// Not performed and yet authorised.
        RefusedYetAuthorised = "refused_yet_authorised", "Réponse négative, mais avec autorisation.", "A negative answer that carries an authorisation.";
        /// Approved without the whole echo.
        EchoMissing = "echo_missing", "La réponse ne rappelle pas toute la demande.", "The answer does not repeat the whole request.";
        /// Another register's answer.
        RegisterDiffers = "register_differs", "La réponse concerne une autre caisse.", "The answer is for another register.";
        /// Another operation's answer.
        OperationDiffers = "operation_differs", "La réponse concerne une autre opération.", "The answer is for another operation.";
        /// Another currency.
        CurrencyDiffers = "currency_differs", "La réponse est dans une autre devise.", "The answer is in another currency.";
        /// Refused for another amount.
        AmountDiffers = "amount_differs", "La réponse porte un autre montant.", "The answer has another amount.";
        /// Approved for more than was asked.
        AmountHigher = "amount_higher", "Le montant accepté dépasse la demande.", "The approved amount is higher than the one asked for.";
        /// Approved for nothing.
        AmountZero = "amount_zero", "Le montant accepté est nul.", "The approved amount is zero.";
        /// Approved for less although the till did not allow it.
        PartialNotAllowed = "partial_not_allowed", "Montant partiel accepté sans que la caisse l'ait permis.", "A part of the amount was approved although the till did not allow it.";
        /// The terminal refused the message (NAK) and said nothing after that.
        MessageRefused = "message_refused", "Le terminal a rejeté le message sur la ligne, puis s'est tu.", "The terminal refused the message on the line and then fell silent.";
        /// Nothing acknowledged the message, and nothing came after that.
        NotAcknowledged = "not_acknowledged", "Le terminal n'a pas accusé réception, puis s'est tu.", "The terminal did not acknowledge the message and then fell silent.";
        /// The line broke while the till waited.
        LineLost = "line_lost", "La ligne s'est coupée pendant l'attente de la réponse.", "The line was lost while the till waited for the answer.";
        /// The answer may be that of an earlier transaction, which the line was still busy with.
        PerhapsEarlier = "perhaps_earlier", "La réponse peut être celle d'une transaction précédente.", "The answer may be an earlier transaction's.";
        /// The answer names another transaction.
        ReferenceDiffers = "reference_differs", "La réponse porte une autre référence.", "The answer has another reference.";
        /// The payment app came back without a result: it was closed, or it failed, perhaps after the payment.
        NoResult = "no_result", "L'application de paiement est revenue sans résultat.", "The payment app came back without a result.";
        /// The payment app found the request's parameters wrong.
        InvalidParameters = "invalid_parameters", "L'application de paiement juge la demande incorrecte.", "The payment app says that the request is not valid.";
        /// The payment app was busy, perhaps with this very payment.
        PaymentAppBusy = "payment_app_busy", "L'application de paiement est déjà occupée, peut-être par ce paiement.", "The payment app is busy already, perhaps with this payment.";
        /// The payment app went into the background.
        InBackground = "in_background", "L'application de paiement est passée à l'arrière-plan.", "The payment app went into the background.";
        /// The payment app failed without saying why.
        PaymentAppError = "payment_app_error", "L'application de paiement signale une erreur sans précision.", "The payment app reports an error and does not say which.";
        /// The payment app has seen the reference before.
        ReferenceExists = "reference_exists", "L'application de paiement connaît déjà cette référence.", "The payment app knows this reference already.";
        /// The payment app did not finish the transaction.
        NotFinished = "not_finished", "L'application de paiement n'a pas terminé la transaction.", "The payment app did not finish the transaction.";
        /// The payment app waited too long.
        PaymentAppTimedOut = "payment_app_timed_out", "L'application de paiement signale un délai dépassé.", "The payment app reports a time-out.";
        /// No public document tells what this answer means.
        Undocumented = "undocumented", "Aucun document public n'explique cette réponse.", "No public document explains this answer.";
        /// The till stopped in between.
        Interrupted = "interrupted", "La caisse s'est arrêtée pendant la transaction.", "The till stopped during the transaction.";
        /// Proof that came later contradicts the recorded end, which was no approval.
        Disputed = "disputed", "Une preuve venue plus tard contredit l'issue enregistrée : une personne doit vérifier.", "Proof that came later contradicts the recorded outcome: a person has to look.";
        /// The file of the journal was damaged, and the outcome was lost with it. A person has to look.
        Salvaged = "salvaged", "Le fichier du journal était endommagé et l'issue est perdue : une personne doit vérifier.", "The file of the journal was damaged and the outcome was lost: a person has to look.";
        /// The operator stopped waiting.
        GivenUp = "given_up", "L'attente a été interrompue à la caisse.", "The till was told to stop waiting.";
    }
}

reasons! {
    /// Why the till refuses to begin. Except for [`InFlightElsewhere`](Self::InFlightElsewhere), nothing was sent.
    Blocked {
        /// Another payment runs on this terminal.
        Busy = "busy", "Un autre paiement est en cours sur ce terminal.", "Another payment is running on this terminal.";
        /// The transaction of this very id is under way, in another process or till: its request may have been sent.
        InFlightElsewhere = "in_flight_elsewhere", "Cette même opération est déjà en cours : son résultat n'est pas encore connu.", "This very transaction is already under way: its outcome is not known yet.";
        /// An earlier transaction has no known end.
        Unresolved = "unresolved", "Une transaction précédente n'est pas élucidée sur ce terminal : réglez-la d'abord.", "An earlier transaction on this terminal is not resolved: settle it first.";
        /// The id belongs to another transaction.
        IdConflict = "id_conflict", "Cet identifiant désigne déjà une autre transaction.", "This id already names another transaction.";
        /// A cancellation or a linked credit names no transaction, and no operator took responsibility.
        OriginalMissing = "original_missing", "L'annulation doit désigner la transaction d'origine, ou être demandée par un responsable.", "A cancellation names its original, or an operator takes responsibility for it.";
        /// The journal does not know the original as one that was approved, on this terminal, for this operation.
        OriginalNotApproved = "original_not_approved", "Le journal ne connaît pas cette transaction d'origine comme acceptée sur ce terminal.", "The journal does not know this original as approved on this terminal.";
        /// Something else was sent to the terminal since the original, or others use the terminal too.
        OriginalNotLast = "original_not_last", "La transaction d'origine n'est pas sûrement la dernière de ce terminal.", "The original is not certainly the last transaction of this terminal.";
        /// Money is given back in the currency in which it was paid.
        OriginalCurrencyDiffers = "original_currency_differs", "La transaction d'origine a été payée dans une autre devise.", "The original was paid in another currency.";
        /// A cancellation is for the whole amount of its original.
        OriginalAmountDiffers = "original_amount_differs", "Une annulation porte sur le montant entier de la transaction d'origine.", "A cancellation is for the whole amount of its original.";
        /// Earlier credits and this one are more than the original.
        CreditExceedsOriginal = "credit_exceeds_original", "Les crédits dépasseraient le montant d'origine.", "The credits would exceed the amount of the original.";
        /// A result of an undecided time may still come for the same register, amount and currency.
        LateResultPossible = "late_result_possible", "Un résultat tardif du même montant peut encore arriver sur la ligne.", "A late result of the same amount may still come on the line.";
        /// The journal cannot be read or written.
        JournalUnavailable = "journal_unavailable", "Le journal ne peut pas être lu ou écrit : sans lui, aucun paiement.", "The journal cannot be read or written: no payment without it.";
        /// The journal's file was moved, replaced or restored, or a second path leads to it.
        JournalReplaced = "journal_replaced", "Le fichier du journal a été déplacé, remplacé ou restauré, ou a un second chemin : aucun paiement avant vérification.", "The journal's file was moved, replaced or restored, or has a second path: no payment before it is checked.";
    }
}

/// What a person has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Find out on the terminal whether the customer paid, and record it.
    CheckTerminal,
    /// Telephone the bank.
    CallBank,
    /// Take the rest of the money in another way.
    CollectRest,
    /// Settle the earlier transaction.
    ResolveEarlier,
    /// Let the running payment end.
    WaitForOther,
    /// Let the first attempt of the same id end, then ask for its outcome under that id.
    WaitForFirstAttempt,
    /// Let the time pass in which a late result may come, or take the money in another way.
    WaitForLateResult,
    /// Use another id.
    UseNewId,
    /// Look at the original transaction.
    CheckOriginal,
    /// Have the journal seen to.
    RepairJournal,
}

impl Duty {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CheckTerminal => "check_terminal",
            Self::CallBank => "call_bank",
            Self::CollectRest => "collect_rest",
            Self::ResolveEarlier => "resolve_earlier",
            Self::WaitForOther => "wait_for_other",
            Self::WaitForFirstAttempt => "wait_for_first_attempt",
            Self::WaitForLateResult => "wait_for_late_result",
            Self::UseNewId => "use_new_id",
            Self::CheckOriginal => "check_original",
            Self::RepairJournal => "repair_journal",
        }
    }

    /// The sentence for the cashier.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::CheckTerminal => Text {
                fr: "N'encaissez pas une seconde fois. Regardez l'écran et le dernier ticket du terminal, puis notez si le client a payé.",
                en: "Do not take the payment again. Look at the terminal's screen and its last ticket, then record whether the customer paid.",
            },
            Self::CallBank => Text {
                fr: "Appelez le centre d'autorisation de la banque.",
                en: "Call the bank's authorisation centre.",
            },
            Self::CollectRest => Text {
                fr: "Encaissez le reste par un autre moyen.",
                en: "Take the rest of the money in another way.",
            },
            Self::WaitForOther => {
                Text { fr: "Attendez la fin de l'autre paiement.", en: "Wait for the other payment to end." }
            }
            Self::WaitForFirstAttempt => Text {
                fr: "N'encaissez pas une seconde fois. Attendez la fin de l'opération sur le terminal, puis redemandez son résultat sous le même identifiant.",
                en: "Do not take the payment again. Wait until the terminal has finished, then ask for the outcome under the same id.",
            },
            Self::WaitForLateResult => Text {
                fr: "Attendez jusqu'à cinq minutes avant de réessayer, ou encaissez par un autre moyen.",
                en: "Wait up to five minutes before trying again, or take another means of payment.",
            },
            Self::UseNewId => Text {
                fr: "Encaissez sous un nouvel identifiant, si ce client n'a pas déjà payé.",
                en: "Take the payment under a new id, if this customer has not paid already.",
            },
            Self::CheckOriginal => Text {
                fr: "Vérifiez le ticket d'origine. Sans preuve dans le journal, un responsable doit l'ordonner à son nom.",
                en: "Check the original's ticket. Without proof in the journal a person in charge has to order it in their name.",
            },
            Self::RepairJournal => Text {
                fr: "Appelez la personne qui s'occupe de la caisse : disque, droits ou fichier du journal.",
                en: "Call the person in charge of the till: the disk, the rights or the file of the journal.",
            },
            Self::ResolveEarlier => Text {
                fr: "Vérifiez la transaction précédente sur le terminal, puis notez-en le résultat dans le journal.",
                en: "Check the earlier transaction on the terminal, then record its outcome in the journal.",
            },
        }
    }
}
