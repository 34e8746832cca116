"""Tests of check_coroutines.py: the shapes that pass, and each that does not."""

import unittest

from check_coroutines import check_text

GOOD = [
    "co_await f(x);",
    "auto r = co_await f(x);",
    "const auto r = co_await f(x, y[1], (a + b));",
    "auto& r = co_await f(x);",
    "auto [error, count] = co_await socket.async_read(buffer, token);",
    "co_return co_await f(x);",
    "if (!r) co_await f(x);",
    "if (a(b) && c) co_return co_await f(x);",
    "else co_await f(x);",
    "for (int i = 0; i < n; ++i) co_await f(i);",
    "while (more()) {\n  co_await f(x);\n}",
    "case 1: co_await f(x); break;",
    "case Kind::One: co_await f(x); break;",
    "// if (co_await f()) is refused\n",
    'auto text = "g(co_await f(x))";',
    "auto operator co_await() const;",
    "auto task = [](int x) -> Task<int> { co_return co_await f(x); };",
    "const Options options{.a = 1};\nauto r = co_await f(options);",
]

BAD = [
    "if (co_await f(x)) g();",
    "while (!co_await f(x)) {}",
    "g(co_await f(x));",
    "auto r = g(co_await f(x));",
    "auto r = co_await f(x) + co_await f(y);",
    "auto r = 1 + co_await f(x);",
    "auto r = (co_await f(x)).value();",
    "r = co_await f(x);",
    "Result<int> r = co_await f(x);",
    "return co_await f(x);",
    "Pair p{co_await f(x), 1};",
    "auto p = Pair{1, co_await f(x)};",
    "co_await f({.a = 1});",
    "auto r = co_await f(Options{.a = 1});",
    "co_await f([] { return 1; });",
    "co_await f([&](int x) { return x; });",
    "co_await f(x, [this] { g(); });",
    "for (auto x : co_await f()) g(x);",
    "co_return !co_await f(x);",
    "co_yield co_await f(x);",
    "a[co_await f(x)] = 1;",
]


class Coroutines(unittest.TestCase):
    def wrapped(self, statement):
        return "Task<int> run(int x) {\n  int n = 1;\n" + statement + "\n}\n"

    def test_good(self):
        for statement in GOOD:
            with self.subTest(statement):
                self.assertEqual(list(check_text(self.wrapped(statement))), [])

    def test_bad(self):
        for statement in BAD:
            with self.subTest(statement):
                found = list(check_text(self.wrapped(statement)))
                self.assertTrue(found)
                self.assertEqual(found[0][0], 3)


if __name__ == "__main__":
    unittest.main()
