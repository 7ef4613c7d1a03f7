"""K1, continued: another machine at the same address, and another means of payment."""

import json

from k1_evidence import EXCLUSIVE, OTHER_SALE, SPEED, again, still_open, unknown_sale
from suite import case
from terminal import Terminal, approve, charge_silently, silent


def replaced(attack, first, **shown):
    """Another machine takes the address and the port of the first one."""
    port = first.port
    first.stop()
    return Terminal(port=port, **shown)


@case("K1", limit=60)
def an_address_goes_to_another_contract(attack):
    """The terminal at the address now shows another contract (CG): its last sale proves nothing."""
    first = Terminal(approve, silent)
    unknown_sale(attack, first, "--terminal-id", "counter")
    second = replaced(attack, first, contract="2000001")
    second.charge(OTHER_SALE)
    found = attack.recover("--config", attack.shop(counter=second.address), "--terminal", "counter", *EXCLUSIVE)
    still_open(attack, found, "recover at another contract")


@case("K1", limit=60)
def another_contract_denies_the_payment(attack):
    """The terminal at the address now shows another contract (CG): "not completed" proves nothing."""
    first = Terminal(approve, charge_silently)
    unknown_sale(attack, first, "--terminal-id", "counter")
    second = replaced(attack, first, contract="2000001")
    found = attack.recover(
        "--config", attack.shop(counter=second.address), "--terminal", "counter", *EXCLUSIVE, "--wait", env=attack.faster(SPEED)
    )
    still_open(attack, found, "recover at another contract")


@case("K1", limit=60)
def an_address_goes_to_another_serial_number(attack):
    """The terminal at the address now shows another serial number (AQ): its last sale proves nothing."""
    first = Terminal(approve, silent, serial_number="SN1234567")
    unknown_sale(attack, first, "--terminal-id", "counter")
    second = replaced(attack, first, serial_number="SN7654321")
    second.charge(OTHER_SALE)
    found = attack.recover("--config", attack.shop(counter=second.address), "--terminal", "counter", *EXCLUSIVE)
    still_open(attack, found, "recover at another serial number")


@case("K1", limit=60)
def the_same_serial_number_proves_a_payment(attack):
    """Neighbour: a terminal that shows the serial number of the earlier answer proves its own sale."""
    terminal = Terminal(approve, charge_silently, serial_number="SN1234567")
    unknown_sale(attack, terminal)
    attack.recover("--terminal", terminal.address, "--exclusive")
    attack.expect(attack.entry("sale").get("outcome") == "approved", f"not settled: {attack.entry('sale')}")


@case("K1", limit=60)
def the_id_again_at_another_terminal(attack):
    """An unknown id that is used again at another terminal is neither proven nor charged there."""
    first, other = Terminal(approve, charge_silently), Terminal()
    unknown = unknown_sale(attack, first)
    other.charge(OTHER_SALE)
    run = again(attack, other)
    attack.expect(len(other.charges) == 1, "charged at the second terminal too")
    attack.expect(
        run.outcome in ("unknown", "blocked") or attack.charged(first) == 1 and run.outcome == "approved",
        f"the id at another terminal: {run.summary()}",
    )
    attack.expect(
        attack.entry("sale").get("authorisation") in (None, first.charges[-1].authorisation),
        "settled by the other terminal's sale",
    )
    attack.expect(unknown.code == 3, "the first run")


def begin_intent(attack, id="sale", device="counter"):
    begun = attack.run("intent", "request", "25.00", "--id", id, "--journal", attack.journal, "--terminal-id", device, "--json")
    attack.expect(begun.last.get("recorded") is True, f"intent request: {begun.summary()}")


def intent_result(attack, id="sale", minor=2500, env=(), **changes):
    transaction = {"id": "T-1", "transactionType": 0, "mode": 0, "date": 1710172393000, "reference": id, "amount": minor}
    transaction |= {"currency": "EUR", "error": 0, "numAuthorization": "445566"}
    result = {"status": 0, "transaction": transaction | changes}
    return attack.run("intent", "result", "--id", id, "--journal", attack.journal, "--json", json.dumps(result), env=env)


