"""K7. A contradiction is a dispute, and an id that is in flight elsewhere is waited for."""

import shutil
import signal
import time

from k1_identity import begin_intent, intent_result
from suite import case
from terminal import Terminal, approve, approve_after, charge_silently, refuse_after, silent

# The locks of the terminal are granted whoever holds them; SQLite's own are real.
NO_LOCKS = ("call=flock,ok", "call=ofd,ok", "call=lock,path=.lock,ok")
NOTHING_SENT = ("nothing was sent", "rien n'a été envoyé")


def in_flight(attack, script, decision, *options):
    """A person decides during the payment, with locks that exclude nobody. Returns the terminal and both runs."""
    terminal = Terminal(script)
    attack.must(attack.pay("9.00", Terminal(), "before"), "approved", "the first sale of the journal")
    run = attack.start_pay("25.00", terminal, "sale", *options)
    attack.expect(terminal.wait_for_request(), "no request arrived")
    # An earlier version kept its locks in this folder.
    shutil.rmtree(f"{attack.journal}.locks", ignore_errors=True)
    decided = attack.resolve("sale", *decision, env=attack.faults(*NO_LOCKS))
    return terminal, attack.finish(run), decided


def disputed(attack, what):
    entry = attack.entry("sale")
    attack.expect(entry.get("state") == "disputed", f"{what}: the sale is {entry.get('state')}, {entry.get('outcome')}")
    return entry


@case("K7", limit=60)
def not_paid_is_decided_during_an_approval(attack):
    """A person decides "not paid" during the payment, which is approved: a dispute with both sides, never "declined"."""
    terminal, run, decided = in_flight(attack, approve_after(1.5), ("--not-paid",))
    attack.must(run, ("approved", "unknown"), "the payment")
    if decided.code == 0:
        disputed(attack, "decided as not paid, and approved")
        history = attack.show("sale")
        attack.expect("ANNE" in history and "approved" in history, f"the history does not contain both sides: {history[-300:]}")
    again = attack.pay("25.00", terminal, "sale", "--timeout", "3")
    attack.promise(terminal, [run], again=again)
    attack.expect(again.outcome in ("approved", "unknown", "blocked"), f"the id again: {again.summary()}")


@case("K7", limit=60)
def paid_is_decided_during_a_refusal(attack):
    """A person decides "paid" during the payment, which is refused: a dispute, and nothing is charged."""
    terminal, run, decided = in_flight(attack, refuse_after(1.5), ("--paid",))
    attack.must(run, ("declined", "unknown"), "the payment")
    if decided.code == 0:
        disputed(attack, "decided as paid, and refused")
    attack.pay("25.00", terminal, "sale", "--timeout", "3")
    attack.expect(len(terminal.requests) == 1, "the request was sent again")


@case("K7", limit=60)
def the_decision_agrees(attack):
    """Neighbour: a person decides "paid" during a payment that is approved: no contradiction, approved."""
    terminal, run, _ = in_flight(attack, approve_after(1.5), ("--paid",))
    attack.must(run, "approved", "the payment")
    again = attack.pay("25.00", terminal, "sale")
    attack.must(again, "approved", "the id again")
    attack.expect(attack.charged(terminal) == 1, "charged twice")


@case("K7", limit=60)
def a_person_cannot_decide_in_flight(attack):
    """A decision during the payment is refused, and the payment ends as it ends."""
    terminal = Terminal(approve_after(1.5))
    attack.must(attack.pay("9.00", Terminal(), "before"), "approved", "the first sale of the journal")
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    decided = attack.resolve("sale", "--not-paid")
    attack.expect(decided.code in (1, 6), f"a decision in flight: {decided.summary()}")
    attack.must(attack.finish(run), "approved", "the payment")
    attack.expect(
        run.last.get("journaled") is True and run.last.get("disputed") is False, "the payment is not recorded as undisputed"
    )


@case("K7", limit=60)
def a_dispute_can_be_settled(attack):
    """Neighbour: a disputed sale is settled by a person, and its history keeps both sides."""
    terminal, _, decided = in_flight(attack, approve_after(1.5), ("--not-paid",))
    if decided.code != 0:
        return attack.expect(attack.entry("sale").get("outcome") == "approved", "refused in flight, and not approved")
    settled = attack.resolve("sale", "--paid", who="BERT")
    attack.expect(settled.code == 0, f"settling the dispute: {settled.summary()}")
    attack.expect(attack.entry("sale").get("state") == "final", "still open after it was settled")
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the id again")
    history = attack.show("sale")
    return attack.expect("ANNE" in history and "BERT" in history, "the history does not contain both decisions")


