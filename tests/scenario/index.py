#!/usr/bin/env python3
"""Write the table of scenarios into docs/scenarios.md, or (--check) say
whether it is as the files have it.

    tests/scenario/index.py [--check]
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "scenarios.md"
MARK = "<!-- library -->\n"


def sentence(path):
    words = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        words.append(line[1:].strip())
    return " ".join(words).replace("|", "\\|")


def main():
    rows = ["", "| file | shows |", "|---|---|"]
    for path in sorted((ROOT / "tests" / "scenario").glob("*.scn")):
        rows.append(f"| [{path.stem}](../tests/scenario/{path.name}) | {sentence(path)} |")
    page = PAGE.read_text()
    new = page[:page.index(MARK) + len(MARK)] + "\n".join(rows) + "\n"
    if sys.argv[1:] == ["--check"]:
        if page != new:
            sys.exit("docs/scenarios.md: the library has changed; run tests/scenario/index.py")
    else:
        PAGE.write_text(new)


if __name__ == "__main__":
    main()
