"""``python docs/check docs/build/html``: say what is wrong with the built pages; exit status 0 if nothing is."""

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from check.browser import THEMES, WIDTHS, check_in_browser, find_chromium
from check.files import Fault, check_files, pages_of


def told(faults: list[Fault]) -> list[str]:
    """One line for each fault; what many pages share is told once, with their number."""
    same: defaultdict[tuple[str, str, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        same[fault.kind, fault.element, fault.what].append(fault)
    lines = []
    for group in same.values():
        others = len({(fault.page, fault.view) for fault in group}) - 1
        lines.append(str(group[0]) + (f" and {others} times more" if others else ""))
    return sorted(lines)


def main() -> int:
    """Check, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="the folder of the built pages")
    parser.add_argument("pages", nargs="*", help="some of the pages; all unless named")
    parser.add_argument("--jobs", type=int, default=3, help="pages at a time")
    given = parser.parse_args()
    started = time.perf_counter()
    pages = given.pages or pages_of(given.site)
    faults = check_files(given.site)
    chromium = find_chromium()
    if chromium is None:
        print("no Chromium is installed: the files were checked, and not how they look")
    else:
        faults += check_in_browser(given.site, pages, chromium, given.jobs)
        views = len(WIDTHS) * len(THEMES)
        print(f"{len(pages)} pages, {views} views of each, {time.perf_counter() - started:.0f} seconds")
    for line in told(faults):
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