def second_process(attack, script, wait=0.4, amount="25.00", address=None, id="sale", first_timeout="20"):
    """The id is used by a second process while the first is at the terminal. Returns the terminal and both runs."""
    terminal = Terminal(script)
    first = attack.start_pay("25.00", terminal, "sale", "--timeout", first_timeout)
    attack.expect(terminal.wait_for_request(), "no request arrived")
    time.sleep(wait)
    second = attack.start_pay(amount, address or terminal, id, "--timeout", "20")
    return terminal, first, second


def says_that_nothing_was_sent(run):
    text = (run.out + run.err).lower()
    return run.last.get("proof") == "nothing_sent" or any(words in text for words in NOTHING_SENT)


@case("K7", limit=60)
def the_id_is_in_flight_and_approved(attack):
    """The same id from a second process waits, and reports the approval of the first; charged once."""
    terminal, first, second = second_process(attack, approve_after(2))
    attack.must(attack.finish(first), "approved", "the first process")
    attack.finish(second)
    attack.expect(attack.charged(terminal) == 1, f"charged {attack.charged(terminal)} times")
    attack.must(second, ("approved", "blocked", "unknown"), "the second process")
    attack.expect(
        second.outcome == "approved" or not says_that_nothing_was_sent(second),
        f"told that nothing was sent, and approved soon after: {second.summary()}",
    )


@case("K7", limit=60)
def the_id_is_in_flight_and_refused(attack):
    """The same id from a second process reports the refusal of the first, and begins no attempt of its own."""
    terminal, first, second = second_process(attack, refuse_after(2))
    attack.must(attack.finish(first), "declined", "the first process")
    attack.finish(second)
    attack.expect(len(terminal.requests) == 1, "a second request was sent")
    attack.must(second, ("declined", "blocked", "unknown"), "the second process")
    attack.expect(
        second.outcome == "declined" or not says_that_nothing_was_sent(second), f"told that nothing was sent: {second.summary()}"
    )


@case("K7", limit=60)
def the_id_is_in_flight_and_its_owner_dies(attack):
    """The owner of the id is killed while a second process waits: the second never sends, and never says that nothing was sent."""
    terminal, first, second = second_process(attack, charge_silently)
    time.sleep(0.5)
    first.signal(signal.SIGKILL)
    attack.finish(second, 40)
    attack.expect(attack.charged(terminal) == 1 and len(terminal.requests) == 1, "sent a second time")
    attack.must(second, ("unknown", "blocked"), "the second process")
    attack.expect(not says_that_nothing_was_sent(second), f"told that nothing was sent, and charged: {second.summary()}")


@case("K7", limit=60)
def the_id_is_in_flight_in_five_processes(attack):
    """The same id from five processes at once: charged once, and none says that nothing was sent."""
    terminal = Terminal(approve_after(1))
    runs = [attack.start_pay("25.00", terminal, "sale", "--timeout", "20") for _ in range(5)]
    for run in runs:
        attack.finish(run)
    attack.expect(attack.charged(terminal) == 1, f"charged {attack.charged(terminal)} times")
    attack.expect("approved" in [run.outcome for run in runs], "none is approved")
    for run in runs:
        attack.expect(
            run.outcome == "approved" or not says_that_nothing_was_sent(run), f"told that nothing was sent: {run.summary()}"
        )


@case("K7", limit=60)
def the_id_is_in_flight_at_another_address(attack):
    """The same id, in flight at one terminal, from a process at another terminal: charged once in all."""
    other = Terminal()
    terminal, first, second = second_process(attack, approve_after(2), address=other)
    attack.must(attack.finish(first), "approved", "the first process")
    attack.finish(second)
    attack.expect(len(other.requests) == 0, "sent to the second terminal too")
    attack.must(second, ("approved", "blocked", "unknown"), "the second process")
    # Another terminal is another content of the id: `id_conflict` is right too.
    attack.expect(
        second.outcome == "approved" or second.reason == "id_conflict" or not says_that_nothing_was_sent(second),
        f"told that nothing was sent: {second.summary()}",
    )


@case("K7", limit=60)
def the_id_is_in_flight_with_another_amount(attack):
    """The same id with another amount during the payment is refused as a conflict; charged once."""
    terminal, first, second = second_process(attack, approve_after(1.5), amount="31.00")
    attack.must(attack.finish(first), "approved", "the first process")
    attack.finish(second)
    attack.must(second, "blocked", "another amount under the same id")
    attack.expect(len(terminal.requests) == 1, "a second request was sent")


