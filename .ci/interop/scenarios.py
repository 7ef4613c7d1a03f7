"""What a till from elsewhere does at our terminal, and what both must have seen after it.

A scenario is given a `shop`: `shop.terminal`, `shop.path`, and `shop.check(what, saw, expected)`. What the terminal must have
charged stands in front of it, and is checked after it, together with the next till.
"""

from tills import Postelium, TeliumManager

BLANKS = " " * 10
SCENARIOS = []


def scenario(name, *arguments, money=(), settles=False):
    """`settles`: the terminal may still be telling a result, so that the next till has to knock more than once."""

    def register(action):
        SCENARIOS.append((name, arguments, list(money), settles, action))
        return action

    return register


def debit(minor):
    return ("charged", "debit", minor)


def ask_p(minor):
    return f"<01{minor:08}010978{BLANKS}A011B010>"


def taken(minor):
    """The answer at once: no result yet (9)."""
    return f"<019{minor:08}0978{BLANKS}>"


def ask_t(minor, report="1", kind="0", delay="0"):
    return f"<01{minor:08}{report}1{kind}978{BLANKS}A01{delay}B010>"


# pypostelium ------------------------------------------------------------------------------------------------------


@scenario("pypostelium: approved", money=[debit(1242)])
def _(shop):
    till = Postelium(shop.path)
    shop.check("its result", till.pay(12.42), True)
    shop.check("it says", till.said, f"ENQ {ask_p(1242)} EOT ACK ACK")
    shop.check("it hears", till.heard, f"ACK ACK ENQ {taken(1242)} EOT")
    # It compares POS, amount, currency and PRIV of the answer with its request, and warns.
    shop.check("its complaints", till.complaints, [])
    shop.terminal.wait_for("decided", verdict="performed")


@scenario("pypostelium: a cheque", money=[("charged", "cheque", 3005)])
def _(shop):
    till = Postelium(shop.path)
    shop.check("its result", till.pay(30.05, mode="check"), True)
    shop.check("its complaints", till.complaints, [])
    shop.terminal.wait_for("decided", verdict="performed")


@scenario("pypostelium: refused, and it says True", "--answer", "decline:04")
def _(shop):
    till = Postelium(shop.path)
    shop.check("its result", till.pay(12.42), True)
    shop.check("it hears", till.heard, f"ACK ACK ENQ {taken(1242)} EOT")
    shop.terminal.wait_for("decided", verdict="not_performed", reason="04")


@scenario("pypostelium: busy, somebody is in the menus")
def _(shop):
    shop.terminal.control("POST", "/busy")
    till = Postelium(shop.path, retries=1)
    shop.check("its result", till.pay(12.42), False)
    shop.check("it says", till.said, "ENQ EOT ENQ EOT")
    shop.check("it hears", till.heard, "NAK NAK")
    shop.check("requests", shop.terminal.count("asked"), 0)
    shop.terminal.control("POST", "/wake")


@scenario("pypostelium: busy, a customer is at the terminal", "--manual-card", money=[debit(1242)])
def _(shop):
    first, second = Postelium(shop.path), Postelium(shop.path)
    shop.check("the first till", first.pay(12.42), True)
    shop.check("the second till", second.pay(99.00), False)
    shop.check("the second hears", second.heard, "NAK")
    shop.check("charged so far", shop.terminal.money(), [])
    shop.terminal.control("POST", "/card")
    shop.terminal.wait_for("decided", verdict="performed")


@scenario("pypostelium: the terminal sleeps")
def _(shop):
    shop.terminal.control("POST", "/sleep")
    till = Postelium(shop.path)
    shop.check("its result", till.pay(12.42), False)
    shop.check("it says", till.said, "ENQ EOT")
    shop.check("it hears", till.heard, "")
    shop.terminal.control("POST", "/wake")


@scenario("pypostelium: one NAK to its ENQ, it asks again", "--fault", "nak@step=enquiry", money=[debit(1242)])
def _(shop):
    till = Postelium(shop.path, retries=1)
    shop.check("its result", till.pay(12.42), True)
    shop.check("it says", till.said, f"ENQ EOT ENQ {ask_p(1242)} EOT ACK ACK")
    shop.terminal.wait_for("decided", verdict="performed")


