"""The parts of recommending: interactions, retrievers, candidates, and what they come to."""
