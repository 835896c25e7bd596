"""The checker: reads only the clients' logs and the final state, and reports what a correct product cannot have done.

| rule | what | where |
|---|---|---|
| C1 | a seat has one owner; a hold is booked whole, in time, by its owner | `owners` |
| C1 | a booking has one reference, and no other booking has it | `references` |
| C2 | no area and no buyer exceeds its limit | `owners` |
| C3 | others' possible claims or acts explain each refusal | `refusals` |
| C4 | the final state is what was acknowledged; the journal leads to it | `final`, `journal` |
| C6 | the answer of a key never changes | `keys` |
| C7 | a read shows a state that existed, and none older than another read's | `reads` |
| C8 | each notice arrives at least once, with one id and one content | `notices` |
| C9 | the actor in the journal is the caller | `rights` |

Only definite facts accuse, and only possible facts excuse (`claims`): a correct product is never accused. It
cannot see two owners who both gave up within one round trip. The tables' own constraints cover that.
"""

from proof.checker.checker import check
from proof.checker.verdict import Verdict, Violation

__all__ = ["Verdict", "Violation", "check"]
