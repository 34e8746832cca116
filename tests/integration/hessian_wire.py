"""Hessian 2 for tests: writes what a test wants, also what no encoder writes, and reads an answer. No limits, no hostile input."""
import struct


class Raw(bytes):
    """Octets to be put into a stream as they are. They must not count references nor define classes."""


class Long(int):
    """Written as a long, not as an int."""


class Date(int):
    """Milliseconds since 1970."""


class Typed:
    """A list of a named type: Typed("[string", ["a"])."""

    def __init__(self, name, items):
        self.name, self.items = name, items


class Bean:
    """An object of a class; fields in order."""

    def __init__(self, name, /, **fields):
        self.name, self.fields = name, fields

    def __repr__(self):
        return f"{self.name} {self.fields}"


def number(value):
    return bytes([0x90 + value]) if -16 <= value <= 47 else b"I" + struct.pack(">i", value)


def text(value):
    """UTF-16 units of one to three octets each, as Java writes them; half a pair stays what it is."""
    octets = value.encode("utf-16-be", "surrogatepass")
    units = struct.unpack(f">{len(octets) // 2}H", octets)
    chunks, start = bytearray(), 0
    while len(units) - start > 0x7FFF:
        chunks += b"R\x7f\xff" + _units(units[start:start + 0x7FFF])
        start += 0x7FFF
    rest = units[start:]
    head = bytes([len(rest)]) if len(rest) < 32 else b"S" + struct.pack(">H", len(rest))
    return bytes(chunks + head + _units(rest))


def _units(units):
    octets = bytearray()
    for unit in units:
        if unit < 0x80:
            octets.append(unit)
        elif unit < 0x800:
            octets += bytes([0xC0 | unit >> 6, 0x80 | unit & 0x3F])
        else:
            octets += bytes([0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F])
    return octets


class Encoder:
    """One stream: names of types and classes are written once. Nothing is written as a reference."""

    def __init__(self):
        self.octets, self._types, self._classes = bytearray(), {}, {}

    def write(self, *values):
        for value in values:
            self._one(value)
        return self

    def _one(self, value):
        if value is None:
            self.octets += b"N"
        elif isinstance(value, bool):
            self.octets += b"T" if value else b"F"
        elif isinstance(value, Raw):
            self.octets += value
        elif isinstance(value, Long):
            self.octets += b"L" + struct.pack(">q", value)
        elif isinstance(value, int):
            self.octets += number(value)
        elif isinstance(value, float):
            self.octets += b"D" + struct.pack(">d", value)
        elif isinstance(value, str):
            self.octets += text(value)
        elif isinstance(value, bytes):
            self._bytes(value)
        else:
            self._container(value)

    def _bytes(self, value):
        while len(value) > 0xFFFF:
            self.octets += b"A\xff\xff" + value[:0xFFFF]
            value = value[0xFFFF:]
        self.octets += b"B" + struct.pack(">H", len(value)) + value

    def _container(self, value):
        if isinstance(value, Bean):
            self._bean(value)
        elif isinstance(value, Typed):
            known = self._types.get(value.name)
            self.octets += b"V" + (text(value.name) if known is None else number(known)) + number(len(value.items))
            self._types.setdefault(value.name, len(self._types))
            self.write(*value.items)
        elif isinstance(value, (list, tuple)):
            self.octets += b"X" + number(len(value))
            self.write(*value)
        else:
            self.octets += b"H"
            for pair in value.items():
                self.write(*pair)
            self.octets += b"Z"

    def _bean(self, bean):
        shape = (bean.name, *bean.fields)
        if shape not in self._classes:
            self._classes[shape] = len(self._classes)
            self.octets += b"C" + text(bean.name) + number(len(bean.fields)) + b"".join(map(text, bean.fields))
        self.octets += b"O" + number(self._classes[shape])
        self.write(*bean.fields.values())


