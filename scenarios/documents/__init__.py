"""The work that makes topologies comparable: invoices come in, and all of the office is shared.

Read a file, have a model extract what it says and judge it, write a record,
update the shared config, charge, write to the customer.
"""
