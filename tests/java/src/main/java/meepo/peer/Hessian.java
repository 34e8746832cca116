package meepo.peer;

import com.alibaba.com.caucho.hessian.io.Hessian2Input;
import com.alibaba.com.caucho.hessian.io.Hessian2Output;
import com.alibaba.com.caucho.hessian.io.SerializerFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** One value as a Hessian stream of its own, by the codec inside this Dubbo, in hexadecimal digits. */
final class Hessian {
    private static final SerializerFactory FACTORY = new SerializerFactory();

    private Hessian() {}

    static String encode(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Hessian2Output output = new Hessian2Output(bytes);
        output.setSerializerFactory(FACTORY);
        output.writeObject(value);
        output.flush();
        return hex(bytes.toByteArray());
    }

    static Object decode(String hex) throws IOException {
        Hessian2Input input = new Hessian2Input(new ByteArrayInputStream(bytes(hex)));
        input.setSerializerFactory(FACTORY);
        return input.readObject();
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder(2 * bytes.length);
        for (byte octet : bytes) {
            text.append(Character.forDigit(octet >> 4 & 15, 16)).append(Character.forDigit(octet & 15, 16));
        }
        return text.toString();
    }

    static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }
}
