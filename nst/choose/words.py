"""What ``nst choose`` says of votes, on its page and in the terminal."""

from collections.abc import Sequence

from nst.choose.beliefs import Outlook

#: Votes for each picture after which, in simulations, the favorite is clear as a rule.
VOTES_EACH = 2.5


def counted(count: int, what: str = "vote") -> str:
    """Return "1 vote" or "14 votes".

    Args:
      count: of them.
      what: one of them.
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def outlook(votes: int, pictures: Sequence[int], found: Sequence[Outlook]) -> str:
    """Return a sentence on whether further votes can still change the ranking.

    Args:
      votes: that were given.
      pictures: how many there are in each group.
      found: of each group.
    """
    several = len(found) > 1
    if not votes:
        most = max(pictures)
        about = _rounded(VOTES_EACH * sum(pictures))
        if most > 60:
            return "The pairs soon turn to what you like: look at the ranking whenever you want."
        if several:
            return f"As a rule about {about} votes find the favorites of {len(found)} groups."
        return f"As a rule about {about} votes find the favorite of {counted(most, 'picture')}."
    if all(one.is_settled for one in found):
        return "Further votes would hardly change the ranking."
    if all(one.favorite_is_clear for one in found):
        what = "The favorites are clear" if several else "The favorite is clear"
        return f"{what}; further votes can still change the order below."
    if several:
        open_ones = sum(not one.favorite_is_clear for one in found)
        return f"Further votes can still change the favorite of {open_ones} of {len(found)} groups."
    rivals = found[0].rivals
    could = "picture could" if rivals == 1 else "pictures could"
    return f"Further votes can still change the favorite: {rivals:,} other {could} be better."


def _rounded(count: float) -> int:
    step = 5 if count < 50 else 10
    return max(step, step * round(count / step))
