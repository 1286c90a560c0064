"""What a demonstration came to, for a person at a terminal."""

from typing import Any

from rich.panel import Panel
from rich.table import Table

from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.config.demo.town_records import Logins

_PLURAL_OF_ROUBLE = 100


def summary(result: dict[str, Any]) -> None:
    """Print the figures of a run."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    sessions = result["sessions"]
    failed = sum(count for name, count in sessions.items() if name != "ok")
    meters, lines = result["meters"], result["lines"]
    on_lines = ngettext("on {n} line", "on {n} lines", lines).format(n=lines)
    table.add_row(_("Meters"), f"{meters} {on_lines}")
    table.add_row(_("Sessions"), _("{ok} whole, {failed} not").format(ok=sessions["ok"], failed=failed))
    table.add_row(_("Half-hours"), f"{result['intervals']:,}".replace(",", " "))
    doubts = ", ".join(f"{rule} {count}" for rule, count in result["findings"].items()) or _("none")
    table.add_row(_("Doubts"), doubts)
    roubles = sum(bill["amount_kopecks"] for bill in result["bills"]) / _PLURAL_OF_ROUBLE
    count = len(result["bills"])
    bills = ngettext("{n} bill", "{n} bills", count).format(n=count)
    amount = f"{roubles:,.2f}".replace(",", " ")
    table.add_row(_("Bills"), f"{bills}, {amount} ₽")
    missing = len(result["unbilled"])
    if missing:
        words = ngettext("{n} account: the board says why", "{n} accounts: the board says why", missing)
        table.add_row(_("Not billed"), words.format(n=missing))
    balance = result["ledger_balance_kopecks"]
    table.add_row(_("Ledger"), _("adds up to zero") if balance == 0 else _("is out by {k} kopecks").format(k=balance))
    table.add_row(_("Took"), _("{seconds} s").format(seconds=result["seconds"]))
    out.print(table)


def invitation(url: str, logins: Logins) -> None:
    """Print where to look and how to log in."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for _column in range(3):
        table.add_column(no_wrap=True)
    table.add_row(_("The operator:"), f"[bold]{logins.operator}[/]", f"[bold]{logins.operator_password}[/]")
    table.add_row(_("An owner:"), f"[bold]{logins.owner}[/]", f"[bold]{logins.owner_password}[/]")
    out.print()
    out.print(Panel(table, title=f"[bold green]{url}[/]", expand=False))