@case("K1", limit=60)
def a_terminal_is_asked_about_an_app_to_app_payment(attack):
    """A Caisse-AP terminal proves nothing about an App to App payment of the same name."""
    terminal = Terminal(approve)
    attack.must(attack.pay("9.00", terminal, "before", *EXCLUSIVE, "--terminal-id", "counter"), "approved")
    begin_intent(attack)
    terminal.charge(OTHER_SALE)
    shop = attack.shop(counter=terminal.address)
    for extra in (("--config", shop, "--terminal", "counter"), ("--terminal", terminal.address)):
        attack.recover(*extra, *EXCLUSIVE)
        still_open(attack, None, "recover at a Caisse-AP terminal")


@case("K1", limit=60)
def a_terminal_denies_an_app_to_app_payment(attack):
    """A Caisse-AP terminal cannot prove that an App to App payment was not made."""
    terminal = Terminal(approve)
    attack.must(attack.pay("9.00", terminal, "before", *EXCLUSIVE, "--terminal-id", "counter"), "approved")
    begin_intent(attack)
    shop = attack.shop(counter=terminal.address)
    attack.recover("--config", shop, "--terminal", "counter", *EXCLUSIVE, "--wait", env=attack.faster(SPEED))
    still_open(attack, None, "recover at a Caisse-AP terminal")
    result = intent_result(attack)
    attack.must(result, "approved", "the app's own result afterwards")


@case("K1", limit=60)
def the_next_sale_asks_about_an_app_to_app_payment(attack):
    """The next Caisse-AP sale under the device's name does not settle an App to App payment."""
    terminal = Terminal(approve)
    attack.must(attack.pay("9.00", terminal, "before", *EXCLUSIVE, "--terminal-id", "counter"), "approved")
    begin_intent(attack)
    terminal.charge(OTHER_SALE)
    attack.pay("31.00", terminal, "next", *EXCLUSIVE, "--terminal-id", "counter", env=attack.faster(SPEED), seconds=30)
    still_open(attack, None, "the next sale at a Caisse-AP terminal")


@case("K1", limit=60)
def an_app_to_app_id_is_paid_at_a_terminal(attack):
    """The id of an open App to App payment is never charged at a Caisse-AP terminal."""
    terminal = Terminal(approve)
    begin_intent(attack)
    run = attack.pay("25.00", terminal, "sale", *EXCLUSIVE, "--terminal-id", "counter")
    attack.expect(not terminal.charges, "charged at the terminal as well")
    attack.expect(run.outcome in ("unknown", "blocked"), f"the id of an App to App payment: {run.summary()}")


@case("K1", limit=60)
def an_intent_result_is_about_a_terminal_sale(attack):
    """A result of PayXpress proves nothing about a sale that was sent to a Caisse-AP terminal."""
    terminal = Terminal(approve, silent)
    unknown_sale(attack, terminal, "--terminal-id", "counter")
    result = intent_result(attack)
    attack.expect(result.outcome != "approved", "approved, and the terminal charged nothing")
    still_open(attack, None, "an intent result for a terminal's sale")


@case("K1", limit=60)
def an_app_proves_its_own_payment(attack):
    """Neighbour: the app's own result settles its payment, with the reference, amount and type as sent."""
    begin_intent(attack)
    attack.must(intent_result(attack), "approved", "the app's result")
    attack.expect(attack.entry("sale").get("outcome") == "approved", "the entry is not approved")


@case("K1", limit=60)
def an_app_result_of_another_reference(attack):
    """A result with another reference proves nothing about this payment."""
    begin_intent(attack)
    result = intent_result(attack, reference="another")
    attack.expect(result.outcome == "unknown", f"a foreign result: {result.summary()}")
