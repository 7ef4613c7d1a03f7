"""K7, continued: a person's mistake can be corrected, and what a person decided is said."""

from suite import case
from terminal import Terminal, approve, charge_silently, silent


def decided(attack, *decision, script=charge_silently):
    """An unknown sale of 25.00 that ANNE decided. Returns the terminal."""
    terminal = Terminal(script, approve)
    attack.must(attack.pay("25.00", terminal, "sale", "--timeout", "1"), "unknown", "a sale without an answer")
    run = attack.resolve("sale", *decision)
    attack.expect(run.code == 0, f"the decision: {run.summary()}")
    return terminal


def correct(attack, *decision, who="BERT"):
    run = attack.resolve("sale", *decision, who=who)
    attack.expect(run.code == 0, f"the correction is refused: {run.summary()}")
    history = attack.show("sale")
    attack.expect("ANNE" in history and who in history, "the history does not contain both decisions")
    return run


@case("K7", limit=60)
def not_paid_by_mistake(attack):
    """ "Not paid" by mistake is corrected to "paid": recorded, told by the id, and nothing is charged again."""
    terminal = decided(attack, "--not-paid")
    correct(attack, "--paid")
    entry = attack.entry("sale")
    attack.expect(
        entry.get("outcome") == "approved" and entry.get("approved_amount_minor") == 2500, f"the entry: {entry.get('outcome')}"
    )
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the id again")
    attack.expect(len(terminal.requests) == 1, "sent again")


@case("K7", limit=60)
def paid_by_mistake(attack):
    """ "Paid" by mistake is corrected to "not paid": the id is told so, and never becomes sendable."""
    terminal = decided(attack, "--paid", script=silent)
    correct(attack, "--not-paid")
    again = attack.pay("25.00", terminal, "sale")
    attack.expect(len(terminal.requests) == 1, "a correction made the id sendable")
    attack.must(again, ("declined", "cancelled", "blocked"), "the id again")


@case("K7", limit=60)
def the_amount_is_corrected(attack):
    """ "Paid" with a wrong amount is corrected to another amount."""
    decided(attack, "--paid", "20.00")
    correct(attack, "--paid", "22.50")
    attack.expect(
        attack.entry("sale").get("approved_amount_minor") == 2250,
        f"the entry: {attack.entry('sale').get('approved_amount_minor')}",
    )


@case("K7", limit=60)
def corrections_never_make_an_id_sendable(attack):
    """Whatever is decided and corrected, in any order: the id is never sent again."""
    terminal = decided(attack, "--not-paid", script=silent)
    for number, decision in enumerate((("--paid",), ("--not-paid",), ("--paid", "30.00"), ("--not-paid",))):
        attack.resolve("sale", *decision, who=f"WHO-{number}")
        attack.pay("25.00", terminal, "sale", "--timeout", "2")
        attack.expect(len(terminal.requests) == 1, f"sent again after {decision}")


@case("K7", limit=60)
def the_replay_says_who_decided(attack):
    """The same id after a decision says that a person decided, who and when."""
    for decision, words in ((("--not-paid",), "not-paid"), (("--paid",), "paid")):
        attack.journal = attack.folder / f"{words}.db"
        terminal = decided(attack, *decision)
        run = attack.pay("25.00", terminal, "sale")
        attack.expect("ANNE" in run.out, f"{words}: the JSON line does not say who decided: {run.out[-200:]}")
        people = attack.run("pay", "25.00", "--terminal", terminal.address, "--journal", attack.journal, "--id", "sale")
        attack.expect("ANNE" in people.out + people.err, f"{words}: the text does not say who decided: {people.out[-200:]!r}")


@case("K7", limit=60)
def a_replay_without_a_decision_names_nobody(attack):
    """Neighbour: the same id of an approval by the terminal names no person."""
    terminal = Terminal()
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the sale")
    run = attack.pay("25.00", terminal, "sale")
    attack.must(run, "approved", "the id again")
    attack.expect(run.last.get("replayed") is True and not attack.entry("sale").get("resolved_by"), "a person is named")


