"""The checker: reads only what clients saw, and the final state, and says what cannot have happened in a right product.

| rule | what | where |
|---|---|---|
| C1 | a seat has one owner; a hold is booked whole, in time, by its owner | `owners` |
| C1 | a booking has one reference, and no other booking has it | `references` |
| C2 | no area, and no buyer, has more than is allowed | `owners` |
| C3 | each refusal is explained by what others possibly had or did | `refusals` |
| C4 | the final state has what was acknowledged, and nothing else; the journal arrives at it | `final`, `journal` |
| C6 | the answer of a key never changes | `keys` |
| C7 | a read is of a state that was there, and never of an older one than another read was | `reads` |
| C9 | who the journal says acted is who asked | `rights` |

Only definite facts accuse, and only possible facts excuse (`claims`): a right product is never accused.
What it cannot see: two owners who both gave up within one round trip; the rows' own constraints cover that.
"""

from proof.checker.checker import check
from proof.checker.verdict import Verdict, Violation

__all__ = ["Verdict", "Violation", "check"]
