"""The tills from PyPI, used as their own documentation says, with a tap on their ports."""

import json
import logging
import threading

import pypostelium.pypostelium
import telium
import telium.manager

from wire import Tapped, words

# Nothing else of the programs is touched.
pypostelium.pypostelium.Serial = Tapped
telium.manager.Serial = Tapped


class _Complaints(logging.Handler):
    """What pypostelium logs as a warning or an error, by thread."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.by_thread = {}

    def emit(self, record):
        self.by_thread.setdefault(record.thread, []).append(record.getMessage())


COMPLAINTS = _Complaints()
logging.getLogger("pypostelium.pypostelium").addHandler(COMPLAINTS)
logging.getLogger("pypostelium.pypostelium").propagate = False


class Postelium:
    """pypostelium: E+ with A011, so that it never learns a result; True is "the message was acknowledged"."""

    def __init__(self, path, retries=0):
        config = {"telium_terminal_device_name": path, "telium_terminal_retry_count": retries}
        self.driver = pypostelium.Driver(config)
        self.said = self.heard = ""
        self.complaints = []

    def pay(self, amount, mode="card"):
        thread = threading.get_ident()
        COMPLAINTS.by_thread[thread] = []
        request = {"amount": amount, "payment_mode": mode, "currency_iso": "EUR"}
        result = self.driver.transaction_start(json.dumps(request))
        self.complaints = COMPLAINTS.by_thread[thread]
        port = self.driver.serial
        self.said, self.heard = words(port.written), words(port.got)
        return result


class TeliumManager:
    """pyTeliumManager: E+ with A010, in two steps, `ask` and `verify`; its port stays open."""

    def __init__(self, path, native=False):
        # Its time-out is 1 s. A machine at work on other things needs more, and the silent cases stay short enough.
        self.till = (telium.TeliumNativeSerial if native else telium.Telium)(path, timeout=2)

    def request(self, amount, mode="debit", **options):
        return telium.TeliumAsk.new_payment(amount, payment_mode=mode, target_currency="EUR", **options)

    def ask(self, request):
        """True, False, or the name of the exception."""
        return _or_name(lambda: self.till.ask(request))

    def verify(self, request, within=8):
        """The result's digit, None, or the name of the exception."""

        def verify():
            answer = self.till.verify(request, waiting_timeout=within)
            return answer and (answer.transaction_result, answer.has_succeeded, answer.repport.strip())

        return _or_name(verify)

    def pay(self, amount, mode="debit", **options):
        request = self.request(amount, mode, **options)
        asked = self.ask(request)
        return self.verify(request) if asked is True else asked

    @property
    def said(self):
        return words(self.till._device.written)

    @property
    def heard(self):
        return words(self.till._device.got)

    def is_ok(self):
        return self.till.is_ok()

    def close(self):
        self.till.close()


def _or_name(action):
    try:
        return action()
    except Exception as error:  # Whatever it raises is what the shop sees.
        return type(error).__name__
