"""Schedules of rules: rate(...) and cron(...), in UTC.

Page: GUIDE/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta

from helpers.cloud import ServiceError

_RATE = re.compile(r"rate\((\d+) (minutes?|hours?|days?)\)")
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_LAST_YEAR = 2199


class Schedule:
    """When a rule runs, to the minute. Raises ServiceError (ValidationException) for what is no schedule."""

    def __init__(self, text: str, created: datetime) -> None:
        self._text, self._created = text, created
        self._every: timedelta | None = None
        if match := _RATE.fullmatch(text):
            number, unit = int(match[1]), match[2]
            if number == 0 or (number == 1) == unit.endswith("s"):
                raise _wrong()
            self._every = timedelta(**{unit if unit.endswith("s") else f"{unit}s": number})
        elif text.startswith("cron(") and text.endswith(")"):
            self._fields = text[5:-1].split()
            if len(self._fields) != 6 or [self._fields[2], self._fields[4]].count("?") != 1:
                raise _wrong()
            minutes, hours, _, months, _, years = (
                _numbers(field, *bounds) for field, bounds in zip(self._fields, _RANGES, strict=True)
            )
            self._minutes, self._hours = sorted(minutes), sorted(hours)
            self._months, self._years = months, years
        else:
            raise _wrong()

    def after(self, now: datetime) -> datetime | None:
        """The next run after `now`; None if there is none. A rate counts from the creation of its rule."""
        if self._every is not None:
            return self._created + ((now - self._created) // self._every + 1) * self._every
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        while day.year <= max(self._years, default=0):
            if day.year not in self._years or day.month not in self._months:
                first = day.replace(day=1)
                day = (first + timedelta(days=32)).replace(day=1)
                continue
            if self._is_day(day):
                for hour in self._hours:
                    for minute in self._minutes:
                        due = day.replace(hour=hour, minute=minute)
                        if due > now:
                            return due
            if day.year == _LAST_YEAR and (day.month, day.day) == (12, 31):
                return None
            day += timedelta(days=1)
        return None

    def _is_day(self, day: datetime) -> bool:
        of_month, of_week = self._fields[2], self._fields[4].upper()
        last = calendar.monthrange(day.year, day.month)[1]
        weekday = day.isoweekday() % 7 + 1
        if of_week == "?":
            if of_month == "L":
                return day.day == last
            if of_month.endswith("W"):
                return day.day == _working_day(day, last if of_month == "LW" else int(of_month[:-1]), last)
            return day.day in _numbers(of_month, 1, 31)
        if of_week == "L":
            return weekday == 7
        if of_week.endswith("L"):
            return weekday == _number(of_week[:-1]) and day.day + 7 > last
        if "#" in of_week:
            name, _, times = of_week.partition("#")
            return weekday == _number(name) and (day.day - 1) // 7 + 1 == int(times)
        return weekday in _numbers(of_week, 1, 7)


def _working_day(day: datetime, wanted: int, last: int) -> int:
    """The weekday of the month that is nearest to the day `wanted`."""
    wanted = min(wanted, last)
    weekday = day.replace(day=wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.upper().split(","):
        if part == "?" or part.endswith(("L", "W")) or "#" in part:
            if not re.fullmatch(r"\?|L|LW|\d+W|\w+L|\w+#[1-5]", part):
                raise _wrong()
            continue
        base, _, step = part.partition("/")
        first, _, last = base.partition("-")
        if base == "*":
            start, end = low, high
        else:
            start = _number(first)
            end = _number(last) if last else high if step else start
        if not low <= start <= high or not low <= end <= high or (step and not step.isdigit()):
            raise _wrong()
        span = range(start, end + 1) if start <= end else [*range(start, high + 1), *range(low, end + 1)]
        found.update(list(span)[:: int(step or 1)])
    return found


def _number(text: str) -> int:
    number = _MONTHS.get(text) or _DAYS.get(text)
    if number is None:
        if not text.isdigit():
            raise _wrong()
        number = int(text)
    return number


def _wrong() -> ServiceError:
    return ServiceError("ValidationException", "Parameter ScheduleExpression is not valid.")