@scenario("pypostelium: its message is refused, and it ends nothing", "--fault", "nak@step=message")
def _(shop):
    till = Postelium(shop.path)
    shop.check("its result", till.pay(12.42), False)
    shop.check("it says", till.said, f"ENQ {ask_p(1242)}")
    shop.check("it hears", till.heard, "ACK NAK")


@scenario("pypostelium: a bad check byte, which it acknowledges", "--fault", "bad-lrc", money=[debit(1242)])
def _(shop):
    till = Postelium(shop.path)
    shop.check("its result", till.pay(12.42), True)
    shop.check("it says", till.said, f"ENQ {ask_p(1242)} EOT ACK ACK")
    shop.check("it hears", till.heard, f"ACK ACK ENQ {taken(1242)}! EOT")
    shop.check("its complaints", till.complaints, ["The LRC of the answer from terminal is wrong"])
    shop.terminal.wait_for("decided", verdict="performed")


@scenario(
    "pypostelium: the terminal's ACK is lost, and it says False of a charge",
    "--fault",
    "lost-ack@step=message",
    money=[debit(1242)],
    settles=True,
)
def _(shop):
    till = Postelium(shop.path)
    shop.check("its result", till.pay(12.42), False)
    shop.terminal.wait_for("decided", verdict="performed")


# pyTeliumManager --------------------------------------------------------------------------------------------------


@scenario("pyTeliumManager: approved, with and without a report", money=[debit(1242), debit(1243)])
def _(shop):
    till = TeliumManager(shop.path)
    shop.check("83 bytes", till.pay(12.42), (0, True, "497010******1234"))
    shop.check("it says", till.said, f"ENQ {ask_t(1242)} EOT ACK ACK")
    till.close()
    till = TeliumManager(shop.path)
    shop.check("28 bytes", till.pay(12.43, collect_payment_source_info=False), (0, True, ""))
    shop.check("it says", till.said, f"ENQ {ask_t(1243, report='0')} EOT ACK ACK")
    shop.check("it hears", till.heard, f"ACK ACK ENQ <01000001243B978{BLANKS}> EOT")
    till.close()


@scenario("pyTeliumManager: seven bits and even parity, read as eight", money=[debit(1242)])
def _(shop):
    till = TeliumManager(shop.path, native=True)
    shop.check("its result", till.pay(12.42), (0, True, "497010******1234"))
    till.close()


@scenario(
    "pyTeliumManager: a debit, its cancellation (their `refund`), a credit",
    money=[debit(500), ("cancelled", "cancellation", 500), ("credited", "credit", 300)],
)
def _(shop):
    till = TeliumManager(shop.path)
    for amount, mode in [(5.00, "debit"), (5.00, "refund"), (3.00, "credit")]:
        shop.check(mode, till.pay(amount, mode)[:2], (0, True))
    till.close()


@scenario("pyTeliumManager: refused", "--answer", "decline:04")
def _(shop):
    till = TeliumManager(shop.path)
    shop.check("its result", till.pay(12.42)[:2], (7, False))
    shop.terminal.wait_for("decided", verdict="not_performed", reason="04")
    till.close()


@scenario("pyTeliumManager: the answer at once", money=[debit(1242)])
def _(shop):
    till = TeliumManager(shop.path)
    options = {"wait_for_transaction_to_end": False, "collect_payment_source_info": False}
    shop.check("its result", till.pay(12.42, **options), (9, False, ""))
    shop.check("it says", till.said, f"ENQ {ask_t(1242, report='0', delay='1')} EOT ACK ACK")
    shop.check("it hears", till.heard, f"ACK ACK ENQ {taken(1242)} EOT")
    shop.terminal.wait_for("decided", verdict="performed")
    till.close()


@scenario("pyTeliumManager: the answer at once, of which it wants a report", money=[debit(1242)], settles=True)
def _(shop):
    till = TeliumManager(shop.path)
    request = till.request(12.42, wait_for_transaction_to_end=False)
    shop.check("asked", till.ask(request), True)
    # No application has read a card yet: 28 bytes. It waits for 83, as its own request says, and acknowledges none.
    shop.check("its result", till.verify(request, within=1), "TerminalUnexpectedAnswerException")
    shop.check("it says", till.said, f"ENQ {ask_t(1242, delay='1')} EOT ACK")
    shop.check("it hears", till.heard, f"ACK ACK ENQ {taken(1242)}")
    shop.terminal.wait_for("decided", verdict="performed")
    till.close()


