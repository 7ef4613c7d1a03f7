//! The examination of one terminal.

use std::ops::ControlFlow;
use std::time::Duration;

use caisse_codec::Status;
use caisse_codec::wire::Generation;
use caisse_hal::Address;
use caisse_journal::{Journal, LockError, TerminalLock};
use caisse_payment::{NotSent, Refusal};
use caisse_transaction::{Dialect, Duplicata};

use super::format::{self, format_reasons};
use super::{Fault, Finding, Port, Words, ports, serial, tcp};
use crate::probe::{self, Probe, Reply, Voice};

/// What an examination found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Examination {
    /// What is wrong, as it was found.
    pub findings: Vec<Finding>,
    /// What works.
    pub works: Vec<Words>,
    /// The serial ports of this machine, for a terminal that is on one.
    pub ports: Vec<Port>,
}

/// How long a line of eight bits is listened to: longer than the 3 s after which a terminal that has not understood our
/// EOT drops the session.
const LISTEN: Duration = Duration::from_secs(4);

/// Finds out what is wrong between this machine and the terminal that the probe is for. Under the lock of the terminal it
/// asks, at most, for its identification, and only where that is allowed: no money can come of it. On TCP the other usual
/// ports of the same host are tried for a connection, without a byte; on a serial line that is silent, the other usual
/// speeds with ENQ and EOT. Nothing else is scanned.
///
/// ```
/// use caisse::MemoryJournal;
/// use caisse::doctor::{Fault, examine};
/// use caisse::probe::Probe;
///
/// let probe = Probe::new("serial:/dev/no-such-port".parse()?)?;
/// let examination = examine(probe, &mut MemoryJournal::new());
/// assert_eq!(examination.findings[0].fault, Fault::PortMissing);
/// assert!(!examination.is_healthy());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn examine(probe: Probe, journal: &mut dyn Journal) -> Examination {
    let mut examination = Examination::default();
    if matches!(probe.address(), Address::Serial(_)) {
        examination.ports = ports();
    }
    let lock = match probe.lock(journal) {
        Ok(lock) => lock,
        Err(error) => {
            let fault = if error == LockError::Busy { Fault::InUse } else { Fault::JournalUnusable };
            let id = probe.terminal();
            let seen = Words::new(
                format_args!("le verrou du terminal {id} n'est pas libre"),
                format_args!("terminal {id}: {error}"),
            );
            examination.findings.push(Finding::new(fault, seen));
            return examination;
        }
    };
    examination.works("aucun paiement en cours sur ce terminal", "no payment is running on this terminal");
    examination.look_into(journal, &probe);
    let question = probe.greeting(journal);
    let mut probe = probe.listen(LISTEN);
    let resolved = match probe.address().clone() {
        Address::Tcp(address) => tcp::resolve(&address, &mut examination),
        Address::Serial(_) => true,
    };
    if resolved {
        match probe.ask(journal, &lock, question) {
            Ok(reply) => {
                examination.judge(&mut probe, &lock, journal, &reply);
                if probe.is_stopped() || reply.finding == probe::Finding::GivenUp {
                    examination.find(
                        Fault::Stopped,
                        "l'examen n'est pas allé à son terme",
                        "the examination did not come to its end",
                    );
                }
            }
            Err(error) => {
                // The greeting is a question that can be put, and the lock this terminal's.
                let seen = Words::new(error, error);
                examination.findings.push(Finding::new(Fault::SendFailed, seen));
            }
        }
    }
    examination
}

impl Examination {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn works(&mut self, fr: impl std::fmt::Display, en: impl std::fmt::Display) {
        self.works.push(Words::new(fr, en));
    }

    pub(super) fn find(&mut self, fault: Fault, fr: impl std::fmt::Display, en: impl std::fmt::Display) {
        self.findings.push(Finding::new(fault, Words::new(fr, en)));
    }

    pub(super) fn propose(
        &mut self,
        fault: Fault,
        fr: impl std::fmt::Display,
        en: impl std::fmt::Display,
        attempt: impl std::fmt::Display,
    ) {
        self.findings.push(Finding::new(fault, Words::new(fr, en)).attempt(attempt));
    }

