"""Customer support: tickets come in, are routed to a specialist, looked up and answered.

    pileup explore pileup.scenarios.support.tickets:NAIVE
    pileup explore pileup.scenarios.support.tickets:HARDENED

Five agents work on each ticket, one after another: classify, route, research,
respond, check. All tickets share a knowledge base, a cache of what was asked
before, a payments API and a dashboard.
"""
