"""Days begin where the law of a place says, for one device and for a table of them: over summer time and its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from miexchange import EligibleModels, Zone
from miexchange._time import midnights
from miexchange.batch import appraise_frame
from miexchange.laws._one_by_one import Row, rows_of, valued
from miexchange.strategies import programmes
from parity.tables import KINDS, columns_of, plain, rows
from shipped import shipped_programme

PLACES = [*map(Zone, ("Europe/London", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Asia/Kolkata"))]
# The clocks change on 11 March (St John's), 25 March (London) and 1 April 2018 (Apia), and again in autumn.
DAYS = st.dates(date(2018, 3, 10), date(2018, 5, 1)) | st.dates(date(2018, 10, 25), date(2018, 11, 6))
BESIDE = st.sampled_from([timedelta(), timedelta(microseconds=-1), timedelta(hours=1), timedelta(hours=-1)])


@given(draw=st.data())
def test_a_table_begins_its_days_where_one_device_does(draw: st.DataObject) -> None:
    """Promise 6, at the instants at which a day begins, in places whose clocks change."""
    zone = draw.draw(st.sampled_from(PLACES))
    programme = replace(draw.draw(programmes()), zone=zone)
    table: list[Row] = draw.draw(rows(programme))
    for row in table:
        begin = draw.draw(st.sampled_from(midnights(draw.draw(DAYS), zone)))
        row["at"] = begin + draw.draw(BESIDE)
    kind = draw.draw(st.sampled_from(sorted(KINDS)))
    result = appraise_frame(KINDS[kind](table, columns_of(programme)), programme)
    assert rows_of(plain(result)) == [valued(row, programme, {}) for row in table]


def test_a_listing_of_london_begins_an_hour_earlier_in_summer() -> None:
    """On 30 March 2025 the clocks of London went forward: the 31st began at 23:00 UTC, the 30th at midnight."""
    programme = shipped_programme("uk-trade-in")
    listing = programme.eligible.listings[0]
    for day, begins in ((date(2025, 3, 30), "2025-03-30T00:00Z"), (date(2025, 3, 31), "2025-03-30T23:00Z")):
        eligible = EligibleModels.of([listing.replace(listed_from=day)])
        here = replace(programme, eligible=eligible)
        first = pd.Timestamp(begins)
        at = pd.Series([first - pd.Timedelta("1us"), first])
        best = programme.terms[0].questionnaire.best(programme.catalogue.by_model[listing.model])
        found = appraise_frame(pd.DataFrame({"model": listing.model, **best, "at": at}), here)
        reasons = found["reasons"].astype(str).str.contains("model_not_listed").tolist()
        assert reasons == [True, False]
