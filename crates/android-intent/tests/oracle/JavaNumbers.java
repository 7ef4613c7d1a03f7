import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.util.Random;

/**
 * What Java prints and reads. One case a line: the kind, what Java makes of it ("X" for NumberFormatException), and the UTF-16
 * units of the text in hexadecimal digits. Java 17 or older: 19 prints floating-point numbers otherwise.
 *
 * java JavaNumbers.java SEED COUNT
 */
public class JavaNumbers {
    private static Random random;

    private static String pick(String... texts) {
        return texts[random.nextInt(texts.length)];
    }

    private static String digits(int most, String from) {
        StringBuilder text = new StringBuilder();
        for (int count = random.nextInt(most + 1); count > 0; count--) {
            text.append(from.charAt(random.nextInt(from.length())));
        }
        return text.toString();
    }

    private static double anyDouble() {
        switch (random.nextInt(6)) {
            case 0: return Double.longBitsToDouble(random.nextLong());
            case 1: return random.nextInt(200_000_000) / 100.0;
            case 2: return (double) (random.nextLong() >> random.nextInt(64));
            case 3: return Math.scalb(1.0, random.nextInt(2098) - 1074);
            case 4: return Double.parseDouble(random.nextInt(1000) + "e" + (random.nextInt(640) - 320));
            default: return Double.longBitsToDouble(random.nextLong() >>> (12 + random.nextInt(52)));
        }
    }

    private static float anyFloat() {
        switch (random.nextInt(4)) {
            case 0: return Float.intBitsToFloat(random.nextInt());
            case 1: return (float) (random.nextLong() >> random.nextInt(64));
            case 2: return Math.scalb(1.0f, random.nextInt(277) - 149);
            default: return Float.intBitsToFloat(random.nextInt() >>> (9 + random.nextInt(23)));
        }
    }

    private static String floatText() {
        String decimal = "0000123456789", hexadecimal = "0000123456789abcdefABCDEF";
        String sign = pick("", "", "-", "+"), exponentSign = pick("", "-", "+"), suffix = pick("", "", "f", "F", "d", "D", "L");
        switch (random.nextInt(5)) {
            case 0: return sign + pick("NaN", "Infinity", "nan", "inf", "NaNd", "N", "");
            case 1: return sign + pick("0x", "0X") + digits(20, hexadecimal) + pick("", ".") + digits(20, hexadecimal)
                    + pick("p", "P", "") + exponentSign + digits(4, decimal) + suffix;
            case 2: return sign + digits(25, decimal) + pick("", ".") + digits(25, decimal) + pick("", "e", "E") + exponentSign
                    + digits(3, decimal) + suffix;
            case 3: return digits(6, "0123456789.eE+-xXpPfFdDNaI \t\u0661\uff11");
            default: return pick("", " ", "\t", "\u0000", "\u00a0") + anyDouble() + pick("", " ", "\u001f", "\u2003");
        }
    }

    private static String wholeText() {
        String sign = pick("", "", "-", "+");
        switch (random.nextInt(5)) {
            case 0: return sign + digits(21, "0123456789");
            case 1: return sign + pick("0x", "0X", "#", "0", "") + pick("", "", "-", "+") + digits(9, "0123456789abcdefABCDEF");
            case 2: return sign + digits(6, "0\u0660\u0669\u06f7\u0966\u0e59\uff10\uff19\uff21\uff41\ua9f0");
            case 3: return Long.toString(new long[] {127, 32767, Integer.MAX_VALUE, Long.MAX_VALUE}[random.nextInt(4)]
                    * (random.nextBoolean() ? 1 : -1) + random.nextInt(3) - 1);
            default: return digits(5, "0123 xX#+-_,.\ud835\udfce") + (char) random.nextInt(65536);
        }
    }

    private static String read(char kind, String text) {
        try {
            switch (kind) {
                case 'd': return Long.toHexString(Double.doubleToLongBits(Double.parseDouble(text)));
                case 'f': return Integer.toHexString(Float.floatToIntBits(Float.parseFloat(text)));
                case 'i': return Integer.toString(Integer.parseInt(text));
                case 'l': return Long.toString(Long.parseLong(text));
                case 's': return Short.toString(Short.parseShort(text));
                case 'b': return Byte.toString(Byte.parseByte(text));
                case 'x': return Integer.toString(Integer.decode(text));
                default: return Integer.toString(text.hashCode());
            }
        } catch (NumberFormatException error) {
            return "X";
        }
    }

    public static void main(String[] arguments) {
        random = new Random(Long.parseLong(arguments[0]));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16));
        for (int count = Integer.parseInt(arguments[1]); count > 0; count--) {
            char kind = "DFdfilsbxh".charAt(random.nextInt(10));
            String text, value;
            if (kind == 'D') {
                double number = anyDouble();
                text = Double.toString(number);
                value = Long.toHexString(Double.doubleToLongBits(number));
            } else if (kind == 'F') {
                float number = anyFloat();
                text = Float.toString(number);
                value = Integer.toHexString(Float.floatToIntBits(number));
            } else {
                text = kind == 'd' || kind == 'f' ? floatText() : wholeText();
                value = read(kind, text);
            }
            out.print(kind + " " + value + " ");
            for (char unit : text.toCharArray()) {
                out.print(String.format("%04x", (int) unit));
            }
            out.println();
        }
        out.flush();
    }
}
