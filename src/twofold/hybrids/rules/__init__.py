"""Rules laid over a model: an expert system and a learned model in one graph.

When it helps: what must or must not be answered is known (law, policy, physics, a diagnosis that is certain),
or the model is surely wrong in places that a few conditions describe; every row says who decided it. When
not: rules that repeat what the model knows, or that were written from the rows they are judged by. Cost: some
microseconds a row and rule; a policy may cost accuracy, which `tally` shows before it is laid over.

Rules as production systems with explicit priorities go back to MYCIN (Shortliffe 1976) and R1 (McDermott
1982); rules over a learned model follow hybrid expert systems (Medsker 1994). What rules may say is told in
`book`, how they are heard in `twofold.steps.rules`, how they are learned in `learning`.
"""
