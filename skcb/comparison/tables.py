"""The summary of a comparison as text: Markdown, HTML, and what a console shows."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from skcb._html import Cell, as_table
from skcb.comparison.scoring import FACTS, greater_is_better, title_of

_DIGITS = 3


def as_markdown(summary: pd.DataFrame, digits: int = _DIGITS) -> str:
    """A Markdown table, the best of every score in bold."""
    table = _cells(summary, digits, bold="**{}**".format)
    lines = [["strategy", *table.columns], ["---"] * (len(table.columns) + 1)]
    lines += [[name, *row] for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def as_html(
    summary: pd.DataFrame,
    families: Mapping[str, str],
    tied: Mapping[str, set[str]],
    *,
    caption: str,
    notes: list[str],
) -> str:
    """An HTML table, the best of every score in bold, and shaded with those that are `tied` with it."""
    plain = _cells(summary, _DIGITS, bold=str)
    lacking = plain.pop("note") if "note" in plain else pd.Series(dtype=object)
    best = _cells(summary, _DIGITS, bold=lambda _: "best") == "best"
    rows = [
        [
            name,
            _known(families.get(name)),
            *(
                Cell(text, bold=bool(best.loc[name, column]), shaded=name in tied.get(column, ()))
                for column, text in plain.loc[name].items()
            ),
        ]
        for name in plain.index
    ]
    header = ["strategy", "family", *map(_heading, plain)]
    notes = [*notes, *(f"{name}: {note}" for name, note in lacking.items() if note)]
    return as_table(header, rows, words={"family"}, caption=caption, notes=notes)


def _known(family: object) -> str:
    return family if isinstance(family, str) else ""  # of a strategy that no one has named it is NaN


def _heading(column: str) -> str:
    if column in FACTS:
        return title_of(column)
    return f"{title_of(column)} {'↑' if greater_is_better(column) else '↓'}"


def as_text(summary: pd.DataFrame) -> str:
    """Lines for a console, with the notes cut short."""
    table = _cells(summary, _DIGITS, bold=str)
    if "note" in table:
        table["note"] = [note if len(note) <= 60 else f"{note[:57]}..." for note in table["note"]]
    return table.to_string()


def note_on(frame: pd.DataFrame, strategy: str, metrics: list[str]) -> str:
    """Where a strategy lacks values, and the first reason why."""
    rows = frame[(frame["strategy"] == strategy) & frame["metric"].isin(metrics)]
    empty = rows[rows["reason"] != ""]
    if empty.empty:
        return ""
    where = [
        ", ".join(map(str, empty[column].unique()))
        for column in ("metric", "dataset")
        if empty[column].nunique() < rows[column].nunique()
    ]
    folds = len(empty[["dataset", "fold"]].drop_duplicates())
    tried = rows.loc[rows["dataset"].isin(empty["dataset"]), ["dataset", "fold"]]
    if folds < len(tried.drop_duplicates()):
        where.append(f"{folds} folds" if folds > 1 else "1 fold")
    others = empty["reason"].nunique() - 1
    more = f" (and {others} other reasons)" if others > 1 else " (and another reason)" if others else ""
    return (f"{'; '.join(where)}: " if where else "") + empty["reason"].iloc[0] + more


def _cells(
    summary: pd.DataFrame,
    digits: int,
    *,
    bold: Callable[[str], str],
) -> pd.DataFrame:
    table = pd.DataFrame(index=list(summary.index))
    for metric in [name for name in summary.columns.unique(0) if name != "note"]:
        if summary[metric, "mean"].isna().all():  # of shots, say, that no data set has
            continue
        places = 0 if metric == "n_resampled" else digits
        rank = summary[metric, "rank"]
        best = (rank == rank.min()) & (metric not in FACTS)
        cells = [
            _with_spread(mean, std, places)
            for mean, std in zip(summary[metric, "mean"], summary[metric, "std"], strict=True)
        ]
        table[metric] = [bold(cell) if first and cell else cell for cell, first in zip(cells, best, strict=True)]
    if (summary["note", ""] != "").any():
        table["note"] = list(summary["note", ""])
    return table


def _with_spread(mean: float, std: float, places: int) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.{places}f}" + ("" if np.isnan(std) else f" ± {std:.{places}f}")
