"""Three months of sales and returns of one distributor, line by line.

Drawn from a seeded generator by whole numbers only: no float, hash or clock has a say, so
every machine draws the same sales.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count, groupby
from random import Random

from tembaga.demo.goods import draw, draw_good
from tembaga.demo.people import Mechanic, Workshop, mechanics, workshops

FIRST_DAY = date(2026, 1, 1)
LAST_DAY = date(2026, 3, 31)
SUNDAY = 6

ALSO_SERVED = {"BKL-014": "tapakrimba", "BKL-015": "banyumili"}  # Two workshops buy from two.

_BUSYNESS = (3, 4, 5, 6, 8, 10)
_ZEAL = (2, 3, 3, 4, 5, 6, 8)
_LINES = ((1, 18), (2, 25), (3, 24), (4, 16), (5, 10), (6, 7))
_DISCOUNTS_PERCENT = ((0, 60), (2, 15), (3, 10), (5, 10), (8, 5))


@dataclass(frozen=True)
class Numbering:
    """How a distributor numbers its documents: `{n}` counts, `{day}` is the date."""

    invoice: str
    credit_note: str

    def of_sale(self, number: int, day: date) -> str:
        """The name of the distributor's `number`-th invoice."""
        return self.invoice.format(n=number, day=day)

    def of_return(self, number: int, day: date) -> str:
        """The name of the distributor's `number`-th credit note."""
        return self.credit_note.format(n=number, day=day)


@dataclass(frozen=True)
class Sale:
    """One line of a document. On a return the quantity is negative."""

    document: str
    line: int
    day: date
    advocate: str
    outlet: str
    sku: str
    description: str
    quantity: int
    price_minor: int
    returns_document: str | None = None

    @property
    def amount_minor(self) -> int:
        """Quantity times price, in hundredths of a rupiah."""
        return self.quantity * self.price_minor


def draw_sales(partner: str, numbering: Numbering, *, seed: int) -> tuple[Sale, ...]:
    """All lines of the three months by day, invoices before credit notes.

    The same seed draws the same lines.
    """
    random = Random(seed)  # noqa: S311 - it must draw the same each time.
    sold = list(_sold(partner, numbering, random))
    taken_back = [*_taken_back(sold, random), *_largest_order_of_january(sold)]
    taken_back.sort(key=lambda lines: lines[0].day)
    return tuple(sorted([*sold, *_numbered(taken_back, numbering)], key=lambda sale: sale.day))


def _sold(partner: str, numbering: Numbering, random: Random) -> Iterator[Sale]:
    served = [(shop, random.choice(_BUSYNESS), _staff(shop, random)) for shop in _served(partner)]
    numbers = count(1)
    for day in _working_days():
        for shop, busyness, staff in served:
            for _ in range(random.randrange(busyness + 1) // 2):
                document = numbering.of_sale(next(numbers), day)
                yield from _invoice(document, day, shop.outlet, staff, random)


def _served(partner: str) -> list[Workshop]:
    return [shop for shop in workshops() if partner in (shop.partner, ALSO_SERVED.get(shop.outlet))]


def _staff(shop: Workshop, random: Random) -> list[tuple[Mechanic, int]]:
    staff = [mechanic for mechanic in mechanics() if mechanic.outlet == shop.outlet]
    return [(mechanic, random.choice(_ZEAL)) for mechanic in staff]


def _working_days() -> Iterator[date]:
    day = FIRST_DAY
    while day <= LAST_DAY:
        if day.weekday() != SUNDAY:
            yield day
        day += timedelta(days=1)


def _invoice(
    document: str, day: date, outlet: str, staff: list[tuple[Mechanic, int]], random: Random
) -> Iterator[Sale]:
    """An invoice, mostly of one mechanic; one in ten is shared line by line by two."""
    sellers = [draw(random, staff) for _ in range(2 if random.randrange(10) == 0 else 1)]
    discount_percent = draw(random, _DISCOUNTS_PERCENT)
    lines = draw(random, _LINES)
    last: Sale | None = None
    for line in range(1, lines + 1):
        if last is not None and random.randrange(80) == 0:
            last = replace(last, line=line)  # The same thing sold again: no duplicate.
        else:
            good = draw_good(random)
            last = Sale(
                document=document,
                line=line,
                day=day,
                advocate=random.choice(sellers).advocate,
                outlet=outlet,
                sku=good.sku,
                description=good.name,
                quantity=_quantity(good.price_minor, random),
                price_minor=good.price_minor * (100 - discount_percent) // 100,
            )
        yield last


def _quantity(price_minor: int, random: Random) -> int:
    """Mostly few, seldom many; of large packs fewer."""
    many = random.randrange(1, 5) * random.randrange(1, 5) * random.randrange(1, 4)
    return 1 + many // (5 if price_minor < 150_000_00 else 20)


def _taken_back(sold: list[Sale], random: Random) -> Iterator[list[Sale]]:
    """Returns of about one document in thirty: soon or after a month, in part or whole."""
    for _, lines in groupby(sold, key=lambda sale: sale.document):
        document = list(lines)
        if random.randrange(30):
            continue
        days = random.randrange(2, 16) if random.randrange(4) else random.randrange(32, 46)
        day = document[0].day + timedelta(days=days)
        returned = _some_of(document, random)
        if day <= LAST_DAY:
            yield [replace(sale, day=day) for sale in _referred(returned, random)]


def _some_of(document: list[Sale], random: Random) -> list[Sale]:
    """Less than a line, one line or the whole document."""
    line = random.choice(document)
    part = replace(line, quantity=random.randrange(1, line.quantity + 1))
    chosen = draw(random, (([part], 3), ([line], 3), (document, 2)))
    return [
        replace(sale, quantity=-sale.quantity, returns_document=sale.document) for sale in chosen
    ]


def _referred(returned: list[Sale], random: Random) -> list[Sale]:
    """One return in ten names no document, one in ten a document from before our time."""
    fate = random.randrange(10)
    if fate > 1:
        return returned
    reference = None if fate == 0 else f"2025-12-{random.randrange(1, 400):04}"
    return [replace(sale, returns_document=reference) for sale in returned]


def _largest_order_of_january(sold: list[Sale]) -> Iterator[list[Sale]]:
    """It goes back in March, long after its points may have been spent."""
    amounts: dict[str, int] = {}
    for sale in sold:
        if sale.day.month == FIRST_DAY.month:
            amounts[sale.document] = amounts.get(sale.document, 0) + sale.amount_minor
    largest = max(amounts, key=lambda document: amounts[document])
    yield [
        replace(sale, day=date(2026, 3, 16), quantity=-sale.quantity, returns_document=largest)
        for sale in sold
        if sale.document == largest
    ]


def _numbered(taken_back: Iterable[list[Sale]], numbering: Numbering) -> Iterator[Sale]:
    for number, lines in enumerate(taken_back, start=1):
        document = numbering.of_return(number, lines[0].day)
        for line, sale in enumerate(lines, start=1):
            yield replace(sale, document=document, line=line)