@scenario("pyTeliumManager: a test whether the terminal is there, and then a payment", money=[debit(1242)])
def _(shop):
    till = TeliumManager(shop.path)
    shop.check("is_ok", [till.is_ok() for _ in range(3)], [True] * 3)
    shop.check("requests so far", shop.terminal.count("asked"), 0)
    shop.check("its result", till.pay(12.42)[:2], (0, True))
    till.close()


@scenario("pyTeliumManager: busy, somebody is in the menus")
def _(shop):
    shop.terminal.control("POST", "/busy")
    till = TeliumManager(shop.path)
    shop.check("its result", till.pay(12.42), "TerminalInitializationFailedException")
    shop.check("it says", till.said, "ENQ")
    shop.check("it hears", till.heard, "NAK")
    shop.terminal.control("POST", "/wake")
    till.close()


@scenario("pyTeliumManager: busy with its customer, while pypostelium knocks", "--manual-card", money=[debit(1242)])
def _(shop):
    till, other = TeliumManager(shop.path), Postelium(shop.path)
    request = till.request(12.42)
    shop.check("asked", till.ask(request), True)
    shop.check("the other till", other.pay(99.00), False)
    shop.check("the other hears", other.heard, "NAK")
    shop.check("charged so far", shop.terminal.money(), [])
    shop.terminal.control("POST", "/card")
    shop.check("its result", till.verify(request)[:2], (0, True))
    till.close()


@scenario("pyTeliumManager: the terminal sleeps")
def _(shop):
    shop.terminal.control("POST", "/sleep")
    till = TeliumManager(shop.path)
    shop.check("its result", till.pay(12.42), "TerminalInitializationFailedException")
    shop.check("it hears", till.heard, "")
    shop.terminal.control("POST", "/wake")
    till.close()


@scenario("pyTeliumManager: its message is refused, and it ends nothing", "--fault", "nak@step=message")
def _(shop):
    till = TeliumManager(shop.path)
    shop.check("its result", till.pay(12.42), False)
    shop.check("it says", till.said, f"ENQ {ask_t(1242)}")
    shop.check("it hears", till.heard, "ACK NAK")
    till.close()


@scenario("pyTeliumManager: a bad check byte, said again", "--fault", "bad-lrc", money=[debit(1242)])
def _(shop):
    till = TeliumManager(shop.path)
    request = till.request(12.42)
    shop.check("asked", till.ask(request), True)
    shop.check("the bad frame", till.verify(request), "LrcChecksumException")
    shop.check("it says", till.said, f"ENQ {ask_t(1242)} EOT ACK")
    # The terminal has no ACK: it ends its session (which this till takes for no answer) and tells the result again.
    shop.check("the EOT", till.verify(request), None)
    shop.check("the second frame", till.verify(request), (0, True, "497010******1234"))
    shop.terminal.wait_for("answered")
    till.close()


@scenario("pyTeliumManager: a bad check byte, and it asks again", "--fault", "bad-lrc", money=[debit(1242)], settles=True)
def _(shop):
    till = TeliumManager(shop.path)
    shop.check("the bad frame", till.pay(12.42), "LrcChecksumException")
    # The terminal still has a result to tell: a till that would now charge a second time is not let in.
    shop.check("asked again", till.pay(12.42), "TerminalInitializationFailedException")
    shop.check("requests", shop.terminal.count("asked"), 1)
    till.close()


@scenario("pyTeliumManager: no last EOT, which it insists on", "--fault", "no-eot", money=[debit(1242)])
def _(shop):
    till = TeliumManager(shop.path)
    request = till.request(12.42)
    shop.check("asked", till.ask(request), True)
    shop.check("its result", till.verify(request, within=2), "TerminalUnexpectedAnswerException")
    shop.terminal.wait_for("answered")
    till.close()


@scenario("pyTeliumManager: goes away before the result", "--manual-card", money=[debit(1242)], settles=True)
def _(shop):
    till = TeliumManager(shop.path)
    shop.check("asked", till.ask(till.request(12.42)), True)
    till.close()
    shop.terminal.control("POST", "/card")
    shop.terminal.wait_for("decided", verdict="performed")
