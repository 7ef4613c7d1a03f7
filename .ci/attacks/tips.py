"""Tips. A terminal may charge more than was asked, where the till allows it."""

from suite import case
from terminal import Terminal, approve, approve_with, last_transaction
from wire import encode


def tipping(minor):
    """Charges this amount, and reports it."""
    return approve_with(minor, CB=str(minor))


def pay(attack, terminal, *options, id="sale", amount="25.00"):
    return attack.pay(amount, terminal, id, "--timeout", "5", *options)


@case("tips")
def a_tip_that_is_allowed(attack):
    """A tip up to the most that is allowed: approved, with the amount approved and the tip, also when the id is used again."""
    for minor, tip in ((2700, "2.00"), (2501, "0.01"), (3000, "5.00")):
        attack.journal = attack.folder / f"{minor}.db"
        terminal = Terminal(tipping(minor))
        for what in ("the payment", "the id again"):
            run = pay(attack, terminal, "--allow-tip=5.00")
            attack.must(run, "approved", f"{what}, {tip} of tip")
            attack.expect(
                run.last.get("approved_amount_minor") == minor, f"{what}: approved amount {run.last.get('approved_amount_minor')}"
            )
            attack.expect(run.last.get("tip") == tip, f"{what}: tip {run.last.get('tip')}")
        attack.expect(len(terminal.charges) == 1, f"charged {len(terminal.charges)} times")
        attack.expect(
            attack.entry("sale").get("approved_amount_minor") == minor,
            f"recorded: {attack.entry('sale').get('approved_amount_minor')}",
        )


@case("tips")
def a_tip_above_the_most(attack):
    """A tip above the most that is allowed: unknown, and the message names the amount reported."""
    for minor, words in ((3001, "30.01"), (5000, "50.00"), (25_000, "250.00")):
        attack.journal = attack.folder / f"{minor}.db"
        run = pay(attack, Terminal(tipping(minor)), "--allow-tip=5.00")
        attack.must(run, "unknown", f"{words} for 25.00 with at most 5.00 of tip")
        attack.expect(words in run.out, f"the message does not name {words}")


@case("tips")
def a_tip_that_is_not_allowed(attack):
    """More than was asked, without `--allow-tip`: unknown, and the message names the amount reported."""
    run = pay(attack, Terminal(tipping(2700)))
    attack.must(run, "unknown", "27.00 for 25.00 without --allow-tip")
    attack.expect("27.00" in run.out, "the message does not name 27.00")


@case("tips")
def no_tip_is_given(attack):
    """Neighbour: a tip is allowed and none is given: approved for the amount asked."""
    run = pay(attack, Terminal(approve), "--allow-tip=5.00")
    attack.must(run, "approved", "no tip")
    attack.expect(run.last.get("approved_amount_minor") == 2500, f"approved amount {run.last.get('approved_amount_minor')}")
    attack.expect(run.last.get("tip") in (None, "0.00"), f"tip {run.last.get('tip')}")


@case("tips")
def less_than_was_asked(attack):
    """An approval of less than was asked is unknown where a tip is allowed and a part is not."""
    run = pay(attack, Terminal(tipping(2400)), "--allow-tip=5.00")
    attack.must(run, "unknown", "24.00 for 25.00")


@case("tips")
def everything_else_is_equal(attack):
    """With a tip allowed, another currency, register or action is still unknown."""
    for number, changes in enumerate(({"CE": "840"}, {"CA": "02"}, {"CD": "1"}, {"CB": "02700x"})):
        attack.journal = attack.folder / f"{number}.db"
        script = approve_with(2700, **({"CB": "2700"} | changes))
        attack.must(pay(attack, Terminal(script), "--allow-tip=5.00"), "unknown", f"a tip with {changes}")


@case("tips")
def the_most_is_part_of_the_id(attack):
    """The most that is allowed is part of the id's content: another one under the same id is a conflict."""
    terminal = Terminal(tipping(2700))
    attack.must(pay(attack, terminal, "--allow-tip=5.00"), "approved", "the payment")
    for options in (("--allow-tip=6.00",), ()):
        run = pay(attack, terminal, *options)
        attack.must(run, "blocked", f"the id again with {options or 'no tip'}")
        attack.expect(run.reason == "id_conflict", f"the reason is {run.reason}")


@case("tips")
def usage_that_is_wrong(attack):
    """The most is mandatory, positive and an amount, and for debits only: else wrong usage, and nothing is connected."""
    terminal = Terminal()
    for words in (
        ("--allow-tip",),
        ("--allow-tip=",),
        ("--allow-tip=much",),
        ("--allow-tip=-1.00",),
        ("--allow-tip=0.00",),
        ("--allow-tip=5.001",),
        ("--allow-tip=5,00",),
        ("--allow-tip=5.00", "--operation", "credit", "--original", "x", "--by", "A", "--because", "b"),
    ):
        run = pay(attack, terminal, *words)
        attack.expect(run.code == 2, f"{words}: {run.summary()}")
    help_text = attack.run("help", "pay").out
    attack.expect("--allow-tip" in help_text, "the help does not contain --allow-tip")
    attack.expect(terminal.connections == 0, "a connection was opened")


def told_later(attack, minor, *options, reference=None):
    """A sale that is charged with a tip, whose answer is lost; then `recover` on an exclusive terminal."""
    dialect = attack.folder / "echoes.toml"
    dialect.write_text('base = "nepting"\n[optional]\nreference = true\n')
    terminal = Terminal(approve, lambda exchange: (exchange.charge(minor), exchange.wait_for_close(30)))
    named = ("--dialect", dialect, "--exclusive")
    attack.must(attack.pay("9.00", terminal, "before", *named), "approved", "the sale before")
    run = attack.pay("25.00", terminal, "sale", "--timeout", "1", *named, *options)
    attack.must(run, "unknown", "a sale without an answer")
    terminal.told_differently = {"CF": reference}
    terminal.duplicata = last_transaction
    attack.recover("--terminal", terminal.address, *named)
    return attack.entry("sale")


@case("tips", limit=60)
def a_tip_is_told_by_a_duplicata(attack):
    """A duplicata above the amount asked settles nothing without our own reference: a person does."""
    entry = told_later(attack, 2700, "--allow-tip=5.00", "--reference", "R-77")
    attack.expect(entry.get("outcome") == "unknown", f"settled as {entry.get('outcome')} by an amount that was not asked")


@case("tips", limit=60)
def a_tip_is_told_with_our_reference(attack):
    """Neighbour: a duplicata above the amount asked, with our own reference, settles the sale with its tip."""
    entry = told_later(attack, 2700, "--allow-tip=5.00", "--reference", "R-77", reference="R-77")
    attack.expect(
        entry.get("outcome") == "approved" and entry.get("approved_amount_minor") == 2700,
        f"settled as {entry.get('outcome')}, {entry.get('approved_amount_minor')}",
    )


@case("tips")
def a_refusal_where_a_tip_is_allowed(attack):
    """Neighbour: a refusal stays a refusal where a tip is allowed."""

    def script(exchange):
        exchange.send(encode(("CZ", "0300"), ("AE", "01"), ("AF", "04")))
        exchange.wait_for_close(5)

    attack.must(pay(attack, Terminal(script), "--allow-tip=5.00"), "declined", "a refusal")
