"""What a notebook shows of a run."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .runs import Run

_DAY = 86_400_000
_COLUMNS = (
    ("users", "users", "{:,.0f}"),
    ("sessions", "sessions", "{:,.0f}"),
    ("sessions / user", "sessions_per_user", "{:.2f}"),
    ("turns / session", "turns_per_session", "{:.2f}"),
    ("engagement", "engagement", "{:.1%}"),
    ("reward / user", "reward_per_user", "{:.2f}"),
    ("return on day 1", "retention_day_1", "{:.1%}"),
    ("on day 7", "retention_day_7", "{:.1%}"),
    ("churned", "churned", "{:.1%}"),
)
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a")


def page(run: Run) -> str:
    """The retention table of a run, and the users who came by day, as HTML without scripts."""
    head = "".join(f"<th>{title}</th>" for title, _, _ in _COLUMNS)
    rows = "".join(
        f"<tr><th>{html.escape(arm['arm'])}</th><td>{html.escape(arm['policy'])}</td>{_cells(arm)}</tr>"
        for arm in run.summary
    )
    return (
        f"<div><strong>{html.escape(run.name)}</strong>, seed {run.seed}, <code>{html.escape(str(run.folder))}</code>"
        f"<table><thead><tr><th>arm</th><th>policy</th>{head}</tr></thead><tbody>{rows}</tbody></table>{_chart(run)}</div>"
    )


def _cells(arm: dict) -> str:
    shown = (("–" if arm.get(key) is None else form.format(arm[key])) for _, key, form in _COLUMNS)
    return "".join(f"<td style='text-align:right'>{cell}</td>" for cell in shown)


def daily_users(run: Run) -> dict[str, list[int]]:
    """Users with a session that began on each day of simulated time, by arm."""
    import pyarrow.compute as pc

    days = max(1, -(-run.scenario["horizon"] // _DAY))
    sessions = run.table("sessions", ["arm", "user", "start_ms"])
    table = sessions.set_column(2, "day", pc.divide(sessions["start_ms"], _DAY))
    table = table.set_column(0, "arm", table["arm"].cast("string"))
    counts = {arm: [0] * days for arm in run.arms}
    for row in table.group_by(["arm", "day"]).aggregate([("user", "count_distinct")]).to_pylist():
        if 0 <= row["day"] < days:
            counts[row["arm"]][row["day"]] = row["user_count_distinct"]
    return counts


def _chart(run: Run, width: int = 560, height: int = 160) -> str:
    """A line an arm: users by day."""
    counts = daily_users(run)
    days = max(map(len, counts.values()), default=0)
    most = max((count for line in counts.values() for count in line), default=0)
    if days < 2 or most == 0:
        return ""
    left, bottom = 40, height - 20
    across = (width - left - 10) / (days - 1)
    shapes = [
        f"<text x='{left - 4}' y='14' text-anchor='end'>{most}</text><text x='{left - 4}' y='{bottom}' text-anchor='end'>0</text>"
        f"<text x='{left}' y='{height - 4}'>day 0</text><text x='{width - 10}' y='{height - 4}' text-anchor='end'>day {days - 1}</text>"
        f"<path d='M{left} 8V{bottom}H{width - 10}' fill='none' stroke='currentColor' stroke-opacity='0.4'/>"
    ]
    for number, (arm, line) in enumerate(counts.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(
            f"{left + day * across:.1f},{bottom - count * (bottom - 10) / most:.1f}" for day, count in enumerate(line)
        )
        shapes.append(
            f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='1.8'><title>{html.escape(arm)}</title></polyline>"
            f"<text x='{left + 8 + 90 * number}' y='14' fill='{colour}'>{html.escape(arm)}</text>"
        )
    return (
        f"<svg role='img' aria-label='users by day' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"style='font:11px sans-serif;fill:currentColor'>{''.join(shapes)}</svg>"
    )
