"""Proofs of a programme's laws, for all prices and all answers: the kernel on symbols of a solver.

Needs the extra ``prove``: ``pip install 'miexchange[prove]'``. See docs/prove.md.

>>> from miexchange import Programme
>>> from miexchange.prove import prove
>>> proofs = prove(Programme.load("uk-trade-in"), laws=["within_price"])
>>> proofs.rows()
(('the exchange value is between nothing and the market price', 1, 0, 0),)
"""

from miexchange._extras import extra

with extra("prove", "miexchange.prove"):
    from miexchange.prove._certify import certify, load
    from miexchange.prove._phones import Counterexample, Phone
    from miexchange.prove._proofs import LAWS, Law, Proof, Proofs
    from miexchange.prove._run import Progress, prove

__all__ = ["LAWS", "Counterexample", "Law", "Phone", "Progress", "Proof", "Proofs", "certify", "load", "prove"]
