"""Counts in a notebook: a table with bars, escaped, cut short where it is long, without a colour of its own."""

import re
import tracemalloc
from html.parser import HTMLParser

import numpy as np

from skcb import ClassCounts, LabelCounts, count_classes, count_labels


class Rows(HTMLParser):
    """Texts of the cells of each row, and the widths of bars."""

    def __init__(self, shown):
        super().__init__()
        self.rows, self.bars, self.open = [], [], []
        self.feed(shown)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        style = dict(attrs).get("style", "")
        if "currentColor;opacity" in style:
            self.bars.append(float(style.rpartition("width:")[2].rstrip("%")))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "tr" in self.open:
            self.rows[-1].append(data)


def test_counts_have_bars_as_long_as_their_share_of_the_largest():
    shown = Rows(count_classes(["a"] * 8 + ["b"] * 2)._repr_html_())
    assert shown.rows == [["class", "count"], ["'a'", "8"], ["'b'", "2"]]
    assert shown.bars == [100, 25]


def test_counts_of_labels_have_bars_as_long_as_their_share_of_the_samples():
    shown = Rows(count_labels([[1, 0], [1, 0], [1, 1], [0, 0]])._repr_html_())
    assert shown.rows == [["label", "count", "samples"], ["0", "3", "4"], ["1", "1", "4"]]
    assert shown.bars == [75, 25]


def test_names_are_escaped():
    shown = count_classes(["<script>alert(1)</script>", "b & c"])._repr_html_()
    assert "<script>" not in shown
    assert "b &amp; c" in shown


def test_long_tables_are_cut_short():
    shown = Rows(count_classes(np.arange(1500))._repr_html_())
    assert len(shown.rows) == 1 + 20
    assert shown.rows[11] == ["... 1481 more"]
    assert shown.rows[-1][0] == "1499"
    assert len(Rows(count_classes(np.arange(20))._repr_html_()).rows) == 1 + 20


def test_of_very_many_classes_only_those_shown_are_written():
    counts = count_classes(np.arange(10**6))
    tracemalloc.start()
    shown = Rows(counts._repr_html_())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown.rows[11] == ["... 999981 more"]
    assert most < 20e6  # bytes: the shares alone are 8e6; a million rows of HTML took hundreds


def test_nothing_counted_is_no_error():
    assert Rows(ClassCounts(np.array([0]), np.array([0]))._repr_html_()).bars == [0]
    assert Rows(LabelCounts(np.array([0]), np.array([0]), np.array([0]))._repr_html_()).bars == [0]


def test_nothing_is_fetched_and_no_colour_is_fixed():
    shown = count_classes(["a", "b"])._repr_html_()
    assert "http" not in shown
    assert not re.search("color: *(#|rgb)", shown)
