"""Bad nights by name: what happens to an office with no controls, and to one with all of them.

    pileup explore pileup.scenarios.incidents.provider_outage:NAIVE
    pileup explore pileup.scenarios.incidents.provider_outage:HARDENED

Each module has these two scenarios, and says what happens in it.
"""
