"""K2. Values are compared as what they mean."""

import time

from k1_evidence import EXCLUSIVE, SPEED
from suite import case
from terminal import Terminal, approve, approve_with, charge_silently, silent
from wire import encode


def told_as(attack, recorded, told, paid=False):
    """A sale with the authorisation number `recorded`, an unknown sale of the same amount, and a duplicata with `told`.
    Returns the outcome of the unknown sale after `recover`, at once and after the longest transaction."""
    terminal = Terminal(approve_with(authorisation=recorded), charge_silently if paid else silent)
    attack.must(attack.pay("25.00", terminal, "before", *EXCLUSIVE), "approved", "the sale before")
    attack.must(attack.pay("25.00", terminal, "sale", *EXCLUSIVE, "--timeout", "1"), "unknown", "a sale without an answer")
    terminal.told_differently = {"AC": told}
    attack.recover("--terminal", terminal.address, "--exclusive")
    at_once = attack.entry("sale").get("outcome")
    if at_once == "unknown":
        attack.recover("--terminal", terminal.address, "--exclusive", "--wait", env=attack.faster(SPEED))
    return at_once, attack.entry("sale").get("outcome")


def proves_nothing(attack, recorded, told):
    at_once, later = told_as(attack, recorded, told)
    attack.expect(at_once == "unknown", f"recorded {recorded!r}, told {told!r}: {at_once}")
    attack.expect(
        later == at_once or at_once != "unknown", f"recorded {recorded!r}, told {told!r}, after the longest time: {later}"
    )


@case("K2", limit=60)
def an_authorisation_loses_its_zero(attack):
    """012345 and 12345 neither differ nor are the same: nothing is proven."""
    proves_nothing(attack, "012345", "12345")


@case("K2", limit=60)
def an_authorisation_gains_zeros(attack):
    """12345 and 00012345 neither differ nor are the same: nothing is proven."""
    proves_nothing(attack, "12345", "00012345")


@case("K2", limit=60)
def an_authorisation_in_another_case(attack):
    """a1b2c3 and A1B2C3 neither differ nor are the same: nothing is proven."""
    proves_nothing(attack, "a1b2c3", "A1B2C3")


@case("K2", limit=60)
def an_authorisation_with_blanks(attack):
    """ "12345 " and " 12345" neither differ nor are the same: nothing is proven."""
    proves_nothing(attack, "12345 ", " 12345")


@case("K2", limit=60)
def an_authorisation_with_blank_and_zero(attack):
    """ "A0B1 " and " 00a0b1": blanks, zeros and case at once prove nothing."""
    proves_nothing(attack, "A0B1 ", " 00a0b1")


@case("K2", limit=60)
def an_authorisation_of_zeros_told(attack):
    """A duplicata with an authorisation number of zeros proves nothing."""
    proves_nothing(attack, "012345", "000000")


@case("K2", limit=60)
def an_empty_authorisation_told(attack):
    """A duplicata with an empty authorisation number proves nothing."""
    proves_nothing(attack, "012345", "")


@case("K2", limit=60)
def zeros_recorded_and_told(attack):
    """The same number of zeros, to the letter, proves nothing in either direction."""
    proves_nothing(attack, "000000", "000000")


@case("K2", limit=60)
def zeros_recorded_and_a_number_told(attack):
    """The earlier sale had no number: a number in the duplicata may be that sale's."""
    proves_nothing(attack, "000000", "445566")


@case("K2", limit=60)
def blanks_recorded_and_a_number_told(attack):
    """The earlier sale had a number of blanks: a number in the duplicata may be that sale's."""
    proves_nothing(attack, "      ", "445566")


@case("K2", limit=60)
def another_authorisation(attack):
    """Neighbour: a number that really differs, on an exclusive terminal, proves the payment."""
    at_once, _ = told_as(attack, "012345", "512345", paid=True)
    attack.expect(at_once == "approved", f"recorded 012345, told 512345: {at_once}")


@case("K2", limit=60)
def zeros_within_an_authorisation_count(attack):
    """Neighbour: zeros inside or at the end of a number count: 12345 and 123450 differ."""
    at_once, _ = told_as(attack, "12345", "123450", paid=True)
    attack.expect(at_once == "approved", f"recorded 12345, told 123450: {at_once}")


@case("K2", limit=60)
def the_same_authorisation(attack):
    """Neighbour: the same number to the letter, on an exclusive terminal, proves "not paid" after the longest time."""
    at_once, later = told_as(attack, "012345", "012345")
    attack.expect(at_once == "unknown", f"the same number at once: {at_once}")
    attack.expect(later == "declined", f"the same number after the longest time: {later}")