    /// What the journal knows: something unresolved, or a last payment that was refused for its format.
    fn look_into(&mut self, journal: &dyn Journal, probe: &Probe) {
        let place = probe.place();
        let mut last = None;
        let walked = journal.walk_back(&place, &mut |record| {
            last = Some(record.clone());
            ControlFlow::Break(())
        });
        let open = match walked.and_then(|()| journal.unresolved_at(&place)) {
            Ok(open) => open,
            Err(error) => return self.find(Fault::JournalUnusable, &error, &error),
        };
        for record in open {
            let id = record.id();
            self.find(
                Fault::Unresolved,
                format_args!("la transaction {id} n'a pas d'issue connue"),
                format_args!("transaction {id} has no known end"),
            );
        }
        let Some(last) = last.filter(format::was_refused) else { return };
        let (id, dialect) = (last.id(), last.transaction().dialect);
        let seen = Words::new(
            format_args!("le dernier paiement ({id}, dialecte {dialect}) a été refusé : AE=01, AF=09"),
            format_args!("the last payment ({id}, dialect {dialect}) was refused: AE=01, AF=09"),
        );
        let spoken = dialect.as_str().parse().unwrap_or(probe.config().dialect);
        let reference = last.transaction().reference.is_some();
        let reasons = format_reasons(&spoken, reference, None);
        self.findings.push(Finding { reasons, ..Finding::new(Fault::FormatError, seen) });
    }

    /// What the terminal's reply means.
    fn judge(&mut self, probe: &mut Probe, lock: &TerminalLock, journal: &dyn Journal, reply: &Reply) {
        let on_tcp = matches!(probe.address(), Address::Tcp(_));
        if let probe::Finding::NotOpened(reason) = reply.finding {
            return self.not_opened(probe, journal, reason);
        }
        if on_tcp {
            self.works("le terminal accepte la connexion", "the terminal accepts the connection");
        } else {
            self.works("le port s'ouvre", "the port opens");
        }
        let voice_told = self.judge_voice(probe, reply);
        match reply.finding {
            probe::Finding::Answered(status) => self.judge_answer(probe, reply, status),
            probe::Finding::Granted => {
                self.works(
                    "le terminal accepte la session (ENQ, ACK)",
                    "the terminal grants a session (ENQ, ACK)",
                );
                if !on_tcp && !probe.config().named {
                    self.works(
                        "sans --dialect, sur une ligne série, rien d'autre n'est demandé",
                        "without --dialect nothing more is asked on a serial line",
                    );
                }
            }
            // What was heard says it better.
            _ if voice_told => {}
            probe::Finding::LineRefused => {
                self.find(Fault::Busy, "ENQ refusé (NAK)", "ENQ was refused (NAK)");
            }
            probe::Finding::Calling => {
                self.find(
                    Fault::ResultWaiting,
                    "le terminal envoie ENQ de lui-même",
                    "the terminal sends ENQ by itself",
                );
            }
            probe::Finding::EnquiryUnanswered if on_tcp => {
                self.find(Fault::NoAnswer, "rien ne répond à ENQ", "nothing answers ENQ");
            }
            probe::Finding::EnquiryUnanswered => {
                if !serial::try_speeds(self, probe, lock) && !probe.is_stopped() {
                    self.find(Fault::NoAnswerToEnquiry, "rien ne répond à ENQ", "nothing answers ENQ");
                }
            }
            probe::Finding::MessageRefused => self.propose(
                Fault::WrongDialect,
                "ENQ accepté, puis le message 3.x refusé (NAK ou EOT)",
                "ENQ was acknowledged, then the 3.x message refused (NAK or EOT)",
                "--dialect concert-e-plus",
            ),
            probe::Finding::MessageUnacknowledged => self.propose(
                Fault::WrongDialect,
                "ENQ accepté, puis aucun accusé du message 3.x",
                "ENQ was acknowledged, then the 3.x message was not",
                "--dialect concert-e-plus",
            ),
            probe::Finding::Silence => self.find(
                Fault::NoAnswer,
                "connexion ouverte, demande partie, aucune réponse à temps",
                "connected and asked: no answer in time",
            ),
            probe::Finding::Closed => self.find(
                Fault::ClosedWithoutAnswer,
                "liaison coupée avant toute réponse",
                "the line was cut before any answer",
            ),
            probe::Finding::AnswerCut => {
                self.find(Fault::BadAnswer, "réponse coupée", "the answer was cut");
            }
            probe::Finding::OtherAnswer => self.find(
                Fault::BadAnswer,
                "une réponse à une autre demande",
                "an answer to another question",
            ),
            probe::Finding::SendFailed => {
                self.find(Fault::SendFailed, "rien n'a pu partir", "nothing could be sent");
            }
            // Found at the end.
            probe::Finding::GivenUp => {}
            probe::Finding::Strange(_) => {
                self.find(Fault::BadAnswer, "un message sans état (AE)", "a message without a status (AE)");
            }
            // Judged above; and a greeting asks for more than a connection.
            probe::Finding::Connected | probe::Finding::NotOpened(_) => {}
        }
        if reply.late > 0 && !voice_told {
            let late = reply.late;
            self.find(
                Fault::BadAnswer,
                format_args!("{late} message(s) d'une autre transaction"),
                format_args!("{late} message(s) of another transaction"),
            );
        }
        let asks_elsewhere = matches!(
            reply.finding,
            probe::Finding::Strange(_)
                | probe::Finding::Silence
                | probe::Finding::Closed
                | probe::Finding::EnquiryUnanswered
        );
        if let (Address::Tcp(address), true) = (probe.address(), asks_elsewhere) {
            tcp::try_ports(self, address, journal, probe);
        }
    }

