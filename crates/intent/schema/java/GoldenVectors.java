package caisse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Runs the generated constants against docs/vectors/vectors-intent.jsonl, and Java's Double.toString against the amounts on
 * standard input (lines of "minor decimals text"). Exits with 1 at the first difference.
 */
public final class GoldenVectors {
    private static int checks;

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> vectors = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
            Map<String, Object> vector = object(new Json(line).read());
            vectors.put((String) vector.get("name"), vector.get("data"));
        }
        components(vectors);
        requests(vectors);
        numbers(vectors);
        results(vectors);
        System.out.println(checks + " checks of the constants");
        System.out.println(amounts() + " doubles");
    }

    private static void components(Map<String, Object> vectors) {
        Map<String, Object> v4 = object(vectors.get("payxpress-v4-component"));
        equal(v4.get("package"), PayXpressV4.PACKAGE);
        equal(((String) v4.get("class")).stripTrailing(), PayXpressV4.CLASS);
        Map<String, Object> apm = object(vectors.get("payxpress-apm-component"));
        equal(apm.get("package"), PayXpressApm.PACKAGE);
        equal(apm.get("class"), PayXpressApm.CLASS);
    }

    /** Requests built of the constants are those of the vectors: keys, types, values, hashes, and the text of the URI. */
    private static void requests(Map<String, Object> vectors) {
        Map<String, Object> debit = new LinkedHashMap<>();
        debit.put(PayXpressV4.Extra.ACTION, PayXpressV4.Action.PERFORM);
        debit.put(PayXpressV4.Extra.AMOUNT, 1500);
        debit.put(PayXpressV4.Extra.TRANSACTION_TYPE, PayXpressV4.TransactionType.DEBIT);
        debit.put(PayXpressV4.Extra.PRINT_TICKET, false);
        debit.put(PayXpressV4.Extra.REFERENCE, "test");
        request(vectors.get("derived-intent-uri-v4-debit-doc-sample"), PayXpressV4.PACKAGE, PayXpressV4.CLASS, debit);

        Map<String, Object> print = new LinkedHashMap<>();
        print.put(PayXpressV4.Extra.ACTION, PayXpressV4.Action.PRINT_LAST);
        print.put(PayXpressV4.Extra.TYPE_PRINT_TICKET, PayXpressV4.PrintedTickets.BOTH);
        request(vectors.get("derived-intent-uri-v4-print-last-doc-sample"), PayXpressV4.PACKAGE, PayXpressV4.CLASS, print);

        Map<String, Object> sale = new LinkedHashMap<>();
        sale.put(PayXpressApm.Extra.IS_REFUND, false);
        sale.put(PayXpressApm.Extra.PAYMENT_REQUEST_FROM_ANOTHER_APP, true);
        sale.put(PayXpressApm.Extra.AMOUNT, 15.10);
        request(vectors.get("derived-intent-uri-apm-debit-doc-sample"), PayXpressApm.PACKAGE, PayXpressApm.CLASS, sale);

        Map<String, Object> refund = new LinkedHashMap<>();
        refund.put(PayXpressApm.Extra.IS_REFUND, true);
        refund.put(PayXpressApm.Extra.IS_DIRECT_REFUND, true);
        refund.put(PayXpressApm.Extra.PAYMENT_REQUEST_FROM_ANOTHER_APP, true);
        refund.put(PayXpressApm.Extra.AMOUNT, 15.10);
        refund.put(PayXpressApm.Extra.TRANSACTION_ID, "1p5jiofow7-1duh");
        request(vectors.get("derived-intent-uri-apm-direct-refund"), PayXpressApm.PACKAGE, PayXpressApm.CLASS, refund);

        Set<String> keys = new TreeSet<>(constants(PayXpressV4.Extra.class).values());
        Set<String> sent = new TreeSet<>(debit.keySet());
        sent.addAll(print.keySet());
        equal(keys, sent);
        equal(new TreeSet<>(constants(PayXpressApm.Extra.class).values()), new TreeSet<>(refund.keySet()));
    }

    private static void request(Object vector, String packageName, String className, Map<String, Object> extras) {
        Map<String, Object> data = object(vector);
        equal(data.get("component"), List.of(packageName, className));
        StringBuilder items = new StringBuilder();
        List<String> keys = new ArrayList<>(extras.keySet());
        // The order of Android's Bundle.
        keys.sort((left, right) -> Integer.compare(left.hashCode(), right.hashCode()));
        Map<String, Object> hashes = object(data.get("key_hashes"));
        for (String key : keys) {
            Object value = extras.get(key);
            equal(((BigDecimal) hashes.get(key)).intValueExact(), key.hashCode());
            char letter = value instanceof String ? 'S' : value instanceof Integer ? 'i' : value instanceof Boolean ? 'B' : 'd';
            items.append(letter).append('.').append(key).append('=').append(value).append(';');
        }
        String shortClass = className.startsWith(packageName + ".") ? className.substring(packageName.length()) : className;
        equal(data.get("uri"), "intent:#Intent;component=" + packageName + "/" + shortClass + ";" + items + "end");
        List<Object> published = list(data.get("extras"));
        equal(published.size(), extras.size());
        for (Object item : published) {
            Map<String, Object> extra = object(item);
            Object value = extras.get((String) extra.get("key"));
            String type = value instanceof Integer ? "int" : value instanceof Double ? "double"
                    : value instanceof Boolean ? "boolean" : "String";
            equal(extra.get("type"), type);
            Object expected = extra.get("value");
            equal(expected instanceof BigDecimal number ? number.stripTrailingZeros().toPlainString() : expected,
                    value instanceof Number ? new BigDecimal(value.toString()).stripTrailingZeros().toPlainString() : value);
        }
    }

    private static void numbers(Map<String, Object> vectors) {
        Map<String, Integer> types = ints(PayXpressV4.TransactionType.class);
        Map<String, Integer> expected = new TreeMap<>();
        object(vectors.get("payxpress-v4-request-types-2024-early")).forEach(
                (number, label) -> expected.put(((String) label).toUpperCase().replace(' ', '_'), Integer.valueOf(number)));
        equal(expected, types);
        Set<String> printed = new TreeSet<>();
        ints(PayXpressV4.PrintedTickets.class).values().forEach(number -> printed.add(number.toString()));
        equal(new TreeSet<>(object(vectors.get("payxpress-v4-print-type-enum")).keySet()), printed);
        Map<String, Object> actions = object(object(vectors.get("payxpress-v4-action-enum")).get(PayXpressV4.Extra.ACTION));
        equal(new TreeSet<>(actions.keySet()), new TreeSet<>(constants(PayXpressV4.Action.class).values()));
    }

    private static void results(Map<String, Object> vectors) {
        equal(object(vectors.get("payxpress-v4-result-carrier")).get("extra"), PayXpressV4.Result.EXTRA);
        Set<String> published = new TreeSet<>();
        Map<String, String> cells = new TreeMap<>();
        for (String name : List.of("2024-08", "latest-readable")) {
            for (Object row : list(vectors.get("payxpress-v4-transaction-schema-" + name))) {
                published.add((String) list(row).get(0));
                cells.put((String) list(row).get(0), (String) list(row).get(2));
            }
        }
        equal(published, new TreeSet<>(constants(PayXpressV4.Transaction.class).values()));
        Set<String> outcome = new TreeSet<>();
        for (Object row : list(vectors.get("payxpress-v4-outcome-schema"))) {
            outcome.add((String) object(row).get("key"));
        }
        equal(outcome, new TreeSet<>(constants(PayXpressV4.Outcome.class).values()));
        equal(numbersIn(cells.get(PayXpressV4.Transaction.ERROR)), new TreeSet<>(ints(PayXpressV4.ResultCode.class).values()));
        equal(numbersIn(cells.get(PayXpressV4.Transaction.MODE)), new TreeSet<>(ints(PayXpressV4.Mode.class).values()));
        equal(numbersIn(cells.get(PayXpressV4.Transaction.PAN_TYPE)), new TreeSet<>(ints(PayXpressV4.PanType.class).values()));
        // The newest readable table was read last.
        equal(numbersIn(cells.get(PayXpressV4.Transaction.TRANSACTION_TYPE)),
                new TreeSet<>(ints(PayXpressV4.ResultTransactionType.class).values()));
    }

    private static Set<Integer> numbersIn(String cell) {
        Set<Integer> numbers = new TreeSet<>();
        for (String word : cell.split(" ")) {
            if (word.matches("[0-9]+:")) {
                numbers.add(Integer.valueOf(word.substring(0, word.length() - 1)));
            }
        }
        return numbers;
    }

    private static long amounts() throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        long count = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ");
            double value = BigDecimal.valueOf(Long.parseLong(parts[0]), Integer.parseInt(parts[1])).doubleValue();
            if (!Double.toString(value).equals(parts[2])) {
                throw new AssertionError(line + ": Java writes " + value);
            }
            count++;
        }
        if (count < 1_000_000) {
            throw new AssertionError("only " + count + " amounts");
        }
        return count;
    }

    private static Map<String, String> constants(Class<?> holder) {
        Map<String, String> constants = new TreeMap<>();
        fields(holder).forEach((name, value) -> constants.put(name, (String) value));
        return constants;
    }

    private static Map<String, Integer> ints(Class<?> holder) {
        Map<String, Integer> constants = new TreeMap<>();
        fields(holder).forEach((name, value) -> constants.put(name, (Integer) value));
        return constants;
    }

    private static Map<String, Object> fields(Class<?> holder) {
        Map<String, Object> fields = new TreeMap<>();
        try {
            for (Field field : holder.getFields()) {
                fields.put(field.getName(), field.get(null));
            }
        } catch (IllegalAccessException error) {
            throw new AssertionError(error);
        }
        return fields;
    }

    private static void equal(Object expected, Object actual) {
        checks++;
        if (!expected.equals(actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    /** As much of JSON as the vectors have. */
    private static final class Json {
        private final String text;
        private int at;

        Json(String text) {
            this.text = text;
        }

        Object read() {
            skip();
            char first = text.charAt(at);
            switch (first) {
                case '{': {
                    Map<String, Object> object = new LinkedHashMap<>();
                    for (at++, skip(); text.charAt(at) != '}'; skip()) {
                        String name = (String) read();
                        skip();
                        at++;
                        object.put(name, read());
                        skip();
                        at += text.charAt(at) == ',' ? 1 : 0;
                    }
                    at++;
                    return object;
                }
                case '[': {
                    List<Object> list = new ArrayList<>();
                    for (at++, skip(); text.charAt(at) != ']'; skip()) {
                        list.add(read());
                        skip();
                        at += text.charAt(at) == ',' ? 1 : 0;
                    }
                    at++;
                    return list;
                }
                case '"':
                    return string();
                default: {
                    int from = at;
                    while (at < text.length() && ",]} \t".indexOf(text.charAt(at)) < 0) {
                        at++;
                    }
                    String word = text.substring(from, at);
                    return switch (word) {
                        case "true" -> true;
                        case "false" -> false;
                        case "null" -> null;
                        default -> new BigDecimal(word);
                    };
                }
            }
        }

        private String string() {
            StringBuilder value = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char letter = text.charAt(at);
                if (letter == '\\') {
                    at++;
                    letter = switch (text.charAt(at)) {
                        case 'n' -> '\n';
                        case 'r' -> '\r';
                        case 't' -> '\t';
                        case 'u' -> {
                            at += 4;
                            yield (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
                        }
                        default -> text.charAt(at);
                    };
                }
                value.append(letter);
            }
            at++;
            return value.toString();
        }

        private void skip() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
        }
    }
}