class Decoder:
    """Reads values one after the other; lists, maps and objects that are referred to are the same Python object."""

    def __init__(self, octets):
        self._octets, self._at, self._known, self._types, self._classes = octets, 0, [], [], []

    def at_end(self):
        return self._at == len(self._octets)

    def _take(self, count):
        taken = self._octets[self._at:self._at + count]
        if len(taken) < count:
            raise ValueError(f"the stream ends at {len(self._octets)}, {count} octets were wanted from {self._at} on")
        self._at += count
        return taken

    def _unpack(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def read(self):
        tag = self._take(1)[0]
        simple = {0x4E: None, 0x54: True, 0x46: False, 0x5B: 0.0, 0x5C: 1.0}
        if tag in simple:
            return simple[tag]
        fixed = {0x49: ">i", 0x59: ">i", 0x4C: ">q", 0x44: ">d", 0x5D: ">b", 0x5E: ">h"}
        if tag in fixed:
            value = self._unpack(fixed[tag])
            return float(value) if tag in (0x5D, 0x5E) else value
        if tag == 0x5F:
            return self._unpack(">i") * 0.001
        if tag == 0x4A:
            return Date(self._unpack(">q"))
        if tag == 0x4B:
            return Date(self._unpack(">i") * 60_000)
        for first, last, zero, extra in ((0x80, 0xBF, 0x90, 0), (0xC0, 0xCF, 0xC8, 1), (0xD0, 0xD7, 0xD4, 2),
                                         (0xD8, 0xEF, 0xE0, 0), (0xF0, 0xFF, 0xF8, 1), (0x38, 0x3F, 0x3C, 2)):
            if first <= tag <= last:
                return (tag - zero << 8 * extra) + int.from_bytes(self._take(extra), "big")
        if tag <= 0x1F or 0x30 <= tag <= 0x33 or tag in (0x52, 0x53):
            return self._text(tag)
        if 0x20 <= tag <= 0x2F or 0x34 <= tag <= 0x37 or tag in (0x41, 0x42):
            return self._bytes(tag)
        return self._container(tag)

    def _text(self, tag):
        units, last = [], False
        while not last:
            last = tag != 0x52
            count = tag if tag <= 0x1F else (tag - 0x30 << 8) + self._take(1)[0] if tag <= 0x33 else self._unpack(">H")
            for _ in range(count):
                first = self._take(1)[0]
                more = 0 if first < 0x80 else 1 if first < 0xE0 else 2
                unit = first if more == 0 else first & (0x1F if more == 1 else 0x0F)
                for octet in self._take(more):
                    unit = unit << 6 | octet & 0x3F
                units.append(unit)
            if not last:
                tag = self._take(1)[0]
        return struct.pack(f">{len(units)}H", *units).decode("utf-16-be", "surrogatepass")

    def _bytes(self, tag):
        octets = b""
        while tag == 0x41:
            octets += self._take(self._unpack(">H"))
            tag = self._take(1)[0]
        count = tag - 0x20 if tag <= 0x2F else (tag - 0x34 << 8) + self._take(1)[0] if tag <= 0x37 else self._unpack(">H")
        return octets + self._take(count)

    def _type(self):
        name = self.read()
        if isinstance(name, int):
            return self._types[name]
        self._types.append(name)
        return name

    def _container(self, tag):
        if tag == 0x51:
            return self._known[self.read()]
        if tag == 0x43:
            self._classes.append((self.read(), [self.read() for _ in range(self.read())]))
            return self.read()
        if tag in (0x48, 0x4D):
            if tag == 0x4D:
                self._type()
            return self._pairs(self._remember({}))
        if tag == 0x4F or 0x60 <= tag <= 0x6F:
            name, fields = self._classes[self.read() if tag == 0x4F else tag - 0x60]
            bean = self._remember(Bean(name))
            for field in fields:
                bean.fields[field] = self.read()
            return bean
        if tag in (0x56, 0x58) or 0x70 <= tag <= 0x7F:
            if tag in (0x56, *range(0x70, 0x78)):
                self._type()
            count = self.read() if tag in (0x56, 0x58) else tag & 7
            items = self._remember([])
            for _ in range(count):
                items.append(self.read())
            return items
        raise ValueError(f"no value begins with {tag:#x}, at {self._at - 1}")

    def _pairs(self, entries):
        while self._octets[self._at:self._at + 1] != b"Z":
            key = self.read()
            entries[key] = self.read()
        self._take(1)
        return entries

    def _remember(self, value):
        self._known.append(value)
        return value


def encode(*values):
    return bytes(Encoder().write(*values).octets)