@case("K7", limit=60)
def the_terminals_proof_is_not_overruled(attack):
    """A terminal's approval or refusal is not overruled by a person: refused, or a dispute; never another verdict."""
    for name, script, decision, kinds in (
        ("an approval", approve, ("--not-paid",), ("approved", "unknown")),
        ("a refusal", lambda exchange: exchange.send(exchange.refusal()), ("--paid",), ("declined", "unknown")),
    ):
        attack.journal = attack.folder / f"{name[2:].strip()}.db"
        terminal = Terminal(script)
        attack.pay("25.00", terminal, "sale")
        run = attack.resolve("sale", *decision)
        entry = attack.entry("sale")
        attack.expect(
            run.code == 1 or entry.get("state") == "disputed", f"{name} is overruled: {run.summary()}, {entry.get('state')}"
        )
        attack.must(attack.pay("25.00", terminal, "sale"), kinds, f"the id of {name}, again")
        attack.expect(len(terminal.requests) == 1, "sent again")


@case("K7", limit=60)
def more_was_paid_than_was_asked(attack):
    """`resolve --paid AMOUNT` records what was paid, also above the amount asked if the person confirms that."""
    for minor, amount in ((2700, "27.00"), (2501, "25.01"), (10_000, "100.00")):
        attack.journal = attack.folder / f"{minor}.db"
        terminal = decided(attack, "--paid", amount, "--confirmed", "more-than-asked")
        entry = attack.entry("sale")
        attack.expect(
            entry.get("approved_amount_minor") == minor, f"{amount} paid of 25.00: {entry.get('approved_amount_minor')}"
        )
        attack.pay("25.00", terminal, "sale")
        attack.expect(len(terminal.requests) == 1, "sent again")


@case("K7", limit=60)
def less_was_paid_than_was_asked(attack):
    """Neighbour: `resolve --paid AMOUNT` records a smaller amount, and the rest is due."""
    terminal = decided(attack, "--paid", "20.00")
    run = attack.pay("25.00", terminal, "sale")
    attack.expect(run.last.get("approved_amount_minor") == 2000, f"20.00 of 25.00: {run.summary()}")
    attack.expect(len(terminal.requests) == 1, "sent again")


@case("K7", limit=60)
def amounts_that_nobody_paid(attack):
    """Neighbour: `resolve --paid` with zero, a negative amount, no number or too much is refused, and changes nothing."""
    attack.must(attack.pay("25.00", Terminal(silent), "sale", "--timeout", "1"), "unknown", "a sale without an answer")
    for amount in ("0.00", "0", "-5.00", "20,00", "much", "1e3", "20.001", "25.01", "2500.00"):
        run = attack.resolve("sale", f"--paid={amount}")
        attack.expect(run.code in (1, 2), f"--paid {amount}: {run.summary()}")
    for words in ((), ("--paid", "--not-paid")):
        run = attack.resolve("sale", *words)
        attack.expect(run.code == 2, f"{words}: {run.summary()}")
    attack.expect(attack.entry("sale").get("state") == "unresolved", "settled by a decision that was refused")


@case("K7", limit=60)
def a_credit_stands_against_the_correction(attack):
    """A correction to "not paid" where money was given back already is a dispute, or is refused."""
    terminal = decided(attack, "--paid")
    credit = attack.pay("25.00", terminal, "credit", "--operation", "credit", "--original", "sale")
    if not attack.must(credit, "approved", "the credit"):
        return
    run = attack.resolve("sale", "--not-paid", who="BERT")
    entry = attack.entry("sale")
    attack.expect(
        entry.get("state") == "disputed" or run.code == 1 and entry.get("outcome") == "approved",
        f"corrected to {entry.get('state')}, {entry.get('outcome')} with a credit of the whole amount against it",
    )


@case("K7", limit=60)
def a_correction_needs_a_name_and_a_reason(attack):
    """Neighbour: a correction without who or why is wrong usage."""
    decided(attack, "--not-paid")
    for words in (
        ("--paid",),
        ("--paid", "--by", "BERT"),
        ("--paid", "--because", "x"),
        ("--paid", "--by", "", "--because", "x"),
    ):
        run = attack.run("journal", attack.journal, "resolve", "sale", *words)
        attack.expect(run.code == 2, f"{words}: {run.summary()}")
    attack.expect(attack.entry("sale").get("outcome") == "declined", "corrected without a name")
    unknown_id = attack.resolve("no-such-sale", "--paid")
    attack.expect(unknown_id.code == 1, f"an id that is not there: {unknown_id.summary()}")
