#!/usr/bin/env bash
# A test of a till in a shell: the terminal approves, and the line breaks before the till learns of it.
# Needs `caisse` on the path, and curl.
set -euo pipefail
cd "$(mktemp -d)"
trap 'kill $terminal_process' EXIT

caisse terminal --listen tcp://127.0.0.1:0 --control 127.0.0.1:0 --json > terminal.jsonl 2> terminal.log & terminal_process=$!
until grep -q listening terminal.jsonl; do sleep 0.1; done
terminal=$(sed -n 's/.*"at":"\([^"]*\)".*/\1/p' terminal.jsonl)
control=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' terminal.jsonl)

charges() { curl -sS "$control/ledger" | grep -o '"charges":[0-9]*'; }

curl -sS -X POST "$control/next" -d '{"turns": ["approve+drop@step=decided"]}' > /dev/null
code=0
caisse pay 25.00 --terminal "$terminal" --id order-7 --journal till.sqlite || code=$?
test "$code" -eq 3 # unknown: the till must not say that the customer did not pay
test "$(charges)" = '"charges":1'

# The same order again: the till does not ask the terminal a second time.
caisse pay 25.00 --terminal "$terminal" --id order-7 --journal till.sqlite || code=$?
test "$code" -eq 3
test "$(charges)" = '"charges":1'
echo "the customer was charged once, and the till knows that it does not know"
