"""Tests of check_docs.py on small documents."""

import pathlib
import tempfile
import unittest

import check_docs

TARGET = "# Main title\n\n## What `meepo dev` does, and why\n\n## 词汇表\n\n## Twice\n\n## Twice\n\n```\n## not a heading\n```\n"


class Links(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "docs").mkdir()
        (self.root / "docs/target.md").write_text(TARGET)
        (self.root / "code.cc").write_text("one\ntwo\n")

    def check(self, text):
        file = self.root / "docs/page.md"
        file.write_text("# Page\n" + text)
        return list(check_docs.check_links(file, self.root))

    def test_good(self):
        for text in ["[a](target.md)", "[a](target.md#main-title)", "[a](target.md#what-meepo-dev-does-and-why)", "[a](target.md#词汇表)",
                     "[a](target.md#twice-1)", "[a](#page)", "[a](/code.cc#L2)", "[a](../code.cc)", "[a](https://example.com/x)",
                     "`[a](nowhere.md)`", "```\n[a](nowhere.md)\n```\n", "[a]: target.md", "![p](../code.cc)", "f[0](x)"[:4]]:
            with self.subTest(text):
                self.assertEqual(self.check(text), [])

    def test_bad(self):
        for text in ["[a](nowhere.md)", "[a](target.md#none)", "[a](target.md#not-a-heading)", "[a](#none)", "[a](/code.cc#L3)",
                     "[a]: nowhere.md", "![p](picture.png)", "[`code`](nowhere.md)", "[x [y]](nowhere.md)"]:
            with self.subTest(text):
                found = self.check(text)
                self.assertEqual([line for line, _ in found], [2])


class Parity(unittest.TestCase):
    def test_same_shape_passes(self):
        self.assertEqual(list(check_docs.check_parity("# A\n## B\n```\nrun x  # why\n```\n", "# 甲\n## 乙\n```\nrun x  # 为什么\n```\n")), [])

    def test_differences_are_named(self):
        for second, message in [("# 甲\n### 乙\n```\nrun\n```\n", "heading 2"), ("# 甲\n```\nrun\n```\n", "heading 2"),
                                ("# 甲\n## 乙\n", "1 and 0 code blocks"), ("# 甲\n## 乙\n```\nrun y\n```\n", "code block 1 differs")]:
            with self.subTest(second):
                found = list(check_docs.check_parity("# A\n## B\n```\nrun\n```\n", second))
                self.assertTrue(any(message in text for text in found), found)


if __name__ == "__main__":
    unittest.main()
