//! What can be wrong between till and terminal: a code, what it means, and what to do.

use caisse_payment::Text;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal {
        fr: $meaning_fr:literal, $advice_fr:literal;
        en: $meaning_en:literal, $advice_en:literal;
    })*) => {
        /// What is wrong. `docs/doctor.md` has them all side by side.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code: what JSON holds.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> Text {
                match self {
                    $(Self::$name => Text { fr: $meaning_fr, en: $meaning_en },)*
                }
            }

            /// What to do about it.
            #[must_use]
            pub const fn advice(self) -> Text {
                match self {
                    $(Self::$name => Text { fr: $advice_fr, en: $advice_en },)*
                }
            }
        }
    };
}

faults! {
    /// The journal cannot be opened, read or locked.
    JournalUnusable = "journal_unusable" {
        fr: "Sans le journal, on ne peut pas savoir si un paiement est en cours : rien n'a été demandé au terminal.",
            "Réparez le journal (`caisse journal FICHIER list` dit ce qui ne va pas) ou indiquez-en un autre avec --journal.";
        en: "Without the journal nobody can tell whether a payment is running: the terminal was not asked anything.",
            "Repair the journal (`caisse journal FILE list` says what is wrong) or name another one with --journal.";
    }
    /// A payment, or another probe, holds the terminal's lock.
    InUse = "in_use" {
        fr: "Un paiement, ou une autre commande, utilise ce terminal en ce moment : il n'a pas été dérangé.",
            "Attendez la fin du paiement, puis recommencez.";
        en: "A payment, or another command, is using this terminal now: it was not disturbed.",
            "Wait for the payment to end, then try again.";
    }
    /// An earlier transaction has no known end.
    Unresolved = "unresolved" {
        fr: "L'issue d'une transaction précédente est inconnue : ce terminal n'acceptera aucun paiement avant qu'elle soit réglée.",
            "Regardez le terminal et son ticket, puis `caisse journal FICHIER resolve`.";
        en: "How an earlier transaction ended is not known: this terminal takes no payment until that is settled.",
            "Look at the terminal and its receipt, then `caisse journal FILE resolve`.";
    }
    /// The name of the host has no address.
    NameNotResolved = "name_not_resolved" {
        fr: "Le nom du terminal n'a pas d'adresse sur ce réseau.",
            "Vérifiez l'orthographe, ou donnez l'adresse IP que le terminal affiche dans son menu réseau ; une adresse fixe est conseillée.";
        en: "The name of the terminal has no address on this network.",
            "Check its spelling, or give the IP address that the terminal shows in its network menu; a fixed address is advised.";
    }
    /// Nobody listens on that port.
    Refused = "refused" {
        fr: "L'appareil existe mais n'écoute pas sur ce port : la connexion caisse est désactivée, le port est un autre, ou le terminal est en veille (mode ECO).",
            "Réveillez le terminal, activez « Connexion Caisse » en IP dans son menu, et comparez le port.";
        en: "The device is there but does not listen on this port: its till connection is off, the port is another one, or it sleeps (ECO mode).",
            "Wake the terminal, switch its \"Connexion Caisse\" on for IP in its menu, and compare the port.";
    }
    /// There is no way to the address.
    Unreachable = "unreachable" {
        fr: "Aucun chemin ne mène à cette adresse : terminal éteint, débranché, ou sur un autre réseau.",
            "Vérifiez le câble ou le Wi-Fi du terminal et que la caisse est sur le même réseau.";
        en: "No way leads to this address: the terminal is off, unplugged, or on another network.",
            "Check the terminal's cable or Wi-Fi, and that the till is on the same network.";
    }
    /// No connection in time.
    TimedOut = "timed_out" {
        fr: "Rien ne répond à cette adresse : terminal en veille ou éteint, adresse qui a changé, ou pare-feu.",
            "Réveillez le terminal, comparez l'adresse IP qu'il affiche, et autorisez la caisse dans le pare-feu.";
        en: "Nothing answers at this address: the terminal sleeps or is off, its address has changed, or a firewall is in between.",
            "Wake the terminal, compare the IP address that it shows, and let the till through the firewall.";
    }
    /// The connection failed in another way.
    ConnectFailed = "connect_failed" {
        fr: "La connexion n'a pas pu s'ouvrir, sans raison connue du système.",
            "Redémarrez le terminal et vérifiez le câble, puis recommencez.";
        en: "The connection did not open, for no reason that the system names.",
            "Restart the terminal and check the cable, then try again.";
    }
    /// Another of the usual ports is open on the same host.
    OtherPort = "other_port" {
        fr: "Sur le même appareil, quelque chose écoute sur un autre port habituel des terminaux.",
            "Comparez avec le port affiché par le terminal, puis essayez cette adresse.";
        en: "On the same host something listens on another port that terminals use.",
            "Compare with the port that the terminal shows, then try this address.";
    }
    /// A web server, a server of TLS or SSH, or something else.
    NotATerminal = "not_a_terminal" {
        fr: "Ce n'est pas un terminal de paiement qui répond sur ce port.",
            "Vérifiez l'adresse et le port : 8888 est l'usage ; Caisse-AP n'utilise ni HTTP ni TLS.";
        en: "What answers on this port is no payment terminal.",
            "Check address and port: 8888 is usual; Caisse-AP uses neither HTTP nor TLS.";
    }
    /// The terminal speaks with ENQ and STX where bare fields were expected.
    Framed = "framed" {
        fr: "Le terminal parle en trames (ENQ, STX) là où un message nu était attendu : ce que certains menus nomment « Concert V3 IP » est en fait l'ancien protocole (V2, E ou E+).",
            "Réglez le terminal sur Concert V3 (3.x), ou donnez à la caisse --dialect concert-e-plus.";
        en: "The terminal speaks in frames (ENQ, STX) where a bare message was expected: what some menus call \"Concert V3 IP\" is the older protocol (V2, E or E+).",
            "Set the terminal to Concert V3 (3.x), or give the till --dialect concert-e-plus.";
    }
    /// Bare fields where frames were expected.
    Bare = "bare" {
        fr: "Le terminal répond en 3.x là où le dialecte choisi attend des trames (E ou E+).",
            "Donnez un dialecte 3.x : --dialect payxpress, ingenico ou nepting.";
        en: "The terminal answers in 3.x where the dialect that was named expects frames (E or E+).",
            "Name a 3.x dialect: --dialect payxpress, ingenico or nepting.";
    }
    /// Speed, bits or parity differ.
    LineSettings = "line_settings" {
        fr: "La ligne n'est pas réglée comme le terminal : ce qui est reçu a une autre parité ou une autre vitesse.",
            "Mettez ces réglages dans l'adresse, ou ceux de la caisse dans le menu du terminal.";
        en: "The line is not set as the terminal's is: what comes has another parity or speed.",
            "Put these settings into the address, or the till's into the menu of the terminal.";
    }
    /// Bytes that are no protocol.
    Noise = "noise" {
        fr: "Ce qui arrive sur la ligne ne ressemble à aucun protocole connu : vitesse fausse, câble, ou autre appareil.",
            "Comparez vitesse et format (9600 7E1 d'usage) avec le menu du terminal, et vérifiez que c'est bien son port.";
        en: "What comes on the line looks like no protocol known here: a wrong speed, the cable, or another device.",
            "Compare speed and format (9600 7E1 is usual) with the menu of the terminal, and that this is its port.";
    }
    /// The terminal speaks another version or generation than the dialect.
    WrongDialect = "wrong_dialect" {
        fr: "Le terminal ne parle pas comme ce dialecte : ses demandes seraient refusées ou mal lues.",
            "Choisissez le dialecte proposé, ou celui que l'installateur du terminal indique.";
        en: "The terminal does not speak as this dialect does: its requests would be refused or misread.",
            "Choose the dialect that is proposed, or the one that the terminal's installer names.";
    }
    /// There is no such port.
    PortMissing = "port_missing" {
        fr: "Ce port n'existe pas : câble débranché, terminal éteint, ou nom qui a changé.",
            "Branchez et allumez le terminal, puis choisissez dans la liste des ports ; sous Linux un nom de /dev/serial/by-id ne change pas.";
        en: "There is no such port: the cable is out, the terminal off, or the name has changed.",
            "Plug in and switch on the terminal, then choose from the list of ports; on Linux a name in /dev/serial/by-id does not change.";
    }
    /// Another program has the port.
    PortBusy = "port_busy" {
        fr: "Un autre programme tient ce port : une autre caisse, un moniteur série, ou ModemManager sous Linux.",
            "Fermez l'autre programme ; un port ne sert qu'à une caisse.";
        en: "Another program holds this port: another till, a serial monitor, or ModemManager on Linux.",
            "Close the other program; a port serves one till only.";
    }
    /// No permission.
    PortForbidden = "port_forbidden" {
        fr: "Le système ne laisse pas cet utilisateur ouvrir le port.",
            "Sous Linux, ajoutez l'utilisateur au groupe dialout (`sudo usermod -aG dialout UTILISATEUR`), puis ouvrez une nouvelle session.";
        en: "The system does not let this user open the port.",
            "On Linux add the user to the group dialout (`sudo usermod -aG dialout USER`), then log in again.";
    }
    /// Not a serial port.
    NotAPort = "not_a_port" {
        fr: "Ce chemin existe et n'est pas un port série.",
            "Choisissez dans la liste des ports.";
        en: "This path exists and is not a serial port.",
            "Choose from the list of ports.";
    }
    /// AF=09.
    FormatError = "format_error" {
        fr: "Le terminal n'a pas compris la demande (AF=09). Le format, pas la carte, est en cause.",
            "Corrigez les causes probables une à une, la première d'abord. D'autres caisses l'ont eu pour un CJ absent : celle-ci l'envoie toujours.";
        en: "The terminal could not read the request (AF=09). It is the format, not the card.",
            "Remove the likely causes one by one, the first first. Other tills had it for a missing CJ: this one always sends it.";
    }
    /// The terminal says that it is busy, or cannot now.
    Busy = "busy" {
        fr: "Le terminal est là mais occupé : menu ouvert, transaction en cours, ou application de paiement à l'arrière-plan.",
            "Ramenez le terminal à son écran d'accueil, puis recommencez.";
        en: "The terminal is there and busy: a menu is open, a transaction is running, or its payment application is in the background.",
            "Bring the terminal back to its idle screen, then try again.";
    }
    /// It asks for the line.
    ResultWaiting = "result_waiting" {
        fr: "Le terminal demande la ligne : il a un résultat à donner, peut-être celui d'un paiement.",
            "Ne recommencez pas le paiement ; laissez la caisse le lire (`caisse journal FICHIER recover`).";
        en: "The terminal asks for the line: it has a result to tell, perhaps of a payment.",
            "Do not pay again; let the till read it (`caisse journal FILE recover`).";
    }
    /// Nothing answers ENQ.
    NoAnswerToEnquiry = "no_answer_to_enquiry" {
        fr: "Personne ne répond sur la ligne : terminal éteint, en veille ou occupé, protocole caisse désactivé, autre port ou autre vitesse.",
            "Réveillez le terminal, ramenez-le à l'accueil, activez le protocole caisse (Concert) sur USB ou série, et vérifiez la vitesse.";
        en: "Nobody answers on the line: the terminal is off, asleep or busy, its till protocol is off, or it is another port or speed.",
            "Wake the terminal, bring it to its idle screen, switch its till protocol (Concert) on for USB or serial, and check the speed.";
    }
    /// It took the message and said nothing.
    NoAnswer = "no_answer" {
        fr: "La liaison s'ouvre mais rien ne répond : application de paiement arrêtée, connexion à moitié fermée, ou autre appareil.",
            "Redémarrez le terminal ; s'il est bien à l'accueil, essayez un autre dialecte.";
        en: "The line opens but nothing answers: its payment application has stopped, the connection is half open, or it is another device.",
            "Restart the terminal; if it is at its idle screen, try another dialect.";
    }
    /// It closed the connection without an answer.
    ClosedWithoutAnswer = "closed_without_answer" {
        fr: "La liaison a été coupée sans réponse : terminal occupé, protocole différent, ou câble débranché.",
            "Ramenez le terminal à l'accueil et vérifiez le câble ; si cela dure, essayez un autre dialecte.";
        en: "The line was cut without an answer: the terminal is busy, speaks another protocol, or the cable was pulled.",
            "Bring the terminal to its idle screen and check the cable; if it goes on, try another dialect.";
    }
    /// The answer broke off, or cannot be sent for.
    BadAnswer = "bad_answer" {
        fr: "Une réponse est venue, coupée ou étrangère à la question : la liaison perd des octets, ou un autre résultat traînait.",
            "Recommencez ; si cela dure, changez de câble ou de borne Wi-Fi.";
        en: "An answer came that was cut or belongs to something else: the line loses bytes, or another result was left on it.",
            "Try again; if it goes on, change the cable or the Wi-Fi access point.";
    }
    /// The message could not be sent.
    SendFailed = "send_failed" {
        fr: "Rien n'a pu partir : la liaison s'est coupée, ou le port n'accepte rien.",
            "Vérifiez le câble et recommencez.";
        en: "Nothing could be sent: the line broke, or the port takes nothing.",
            "Check the cable and try again.";
    }
    /// A stop was asked for before the examination was complete.
    Stopped = "stopped" {
        fr: "L'examen a été interrompu : ce qui n'a pas été constaté n'est pas pour autant en ordre.",
            "Relancez-le.";
        en: "The examination was stopped: what was not found by then may be wrong all the same.",
            "Run it again.";
    }
}
