"""From a data set and a budget to trials, a choice and a fitted graph."""