    fn not_opened(&mut self, probe: &Probe, journal: &dyn Journal, reason: NotSent) {
        let fault = fault_of(reason);
        let (address, text) = (probe.address(), reason.text());
        self.find(fault, format_args!("{address} : {}", text.fr), format_args!("{address}: {}", text.en));
        if let Address::Tcp(address) = probe.address()
            && matches!(fault, Fault::Refused | Fault::TimedOut | Fault::ConnectFailed)
        {
            tcp::try_ports(self, address, journal, probe);
        }
    }

    /// What the first bytes show, whatever came of the question. Says whether that is a finding.
    fn judge_voice(&mut self, probe: &Probe, reply: &Reply) -> bool {
        let found = self.findings.len();
        let older = probe.config().dialect.generation != Generation::Concert3;
        let sessions = probe.config().has_sessions();
        match reply.voice {
            Some(voice @ (Voice::EvenParity | Voice::OddParity)) => serial::wrong_parity(self, probe, voice),
            Some(voice @ (Voice::Http | Voice::Tls | Voice::Ssh)) => {
                let name = match voice {
                    Voice::Http => "HTTP",
                    Voice::Tls => "TLS",
                    _ => "SSH",
                };
                self.find(
                    Fault::NotATerminal,
                    format_args!("un serveur {name}"),
                    format_args!("a server of {name}"),
                );
            }
            Some(Voice::Text | Voice::Noise) if !sessions => self.find(
                Fault::NotATerminal,
                "des octets qui ne sont d'aucun protocole connu",
                "bytes of no protocol known here",
            ),
            Some(Voice::Text | Voice::Noise) if !reply.is_alive() => self.find(
                Fault::Noise,
                "des octets qui ne sont d'aucun protocole connu",
                "bytes of no protocol known here",
            ),
            Some(Voice::Session | Voice::Fixed) if !sessions => self.propose(
                Fault::Framed,
                "ENQ, STX ou une trame en réponse à un message nu",
                "ENQ, STX or a frame in answer to a bare message",
                "--dialect concert-e-plus",
            ),
            Some(Voice::Concert3 | Voice::FramedConcert3) if older => self.propose(
                Fault::Bare,
                "des champs 3.x en réponse à ENQ",
                "fields of 3.x in answer to ENQ",
                "--dialect payxpress",
            ),
            Some(Voice::Fixed) if sessions && !older && !reply.is_alive() => self.propose(
                Fault::WrongDialect,
                "une réponse E ou E+ à un message 3.x",
                "an answer of E or E+ to a 3.x message",
                "--dialect concert-e-plus",
            ),
            _ => {}
        }
        self.findings.len() > found
    }