@case("K7", limit=60)
def a_signal_ends_the_second_wait(attack):
    """Two signals end a process that waits for the id in flight; it sends nothing, and the first goes on."""
    terminal, first, second = second_process(attack, approve_after(4))
    time.sleep(0.5)
    if second.code is None:
        second.signal(signal.SIGINT, signal.SIGINT)
        attack.expect(second.wait(3), "two signals do not end the waiting process")
    attack.finish(second)
    attack.must(attack.finish(first), "approved", "the first process")
    attack.expect(attack.charged(terminal) == 1, "charged twice")
    attack.expect(
        second.outcome == "approved" or not says_that_nothing_was_sent(second), f"told that nothing was sent: {second.summary()}"
    )


@case("K7", limit=60)
def other_commands_during_a_payment(attack):
    """`recover`, `ping`, `doctor` and `reprint` during a payment leave the terminal alone, and settle nothing."""
    terminal = Terminal(approve_after(3))
    first = attack.start_pay("25.00", terminal, "sale", "--timeout", "20")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    runs = [
        attack.start(*words, terminal.address, "--json", "--journal", attack.journal)
        for words in (("ping",), ("doctor",), ("reprint",))
    ]
    runs.append(attack.start("journal", attack.journal, "recover", "--terminal", terminal.address, "--exclusive", "--json"))
    attack.must(attack.finish(first), "approved", "the payment")
    for run in runs:
        attack.finish(run)
    attack.expect(terminal.most_open <= 1, f"{terminal.most_open} connections at once")
    attack.expect(attack.entry("sale").get("state") == "final", f"the sale is {attack.entry('sale').get('state')}")


@case("K7", limit=60)
def another_id_at_another_terminal_is_free(attack):
    """Neighbour: during a payment, another id at another terminal with the same journal is approved at once."""
    other = Terminal()
    _, first, second = second_process(attack, approve_after(2), address=other, id="other")
    attack.finish(second)
    attack.must(second, "approved", "another id at another terminal")
    attack.expect(first.code is None, "the other payment waited for the first")
    attack.must(attack.finish(first), "approved", "the first process")


@case("K7", limit=60)
def another_id_at_the_same_terminal_is_held(attack):
    """Neighbour: during a payment, another id at the same terminal is blocked or waits: one payment at a time."""
    terminal, first, second = second_process(attack, approve_after(1.5), id="other")
    attack.finish(second)
    attack.must(second, ("blocked", "approved"), "another id at the same terminal")
    attack.must(attack.finish(first), "approved", "the first process")
    attack.expect(terminal.most_open <= 1, f"{terminal.most_open} connections at once")


@case("K7", limit=60)
def an_id_that_was_not_sent_is_free(attack):
    """Neighbour: an id that was not sent pays afterwards, once."""
    terminal = Terminal(approve)
    run = attack.pay("25.00", "tcp://127.0.0.1:9", "sale", "--terminal-id", "counter")
    attack.must(run, "not_sent", "a payment where nobody listens")
    again = attack.pay("25.00", terminal, "sale", "--terminal-id", "counter")
    attack.must(again, "approved", "the same id at the terminal")
    attack.expect(attack.charged(terminal) == 1, "charged twice")


@case("K7", limit=60)
def an_app_result_after_a_decision(attack):
    """A late approval of the app after a person's "not paid" is a dispute, never "declined"."""
    begin_intent(attack)
    decided = attack.resolve("sale", "--not-paid")
    attack.expect(decided.code == 0, f"the decision: {decided.summary()}")
    result = intent_result(attack)
    attack.must(result, ("approved", "unknown"), "the app's late approval")
    disputed(attack, "an approval after a decision")


@case("K7", limit=60)
def an_unknown_sale_is_not_disputed(attack):
    """Neighbour: an unknown sale that a person decides is settled, and holds nothing back."""
    terminal = Terminal(silent, approve)
    attack.must(attack.pay("25.00", terminal, "sale", "--timeout", "1"), "unknown", "a sale without an answer")
    attack.expect(attack.resolve("sale", "--not-paid").code == 0, "the decision is refused")
    attack.expect(attack.entry("sale").get("state") == "final", "still open")
    attack.must(attack.pay("12.00", terminal, "next"), "approved", "the next sale")
