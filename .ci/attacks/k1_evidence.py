"""K1. Evidence counts only from the terminal to which the transaction was sent."""

import time

from suite import case, shell
from terminal import Terminal, approve, charge_silently, silent

# A dialect whose duplicata has fields, on a terminal that no other till uses: evidence settles without a person.
PROVABLE = ("--dialect", "nepting")
EXCLUSIVE = (*PROVABLE, "--exclusive")
OTHER_SALE = {"CB": "2500", "CD": "0", "CE": "978"}
# With the time of the longest transaction in five seconds.
SPEED = 60


def unknown_sale(attack, terminal, *named, before=True, env=None):
    """One sale that is approved, and one of 25.00 under the id "sale" whose end is unknown."""
    if before:
        attack.must(attack.pay("9.00", terminal, "before", *EXCLUSIVE, *named), "approved", "the sale before")
    unknown = attack.pay("25.00", terminal, "sale", *EXCLUSIVE, "--timeout", "1", *named, env=env or {})
    attack.must(unknown, "unknown", "a sale without an answer")
    return unknown


def still_open(attack, run, what):
    """The entry is not settled by evidence."""
    entry = attack.entry("sale")
    attack.expect(
        entry.get("state") == "unresolved" and entry.get("outcome") == "unknown",
        f"{what}: the sale is {entry.get('state')}, {entry.get('outcome')}",
    )
    if run is not None:
        # Instead of asking, the command may want a person's word for an address that is new to the journal.
        told = (run.out + run.err).replace(" ", "_")
        attack.expect("another_terminal" in told or run.code in (2, 6), f"{what}: the finding another_terminal is not reported")


def again(attack, terminal, *named):
    """The same id again: no approval without a charge, and no second charge."""
    return attack.pay("25.00", terminal, "sale", *EXCLUSIVE, "--timeout", "1", *named)


@case("K1", limit=60)
def the_same_terminal_proves_a_payment(attack):
    """Neighbour: evidence of the terminal to which the sale was sent settles it as paid."""
    terminal = Terminal(approve, charge_silently)
    unknown = unknown_sale(attack, terminal)
    attack.recover("--terminal", terminal.address, "--exclusive")
    attack.expect(attack.entry("sale").get("outcome") == "approved", f"not settled: {attack.entry('sale')}")
    attack.promise(terminal, [unknown], again=again(attack, terminal))


@case("K1", limit=60)
def the_same_terminal_proves_that_nothing_was_paid(attack):
    """Neighbour: the same terminal, idle after the longest transaction, settles the sale as not paid."""
    terminal = Terminal(approve, silent)
    unknown_sale(attack, terminal)
    attack.recover("--terminal", terminal.address, "--exclusive", "--wait", env=attack.faster(SPEED))
    attack.expect(attack.entry("sale").get("outcome") == "declined", f"not settled: {attack.entry('sale')}")


@case("K1", limit=60)
def a_spare_terminal_gets_the_name(attack):
    """A spare terminal with the name of the one that was sent the sale proves no payment: its last sale is its own."""
    first, spare = Terminal(approve, silent), Terminal()
    unknown_sale(attack, first, "--terminal-id", "counter")
    first.stop()
    spare.charge(OTHER_SALE)
    shop = attack.shop(counter=spare.address)
    found = attack.recover("--config", shop, "--terminal", "counter", *EXCLUSIVE)
    still_open(attack, found, "recover at the spare terminal")
    run = again(attack, spare, "--terminal-id", "counter")
    attack.expect(run.outcome != "approved", "approved, and the terminal of the sale charged nothing")
    attack.expect(attack.charged(first) == 0 and len(spare.charges) == 1, "the sale was sent to the spare terminal")
    still_open(attack, None, "the id again at the spare terminal")


@case("K1", limit=60)
def a_spare_terminal_denies_the_payment(attack):
    """A spare terminal with the name of the one that charged cannot prove "not paid"."""
    first, spare = Terminal(approve, charge_silently), Terminal()
    unknown_sale(attack, first, "--terminal-id", "counter")
    first.stop()
    shop = attack.shop(counter=spare.address)
    found = attack.recover("--config", shop, "--terminal", "counter", *EXCLUSIVE, "--wait", env=attack.faster(SPEED))
    still_open(attack, found, "recover at the spare terminal")
    run = again(attack, spare, "--terminal-id", "counter")
    attack.promise([first, spare], [run])


