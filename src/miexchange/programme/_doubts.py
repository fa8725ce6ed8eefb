"""Values of a programme that are legal but surely wrong: outlying prices, and names that occur nowhere else."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from miexchange._makers import makers, name_key
from miexchange._text import closest, listed, word_key, words
from miexchange.programme._published import latest_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from miexchange.catalogue import Catalogue, Variant
    from miexchange.market import Price
    from miexchange.programme._load import Draft
    from miexchange.programme._published import PublishedPrice
    from miexchange.programme.terms import Terms

__all__ = ["Doubt", "check", "doubtful_prices"]

FAR = 5
"""The factor from which a price is far from another. A digit too many makes ten times as much; a price that also fell
by half, or doubled, is still found."""

_ABOVE_LAUNCH = 2  # times its launch price, more than any used phone costs
_FEWEST = 3  # other prices; with fewer, the dearest of them proves little
_MOST_KIN = 100  # variants of one phone: each is compared with each
_BEFORE = 2  # earlier prices: if one of them was wrong, the correction is near the other
_HINTS = 20  # doubts of a kind with a search for similar names, which is slow
_LIKE = 0.8  # the similarity of two names from which one is a typing error


class Doubt(NamedTuple):
    """The doubts about the price of a model."""

    model: str
    message: str
    remedy: str


def doubtful_prices(series: Mapping[str, Sequence[int]], catalogue: Catalogue) -> list[Doubt]:
    """Return the prices that are far from others, and those that fall with more memory: one doubt for each model.

    Args:
        series: by model its prices in minor units, oldest first. The last one is judged, against the two before it and
            the last ones of other models.
        catalogue: the models.
    """
    last = {model: prices[-1] for model, prices in series.items()}
    kin_of = _families(last, catalogue)
    dearest = sorted(last.values())[-2:]
    found: dict[str, Doubt] = {}
    for model, prices in series.items():
        variant = catalogue.by_model.get(model)
        launch = None if variant is None else variant.launch_price_minor
        kin = {one.model: last[one.model] for one in kin_of.get(model, ()) if one.model != model}
        what = _far_from_before(prices) or _far_from_kin(last[model], kin) or _far_from_launch(last[model], launch)
        if not what and len(last) > _FEWEST and last[model] == dearest[-1] >= FAR * dearest[0]:
            what = f"is {_times(dearest[-1], dearest[0])} the next dearest of all prices, {dearest[0]}"
        if what:
            found[model] = Doubt(model, f"{model} costs {last[model]}: that {what}", "Count its digits, and correct it")
    for variants in {id(variants): variants for variants in kin_of.values()}.values():
        for doubt in _cheaper_with_more([one for one in variants if one.model not in found], last):
            found[doubt.model] = doubt
    return [found[model] for model in series if model in found]


def _families(models: Iterable[str], catalogue: Catalogue) -> dict[str, list[Variant]]:
    """Return the variants of the same phone among some models, by model; none for a phone with too many."""
    families: dict[str, list[Variant]] = defaultdict(list)
    for model in models:
        if (variant := catalogue.by_model.get(model)) is not None:
            families[variant.family].append(variant)
    return {one.model: kin for kin in families.values() if len(kin) <= _MOST_KIN for one in kin}


def _is_far(price: int, other: int) -> bool:
    return price >= FAR * other or other >= FAR * price


def _far_from_before(prices: Sequence[int]) -> str:
    *before, price = prices[-_BEFORE - 1 :]
    if not before or not all(_is_far(price, other) for other in before):
        return ""
    last = before[-1]
    more = f"is {_times(price, last)} its last price, {last}"
    return more if price > last else f"is its last price, {last}, divided by {_times(last, price).split()[0]}"


def _far_from_kin(price: int, others: Mapping[str, int]) -> str:
    if not others:
        return ""
    most, least = max(others, key=lambda model: others[model]), min(others, key=lambda model: others[model])
    if price >= FAR * others[most]:
        return f"is {_times(price, others[most])} the price of {most}, {others[most]}"
    if len(others) > 1 and FAR * price <= others[least]:  # of two, one is too low or the other too high
        return f"is the price of {least}, {others[least]}, divided by {_times(others[least], price).split()[0]}"
    return ""


def _far_from_launch(price: int, launch: int | None) -> str:
    if launch is None or price < _ABOVE_LAUNCH * launch:
        return ""
    return f"is {_times(price, launch)} its launch price, {launch}"


def _times(more: int, less: int) -> str:
    tenths = more * 10 // less
    return f"{tenths // 10}.{tenths % 10} times"


def _cheaper_with_more(variants: list[Variant], last: Mapping[str, int]) -> Iterator[Doubt]:
    """Yield the variants that cost less than one of the same phone with less memory, with the dearest such."""
    for variant in variants:
        less = [one for one in variants if _has_less(one, variant)]
        dearest = max(less, key=lambda one: last[one.model], default=variant)
        if last[dearest.model] > last[variant.model]:
            more = f"more memory than {dearest.model}, which costs {last[dearest.model]}"
            what = f"{variant.model} costs {last[variant.model]}, and has {more}"
            yield Doubt(variant.model, what, "Correct one of the two: more memory is never worth less")


def _has_less(one: Variant, other: Variant) -> bool:
    """Tell whether a variant has less memory than another, and no more of either kind."""
    sizes = (one.ram_mb, other.ram_mb), (one.storage_gb, other.storage_gb)
    pairs = [(less, more) for less, more in sizes if less is not None and more is not None]
    return all(less <= more for less, more in pairs) and any(less < more for less, more in pairs)


def check(draft: Draft, published: Sequence[PublishedPrice], checked: Container[tuple[str, int]]) -> None:
    """Record every doubt about a programme without problems.

    Args:
        draft: the programme.
        published: the published price lists.
        checked: models, each with a confirmed price.
    """
    _check_prices(draft, checked)
    _check_published(draft, published)
    versions = [(part.index, cast("Terms", part.settings)) for part in draft.parts]
    _check_channels(versions, draft)
    _check_brands(versions, draft)
    _check_targets(versions, draft)


def _check_prices(draft: Draft, checked: Container[tuple[str, int]]) -> None:
    series: dict[str, list[int]] = defaultdict(list)
    lines: dict[str, int] = {}
    for price, line in zip(draft.prices, draft.price_lines, strict=True):
        series[price.model].append(price.price_minor)
        lines[price.model] = line
    for doubt in doubtful_prices(series, draft.catalogue):
        if (doubt.model, series[doubt.model][-1]) in checked:
            continue
        where = draft.files["market_prices"], lines[doubt.model]
        draft.problems.add(*where, "price_minor", doubt.message, doubt.remedy)


def _check_published(draft: Draft, published: Sequence[PublishedPrice]) -> None:
    """Check that the last price of each model is that of the last list that named it."""
    rows: dict[str, tuple[Price, int]] = {
        price.model: (price, line) for price, line in zip(draft.prices, draft.price_lines, strict=True)
    }
    for model, said in latest_of(published).items():
        day = said.effective_from.astimezone(draft.zone).date()
        what = f"the last list that was published has {said.price_minor} for {model} from {day}"
        price, line = rows.get(model, (None, None))
        if price is not None and price.price_minor == said.price_minor:
            if price.effective_from >= said.effective_from:
                continue
            here = f"this row begins on {price.effective_from.astimezone(draft.zone).date()}"
        else:
            here = "there is no row of it" if price is None else f"here is {price.price_minor}"
        remedy = "Publish a list with the right price: `miexchange prices publish`"
        draft.problems.add(draft.files["market_prices"], line, "price_minor", f"{what}, and {here}", remedy)


_Versions = list[tuple[int, "Terms"]]


def _check_channels(versions: _Versions, draft: Draft) -> None:
    """Check that no version of the terms names a new channel in place of one of those before it."""
    count = Counter(key for _, terms in versions for key in _channels(terms))
    told = 0
    for (_, before), (index, terms) in pairwise(versions):
        gone = _channels(before) - _channels(terms)
        for channel in terms.usage.channels:
            if count[word_key(channel)] > 1:
                continue
            near = closest(channel, before.usage.channels, cutoff=_LIKE) if told < _HINTS else []
            if near or gone:
                told += 1
                what = f"nothing else names the channel {channel}, and {before.version} named "
                remedy = f"Did you mean {near[0]}?" if near else "Correct its spelling, or keep the channels before it"
                draft.bad(("terms", index, "usage", "channels"), what + listed(before.usage.channels), remedy)


def _channels(terms: Terms) -> set[str]:
    return {word_key(channel) for channel in terms.usage.channels}


def _check_brands(versions: _Versions, draft: Draft) -> None:
    """Check that each brand that a coupon buys is one of the catalogue, of a maker, or of the programme."""
    known = {variant.brand for variant in draft.catalogue} | set(draft.brands)
    keys = {words(brand) for brand in known} | makers().keys()
    for maker in makers().values():
        keys |= maker.own | maker.contract
    unknown = [(index, brand) for index, terms in versions for brand in terms.usage.brands if words(brand) not in keys]
    for number, (index, brand) in enumerate(unknown):
        near = closest(words(brand), sorted(keys)) if number < _HINTS else []
        remedy = f"Did you mean {near[0]}?" if near else "Correct its spelling, or add it to the catalogue"
        draft.bad(("terms", index, "usage", "brands"), f"nothing else names the brand {brand}", remedy)


def _check_targets(versions: _Versions, draft: Draft) -> None:
    """Check that each target of a bonus is in the catalogue, or a target of another bonus too."""
    catalogue, models = draft.catalogue, Path(draft.files["models"]).name
    said: dict[str, set[str]] = defaultdict(set)
    targets = [
        (index, number, bonus.id, target)
        for index, terms in versions
        for number, bonus in enumerate(terms.bonuses)
        for target in bonus.targets
    ]
    for _, _, bonus_id, target in targets:
        said[name_key(target)].add(bonus_id)
    told = 0
    for index, number, bonus_id, target in targets:
        key = name_key(target)
        if catalogue.meant(target) or key in catalogue.by_name or len(said[key]) > 1:
            continue
        near = catalogue.nearest(target) if told < _HINTS else ()
        told += 1
        remedy = f"Did you mean {near[0].name}? If not, add" if near else "Correct its spelling, or add"
        what = f"nothing else names the target {target}, so nobody may ever earn {bonus_id}"
        draft.bad(("terms", index, "bonuses", number, "targets"), what, f"{remedy} it to {models}")