def answer_with(attack, **changes):
    """Returns the outcome of a payment whose approval contains these fields."""
    terminal = Terminal(approve_with(**changes))
    return attack.pay("25.00", terminal, None, "--timeout", "4", journal=attack.folder / f"{time.monotonic_ns()}.db")


def duplicata_with(attack, **told):
    """The state of an unknown sale of 25.00 that was charged, after a duplicata with these fields."""
    attack.journal = attack.folder / f"{time.monotonic_ns()}.db"
    terminal = Terminal(approve, charge_silently)
    attack.must(attack.pay("9.00", terminal, "before", *EXCLUSIVE), "approved", "the sale before")
    attack.must(attack.pay("25.00", terminal, "sale", *EXCLUSIVE, "--timeout", "1"), "unknown", "a sale without an answer")
    terminal.told_differently = told
    attack.recover("--terminal", terminal.address, "--exclusive")
    return attack.entry("sale").get("outcome")


@case("K2", limit=80)
def a_duplicata_with_equal_values(attack):
    """Neighbour: a duplicata with an amount that has zeros in front proves the payment."""
    for told in ({"CB": "00002500"}, {"CA": "1"}):
        outcome = duplicata_with(attack, **told)
        attack.expect(outcome == "approved", f"a duplicata with {told}: {outcome}")


@case("K2", limit=80)
def a_duplicata_with_other_values(attack):
    """A duplicata with another amount, currency or register proves nothing."""
    for told in ({"CB": "2501"}, {"CB": "250000"}, {"CB": None}, {"CE": "840"}, {"CE": None}, {"CA": "02"}):
        outcome = duplicata_with(attack, **told)
        attack.expect(outcome == "unknown", f"a duplicata with {told}: {outcome}")


@case("K2")
def values_that_are_equal(attack):
    """Neighbour: an amount with zeros in front and a register of one digit are the same values."""
    for changes in ({"CB": "00002500"}, {"CB": "000000002500"}, {"CA": "1"}, {"CJ": None}):
        attack.must(answer_with(attack, **changes), "approved", f"an approval with {changes}")


@case("K2")
def values_that_differ(attack):
    """An approval with another amount, register, currency or action is unknown."""
    for changes in (
        {"CB": "00002501"},
        {"CB": "250"},
        {"CB": "25000"},
        {"CA": "02"},
        {"CA": "10"},
        {"CE": "840"},
        {"CD": "1"},
        {"CB": ""},
        {"CB": None},
        {"CE": ""},
    ):
        run = answer_with(attack, **changes)
        attack.must(run, "unknown", f"an approval with {changes}")


NOT_DECIMAL = (
    "127.000.000.001",
    "127.0.0.01",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "127.0.0.1.",
    "127.0.0.256",
    "127.0.0.1.1",
    "0127.0.0.1",
    "127..0.1",
)
NUMBERS_OTHERWISE = ("0x7f.0.0.1", "0x7f000001", "0x7F.1")


@case("K2")
def hosts_of_digits_that_are_no_address(attack):
    """A host of digits and dots that is not four plain decimals is wrong usage (exit code 2), and nothing is connected."""
    terminal = Terminal()
    for host in NOT_DECIMAL:
        run = attack.pay("25.00", f"tcp://{host}:{terminal.port}", None, "--timeout", "2", "--confirm-real-payment")
        attack.expect(run.code == 2, f"{host}: {run.summary()}")
    attack.expect(terminal.connections == 0, f"{terminal.connections} connections")


@case("K2")
def hosts_in_hexadecimal(attack):
    """A host in hexadecimal, which resolvers take for a number, reaches no terminal."""
    terminal = Terminal()
    for host in NUMBERS_OTHERWISE:
        attack.pay("25.00", f"tcp://{host}:{terminal.port}", None, "--timeout", "2", "--confirm-real-payment")
        attack.expect(not terminal.connections, f"{host} reached 127.0.0.1")
        terminal.connections = 0