@case("K1", limit=60)
def the_next_sale_asks_the_spare_terminal(attack):
    """The next sale at a spare terminal, which asks by itself, does not settle the earlier one."""
    first, spare = Terminal(approve, charge_silently), Terminal()
    unknown_sale(attack, first, "--terminal-id", "counter")
    first.stop()
    spare.charge(OTHER_SALE, authorisation="777001")
    attack.pay("31.00", spare, "next", *EXCLUSIVE, "--terminal-id", "counter")
    entry = attack.entry("sale")
    attack.expect(
        entry.get("authorisation") != "777001" and entry.get("outcome") == "unknown",
        f"settled by another terminal's sale: {entry.get('outcome')}, authorisation {entry.get('authorisation')}",
    )


@case("K1", limit=60)
def names_are_swapped(attack):
    """Two terminals swap their names: neither proves anything about the other's sale."""
    left, right = Terminal(approve, silent), Terminal(approve)
    unknown_sale(attack, left, "--terminal-id", "left")
    other = attack.pay("25.00", right, "warm-up", *EXCLUSIVE, "--terminal-id", "right")
    attack.must(other, "approved", "the other terminal's sale")
    right.charge(OTHER_SALE)
    # The shop swaps the names: "left" is now the machine that never saw the sale.
    shop = attack.shop(left=right.address, right=left.address)
    attack.recover("--config", shop, "--terminal", "left", *EXCLUSIVE)
    still_open(attack, None, "recover by the swapped name")
    attack.recover("--config", shop, "--terminal", "right", *EXCLUSIVE)
    run = again(attack, right, "--terminal-id", "left")
    attack.promise([left], [run])


@case("K1", limit=60)
def recover_at_another_loopback_address(attack):
    """`recover` at 127.0.0.2 proves nothing about a sale at 127.0.0.1: they are different hosts."""
    first = Terminal(approve, silent)
    other = Terminal(host="127.0.0.2", port=first.port)
    other.charge(OTHER_SALE)
    unknown_sale(attack, first)
    found = attack.recover("--terminal", other.address, "--exclusive")
    entry = attack.entry("sale")
    attack.expect(entry.get("outcome") == "unknown", f"settled by the terminal of another host: {entry.get('outcome')}")
    run = again(attack, first)
    attack.expect(run.outcome != "approved", "approved, and nothing was charged")
    attack.expect(found.code in (0, 2, 3, 6), f"recover: {found.summary()}")


@case("K1", limit=60)
def recover_at_another_loopback_address_denies(attack):
    """`recover` at 127.0.0.2 with the shop's name cannot prove "not paid" for a sale at 127.0.0.1."""
    first = Terminal(approve, charge_silently)
    other = Terminal(host="127.0.0.2", port=first.port)
    unknown_sale(attack, first, "--terminal-id", "counter")
    shop = attack.shop(counter=other.address)
    found = attack.recover("--config", shop, "--terminal", "counter", *EXCLUSIVE, "--wait", env=attack.faster(SPEED))
    still_open(attack, found, "recover at 127.0.0.2")


@case("K1", limit=60)
def recover_at_another_port(attack):
    """`recover` at another port of the same host proves nothing: it is another terminal."""
    first, other = Terminal(approve, silent), Terminal()
    other.charge(OTHER_SALE)
    unknown_sale(attack, first, "--terminal-id", "counter")
    shop = attack.shop(counter=other.address)
    found = attack.recover("--config", shop, "--terminal", "counter", *EXCLUSIVE)
    still_open(attack, found, "recover at another port")


@case("K1", limit=60)
def another_loopback_address_is_another_terminal(attack):
    """Neighbour: an unknown sale at 127.0.0.1 does not hold back a terminal at 127.0.0.2."""
    first = Terminal(silent)
    other = Terminal(host="127.0.0.2", port=first.port)
    unknown_sale(attack, first, before=False)
    attack.must(attack.pay("12.00", other, "other", *EXCLUSIVE), "approved", "a sale at 127.0.0.2")


