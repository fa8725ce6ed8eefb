"""The style of a report: one sheet for a wide screen, a phone and paper."""

__all__ = ["STYLE"]

# The colours of the bars are Okabe and Ito's, which people with any colour blindness can distinguish, the orange and
# the green a little darker: every text has a contrast of 4.5 to its background, every bar of 3 (WCAG 2.2 AA, 1.4.3
# and 1.4.11). tests/unit/test_report.py reads them here.
STYLE = """
:root { color-scheme: light; --ink: #1b1b1b; --quiet: #595959; --paper: #ffffff; --tint: #f3f5f7; --rule: #c9ced3;
  --total: #0072b2; --less: #c04d00; --more: #007a56; --link: #005a8d; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, nav, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .3rem 0 .8rem; max-width: 46rem; }
a { color: var(--link); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .6rem 0 0; padding: 0; }
nav a { display: inline-block; padding: .3rem 0; }
.quiet, caption, figcaption, footer { color: var(--quiet); }
.quiet { display: block; font-size: .875rem; font-weight: normal; }
footer { font-size: .875rem; margin-top: 2.5rem; padding-bottom: 2rem; overflow-wrap: anywhere; }
.key { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; margin: 1rem 0; }
.key div { background: var(--tint); border-radius: .4rem; padding: .6rem .8rem; }
.key dt { color: var(--quiet); font-size: .875rem; }
.key dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 2.5rem; }
.frame { overflow-x: auto; margin: .2rem 0 1rem; }
.frame:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: .875rem; padding: .2rem 0; }
th, td { padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule);
  font-weight: normal; }
thead th { color: var(--quiet); font-size: .875rem; vertical-align: bottom; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; } .number, .day { white-space: nowrap; }
td.bar { width: 34%; min-width: 5rem; padding-top: .6rem; }
svg { display: block; width: 100%; }
svg.bar { height: .9rem; }
svg.steps { height: 7rem; background: var(--tint); border-bottom: 1px solid var(--quiet); }
.total { fill: var(--total); } .less { fill: var(--less); } .more { fill: var(--more); }
.sum th, .sum td { font-weight: 600; border-bottom: 2px solid var(--quiet); }
figure { margin: 0 0 1rem; }
figcaption { font-size: .875rem; display: flex; justify-content: space-between; gap: 1rem; }
@media (max-width: 34rem) {
  header, nav, main, footer { padding-left: .9rem; padding-right: .9rem; }
  .key { grid-template-columns: repeat(2, 1fr); }
  .key dd { font-size: 1.1rem; }
  table { font-size: .875rem; }
  td.bar { width: 20%; min-width: 2.8rem; }
  th, td { padding-right: .5rem; }
}
@page { margin: 15mm; }
@media print {
  body { font-size: 10pt; }
  header, nav, main, footer { max-width: none; padding: 0; }
  nav { display: none; }
  .pair { grid-template-columns: repeat(2, 1fr); }
  .frame { overflow: visible; }
  h2, h3, h2 + p, caption, thead { break-after: avoid; }
  tr, figure, .key div { break-inside: avoid; }
  svg, .key div { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