    fn judge_answer(&mut self, probe: &Probe, reply: &Reply, status: Status) {
        let config = probe.config();
        let dialect = config.dialect;
        let version = reply.version.map(|version| version.to_string());
        let shown = version.as_deref().unwrap_or("?");
        match (status, reply.refusal) {
            (Status::Performed, _) | (Status::NotPerformed, Some(Refusal::UnknownOperation)) => {
                let number = reply.serial_number.as_deref().unwrap_or("—");
                self.works(
                    format_args!("le terminal répond en 3.x : CZ {shown}, numéro de série {number}"),
                    format_args!("the terminal answers in 3.x: CZ {shown}, serial number {number}"),
                );
                if let Some(better) = format::better_dialect(&dialect, reply.version) {
                    let sent = dialect.version;
                    self.propose(
                        Fault::WrongDialect,
                        format_args!(
                            "le terminal se dit {shown}, le dialecte {} envoie CZ {sent}",
                            dialect.name
                        ),
                        format_args!(
                            "the terminal says {shown}, the dialect {} sends CZ {sent}",
                            dialect.name
                        ),
                        format_args!("--dialect {}", better.name),
                    );
                }
            }
            (_, Some(Refusal::MessageFormat)) => {
                let seen = Words::new(
                    format_args!("identification refusée : AE=01, AF=09, CZ {shown}"),
                    format_args!("the identification was refused: AE=01, AF=09, CZ {shown}"),
                );
                // An identification carries nothing of a payment.
                let bare = Dialect { optional: Dialect::CONCERT_E.optional, amount_digits: 2, ..dialect };
                let mut finding = Finding {
                    reasons: format_reasons(&bare, false, reply.version),
                    ..Finding::new(Fault::FormatError, seen)
                };
                if let Some(better) = format::better_dialect(&dialect, reply.version) {
                    finding = finding.attempt(format_args!("--dialect {}", better.name));
                }
                self.findings.push(finding);
            }
            (_, refusal) => {
                let [first, second] = status.value().map(char::from);
                let text = refusal.map(Refusal::text);
                let (fr, en) = text.map_or(("", ""), |text| (text.fr, text.en));
                self.find(
                    Fault::Busy,
                    format_args!("AE={first}{second}. {fr}"),
                    format_args!("AE={first}{second}. {en}"),
                );
            }
        }
        if dialect.duplicata == Duplicata::Fields {
            self.works(
                "après un doute, le dialecte sait redemander le dernier montant (duplicata)",
                "after a doubt the dialect can ask for the last amount (duplicata)",
            );
        }
    }
}

/// What is wrong when the connection, or the port, did not open for this reason.
const fn fault_of(reason: NotSent) -> Fault {
    match reason {
        NotSent::ConnectionRefused => Fault::Refused,
        NotSent::Unreachable => Fault::Unreachable,
        NotSent::ConnectTimedOut => Fault::TimedOut,
        NotSent::NameNotResolved => Fault::NameNotResolved,
        NotSent::PortMissing => Fault::PortMissing,
        NotSent::PortBusy => Fault::PortBusy,
        NotSent::PortForbidden => Fault::PortForbidden,
        NotSent::NotAPort => Fault::NotAPort,
        _ => Fault::ConnectFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_fault() {
        for (reason, fault) in [
            (NotSent::ConnectionRefused, Fault::Refused),
            (NotSent::Unreachable, Fault::Unreachable),
            (NotSent::ConnectTimedOut, Fault::TimedOut),
            (NotSent::NameNotResolved, Fault::NameNotResolved),
            (NotSent::PortMissing, Fault::PortMissing),
            (NotSent::PortBusy, Fault::PortBusy),
            (NotSent::PortForbidden, Fault::PortForbidden),
            (NotSent::NotAPort, Fault::NotAPort),
            (NotSent::ConnectFailed, Fault::ConnectFailed),
        ] {
            assert_eq!(fault_of(reason), fault);
        }
        assert!(Fault::PortForbidden.advice().en.contains("dialout"));
    }
}