@case("K1", limit=60)
def localhost_is_the_same_host(attack):
    """Neighbour: `localhost` and 127.0.0.1 are one host: evidence settles, and what is open holds back."""
    terminal = Terminal(approve, charge_silently)
    unknown_sale(attack, terminal)
    held = attack.pay("31.00", terminal.at("localhost"), "next", "--dialect", "payxpress")
    attack.must(held, "blocked", "another sale at localhost")
    attack.recover("--terminal", terminal.at("localhost"), "--exclusive")
    attack.expect(attack.entry("sale").get("outcome") == "approved", f"not settled: {attack.entry('sale')}")


@case("K1", limit=60)
def the_loopback_of_ipv6_is_the_same_host(attack):
    """Neighbour: ::1 and 127.0.0.1 are one host: what is open at one holds back the other."""
    terminal = Terminal(silent)
    six = Terminal(host="::1", port=terminal.port)
    unknown_sale(attack, terminal, before=False)
    held = attack.pay("31.00", six, "next", "--dialect", "payxpress")
    attack.must(held, "blocked", "another sale at ::1")


@case("K1", limit=60)
def recover_says_whom_it_asks(attack):
    """`recover` prints the address that it asks, for people and as JSON."""
    terminal = Terminal(approve, charge_silently)
    unknown_sale(attack, terminal, "--terminal-id", "counter")
    shop = attack.shop(counter=terminal.address)
    place = f"127.0.0.1:{terminal.port}"
    people = attack.run("journal", attack.journal, "recover", "--config", shop, "--terminal", "counter", *PROVABLE)
    attack.expect(place in people.out + people.err, f"the address is not printed: {people.out[:200]!r}")
    lines = attack.recover("--config", shop, "--terminal", "counter", *PROVABLE)
    attack.expect(any(place in str(line) for line in lines.lines), f"the address is in no JSON line: {lines.out[:200]!r}")


@case("K1", network=True, limit=60)
def the_name_of_the_host_moves(attack):
    """The host's name gets another address: the terminal there proves nothing about the earlier sale."""
    hosts = attack.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.5 terminal\n")
    shell(f"mount --bind {hosts} /etc/hosts")
    first = Terminal(approve, silent, host="127.0.0.5")
    other = Terminal(host="127.0.0.6", port=first.port)
    other.charge(OTHER_SALE)
    unknown_sale(attack, first.at("terminal"))
    hosts.write_text("127.0.0.1 localhost\n127.0.0.6 terminal\n")
    found = attack.recover("--terminal", first.at("terminal"), *EXCLUSIVE)
    still_open(attack, found, "recover by the name that moved")
    attack.expect(other.others or found.out, "recover did nothing")


@case("K1", network=True, limit=60)
def the_name_of_the_host_stays(attack):
    """Neighbour: a terminal that is reached by its host's name proves its own sale."""
    hosts = attack.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.5 terminal\n")
    shell(f"mount --bind {hosts} /etc/hosts")
    terminal = Terminal(approve, charge_silently, host="127.0.0.5")
    unknown_sale(attack, terminal.at("terminal"))
    time.sleep(0.1)
    attack.recover("--terminal", terminal.at("terminal"), *EXCLUSIVE)
    attack.expect(attack.entry("sale").get("outcome") == "approved", f"not settled: {attack.entry('sale')}")


@case("K1", network=True, limit=60)
def a_name_with_two_addresses_leads_elsewhere(attack):
    """A name with two addresses leads to another terminal than the sale did: it proves nothing."""
    hosts = attack.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.7 terminal\n127.0.0.8 terminal\n")
    shell(f"mount --bind {hosts} /etc/hosts")
    second = Terminal(approve, silent, host="127.0.0.8")
    unknown_sale(attack, second.at("terminal"))
    first = Terminal(host="127.0.0.7", port=second.port)
    first.charge(OTHER_SALE)
    found = attack.recover("--terminal", second.at("terminal"), *EXCLUSIVE)
    still_open(attack, found, "recover at the name's other address")