@case("K2")
def hosts_of_digits_elsewhere(attack):
    """Each command refuses such a host: ping, doctor, reprint, recover, a configuration file."""
    terminal = Terminal()
    bad = f"tcp://127.0.0.010:{terminal.port}"
    attack.must(attack.pay("9.00", terminal, "before"), "approved")
    shop = attack.shop(counter=bad)
    for words in (
        ("ping", bad),
        ("doctor", bad),
        ("reprint", bad),
        ("journal", attack.journal, "recover", "--terminal", bad),
        ("pay", "25.00", "--config", shop, "--terminal", "counter"),
        ("ping", "--config", shop, "counter"),
    ):
        run = attack.run(*words, "--json")
        attack.expect(run.code == 2, f"{words[0]} {words[-1]}: {run.summary()}")


@case("K2")
def hosts_that_are_addresses(attack):
    """Neighbour: plain decimals, a name and an IPv6 address reach their terminal."""
    terminal = Terminal(host="127.0.0.1")
    six = Terminal(host="::1")
    for address in (terminal.address, terminal.at("localhost"), six.address):
        attack.must(attack.pay("25.00", address, None), "approved", address)


def custom_dialect(attack):
    path = attack.folder / "echoes.toml"
    path.write_text('base = "nepting"\n[optional]\nreference = true\n')
    return path


def reference_told(attack, sent, told):
    """An unknown sale with a reference, and a duplicata with `told` in its place."""
    terminal = Terminal(lambda exchange: (exchange.charge(), exchange.wait_for_close(60)))
    dialect = custom_dialect(attack)
    run = attack.pay("25.00", terminal, "sale", "--dialect", dialect, "--reference", sent, "--timeout", "1")
    attack.must(run, "unknown", "a sale without an answer")
    attack.expect(terminal.requests[0].get("CF") == sent, f"the reference sent: {terminal.requests[0].get('CF')!r}")
    terminal.told_differently = {"CF": told}
    attack.recover("--terminal", terminal.address, "--dialect", dialect)
    return attack.entry("sale").get("outcome")


@case("K2", limit=60)
def a_reference_that_is_not_the_same(attack):
    """Our reference proves only to the letter: without its zeros or in another case it proves nothing."""
    for number, (sent, told) in enumerate((("0042", "42"), ("Ab-7", "AB-7"), ("77", "0077"))):
        attack.journal = attack.folder / f"reference-{number}.db"
        outcome = reference_told(attack, sent, told)
        attack.expect(outcome == "unknown", f"sent {sent!r}, told {told!r}: {outcome}")


@case("K2", limit=60)
def a_reference_that_is_the_same(attack):
    """Neighbour: our reference to the letter, with the amount, proves the payment on a terminal that others use."""
    outcome = reference_told(attack, "0042", "0042")
    attack.expect(outcome == "approved", f"our own reference: {outcome}")


@case("K2")
def a_length_that_is_no_number(attack):
    """A length with a sign or a blank is no length: the answer is not understood, and the payment is unknown."""
    for length in ("+02", " 02", "-02"):

        def answer(exchange, length=length):
            exchange.send(exchange.approval(exchange.charge(), AE=None) + f"AE{length}10".encode())
            exchange.wait_for_close(5)

        run = attack.pay("25.00", Terminal(answer), None, "--timeout", "2", journal=attack.folder / f"length{length.strip()}.db")
        attack.must(run, "unknown", f"a length {length!r}")


@case("K2")
def amounts_that_are_no_amount(attack):
    """An amount that is not plain decimal digits is wrong usage, and nothing is connected."""
    terminal = Terminal()
    for amount in ("25,00", "1e2", "0x19", "+25.00", " 25.00", "25.001", "0.00", "٢٥.00", "1_000.00", "NaN"):
        run = attack.pay(amount, terminal, None)
        attack.expect(run.code == 2, f"{amount!r}: {run.summary()}")
    run = attack.pay("--", terminal, None)
    attack.expect(run.code == 2, f"no amount: {run.summary()}")
    attack.expect(terminal.connections == 0, "a connection was opened")


@case("K2")
def a_small_answer_that_refuses(attack):
    """Neighbour: a refusal that echoes nothing is a refusal; one that echoes another amount is unknown."""
    for more, outcome in (
        ((), "declined"),
        ((("CB", "2500"),), "declined"),
        ((("CB", "00002500"),), "declined"),
        ((("CB", "9900"),), "unknown"),
    ):

        def answer(exchange, more=more):
            exchange.send(encode(("CZ", "0300"), *more, ("AE", "01"), ("AF", "04")))
            exchange.wait_for_close(5)

        journal = attack.folder / f"refusal{len(more)}{outcome}{time.monotonic_ns()}.db"
        attack.must(
            attack.pay("25.00", Terminal(answer), None, "--timeout", "8", journal=journal), outcome, f"a refusal with {more}"
        )
